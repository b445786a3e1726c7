"""August is closed; October can't be before September, nor July ever."""

from collections.abc import Sequence
from pathlib import Path

from everyline.books.read import Close
from everyline.problems import Problem
from three_months import close_month, refused, write

__all__ = ["problems", "write"]


def problems(folder: Path) -> Sequence[Problem]:
    assert isinstance(close_month(folder, "2026-08"), Close)
    return refused(folder, "2026-10", "2026-07")
