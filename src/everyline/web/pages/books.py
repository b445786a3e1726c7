"""`/books`: which months are closed, what is pending, and is the next one ready for chargeback?"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from everyline import figures
from everyline.books import corrections, gate, read
from everyline.books.lines import Line, stated
from everyline.control import EXACT
from everyline.web.asked import Ask
from everyline.web.grid import Cell, Grid, Head, summed
from everyline.web.page import Page, Route


def page(ask: Ask) -> Page:
    """The books beside the run."""
    damaged = read.verified(ask.opened.project)
    if damaged:
        return Page(
            title="Books",
            says="The books can't be trusted, so nothing of them is shown",
            template="books.html",
            tables=[],
            content={"damaged": damaged, "checks": None, "closed": None},
        )
    closes = read.closed(ask.opened.project)
    booked = read.all_booked(ask.opened.project)
    by_month = {close.period: close for close in closes}
    lines = stated(ask.engine, ask.run) if closes else []
    pending = corrections.pending(booked, lines, "", ask.keys) if closes else []
    said = "No month is closed yet: showback comes first"
    if closes:
        said = f"{closes[0].period} to {closes[-1].period} closed; closed figures never change"
    checks = _checks(ask)
    return Page(
        title="Books",
        says=said,
        template="books.html",
        tables=[_months(ask, by_month, booked), _pending(ask, pending), *checks],
        content={
            "damaged": (),
            "checks": checks[0] if checks else None,
            "closed": by_month.get(ask.block.period),
        },
    )


def _months(ask: Ask, closes: Mapping[str, read.Close], booked: Sequence[Line]) -> Grid:
    """Every month of the run: as booked, and as the run has it now."""
    heads = [
        Head("x_Period", "month", "word"),
        Head("state", "state", "word"),
        Head("x_Booked", "booked", "money"),
        Head("x_Now", "as the run has it", "money"),
        Head("x_Difference", "difference", "change"),
        Head("closed_by", "closed by"),
        Head("note", "note"),
    ]
    now: dict[str, Decimal] = dict(
        ask.rows(
            f"SELECT x_Period, sum({ask.amount}) FROM {ask.run.relation('statements')} WHERE"
            " BillingCurrency = ? AND (x_Basis = 'estimated') = ? GROUP BY ALL",
            [ask.block.currency, ask.block.estimated],
        )
    )
    rows = []
    for period in sorted({*now, *closes}, reverse=True):
        close = closes.get(period)
        found = now.get(period)
        about = [line for line in booked if (line.corrects or line.period) == period]
        stands = _sum(ask, about) if close else None
        by = f"{close.by}, {close.closed_on}" if close else None
        difference = None if stands is None or found is None else EXACT.subtract(found, stands)
        rows.append(
            [
                Cell(period, ask.link("/books", period=period) if found is not None else None),
                Cell("closed" if close else "open"),
                Cell(stands),
                Cell(found),
                Cell(difference),
                Cell(by),
                Cell(close.note or None if close else None),
            ]
        )
    return Grid("months", "Months", heads, rows, ask.block.currency)


def _sum(ask: Ask, lines: Iterable[Line]) -> Decimal:
    wanted = [
        line
        for line in lines
        if (line.currency, line.basis == "estimated") == (ask.block.currency, ask.block.estimated)
    ]
    if ask.cost == "effective":
        return summed(line.effective_amount for line in wanted)
    return summed(line.billed_amount for line in wanted)


def _pending(ask: Ask, lines: Sequence[Line]) -> Grid:
    """Corrections of closed months that the next close will book."""
    heads = [
        Head("x_CorrectsPeriod", "corrects", "word"),
        Head(ask.lead, ask.lead),
        Head("ServiceName", "service"),
        Head("x_Method", "method", "word"),
        Head(ask.amount, "cost", "change"),
    ]
    wanted = [line for line in lines if line.currency == ask.block.currency]
    rows = [
        [
            Cell(line.corrects),
            Cell(line.value(ask.lead), None, None if line.value(ask.lead) else "nobody yet"),
            Cell(line.service),
            Cell(line.method),
            Cell(line.effective_amount if ask.cost == "effective" else line.billed_amount),
        ]
        for line in wanted
    ]
    total = [*[Cell("total")], *(Cell(None) for _ in range(3)), Cell(_sum(ask, wanted))]
    return Grid(
        "pending",
        "Corrections that the next close will book",
        heads,
        rows,
        ask.block.currency,
        total,
        empty="Nothing to correct: closed months are what the run has",
    )


def _checks(ask: Ask) -> list[Grid]:
    """The gate of the month, and what to mend of each check that is not passed."""
    configuration = ask.configuration()
    if configuration is None:
        return []
    found = gate.judged(ask.engine, ask.run, ask.opened.project, configuration, ask.block.period)
    if not found:
        return []
    heads = [
        Head("x_Check", "check", "word"),
        Head("says", "found"),
        Head("x_Share", "share", "share"),
        Head("x_Limit", "limit", "exact"),
        Head("x_Passed", "passed", "word"),
    ]
    rows = [
        [
            Cell(one.name),
            Cell(one.says),
            Cell(
                None if not one.whole or one.found is None else figures.share(one.found, one.whole)
            ),
            Cell(one.limit),
            Cell(one.passed),
        ]
        for one in found
    ]
    whole = Grid("gate", f"The gate of {ask.block.period}: ready for chargeback?", heads, rows)
    return [whole, *(_mend(n, one) for n, one in enumerate(found) if one.rows and not one.passed)]


def _mend(number: int, check: gate.Check) -> Grid:
    heads = [
        Head(name, name, "money" if any(isinstance(r[n], Decimal) for r in check.rows) else "text")
        for n, name in enumerate(check.columns)
    ]
    rows = [
        [Cell(cell if isinstance(cell, Decimal | int | None) else str(cell)) for cell in row]
        for row in check.rows
    ]
    title = f"To mend: {check.name}" + (f", {check.currency}" if check.currency else "")
    return Grid(f"mend-{number}-{check.name}", title, heads, rows, check.currency)


ROUTE = Route("/books", "Books", page, for_all_only=True)
