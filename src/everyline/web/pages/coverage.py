"""`/coverage`: how much of the cost is tagged and owned, and which services hold the rest?

Ratios are worked out here, from sums; none is an average of others (R22).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from everyline import figures
from everyline.answers import covered as answers
from everyline.answers.covered import Covered, Targets, Uncovered
from everyline.control import EXACT
from everyline.drawing.line import Line, Point, line
from everyline.problems import did_you_mean
from everyline.web.answer import month
from everyline.web.asked import Ask, Refused
from everyline.web.grid import Cell, Grid, Head, decimal, summed
from everyline.web.page import Page, Route

_SIZE = (720, 300)


class Measure(NamedTuple):
    """One way to measure coverage.

    Attributes:
        label: what is covered by it, as a heading; `name` in a sentence.
        counts: what is counted, `{key}` being the key.
        part: the sum of `Covered` that it counts, and `rest` that of `Uncovered` that it does not.
        lacks: what the rest lacks.
    """

    label: str
    name: str
    counts: str
    part: str
    rest: str
    lacks: str


MEASURES: Mapping[str, Measure] = {
    "tagged": Measure(
        "Tagged",
        "tagged",
        "the bill has a tag with a declared {key}",
        "tagged",
        "untagged",
        "not tagged",
    ),
    "focus": Measure(
        "Any tag",
        "tagged in any way",
        "the bill has a tag for the {key}, whatever it says; FOCUS's own measure",
        "marked",
        "unmarked",
        "no tag",
    ),
    "direct": Measure(
        "Found directly",
        "found directly",
        "the {key} of the line itself is known: by tag, registry, rule, another key, or usage",
        "direct",
        "undirect",
        "not found directly",
    ),
    "allocated": Measure(
        "Allocated",
        "allocated",
        "the {key} is known, shared cost included; what a default fills is not counted",
        "allocated",
        "unallocated",
        "not allocated",
    ),
}
"""By the name that an address has."""


class _Asked(NamedTuple):
    """What the page is of: a key, a measure, sums of the asked currency, and what is aimed at."""

    ask: Ask
    key: str
    by: str
    sums: Mapping[tuple[str, str, str | None], Covered]
    aims: Targets

    @property
    def measure(self) -> Measure:
        return MEASURES[self.by]

    @property
    def aim(self) -> Decimal | None:
        """What the measure is to be; there are targets for tags only."""
        return self.aims.tag_coverage.get(self.key) if self.by == "tagged" else None

    @property
    def months(self) -> list[str]:
        """Every month that the viewer has cost in, also where nothing of it can be tagged."""
        told = self.ask.run.relation("told")
        return [row[0] for row in self.ask.rows(f"SELECT DISTINCT x_Period FROM {told} ORDER BY 1")]

    def at(self, period: str, key: str | None = None, layer: str | None = None) -> Covered | None:
        return self.sums.get((period, key or self.key, layer))

    def ratio(self, period: str, by: str | None = None) -> Fraction | None:
        """The measure in a month; None where nothing is eligible."""
        return _ratio(self.at(period), MEASURES[by or self.by])


def page(ask: Ask) -> Page:
    """Coverage of a month, and over time."""
    asked = _asked(ask)
    grids = [_over_time(asked), _by_service(asked), _by_key(asked)]
    whose = "" if ask.viewer.sees_all else f" that the {ask.lead} values you may see bear"
    return Page(
        cost="EffectiveCost",
        title=f"Coverage of {asked.key}",
        says=f"Cost{whose} that can be tagged, and how much of it "
        f"{'is tagged' if asked.by in ('tagged', 'focus') else 'is owned'}, by money",
        template="coverage.html",
        tables=grids,
        content={
            "keys": [(key, ask.here(key=key), key == asked.key) for key in ask.keys],
            "cards": _cards(asked),
            "chosen": asked.measure.name,
            "counts": asked.measure.counts.format(key=asked.key),
            "chart": _chart(asked),
            "nobodys": _nobodys(asked),
        },
    )


def _asked(ask: Ask) -> _Asked:
    """The key and the measure, and the sums that they need.

    Raises:
        Refused: there is no such key or measure.
    """
    key, by = ask.more.get("key", ask.lead), ask.more.get("by", next(iter(MEASURES)))
    for name, value, known in (("key", key, ask.keys), ("by", by, list(MEASURES))):
        if value not in known:
            raise Refused(400, f"`{name}` can't be `{value}`", did_you_mean(value, known))
    whole = ask.run.relation("covered")
    if not ask.viewer.sees_all:
        whole = answers.of_owners(ask.run.relation("allocated"), ask.keys)
    found = {
        (one.period, one.key, one.layer): one
        for one in answers.covered(ask.engine, whole, ask.keys)
        if one.currency == ask.block.currency and not ask.block.estimated
    }
    return _Asked(ask, key, by, found, ask.targets)


def _ratio(sums: Covered | None, measure: Measure) -> Fraction | None:
    return None if sums is None else figures.share(getattr(sums, measure.part), sums.eligible)


def _cards(asked: _Asked) -> list[Mapping[str, object]]:
    """One card a measure: its figure, how far it is from the target, and its page."""
    ask = asked.ask
    made: list[Mapping[str, object]] = []
    for name, measure in MEASURES.items():
        now = asked.ratio(ask.block.period, name)
        before = asked.ratio(ask.before.period, name) if ask.before else None
        aim = asked.aims.tag_coverage.get(asked.key) if name == "tagged" else None
        made.append(
            {
                "label": measure.label,
                "figure": figures.percent(now),
                "aim": _aim(now, aim),
                "reached": None if now is None or aim is None else now >= aim,
                "change": _since(now, before, ask),
                "href": ask.here(by=name),
                "chosen": name == asked.by,
            }
        )
    return made


def _aim(now: Fraction | None, aim: Decimal | None) -> str:
    """The target, and how far away it is."""
    if aim is None:
        return ""
    said = f"Target {_percent_of(aim)}"
    if now is None or now >= aim:
        return said
    return f"{said}, {_points(Fraction(aim) - now).removeprefix('+')} points to go"


def _since(now: Fraction | None, before: Fraction | None, ask: Ask) -> str:
    if now is None or before is None or ask.before is None:
        return ""
    return f"{_points(now - before)} points since {month(ask.before.period)}"


def _points(change: Fraction) -> str:
    """A change of a ratio in points, with its sign."""
    text = f"{Decimal(round(change * 1000)).scaleb(-1):+z,.1f}".replace("-", figures.MINUS)
    return "0.0" if text == "+0.0" else text


def _percent_of(aim: Decimal) -> str:
    """A ratio that somebody aims at, in percent with the digits it was written with."""
    return f"{figures.exact(aim.scaleb(2))} %"


def _nobodys(asked: _Asked) -> Mapping[str, object] | None:
    """What of all cost in scope, eligible or not, has no value of the lead key."""
    ask = asked.ask
    sums = asked.at(ask.block.period, ask.lead)
    if sums is None or not ask.viewer.sees_all:
        return None
    share, limit = figures.share(sums.unowned, sums.cost), asked.aims.unallocated
    return {
        "amount": figures.amount(sums.unowned, sums.currency),
        "cost": figures.amount(sums.cost, sums.currency),
        "share": figures.percent(share),
        "limit": None if limit is None else _percent_of(limit),
        "kept": limit is None or share is None or share <= limit,
    }


def _chart(asked: _Asked) -> Line:
    """The measure by month, in percent."""
    points = [
        Point(period, _in_percent(asked.ratio(period)), asked.ask.here(period=period))
        for period in asked.months
    ]
    aim = asked.aim
    return line(points, None if aim is None else aim.scaleb(2), *_SIZE)


def _in_percent(ratio: Fraction | None) -> Decimal | None:
    return None if ratio is None else decimal(ratio * 100)


def _over_time(asked: _Asked) -> Grid:
    """The measure's sums and ratio, a month a row."""
    measure = asked.measure
    heads = [
        Head("x_Period", "month", "word"),
        Head("x_Eligible", "can be tagged", "money"),
        Head("x_Covered", measure.name, "money"),
        Head("x_Rest", measure.lacks, "money"),
        Head("x_Ratio", "share", "share"),
        Head("x_Change", "change, points", "share"),
        *([Head("x_Target", "target", "share")] if asked.aim is not None else []),
    ]
    rows: list[list[Cell]] = []
    before: Fraction | None = None
    for period in asked.months:
        sums, ratio = asked.at(period), asked.ratio(period)
        change = None if ratio is None or before is None else ratio - before
        month = Cell(period, asked.ask.here(period=period))
        part: Decimal | None = getattr(sums, measure.part) if sums else None
        rows.append(
            [
                month,
                Cell(sums.eligible if sums else None),
                Cell(part),
                Cell(EXACT.subtract(sums.eligible, part) if sums and part is not None else None),
                Cell(ratio),
                Cell(change, None, None if change is None else _points(change)),
                *([] if asked.aim is None else [_target(asked.aim)]),
            ]
        )
        before = ratio
    caption = f"{measure.label}, month by month"
    return Grid("months", caption, heads, rows, asked.ask.block.currency, empty=_EMPTY)


def _target(aim: Decimal | None) -> Cell:
    return Cell(None, None, "") if aim is None else Cell(Fraction(aim), None, _percent_of(aim))


def _by_key(asked: _Asked) -> Grid:
    """All keys and their layers, as `everyline coverage` shows them."""
    heads = [
        Head("x_Key", "key"),
        Head("x_Layer", "layer", "word"),
        Head("x_Eligible", "can be tagged", "money"),
        *(Head(f"x_{name.capitalize()}", one.label, "share") for name, one in MEASURES.items()),
        *([Head("x_Target", "target, tagged", "share")] if asked.aims.tag_coverage else []),
    ]
    rows = []
    for (period, key, layer), sums in asked.sums.items():
        if period == asked.ask.block.period:
            aim = asked.aims.tag_coverage.get(key) if layer is None else None
            rows.append(
                [
                    Cell(key, None if layer else asked.ask.here(key=key)),
                    Cell(layer, None, layer or "all"),
                    Cell(sums.eligible),
                    *(Cell(_ratio(sums, measure)) for measure in MEASURES.values()),
                    *([_target(aim)] if asked.aims.tag_coverage else []),
                ]
            )
    return Grid("keys", "All keys, by layer", heads, rows, asked.ask.block.currency, empty=_EMPTY)


def _by_service(asked: _Asked) -> Grid:
    """Which services hold what is not covered, the most first."""
    ask, measure = asked.ask, asked.measure
    found = _uncovered(asked)
    heads = [
        Head("ServiceName", "service"),
        Head("x_Layer", "layer", "word"),
        Head("x_Eligible", "can be tagged", "money"),
        Head("x_Rest", measure.lacks, "money"),
        Head("x_RestShare", "of the service", "share"),
        Head("x_Unowned", f"without a {asked.key}", "money"),
    ]
    to_mend = ask.viewer.sees_all and asked.key == ask.lead
    rows = [_service(asked, one, to_mend=to_mend) for one in found]
    sums = [
        summed(amounts) for amounts in zip(*(_amounts(one, measure) for one in found), strict=True)
    ]
    total = []
    if sums:
        whole, rest, unowned = sums
        share = Cell(figures.share(rest, whole))
        total = [Cell("total"), Cell(None), Cell(whole), Cell(rest), share, Cell(unowned)]
    where = "it is" if measure.lacks.startswith("not") else "there is"
    caption = f"Where {where} {measure.lacks}"
    return Grid("services", caption, heads, rows, ask.block.currency, total, empty=_EMPTY)


def _uncovered(asked: _Asked) -> Sequence[Uncovered]:
    ask, measure = asked.ask, asked.measure
    if ask.block.estimated:
        return []
    block = (ask.block.period, ask.block.currency)
    found = answers.uncovered(ask.engine, ask.run.relation("allocated"), block, asked.key)
    return sorted(
        (one for one in found if one.eligible),
        key=lambda one: (-getattr(one, measure.rest), -one.eligible, one.service or "", one.layer),
    )


def _amounts(one: Uncovered, measure: Measure) -> tuple[Decimal, Decimal, Decimal]:
    return one.eligible, getattr(one, measure.rest), one.unowned


def _service(asked: _Asked, one: Uncovered, *, to_mend: bool) -> list[Cell]:
    ask = asked.ask
    eligible, rest, unowned = _amounts(one, asked.measure)
    place = {"ServiceName": one.service, "x_Layer": one.layer}
    mend = ask.link("/worklist") if to_mend else ask.lines({**place, asked.key: None})
    return [
        Cell(one.service, ask.lines(place), None if one.service else "(no service)"),
        Cell(one.layer),
        Cell(eligible),
        Cell(rest),
        Cell(figures.share(rest, eligible)),
        Cell(unowned, mend if unowned else None),
    ]


_EMPTY = "Nothing of this month and currency can be tagged."

ROUTE = Route("/coverage", "Coverage", page, ("key", "by"))
