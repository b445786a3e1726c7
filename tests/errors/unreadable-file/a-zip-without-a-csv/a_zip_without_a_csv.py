"""A zip that holds no CSV."""

import zipfile
from pathlib import Path


def write(folder: Path) -> None:
    text = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12.50,USD,2026-10-01,Search\n"
    with zipfile.ZipFile(folder / "bills" / "october.zip", "w") as archive:
        archive.writestr("october.pdf", text)
