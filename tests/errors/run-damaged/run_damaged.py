"""A published run of which one byte has changed since."""

from collections.abc import Sequence
from pathlib import Path

from everyline import pipeline, runs
from everyline.problems import Problem


def write(folder: Path) -> None:
    bill = folder / "bills" / "october.csv"
    bill.write_text("BilledCost,BillingCurrency,ChargePeriodStart\n12.50,USD,2026-10-01\n")


def problems(folder: Path) -> Sequence[Problem]:
    published = pipeline.run(folder).run
    assert published is not None
    groups = published.folder / "grouped.parquet"
    data = bytearray(groups.read_bytes())
    data[len(data) // 2] ^= 1
    groups.write_bytes(data)
    found = runs.current(folder)
    assert isinstance(found, Problem)
    return [found]
