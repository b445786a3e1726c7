"""`/worklist`: who has no owner, by cost, as a registry to fill in."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from everyline import figures
from everyline.answers.unowned import names_of, registry, why
from everyline.config.configuration import Configuration
from everyline.control import EXACT
from everyline.engines.duckdb import Engine
from everyline.web.asked import Ask
from everyline.web.grid import Cell, Grid, Head, summed
from everyline.web.page import Page, Route
from everyline.web.shelf import Opened
from everyline.worklist import Part, Unowned, parts
from everyline.worklist import listed as listed_of

_ROWS_MAX = 100
_HASH = re.compile("[0-9a-f]{40,}")
_HASH_SHOWN = 12
_NOTHING = Decimal(0)


def page(ask: Ask) -> Page:
    """Identities without an owner in the month, the largest cost first."""
    configuration = ask.configured()
    changed = configuration[0] if isinstance(configuration, Sequence) else None
    known = None if isinstance(configuration, Sequence) else configuration
    listed = listed_of(found(ask.opened, ask.engine, known), period=ask.block.period)
    counted = [one for one in listed if not one.is_shield]
    nameable = [one for one in listed if one.identity]
    rest = _other_currencies(ask, counted)
    return Page(
        cost="EffectiveCost",
        title=f"Without a {ask.lead}",
        says=f"What nobody owns yet, under the names by which a registry can give it a {ask.lead}",
        template="worklist.html",
        tables=[_table(ask, counted)],
        content={
            "nobodys": summed(_cost(ask, one) for one in counted),
            "nameable": len(nameable),
            "changed": changed,
            "others": rest,
            "values": _declared(known),
        },
        files={"csv": registry(nameable, ask.keys).encode()},
    )


def found(opened: Opened, engine: Engine, known: Configuration | None) -> Sequence[Part]:
    """Those of all months together, worked out once a run: the page is for who sees all."""
    return opened.hold("worklist", known, lambda: parts(engine, opened.gathered, known))


def _cost(ask: Ask, one: Unowned) -> Decimal:
    return one.costs.get(ask.block.currency, _NOTHING)


def _table(ask: Ask, counted: Sequence[Unowned]) -> Grid:
    """One identity a row; cost of the month's currency."""
    currency, names = ask.block.currency, names_of(counted)
    counted = sorted(counted, key=lambda one: -_cost(ask, one))  # stays in order where equal
    whole = summed(_cost(ask, one) for one in counted)
    used = any(one.estimated for one in counted)
    heads = [
        Head("identity", "who"),
        Head("ServiceProviderName", "provider"),
        Head("services", "services"),
        Head("EffectiveCost", f"cost, {currency}", "exact"),
        Head("x_Share", "share", "share"),
        *([Head("x_EstimatedCost", "used, at list price", "text")] if used else []),
        Head("x_LineCount", "lines", "count"),
        Head("reasons", "why"),
        Head("since", "since", "word"),
    ]
    shown = counted if ask.form != "html" else counted[:_ROWS_MAX]
    rows = [_row(ask, one, names[id(one)], whole, used=used) for one in shown]
    total = [
        Cell("total"),
        Cell(None),
        Cell(None),
        Cell(whole, None, figures.amount(whole, currency)),
        Cell(figures.share(whole, whole)),
        *([Cell(None)] if used else []),
        Cell(None),
        Cell(None),
        Cell(None),
    ]
    more = (len(counted) - len(shown), ask.here(as_="json")) if len(counted) > len(shown) else None
    return Grid(
        "worklist",
        "By cost",
        heads,
        rows,
        currency,
        total if rows else (),
        more,
        f"Nothing to do: every line in scope has a {ask.lead}",
    )


def _row(ask: Ask, one: Unowned, name: str, whole: Decimal, *, used: bool) -> list[Cell]:
    cost = _cost(ask, one)
    return [
        Cell(name, _lines(ask, one), _short(name)),
        Cell(one.identity.get("ServiceProviderName")),
        Cell(", ".join(one.services) or None),
        Cell(cost, None, figures.amount(cost, ask.block.currency)),
        Cell(figures.share(cost, whole)),
        *([Cell(_costs(one.estimated) or None)] if used else []),
        Cell(one.lines or None),
        Cell(why(one)),
        Cell(one.since),
    ]


def _lines(ask: Ask, one: Unowned) -> str | None:
    """Its bill lines, where it is known by bills and not by usage."""
    if not one.lines or not one.identity:
        return None
    return ask.lines({**one.identity, ask.lead: None})


def _short(name: str) -> str:
    """A name, of hashes their beginning."""
    return name if _HASH.fullmatch(name) is None else f"{name[:_HASH_SHOWN]}…"


def _costs(costs: Mapping[str, Decimal]) -> str:
    return ", ".join(
        f"{figures.amount(cost, currency)} {currency}" for currency, cost in costs.items()
    )


def _other_currencies(ask: Ask, counted: Sequence[Unowned]) -> str:
    """What has no owner in other currencies, which are not in the sum."""
    sums: dict[str, Decimal] = {}
    for one in counted:
        for currency, cost in one.costs.items():
            if currency != ask.block.currency:
                sums[currency] = EXACT.add(sums.get(currency, _NOTHING), cost)
    return _costs(dict(sorted(sums.items())))


def _declared(configuration: Configuration | None) -> Sequence[str]:
    """The values of the lead key, if they are declared."""
    values = configuration.lead.values if configuration else None
    return values.values if values else ()


ROUTE = Route("/worklist", "Worklist", page, for_all_only=True)
