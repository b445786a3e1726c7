"""The exact inverse of a matrix of whole numbers, quick for a hundred pools that serve each other.

Elimination over whole numbers would double its digits at every step. So the inverse is found
modulo one number of 60 bits, and lifted digit by digit (Dixon): with C the inverse modulo p, the
digits of the inverse to base p are C times the residue modulo p, and the next residue is what they
leave, divided by p. A row of whole numbers travels as one long number with a slot for each, since
the machine multiplies one long number much faster than many short ones. Nothing is taken on trust:
the inverse is multiplied with the matrix before it is handed out.
"""

from collections.abc import Iterator, Sequence
from math import prod
from operator import mul
from typing import NamedTuple

Matrix = Sequence[Sequence[int]]

_BYTE = 8
_MODULUS_BITS = 60


class Slots:
    """A row of `count` whole numbers as one: a slot for each, the first one lowest.

    No entry may exceed `most`, whatever its sign.
    """

    def __init__(self, count: int, most: int) -> None:
        self._width = most.bit_length() // _BYTE + 1
        self._size = count * self._width
        self._half = 1 << (self._width * _BYTE - 1)
        self._halves = int.from_bytes(self._half.to_bytes(self._width, "little") * count, "little")

    def packed(self, row: Sequence[int]) -> int:
        """The one number."""
        raw = b"".join((x + self._half).to_bytes(self._width, "little") for x in row)
        return int.from_bytes(raw, "little") - self._halves

    def row(self, packed: int) -> list[int]:
        """The entries again."""
        raw = (packed + self._halves).to_bytes(self._size, "little")
        cuts = [raw[at : at + self._width] for at in range(0, self._size, self._width)]
        return [int.from_bytes(cut, "little") - self._half for cut in cuts]


class Inverse(NamedTuple):
    """The inverse of a matrix: `rows` divided by `divisor`."""

    rows: list[list[int]]
    divisor: int

    def times(self, columns: Matrix) -> list[list[int]]:
        """The inverse times the matrix of these columns, times `divisor`, row by row."""
        return _product(self.rows, columns)


def inverse(matrix: Matrix) -> Inverse:
    """The inverse of a matrix whose rows are led by their diagonal.

    Args:
        matrix: whole numbers; on the diagonal they are positive and at least the sum of the
            others' absolute values, which are not positive; the determinant is not 0.
    """
    modulus, start = _start(matrix)
    # Of such a matrix no minor exceeds the product of the diagonal.
    bound = prod(row[at] for at, row in enumerate(matrix))
    digits = bound.bit_length() // (_MODULUS_BITS - 1) + 3
    divisor = _divisor(matrix, start, modulus, bound)
    identity = [[int(i == j) for j in range(len(matrix))] for i in range(len(matrix))]
    rows = _lifted(matrix, start, modulus, identity, digits)
    whole = modulus**digits
    for row in rows:
        for entry in row:
            divisor *= _denominator(entry * divisor % whole, whole, bound)
    found = Inverse([[_nearest(entry * divisor, whole) for entry in row] for row in rows], divisor)
    units = [[divisor * entry for entry in row] for row in identity]
    assert found.times(list(zip(*matrix, strict=True))) == units, "the inverse is none"
    return found


def _product(rows: Matrix, columns: Matrix) -> list[list[int]]:
    return [[sum(map(mul, row, column)) for column in columns] for row in rows]


def _start(matrix: Matrix) -> tuple[int, list[list[int]]]:
    """A modulus, and the inverse modulo it."""
    for modulus in _moduli():
        try:
            return modulus, _inverse_modulo(matrix, modulus)
        except ValueError:  # no pivot has an inverse modulo this one
            continue
    raise AssertionError("there are always more moduli")


def _moduli() -> Iterator[int]:
    """Numbers of 60 bits that are prime in all likelihood; none has to be."""
    modulus = (1 << _MODULUS_BITS) - 1
    while True:
        if pow(3, modulus - 1, modulus) == 1:
            yield modulus
        modulus -= 2


def _inverse_modulo(matrix: Matrix, modulus: int) -> list[list[int]]:
    """The inverse modulo a number; ValueError where there is none."""
    count = len(matrix)
    rows = [
        [x % modulus for x in row] + [int(i == j) for j in range(count)]
        for i, row in enumerate(matrix)
    ]
    for at in range(count):
        pivot = next((n for n in range(at, count) if rows[n][at]), at)
        rows[at], rows[pivot] = rows[pivot], rows[at]
        factor = pow(rows[at][at], -1, modulus)
        first = rows[at] = [x * factor % modulus for x in rows[at]]
        for n, row in enumerate(rows):
            if n != at and (factor := row[at]):
                rows[n] = [(x - factor * y) % modulus for x, y in zip(row, first, strict=True)]
    return [row[count:] for row in rows]


def _lifted(
    matrix: Matrix, start: Matrix, modulus: int, right: Matrix, digits: int
) -> list[list[int]]:
    """The inverse times `right`, modulo `modulus` to the power of `digits`."""
    width = len(right[0])
    residue_most = 1 + max(sum(map(abs, row)) for row in matrix) + max(map(max, right))
    slots = Slots(width, len(matrix) * modulus * residue_most)
    residues = [slots.packed(row) for row in right]
    found: list[list[list[int]]] = []
    for _ in range(digits):
        digit = [[x % modulus for x in slots.row(sum(map(mul, row, residues)))] for row in start]
        packed = [slots.packed(row) for row in digit]
        residues = [
            (residue - sum(map(mul, row, packed))) // modulus
            for residue, row in zip(residues, matrix, strict=True)
        ]
        found.append(digit)
    rows = []
    for at in range(len(matrix)):
        row = [0] * width
        for digit in reversed(found):
            row = [x * modulus + d for x, d in zip(row, digit[at], strict=True)]
        rows.append(row)
    return rows


def _divisor(matrix: Matrix, start: Matrix, modulus: int, bound: int) -> int:
    """A common divisor of one solution, which is nearly always that of the whole inverse."""
    right = [[at * at + 1] for at in range(len(matrix))]
    most = bound * sum(entry for (entry,) in right)
    digits = (2 * most * bound).bit_length() // (_MODULUS_BITS - 1) + 1
    whole, divisor = modulus**digits, 1
    for (entry,) in _lifted(matrix, start, modulus, right, digits):
        divisor *= _denominator(entry * divisor % whole, whole, most)
    return divisor


def _denominator(residue: int, modulus: int, most: int) -> int:
    """The denominator of the fraction of this residue whose numerator is at most `most`."""
    if residue <= most or modulus - residue <= most:
        return 1
    above, below, denominator, before = modulus, residue, 1, 0
    while below > most:
        quotient = above // below
        above, below = below, above - quotient * below
        before, denominator = denominator, before - quotient * denominator
    return abs(denominator)


def _nearest(number: int, modulus: int) -> int:
    """The residue nearest to 0."""
    residue = number % modulus
    return residue - modulus if 2 * residue > modulus else residue
