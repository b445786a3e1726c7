"""Units as they are compared: trimmed, case-folded, less a final s, after leading multiples.

`1K tokens`, `1000_tokens` and `Token` are one unit; the multiple goes into the quantity.
"""

import re
from typing import NamedTuple

_MULTIPLES = {"1k": 1_000, "1000": 1_000, "1m": 1_000_000, "1000000": 1_000_000}
_LED = re.compile(r"(1k|1000|1m|1000000)[ _]*(?=\D)(.+)", re.DOTALL)


class Unit(NamedTuple):
    """How many of `name` one of it is; `name` as it is compared, `text` less the multiple."""

    multiple: int
    name: str
    text: str


def unit(text: str) -> Unit:
    """The unit that `text` spells."""
    text = text.strip()
    if found := _LED.fullmatch(text.casefold()):
        rest = text[found.start(2) :].strip()
        if rest:
            return Unit(_MULTIPLES[found[1]], _name(rest), rest)
    return Unit(1, _name(text), text)


def _name(text: str) -> str:
    folded = text.casefold()
    return folded.removesuffix("s") or folded
