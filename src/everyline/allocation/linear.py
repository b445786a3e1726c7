"""The exact inverse of a matrix of whole numbers, for pools that serve each other in circles.

A pool that serves few and is served by few is put into the equations of those that it serves, one
pool after another, which leaves short numbers and most of the matrix empty. Where all serve all,
that would fill the matrix with long numbers, and the inverse is lifted instead.
"""

from collections.abc import Collection, Sequence
from math import gcd
from operator import mul
from typing import NamedTuple

from everyline.allocation.lifting import Matrix, Slots, lifted

_LINKS_MOST = 1000
"""Above so many pairs of a pool's givers and takers, lifting is quicker."""


class _Equation(NamedTuple):
    """`own` times the unknown is the sum of `others` times theirs, and of `right`, none below 0.

    `right` says how much of the right side of each equation as it was is in this one.
    """

    own: int
    others: dict[int, int]
    right: dict[int, int]

    def with_(self, unknown: int, by: "_Equation") -> "_Equation":
        """This one with an unknown replaced by its own equation, in the shortest numbers."""
        weight = self.others[unknown]
        others = _sum(self.others, by.own, by.others, weight)
        del others[unknown]
        right = _sum(self.right, by.own, by.right, weight)
        return _Equation(self.own * by.own, others, right)

    def reduced(self, unknown: int) -> "_Equation":
        """Without its unknown among the others, and without a common divisor."""
        own = self.own - self.others.pop(unknown, 0)
        shared = gcd(own, *self.others.values(), *self.right.values())
        if shared == 1:
            return self._replace(own=own)
        return _Equation(own // shared, _divided(self.others, shared), _divided(self.right, shared))


def _sum(one: dict[int, int], by: int, other: dict[int, int], weight: int) -> dict[int, int]:
    found = {at: x * by for at, x in one.items()}
    for at, x in other.items():
        found[at] = found.get(at, 0) + x * weight
    return found


def _divided(numbers: dict[int, int], divisor: int) -> dict[int, int]:
    return {at: x // divisor for at, x in numbers.items()}


class Inverse(NamedTuple):
    """The inverse of a matrix: `rows` divided by `divisor`, none below 0.

    Attributes:
        equations: those of the unknowns in the order that they are solved in, where they are few.
    """

    rows: Matrix
    divisor: int
    equations: Sequence[tuple[int, _Equation]] = ()

    def times(self, right: Matrix) -> list[list[int]]:
        """The inverse times a matrix, times `divisor`. No number of `right` is below 0."""
        if not self.equations:
            return self._product(right)
        solved: dict[int, list[int]] = {}
        for at, one in self.equations:
            own = _combined(one.right.values(), [right[n] for n in one.right])
            rows = [own, *(solved[n] for n in one.others)]
            times = _combined([self.divisor, *one.others.values()], rows)
            solved[at] = [x // one.own for x in times]
        return [solved[at] for at in range(len(right))]

    def _product(self, right: Matrix) -> list[list[int]]:
        """A column of the inverse is one long number, as what it is multiplied with is short."""
        columns = list(zip(*right, strict=True))
        slots = Slots(len(right), max(map(sum, columns)) * max(map(max, self.rows)))
        packed = [slots.packed(column) for column in zip(*self.rows, strict=True)]
        found = [slots.row(sum(map(mul, column, packed))) for column in columns]
        return [list(row) for row in zip(*found, strict=True)]


def _combined(weights: Collection[int], rows: Matrix) -> list[int]:
    """The sum of rows, each times its weight."""
    return [sum(map(mul, weights, column)) for column in zip(*rows, strict=True)]


def inverse(matrix: Matrix) -> Inverse:
    """The inverse of a matrix whose rows are led by their diagonal.

    Args:
        matrix: whole numbers; on the diagonal they are positive and at least the sum of the
            others' absolute values, which are not positive; the determinant is not 0.
    """
    equations = [
        _Equation(row[at], {j: -x for j, x in enumerate(row) if x and j != at}, {at: 1})
        for at, row in enumerate(matrix)
    ]
    order = _eliminated(equations)
    if order is None:
        return Inverse(*lifted(matrix))
    return _solved([(at, equations[at]) for at in reversed(order)])


def _eliminated(equations: list[_Equation]) -> list[int] | None:
    """Replaces each unknown in the equations of those that come later; their order.

    None where that would fill the matrix. The least work comes first, so that numbers stay short.
    """
    within = [
        {i for i, one in enumerate(equations) if j in one.others} for j in range(len(equations))
    ]
    left, order = set(range(len(equations))), list[int]()

    def work(at: int) -> tuple[int, int]:
        links = len(equations[at].others) * len(within[at])
        return links * equations[at].own.bit_length(), at

    while left:
        at = min(left, key=work)
        by = equations[at]
        if len(by.others) * len(within[at]) > _LINKS_MOST:
            return None
        left.remove(at)
        order.append(at)
        for other in by.others:
            within[other].discard(at)
        for i in within[at]:
            equations[i] = equations[i].with_(at, by).reduced(i)
            for other in equations[i].others:
                within[other].add(i)
    return order


def _solved(equations: Sequence[tuple[int, _Equation]]) -> Inverse:
    """The inverse, out of equations whose others all come before them."""
    found: dict[int, dict[int, int]] = {}
    divisor = 1
    for at, one in equations:
        row = {column: x * divisor for column, x in one.right.items()}
        for other, weight in one.others.items():
            row = _sum(row, 1, found[other], weight)
        shared = gcd(one.own, *row.values())
        if (step := one.own // shared) > 1:
            divisor *= step
            found = {i: {column: x * step for column, x in it.items()} for i, it in found.items()}
        found[at] = _divided(row, shared)
    every = range(len(equations))
    rows = [[found[i].get(column, 0) for column in every] for i in every]
    return Inverse(rows, divisor, equations)
