"""Traced parts in numbers: millions of parts name few groups, splits and receivers.

Three relations stand for them: `numbers` (`line_`, `number_`, MEASURES), `lines` (`line_`,
x_GroupId, x_Rule, x_ShareId) and `named` (`number_`, x_Receiver and the columns of keys). Numbers
sort and are written in a fraction of the time that texts take.
"""

from collections.abc import Mapping, Sequence

from everyline.engines.duckdb import Engine, quoted
from everyline.relations import MEASURES


def parts(numbers: str, lines: str, named: str, keys: Sequence[str]) -> str:
    """SELECT of parts as `allocations` wants them, over the three relations."""
    owners = ", ".join(f"r.{quoted(f'{k}{end}')}" for k in keys for end in ("", "_evidence"))
    measures = ", ".join(f"p.{measure}" for measure in MEASURES)
    return (
        f"SELECT l.x_GroupId, r.x_Receiver, {owners}, l.x_Rule, l.x_ShareId, {measures}"
        f" FROM {numbers} AS p JOIN {lines} AS l USING (line_) JOIN {named} AS r USING (number_)"
    )


def widened(numbers: str, same: Mapping[str, str | None]) -> str:
    """SQL of `numbers` with all measures, of a file that keeps equal ones once (`sorted_files`)."""
    measures = ", ".join(
        f"{first or 'NULL::DECIMAL(38,18)'} AS {measure}" for measure, first in same.items()
    )
    return f"(SELECT line_, number_, {measures} FROM {numbers})"


def sorted_files(keys: Sequence[str], same: Mapping[str, str | None]) -> Mapping[str, str]:
    """File to SELECT of what a run keeps, numbered by sorted ids; of the tables of a trace.

    Numbers that a trace gives out hang on the order in which it met things. Measures that are
    equal in all parts, as `same` says, are kept once.
    """
    owners = ", ".join(quoted(f"{k}{end}") for k in keys for end in ("", "_evidence"))
    kept = dict.fromkeys(first for first in same.values() if first)
    measures = "".join(f", {measure}" for measure in kept)
    order = (
        "(SELECT line_ AS old_, row_number() OVER (ORDER BY x_GroupId) AS line_ FROM trace_lines)"
    )
    return {
        "traced": f"SELECT o.line_, p.number_{measures} FROM trace_numbers AS p"
        f" JOIN {order} AS o ON o.old_ = p.line_ ORDER BY o.line_, p.number_",
        "traced_lines": "SELECT row_number() OVER (ORDER BY x_GroupId) AS line_, x_GroupId, x_Rule,"
        " x_ShareId FROM trace_lines ORDER BY x_GroupId",
        "traced_named": f"SELECT number_, x_Receiver, {owners} FROM trace_numbered"
        " ORDER BY number_",
    }


def number(engine: Engine, wide: str, keys: Sequence[str]) -> None:
    """Makes the tables of a trace anew out of parts in texts, for parts that changed since."""
    owners = ", ".join(quoted(f"{k}{end}") for k in keys for end in ("", "_evidence"))
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_lines AS SELECT row_number() OVER (ORDER BY x_GroupId)"
        " AS line_, x_GroupId, x_Rule, x_ShareId"
        f" FROM (SELECT DISTINCT x_GroupId, x_Rule, x_ShareId FROM {wide})"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_numbered AS"
        f" SELECT row_number() OVER (ORDER BY x_Receiver) AS number_, x_Receiver, {owners}"
        f" FROM (SELECT DISTINCT x_Receiver, {owners} FROM {wide})"
    )
    engine.run(
        "CREATE OR REPLACE TEMP VIEW trace_numbers AS SELECT line_, number_,"
        f" {', '.join(MEASURES)} FROM {wide} JOIN trace_lines USING (x_GroupId)"
        " JOIN trace_numbered USING (x_Receiver)"
    )
