"""A CSV file that is named as if it were Parquet."""

from pathlib import Path


def write(folder: Path) -> None:
    text = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12.50,USD,2026-10-01,Search\n"
    (folder / "bills" / "october.parquet").write_text(text)
