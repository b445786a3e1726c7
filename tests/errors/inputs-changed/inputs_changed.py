"""A bill that has changed since the run whose lines are asked for."""

from collections.abc import Sequence
from pathlib import Path

from everyline import pipeline
from everyline.engines.duckdb import Engine
from everyline.problems import Problem


def write(folder: Path) -> None:
    bill = folder / "bills" / "october.csv"
    bill.write_text("BilledCost,BillingCurrency,ChargePeriodStart\n12.50,USD,2026-10-01\n")


def problems(folder: Path) -> Sequence[Problem]:
    published = pipeline.run(folder).run
    assert published is not None
    with (folder / "bills" / "october.csv").open("a") as bill:
        bill.write("3.00,USD,2026-10-01\n")
    found = pipeline.charges_relation(Engine(), folder, of=published)
    assert not isinstance(found, str)
    return found
