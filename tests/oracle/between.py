"""Between pools: who receives in the end what pools pass on to each other (R19).

Pools are numbers; `passing[i][j]` is the share that i passes on to j, `ending[i]` the shares of
its final receivers. Both together are 1.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeVar

from oracle.parts import Receiver

Ending = dict[Receiver, Fraction]
Passing = Mapping[int, Mapping[int, Fraction]]
_K = TypeVar("_K")


def solved(passing: Passing, ending: Mapping[int, Ending], outlet: Receiver) -> dict[int, Ending]:
    """F of each pool: F(i) = ending(i) + sum of passing(i, j) F(j), exactly.

    A pool from which no final receiver can be reached has `outlet` alone.
    """
    open_ones = _reaching(passing, ending)
    found: dict[int, Ending] = {i: {outlet: Fraction(1)} for i in passing if i not in open_ones}
    rows: dict[int, dict[int, Fraction]] = {}
    right: dict[int, Ending] = {}
    for i in open_ones:
        rows[i] = {i: Fraction(1)}
        right[i] = dict(ending[i])
        for j, share in passing[i].items():
            if j in open_ones:
                _add(rows[i], {j: Fraction(1)}, -share)
            else:
                _add(right[i], found[j], share)
    for pivot in open_ones:
        scale = 1 / rows[pivot][pivot]
        rows[pivot] = {j: share * scale for j, share in rows[pivot].items()}
        right[pivot] = {r: share * scale for r, share in right[pivot].items()}
        for i in open_ones:
            factor = rows[i].get(pivot, Fraction(0))
            if i != pivot and factor:
                _add(rows[i], rows[pivot], -factor)
                _add(right[i], right[pivot], -factor)
    return found | right


def _reaching(passing: Passing, ending: Mapping[int, Ending]) -> list[int]:
    """The pools from which some final receiver can be reached."""
    found = {i for i in passing if any(ending[i].values())}
    before = -1
    while before != len(found):
        before = len(found)
        found |= {i for i in passing if any(j in found and s for j, s in passing[i].items())}
    return sorted(found)


def _add(total: dict[_K, Fraction], more: Mapping[_K, Fraction], times: Fraction) -> None:
    for key, share in more.items():
        total[key] = total.get(key, Fraction(0)) + share * times
