"""Where money flows: from what was billed over columns of `told` to its owners."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from everyline.drawing import words
from everyline.drawing.netting import NODES_MAX, Column, Link, Node
from everyline.drawing.sankey import Sankey, sankey
from everyline.engines.duckdb import Rows, literal, quoted
from everyline.relations import LAYERS, METHODS
from everyline.web.asked import Ask, at
from everyline.web.grid import summed

_NAMES = {"x_Layer": "layer", "x_Method": "method", "ServiceName": "service"}
_FIXED = {"x_Layer": LAYERS, "x_Method": METHODS}
_NEUTRAL = "team"
_NOBODY = "unallocated"
_OTHERS: Any = object()
"""Stands for the smallest owners together; no name is it."""

_NODES_MAX = 100
"""Owners that the drawing is given by themselves; all of them are in its table then."""

_ALL: Mapping[str, str | None] = MappingProxyType({})


def flows(
    ask: Ask,
    columns: Sequence[str],
    size: tuple[int, int],
    only: Mapping[str, str | None] = _ALL,
    told: str | None = None,
) -> Sankey | None:
    """The month's cost from column to column; None where there is none.

    Args:
        columns: of `told`, from left to right; the last one is of owners.
        size: pixels.
        only: values that columns of `told` have in what is drawn, and in the lines behind it.
        told: SQL of the rows of `told` that have these, where there is a table of them.
    """
    listed, where = ", ".join(map(quoted, columns)), having(only)
    rows = ask.rows(
        f"SELECT {listed}, sum({ask.amount}) FROM {told or ask.run.relation('told')}"
        f" WHERE {ask.of_block()} AND {where} GROUP BY ALL HAVING sum({ask.amount}) <> 0"
        " ORDER BY ALL"
    )
    if not rows:
        return None
    rest_href = ask.link("/owners") if columns[-1] == ask.lead else ask.lines(only)
    rows, small = _folded(rows)
    sums, pairs = _amounts(rows, len(columns))
    layers = _layers(columns, rows)
    made = [
        Column(
            _NAMES.get(column, column),
            [
                Node("other", words.others(small), _NEUTRAL, rest_href)
                if name is _OTHERS
                else _node(ask, column, {**only, column: name}, layers)
                for name in _order(column, sums[n])
            ],
            rest_href if n == len(columns) - 1 else ask.lines(only),
        )
        for n, column in enumerate(columns)
    ]
    links = [
        Link(
            n,
            _key(source),
            _key(target),
            summed(amounts),
            rest_href
            if target is _OTHERS
            else ask.lines({**only, columns[n]: source, columns[n + 1]: target}),
            _tone_of_link(columns, n, source, target),
        )
        for (n, source, target), amounts in pairs.items()
    ]
    return sankey(made, links, *size, ask.block.currency)


_Pairs = dict[tuple[int, str | None, str | None], list[Decimal]]


def _amounts(rows: Rows, columns: int) -> tuple[list[dict[str | None, list[Decimal]]], _Pairs]:
    """What each name of each column has, and each pair of neighbours."""
    sums: list[dict[str | None, list[Decimal]]] = [{} for _ in range(columns)]
    pairs: _Pairs = {}
    for *names, amount in rows:
        for n, name in enumerate(names):
            sums[n].setdefault(name, []).append(amount)
        for n in range(columns - 1):
            pairs.setdefault((n, names[n], names[n + 1]), []).append(amount)
    return sums, pairs


def _folded(rows: Rows) -> tuple[Rows, int]:
    """Rows in which the smallest of many owners are one, and how many those are.

    The drawing would put them together too: this is before thousands of links are made of them.
    """
    sums: dict[str | None, list[Decimal]] = {}
    for *_, name, amount in rows:
        sums.setdefault(name, []).append(amount)
    if len(sums) <= _NODES_MAX:
        return rows, 0
    whole = {name: summed(amounts) for name, amounts in sums.items()}
    drawn = [name for name in whole if whole[name] > 0]
    drawn.sort(key=lambda name: (-whole[name], name is None, name or ""))
    small = set(drawn[NODES_MAX - 1 :])
    return [
        (*names, _OTHERS if name in small else name, amount) for *names, name, amount in rows
    ], len(small)


def having(values: Mapping[str, str | None]) -> str:
    """SQL: whether a row has these values; None is none."""
    tests = (
        f"{quoted(column)} IS NULL" if value is None else f"{quoted(column)} = {literal(value)}"
        for column, value in values.items()
    )
    return " AND ".join(tests) or "true"


def _order(column: str, sums: dict[str | None, list[Decimal]]) -> list[str | None]:
    """Fixed lists in their order; others the largest first, nobody last."""
    if column in _FIXED:
        return [name for name in _FIXED[column] if name in sums]
    whole = {name: summed(amounts) for name, amounts in sums.items()}
    return sorted(whole, key=lambda name: (name is _OTHERS, name is None, -whole[name], name or ""))


def _layers(columns: Sequence[str], rows: Rows) -> dict[str | None, str]:
    """The layer of each service, where both are told."""
    if not {"ServiceName", "x_Layer"} <= set(columns):
        return {}
    service, layer = columns.index("ServiceName"), columns.index("x_Layer")
    return {row[service]: row[layer] for row in rows}


def _node(
    ask: Ask, column: str, place: Mapping[str, str | None], layers: Mapping[str | None, str]
) -> Node:
    """A node of a column; `place` is the values of all that is in it."""
    name = place[column]
    if column == ask.lead and name is not None:
        return Node(_key(name), name, _NEUTRAL, ask.link(at("/owners", name)))
    shown = name if name is not None else f"(no {_NAMES.get(column, column)})"
    tone = name or ""
    if column not in _FIXED:
        tone = _NOBODY if column == ask.lead else layers.get(name, _NEUTRAL)
    return Node(
        _key(name),
        shown.capitalize() if column in _FIXED else shown,
        tone,
        ask.lines(place),
    )


def _tone_of_link(columns: Sequence[str], n: int, source: str | None, target: str | None) -> str:
    """A flow into a method has the method's colour; others that of where they come from."""
    return target or "" if columns[n + 1] == "x_Method" else ""


def _key(name: str | None) -> str:
    if name is _OTHERS:
        return "other"
    return "" if name is None else f"={name}"
