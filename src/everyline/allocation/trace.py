"""Traces: cost split by who used it, as telemetry saw it (R12 to R15).

`taking.py` says which groups a trace takes, `drivers.py` rolls usage up to their windows,
`levels.py` weighs the cells of one level, `weighing.py` names who receives, `split.py` splits.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from everyline.allocation import compact
from everyline.allocation.compact import Same
from everyline.allocation.drivers import roll_up
from everyline.allocation.levels import Level, weigh_cells
from everyline.allocation.notices import of_level, of_rest
from everyline.allocation.receiver import receiver_sql
from everyline.allocation.split import split
from everyline.allocation.taking import Tracing, take
from everyline.allocation.weighing import Rest, write_results
from everyline.config.configuration import Configuration
from everyline.config.rules import Trace
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import Problem
from everyline.relations import MEASURES


class Traced(NamedTuple):
    """What is to be said of traces, and which measures of their parts are always equal."""

    problems: list[Problem]
    same: Same


class Parts(NamedTuple):
    """The parts that one level made: their relation, and which of its measures are equal."""

    table: str
    same: Same


def traced(
    engine: Engine, configuration: Configuration, owned: str, descriptions: str, hours: str
) -> Traced:
    """Carries out all traces.

    Afterwards the engine has these temporary relations:

    - `traced_parts`: one receiver's part of a group: x_GroupId, x_Receiver, KEYS, x_Rule,
      x_ShareId, MEASURES; before defaults and before weak entries. `compact.of_trace` has the
      same in numbers.
    - `untraced`: x_GroupId of groups that a trace took and no level split, and `reason`, which is
      the evidence of their missing keys: `conflict` or `no_usage`.
    - `trace_weights`, `trace_share` and `trace_receivers`: the rows of `shares` that traces make,
      in numbers; `compact.share_files` says what a run keeps of them.

    Args:
        owned: SQL of the groups in scope: group columns, MEASURES, and per key value and evidence
            after strong entries and R9.
        descriptions: SQL of the identities of usage: `id_`, their columns, tags and values.
        hours: SQL of usage: `id_`, hour, x_Quantity, x_EstimatedCost.
    """
    tracing = Tracing(engine, configuration, owned, descriptions, hours)
    _prepare(tracing)
    problems: list[Problem] = []
    parts: list[Parts] = []
    if configuration.trace:
        take(tracing)
        for at, trace in enumerate(configuration.trace):
            problems += _carry_out(tracing, at, trace, parts)
    _finish(tracing, [made.table for made in parts])
    return Traced(problems, _always_same([made.same for made in parts]))


def _prepare(tracing: Tracing) -> None:
    """The tables that all levels add to."""
    texts = ", ".join(f"{c} VARCHAR" for c in (*tracing.values, *tracing.evidence))
    for table, columns in {
        "trace_groups": f"group_ INTEGER, x_GroupId VARCHAR, trace_ INTEGER, {texts}",
        "trace_split": "group_ INTEGER, share_ INTEGER",
        "trace_disagreed": "group_ INTEGER",
        "trace_receivers": f"receiver_ INTEGER, x_Receiver VARCHAR, {texts}, aside_ BOOLEAN",
        "trace_weights": "share_ INTEGER, receiver_ INTEGER, weight_ HUGEINT",
        "trace_share": "share_ INTEGER, x_ShareId VARCHAR, x_Rule VARCHAR, x_Level INTEGER,"
        " total_ HUGEINT, driver_ VARCHAR",
    }.items():
        tracing.engine.run(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")


def _carry_out(tracing: Tracing, at: int, trace: Trace, parts: list[Parts]) -> list[Problem]:
    """One trace, level by level; adds the parts that it makes to `parts`."""
    engine = tracing.engine
    if not _open(tracing, at):
        return []
    roll_up(tracing, at)
    rest, problems = _rest(tracing, at, trace)
    for number in range(1, len(trace.split) + 1):
        (first,) = engine.one("SELECT coalesce(max(share_), 0) FROM trace_share")
        level = Level(tracing, at, number, first, tuple(made.table for made in parts))
        if not weigh_cells(level):
            continue
        write_results(level, rest)
        problems += of_level(level)
        target = f"trace_parts_{len(parts)}"
        ours = f"(SELECT * FROM trace_split WHERE share_ > {first})"
        same = split(
            engine,
            f"(SELECT group_ AS line_, share_, {', '.join(MEASURES)}"
            f" FROM trace_groups JOIN {ours} USING (group_))",
            f"(SELECT * FROM trace_weights WHERE share_ > {first})",
            target,
        )
        parts.append(Parts(target, same))
        if not _open(tracing, at):
            break
    return problems


def _always_same(made: Sequence[Same]) -> Same:
    """Of several relations of parts, which measures are equal in all of them."""
    firsts: dict[tuple[str | None, ...], str] = {}
    found: dict[str, str | None] = {}
    for measure in MEASURES:
        alike = tuple(same[measure] for same in made)
        first = firsts.setdefault(alike, measure)
        found[measure] = first if any(alike) else None
    return found


def _open(tracing: Tracing, at: int) -> bool:
    """Whether the trace has groups that no level has split."""
    (count,) = tracing.engine.one(
        "SELECT count(*) FROM trace_groups ANTI JOIN trace_split USING (group_)"
        f" WHERE trace_ = {at}"
    )
    return bool(count)


def _rest(tracing: Tracing, at: int, trace: Trace) -> tuple[Rest, list[Problem]]:
    """What `rest` names in each period, and a warning where a value is not valid then (R10)."""
    if not isinstance(trace.rest, Mapping):
        return {}, []
    found: dict[str, dict[str, str]] = {}
    problems = []
    for (period,) in tracing.engine.rows(
        f"SELECT DISTINCT x_Period FROM trace_groups WHERE trace_ = {at} ORDER BY ALL"
    ):
        day = date.fromisoformat(f"{period}-01")
        found[period] = {}
        for key, text in trace.rest.items():
            values = tracing.configuration.key(key).values
            value = values.resolve(text, day) if values else text
            if value is None:
                problems.append(of_rest(trace, key, text, period))
            else:
                found[period][key] = value
    return found, problems


def _finish(tracing: Tracing, parts: list[str]) -> None:
    """The three results, and away with what they do not hang on."""
    engine = tracing.engine
    engine.run(
        "CREATE OR REPLACE TEMP TABLE untraced AS SELECT x_GroupId, CASE WHEN group_ IN"
        " (SELECT group_ FROM trace_disagreed) THEN 'conflict' ELSE 'no_usage' END AS reason"
        " FROM trace_groups ANTI JOIN trace_split USING (group_)"
    )
    _name_parts(tracing)
    owners = [
        f"r.{column} AS {quoted(name + end)}"
        for name, value in zip(tracing.keys, tracing.values, strict=True)
        for end, column in (("", value), ("_evidence", f"{value}_evidence"))
    ]
    nothing = ", ".join(f"NULL::DECIMAL(38,18) AS {measure}" for measure in MEASURES)
    empty = f"SELECT 0 AS line_, 0 AS receiver_, {nothing} WHERE false"
    made = " UNION ALL ".join([empty, *(f"SELECT * FROM {table}" for table in parts)])
    engine.run(
        "CREATE OR REPLACE TEMP VIEW trace_numbers AS SELECT p.line_, r.number_,"
        f" {', '.join(f'p.{measure}' for measure in MEASURES)} FROM ({made}) AS p"
        " JOIN trace_lines AS l USING (line_) JOIN trace_part_receivers AS r"
        " ON r.receiver_ = p.receiver_ AND r.evidence_ = l.evidence_"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_numbered AS"
        " SELECT DISTINCT number_, x_Receiver,"
        f" {', '.join(owners)} FROM trace_part_receivers AS r"
    )
    compacted = compact.parts("trace_numbers", "trace_lines", "trace_numbered", tracing.keys)
    engine.run(f"CREATE OR REPLACE TEMP VIEW traced_parts AS {compacted}")
    for table in _PASSING:
        engine.run(f"DROP TABLE IF EXISTS trace_{table}")


_PASSING = (
    *("groups", "known", "units", "split", "disagreed", "windows", "usage", "values", "classes"),
    *("open", "blocks", "drivers", "driven", "takers", "knowns", "pairs", "seen"),
    *("named", "rest_named", "owners", "rest"),
)
"""Tables that nobody asks for in the end."""


def _name_parts(tracing: Tracing) -> None:
    """`trace_lines`: each split group; `trace_part_receivers`: receivers with its own evidence.

    A known key keeps the evidence of the group (R14), so receivers differ by that.
    """
    engine = tracing.engine
    evidence = ", ".join(tracing.evidence)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_lines AS SELECT group_ AS line_, x_GroupId, share_,"
        f" x_Rule, x_ShareId, min(group_) OVER (PARTITION BY {evidence}) AS evidence_"
        " FROM trace_groups JOIN trace_split USING (group_) JOIN trace_share USING (share_)"
    )
    picked = []
    for value in tracing.values:
        own = f"CASE r.{value}_evidence WHEN 'known' THEN g.{value}_evidence"
        picked += [f"r.{value}", f"{own} ELSE r.{value}_evidence END AS {value}_evidence"]
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_part_receivers AS SELECT *,"
        " dense_rank() OVER (ORDER BY x_Receiver) AS number_ FROM"
        f" (SELECT *, {receiver_sql(tracing.values)} AS x_Receiver"
        f" FROM (SELECT evidence_, receiver_, {', '.join(picked)} FROM"
        " (SELECT DISTINCT evidence_, receiver_ FROM"
        " (SELECT DISTINCT evidence_, share_ FROM trace_lines) JOIN trace_weights USING (share_))"
        " JOIN trace_groups AS g ON g.group_ = evidence_"
        " JOIN trace_receivers AS r USING (receiver_)))"
    )
