"""What a run has made, as plain rows; and its files, as bytes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from everyline import pipeline, runs
from everyline.engines.duckdb import Engine
from everyline.problems import as_text
from everyline.tag_columns import named

Row = dict[str, Any]

RELATIONS = (
    "groups",
    "usage",
    "owned_groups",
    "shares",
    "allocations",
    "pool_members",
    "coverage",
    "reconciliation",
    "statements",
    "problems",
)


def run(folder: Path) -> runs.Run:
    """Runs a project that nothing stops."""
    outcome = pipeline.run(folder)
    assert outcome.run, "\n".join(as_text(p) for p in outcome.problems if p.level != "warn")
    return outcome.run


def relations(made: runs.Run, names: Sequence[str] = RELATIONS) -> dict[str, list[Row]]:
    """Relations of a run: rows with their columns; tags as `Tags.<key>`, key as billed."""
    return {name: rows(_reader(), made.relation(name)) for name in names}


@cache
def _reader() -> Engine:
    """One for all runs that are read: it reads files, and keeps nothing."""
    return Engine()


def charges(folder: Path) -> list[Row]:
    """The relation `charges` of a project."""
    engine = Engine()
    sql = pipeline.charges_relation(engine, folder)
    assert isinstance(sql, str)
    found = rows(engine, f"({sql})")
    engine.close()
    return found


def rows(engine: Engine, relation: str) -> list[Row]:
    found = engine.named_rows(f"SELECT * FROM {relation}")
    return [{named(column): value for column, value in row.items()} for row in found]


def units(value: Decimal | int | None) -> int | None:
    """A measure in units of 10^-18; nothing is rounded."""
    if value is None:
        return None
    numerator, denominator = Decimal(value).as_integer_ratio()
    assert 10**18 % denominator == 0
    return numerator * (10**18 // denominator)


def files(made: runs.Run) -> Mapping[str, bytes]:
    """Every file of a run, its manifest too."""
    return {path.name: path.read_bytes() for path in sorted(made.folder.iterdir())}
