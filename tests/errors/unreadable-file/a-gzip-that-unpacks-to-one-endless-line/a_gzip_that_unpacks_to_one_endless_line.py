"""40 KB that unpack to a line of 40 MB."""

import gzip
from pathlib import Path


def write(folder: Path) -> None:
    head = "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n"
    with gzip.open(folder / "bills" / "october.csv.gz", "wb", compresslevel=6) as file:
        file.write(head.encode())
        for _ in range(40):
            file.write(b"9" * 1_000_000)
