"""A bill saved as `Unicode text` by a spreadsheet program."""

from pathlib import Path


def write(folder: Path) -> None:
    text = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12.50,USD,2026-10-01,Search\n"
    (folder / "bills" / "october.csv").write_text(text, encoding="utf-16")
