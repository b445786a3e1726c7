"""A bill that this user may not read; the superuser may read all, who skips the case."""

import os
from pathlib import Path

import pytest


def write(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may read all")
    bill = folder / "bills" / "october.csv"
    bill.write_text("BilledCost,BillingCurrency,ChargePeriodStart\n12.50,USD,2026-10-01\n")
    bill.chmod(0)
