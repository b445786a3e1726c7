"""Figures as text: amounts, quantities, shares and bars. For screens only: they round."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from everyline.money import minor_digits

NOTHING = "-"
"""What stands for a null."""

_DIGITS_MAX = 60
_QUANTITY_DECIMALS = 3
_BLOCKS = "▏▎▍▌▋▊▉█"
_EIGHTHS = len(_BLOCKS)


def amount(value: Decimal | None, currency: str | None) -> str:
    """An amount in the currency's minor unit, half-even, with thousands separators."""
    if value is None:
        return NOTHING
    digits = minor_digits(currency or "")
    return _fixed(value, 2 if digits is None else digits)


def quantity(value: Decimal | int | None) -> str:
    """A quantity with at most three decimals, half-even."""
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    return _trimmed(_fixed(value, _QUANTITY_DECIMALS))


def exact(value: Decimal) -> str:
    """Every digit of a number, without trailing zeros."""
    return _trimmed(f"{value:,f}")


def digits(value: Decimal) -> str:
    """Every digit of a number as data: without thousands separators and trailing zeros."""
    return _trimmed(f"{value:f}")


def ratio(part: Decimal, whole: Decimal) -> Fraction | None:
    """`part` of `whole`; None where the whole is nothing (R22)."""
    return Fraction(part) / Fraction(whole) if whole else None


def percent(share: Fraction | None) -> str:
    """A share in percent with one decimal, half-even."""
    if share is None:
        return NOTHING
    return f"{Decimal(round(share * 1000)).scaleb(-1):z,.1f} %"


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


def _fixed(value: Decimal, decimals: int) -> str:
    with localcontext() as context:
        context.prec, context.rounding = _DIGITS_MAX, ROUND_HALF_EVEN
        return f"{value:z,.{decimals}f}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
