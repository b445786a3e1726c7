"""A gzipped bill with a wrong number below a cell of two lines."""

import gzip
from pathlib import Path


def write(folder: Path) -> None:
    text = (
        "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n"
        '12.50,USD,2026-10-01,"Vector\nstore"\n'
        "many,USD,2026-10-01,Search\n"
    )
    (folder / "bills" / "october.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
