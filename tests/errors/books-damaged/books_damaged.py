"""A closed month in which one digit has changed since."""

from collections.abc import Sequence
from pathlib import Path

from everyline.books import read
from everyline.books.read import Close
from everyline.problems import Problem
from three_months import close_month, write

__all__ = ["problems", "write"]


def problems(folder: Path) -> Sequence[Problem]:
    assert isinstance(close_month(folder, "2026-10"), Close)
    file = folder / "books" / "2026-10" / "statements.csv"
    file.write_bytes(file.read_bytes().replace(b"12.50", b"12.51"))
    return read.verified(folder)
