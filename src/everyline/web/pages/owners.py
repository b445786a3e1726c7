"""`/owners`: who pays what, how it was found to be theirs, and how did it change?"""

from collections.abc import Sequence
from decimal import Decimal

from everyline import figures
from everyline.control import EXACT
from everyline.drawing import words
from everyline.drawing.bars import Bar, Bars, Slice, bars
from everyline.engines.duckdb import Rows, literal, quoted
from everyline.relations import METHODS
from everyline.web.asked import Ask, at, every
from everyline.web.grid import SHOWN_MAX, Cell, Grid, Head, summed
from everyline.web.page import Page, Route

_NOTHING = Decimal(0)
_WIDTH = 1220
_BARS_MAX = 40
_TIMES = 3


def page(ask: Ask) -> Page:
    """All owners of a month."""
    drawn, said = _bars(ask)
    return Page(
        title=f"Cost by {ask.lead}",
        says="What each owner bears of the month, and how it was found to be theirs",
        template="owners.html",
        tables=[owners_table(ask, None if every(ask) else SHOWN_MAX)],
        content={"bars": drawn, "said": said},
    )


def _rows(ask: Ask) -> Rows:
    """Owner, cost, cost of the month before, and cost by method; nobody last."""
    lead = quoted(ask.lead)
    before = ask.of_block(ask.before) if ask.before else "false"
    now = ask.of_block()
    by_method = ", ".join(
        f"coalesce(sum({ask.amount}) FILTER ({now} AND x_Method = {literal(method)}), 0)"
        for method in METHODS
    )
    return ask.rows(
        f"SELECT {lead}, coalesce(sum({ask.amount}) FILTER ({now}), 0) AS now_,"
        f" coalesce(sum({ask.amount}) FILTER ({before}), 0), {by_method}"
        f" FROM {ask.run.relation('told')} WHERE ({now}) OR ({before})"
        f" GROUP BY {lead} ORDER BY {lead} IS NULL, now_ DESC, {lead}"
    )


def owners_table(ask: Ask, most: int | None = None) -> Grid:
    """Every owner's cost of the month by method, and its change; they sum to the cost in scope.

    A page has `most` of them, and the others as one row.
    """
    rows = _rows(ask)
    whole = summed(row[1] for row in rows)
    earlier = ask.before is not None
    used = [n for n, _ in enumerate(METHODS) if any(row[3 + n] for row in rows)]
    heads = [
        Head(ask.lead, ask.lead),
        Head(ask.amount, "cost", "money"),
        Head("x_Share", "share", "share"),
        *([Head("x_Change", "change", "change")] if earlier else []),
        *(Head(f"x_{METHODS[n].capitalize()}", METHODS[n], "money") for n in used),
    ]
    made = []
    for at_row, (owner, now, before, *parts) in enumerate(rows):
        change = [Cell(EXACT.subtract(now, before))] if earlier else []
        costs = [Cell(now), Cell(figures.share(now, whole)), *change]
        if most is None or at_row <= most or owner is None:
            by_method = [Cell(parts[n], _lines(ask, owner, METHODS[n], parts[n])) for n in used]
            made.append([_owner(ask, owner), *costs, *by_method])
        else:  # a row of files alone, which have no links
            made.append([Cell(owner), *costs, *(Cell(parts[n]) for n in used)])
    sums = [summed(row[3 + n] for row in rows) for n in used]
    moved = [Cell(EXACT.subtract(whole, summed(row[2] for row in rows)))] if earlier else []
    total = [
        Cell("total"),
        Cell(whole),
        Cell(figures.share(whole, whole)),
        *moved,
        *map(Cell, sums),
    ]
    table = Grid("owners", f"Cost by {ask.lead}", heads, made, ask.block.currency, total)
    return table if most is None else table.shortened(most, ask.link("/owners", all="1"))


def _owner(ask: Ask, owner: str | None) -> Cell:
    if owner is None:
        return Cell(None, ask.explain({ask.lead: ""}), "nobody yet")
    return Cell(owner, ask.link(at("/owners", owner)))


def _lines(ask: Ask, owner: str | None, method: str, amount: Decimal) -> str | None:
    return ask.lines({ask.lead: owner, "x_Method": method}) if amount else None


def _bars(ask: Ask) -> tuple[Bars | None, str]:
    """Owners of most cost, by method; the others as one, and nobody last.

    Others that together are many times the largest would leave of the rest nothing to see: they are
    told beside the drawing.
    """
    rows = [row for row in _rows(ask) if any(row[3:])]
    named = [row for row in rows if row[0] is not None]
    most = _BARS_MAX if len(named) <= _BARS_MAX else _BARS_MAX - 1
    made = [_bar(ask, owner, parts) for owner, _, _, *parts in named[:most]]
    said = ""
    others = named[most:]
    together = summed(row[1] for row in others)
    if others and together > _TIMES * named[0][1]:
        amount = f"{figures.amount(together, ask.block.currency)} {ask.block.currency}"
        said = f"Not drawn: {len(others):,} others, {amount} together."
    elif others:
        sums = [summed(row[3 + n] for row in others) for n, _ in enumerate(METHODS)]
        href = ask.link("/owners", all="1")
        slices = [Slice(m, amount, href) for m, amount in zip(METHODS, sums, strict=True) if amount]
        made.append(Bar(words.others(len(others)), href, slices))
    made += [_bar(ask, None, parts) for owner, _, _, *parts in rows if owner is None]
    return (bars(made, _WIDTH, ask.block.currency) if made else None), said


def _bar(ask: Ask, owner: str | None, parts: Sequence[Decimal]) -> Bar:
    return Bar(
        "nobody yet" if owner is None else owner,
        ask.explain({ask.lead: ""}) if owner is None else ask.link(at("/owners", owner)),
        [
            Slice(method, amount, ask.lines({ask.lead: owner, "x_Method": method}))
            for method, amount in zip(METHODS, parts, strict=True)
            if amount
        ],
    )


ROUTE = Route("/owners", "Owners", page, takes=("all",))
