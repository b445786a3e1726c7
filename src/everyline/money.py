"""Exact arithmetic on money: reading a number, splitting an amount, rounding to minor units.

This is the only place that divides or rounds money. Amounts are integers of 10^-18 of a currency
unit (`units_e18`), which is what DECIMAL(38,18) holds, or integers of the currency's minor unit.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from math import gcd, lcm
from types import MappingProxyType
from typing import NamedTuple

SCALE = 18
"""Decimals of every measure: DECIMAL(38,18)."""

_TEXT_LENGTH_MAX = 60
_EXPONENT_MAX = 40
_UNITS_END = 10**38
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


class Number(NamedTuple):
    """A number as read by R2.

    Attributes:
        value: the number, rounded half-even to 18 decimals; never a negative zero.
        lost: what rounding took away: exact number minus `value`, itself exact.
    """

    value: Decimal
    lost: Decimal


@lru_cache(maxsize=8192)  # few texts are most of a file of shares or rates
def number(text: str) -> Number | None:
    """Read the text of a number by R2; None if it is none, or needs more than 38 digits.

    The text is `[-]digits[.digits][(E|e)[+-]digits]`, already trimmed, at most 60 characters, its
    exponent within +-40. A zero is 0 whatever its exponent (`0E-6176` is how some vendors write
    it). The bounds are checked before anything is computed, so no text can ask for much work.
    """
    match = _NUMBER.fullmatch(text) if len(text) <= _TEXT_LENGTH_MAX else None
    if match is None:
        return None
    sign, whole, fraction = match[1], match[2], match[3] or ""
    mantissa, exponent = int(whole + fraction), int(match[4] or 0)
    if mantissa == 0:
        return Number(_decimal(0, SCALE), _decimal(0, SCALE))
    if abs(exponent) > _EXPONENT_MAX:
        return None
    return _rounded(-mantissa if sign else mantissa, len(fraction) - exponent)


def _rounded(mantissa: int, decimals: int) -> Number | None:
    """`mantissa` x 10^-`decimals`, rounded half-even to 18 decimals."""
    if decimals <= SCALE:
        units, rest, step = mantissa * 10 ** (SCALE - decimals), 0, 1
    else:
        step = 10 ** (decimals - SCALE)
        units, rest = divmod(mantissa, step)
        if 2 * rest > step or (2 * rest == step and units % 2):
            units, rest = units + 1, rest - step
    if abs(units) >= _UNITS_END:
        return None
    return Number(_decimal(units, SCALE), _decimal(rest, max(decimals, SCALE)))


def _decimal(units: int, decimals: int) -> Decimal:
    # Construction from text is exact; arithmetic would round to the context's precision.
    return Decimal(f"{units}E-{decimals}")


@cache
def currencies() -> Mapping[str, int]:
    """Digits after the point of each currency of `currencies.csv`, by ISO 4217 code.

    Codes without a minor unit (gold, test codes) are left out. Codes withdrawn since 2023 are kept,
    since bills of earlier periods carry them.
    """
    text = (files(__package__) / "currencies.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["code"]: int(row["minor_digits"]) for row in rows})


def minor_digits(code: str) -> int | None:
    """Digits of the minor unit of an upper-case ISO 4217 code (USD 2, JPY 0); None if unknown."""
    return currencies().get(code)


def whole_weights(weights: Mapping[str, Fraction]) -> dict[str, int]:
    """The weights as the smallest integers of the same proportions (R12).

    They are brought to their common denominator and divided by their greatest common divisor.
    Weights must not be negative; if all are zero they stay zero.
    """
    assert all(weight >= 0 for weight in weights.values()), "a weight is negative"
    denominator = lcm(*(weight.denominator for weight in weights.values()))
    whole = {key: int(weight * denominator) for key, weight in weights.items()}
    divisor = gcd(*whole.values()) or 1
    return {key: weight // divisor for key, weight in whole.items()}


def split(units: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split an amount among receivers in proportion to their weights, exactly (R12).

    Every receiver gets floor(|units| x w / W); the units left over go one each to the largest
    remainders, ties to the receiver whose key is smaller bytewise. The sign is put back last, so a
    credit mirrors the charge. No part differs from its exact share by a unit or more.

    Args:
        units: the amount in integer units, signed; normally 10^-18 of the currency.
        weights: whole weights >= 0 by receiver, not all zero.

    Returns:
        The parts by receiver, in bytewise order of the keys. A receiver of zero weight has none.
    """
    # Python orders text by code point, which is the order of its UTF-8 bytes.
    keys = sorted(key for key, weight in weights.items() if weight)
    total = sum(weights.values())
    assert total > 0, "the weights sum to zero"
    assert all(weights[key] > 0 for key in keys), "a weight is negative"
    shares = {key: divmod(abs(units) * weights[key], total) for key in keys}
    left = abs(units) - sum(part for part, _ in shares.values())
    raised = set(_first(left, {key: remainder for key, (_, remainder) in shares.items()}))
    sign = -1 if units < 0 else 1
    return {key: sign * (part + (key in raised)) for key, (part, _) in shares.items()}


def floor_half_up(units_e18: int, minor_digits: int) -> int:
    """floor(x + 1/2) in minor units: an issuer's total of R23.

    One rule for both signs: 0.005 becomes 0.01 and -0.005 becomes 0.00, so that the total of a
    difference never disagrees with the difference of totals by a unit or more.
    """
    step = _step(minor_digits)
    return (units_e18 + step // 2) // step


def cascade(total: int, parts: Sequence[tuple[str, int]], minor_digits: int) -> dict[str, int]:
    """Round parts so that they sum to a total that was rounded before them (R23).

    Each part is rounded toward minus infinity; the missing minor units go one each to the largest
    fractions, ties to the smaller key bytewise. Call it for the lead-key values under an issuer's
    total, then for the lines under each value's result.

    The missing units always suffice and never exceed the parts. Let the parts be x_i with
    fractions f_i in [0, 1), x their sum, and let the total be floor(x) or ceil(x). The missing
    units are m = total - sum floor(x_i). Since sum f_i = x - sum floor(x_i), m is floor(sum f_i) or
    ceil(sum f_i); so 0 <= m, and m is at most the number of parts whose fraction is not 0, because
    each f_i < 1. Hence each part becomes floor(x_i) or ceil(x_i), and is a lawful total of the next
    level. The first total is lawful too: floor(x + 1/2) is floor(x) or ceil(x).

    Args:
        total: in minor units; floor or ceiling of the exact sum of the parts.
        parts: unique keys (canonical JSON of the key columns) with exact units of 10^-18.
        minor_digits: digits of the currency's minor unit.

    Returns:
        Minor units by key, in the order of `parts`; they sum to `total`.
    """
    step = _step(minor_digits)
    shares = {key: divmod(units_e18, step) for key, units_e18 in parts}
    assert len(shares) == len(parts), "a key is not unique"
    missing = total - sum(part for part, _ in shares.values())
    fractions = {key: fraction for key, (_, fraction) in shares.items() if fraction}
    assert 0 <= missing <= len(fractions), "the total is not the rounded sum of the parts"
    raised = set(_first(missing, fractions))
    return {key: part + (key in raised) for key, (part, _) in shares.items()}


def _step(minor_digits: int) -> int:
    assert 0 <= minor_digits < SCALE
    return int(10 ** (SCALE - minor_digits))


def _first(count: int, remainders: Mapping[str, int]) -> list[str]:
    """The `count` keys of the largest remainders, ties to the smaller key."""
    return sorted(remainders, key=lambda key: (-remainders[key], key))[:count]
