"""One level of a trace: blocks, cells, and the weights that each cell saw (R14).

Everything is numbered first: a block, the known values of a cell, the values of a driver. Texts are
compared once per distinct combination.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from everyline.allocation.split import units
from everyline.allocation.stock import Driver, Taker, Values, stock_seen
from everyline.allocation.taking import BLOCK, Tracing
from everyline.config.rules import Trace, TraceLevel
from everyline.engines.duckdb import same


@dataclass(frozen=True)
class Level:
    """One try of a trace.

    Attributes:
        at: the position of the trace, from 0.
        number: of the level, from 1.
        first: the number of the last share before it; its own cells are numbered after that.
        parts: the tables of parts that earlier levels and traces made.
    """

    tracing: Tracing
    at: int
    number: int
    first: int
    parts: tuple[str, ...]

    @property
    def trace(self) -> Trace:
        """The trace."""
        return self.tracing.configuration.trace[self.at]

    @property
    def level(self) -> TraceLevel:
        """Its entry in the configuration."""
        return self.trace.split[self.number - 1]

    @property
    def on(self) -> tuple[str, ...]:
        """What its `on` columns are called in the tables."""
        return self.tracing.on_columns(self.level.on)

    @property
    def block(self) -> tuple[str, ...]:
        """The columns that the groups of a block have in common."""
        return (*BLOCK, *self.on)

    @property
    def by_quantity(self) -> bool:
        """Whether it weighs by quantity, not by estimated cost."""
        return self.level.weight == "quantity"


def weigh_cells(level: Level) -> bool:
    """Makes the tables of a level, if usage meets any block; says whether it does.

    `trace_lines`: group_ and its cell, as `taker_`. `trace_takers`: taker_, block_, kind_ (1 a
    cell, 0 known cost), known_, wants_ (B of R15). `trace_pairs`: known_, value_, agree_.
    `trace_seen`: taker_ of a cell, value_, and the weight w above 0 that it saw. `trace_driven`:
    for each block the name of the drivers' unit, and whether there are `several_`.
    """
    _blocks(level)
    _drivers(level)
    if level.tracing.engine.one("SELECT count(*) FROM trace_driven") == (0,):
        return False
    _takers(level)
    _pairs(level)
    level.tracing.engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_seen AS SELECT taker_, value_, w"
        f" FROM trace_takers SEMI JOIN ({_blocks_in_turns(simple=True)}) USING (block_)"
        " JOIN trace_drivers USING (block_) JOIN trace_pairs USING (known_, value_)"
        " WHERE kind_ = 1 AND agree_ AND w > 0"
    )
    _see_in_turns(level.tracing)
    level.tracing.engine.run(
        "INSERT INTO trace_disagreed SELECT DISTINCT group_ FROM trace_lines"
        " JOIN trace_takers USING (taker_) JOIN trace_drivers USING (block_)"
        " JOIN trace_pairs USING (known_, value_) WHERE NOT agree_"
    )
    return True


def _blocks(level: Level) -> None:
    """`trace_blocks`, and `trace_open`: the groups that no earlier level has split."""
    engine, tracing = level.tracing.engine, level.tracing
    known = [
        f"NULL::VARCHAR AS {v}" if level.trace.known == "replace" else v for v in tracing.values
    ]
    costs = "ConsumedUnit, ConsumedQuantity, ListCost"
    filled = "".join(f" AND {on} IS NOT NULL" for on in level.on)
    block = ", ".join(level.block)
    opened = (
        f"SELECT group_, {block}, {', '.join(known)}, {costs} FROM trace_groups"
        f" ANTI JOIN trace_split USING (group_) WHERE trace_ = {level.at}{filled}"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_blocks AS"
        " SELECT (row_number() OVER ())::INTEGER AS block_, *"
        f" FROM (SELECT DISTINCT {block} FROM ({opened}))"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_open AS"
        f" SELECT group_, block_, {', '.join(tracing.values)}, {costs}"
        f" FROM ({opened}) JOIN trace_blocks USING ({block})"
    )


def _drivers(level: Level) -> None:
    """`trace_drivers`: block_, value_ and weight w, 0 too; and `trace_driven`."""
    engine = level.tracing.engine
    amount, kind = "x_Quantity", "of_unit_"
    name, shown = "unit_", "shown_"
    if not level.by_quantity:
        amount = "x_EstimatedCost"
        kind = "CASE WHEN x_EstimatedCost IS NOT NULL THEN of_currency_ END"
        name, shown = "currency_", "nullif(currency_, '')"
    # Classes of equal `on` columns have one `place_`, so texts meet once for each block.
    alike = f"PARTITION BY {', '.join(level.on)}" if level.on else ""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_places AS SELECT class_,"
        f" {', '.join([f'min(class_) OVER ({alike}) AS place_', *level.on])} FROM trace_classes"
    )
    met = " AND ".join(["place_ = class_", *(f"b.{on} = p.{on}" for on in level.on)])
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_drivers AS"
        f" SELECT * EXCLUDE (amount_), coalesce({units('amount_')}, 0) AS w"
        f" FROM (SELECT block_, value_, sum({amount})::DECIMAL(38,18) AS amount_,"
        f" min({kind}) AS first_, max({kind}) AS last_, sum(unknown_)::BIGINT AS unknown_"
        " FROM (SELECT block_, place_, segment_ FROM trace_blocks AS b"
        f" JOIN trace_places AS p ON {met} JOIN trace_windows USING (x_WindowStart, x_WindowEnd))"
        " JOIN (SELECT class_, place_ FROM trace_places) USING (place_)"
        " JOIN trace_usage USING (class_, segment_) JOIN trace_classes USING (class_)"
        " GROUP BY block_, value_)"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_driven AS"
        f" SELECT block_, {name} AS name_, {shown} AS shown_, several_, unknown_"
        " FROM (SELECT block_, min(first_) AS class_, sum(unknown_)::BIGINT AS unknown_,"
        " coalesce(min(first_) <> max(last_), false) AS several_"
        " FROM trace_drivers GROUP BY block_) LEFT JOIN trace_classes USING (class_)"
    )
    engine.run("DROP TABLE trace_places")


def _takers(level: Level) -> None:
    """`trace_takers`, `trace_knowns` and `trace_lines`, of the blocks that have drivers."""
    engine, values = level.tracing.engine, level.tracing.values
    listed = ", ".join(values)
    costs = f"{listed}, ConsumedUnit, ConsumedQuantity, ListCost"
    known = " UNION ALL ".join(_known_cost(level))
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_costs AS SELECT * FROM"
        f" (SELECT block_, 1 AS kind_, {costs} FROM trace_open UNION ALL"
        f" SELECT block_, 0, {costs} FROM ({known})"
        f" JOIN trace_blocks USING ({', '.join(level.block)}))"
        " SEMI JOIN trace_driven USING (block_)"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_knowns AS"
        " SELECT (row_number() OVER ())::INTEGER AS known_, *"
        f" FROM (SELECT DISTINCT {listed} FROM trace_costs)"
    )
    counted = [f"(k.{values[at]} IS NOT NULL)::INTEGER" for at in level.tracing.counting]
    turn = f"kind_ - 2 * ({' + '.join(counted) or '0'})"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_takers AS"
        f" SELECT ({level.first} + row_number() OVER ())::INTEGER AS taker_, *"
        f" FROM (SELECT block_, kind_, known_, any_value({turn}) AS turn_,"
        f" {_wants(level)}"
        f" FROM trace_costs AS c JOIN trace_knowns AS k ON {same('c', 'k', values)}"
        " JOIN trace_driven USING (block_) JOIN trace_blocks USING (block_)"
        " LEFT JOIN trace_units ON ConsumedUnit = written GROUP BY block_, kind_, known_)"
    )
    engine.run("DROP TABLE trace_costs")
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_lines AS SELECT group_, taker_ FROM trace_open AS o"
        f" JOIN trace_knowns AS k ON {same('o', 'k', values)}"
        " JOIN trace_takers USING (block_, known_) WHERE kind_ = 1"
    )


def _wants(level: Level) -> str:
    """SQL of `wants_`, B of R15 in units of 10^-18, and `differs_`: it is 0, as units differ."""
    if not level.by_quantity:
        cost = "(sum(ListCost) FILTER (name_ = BillingCurrency))"
        return f"coalesce({units(cost)}, 0)::HUGEINT AS wants_, false AS differs_"
    own = "coalesce(unit_, '')"
    stated = "FILTER (ConsumedQuantity IS NOT NULL)"
    differs = f"coalesce(bool_or({own} <> name_) {stated}, false)"
    quantity = f"sum({units('ConsumedQuantity')} * coalesce(multiple_, 1)) {stated}"
    return (
        f"CASE WHEN {differs} THEN 0 ELSE coalesce({quantity}, 0) END::HUGEINT AS wants_,"
        f" {differs} AS differs_"
    )


def _known_cost(level: Level) -> list[str]:
    """SELECTs of cost that needs no split here: complete groups, and parts made before (R14)."""
    block = ", ".join(level.block)
    values = ", ".join(level.tracing.values)
    costs = "ConsumedUnit, ConsumedQuantity, ListCost"
    picked = f"SELECT {block}, {values}, {costs} FROM"
    others = f"match{level.at} AND complete_ AND trace_ <> {level.at}"
    found = [
        f"{picked} trace_known WHERE match{level.at}",
        f"{picked} trace_groups ANTI JOIN trace_split USING (group_) WHERE {others}",
    ]
    of_group = ", ".join(f"g.{column}" for column in level.block)
    of_receiver = ", ".join(f"r.{value}" for value in level.tracing.values)
    found += [
        f"SELECT {of_group}, {of_receiver}, g.ConsumedUnit,"
        " sum(p.ConsumedQuantity)::DECIMAL(38,18) AS ConsumedQuantity,"
        " sum(p.ListCost)::DECIMAL(38,18) AS ListCost"
        f" FROM {parts} AS p JOIN trace_groups AS g ON p.line_ = g.group_"
        f" JOIN trace_receivers AS r USING (receiver_) WHERE match{level.at} AND NOT r.aside_"
        f" AND EXISTS (SELECT 1 FROM trace_blocks AS b WHERE"
        f" {' AND '.join(f'b.{column} = g.{column}' for column in level.block)})"
        " GROUP BY ALL"
        for parts in level.parts
    ]
    return found


def _pairs(level: Level) -> None:
    """`trace_pairs`: whether a driver's values agree with the known values of a cell."""
    tests = [
        f"(k.v{at} IS NULL OR d.v{at} IS NULL OR k.v{at} = d.v{at})"
        for at in level.tracing.counting
    ]
    level.tracing.engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_pairs AS SELECT known_, value_,"
        f" {' AND '.join(tests) or 'true'} AS agree_ FROM (SELECT DISTINCT known_, value_"
        " FROM trace_takers JOIN trace_drivers USING (block_) WHERE kind_ = 1)"
        " JOIN trace_knowns AS k USING (known_) JOIN trace_values AS d USING (value_)"
    )


def _blocks_in_turns(*, simple: bool) -> str:
    """SELECT of the blocks with cells that a level applies to.

    They are simple if nothing leaves the stock before the last cell has seen it.
    """
    last, first = "max(turn_) FILTER (kind_ = 1)", "min(turn_) FILTER (wants_ > 0)"
    early = f"coalesce({first} < {last}, false)"
    return (
        "SELECT block_ FROM trace_takers SEMI JOIN"
        " (SELECT block_ FROM trace_driven WHERE NOT several_) USING (block_)"
        f" GROUP BY block_ HAVING {'NOT ' if simple else ''}{early}"
    )


def _see_in_turns(tracing: Tracing) -> None:
    """Adds to `trace_seen` the blocks whose stock shrinks from turn to turn."""
    engine = tracing.engine
    blocks = f"SEMI JOIN ({_blocks_in_turns(simple=False)}) USING (block_)"
    takers: dict[int, list[Taker]] = defaultdict(list)
    known = _spelt_out(tracing, "known_", "trace_knowns")
    for block, taker, kind, wants, number in engine.rows(
        f"SELECT block_, taker_, kind_, wants_, known_ FROM trace_takers {blocks}"
    ):
        takers[block].append(Taker(taker if kind else None, known[number], wants))
    if not takers:
        return
    drivers: dict[int, list[Driver]] = defaultdict(list)
    values = _spelt_out(tracing, "value_", "trace_values")
    for block, number, weight in engine.rows(
        f"SELECT block_, value_, w FROM trace_drivers {blocks} WHERE w > 0"
    ):
        drivers[block].append(Driver(number, values[number], weight))
    rows = [
        (cell, value, str(weight))
        for block, asking in takers.items()
        for cell, weights in stock_seen(asking, drivers[block]).items()
        for value, weight in weights.items()
    ]
    _insert_seen(tracing, rows)


def _spelt_out(tracing: Tracing, number: str, table: str) -> dict[int, Values]:
    """The values behind each number, of the keys that count."""
    counted = ", ".join(f"v{at}" for at in tracing.counting) or "NULL"
    found = tracing.engine.rows(f"SELECT {number}, {counted} FROM {table}")
    return {at: tuple(values) for at, *values in found}


def _insert_seen(tracing: Tracing, rows: Sequence[tuple[int, int, str]]) -> None:
    """Adds many rows at once: a list for each column, which the engine takes apart."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        columns: Iterable[Any] = zip(*rows[start : start + _ROWS_AT_ONCE], strict=True)
        tracing.engine.rows(
            "INSERT INTO trace_seen SELECT unnest(?::INTEGER[]), unnest(?::BIGINT[]),"
            " unnest(?::VARCHAR[])::HUGEINT",
            [list(column) for column in columns],
        )


_ROWS_AT_ONCE = 100_000
