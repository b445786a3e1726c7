"""`/problems`: what is odd in the bills and the usage, what it is worth, and what to do."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, get_args

from everyline import figures
from everyline.answers.meanings import meaning
from everyline.problems import Level, did_you_mean
from everyline.web.asked import Ask, Refused, at
from everyline.web.grid import Cell, Grid, Head, summed
from everyline.web.page import Page, Route

_COLUMNS = (
    "x_Problem, level, sentence, x_Place, x_Subject, x_Period, BillingCurrency, EffectiveCost,"
    " x_LineCount, hint"
)


class _Row(NamedTuple):
    """One problem, as the relation has it."""

    problem: str
    level: str
    sentence: str
    place: str
    subject: str
    period: str | None
    currency: str | None
    cost: Decimal | None
    lines: int | None
    hint: str | None


def page(ask: Ask) -> Page:
    """The problems of the month, and those of no month; the largest amount first."""
    level = ask.more.get("level")
    if level is not None and level not in get_args(Level):
        raise Refused(400, f"`level` can't be `{level}`", did_you_mean(level, get_args(Level)))
    every = _found(ask)
    names = sorted({row.problem for row in every})
    wanted = ask.more.get("problem")
    if wanted is not None and wanted not in names and not meaning(wanted):
        raise Refused(400, f"there is no problem `{wanted}`", did_you_mean(wanted, names))
    kept = [row for row in every if wanted in (None, row.problem) and level in (None, row.level)]
    return _page(ask, kept, f"{wanted}" if wanted else "Problems")


def one(ask: Ask, value: str) -> Page:
    """What one kind of problem means, and where it is."""
    said = meaning(value)
    if not said:
        known = [row.problem for row in _found(ask)]
        raise Refused(404, f"there is no problem `{value}`", did_you_mean(value, known))
    kept = [row for row in _found(ask) if row.problem == value]
    return _page(ask, kept, value, said)


def _found(ask: Ask) -> list[_Row]:
    rows = ask.rows(
        f"SELECT {_COLUMNS} FROM {ask.run.relation('problems')}"
        " ORDER BY abs(coalesce(EffectiveCost, 0)) DESC, x_Problem, x_Place, x_Subject, x_Period"
    )
    return [_Row(*row) for row in rows]


def _page(ask: Ask, kept: Sequence[_Row], title: str, means: str = "") -> Page:
    here = [row for row in kept if row.period in (None, ask.block.period)]
    elsewhere: dict[str, int] = {}
    for row in kept:
        if row.period not in (None, ask.block.period) and row.period is not None:
            elsewhere[row.period] = elsewhere.get(row.period, 0) + 1
    months = {block.period for block in ask.opened.blocks}
    return Page(
        cost="EffectiveCost",
        title=title,
        says="What the run found odd, what it touches, and what to do about it",
        template="problems.html",
        tables=[_kinds(ask, here), _table(ask, here)],
        content={
            "means": means,
            "problems": here,
            "is_filtered": bool(ask.more),
            "elsewhere": [
                (month, many, ask.here(period=month) if month in months else None)
                for month, many in sorted(elsewhere.items(), reverse=True)
            ],
            "at": at,
        },
    )


def _kinds(ask: Ask, rows: Sequence[_Row]) -> Grid:
    """How many there are of each kind, and what they touch."""
    sums: dict[tuple[str, str, str | None], list[_Row]] = {}
    for row in rows:
        sums.setdefault((row.problem, row.level, row.currency), []).append(row)
    heads = [
        Head("x_Problem", "problem"),
        Head("level", "level", "word"),
        Head("count", "how many", "count"),
        Head("x_LineCount", "bill lines", "count"),
        Head("EffectiveCost", "touches", "exact"),
        Head("BillingCurrency", "currency", "word"),
        Head("meaning", "what it means"),
    ]
    made = []
    for (name, level, currency), of in sums.items():
        costs = [row.cost for row in of if row.cost is not None]
        cost = summed(costs) if costs else None
        made.append(
            [
                Cell(name, ask.link(at("/problems", name))),
                Cell(level),
                Cell(len(of)),
                Cell(sum(row.lines or 0 for row in of) or None),
                _cost(cost, currency),
                Cell(currency),
                Cell(meaning(name) or None, None, meaning(name).replace("`", "") or None),
            ]
        )
    return Grid("kinds", "By kind", heads, made, empty="No problems in this month")


def _cost(cost: Decimal | None, currency: str | None) -> Cell:
    return Cell(cost, None, None if cost is None else figures.amount(cost, currency or ""))


def _table(ask: Ask, rows: Sequence[_Row]) -> Grid:
    """One problem a row."""
    heads = [
        Head("x_Problem", "problem"),
        Head("level", "level", "word"),
        Head("sentence", "what is odd"),
        Head("EffectiveCost", "touches", "exact"),
        Head("BillingCurrency", "currency", "word"),
        Head("x_LineCount", "bill lines", "count"),
        Head("x_Place", "where"),
        Head("x_Period", "month", "word"),
        Head("hint", "what to do"),
    ]
    made = [
        [
            Cell(row.problem, ask.link(at("/problems", row.problem))),
            Cell(row.level),
            Cell(row.sentence),
            _cost(row.cost, row.currency),
            Cell(row.currency),
            Cell(row.lines or None),
            Cell(row.place),
            Cell(row.period),
            Cell(row.hint or None),
        ]
        for row in rows
    ]
    return Grid("problems", "Each of them", heads, made, empty="No problems in this month")


ROUTE = Route("/problems", "Problems", page, takes=("problem", "level"), for_all_only=True)
ONE = Route("/problems/{value}", "", one, for_all_only=True)
