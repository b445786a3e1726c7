"""Figures as text: amounts, quantities and shares round half-even, for people.

They are written as documents and pages have them. Screens have them in ASCII (`cli/figures.py`).
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction
from functools import cache

from everyline.money import minor_digits

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""What stands for a null."""

_HALF_EVEN = Context(prec=60, rounding=ROUND_HALF_EVEN)
_DIGITS = 2
_QUANTITY_DECIMALS = 3


def digits_of(currency: str) -> int:
    """Decimals that amounts of a currency have."""
    digits = minor_digits(currency)
    return _DIGITS if digits is None else digits


def amount(value: Decimal | None, currency: str | None) -> str:
    """An amount in the currency's minor unit, with thousands separators."""
    if value is None:
        return NOTHING
    rounded = _HALF_EVEN.quantize(value, _minor_unit(currency or ""))
    return f"{rounded:z,f}".replace("-", MINUS)


def change(value: Decimal, currency: str) -> str:
    """An amount with its sign, also where it is positive."""
    return f"+{amount(value, currency)}" if value > 0 else amount(value, currency)


def quantity(value: Decimal | None) -> str:
    """A quantity with at most three decimals."""
    return NOTHING if value is None else rounded(value, _QUANTITY_DECIMALS)


def rounded(value: Decimal, decimals: int) -> str:
    """A number with thousands separators and at most so many decimals."""
    with localcontext(_HALF_EVEN):
        return _trimmed(f"{value:z,.{decimals}f}").replace("-", MINUS)


def exact(value: Decimal) -> str:
    """Every digit of a number as data: without thousands separators and trailing zeros."""
    return _trimmed(f"{value:f}")


def separated(value: Decimal) -> str:
    """Every digit of a number, with thousands separators and without trailing zeros."""
    return _trimmed(f"{value:,f}").replace("-", MINUS)


def share(part: Decimal, whole: Decimal) -> Fraction | None:
    """`part` of `whole`, exact; None where the whole is nothing (R22)."""
    if not whole:
        return None
    (above, below), (over, under) = part.as_integer_ratio(), whole.as_integer_ratio()
    return Fraction(above * under, below * over)


def percent(found: Fraction | None) -> str:
    """A share in percent with one decimal; only nothing reads 0.0 %, and only all 100.0 %."""
    if found is None:
        return NOTHING
    tenths = round(found * 1000)
    if tenths == 0 and found:
        return "<0.1 %" if found > 0 else f">{MINUS}0.1 %"
    if tenths == 1000 and found != 1:
        return ">99.9 %" if found < 1 else ">100.0 %"
    return f"{Decimal(tenths).scaleb(-1):,.1f} %".replace("-", MINUS)


@cache
def _minor_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-digits_of(currency))


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
