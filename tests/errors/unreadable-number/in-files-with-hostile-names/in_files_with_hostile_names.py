"""Bills whose names have quotes, SQL, signs of a glob, a line break and an escape sequence."""

from pathlib import Path


def write(folder: Path) -> None:
    head = "BilledCost,BillingCurrency,ChargePeriodStart\n"
    names = (
        "it's; DROP TABLE charges;-- .csv",
        '"100 %".csv',
        "a[1]*?.csv",
        "two\nlines \x1b[31m.csv",
    )
    for number, name in enumerate(names):
        (folder / "bills" / name).write_text(head + f"many {number},USD,2026-10-01\n")
