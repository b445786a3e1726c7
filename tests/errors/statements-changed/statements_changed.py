"""A bill of September is another one when October is to be closed."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from everyline import pipeline
from everyline.books import close
from everyline.books.lines import Line, stated
from everyline.engines.duckdb import Engine
from everyline.problems import Problem


def write(folder: Path) -> None:
    rows = "".join(
        f"12.50,USD,{month}-01,Amazon Bedrock\n" for month in ("2026-08", "2026-09", "2026-10")
    )
    bill = folder / "bills" / "all.csv"
    bill.write_text(f"BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n{rows}")


def _stated(folder: Path) -> list[Line]:
    published = pipeline.run(folder).run
    assert published is not None
    with closing(Engine()) as engine:
        return stated(engine, published)


def problems(folder: Path) -> Sequence[Problem]:
    before = _stated(folder)
    bill = folder / "bills" / "all.csv"
    bill.write_text(bill.read_text().replace("12.50,USD,2026-09", "12.51,USD,2026-09"))
    refused = close.changed(before, _stated(folder), "2026-10")
    assert refused is not None
    return [refused]
