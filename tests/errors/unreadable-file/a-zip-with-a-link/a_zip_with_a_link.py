"""A zip with a symbolic link in it."""

import zipfile
from pathlib import Path


def write(folder: Path) -> None:
    text = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12.50,USD,2026-10-01,Search\n"
    with zipfile.ZipFile(folder / "bills" / "october.zip", "w") as archive:
        link = zipfile.ZipInfo("passwords.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("october.csv", text)
