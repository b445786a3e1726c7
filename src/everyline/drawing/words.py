"""Texts of charts: figures in whole units, and names cut to the room that they have.

The server cannot measure text, so widths are estimates; the full text stands in the title.
"""

import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from everyline import figures
from everyline.exports.markup import plain
from everyline.money import SCALE

CHARACTER = 720
"""Hundredths of a pixel that a character of regular text takes, at 12.5 px."""

BOLD = 830
"""The same of bold text."""

CUT = "…"


class Undrawn(NamedTuple):
    """A value that has no length or area: below zero, zero, or at a part that is.

    Attributes:
        name: what it is.
        amount: exact.
        figure: the amount to minor units, without the currency.
        href: where its lines are.
    """

    name: str
    amount: Fraction
    figure: str
    href: str


class Table(NamedTuple):
    """The same numbers as a table: the last `numbers` columns are figures."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 1


def width(text: str, character: int = CHARACTER) -> int:
    """An estimate in hundredths of a pixel: wide scripts count twice, marks not at all."""
    return sum(_cells(one) for one in text) * character


def fit(text: str, room: int, character: int = CHARACTER) -> str:
    """As much of the text as the room takes, with `…` where it is cut; nothing if none fits."""
    text = plain(text)
    if width(text, character) <= room:
        return text
    left, kept = room - width(CUT, character), 0
    for at, one in enumerate(text):
        left -= _cells(one) * character
        if left < 0:
            break
        kept = at + 1
    return f"{text[:kept].rstrip()}{CUT}" if kept else ""


def whole(amount: Fraction | Decimal | int) -> str:
    """An amount in whole units, half-even; one that is not zero is never written as zero."""
    units = round(amount)
    if not units and amount:
        return "<1" if amount > 0 else f">{figures.MINUS}1"
    return f"{units:,}".replace("-", figures.MINUS)


def signed(amount: Fraction) -> str:
    """A change in whole units, with its sign."""
    text = whole(amount)
    return f"+{text}" if amount > 0 and text[0].isdigit() else text


def minor(amount: Fraction, currency: str) -> str:
    """An amount to minor units, as tables have it."""
    return figures.amount(decimal(amount), currency)


def with_currency(amount: Fraction, currency: str) -> str:
    """An amount to minor units and its currency, as sentences have it."""
    return f"{minor(amount, currency)} {currency}"


def in_all(amount: Fraction, currency: str) -> str:
    """What everything that a chart leaves out comes to."""
    return f"{with_currency(amount, currency)} in all"


def decimal(amount: Fraction) -> Decimal:
    """The same amount; exact.

    Raises:
        ValueError: it has more than 18 decimals, so it is no money.
    """
    units = amount * 10**SCALE
    if units.denominator != 1:
        raise ValueError(f"{amount} has more than {SCALE} decimals")
    return Decimal(f"{units.numerator}E-{SCALE}")


def told(name: str, amount: Fraction, currency: str, of: Fraction) -> str:
    """The full text of a part: name, whole units, and its share of all."""
    share = Fraction(amount, of) if of > 0 else None
    said = f", {figures.percent(share)} of all" if share is not None else ""
    return f"{plain(name)} {whole(amount)} {currency}{said}"


def undrawn(name: str, amount: Fraction, currency: str, href: str) -> Undrawn:
    """A value that is listed under its chart."""
    return Undrawn(plain(name), amount, minor(amount, currency), href)


def total(amounts: Iterable[Fraction]) -> Fraction:
    """The exact sum."""
    return sum(amounts, Fraction(0))


def capital(word: str) -> str:
    """A token as a legend has it."""
    return word[:1].upper() + word[1:]


def others(count: int) -> str:
    """What stands for the smallest parts together."""
    return f"Other ({count})"


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
