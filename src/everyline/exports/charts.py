"""Small bars as SVG, each beside the figures that it draws; so they are hidden from readers aloud.

Lengths are whole tenths of a unit, by exact shares.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from everyline.exports.markup import Html, joined, tag
from everyline.figures import share

WIDTH = 150
_HALF = 75
_HEIGHT = 10
_TENTHS = 10


def stacked(parts: Sequence[tuple[str, Decimal]], whole: Decimal) -> Html:
    """Amounts by their class, one after the other, of a bar whose length is `whole`.

    What is below zero has no length: the figure beside it says so.
    """
    drawn, at = [], 0
    for name, amount in parts:
        wide = _length(amount, whole, WIDTH)
        drawn.append(_rect(name, at, wide))
        at += wide
    return _svg(drawn)


def either_way(amount: Decimal, largest: Decimal) -> Html:
    """A change: to the right where it is more, to the left where it is less."""
    half = _HALF * _TENTHS
    wide = _length(abs(amount), largest, _HALF)
    axis = _rect("axis", half - 5, _TENTHS)
    more = amount > 0
    bar = _rect("more" if more else "less", half if more else half - wide, wide)
    return _svg([axis, bar] if amount else [axis])


def swatch(name: str) -> Html:
    """A square in the colour of a class."""
    return tag(
        "svg",
        tag("rect", class_=name, width="10", height="10"),
        width="10",
        height="10",
        viewBox="0 0 10 10",
        aria_hidden="true",
    )


def _length(amount: Decimal, whole: Decimal, width: int) -> int:
    found = share(amount, whole)
    if found is None or found < 0:
        return 0
    return min(found.numerator * width * _TENTHS // found.denominator, width * _TENTHS)


def _rect(name: str, at: int, wide: int) -> Html:
    return tag("rect", class_=name, x=_units(at), width=_units(wide), height=str(_HEIGHT))


def _units(tenths: int) -> str:
    whole, rest = divmod(tenths, _TENTHS)
    return f"{whole}.{rest}" if rest else str(whole)


def _svg(drawn: Iterable[Html]) -> Html:
    return tag(
        "svg",
        joined(drawn),
        width=str(WIDTH),
        height=str(_HEIGHT),
        viewBox=f"0 0 {WIDTH} {_HEIGHT}",
        aria_hidden="true",
    )
