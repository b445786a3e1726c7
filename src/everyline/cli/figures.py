"""Figures as screens have them: those of `everyline.figures` in ASCII, and bars.

Every terminal can show `-`, and a figure that is copied from one can be pasted anywhere.
"""

from decimal import Decimal
from fractions import Fraction

from everyline import figures
from everyline.figures import exact, share

__all__ = [
    "NOTHING",
    "amount",
    "bar",
    "exact",
    "percent",
    "quantity",
    "separated",
    "share",
]

NOTHING = "-"
"""What stands for a null."""

_SIGNS = str.maketrans({figures.MINUS: "-", figures.NOTHING: NOTHING})
_BLOCKS = "▏▎▍▌▋▊▉█"
_EIGHTHS = len(_BLOCKS)


def amount(value: Decimal | None, currency: str | None) -> str:
    """An amount in the currency's minor unit, half-even, with thousands separators."""
    return _in_ascii(figures.amount(value, currency))


def quantity(value: Decimal | None) -> str:
    """A quantity with at most three decimals, half-even."""
    return _in_ascii(figures.quantity(value))


def separated(value: Decimal) -> str:
    """Every digit of a number, with thousands separators."""
    return _in_ascii(figures.separated(value))


def percent(found: Fraction | None) -> str:
    """A share in percent with one decimal, half-even."""
    return _in_ascii(figures.percent(found))


def bar(share: Fraction | None, width: int, *, ascii_only: bool) -> str:
    """A share from 0 to 1 as a bar of at most `width` cells, rounded down to what can be drawn.

    What is more than nothing shows, and what is less than all leaves something open.
    """
    if share is None or share <= 0:
        return ""
    steps = 1 if ascii_only else _EIGHTHS
    drawn = max(1, int(min(share, Fraction(1)) * width * steps))
    if ascii_only:
        return "#" * drawn
    full, rest = divmod(drawn, _EIGHTHS)
    return _BLOCKS[-1] * full + (_BLOCKS[rest - 1] if rest else "")


def _in_ascii(text: str) -> str:
    return text.translate(_SIGNS)
