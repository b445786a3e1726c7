"""Between pools (R19): who bears a pool in the end, where pools pass cost on to each other.

Exact: whole weights in, whole weights out. Stepping down solves itself, last pool first; pools that
serve each other in a circle are solved together, as the linear system that they are.
"""

from collections.abc import Mapping, Sequence
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


class Shared(NamedTuple):
    """F of a pot, and what its weights are parts of."""

    weights: Weights
    total: int

    @classmethod
    def of(cls, weights: Weights) -> "Shared":
        """F of these weights."""
        return cls(weights, sum(weights.values()))


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
    found: dict[int, Shared] = {}
    for block in _blocks(reach):
        found |= {pot: Shared.of(weights) for pot, weights in _solved(block, pots, found).items()}
    ends = {i: whole(_right(own, found)[0]) for i, own in pots.items() if i not in found}
    return {pot: one.weights for pot, one in found.items()} | ends


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


def _solved(
    block: Sequence[int], pots: Mapping[int, Own], before: Mapping[int, Shared]
) -> dict[int, Weights]:
    """F of the pots of a block; `before` is that of all that it passes on to."""
    rights = [_right(pots[pot], before) for pot in block]
    if len(block) == 1:
        return {block[0]: whole(rights[0][0])}
    common = lcm(*(divisor for _, divisor in rights))
    receivers = sorted(set().union(*(right for right, _ in rights)))
    rows = [
        [common // divisor * right.get(receiver, 0) for receiver in receivers]
        for right, divisor in rights
    ]
    matrix = [
        [own.total if i == j else -own.passed.get(j, 0) for j in block]
        for i in block
        for own in [pots[i]]
    ]
    solution = inverse(matrix)
    parts = solution.times(rows)
    given = solution.divisor * common
    assert all(sum(row) == given for row in parts), "a pot gives away more or less than it has"
    return {
        pot: whole(dict(zip(receivers, row, strict=True)))
        for pot, row in zip(block, parts, strict=True)
    }


def _right(own: Own, before: Mapping[int, Shared]) -> tuple[dict[int, int], int]:
    """What comes out of a pot but through its own block: its weights, times a divisor."""
    totals = {pot: before[pot].total for pot in own.passed if pot in before}
    found, divisor = dict(own.final), 1
    # Those of smaller totals come first, so that numbers stay short for long.
    for pot in sorted(totals, key=totals.__getitem__):
        step = lcm(divisor, totals[pot]) // divisor
        if step > 1:
            divisor *= step
            found = {receiver: weight * step for receiver, weight in found.items()}
        weight = own.passed[pot] * (divisor // totals[pot])
        for receiver, part in before[pot].weights.items():
            found[receiver] = found.get(receiver, 0) + weight * part
    return found, divisor


def whole(weights: Weights) -> dict[int, int]:
    """Weights as the smallest whole numbers of the same proportions, those above 0 (R12)."""
    divisor = gcd(*weights.values())
    if divisor <= 1:
        return {receiver: weight for receiver, weight in weights.items() if weight}
    return {receiver: weight // divisor for receiver, weight in weights.items() if weight}
