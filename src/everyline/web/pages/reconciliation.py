"""`/reconciliation`: do invoices tie to their lines, and how much of what was billed was seen?"""

from decimal import Decimal

from everyline import figures
from everyline.web.asked import Ask
from everyline.web.grid import Cell, Grid, Head, summed
from everyline.web.page import Page, Route

_OF = "x_Kind = ? AND BillingCurrency = ? AND (x_Period = ? OR x_Period IS NULL)"


def page(ask: Ask) -> Page:
    """Invoices and usage of a month."""
    invoices, usage = _invoices(ask), _usage(ask)
    apart = sum(row[-1].value is False for row in invoices.rows)
    said = "No invoices are listed, so nothing can tie to them"
    if invoices.rows:
        said = f"{len(invoices.rows) - apart} of {len(invoices.rows)} invoices tie to their lines"
    return Page(
        title="Reconciliation",
        says=said,
        template="table.html",
        tables=[invoices, usage],
    )


def _invoices(ask: Ask) -> Grid:
    """What issuers ask for beside the lines of the bill, those that do not tie first (R24)."""
    columns = ("InvoiceIssuerName", "InvoiceId", "x_Expected", "x_Found", "x_Difference")
    rows = ask.rows(
        f"SELECT {', '.join(columns)}, x_Tolerance, x_Within"
        f" FROM {ask.run.relation('reconciliation')} WHERE {_OF}"
        " ORDER BY x_Within, abs(x_Difference) DESC, 1, 2",
        ["invoice", ask.block.currency, ask.block.period],
    )
    heads = [
        Head("InvoiceIssuerName", "issuer"),
        Head("InvoiceId", "invoice"),
        Head("x_Expected", "listed", "money"),
        Head("x_Found", "billed", "money"),
        Head("x_Difference", "difference", "change"),
        Head("x_Tolerance", "tolerance", "money"),
        Head("x_Within", "ties", "word"),
    ]
    made = [
        [
            Cell(issuer),
            Cell(number),
            Cell(listed),
            Cell(billed, ask.lines({"InvoiceId": number, "InvoiceIssuerName": issuer})),
            Cell(difference),
            Cell(tolerance),
            Cell(within),
        ]
        for issuer, number, listed, billed, difference, tolerance, within in rows
    ]
    total = [
        Cell("total"),
        Cell(None),
        *(Cell(summed(row[n] or Decimal(0) for row in rows)) for n in (2, 3, 4)),
        Cell(None),
        Cell(None),
    ]
    return Grid(
        "invoices",
        "Invoices beside the bill",
        heads,
        made,
        ask.block.currency,
        total if rows else (),
        empty="No invoice is listed for this month, and no line names one",
        notes=["`everyline causes` takes each difference apart: price, quantity, discount."]
        if any(row[-1] is False for row in rows)
        else [],
    )


def _usage(ask: Ask) -> Grid:
    """Billed quantities beside those that telemetry saw, the largest first."""
    rows = ask.rows(
        "SELECT ServiceProviderName, x_Model, x_Meter, x_Expected, x_Found, x_Difference"
        f" FROM {ask.run.relation('reconciliation')} WHERE {_OF}"
        " AND x_Measure = 'ConsumedQuantity' ORDER BY 4 DESC NULLS LAST, 2, 3, 1",
        ["usage", ask.block.currency, ask.block.period],
    )
    heads = [
        Head("ServiceProviderName", "provider"),
        Head("x_Model", "model"),
        Head("x_Meter", "meter", "word"),
        Head("x_Expected", "billed", "quantity"),
        Head("x_Found", "seen", "quantity"),
        Head("x_Difference", "difference", "quantity"),
        Head("x_Share", "seen of billed", "share"),
    ]
    made = [
        [
            *map(Cell, row),
            Cell(figures.share(row[4] or Decimal(0), row[3]) if row[3] else None),
        ]
        for row in rows
    ]
    return Grid(
        "usage",
        "Billed quantity beside what telemetry saw",
        heads,
        made,
        empty="No line has a model, a meter and a quantity that telemetry could be compared with",
        notes=["The gap is the finding: calls that nobody logged, or that no bill has yet."]
        if rows
        else [],
    )


ROUTE = Route("/reconciliation", "Reconciliation", page, for_all_only=True)
