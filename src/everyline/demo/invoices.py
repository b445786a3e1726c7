"""What the issuers say the months cost: `finance/invoices.csv`, cents of the exact sums."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from everyline.demo.writing import as_csv, write_text

# Two seats taken on the last day of October: on GitHub's invoice, not yet in the seat list.
SEATS_MISSING = ("GH-4471902", Decimal("38.00"))

HEADER = ("InvoiceIssuerName", "InvoiceId", "period", "BillingCurrency", "amount")
Total = tuple[str, str, Decimal | str]  # period, InvoiceId, exact amount


def write_invoices(folder: Path, *, aws: Iterable[Total], pinecone: Iterable[Total]) -> None:
    """Write `folder`/finance/invoices.csv; tables of the project's own are read from there."""
    bills = (
        ("Amazon Web Services, Inc.", "USD", aws),
        ("GitHub, Inc.", "USD", _totals(folder / "bills/github", "net_amount")),
        ("Pinecone", "USD", pinecone),
        ("Palisade Guardrails Inc.", "USD", _totals(folder / "bills/guardrails", "amount")),
        ("Sortwell Labelling GmbH", "EUR", _totals(folder / "bills/labelling", "amount")),
    )
    rows = [
        (issuer, invoice, period, currency, _cents(Decimal(amount), invoice))
        for issuer, currency, totals in bills
        for period, invoice, amount in totals
    ]
    write_text(folder / "finance/invoices.csv", as_csv(HEADER, rows))


def _totals(folder: Path, column: str) -> list[Total]:
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                sums[path.stem, row["invoice"]] += Decimal(row[column])
    return [(period, invoice, amount) for (period, invoice), amount in sums.items()]


def _cents(amount: Decimal, invoice: str) -> Decimal:
    if invoice == SEATS_MISSING[0]:
        amount += SEATS_MISSING[1]
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
