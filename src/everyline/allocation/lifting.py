"""The exact inverse of a full matrix of whole numbers, quick for a hundred rows.

Elimination over whole numbers would double its digits at every step. So the inverse is found
modulo one number of 60 bits, and lifted digit by digit (Dixon): with C the inverse modulo p, the
digits of the inverse to base p are C times the residue modulo p, and the next residue is what they
leave, divided by p. A row of whole numbers travels as one long number with a slot for each, since
the machine multiplies one long number much faster than many short ones. Nothing is taken on trust:
the inverse is multiplied with the matrix before it is handed out.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import prod
from operator import mul

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


def lifted(matrix: Matrix) -> tuple[list[list[int]], int]:
    """Rows and a divisor: the inverse of a matrix such as `linear.inverse` takes."""
    modulus, start = _start(matrix)
    # Of such a matrix no minor exceeds the product of the diagonal.
    bound = prod(row[at] for at, row in enumerate(matrix))
    digits = bound.bit_length() // (_MODULUS_BITS - 1) + 3
    divisor = _divisor(matrix, start, modulus, bound)
    identity = [[int(i == j) for j in range(len(matrix))] for i in range(len(matrix))]
    rows = _residues(matrix, start, modulus, identity, digits)
    whole = modulus**digits
    for row in rows:
        for entry in row:
            divisor *= _denominator(entry * divisor % whole, whole, bound)
    found = [[_nearest(entry * divisor, whole) for entry in row] for row in rows]
    _prove(matrix, found, divisor)
    return found, divisor


def _prove(matrix: Matrix, found: Matrix, divisor: int) -> None:
    """Multiplies the matrix with its inverse."""
    most = max(map(abs, chain.from_iterable(found)))
    slots = Slots(len(matrix), (divisor + most) * max(sum(map(abs, row)) for row in matrix))
    packed = [slots.packed(row) for row in found]
    for at, row in enumerate(matrix):
        unit = [divisor if at == n else 0 for n in range(len(matrix))]
        assert sum(map(mul, row, packed)) == slots.packed(unit), "the inverse is none"


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


def _residues(
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
    for (entry,) in _residues(matrix, start, modulus, right, digits):
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
