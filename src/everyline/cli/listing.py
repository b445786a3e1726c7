"""Any relation as a table: its telling columns, its first rows, and totals over all of them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from everyline.answers import selection
from everyline.answers.selection import expanded
from everyline.cli import figures, layout
from everyline.cli.layout import Column, Table
from everyline.cli.view import (
    IDENTITIES,
    ROWS_MAX,
    View,
    cell,
    column_of,
    select_text,
    title,
)
from everyline.engines.duckdb import quoted

_CURRENCIES = ("BillingCurrency", "x_EstimatedCurrency")
_SHOWN = "shown_rows_"
_MAIN = (
    *("x_EffectiveAmount", "EffectiveCost", "x_CoverageCost", "x_Amount", "x_EstimatedCost"),
    "x_Quantity",
)
_COUNTS = ("x_LineCount", selection.ROWS)
_BESIDE = {
    "x_EffectiveAmount": "x_BilledAmount",
    "EffectiveCost": "BilledCost",
    "x_EstimatedCost": "x_Quantity",
}
_LAST = ("x_EstimatedCost", "x_Source")
_BAR = 8


def show(view: View) -> None:
    """Prints the rows of `view`, or its sums where some were asked for."""
    if view.by is None:
        _show_rows(view)
    else:
        _show_sums(view, selection.summed(view.engine, view.sql, view.by, view.relation.name))


def _show_rows(view: View) -> None:
    names = [
        name
        for name in expanded(view.relation.telling, view.keys)
        if name in view.kinds and name not in view.fixed
    ]
    currency = _currency(view.kinds)
    kept = [*names, *([currency] if currency in view.kinds and currency not in names else [])]
    _keep(view, select_text(kept, view.kinds, view.ordered))
    rows = [dict(zip(kept, row, strict=True)) for row in _first(view, kept)]
    shown = _without_currency(names, currency)
    columns = tuple(column_of(name, view.kinds[name]) for name in shown)
    cells = [[cell(name, row[name], row.get(currency)) for name in shown] for row in rows]
    _print(view, Table(columns, cells, _totals(view, shown)))


def _show_sums(view: View, sql: str) -> None:
    kinds = view.engine.columns(f"({sql})")
    measures = [name for name in kinds if _is_measure(name)]
    by = [name for name in kinds if name not in measures]
    main = next((name for name in _MAIN if name in measures), selection.ROWS)
    count = next(name for name in _COUNTS if name in measures)
    beside = [name for name in dict.fromkeys((_BESIDE.get(main), count)) if name in measures]
    beside = [name for name in beside if name and name != main]
    _keep(view, select_text([*by, *measures], kinds, sql))
    names = [*by, main, *beside]
    rows = [dict(zip(names, row, strict=True)) for row in _first(view, names)]
    # Rows of several keys hold the same cost once a key: a sum of them says nothing.
    wholes = {} if "x_Key" in by else _wholes(view, [main, *beside])
    shown = _without_currency(names, _currency(kinds))[: -1 - len(beside)] or by
    told = _Told([*shown, main], beside, wholes)
    columns = [column_of(name, kinds[name]) for name in told.names]
    columns += [Column("share", "figure"), Column("", "bar")] if wholes else []
    columns += [column_of(name, kinds[name]) for name in beside]
    cells = [_cells(view, row, told) for row in rows]
    totals = [_cells(view, whole | {shown[0]: "total"}, told) for whole in wholes.values()]
    _print(view, Table(tuple(columns), cells, totals))


class _Told(NamedTuple):
    """What a table of sums shows: columns and the main measure, its share, measures beside it."""

    names: Sequence[str]
    beside: Sequence[str]
    wholes: Mapping[str | None, Mapping[str, Any]]


def _cells(view: View, row: Mapping[str, Any], told: _Told) -> list[str]:
    currency = row.get(_currency(view.kinds))
    cells = [cell(name, row[name], currency) if name in row else "" for name in told.names]
    more = [cell(name, row[name], currency) if name in row else "" for name in told.beside]
    if not told.wholes:
        return [*cells, *more]
    part, whole = (Decimal(of[told.names[-1]] or 0) for of in (row, told.wholes[currency]))
    share = figures.share(part, whole)
    return [*cells, figures.percent(share), view.screen.bar(share, _BAR), *more]


def _print(view: View, table: Table) -> None:
    """Prints a table, less what there is no room for, and how much more there is."""
    heading = title(view)
    if heading:
        view.screen.line(heading, "bold")
    asked = {name.strip() for name in (view.by or "").split(",")}
    left_out = [
        name
        for name in (
            *reversed(view.keys[1:]),
            *IDENTITIES,
            *_COUNTS,
            "x_BilledAmount",
            "BilledCost",
            *_LAST,
        )
        if name in {column.heading for column in table.columns} - asked
    ]
    dropped: list[str] = []
    while left_out and layout.comfortable_width(table) > view.screen.width:
        dropped.append(left_out.pop(0))
        table = layout.without(table, dropped[-1])
    if not any("".join(total[1:]) for total in table.totals):
        table = Table(table.columns, table.rows)
    view.screen.table(table)
    (count,) = view.engine.one(f"SELECT count(*) FROM {_SHOWN}")
    if not count:
        view.screen.note("no rows")
    view.screen.more(count - len(table.rows))
    if dropped:
        view.screen.note(f"no room for: {', '.join(reversed(dropped))}")


def _keep(view: View, sql: str) -> None:
    """Makes the rows once, in their order; relations that are worked out cost time."""
    with view.engine.in_order():
        view.engine.run(f"CREATE OR REPLACE TEMP TABLE {_SHOWN} AS {sql}")


def _first(view: View, names: Sequence[str]) -> list[tuple[Any, ...]]:
    listed = ", ".join(map(quoted, names))
    with view.engine.in_order():
        return view.engine.rows(f"SELECT {listed} FROM {_SHOWN} LIMIT {ROWS_MAX}")


def _totals(view: View, shown: Sequence[str]) -> list[list[str]]:
    """A row a currency; none where there is nothing to sum, or rows hold the same cost twice."""
    costs = [name for name in shown if selection.is_cost(name) or name == "x_LineCount"]
    if not any(map(selection.is_cost, costs)) or shown[0] in costs or "x_Key" in view.kinds:
        return []
    sums = ", ".join(f"sum({quoted(name)})" for name in costs)
    made = []
    for currency, *totals in view.engine.rows(
        f"SELECT {_currency(view.kinds)}, {sums} FROM {_SHOWN} GROUP BY ALL ORDER BY ALL"
    ):
        found = dict(zip(costs, totals, strict=True))
        if all(total is None for total in totals):
            continue
        cells = [cell(name, found[name], currency) if name in found else "" for name in shown]
        made.append(["total", *cells[1:]])
    return made


def _wholes(view: View, measures: Sequence[str]) -> dict[str | None, dict[str, Any]]:
    """The sums of measures over all rows, by currency; not of quantities, whose units differ."""
    measures = [name for name in measures if name != "x_Quantity" or name == measures[0]]
    name = _currency(view.kinds)
    currency = name if name in view.kinds else "NULL"
    sums = ", ".join(f"sum({quoted(name)})" for name in measures)
    rows = view.engine.rows(f"SELECT {currency}, {sums} FROM {_SHOWN} GROUP BY 1 ORDER BY 1")
    return {of: dict(zip((name, *measures), (of, *wholes), strict=True)) for of, *wholes in rows}


def _currency(kinds: Mapping[str, str]) -> str:
    """The column that has the currency of a relation's costs."""
    return next((name for name in _CURRENCIES if name in kinds), _CURRENCIES[0])


def _without_currency(names: Sequence[str], currency: str) -> list[str]:
    """A cost carries its currency; a column of its own would say it twice."""
    if any(map(selection.is_cost, names)) or names == [currency]:
        return [name for name in names if name != currency]
    return list(names)


def _is_measure(name: str) -> bool:
    return name in (*selection.SUMMED, *selection.COUNTED, selection.ROWS)
