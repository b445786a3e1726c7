"""The full stack: each use case by layer, what is its own and what it bears of shared cost apart.

Amounts are rounded from the total down (R23), so that rows and columns add up to the cost in scope.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple

from everyline import money
from everyline.answers.parts import Block
from everyline.answers.stack import row_key
from everyline.cli import figures, layout, share_words
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.control import EXACT
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.relations import LAYERS
from everyline.runs import Run

_ROWS_MAX = 8
_DIGITS = 2
_BAR = 6
_COLUMNS_WITH_BAR = 7
_DIGITS_MAX = 60
_OTHERS = "others"
_UNALLOCATED = "unallocated"

Cell = tuple[str, bool]
"""A layer, and whether the cost came through a pool."""


class Stack(NamedTuple):
    """Exact cost of one block.

    Attributes:
        key: the taxonomy key whose values are rows.
        rows: name, and cell to EffectiveCost; the largest first, then those that are no value.
    """

    key: str
    rows: Sequence[tuple[str, Mapping[Cell, Decimal]]]


def stack(engine: Engine, run: Run, block: Block, keys: Sequence[str]) -> Stack:
    """Cost in scope by the values of `row_key`."""
    lead, key = keys[0], row_key(keys)
    missing = f"(no {key})"
    row = (
        f"CASE WHEN {quoted(lead)} IS NULL THEN {literal(_UNALLOCATED)}"
        f" ELSE coalesce({quoted(key)}, {literal(missing)}) END"
    )
    cells: dict[tuple[bool, str | None], dict[Cell, Decimal]] = {}
    last = 0
    for is_value, name, layer, is_shared, cost, rank in engine.rows(
        f"WITH summed AS (SELECT {quoted(lead)} IS NOT NULL AND {quoted(key)} IS NOT NULL"
        f" AS is_value, {row} AS name, x_Layer, x_Pool IS NOT NULL AS is_shared,"
        " sum(EffectiveCost)::DECIMAL(38,18) AS cost"
        f" FROM {run.relation('allocations')} WHERE x_Period = {literal(block.period)}"
        f" AND BillingCurrency = {literal(block.currency)}"
        f" AND (x_Basis = 'estimated') = {block.estimated} GROUP BY ALL),"
        " ranked AS (SELECT is_value, name, row_number() OVER (PARTITION BY is_value"
        " ORDER BY sum(cost) DESC, name) AS rank FROM summed GROUP BY is_value, name)"
        f" SELECT is_value, CASE WHEN NOT is_value OR rank <= {_ROWS_MAX} THEN name END AS shown,"
        " x_Layer, is_shared, sum(cost)::DECIMAL(38,18), max(rank) FROM summed"
        " JOIN ranked USING (is_value, name) GROUP BY ALL ORDER BY max(rank)"
    ):
        cells.setdefault((is_value, name), {})[layer, is_shared] = cost
        last = max(last, rank)
    others = f"{last - _ROWS_MAX:,} {_OTHERS}"
    rows = [(name or others, of_row) for (is_value, name), of_row in cells.items() if is_value]
    missed = [name for name in (missing, _UNALLOCATED) if (False, name) in cells]
    rows += [(name, cells[False, name]) for name in missed]
    return Stack(key, rows)


def show(screen: Screen, block: Block, found: Stack) -> None:
    """Prints the table; without decimals where there is no room for them."""
    digits = money.minor_digits(block.currency)
    places = _DIGITS if digits is None else digits
    table = _table(screen, block, found, places)
    if len(table.columns) > _COLUMNS_WITH_BAR:
        table = layout.without(table, "")
    if layout.comfortable_width(table) > screen.width:
        table = layout.without(_table(screen, block, found, 0), "")
    if layout.comfortable_width(table) > screen.width:
        table = layout.without(table, "share")
    screen.table(table)


def _table(screen: Screen, block: Block, found: Stack, digits: int) -> Table:
    cells = [(layer, shared) for layer in LAYERS for shared in (False, True)]
    cells = [cell for cell in cells if any(row.get(cell) for row in _rows(found))]
    amounts = _rounded(found, digits)
    whole = sum(sum(row.values()) for row in amounts)
    rows = []
    for (name, exact), row in zip(found.rows, amounts, strict=True):
        total = sum(row.values())
        share = figures.share(_sum(exact.values()), _all(found))
        shown = [_amount(row.get(cell), digits) for cell in cells]
        percent = figures.percent(share)
        rows.append([name, *shown, _amount(total, digits), percent, screen.bar(share, _BAR)])
    sums = [sum(row.get(cell, 0) for row in amounts) for cell in cells]
    totals = ["in scope", *(_amount(of, digits) for of in (*sums, whole)), "", ""]
    heads = [layer for layer, _ in cells]
    if any(shared for _, shared in cells):
        heads = [f"{layer} {'shared' if shared else 'direct'}" for layer, shared in cells]
    columns = (
        Column(found.key),
        *(Column(head, "figure") for head in (*heads, "total", "share")),
        Column("", "bar"),
    )
    return Table(columns, rows, [totals])


def _rounded(found: Stack, digits: int) -> list[dict[Cell, int]]:
    """Amounts in units of that many digits: the total half-even, as all figures are, then down.

    First layers, then what is direct and what is shared of each, then rows: so the sums of columns
    are those of the layers.
    """
    with localcontext() as context:
        context.prec = _DIGITS_MAX
        whole = int(_all(found).scaleb(digits).to_integral_value(ROUND_HALF_EVEN))
    rows = _rows(found)
    layers = _cascade(whole, {layer: _of(rows, layer, (False, True)) for layer in LAYERS}, digits)
    made: list[dict[Cell, int]] = [{} for _ in rows]
    for layer, amount in layers.items():
        sides = {str(side): _of(rows, layer, (side,)) for side in (False, True)}
        for side, part in _cascade(amount, sides, digits).items():
            cell = (layer, side == "True")
            costs = {str(n): row.get(cell, Decimal(0)) for n, row in enumerate(rows)}
            for n, units in enumerate(_cascade(part, costs, digits).values()):
                made[n][cell] = units
    return made


def _cascade(total: int, costs: Mapping[str, Decimal], digits: int) -> dict[str, int]:
    exact = [(name, share_words.units(cost)) for name, cost in costs.items()]
    return money.cascade(total, exact, digits)


def _of(rows: Sequence[Mapping[Cell, Decimal]], layer: str, sides: Sequence[bool]) -> Decimal:
    """The sum of a layer over all rows, of what is direct, shared, or both."""
    return _sum(row[layer, side] for row in rows for side in sides if (layer, side) in row)


def _rows(found: Stack) -> list[Mapping[Cell, Decimal]]:
    return [cells for _, cells in found.rows]


def _amount(units: int | None, digits: int) -> str:
    if not units:
        return figures.NOTHING
    return f"{Decimal(units).scaleb(-digits):,.{digits}f}"


def _all(found: Stack) -> Decimal:
    return _sum(cost for row in _rows(found) for cost in row.values())


def _sum(costs: Iterable[Decimal]) -> Decimal:
    whole = Decimal(0)
    for cost in costs:
        whole = EXACT.add(whole, cost)
    return whole
