"""Worked cases: the arithmetic stands in each README, the figures in `expected/`.

A table of `expected/` names some columns of its relation; its rows are all, in any order.
"""

import csv
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import made
import oracle.relations
from differences import as_units, differences
from everyline import pipeline
from everyline.problems import Problem
from oracle.relations import OF_ANY_RUN

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/README.md"))
RULES = {f"R{number}" for number in range(1, 28)} - {"R25"}  # The books are no part of a run.


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_worked_case_comes_out_as_by_hand(case: Path, tmp_path: Path) -> None:
    """The oracle finds the same, so that it, which judges drawn projects, is judged too."""
    folder = tmp_path / "project"
    shutil.copytree(case / "project", folder)
    tables = {table.stem: table for table in sorted((case / "expected").glob("*.csv"))}
    outcome = pipeline.run(folder)
    found: dict[str, Any] = {"problems": [_row(problem) for problem in outcome.problems]}
    if outcome.run:
        found = (
            made.relations(outcome.run, [*OF_ANY_RUN, *(tables.keys() & made.RELATIONS)]) | found
        )
        found |= {"control": outcome.run.manifest["control"]}
        found["rounded"] = list(_rounded(outcome.run.manifest["rounded"]))
    if "charges" in tables:
        found["charges"] = made.charges(folder)
    for name, table in tables.items():
        header, *rows = csv.reader(table.read_text("utf-8").splitlines())
        assert _texts(found[name], header) == sorted(map(_plain, rows)), name
    if outcome.run and _is_for_the_oracle(case, found["groups"]):
        for name, of_oracle in oracle.relations.relations(folder).items():
            assert not (told := differences(as_units(found[name]), of_oracle)), (name, told)


def _is_for_the_oracle(case: Path, groups: Iterable[Mapping[str, object]]) -> bool:
    """It reads no versions of deliveries, and makes no estimated charges."""
    settings = (case / "project/everyline.yaml").read_text("utf-8")
    return "{version}" not in settings and all(one["x_Basis"] != "estimated" for one in groups)


def _rounded(by_source: Mapping[str, Mapping[str, list[Any]]]) -> Iterator[Mapping[str, Any]]:
    """What rounding to 18 decimals took away, as the manifest has it (R2)."""
    for source, columns in by_source.items():
        for column, (count, lost) in columns.items():
            yield {"x_Source": source, "column": column, "count": count, "lost": lost}


def _row(problem: Problem) -> Mapping[str, object]:
    """A problem with the columns of its relation."""
    return {
        "x_Problem": problem.name,
        "x_Place": problem.place,
        "x_Subject": problem.subject,
        "level": problem.level,
        "x_Period": problem.period,
        "BillingCurrency": problem.currency,
        "EffectiveCost": problem.cost,
        "x_LineCount": problem.count,
    }


def _texts(rows: Iterable[Mapping[str, object]], header: list[str]) -> list[list[str]]:
    return sorted(_plain(_text(row[column]) for column in header) for row in rows)


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(cells: Iterable[str]) -> list[str]:
    """Cells as they are compared: `10.00` and `10.000000000000000000` are one amount."""
    return [
        _amount(cell) if re.fullmatch(r"-?\d+(\.\d+)?(E-\d+)?", cell) else cell for cell in cells
    ]


def _amount(text: str) -> str:
    whole, _, decimals = f"{Decimal(text):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0')}".rstrip(".")


def test_every_rule_of_a_run_has_a_case() -> None:
    titles = [(case / "README.md").read_text("utf-8").splitlines()[0] for case in CASES]
    assert {match[1] for title in titles if (match := re.match(r"# (R\d+): ", title))} >= RULES
