"""`/compare`: what changed from one month or run to another, by whom and why?"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from everyline.comparing import CAUSES
from everyline.comparing.make import AMOUNTS, column, compared, summed
from everyline.comparing.sides import Side
from everyline.drawing.bars import Bars, Change, changes
from everyline.engines.duckdb import Engine, parquet
from everyline.problems import Problem, did_you_mean
from everyline.runs import Run, kept
from everyline.web import derived
from everyline.web.asked import Ask, Refused, at, every
from everyline.web.gathered import gathered
from everyline.web.grid import SHOWN_MAX, Cell, Grid, Head
from everyline.web.grid import summed as added
from everyline.web.page import Page, Route

_WORDS = {"evidence": "owner evidence"}
_WIDTH = 1220
_SHORT = 12
_OUT = "out"


def page(ask: Ask) -> Page:
    """Two months of the run; or this run and an earlier one."""
    sides = _sides(ask)
    if sides is None:
        return _nothing(ask)
    before, after = sides
    by = ask.more.get("by", ask.lead)
    known = [key for key in before.keys if key in after.keys]
    if by not in known or before.keys[0] != after.keys[0]:
        raise Refused(400, f"`{by}` is no key of both", did_you_mean(by, known))
    basis = "estimated" if ask.block.estimated else "billed"
    changes = f"SELECT * FROM {parquet(_changes(ask.opened.project, ask.engine, before, after))}"
    rows = [
        row[2:] for row in ask.rows(summed(changes, [by])) if row[:2] == (ask.block.currency, basis)
    ]
    table = _table(ask, (before, after), by, rows)
    return Page(
        cost="EffectiveCost",
        title=f"{before.name} to {after.name}",
        says="The change of each owner, split into causes that sum to it",
        template="compare.html",
        tables=[table if every(ask) else table.shortened(SHOWN_MAX, ask.here(all="1"))],
        content={
            "bars": _bars(ask, rows),
            "before": ask.more.get("before"),
            "months": sorted({block.period for block in ask.opened.blocks}),
            "keys": known,
            "by": by,
        },
    )


def _changes(project: Path, engine: Engine, before: Side, after: Side) -> Path:
    """The file of the change of each owner, worked out once for two months."""
    name = f"{after.run.id}-{before.run.id[:_SHORT]}-{before.month}-{after.month}"

    def write(path: Path) -> None:
        engine.write_unordered(compared(engine, before, after), path)

    return derived.made(derived.folder_of(project, "changes", name), write)


def steps(project: Path, run: Run, engine: Engine) -> Iterator[Callable[[], object]]:
    """What works out the changes of each month from the one before, the last months first."""
    groups = run.relation("groups")
    months = engine.rows(f"SELECT DISTINCT x_Period FROM {groups} ORDER BY 1 DESC")
    for (now,), (before,) in pairwise(months):
        sides = (Side(month, run, month) for month in (before, now))
        yield partial(_changes, project, engine, *sides)


def _nothing(ask: Ask) -> Page:
    """The page of a run's first month."""
    empty = f"The run has no month before {ask.block.period}: two months can be compared"
    return Page(
        cost="EffectiveCost",
        title=f"{ask.block.period}, the first month",
        says="The change of each owner, split into causes that sum to it",
        template="table.html",
        tables=[Grid("changes", "Who changed, and why", [], [], empty=empty)],
    )


def _sides(ask: Ask) -> tuple[Side, Side] | None:
    """What is compared; None where the run has no month before."""
    now = ask.block.period
    against = ask.more.get("against")
    if against is not None:
        earlier = kept(ask.opened.project, against)
        if isinstance(earlier, Problem):
            raise Refused(404, earlier.sentence, earlier.hint)
        run = gathered(ask.opened.project, earlier)
        return Side(against, run, now), Side(f"run {ask.opened.short}", ask.opened.gathered, now)
    months = {block.period for block in ask.opened.blocks}
    before = ask.more.get("before") or max((m for m in months if m < now), default=None)
    if before is None:
        return None
    if before not in months:
        raise Refused(400, f"the run has no month `{before}`", did_you_mean(before, months))
    whole = ask.opened.gathered
    return Side(before, whole, before), Side(now, whole, now)


def _table(ask: Ask, sides: tuple[Side, Side], by: str, rows: Sequence[tuple[Any, ...]]) -> Grid:
    """Owners by the size of their change; a column for each cause that plays a part."""
    first = len(AMOUNTS) - len(CAUSES)
    used = [n for n, _ in enumerate(CAUSES) if any(row[2 + first + n] for row in rows)]
    heads = [
        Head(by, by),
        Head("x_Before", sides[0].name, "money"),
        Head("x_After", sides[1].name, "money"),
        Head("x_Change", "change", "change"),
        *(Head(column(CAUSES[n]), _WORDS.get(CAUSES[n], CAUSES[n]), "change") for n in used),
    ]
    places = [2, 3, 4, *(2 + first + n for n in used)]
    made = [
        [_owner(ask, by, row), *(Cell(row[place]) for place in places)]
        for row in rows
        if any(row[2:])
    ]
    total = [Cell("total"), *(Cell(added(row[place] for row in rows)) for place in places)]
    return Grid(
        "changes",
        "Who changed, and why",
        heads,
        made,
        ask.block.currency,
        total,
        empty="Nothing changed",
        notes=[
            "What is no AI cost is one row, so that the total is that of the bill.",
            "These are exact sums; statements are rounded from each issuer's total down.",
        ],
    )


def _owner(ask: Ask, by: str, row: tuple[Any, ...]) -> Cell:
    scope, owner = row[:2]
    if scope == _OUT:
        return Cell(None, None, "not AI")
    if owner is None:
        return Cell(None, ask.explain({by: None}), "nobody yet" if by == ask.lead else f"(no {by})")
    return Cell(owner, ask.link(at("/owners", owner)) if by == ask.lead else None)


def _bars(ask: Ask, rows: Sequence[tuple[Any, ...]]) -> Bars | None:
    """The change of all owners by cause."""
    first = 2 + len(AMOUNTS) - len(CAUSES)
    inside = [row for row in rows if row[0] != _OUT]
    made = [
        Change(_WORDS.get(cause, cause), amount, ask.here())
        for n, cause in enumerate(CAUSES)
        if (amount := added(row[first + n] for row in inside))
    ]
    sums = (added(row[2] for row in inside), added(row[3] for row in inside))
    return changes(made, sums, ask.block.currency, _WIDTH, ask.here()) if made else None


ROUTE = Route("/compare", "Compare", page, ("before", "against", "by", "all"), for_all_only=True)
