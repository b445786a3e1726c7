"""Causes as tables: each invoice taken apart, from what was metered to what it asks for (R24)."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from everyline import config
from everyline.answers.causes import causes_relation
from everyline.cli import figures
from everyline.cli.layout import Column, Table
from everyline.cli.view import View, title
from everyline.control import EXACT
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import Problem, in_order
from everyline.runs import Run

_INVOICES_MAX = 10
_ROWS_MAX = 3
_EXPECTED: Mapping[str, str] = {
    "metered": "metered, at list prices",
    "not_metered": "not metered, as billed",
}
_CAUSES: Mapping[str, str] = {
    "billed_not_seen": "billed, not seen",
    "seen_not_billed": "seen, not billed",
    "price": "price",
    "discount_credit": "discount and credit",
    "currency": "currency",
    "unexplained": "unexplained",
}
_ABOUT = ("x_LinePeriod", "ServiceName", "x_Model", "x_Meter", "ChargeCategory")
_COLUMNS = (
    "x_Period",
    "BillingCurrency",
    "InvoiceIssuerName",
    "InvoiceId",
    *_ABOUT,
    "x_Cause",
    "x_Amount",
    "x_BilledQuantity",
    "x_SeenQuantity",
    "x_LineCount",
)


class _Invoice(NamedTuple):
    period: str | None
    currency: str
    issuer: str | None
    number: str | None

    @property
    def heading(self) -> str:
        """What stands above its table."""
        if self.issuer is None and self.number is None:
            who = "on no bill"
        else:
            who = " ".join(filter(None, (self.issuer, self.number or "not invoiced")))
        return f"{self.period or 'no month'}, {self.currency}: {who}"


def source(project: Path, run: Run, engine: Engine) -> str | Sequence[Problem]:
    """SQL of the relation, worked out of a run; rates and sources are those configured now."""
    loaded = config.load(project)
    if loaded.configuration is None or loaded.problems:
        return in_order(loaded.problems)
    return causes_relation(engine, run, loaded.configuration)


def show(view: View) -> bool:
    """Prints a table for each invoice that differs from what was expected, largest first.

    Where less is asked for than whole invoices, sums of them would say nothing.
    """
    if view.wanted.keys() - set(_COLUMNS[:4]):
        return False
    rows = [
        dict(zip(_COLUMNS, row, strict=True))
        for row in view.engine.rows(
            f"SELECT {', '.join(map(quoted, _COLUMNS))} FROM ({view.ordered}) AS ordered_"
        )
    ]
    found: dict[_Invoice, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(_Invoice(*(row[name] for name in _COLUMNS[:4])), []).append(row)
    if asked := title(view):
        view.screen.line(asked, "bold")
        view.screen.line()
    differing = {invoice: rows for invoice, rows in found.items() if _differs(invoice, rows)}
    by_month: dict[str, list[_Invoice]] = {}
    for invoice in differing:
        by_month.setdefault(f"{invoice.period or ''} {invoice.currency}", []).append(invoice)
    for month in sorted(by_month, reverse=True):
        order = sorted(by_month[month], key=lambda one: -abs(_sum(differing[one], _CAUSES)))
        for invoice in order[:_INVOICES_MAX]:
            _show_invoice(view, invoice, differing[invoice])
        view.screen.more(len(order) - _INVOICES_MAX)
    if agreed := len(found) - len(differing):
        what = "invoice is" if agreed == 1 else "invoices are"
        view.screen.note(f"{agreed:,} {what} what was expected")
    elif not found:
        view.screen.note("no rows")
    return True


def _show_invoice(view: View, invoice: _Invoice, rows: Sequence[Mapping[str, Any]]) -> None:
    """What was expected, each cause with the largest rows behind it, and what was asked for."""
    cells: list[list[str]] = []
    for name, said in _EXPECTED.items():
        if any(row["x_Cause"] == name for row in rows):
            cells.append([said, figures.amount(_sum(rows, [name]), invoice.currency), "", ""])
    cells.append(["expected", figures.amount(_sum(rows, _EXPECTED), invoice.currency), "", ""])
    for name, said in _CAUSES.items():
        of = [row for row in rows if row["x_Cause"] == name and _shows(row["x_Amount"], invoice)]
        if of:
            cells.append([said, figures.amount(_sum(rows, [name]), invoice.currency), "", ""])
            of.sort(key=lambda row: -abs(row["x_Amount"]))
            cells += [_behind(row, invoice) for row in of[:_ROWS_MAX] if _about(row)]
        if (more := len(of) - _ROWS_MAX) > 0:
            cells.append([f"    and {more:,} more", "", "", ""])
    says = "invoice" if invoice.number else "bill"
    total = figures.amount(_sum(rows, (*_EXPECTED, *_CAUSES)), invoice.currency)
    columns = (
        Column(invoice.heading),
        Column("amount", "figure"),
        Column("billed", "figure"),
        Column("seen", "figure"),
    )
    view.screen.table(Table(columns, cells, [[says, total, "", ""]]))
    view.screen.line()


def _behind(row: Mapping[str, Any], invoice: _Invoice) -> list[str]:
    quantities = [row[name] for name in ("x_BilledQuantity", "x_SeenQuantity")]
    return [
        f"    {_about(row)}",
        figures.amount(row["x_Amount"], invoice.currency),
        *("" if each is None else figures.quantity(each) for each in quantities),
    ]


def _about(row: Mapping[str, Any]) -> str:
    """Model and meter; of lines without, service and category."""
    names = ("x_Model", "x_Meter") if row["x_Model"] else ("ServiceName", "ChargeCategory")
    return ", ".join(row[name] for name in names if row[name])


def _differs(invoice: _Invoice, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a cause comes to more than what the currency's minor unit rounds away."""
    return any(_shows(_sum(rows, [name]), invoice) for name in _CAUSES)


def _shows(amount: Decimal, invoice: _Invoice) -> bool:
    return any(digit in "123456789" for digit in figures.amount(amount, invoice.currency))


def _sum(rows: Sequence[Mapping[str, Any]], causes: Collection[str]) -> Decimal:
    total = Decimal(0)
    for row in rows:
        if row["x_Cause"] in causes:
            total = EXACT.add(total, row["x_Amount"])
    return total
