"""A bill whose name is Latin-1."""

import os
from pathlib import Path


def write(folder: Path) -> None:
    text = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12.50,USD,2026-10-01,Search\n"
    name = os.fsdecode(b"caf\xe9.csv")
    (folder / "bills" / name).write_text(text)
