"""Receivers and weights: what each cell is split by, and what usage does not explain (R15)."""

import json
from collections.abc import Iterable, Mapping
from datetime import date

from everyline.allocation.levels import Level
from everyline.allocation.receiver import receiver, receiver_sql
from everyline.canonical import lowered
from everyline.engines.duckdb import literal
from everyline.implied import implied

_BLOCK_NAMES = ("x_WindowStart", "x_WindowEnd", "x_Basis", "BillingCurrency")

Rest = Mapping[str, Mapping[str, str]]
"""By period the values that `rest` names, as they are on its first day."""


def write_results(level: Level, rest: Rest) -> None:
    """Adds the cells that the level splits to the tables of all levels.

    `trace_receivers`: receiver_, numbered in the order of x_Receiver, values, evidence, aside_
    (`unseen` or `rest`). `trace_weights`: share_, receiver_, weight_, reduced (R12). `trace_share`:
    share_ and what is told of it. `trace_split`: group_ and its share_.
    """
    _receivers(level, rest)
    _weights(level)
    engine = level.tracing.engine
    engine.run(f"INSERT INTO trace_share {_told(level)}")
    engine.run(
        "INSERT INTO trace_split SELECT group_, taker_ FROM trace_lines"
        " SEMI JOIN trace_share ON taker_ = share_"
    )


def _receivers(level: Level, rest: Rest) -> None:
    """`trace_owners`: known_, value_, whether they are left out, and their receiver_.

    `trace_rest`: known_, x_Period and the receiver_ of what usage does not explain.
    """
    engine, tracing = level.tracing.engine, level.tracing
    _rests(level, rest)
    picked = []
    for value in tracing.values:
        found = f"WHEN d.{value} IS NOT NULL THEN 'traced' ELSE 'driver_unowned' END"
        picked += [
            f"coalesce(k.{value}, d.{value}) AS {value}",
            f"CASE WHEN k.{value} IS NOT NULL THEN 'known' {found} AS {value}_evidence",
        ]
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_named AS"
        f" SELECT *, {receiver_sql(tracing.values)} AS x_Receiver FROM"
        f" (SELECT known_, value_, {_left_out(level)} AS out_, {', '.join(picked)}"
        " FROM trace_pairs JOIN trace_knowns AS k USING (known_)"
        " JOIN trace_values AS d USING (value_) WHERE agree_)"
    )
    columns = ", ".join(["x_Receiver", *tracing.values, *tracing.evidence])
    aside = " OR ".join(f"{e} IN ('unseen', 'rest')" for e in tracing.evidence)
    (before,) = engine.one("SELECT count(*) FROM trace_receivers")
    engine.run(
        "INSERT INTO trace_receivers"
        f" SELECT ({before} + row_number() OVER (ORDER BY x_Receiver))::INTEGER, {columns}, {aside}"
        f" FROM (SELECT {columns} FROM trace_named WHERE NOT out_"
        f" UNION SELECT {columns} FROM trace_rest_named)"
    )
    ours = f"(SELECT x_Receiver, receiver_ FROM trace_receivers WHERE receiver_ > {before})"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_owners AS SELECT known_, value_, out_, receiver_"
        f" FROM trace_named LEFT JOIN {ours} USING (x_Receiver)"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_rest AS SELECT known_, x_Period, receiver_"
        f" FROM trace_rest_named JOIN {ours} USING (x_Receiver)"
    )


def _left_out(level: Level) -> str:
    """SQL of whether a driver lacks a required key that this split should give (R15)."""
    if level.trace.rest == "unallocated":
        return "false"
    tests = [f"(k.v{at} IS NULL AND d.v{at} IS NULL)" for at in level.tracing.required]
    return f"({' OR '.join(tests) or 'false'})"


def _rests(level: Level, rest: Rest) -> None:
    """`trace_rest_named`: for each known values and period, who gets what is not explained."""
    engine, tracing = level.tracing.engine, level.tracing
    rows = []
    asked = f"SELECT DISTINCT known_, x_Period, {', '.join(tracing.values)}"
    if level.trace.rest != "spread":
        for number, period, *known in engine.rows(
            f"{asked} FROM trace_takers JOIN trace_blocks USING (block_)"
            " JOIN trace_knowns USING (known_) WHERE kind_ = 1"
        ):
            values, evidence = rest_owner(level, known, rest.get(period, {}), period)
            rows.append((number, period, *values, *evidence, receiver(values, evidence)))
    columns = ["x_Period", *tracing.values, *tracing.evidence, "x_Receiver"]
    kinds = {"known_": "INTEGER"} | dict.fromkeys(columns, "VARCHAR")
    engine.table("trace_rest_named", kinds, rows)


def rest_owner(
    level: Level, known: Iterable[str | None], named: Mapping[str, str], period: str
) -> tuple[list[str | None], list[str]]:
    """Values and evidence of who gets what usage does not explain; `rest` fills only gaps."""
    taxonomy = level.tracing.configuration.taxonomy
    own = list(known)
    values: list[str | None] = [
        value if value is not None else named.get(key.name)
        for key, value in zip(taxonomy, own, strict=True)
    ]
    evidence = [
        "known" if before is not None else "rest" if value is not None else "unseen"
        for before, value in zip(own, values, strict=True)
    ]
    if "rest" in evidence:
        found = implied(taxonomy, values, date.fromisoformat(f"{period}-01"))
        values = list(found.values)
        evidence = [
            "implied" if key.name in found.places else before
            for key, before in zip(taxonomy, evidence, strict=True)
        ]
    return values, evidence


def _weights(level: Level) -> None:
    """Adds the weights of each cell to `trace_weights`, reduced to the smallest integers."""
    unexplained = "greatest(any_value(wants_) - sum(w), 0)"
    left_out = "coalesce(sum(w) FILTER (out_), 0)"
    level.tracing.engine.run(
        "INSERT INTO trace_weights WITH seen AS (SELECT taker_, known_, block_, wants_, w, out_,"
        " receiver_ FROM trace_seen JOIN trace_takers USING (taker_)"
        " JOIN trace_owners USING (known_, value_)),"
        f" rest AS (SELECT taker_, any_value(known_) AS known_, any_value(block_) AS block_,"
        f" ({unexplained} + {left_out})::HUGEINT AS w FROM seen GROUP BY taker_),"
        " weighed AS (SELECT taker_, receiver_, sum(w)::HUGEINT AS w FROM ("
        " SELECT taker_, receiver_, w FROM seen WHERE NOT out_ UNION ALL"
        " SELECT taker_, receiver_, w FROM rest JOIN trace_blocks USING (block_)"
        " JOIN trace_rest USING (known_, x_Period) WHERE w > 0) GROUP BY taker_, receiver_),"
        " shared AS (SELECT taker_, list_reduce(list(w), lambda a, b: gcd(a, b)) AS divisor"
        " FROM weighed GROUP BY taker_)"
        " SELECT taker_, receiver_, w // divisor FROM weighed JOIN shared USING (taker_)"
    )


def _told(level: Level) -> str:
    """SELECT of the shares of this level for `trace_share`."""
    driver = f"{literal(level.level.weight)} || coalesce(' ' || any_value(shown_), '')"
    return (
        f"SELECT share_, {_share_id(level)}, {literal(level.trace.rule)}, {level.number}, total_,"
        f" driver_ FROM (SELECT share_, any_value(block_) AS block_, any_value(known_) AS known_,"
        f" {driver} AS driver_, sum(weight_)::HUGEINT AS total_ FROM trace_weights"
        " JOIN trace_takers ON share_ = taker_ JOIN trace_driven USING (block_) GROUP BY share_)"
        f" JOIN (SELECT block_, {', '.join(level.block)} FROM trace_blocks) USING (block_)"
        f" JOIN (SELECT known_, {', '.join(level.tracing.values)} FROM trace_knowns)"
        " USING (known_)"
    )


def _share_id(level: Level) -> str:
    """SQL of x_ShareId: SHA-256 of the canonical JSON of rule, level, period and cell (R12)."""
    tracing = level.tracing
    instants = {name: f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ')" for name in _BLOCK_NAMES[:2]}
    members = instants | {name: name for name in _BLOCK_NAMES[2:]}
    members |= {name: tracing.on_columns([name])[0] for name in level.level.on}
    members |= dict(zip(tracing.keys, tracing.values, strict=True))
    ordered = sorted(members, key=lambda name: name.encode("utf-16-be"))
    spelt = ", ".join(
        f"{literal(',' + json.dumps(name, ensure_ascii=False) + ':')} ||"
        f" to_json({members[name]})::VARCHAR"
        for name in ordered
    )
    start = f"[{json.dumps(level.trace.rule, ensure_ascii=False)},{level.number},"
    array = (
        f"{literal(start)} || to_json(x_Period)::VARCHAR || ',{{' ||"
        f" substr(concat({spelt}), 2) || '}}]'"
    )
    return f"sha256({lowered(f'({array})')})"
