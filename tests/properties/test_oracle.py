"""The engine against the oracle: every column of every relation, to the last unit."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import made
import oracle.relations
from drawn import Project, write
from hypothesis import given, settings
from strategies import projects

from everyline.relations import MEASURES

_IN_UNITS = (*MEASURES, "x_BilledAmount", "x_EffectiveAmount")


def _as_units(rows: Iterable[made.Row]) -> list[made.Row]:
    return [{c: made.units(v) if c in _IN_UNITS else v for c, v in row.items()} for row in rows]


def _sorted(rows: Iterable[made.Row], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.get(c) for c in columns) for row in rows), key=repr)


def differences(found: Sequence[made.Row], expected: Sequence[made.Row]) -> list[str]:
    """What two relations differ in, the nearest rows of each side side by side; empty if nothing."""
    columns = sorted({c for row in (*found, *expected) for c in row})
    ours, theirs = _sorted(found, columns), _sorted(expected, columns)
    only = [row for row in ours if row not in theirs]
    other = [row for row in theirs if row not in ours]
    if not only and not other:
        return [] if ours == theirs else [f"{len(ours)} rows, not {len(theirs)}"]
    shown = [f"{len(only)} rows only found, {len(other)} only expected"]
    for row in only[:2]:
        near = min(other, key=lambda o: sum(a != b for a, b in zip(o, row, strict=True)), default=row)
        shown += [
            f"{column}: found {a!r}, expected {b!r}"
            for column, a, b in zip(columns, row, near, strict=True)
            if a != b
        ]
    return shown


def agree(folder: Path) -> None:
    """Asserts that engine and oracle make the same of the project in `folder`."""
    found = made.relations(made.run(folder))
    for name, expected in oracle.relations.relations(folder).items():
        assert not (told := differences(_as_units(found[name]), expected)), (name, told)
