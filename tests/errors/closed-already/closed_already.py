"""A month that is closed a second time."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from everyline import pipeline
from everyline.books import close
from everyline.books.close import Facts
from everyline.books.lines import Line, stated
from everyline.books.read import Close
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


def _close(folder: Path, period: str) -> Close | list[Problem]:
    facts = Facts(
        period=period,
        by="Ada",
        note="",
        closed_on=date(2026, 11, 5),
        run="",
        version="",
        keys=["team"],
        configuration={},
        inputs={},
    )
    return close.book(folder, _stated(folder), facts)


def problems(folder: Path) -> Sequence[Problem]:
    assert isinstance(_close(folder, "2026-10"), Close)
    refused = _close(folder, "2026-10")
    assert isinstance(refused, list)
    return refused
