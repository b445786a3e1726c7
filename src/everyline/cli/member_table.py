"""Pool members as a table: what went into each pool, by month and service; it ties to the pool."""

from decimal import Decimal
from typing import Any

from everyline import runs
from everyline.cli import figures
from everyline.cli.layout import Column, Table
from everyline.cli.view import View, title

_BAR = 10


def show(view: View) -> bool:
    """Prints a table for each period, currency and pool."""
    run = runs.current(view.project)
    assert isinstance(run, runs.Run), "the relation that is shown is of a run"
    if heading := title(view):
        view.screen.line(heading, "bold")
    rows = view.engine.rows(f"SELECT * FROM ({view.sql}) LIMIT 1")
    if not rows:
        view.screen.note("no rows")
        return True
    blocks: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for *block, service, groups, cost in view.engine.rows(
        "SELECT l.x_Period, l.BillingCurrency, l.x_Pool, l.ServiceName,"
        " count(DISTINCT m.x_GroupId), sum(m.EffectiveCost)::DECIMAL(38,18) AS cost_"
        f" FROM ({view.sql}) AS m JOIN {run.relation('pool_lines')} AS l"
        " ON l.x_LineId = m.x_PoolLineId GROUP BY ALL ORDER BY ALL"
    ):
        blocks.setdefault(tuple(block[:2]), []).append((block[2], service, groups, cost))
    for (period, currency), members in blocks.items():
        _block(view, f"{period}, {currency}", currency, members)
    return True


def _block(view: View, heading: str, currency: str, rows: list[tuple[Any, ...]]) -> None:
    whole = sum((cost for *_, cost in rows), Decimal(0))
    cells = []
    for pool, service, groups, cost in sorted(rows, key=lambda row: (row[0], -row[3])):
        share = figures.share(cost, whole)
        amount = figures.amount(cost, currency)
        bar = view.screen.bar(share, _BAR)
        name = service or figures.NOTHING
        cells.append([pool, name, f"{groups:,}", amount, figures.percent(share), bar])
    columns = (
        Column("pool"),
        Column("service"),
        Column("groups", "figure"),
        Column("EffectiveCost", "figure"),
        Column("share", "figure"),
        Column("", "bar"),
    )
    total = ["total", "", "", figures.amount(whole, currency), "", ""]
    view.screen.line(heading, "bold")
    view.screen.table(Table(columns, cells, [total]))
    view.screen.line()
