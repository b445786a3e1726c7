"""A month of which no bill has a line."""

from collections.abc import Sequence
from pathlib import Path

from everyline.problems import Problem
from three_months import refused, write

__all__ = ["problems", "write"]


def problems(folder: Path) -> Sequence[Problem]:
    return refused(folder, "2026-11")
