"""A run that nobody has kept, asked for to be compared."""

from collections.abc import Sequence
from pathlib import Path

from everyline import runs
from everyline.problems import Problem


def write(folder: Path) -> None:
    bill = folder / "bills" / "october.csv"
    bill.write_text("BilledCost,BillingCurrency,ChargePeriodStart\n12.50,USD,2026-10-01\n")


def problems(folder: Path) -> Sequence[Problem]:
    found = runs.kept(folder, "5f3a90c1")
    assert isinstance(found, Problem)
    return [found]
