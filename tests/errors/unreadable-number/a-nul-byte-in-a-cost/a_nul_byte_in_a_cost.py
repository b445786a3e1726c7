"""A cost with a NUL byte in it."""

from pathlib import Path


def write(folder: Path) -> None:
    text = (
        "BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n12\0.50,USD,2026-10-01,Search\n"
    )
    (folder / "bills" / "october.csv").write_bytes(text.encode())
