"""Coverage as a table (R22): how much of the cost is tagged and owned, by key and by layer.

Ratios are worked out here, from sums; they are stored nowhere and averaged nowhere.
"""

from collections.abc import Sequence
from decimal import Decimal

from everyline.answers.covered import Covered, Targets, covered, targets
from everyline.cli import figures, layout
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.cli.view import View, title

_FIXED_CELLS = 72
_BAR_MAX = 20


def show(view: View) -> bool:
    """Prints a table for each period and currency."""
    found = covered(view.engine, f"({view.sql})", view.keys)
    if not found:
        view.screen.note("no rows")
        return True
    aims = targets(view.project)
    asked = title(view)
    for period, currency in dict.fromkeys((row.period, row.currency) for row in found):
        rows = [row for row in found if (row.period, row.currency) == (period, currency)]
        view.screen.line(", ".join([period, currency, *([asked] if asked else [])]), "bold")
        show_rows(view.screen, rows, aims)
        _say_unallocated(view, rows, aims)
        view.screen.line()
    return True


def show_rows(screen: Screen, rows: Sequence[Covered], aims: Targets) -> None:
    """Prints one table: rows of one period and currency."""
    headings = ("eligible", "tagged", "", "target", "FOCUS", "direct", "allocated")
    kinds = (Column(h, "figure") if h else Column("", "bar") for h in headings)
    cells = [_cells(screen, row, aims) for row in rows]
    table = Table((Column("key"), *kinds), cells)
    screen.table(table if aims.tag_coverage else layout.without(table, "target"))


def _cells(screen: Screen, row: Covered, aims: Targets) -> list[str]:
    def share(part: Decimal) -> str:
        return figures.percent(figures.share(part, row.eligible))

    room = min(_BAR_MAX, max(6, screen.width - _FIXED_CELLS))
    aim = None if row.layer else aims.tag_coverage.get(row.key)
    return [
        f"  {row.layer}" if row.layer else row.key,
        figures.amount(row.eligible, row.currency),
        share(row.tagged),
        screen.bar(figures.share(row.tagged, row.eligible), room),
        percent_of(aim),
        share(row.marked),
        share(row.direct),
        share(row.allocated),
    ]


def _say_unallocated(view: View, rows: Sequence[Covered], aims: Targets) -> None:
    lead = view.keys[0]
    row = next((r for r in rows if r.key == lead and r.layer is None), None)
    if row is None:
        return
    share = figures.percent(figures.share(row.unowned, row.cost))
    limit = aims.unallocated
    aim = f" (at most {percent_of(limit)} wanted)" if limit is not None else ""
    amount = figures.amount(row.unowned, row.currency)
    whole = figures.amount(row.cost, row.currency)
    view.screen.line(f"without a {lead}: {amount} of {whole} in scope, {share}{aim}")


def percent_of(aim: Decimal | None) -> str:
    """A ratio that somebody aims at, in percent with the digits it was written with."""
    return "" if aim is None else f"{figures.separated(aim.scaleb(2))} %"
