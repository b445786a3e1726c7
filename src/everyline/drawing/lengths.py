"""Lengths of charts: whole hundredths of a pixel, by exact shares of exact amounts."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import lcm

PX = 100
"""Hundredths in a pixel."""

Amount = Decimal | int
"""Money is never a float."""


def px(hundredths: int) -> str:
    """A length as SVG has it: `12.3` for 1230."""
    whole, rest = divmod(abs(hundredths), PX)
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{whole}.{rest:02}".rstrip("0").rstrip(".")


def cuts(parts: Sequence[Fraction | int], whole: Fraction | int, length: int) -> list[int]:
    """Where parts of a `whole` begin and end on a `length`: one place more than there are parts.

    Each place is rounded once, so parts that sum to the whole fill the length.
    """
    return [round(Fraction(at * length, whole)) for at in accumulate(parts, initial=0)]


def units(amounts: Iterable[Fraction]) -> list[int]:
    """The amounts as integers, in one unit that all of them are whole numbers of."""
    given = list(amounts)
    unit = lcm(*(one.denominator for one in given))
    return [int(one * unit) for one in given]


def spread(wanted: Sequence[int], apart: int, low: int, high: int) -> list[int]:
    """Places near those wanted, `apart` from each other and between `low` and `high`.

    `wanted` ascends. Where all of them do not fit, they stand closer, evenly.
    """
    if len(wanted) > 1:
        apart = min(apart, (high - low) // (len(wanted) - 1))
    places: list[int] = []
    for one in wanted:
        places.append(max(one, places[-1] + apart if places else low))
    end = high
    for at in reversed(range(len(places))):
        places[at] = min(places[at], end)
        end = places[at] - apart
    return places
