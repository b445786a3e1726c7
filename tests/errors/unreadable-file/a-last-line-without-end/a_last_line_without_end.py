"""A line of 40 MB, which the engine would pass over, below one that costs."""

from pathlib import Path


def write(folder: Path) -> None:
    with (folder / "bills" / "october.csv").open("w") as file:
        file.write("BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n")
        file.write("12.50,USD,2026-10-01T00:00:00Z,Model API\n")
        file.write("7.50,USD,2026-10-01T00:00:00Z," + "x" * 40_000_000)
