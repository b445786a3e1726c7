"""Reconciliation as tables (R24): invoices beside the bill, and how much of it telemetry saw."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from everyline.cli import figures
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.cli.view import ROWS_MAX, View, title
from everyline.engines.duckdb import Engine, quoted
from everyline.runs import Run

_APART_MAX = 3
_BAR = 10
_QUANTITY, _COST = "ConsumedQuantity", "ListCost"


class Seen(NamedTuple):
    """Quantity of one provider and meter in a month: as billed, and as seen; in single units."""

    period: str
    currency: str
    provider: str | None
    meter: str
    billed: Decimal
    seen: Decimal | None


def by_meter(engine: Engine, reconciliation: str) -> list[Seen]:
    """Quantities of `reconciliation` (SQL to select from) by provider and meter, in order."""
    rows = engine.rows(
        "SELECT x_Period, BillingCurrency, ServiceProviderName, x_Meter,"
        " sum(x_Expected)::DECIMAL(38,18), sum(x_Found)::DECIMAL(38,18)"
        f" FROM {reconciliation} WHERE x_Kind = 'usage' AND x_Measure = '{_QUANTITY}'"
        " GROUP BY ALL HAVING sum(x_Expected) > 0 ORDER BY 1, 2, 3 NULLS LAST, 4"
    )
    return [Seen(*row) for row in rows]


def say(screen: Screen, rows: Sequence[Seen], most: int) -> bool:
    """Prints one line a meter of each provider of which something was seen; False if none was."""
    watched = {row.provider for row in rows if row.seen is not None}
    shown = [row for row in rows if row.provider in watched]
    if not shown:
        return False
    cells = [
        [
            row.provider or figures.NOTHING,
            row.meter,
            figures.quantity(row.billed),
            figures.quantity(row.seen or Decimal(0)),
            *_share(screen, row.seen, row.billed),
        ]
        for row in sorted(shown, key=lambda row: -row.billed)[:most]
    ]
    columns = (
        Column("seen by telemetry"),
        Column("meter"),
        Column("billed", "figure"),
        Column("seen", "figure"),
        Column("of billed", "figure"),
        Column("", "bar"),
    )
    screen.table(Table(columns, cells))
    if (more := len(shown) - most) > 0:
        screen.line(f"and {more:,} more: everyline reconciliation", "dim")
    return True


def say_invoices(screen: Screen, engine: Engine, run: Run) -> None:
    """Prints how many invoices tie to the bill, and the largest that do not."""
    rows = engine.rows(
        "SELECT x_Within, InvoiceIssuerName, InvoiceId, BillingCurrency, x_Expected, x_Found,"
        f" x_Difference FROM {run.relation('reconciliation')} WHERE x_Kind = 'invoice'"
        " ORDER BY x_Within, abs(x_Difference) DESC, 2, 3, 4"
    )
    if not rows:
        return
    within = sum(row[0] for row in rows)
    screen.line(f"invoices: {within:,} of {len(rows):,} tie to the bill", "bold")
    apart = rows[: len(rows) - within]
    for _, issuer, number, currency, listed, billed, difference in apart[:_APART_MAX]:
        said = f"{figures.amount(difference, currency)} {currency}"
        if listed is None or billed is None:
            said += ", not listed" if listed is None else ", no lines"
        screen.line(f"  {issuer or figures.NOTHING} {number}: {said}")
    if apart:
        screen.line("  why: everyline causes", "dim")
    screen.line()


def show(view: View) -> bool:
    """Prints a table for each kind, period and currency, invoices first."""
    columns = ("x_Kind", "x_Period", "BillingCurrency", *_SUBJECT, *_FIGURES)
    rows = [
        dict(zip(columns, row, strict=True))
        for row in view.engine.rows(
            f"SELECT {', '.join(map(quoted, columns))} FROM ({view.ordered}) AS ordered_"
        )
    ]
    blocks: dict[tuple[str, str | None, str], list[dict[str, Any]]] = {}
    for row in rows:
        at = (row["x_Kind"], row["x_Period"], row["BillingCurrency"])
        blocks.setdefault(at, []).append(row)
    asked = title(view)
    order = sorted(blocks, key=lambda at: (at[0], at[1] is None, at[1] or "", at[2]))
    for at in order:
        (kind, period, currency), found = at, blocks[at]
        heading = (period or "no month", currency, _HEADINGS[kind], asked)
        view.screen.line(", ".join(filter(None, heading)), "bold")
        (_usage if kind == "usage" else _invoices)(view.screen, found, currency)
        view.screen.line()
    if not rows:
        view.screen.note("no rows")
    return True


_HEADINGS = {"invoice": "invoices", "usage": "usage"}
_SUBJECT = ("InvoiceIssuerName", "InvoiceId", "ServiceProviderName", "x_Model", "x_Meter")
_FIGURES = ("x_Measure", "x_Expected", "x_Found", "x_Difference", "x_Within")


def _usage(screen: Screen, rows: Sequence[Mapping[str, Any]], currency: str) -> None:
    """What was billed beside what was seen: quantities in single units, cost at list prices."""
    cells = []
    for row in rows[:ROWS_MAX]:
        is_cost = row["x_Measure"] == _COST
        billed, seen = (
            figures.amount(row[name], currency) if is_cost else figures.quantity(row[name])
            for name in ("x_Expected", "x_Found")
        )
        share = _share(screen, row["x_Found"], row["x_Expected"] or Decimal(0))
        what = currency if is_cost else "quantity"
        cells.append([row["x_Model"], row["x_Meter"], what, billed, seen, *share])
    columns = (
        Column("model"),
        Column("meter"),
        Column("of", "word"),
        Column("billed", "figure"),
        Column("seen", "figure"),
        Column("seen of billed", "figure"),
        Column("", "bar"),
    )
    screen.table(Table(columns, cells))
    screen.more(len(rows) - ROWS_MAX)


def _invoices(screen: Screen, rows: Sequence[Mapping[str, Any]], currency: str) -> None:
    """What issuers ask for beside what their lines sum to; first what does not tie."""
    rows = sorted(rows, key=lambda row: (bool(row["x_Within"]), -abs(row["x_Difference"])))
    sums = [sum((row[name] or Decimal(0) for row in rows), Decimal(0)) for name in _FIGURES[1:4]]
    cells = [
        [
            row["InvoiceIssuerName"] or figures.NOTHING,
            row["InvoiceId"] or figures.NOTHING,
            *(figures.amount(row[name], currency) for name in _FIGURES[1:4]),
            {True: "yes", False: "no", None: figures.NOTHING}[row["x_Within"]],
        ]
        for row in rows[:ROWS_MAX]
    ]
    columns = (
        Column("issuer"),
        Column("invoice"),
        Column("listed", "figure"),
        Column("billed", "figure"),
        Column("difference", "figure"),
        Column("within", "word"),
    )
    totals = [["total", "", *(figures.amount(each, currency) for each in sums), ""]]
    screen.table(Table(columns, cells, totals))
    screen.more(len(rows) - ROWS_MAX)


def _share(screen: Screen, part: Decimal | None, whole: Decimal) -> list[str]:
    share = figures.share(part or Decimal(0), whole)
    return [figures.percent(share), screen.bar(share, _BAR)]
