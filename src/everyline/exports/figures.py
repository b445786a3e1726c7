"""Figures of documents as text. Amounts of `statements` are in minor units already (R23)."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from everyline.money import minor_digits

MINUS = "\N{MINUS SIGN}"

_DIGITS_MAX = 60
_DIGITS = 2


def digits_of(currency: str) -> int:
    """Decimals that amounts of a currency have."""
    digits = minor_digits(currency)
    return _DIGITS if digits is None else digits


def amount(value: Decimal, currency: str) -> str:
    """An amount with thousands separators, half-even where it is not in minor units."""
    with localcontext() as context:
        context.prec, context.rounding = _DIGITS_MAX, ROUND_HALF_EVEN
        return f"{value:z,.{digits_of(currency)}f}".replace("-", MINUS)


def change(value: Decimal, currency: str) -> str:
    """An amount with its sign, also where it is positive."""
    return f"+{amount(value, currency)}" if value > 0 else amount(value, currency)


def exact(value: Decimal) -> str:
    """Every digit, without separators and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(part: Decimal, whole: Decimal) -> Fraction | None:
    """`part` of `whole`, exact; None where the whole is nothing."""
    return Fraction(Fraction(part), Fraction(whole)) if whole else None


def percent(found: Fraction | None) -> str:
    """A share in percent with one decimal, half-even."""
    if found is None:
        return "–"
    return f"{Decimal(round(found * 1000)).scaleb(-1):z,.1f} %".replace("-", MINUS)
