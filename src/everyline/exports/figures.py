"""Figures of documents as text. Amounts of `statements` are in minor units already (R23)."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache

from everyline.money import minor_digits

MINUS = "\N{MINUS SIGN}"

_HALF_EVEN = Context(prec=60, rounding=ROUND_HALF_EVEN)
_DIGITS = 2


def digits_of(currency: str) -> int:
    """Decimals that amounts of a currency have."""
    digits = minor_digits(currency)
    return _DIGITS if digits is None else digits


def amount(value: Decimal, currency: str) -> str:
    """An amount with thousands separators, half-even where it is not in minor units."""
    rounded = _HALF_EVEN.quantize(value, _minor_unit(currency))
    return f"{rounded:z,f}".replace("-", MINUS)


@cache
def _minor_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-digits_of(currency))


def change(value: Decimal, currency: str) -> str:
    """An amount with its sign, also where it is positive."""
    return f"+{amount(value, currency)}" if value > 0 else amount(value, currency)


def exact(value: Decimal) -> str:
    """Every digit, without separators and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(part: Decimal, whole: Decimal) -> Fraction | None:
    """`part` of `whole`, exact; None where the whole is nothing."""
    if not whole:
        return None
    (above, below), (over, under) = part.as_integer_ratio(), whole.as_integer_ratio()
    return Fraction(above * under, below * over)


def percent(found: Fraction | None) -> str:
    """A share in percent with one decimal, half-even."""
    if found is None:
        return "–"
    return f"{Decimal(round(found * 1000)).scaleb(-1):z,.1f} %".replace("-", MINUS)
