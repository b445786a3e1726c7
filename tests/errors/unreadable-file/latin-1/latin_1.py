"""A bill saved as Latin-1: `é` is one byte."""

from pathlib import Path


def write(folder: Path) -> None:
    text = (
        "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n"
        "12.50,USD,2026-10-01,Search\n"
        "3.00,USD,2026-10-01,Café\n"
    )
    (folder / "bills" / "october.csv").write_text(text, encoding="latin-1")
