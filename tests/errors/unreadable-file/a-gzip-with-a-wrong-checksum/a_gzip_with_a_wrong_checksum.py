"""A gzipped bill of which one byte has changed, and no longer agrees with its checksum."""

import gzip
from pathlib import Path


def write(folder: Path) -> None:
    head = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n"
    text = head + "12.50,USD,2026-10-01,Search\n"
    data = bytearray(gzip.compress(text.encode(), mtime=0, compresslevel=0))
    data[data.index(b"12.50")] = ord("9")
    (folder / "bills" / "october.csv.gz").write_bytes(data)
