"""Tags of a Parquet file whose other columns are exact: taken as they lie only where all may be."""

from decimal import Decimal
from pathlib import Path

import pytest

import made
from drawn import BillFile, Project, write
from everyline import pipeline, runs

_HEADER = ("BilledCost", "BillingCurrency", "ChargePeriodStart", "ServiceName", "Tags")
_BILL = {"name": "clouds", "format": "focus", "path": "bills/*", "layer": "model"}
_PLAIN = '{"team": "search"}'


def _run(folder: Path, ending: str, *tags: str | None) -> runs.Run:
    """A run of one line of a dollar a tag."""
    month = ("1.00", "USD", "2026-10-01T00:00:00Z", "Chat")
    file = BillFile(f"bills/october.{ending}", _HEADER, tuple((*month, one) for one in tags))
    settings = {"organisation": "Acme", "taxonomy": {"team": {"tags": ["team"]}}, "bills": [_BILL]}
    write(Project(settings, {}, (file,)), folder)
    return made.run(folder)


def _owners(run: runs.Run) -> dict[str | None, int]:
    """Team to its lines of a dollar."""
    rows = made.relations(run, ["allocations"])["allocations"]
    return {row["team"]: int(row["EffectiveCost"]) for row in rows}


def test_plain_tags_are_read_as_they_lie(tmp_path: Path) -> None:
    run = _run(tmp_path, "parquet", _PLAIN, None)
    assert _owners(run) == {"search": 1, None: 1}
    assert not list((tmp_path / runs.FOLDER / "cache").rglob("files/*/table.parquet"))


@pytest.mark.parametrize(
    ("tags", "team"),
    [
        ('{"team": "first", "team": "last"}', "last"),
        ('{"team": 12}', "12"),
        ('{"team": 12.50}', "12.50"),
        ('{"team": null}', None),
        ("nobody's", None),
    ],
)
def test_odd_tags_are_read_by_the_rules_as_in_any_other_file(
    tags: str, team: str | None, tmp_path: Path
) -> None:
    """Beside a line whose tags are plain; the last of equal keys stands (R2)."""
    run = _run(tmp_path / "columns", "parquet", _PLAIN, tags)
    assert _owners(run) == {"search": 1, team: 1}
    assert _owners(_run(tmp_path / "text", "csv", _PLAIN, tags)) == _owners(run)


def test_tags_that_are_no_json_are_named_with_their_line_and_cost(tmp_path: Path) -> None:
    _run(tmp_path, "parquet", _PLAIN, "nobody's")
    (problem,) = (p for p in pipeline.check(tmp_path).problems if p.name == "unreadable-tags")
    assert problem.place == "bills/october.parquet:2"
    assert (problem.count, problem.cost) == (1, Decimal(1))
