"""`/`: where did this month's money go, and does it tie to the bill?"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from everyline import figures
from everyline.answers.covered import Covered, Targets, covered
from everyline.control import EXACT
from everyline.drawing.line import Line, Point, line
from everyline.drawing.sankey import Sankey
from everyline.engines.duckdb import quoted
from everyline.web.asked import Ask
from everyline.web.grid import decimal, summed
from everyline.web.page import Page, Route
from everyline.web.pages.flows import flows
from everyline.web.pages.owners import owners_table
from everyline.web.pages.stack import stack

_NOTHING = Decimal(0)
_SANKEY = (1220, 460)
_TREEMAP = (720, 400)
_ALONE = (1220, 400)
_LINE = (480, 320)
_OWNERS_MAX = 20


class Tie(NamedTuple):
    """The month's bill in minor units: owned + unallocated = in scope; + not AI = bill.

    Attributes:
        bill: None for who sees some owners only.
        difference: bill - not AI - all that was allocated, exact; 0, or nothing is published (R26).
        before: in scope, of the month before; None where the run has none.
    """

    owned: Decimal
    unallocated: Decimal
    scope: Decimal
    none: Decimal | None
    bill: Decimal | None
    difference: Decimal
    before: Decimal | None


def page(ask: Ask) -> Page:
    """The overview of a month."""
    tie = _tie(ask)
    content: dict[str, object] = {
        "tie": tie,
        # Where one of them is a credit, a share of their sum means nothing.
        "share": figures.share(tie.owned, tie.scope)
        if min(tie.owned, tie.unallocated) >= 0
        else None,
        "unallocated": figures.share(tie.unallocated, tie.scope),
        "change": None if tie.before is None else EXACT.subtract(tie.scope, tie.before),
        "flows": _flows(ask),
        "also": _also(ask),
    }
    content |= _whole(ask) if ask.viewer.sees_all else {"coverage": (), "line": None, "odd": ()}
    content["stack"] = stack(ask, _TREEMAP if content["line"] else _ALONE)
    return Page(
        title="Where the money went",
        says="AI cost of the month, and how its owners were found",
        template="overview.html",
        tables=[owners_table(ask, _OWNERS_MAX)],
        content=content,
    )


def _also(ask: Ask) -> list[tuple[str, str]]:
    """Other currencies of the month, and what was estimated, each with its page."""
    return [
        (
            f"{one.currency}, estimated" if one.estimated else one.currency,
            ask.link("/", currency=one.currency, estimated="true" if one.estimated else None),
        )
        for one in ask.opened.blocks
        if one.period == ask.block.period and one != ask.block
    ]


def _whole(ask: Ask) -> Mapping[str, object]:
    """What is of all owners together, and of nobody."""
    sums = covered(ask.engine, ask.run.relation("covered"), ask.keys)
    aims = ask.targets
    of_month = [
        one
        for one in sums
        if (one.period, one.currency, one.layer) == (ask.block.period, ask.block.currency, None)
    ]
    return {
        "goal": aims,
        "coverage": [(one, figures.share(one.tagged, one.eligible)) for one in of_month],
        "line": _over_time(ask, sums, aims),
        "odd": ask.rows(
            "SELECT x_Problem, count(*), sum(EffectiveCost) FROM"
            f" {ask.run.relation('problems')} WHERE x_Period IS NULL OR (x_Period = ? AND"
            " BillingCurrency = ?) GROUP BY ALL ORDER BY 3 DESC NULLS LAST, 1",
            [ask.block.period, ask.block.currency],
        ),
    }


def _over_time(ask: Ask, sums: list[Covered], aims: Targets) -> Line | None:
    """Tag coverage of the lead key by month."""
    months = {
        one.period: figures.share(one.tagged, one.eligible)
        for one in sums
        if (one.key, one.layer, one.currency) == (ask.lead, None, ask.block.currency)
    }
    points = [
        Point(period, _percent(value), ask.link("/coverage", period=period))
        for period, value in sorted(months.items())
    ]
    aim = aims.tag_coverage.get(ask.lead)
    return line(points, None if aim is None else aim.scaleb(2), *_LINE) if points else None


def _percent(share: Fraction | None) -> Decimal | None:
    found = decimal(share)
    return None if found is None else found.scaleb(2)


def _tie(ask: Ask) -> Tie:
    lead, told = quoted(ask.lead), ask.run.relation("told")
    sums: dict[bool, Decimal] = dict(
        ask.rows(
            f"SELECT {lead} IS NOT NULL, sum({ask.amount}) FROM {told} WHERE {ask.of_block()}"
            " GROUP BY ALL"
        )
    )
    owned, unallocated = sums.get(True, _NOTHING), sums.get(False, _NOTHING)
    scope = summed((owned, unallocated))
    before = None
    if ask.before is not None:
        (found,) = ask.rows(
            f"SELECT sum({ask.amount}) FROM {told} WHERE {ask.of_block(ask.before)}"
        )
        before = found[0] or _NOTHING
    if not ask.viewer.sees_all:
        return Tie(owned, unallocated, scope, None, None, _NOTHING, before)
    at = 0 if ask.cost == "effective" else 1
    parts = ask.opened.parts.get(ask.block, {})
    bill, none = (parts.get(name, (_NOTHING, _NOTHING))[at] for name in ("bill", "none"))
    difference = parts.get("difference", (_NOTHING, _NOTHING))[at]
    return Tie(owned, unallocated, scope, none, bill, difference, before)


def _flows(ask: Ask) -> Sankey | None:
    return flows(ask, ("ServiceName", "x_Layer", "x_Method", ask.lead), _SANKEY)


ROUTE = Route("/", "Overview", page)
