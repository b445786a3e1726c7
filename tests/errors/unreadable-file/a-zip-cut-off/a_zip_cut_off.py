"""A zip of which the end never arrived."""

import zipfile
from pathlib import Path


def write(folder: Path) -> None:
    text = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12.50,USD,2026-10-01,Search\n"
    target = folder / "bills" / "october.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("october.csv", text)
    target.write_bytes(target.read_bytes()[:-40])
