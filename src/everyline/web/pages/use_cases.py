"""`/use-cases`: which use cases cost most, where in the stack, and whose are they?"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from everyline import figures
from everyline.control import EXACT
from everyline.drawing.bars import Bars, Change, changes
from everyline.drawing.treemap import Group, Part, Treemap, treemap
from everyline.engines.duckdb import quoted
from everyline.exports import statement_words as words
from everyline.exports.reading import part_key
from everyline.relations import LAYERS, METHODS
from everyline.web.answer import month
from everyline.web.asked import Ask, at, every
from everyline.web.grid import SHOWN_MAX, Cell, Grid, Head, Rows, summed
from everyline.web.page import Page, Route
from everyline.web.pages.stack import folded

FOLDER = "/use-cases"
STACK = tuple(layer for layer in LAYERS if layer != "none")
"""The layers of cost in scope, from top to bottom."""

_NOTHING = Decimal(0)
_TREEMAP, _ALONE = (720, 420), (1220, 420)
_CHANGES = 460
_OWNERS_SHOWN = 2


class Case(NamedTuple):
    """One use case in a month, amounts in minor units; `value` is None for cost without one.

    Attributes:
        before: its cost of the month before; None where the run has no such month.
        layers: by layer, and `methods` by method; each sum to `cost`.
        owners: values of the lead key, the largest first; None is nobody.
        others: how many use cases these are, where a page has only their sum.
    """

    value: str | None
    cost: Decimal
    before: Decimal | None
    layers: Mapping[str, Decimal]
    methods: Mapping[str, Decimal]
    owners: Sequence[str | None]
    others: int = 0

    @property
    def change(self) -> Decimal | None:
        """What it costs more than in the month before."""
        return None if self.before is None else EXACT.subtract(self.cost, self.before)


def key_of(ask: Ask) -> str:
    """The key whose values these pages are about."""
    return part_key(ask.keys) or ask.lead


def address(ask: Ask, value: str | None) -> str:
    """The page of one use case; the empty one is of cost without one."""
    return ask.link(at(FOLDER, value or ""))


def page(ask: Ask) -> Page:
    """All use cases of a month."""
    key, found = key_of(ask), cases(ask)
    brief = () if every(ask) else _shortened(found)
    tables = [_by_case(ask, found, brief), _by_layer(ask, found, brief)]
    changed = _changed(ask, found)
    drawn = _stack(ask, found, _TREEMAP if changed else _ALONE)
    return Page(
        title=f"Cost by {key}",
        says=f"What each {key} costs across the stack; all of them together are the cost in scope",
        template="use_cases.html",
        tables=tables,
        content={"key": key, "stack": drawn, "changes": changed},
    )


def cases(ask: Ask) -> list[Case]:
    """Every use case with cost in the month or in the one before, the largest first, none last."""
    key, lead = quoted(key_of(ask)), quoted(ask.lead)
    told = f"{ask.run.relation('told')} WHERE {ask.of_block()}"
    before: dict[str | None, Decimal] = {}
    if ask.before is not None:
        earlier = f"{ask.run.relation('told')} WHERE {ask.of_block(ask.before)}"
        before = dict(ask.rows(f"SELECT {key}, sum({ask.amount}) FROM {earlier} GROUP BY ALL"))
    owners: dict[str | None, list[str | None]] = {}
    for value, owner in ask.rows(
        f"SELECT {key} AS value_, {lead} AS owner_ FROM {told} GROUP BY value_, owner_"
        f" ORDER BY value_, owner_ IS NULL, sum({ask.amount}) DESC, owner_"
    ):
        owners.setdefault(value, []).append(owner)
    now: dict[str | None, list[Decimal]] = {
        value: sums
        for value, *sums in ask.rows(
            f"SELECT {key}, sum({ask.amount}), {_apart(ask, 'x_Layer', STACK)},"
            f" {_apart(ask, 'x_Method', METHODS)} FROM {told} GROUP BY ALL"
        )
    }
    found = []
    for value in now | before:
        cost, *parts = now.get(value, [_NOTHING] * (1 + len(STACK) + len(METHODS)))
        layers = dict(zip(STACK, parts[: len(STACK)], strict=True))
        methods = dict(zip(METHODS, parts[len(STACK) :], strict=True))
        earlier_cost = before.get(value, _NOTHING) if ask.before else None
        found.append(Case(value, cost, earlier_cost, layers, methods, owners.get(value, [])))
    return sorted(found, key=lambda one: (one.value is None, -one.cost, one.value or ""))


def _apart(ask: Ask, column: str, names: Sequence[str]) -> str:
    return ", ".join(
        f"coalesce(sum({ask.amount}) FILTER ({column} = '{name}'), 0)" for name in names
    )


def named(ask: Ask, value: str | None) -> str:
    """A use case, or that there is none."""
    return value if value is not None else words.nobody(key_of(ask))


def _shortened(found: Sequence[Case]) -> Sequence[Case]:
    """Of very many the largest, the sum of all others, and what has no name; nothing of few."""
    named = [one for one in found if one.value is not None]
    if len(named) <= SHOWN_MAX + 1:
        return ()
    rest = named[SHOWN_MAX:]
    before = [one.before for one in rest if one.before is not None]
    others = Case(
        "",
        summed(one.cost for one in rest),
        summed(before) if before else None,
        {layer: summed(one.layers[layer] for one in rest) for layer in STACK},
        {method: summed(one.methods[method] for one in rest) for method in METHODS},
        (),
        len(rest),
    )
    return [*named[:SHOWN_MAX], others, *(one for one in found if one.value is None)]


def _name(ask: Ask, one: Case) -> Cell:
    if one.others:
        return Cell(f"{one.others:,} others", ask.here(all="1"))
    return Cell(one.value, address(ask, one.value), named(ask, one.value))


def _by_case(ask: Ask, found: Sequence[Case], brief: Sequence[Case]) -> Grid:
    """Amount, share, change, methods and owners."""
    whole = summed(one.cost for one in found)
    compared = ask.before is not None
    heads = [
        Head(key_of(ask), key_of(ask)),
        Head(ask.amount, "cost", "money"),
        Head("x_Share", "share", "share"),
        *([Head("x_Change", "change", "change")] if compared else []),
        *(Head(f"x_{method.capitalize()}", method, "money") for method in METHODS),
        Head("x_Owners", ask.lead),
    ]

    def row(one: Case) -> list[Cell]:
        return [
            _name(ask, one),
            Cell(one.cost),
            Cell(figures.share(one.cost, whole)),
            *([Cell(one.change)] if compared else []),
            *_parts(ask, one, "x_Method"),
            _owners(ask, one),
        ]

    total = [
        Cell("total"),
        Cell(whole),
        Cell(figures.share(whole, whole)),
        *([Cell(summed(one.change or _NOTHING for one in found))] if compared else []),
        *(Cell(summed(one.methods[method] for one in found)) for method in METHODS),
        Cell(None),
    ]
    notes = [f"Change is against {month(ask.before.period)}."] if ask.before else []
    caption = f"Cost by {key_of(ask)}"
    rows, shown, currency = Rows(found, row), [*map(row, brief)], ask.block.currency
    return Grid("use-cases", caption, heads, rows, currency, total, notes=notes, brief=shown)


def _parts(ask: Ask, one: Case, column: str) -> list[Cell]:
    """A use case by layer or method, with the lines behind each amount."""
    amounts = one.layers if column == "x_Layer" else one.methods
    if one.others:
        return [Cell(amount) for amount in amounts.values()]
    return [
        Cell(amount, ask.lines({key_of(ask): one.value, column: name}) if amount else None)
        for name, amount in amounts.items()
    ]


def _owners(ask: Ask, one: Case) -> Cell:
    """Whose it is: all in files, as a JSON list, for names may hold any mark; else the largest."""
    if one.others:
        return Cell(None, None, "")
    names = [owner if owner is not None else words.nobody(ask.lead) for owner in one.owners]
    more = len(names) - _OWNERS_SHOWN
    shown = ", ".join(names[:_OWNERS_SHOWN]) + (f" and {words.others(more)}" if more > 0 else "")
    alone = one.owners[0] if len(one.owners) == 1 else None
    href = ask.link(at("/owners", alone)) if alone is not None else None
    return Cell(_names(one), href, shown or "–")


def _names(one: Case) -> str:
    return json.dumps(one.owners, ensure_ascii=False)


def _by_layer(ask: Ask, found: Sequence[Case], brief: Sequence[Case]) -> Grid:
    """The same cost by layer: the numbers of the treemap."""
    heads = [
        Head(key_of(ask), key_of(ask)),
        *(Head(f"x_{layer.capitalize()}", layer, "money") for layer in STACK),
        Head(ask.amount, "cost", "money"),
    ]

    def row(one: Case) -> list[Cell]:
        return [_name(ask, one), *_parts(ask, one, "x_Layer"), Cell(one.cost)]

    total = [
        Cell("total"),
        *(Cell(summed(one.layers[layer] for one in found)) for layer in STACK),
        Cell(summed(one.cost for one in found)),
    ]
    rows, shown, currency = Rows(found, row), [*map(row, brief)], ask.block.currency
    return Grid("layers", "By layer", heads, rows, currency, total, brief=shown)


def _stack(ask: Ask, found: Sequence[Case], size: tuple[int, int]) -> Treemap:
    """A box a use case, by what it costs in each layer."""
    tones = {
        one.value: {layer: amount for layer, amount in one.layers.items() if amount}
        for one in found
    }

    def group(value: str | None) -> Group:
        parts = [
            Part(layer, layer, amount, _narrowed(ask, value, layer))
            for layer, amount in tones[value].items()
        ]
        return Group(named(ask, value), address(ask, value), parts)

    return treemap(folded(tones, group, ask.here()), *size, ask.block.currency, ask.here())


def _narrowed(ask: Ask, value: str | None, layer: str) -> str:
    return ask.link(at(FOLDER, value or ""), layer=layer)


def _changed(ask: Ask, found: Sequence[Case]) -> Bars | None:
    """What made the change since the month before; None where there is none, or no such month."""
    parts = [
        Change(named(ask, one.value), one.change, address(ask, one.value))
        for one in found
        if one.change
    ]
    if not parts or ask.before is None:
        return None
    sums = (summed(one.before or _NOTHING for one in found), summed(one.cost for one in found))
    return changes(parts, sums, ask.block.currency, _CHANGES, ask.here())


ROUTE = Route(FOLDER, "Use cases", page, takes=("all",))
