"""A project with three equal months, and the close of one of them, for cases of bad input."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from everyline import pipeline
from everyline.books import close
from everyline.books.close import Facts
from everyline.books.lines import stated
from everyline.books.read import Close
from everyline.engines.duckdb import Engine
from everyline.problems import Problem


def write(folder: Path) -> None:
    rows = "".join(
        f"12.50,USD,{month}-01,Amazon Bedrock\n" for month in ("2026-08", "2026-09", "2026-10")
    )
    bill = folder / "bills" / "all.csv"
    bill.write_text(f"BilledCost,BillingCurrency,ChargePeriodStart,ServiceName\n{rows}")


def close_month(folder: Path, period: str) -> Close | list[Problem]:
    """What comes of closing a month by a new run."""
    published = pipeline.run(folder).run
    assert published is not None
    with closing(Engine()) as engine:
        lines = stated(engine, published)
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
    return close.book(folder, lines, facts)


def refused(folder: Path, *periods: str) -> Sequence[Problem]:
    """Why none of these months can be closed."""
    found: list[Problem] = []
    for period in periods:
        problems = close_month(folder, period)
        assert isinstance(problems, list), period
        found += problems
    return found
