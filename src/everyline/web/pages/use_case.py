"""`/use-cases/{value}`: what does one use case cost across the stack, and by which rules?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from everyline import figures
from everyline.answers.parts import Block
from everyline.control import EXACT
from everyline.drawing.bars import Bar, Bars, Change, Slice, bars, changes
from everyline.engines.duckdb import literal, quoted
from everyline.exports import statement_words as words
from everyline.problems import did_you_mean
from everyline.relations import METHODS
from everyline.web.answer import month
from everyline.web.asked import Ask, Refused, at
from everyline.web.grid import Cell, Grid, Head, summed
from everyline.web.page import Page, Route
from everyline.web.pages.flows import flows, having
from everyline.web.pages.use_cases import FOLDER, STACK, key_of, named
from everyline.web.pages.ways import ways

_NOTHING = Decimal(0)
_SANKEY = (1220, 420)
_FLOWS = ("x_Layer", "ServiceName", "x_Method")
_BARS, _BARS_ALONE, _MONTHS_MAX = 720, 1220, 12
_CHANGES = 460
_TABLE = "one_use_case"

_Months = Mapping[str, Sequence[Decimal]]
"""By month: the cost, and of it each method."""


@dataclass(frozen=True, slots=True)
class _One:
    """What the page is of.

    Attributes:
        value: the use case; None for cost without one.
        layer: the one that it is narrowed to, if it is.
        sums: by layer and method, in minor units.
    """

    ask: Ask
    value: str | None
    layer: str | None
    sums: Mapping[tuple[str, str], Decimal]

    @property
    def place(self) -> Mapping[str, str | None]:
        """Columns and values that all rows of it have."""
        narrow = {"x_Layer": self.layer} if self.layer else {}
        return {key_of(self.ask): self.value, **narrow}

    @property
    def cost(self) -> Decimal:
        return summed(self.sums.values())

    def told(self, block: Block | None = None) -> str:
        """SQL to select its rows from, of a month."""
        return f"{_TABLE} WHERE {self.ask.of_block(block)} AND {having(self.place)}"

    def by_method(self, method: str) -> Decimal:
        return summed(amount for (_, own), amount in self.sums.items() if own == method)


def page(ask: Ask, value: str) -> Page:
    """One use case in a month."""
    one = _one(ask, value)
    services = _services(one)
    by_month = _by_month(one)
    changed = _changes(one, services)
    tables = [_stack(one), ways(ask, one.place, _TABLE), _by_service(one, services), _by_owner(one)]
    return Page(
        title=named(ask, one.value),
        says=(
            f"What {key_of(ask)} {one.value} costs"
            if one.value is not None
            else f"What cost has no {key_of(ask)}"
        )
        + (f", in the {one.layer} layer" if one.layer else ", across the stack"),
        template="use_case.html",
        tables=[*tables, _months(one, by_month)],
        content={
            "cards": _cards(one, by_month),
            "layers": _layers(one),
            "flows": flows(ask, (*_FLOWS, ask.lead), _SANKEY, one.place, _TABLE),
            "bars": _bars(one, by_month, _BARS if changed else _BARS_ALONE),
            "changes": changed,
            "explain": ask.explain({key_of(ask): one.value}),
            "lines": ask.lines(one.place),
        },
    )


def _one(ask: Ask, value: str) -> _One:
    """The use case of an address.

    Raises:
        Refused: there is no such layer, or no cost of such a use case in any month.
    """
    layer = ask.more.get("layer")
    if layer is not None and layer not in STACK:
        raise Refused(400, f"`layer` can't be `{layer}`", did_you_mean(layer, STACK))
    told, key = ask.run.relation("told"), quoted(key_of(ask))
    of_it = having({key_of(ask): value or None})
    # Few of all rows, and much is asked of them.
    ask.engine.run(f"CREATE OR REPLACE TEMP TABLE {_TABLE} AS SELECT * FROM {told} WHERE {of_it}")
    if not ask.rows(f"SELECT 1 FROM {_TABLE} LIMIT 1"):
        known = [row[0] for row in ask.rows(f"SELECT DISTINCT {key} FROM {told}") if row[0]]
        raise Refused(404, f"no cost has the {key_of(ask)} `{value}`", did_you_mean(value, known))
    found = _One(ask, value or None, layer, {})
    sums = {
        (one, method): amount
        for one, method, amount in ask.rows(
            f"SELECT x_Layer, x_Method, sum({ask.amount}) FROM {found.told()} GROUP BY ALL"
        )
    }
    return _One(ask, value or None, layer, sums)


def _layers(one: _One) -> list[tuple[str, str, bool]]:
    """What the page can be narrowed to: name, address, and whether it is."""
    address = one.ask.link(at(FOLDER, one.value or ""))
    narrowed = [(layer, one.ask.here(layer=layer), layer == one.layer) for layer in STACK]
    return [("all layers", address, one.layer is None), *narrowed]


def _cards(one: _One, by_month: _Months) -> list[Mapping[str, str]]:
    ask, cost = one.ask, one.cost
    cards: list[Mapping[str, str]] = [
        {
            "label": f"Cost, {ask.block.currency}",
            "figure": figures.amount(cost, ask.block.currency),
            "note": _of_all(one) if ask.viewer.sees_all else "",
        }
    ]
    if ask.before is not None:
        before = by_month.get(ask.before.period, [_NOTHING])[0]
        change = EXACT.subtract(cost, before)
        share = figures.share(change, before) if before > 0 else None
        cards.append(
            {
                "label": f"Change from {month(ask.before.period)}",
                "figure": figures.change(change, ask.block.currency),
                "note": "" if share is None else f"{'+' * (share > 0)}{figures.percent(share)}",
            }
        )
    for method in METHODS:
        amount = one.by_method(method)
        cards.append(
            {
                "label": method.capitalize(),
                "figure": figures.amount(amount, ask.block.currency),
                "note": figures.percent(figures.share(amount, cost)),
            }
        )
    return cards


def _of_all(one: _One) -> str:
    """Its share of all cost in scope."""
    ask = one.ask
    told = f"{ask.run.relation('told')} WHERE {ask.of_block()}"
    sum_ = f"SELECT coalesce(sum({ask.amount}), 0) FROM {told}"
    whole = ask.held(f"whole {ask.block} {ask.amount}", lambda: ask.engine.one(sum_)[0])
    share = figures.share(one.cost, whole)
    return "" if share is None else f"{figures.percent(share)} of AI cost in scope"


def _stack(one: _One) -> Grid:
    """By layer and method: the full stack."""
    heads = [
        Head("x_Layer", "layer", "word"),
        Head(one.ask.amount, "cost", "money"),
        Head("x_Share", "share", "share"),
        *(Head(f"x_{method.capitalize()}", method, "money") for method in METHODS),
    ]
    rows = []
    for layer in [layer for layer in STACK if one.layer in (None, layer)]:
        parts = [one.sums.get((layer, method), _NOTHING) for method in METHODS]
        rows.append(
            [
                Cell(layer, one.ask.here(layer=layer)),
                Cell(summed(parts)),
                Cell(figures.share(summed(parts), one.cost)),
                *(
                    _amount(one, part, {"x_Layer": layer, "x_Method": method})
                    for method, part in zip(METHODS, parts, strict=True)
                ),
            ]
        )
    total = [
        Cell("total"),
        Cell(one.cost),
        Cell(figures.share(one.cost, one.cost)),
        *(Cell(one.by_method(method)) for method in METHODS),
    ]
    return Grid("stack", "By layer", heads, rows, one.ask.block.currency, total)


def _amount(one: _One, amount: Decimal, part: Mapping[str, str | None]) -> Cell:
    """An amount with the lines behind it."""
    return Cell(amount, one.ask.lines({**one.place, **part}) if amount else None)


_Service = tuple[str | None, str, Decimal, Decimal]
"""Service, layer, cost of the month, and of the month before."""


def _services(one: _One) -> list[_Service]:
    """Services of this month and of the one before, the largest first."""

    def sums(block: Block | None) -> dict[tuple[str | None, str], Decimal]:
        return {
            (service, layer): amount
            for service, layer, amount in one.ask.rows(
                f"SELECT ServiceName, x_Layer, sum({one.ask.amount}) FROM {one.told(block)}"
                " GROUP BY ALL"
            )
        }

    now, before = sums(None), sums(one.ask.before) if one.ask.before else {}
    found = [(*at, now.get(at, _NOTHING), before.get(at, _NOTHING)) for at in now | before]
    return sorted(found, key=lambda row: (-row[2], row[1], row[0] or ""))


def _by_service(one: _One, found: Sequence[_Service]) -> Grid:
    compared = one.ask.before is not None
    heads = [
        Head("ServiceName", "service"),
        Head("x_Layer", "layer", "word"),
        Head(one.ask.amount, "cost", "money"),
        Head("x_Share", "share", "share"),
        *([Head("x_Change", "change", "change")] if compared else []),
    ]
    rows = [
        [
            Cell(service, None, service or _NO_SERVICE),
            Cell(layer),
            _amount(one, cost, {"ServiceName": service, "x_Layer": layer}),
            Cell(figures.share(cost, one.cost)),
            *([Cell(EXACT.subtract(cost, before))] if compared else []),
        ]
        for service, layer, cost, before in found
    ]
    change = EXACT.subtract(one.cost, summed(row[3] for row in found))
    total = [
        *(Cell("total"), Cell(None), Cell(one.cost), Cell(figures.share(one.cost, one.cost))),
        *([Cell(change)] if compared else []),
    ]
    return Grid("services", "By service", heads, rows, one.ask.block.currency, total)


def _changes(one: _One, found: Sequence[_Service]) -> Bars | None:
    """What made the change since the month before, by service."""
    if one.ask.before is None:
        return None
    made = [
        Change(
            service or _NO_SERVICE,
            EXACT.subtract(cost, before),
            one.ask.lines({**one.place, "ServiceName": service, "x_Layer": layer}),
        )
        for service, layer, cost, before in found
        if cost != before
    ]
    sums = (summed(row[3] for row in found), one.cost)
    return changes(made, sums, one.ask.block.currency, _CHANGES, one.ask.here()) if made else None


def _by_owner(one: _One) -> Grid:
    """Whose it is."""
    ask, lead = one.ask, quoted(one.ask.lead)
    heads = [
        Head(ask.lead, ask.lead),
        Head(ask.amount, "cost", "money"),
        Head("x_Share", "share", "share"),
    ]
    rows = [
        [
            Cell(
                owner,
                ask.link(at("/owners", owner)) if owner is not None else None,
                owner if owner is not None else words.nobody(ask.lead),
            ),
            _amount(one, amount, {ask.lead: owner}),
            Cell(figures.share(amount, one.cost)),
        ]
        for owner, amount in ask.rows(
            f"SELECT {lead}, sum({ask.amount}) FROM {one.told()} GROUP BY {lead}"
            f" ORDER BY {lead} IS NULL, 2 DESC, 1"
        )
    ]
    total = [Cell("total"), Cell(one.cost), Cell(figures.share(one.cost, one.cost))]
    return Grid("owners", f"By {ask.lead}", heads, rows, ask.block.currency, total)


def _by_month(one: _One) -> _Months:
    """Its cost in every month that the viewer has cost in, up to the one asked for."""
    block = one.ask.block
    of_it = (
        f"{having(one.place)} AND BillingCurrency = {literal(block.currency)}"
        f" AND (x_Basis = 'estimated') = {block.estimated}"
    )
    tests = ["true", *(f"x_Method = {literal(method)}" for method in METHODS)]
    sums = ", ".join(f"coalesce(sum({one.ask.amount}) FILTER ({test}), 0)" for test in tests)
    rows = one.ask.rows(f"SELECT x_Period, {sums} FROM {_TABLE} WHERE {of_it} GROUP BY x_Period")
    found = {period: amounts for period, *amounts in rows}
    every = f"SELECT DISTINCT x_Period FROM {one.ask.run.relation('told')} ORDER BY 1"
    months = [period for (period,) in one.ask.held("months", lambda: one.ask.rows(every))]
    return {
        period: found.get(period, [_NOTHING] * len(tests))
        for period in months
        if period <= block.period
    }


def _months(one: _One, by_month: _Months) -> Grid:
    heads = [
        Head("x_Period", "month", "word"),
        Head(one.ask.amount, "cost", "money"),
        Head("x_Change", "change", "change"),
        *(Head(f"x_{method.capitalize()}", method, "money") for method in METHODS),
    ]
    rows: list[list[Cell]] = []
    before: Decimal | None = None
    for period, (amount, *parts) in by_month.items():
        change = None if before is None else EXACT.subtract(amount, before)
        month = Cell(period, one.ask.here(period=period))
        rows.append([month, Cell(amount), Cell(change), *map(Cell, parts)])
        before = amount
    return Grid("months", "Month by month", heads, rows, one.ask.block.currency)


def _bars(one: _One, by_month: _Months, width: int) -> Bars:
    """The last months, by method."""
    rows = [
        Bar(
            period,
            one.ask.here(period=period),
            [
                Slice(method, amount, one.ask.here(period=period))
                for method, amount in zip(METHODS, parts, strict=True)
            ],
        )
        for period, (_, *parts) in list(by_month.items())[-_MONTHS_MAX:]
    ]
    return bars(rows, width, one.ask.block.currency)


_NO_SERVICE = "(no service)"

ROUTE = Route(f"{FOLDER}/{{value}}", "", page, ("layer",))
