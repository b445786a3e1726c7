"""What is booked, or would be, by the month that it is about; and what `run` says of the books."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from everyline.books import corrections, read
from everyline.books.lines import Line, stated, total
from everyline.cli import figures, layout
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.engines.duckdb import Engine
from everyline.runs import Run

_NOTHING = Decimal(0)


class Booked(NamedTuple):
    """Sums of lines.

    Attributes:
        period: the month in which they are booked.
        corrects: the month that they correct; None for own lines.
        lines: how many.
        more: what they add to EffectiveCost, in minor units; `less` what they take away, negative.
        costs: BilledCost, EffectiveCost, x_BilledAmount and x_EffectiveAmount.
    """

    period: str
    corrects: str | None
    currency: str
    estimated: bool
    lines: int
    more: Decimal
    less: Decimal
    costs: tuple[Decimal, Decimal, Decimal, Decimal]


def summed(lines: Iterable[Line]) -> list[Booked]:
    """Lines by month, currency and whether telemetry made the cost; own lines first."""
    groups: dict[tuple[str, str, str, bool], list[Line]] = {}
    for line in lines:
        key = (line.period, line.corrects or "", line.currency, line.basis == "estimated")
        groups.setdefault(key, []).append(line)
    return [
        Booked(
            period,
            corrects or None,
            currency,
            estimated,
            len(members),
            total(max(line.effective_amount, _NOTHING) for line in members),
            total(min(line.effective_amount, _NOTHING) for line in members),
            (
                total(line.billed for line in members),
                total(line.effective for line in members),
                total(line.billed_amount for line in members),
                total(line.effective_amount for line in members),
            ),
        )
        for (period, corrects, currency, estimated), members in sorted(groups.items())
    ]


def show(screen: Screen, heading: str, rows: Sequence[Booked]) -> None:
    """Prints one row a month and currency."""
    cells = [
        [
            (f"corrects {row.corrects}" if row.corrects else row.period)
            + (", estimated" if row.estimated else ""),
            f"{row.lines:,}",
            figures.amount(row.more, row.currency) if row.corrects else "",
            figures.amount(row.less, row.currency) if row.corrects else "",
            f"{figures.amount(row.costs[3], row.currency)} {row.currency}",
            f"{figures.amount(row.costs[2], row.currency)} {row.currency}",
        ]
        for row in rows
    ]
    figure = ("lines", "more", "less", "EffectiveCost", "BilledCost")
    table = Table((Column(heading), *(Column(name, "figure") for name in figure)), cells)
    if not any(row.corrects for row in rows):
        table = layout.without(layout.without(table, "more"), "less")
    screen.table(table)


def say(screen: Screen, engine: Engine, run: Run, project: Path) -> None:
    """Says how far the books are closed, and what the next close has to correct."""
    damaged, booked = read.opened(project)
    if damaged:
        # The run itself does not rest on the books; whatever does, refuses to go on.
        screen.problems([replace(problem, level="warn") for problem in damaged])
        return
    closes = read.closed(project)
    if not closes:
        return
    first, last = closes[0].period, closes[-1].period
    closed = f"books: {first} closed" if first == last else f"books: {first} to {last} closed"
    lines = stated(engine, run)
    pending = corrections.pending(booked, lines, "", run.manifest["keys"])
    if not pending:
        screen.line(f"{closed}, nothing to correct")
        screen.line()
        return
    screen.line(f"{closed}; the next close will book corrections")
    show(screen, "pending", summed(pending))
    for month in sorted({line.corrects or "" for line in pending} - {x.period for x in lines}):
        screen.line(f"this run has nothing of {month} any more: are its bills still there?")
    screen.line()
