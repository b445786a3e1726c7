"""A zip with two members of one name."""

import warnings
import zipfile
from pathlib import Path


def write(folder: Path) -> None:
    text = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12.50,USD,2026-10-01,Search\n"
    target = folder / "bills" / "october.zip"
    with zipfile.ZipFile(target, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("october.csv", text)
        archive.writestr("october.csv", text.replace("12.50", "1250"))
