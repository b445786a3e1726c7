"""Between pools (R19): who bears a pool in the end, where pools pass cost on to each other.

Exact: whole weights in, whole weights out. Stepping down solves itself, last pool first; pools that
serve each other in a circle are solved together, as the linear system that they are.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from everyline.allocation.linear import inverse

Weights = Mapping[int, int]


class Own(NamedTuple):
    """a(i, r) of one pot after removal, in whole numbers above 0; not both are empty.

    Attributes:
        final: receiver to weight.
        passed: the pot that is passed on to, and its weight; never the pot itself.
    """

    final: Weights
    passed: Weights

    @property
    def total(self) -> int:
        """What the weights are parts of."""
        return sum(self.final.values()) + sum(self.passed.values())


def composed(pots: Mapping[int, Own], lost: int) -> dict[int, Weights]:
    """F of every pot: receiver to whole weight.

    Args:
        pots: every pot of one period that has parts, or that is passed on to.
        lost: the receiver of pots from which nothing comes out (`no_outlet`).
    """
    kept = sorted({j for own in pots.values() for j in own.passed})
    reach = _reach(kept, pots)
    stuck = [i for i in kept if not any(pots[j].final for j in reach[i])]
    pots = {**pots, **dict.fromkeys(stuck, Own({lost: 1}, {}))}
    solution = _Solution(pots)
    for block in _blocks(reach):
        solution.add(block)
    return {i: solution.whole.get(i) or solution.right(i) for i in pots}


def _reach(kept: Sequence[int], pots: Mapping[int, Own]) -> dict[int, frozenset[int]]:
    """Where what is passed on to each pot can come: itself, and all behind it."""
    at = {pot: n for n, pot in enumerate(kept)}
    bits = [1 << n | sum(1 << at[j] for j in pots[i].passed) for n, i in enumerate(kept)]
    for n in range(len(kept)):
        bits = [found | bits[n] if found >> n & 1 else found for found in bits]
    return {
        i: frozenset(j for m, j in enumerate(kept) if bits[n] >> m & 1) for n, i in enumerate(kept)
    }


def _blocks(reach: Mapping[int, frozenset[int]]) -> list[list[int]]:
    """Pots that serve each other, together; each block after all that it passes on to."""
    blocks: dict[frozenset[int], list[int]] = {}
    for pot, reached in reach.items():
        blocks.setdefault(reached, []).append(pot)
    return [blocks[reached] for reached in sorted(blocks, key=len)]


class _Solution:
    """What is solved so far: `whole` divided by `common` is F."""

    def __init__(self, pots: Mapping[int, Own]) -> None:
        self._pots = pots
        self.whole: dict[int, dict[int, int]] = {}
        self.common = 1

    def right(self, pot: int) -> dict[int, int]:
        """What comes out of a pot but through its own block, times its total and `common`."""
        own = self._pots[pot]
        found = {receiver: weight * self.common for receiver, weight in own.final.items()}
        for other, weight in own.passed.items():
            for receiver, part in self.whole.get(other, {}).items():
                found[receiver] = found.get(receiver, 0) + weight * part
        return found

    def add(self, block: Sequence[int]) -> None:
        """Solves one block."""
        if len(block) == 1:
            (pot,) = block
            self._keep({pot: self.right(pot)}, self._pots[pot].total)
            return
        rights = [self.right(pot) for pot in block]
        matrix = [
            [own.total if i == j else -own.passed.get(j, 0) for j in block]
            for i in block
            for own in [self._pots[i]]
        ]
        solved = inverse(matrix)
        receivers = sorted(set().union(*rights))
        columns = [[right.get(receiver, 0) for right in rights] for receiver in receivers]
        parts = solved.times(columns)
        found = {
            pot: {receiver: part for receiver, part in zip(receivers, row, strict=True) if part}
            for pot, row in zip(block, parts, strict=True)
        }
        self._keep(found, solved.divisor)

    def _keep(self, found: Mapping[int, dict[int, int]], divisor: int) -> None:
        """Takes in F of a block, given times `divisor` and `common`."""
        shared = gcd(divisor, *(part for parts in found.values() for part in parts.values()))
        step = divisor // shared
        if step > 1:
            self.common *= step
            self.whole = {pot: _times(parts, step) for pot, parts in self.whole.items()}
        for pot, parts in found.items():
            self.whole[pot] = {receiver: part // shared for receiver, part in parts.items()}


def _times(parts: Weights, factor: int) -> dict[int, int]:
    return {receiver: part * factor for receiver, part in parts.items()}


def whole(weights: Mapping[int, Fraction] | Weights) -> dict[int, int]:
    """Weights above 0 as the smallest whole numbers of the same proportions (R12)."""
    denominator = lcm(*(weight.denominator for weight in weights.values()))
    found = {receiver: int(weight * denominator) for receiver, weight in weights.items() if weight}
    divisor = gcd(*found.values()) or 1
    return {receiver: weight // divisor for receiver, weight in found.items()}
