"""What each problem means: the words of the documentation, for whoever shows problems."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files


@cache
def known() -> Sequence[Mapping[str, str]]:
    """The rows of problems.csv: problem, level, meaning."""
    text = (files("everyline") / "problems.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def meaning(problem: str) -> str:
    """One problem's; empty where it is not known."""
    return next((row["meaning"] for row in known() if row["problem"] == problem), "")
