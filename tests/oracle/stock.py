"""What usage there is in one block of a trace, and who takes how much of it (R14, R15)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from oracle import tables

Row = dict[str, Any]
Values = tuple[str | None, ...]
"""The value of each key, in taxonomy order."""
Stock = dict[Values, int]
"""Weight in units of 10^-18 of what a driver saw, by its key values."""

MEASURED = {"quantity": "x_Quantity", "estimated_cost": "x_EstimatedCost"}
STEP = 10**6
"""10^-12 of the unit, in units of 10^-18."""


class Drivers(NamedTuple):
    """Usage rows summed by their key values; `unit` is their one unit or currency, if any."""

    stock: Stock
    unit: str | None


@dataclass
class Taker:
    """A cell, or known cost of equal known values.

    `known` has a value for each key that counts, or null; `saw` is what agreed with it.
    """

    known: Values
    billed: int
    is_cell: bool
    saw: Stock = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(value is not None for value in self.known)

    def agrees(self, driver: Values) -> bool:
        pairs = zip(self.known, driver, strict=True)
        return all(mine is None or its is None or mine == its for mine, its in pairs)

    def misses_none(self, driver: Values) -> bool:
        pairs = zip(self.known, driver, strict=True)
        return all(mine is None or its is not None for mine, its in pairs)


def drivers(rows: Iterable[Row], keys: Sequence[str], weight: str) -> Drivers | None:
    """The drivers of a block; None if they have more than one unit or currency.

    Rows without a unit are of a unit of their own; those without a cost have no currency.
    """
    stock: Stock = {}
    units: set[str | None] = set()
    for row in rows:
        amount, unit = weighed(row, weight)
        if unit is not None or weight == "quantity":
            units.add(unit)
        values = tuple(row[key] for key in keys)
        stock[values] = stock.get(values, 0) + amount
    return Drivers(stock, next(iter(units), None)) if len(units) < 2 else None


def weighed(row: Row, weight: str) -> tuple[int, str | None]:
    """Weight of a usage row in single units, and its unit or currency."""
    if weight == "estimated_cost":
        return row["x_EstimatedCost"] or 0, row["x_EstimatedCurrency"]
    unit, multiple = tables.single(row["x_Unit"])
    return row["x_Quantity"] * multiple, unit


def billed(
    cost: Iterable[tuple[Row, Mapping[str, int | None]]], weight: str, unit: str | None
) -> int:
    """B of R15 for groups or parts of groups, each with its measures."""
    if weight == "estimated_cost":
        listed = [(measures["ListCost"] or 0, g["BillingCurrency"]) for g, measures in cost]
        same = all(currency == unit for _, currency in listed)
        return sum(amount for amount, _ in listed) if same else 0
    found, units = 0, {unit}
    for group, measures in cost:
        quantity = measures["ConsumedQuantity"]
        if quantity is not None:
            own, multiple = tables.single(group["ConsumedUnit"])
            units.add(own)
            found += quantity * multiple
    return found if len(units) == 1 else 0


def serve(stock: Stock, takers: Sequence[Taker]) -> None:
    """Takers from most known keys to fewest, known cost before cells; each notes what it saw."""
    left = dict(stock)
    for count in sorted({taker.count for taker in takers}, reverse=True):
        for is_cell in (False, True):
            before = dict(left)
            for taker in takers:
                if taker.count == count and taker.is_cell is is_cell:
                    taker.saw = {d: w for d, w in before.items() if taker.agrees(d)}
                    for driver, amount in _taken(taker):
                        left[driver] = max(0, left[driver] - amount)


def _taken(taker: Taker) -> Iterator[tuple[Values, int]]:
    """min(B, W), first from drivers that miss none of the known keys, each kind in proportion."""
    wanted = max(0, taker.billed)
    for kind in (True, False):
        saw = {d: w for d, w in taker.saw.items() if taker.misses_none(d) is kind}
        total = sum(saw.values())
        amount = min(wanted, total)
        wanted -= amount
        for driver, weight in saw.items():
            if amount:
                yield driver, amount * weight // (total * STEP) * STEP
