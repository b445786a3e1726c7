"""A gzipped bill of which the last half never arrived."""

import gzip
from pathlib import Path


def write(folder: Path) -> None:
    head = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n"
    text = head + "12.50,USD,2026-10-01,Search\n" * 5000
    data = gzip.compress(text.encode(), mtime=0)
    (folder / "bills" / "october.csv.gz").write_bytes(data[: len(data) // 2])
