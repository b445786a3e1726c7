"""The stock of a block (R14): what is explained already leaves it before cells are weighed.

This is the definition, in whole numbers. Blocks in which nothing leaves the stock before a cell
sees it, which is most of them, are carried out in SQL (`levels.py`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Values = tuple[str | None, ...]
"""Values of the keys that have no default; None where there is none."""

TICK = 10**6
"""What is taken is rounded down to this many units of 10^-18."""


class Taker(NamedTuple):
    """What asks for usage: a cell, or known cost of equal values.

    Attributes:
        cell: the number of the cell; None for known cost.
        known: its known values.
        wants: its quantity or ListCost in units of 10^-18 (B of R15), signed.
    """

    cell: int | None
    known: Values
    wants: int

    @property
    def turn(self) -> tuple[int, bool]:
        """Most known keys go first; of equally many, known cost before cells."""
        return -sum(value is not None for value in self.known), self.cell is not None


class Driver(NamedTuple):
    """Usage of equal key values: its number, its values and its weight in units of 10^-18."""

    number: int
    values: Values
    weight: int


def stock_seen(
    takers: Sequence[Taker], drivers: Sequence[Driver]
) -> Mapping[int, Mapping[int, int]]:
    """For each cell of one block the weights above 0 of the drivers that agree, as it saw them.

    Takers of one turn see the same stock, and what they take leaves it together.
    """
    turns = defaultdict(list)
    for taker in takers:
        turns[taker.turn].append(taker)
    left = [max(driver.weight, 0) for driver in drivers]
    seen: dict[int, dict[int, int]] = {}
    for turn in sorted(turns):
        taken = [0] * len(drivers)
        for taker in turns[turn]:
            kinds = _agreeing(taker.known, drivers)
            if taker.cell is not None:
                agreeing = sorted(at for kind in kinds for at in kind)
                seen[taker.cell] = {drivers[at].number: left[at] for at in agreeing if left[at]}
            wanted = max(taker.wants, 0)
            for kind in kinds:
                wanted -= _take(wanted, kind, left, taken)
        left = [max(have - gone, 0) for have, gone in zip(left, taken, strict=True)]
    return seen


def _agreeing(known: Values, drivers: Sequence[Driver]) -> tuple[list[int], list[int]]:
    """Positions of the drivers that agree: missing none of the known keys, and missing one."""
    needed = [at for at, value in enumerate(known) if value is not None]
    wanted = [known[at] for at in needed]
    if not needed:
        return list(range(len(drivers))), []
    none_missing, one_missing = [], []
    for number, driver in enumerate(drivers):
        theirs = [driver.values[at] for at in needed]
        if theirs == wanted:
            none_missing.append(number)
        elif all(own is None or own == value for own, value in zip(theirs, wanted, strict=True)):
            one_missing.append(number)
    return none_missing, one_missing


def _take(wanted: int, kind: Sequence[int], left: Sequence[int], taken: list[int]) -> int:
    """Adds to `taken` what is wanted of one kind of drivers, in proportion; returns how much.

    What rounding leaves with the drivers counts as taken.
    """
    there = sum(left[at] for at in kind)
    gone = min(wanted, there)
    if gone:
        for at in kind:
            taken[at] += gone * left[at] // there // TICK * TICK
    return gone
