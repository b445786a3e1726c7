"""What two relations differ in, told so that a failing example can be read."""

from collections.abc import Iterable, Sequence
from typing import Any

from everyline.relations import MEASURES
from made import Row, units

_IN_UNITS = (
    *MEASURES,
    "x_BilledAmount",
    "x_EffectiveAmount",
    "x_Quantity",
    "x_EstimatedCost",
    "x_Expected",
    "x_Found",
    "x_Difference",
    "x_Tolerance",
    "x_Amount",
    "x_BilledQuantity",
    "x_SeenQuantity",
)


def as_units(rows: Iterable[Row]) -> list[Row]:
    """The rows with every amount in units of 10^-18."""
    return [{c: units(v) if c in _IN_UNITS else v for c, v in row.items()} for row in rows]


def differences(found: Iterable[Row], expected: Iterable[Row]) -> list[str]:
    """Empty if both have the same rows, whatever their order; else the nearest rows compared."""
    found, expected = list(found), list(expected)
    columns = sorted({c for row in (*found, *expected) for c in row})
    ours, theirs = _sorted(found, columns), _sorted(expected, columns)
    only = [row for row in ours if row not in theirs]
    other = [row for row in theirs if row not in ours]
    if not only and not other:
        return [] if ours == theirs else [f"{len(ours)} rows, not {len(theirs)}"]
    told = [f"{len(only)} rows only found, {len(other)} only expected"]
    for row in only[:2]:
        near = min(other, key=lambda o: _distance(o, row), default=row)
        pairs = zip(columns, row, near, strict=True)
        told += [f"{c}: found {a!r}, expected {b!r}" for c, a, b in pairs if a != b]
    return told


def _sorted(rows: Iterable[Row], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.get(c) for c in columns) for row in rows), key=repr)


def _distance(one: tuple[Any, ...], other: tuple[Any, ...]) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))
