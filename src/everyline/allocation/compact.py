"""Traced parts in numbers: millions of parts name few groups, splits and receivers.

Three relations stand for them: `numbers` (`line_`, `number_`, MEASURES), `lines` (`line_`,
x_GroupId, x_Rule, x_ShareId) and `named` (`number_`, x_Receiver and the columns of keys). Numbers
sort and are written in a fraction of the time that texts take. So it is with weights: `weights`
(`share_`, `receiver_`, x_Weight), `splits` (`share_` and what is told of it) and `receivers`.
"""

from collections.abc import Mapping, Sequence

from everyline.engines.duckdb import Engine, quoted
from everyline.relations import MEASURES

Same = Mapping[str, str | None]
"""Each measure and the first one that equals it in all parts; None if it is always null."""

NUMBERS = ("traced", "traced_weights", "pooled", "pool_weights")
"""The files without texts."""


def parts(numbers: str, lines: str, named: str, keys: Sequence[str]) -> str:
    """SELECT of parts as `allocations` wants them, over the three relations."""
    measures = ", ".join(f"p.{measure}" for measure in MEASURES)
    return (
        f"SELECT l.x_GroupId, r.x_Receiver, {owners(keys, 'r.')}, l.x_Rule, l.x_ShareId,"
        f" {measures}"
        f" FROM {numbers} AS p JOIN {lines} AS l USING (line_) JOIN {named} AS r USING (number_)"
    )


def widened(numbers: str, same: Same) -> str:
    """SQL of `numbers` with all measures, of a file that keeps equal ones once (`sorted_files`)."""
    measures = ", ".join(
        f"{first or 'NULL::DECIMAL(38,18)'} AS {measure}" for measure, first in same.items()
    )
    return f"(SELECT line_, number_, {measures} FROM {numbers})"


def summed(numbers: str, lines: str, columns: Sequence[str], same: Same) -> str:
    """SELECT as the file of `numbers`; lines that are alike in `columns` are summed to the first.

    Args:
        numbers: SQL of the file, whose equal measures are kept once as `same` says.
        lines: what stands behind FROM: `line_` and `columns`.
        columns: by which they are alike.
        same: as the file was made.
    """
    firsts = (
        "SELECT unnest(lines_) AS line_, first_ FROM"
        " (SELECT list(line_) AS lines_, min(line_) AS first_"
        f" FROM {lines}"
        f" GROUP BY {', '.join(map(quoted, columns))})"
    )
    sums = "".join(f", sum({m})::DECIMAL(38,18) AS {m}" for m in kept(same))
    return (
        f"SELECT first_ AS line_, number_{sums} FROM {numbers} JOIN ({firsts}) USING (line_)"
        " GROUP BY first_, number_"
    )


def sorted_files(keys: Sequence[str], same: Same) -> Mapping[str, str]:
    """File to SELECT of what a run keeps, numbered by sorted ids; of the tables of a trace.

    Numbers that a trace gives out hang on the order in which it met things. Measures that are
    equal in all parts, as `same` says, are kept once.
    """
    measures = "".join(f", {measure}" for measure in kept(same))
    line = "row_number() OVER (ORDER BY x_GroupId)::INTEGER AS line_"
    order = f"(SELECT line_ AS old_, {line} FROM trace_lines)"
    return {
        "traced": f"SELECT o.line_, p.number_::INTEGER AS number_{measures} FROM trace_numbers AS p"
        f" JOIN {order} AS o ON o.old_ = p.line_ ORDER BY 1, 2",
        "traced_lines": f"SELECT {line}, x_GroupId, x_Rule,"
        " x_ShareId FROM trace_lines ORDER BY x_GroupId",
        "traced_named": f"SELECT number_::INTEGER AS number_, x_Receiver, {owners(keys)}"
        " FROM trace_numbered"
        " ORDER BY number_",
    }


def shares(weights: str, splits: str, receivers: str, keys: Sequence[str]) -> str:
    """SELECT of the rows of `shares` that traces make, over the three relations."""
    return (
        "SELECT s.x_ShareId, r.x_Receiver, s.x_Rule, s.x_Level, 'own' AS x_Kind,"
        f" {owners(keys, 'r.')}, w.x_Weight::VARCHAR AS x_Weight, s.x_WeightTotal, s.x_Driver"
        f" FROM {weights} AS w JOIN {splits} AS s USING (share_)"
        f" JOIN {receivers} AS r USING (receiver_)"
    )


def share_files(engine: Engine, keys: Sequence[str]) -> Mapping[str, str]:
    """File to SELECT of what a run keeps of the weights of traces, numbered by sorted ids.

    Equal receivers of several levels get one number. Weights are numbers where all have room.
    """
    values = [
        f"v{at}{end} AS {quoted(f'{key}{end}')}"
        for at, key in enumerate(keys)
        for end in ("", "_evidence")
    ]
    (is_short,) = engine.one(
        f"SELECT coalesce(max(weight_), 0) < {2**63}::HUGEINT FROM trace_weights"
    )
    shares_ = "(SELECT *, row_number() OVER (ORDER BY x_ShareId) AS new_ FROM trace_share)"
    receivers = "(SELECT *, dense_rank() OVER (ORDER BY x_Receiver) AS new_ FROM trace_receivers)"
    return {
        "traced_weights": "SELECT s.new_::INTEGER AS share_, r.new_::INTEGER AS receiver_,"
        f" weight_::{'BIGINT' if is_short else 'VARCHAR'} AS x_Weight FROM trace_weights"
        f" JOIN {shares_} AS s USING (share_) JOIN {receivers} AS r USING (receiver_)"
        " ORDER BY 1, 2",
        "traced_splits": "SELECT new_::INTEGER AS share_, x_ShareId, x_Rule, x_Level,"
        f" total_::VARCHAR AS x_WeightTotal, driver_ AS x_Driver FROM {shares_} ORDER BY new_",
        "traced_receivers": "SELECT DISTINCT new_::INTEGER AS receiver_, x_Receiver,"
        f" {', '.join(values)} FROM {receivers} ORDER BY receiver_",
    }


def number(engine: Engine, wide: str, keys: Sequence[str]) -> None:
    """Makes the tables of a trace anew out of parts in texts, for parts that changed since."""
    named = owners(keys)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_lines AS SELECT row_number() OVER (ORDER BY x_GroupId)"
        " AS line_, x_GroupId, x_Rule, x_ShareId"
        f" FROM (SELECT DISTINCT x_GroupId, x_Rule, x_ShareId FROM {wide})"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_numbered AS"
        f" SELECT row_number() OVER (ORDER BY x_Receiver) AS number_, x_Receiver, {named}"
        f" FROM (SELECT DISTINCT x_Receiver, {named} FROM {wide})"
    )
    engine.run(
        "CREATE OR REPLACE TEMP VIEW trace_numbers AS SELECT line_, number_,"
        f" {', '.join(MEASURES)} FROM {wide} JOIN trace_lines USING (x_GroupId)"
        " JOIN trace_numbered USING (x_Receiver)"
    )


def owners(keys: Sequence[str], of: str = "") -> str:
    """The columns of keys and their evidence."""
    return ", ".join(f"{of}{quoted(f'{key}{end}')}" for key in keys for end in ("", "_evidence"))


def kept(same: Same) -> list[str]:
    """The measures that are kept, one of those that are equal."""
    return list(dict.fromkeys(first for first in same.values() if first))
