"""Problems as text, and how many there are of each."""

from decimal import Decimal
from typing import Any, cast

from everyline.cli.layout import Column, Table
from everyline.cli.screen import problem_text
from everyline.cli.view import ROWS_MAX, View, cell
from everyline.problems import Level, Problem, in_order

_COLUMNS = (
    "x_Problem, level, sentence, x_Place, x_Subject, x_Period, BillingCurrency, EffectiveCost,"
    " x_LineCount, hint"
)


def show(view: View) -> bool:
    """Prints the problems of `view`, the largest amount first, and their count by name."""
    found = in_order(
        _problem(row) for row in view.engine.rows(f"SELECT {_COLUMNS} FROM ({view.sql})")
    )
    for problem in found[:ROWS_MAX]:
        view.screen.line(problem_text(problem))
        view.screen.line()
    view.screen.more(len(found) - ROWS_MAX)
    if not found:
        view.screen.note("no problems")
        return True
    columns = (Column("problem"), Column("level"), Column("how many", "figure"))
    rows = view.engine.rows(
        "SELECT x_Problem, level, count(*), BillingCurrency, sum(EffectiveCost)"
        f" FROM ({view.sql}) GROUP BY ALL ORDER BY x_Problem, level, BillingCurrency NULLS LAST"
    )
    touched = Column("EffectiveCost", "figure")
    cells = [
        [name, level, f"{count:,}", cell("EffectiveCost", cost, currency)]
        for name, level, count, currency, cost in rows
    ]
    view.screen.table(Table((*columns, touched), cells))
    return True


def _problem(row: tuple[Any, ...]) -> Problem:
    name, level, sentence, place, subject, period, currency, cost, count, hint = row
    return Problem(
        name=name,
        level=cast(Level, level),
        sentence=sentence or "",
        place=place or "",
        subject=subject or "",
        period=period,
        currency=currency,
        cost=cast(Decimal | None, cost),
        count=count or 0,
        hint=hint or "",
    )
