"""A month's folder that this user may not open; the superuser may open all, who skips the case."""

import os
from pathlib import Path

import pytest


def write(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may open all")
    for month in ("2026-09", "2026-10"):
        bill = folder / "bills" / month / "bill.csv"
        bill.parent.mkdir()
        bill.write_text(f"BilledCost,BillingCurrency,ChargePeriodStart\n12.50,USD,{month}-01\n")
    (folder / "bills" / "2026-09").chmod(0)
