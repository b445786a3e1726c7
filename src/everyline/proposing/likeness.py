"""Which known text another one may mean: by its signs, as its short form, or misspelt.

Everything here is a guess for a person to look at, so it would rather say nothing: two known texts
that are equally near are a tie, and numbers and first letters count as written on purpose.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

LETTERS_MIN = 5
"""A word of fewer letters is too short to tell a typing error from another word."""

_LETTERS_FOR_TWO = 9
_TEXT_MAX = 64
_SHORT_MIN = 3
_VOWELS = frozenset("aeiou")
_DIGITS = re.compile(r"\d+")


class Likeness(NamedTuple):
    """The known texts that are nearest, in their order; more than one is a tie.

    Attributes:
        how: in words, to follow a text: `is ... `.
    """

    known: tuple[str, ...]
    how: str


def words(text: str) -> tuple[str, ...]:
    """The words of a text, case-folded: signs, blanks, digits and capitals within it part them."""
    found: list[str] = []
    kind = ""
    for sign in unicodedata.normalize("NFKC", text):
        # A mark belongs to the letter before it.
        this = kind if unicodedata.category(sign)[0] == "M" else _kind(sign)
        if this and this != kind and (kind, this) != ("upper", "lower"):
            found.append("")
        if this:
            found[-1] += sign
        kind = this
    return tuple(word.casefold() for word in found)


def _kind(sign: str) -> str:
    category = unicodedata.category(sign)
    if category[0] == "L":
        return "upper" if category == "Lu" else "lower"
    return "digit" if category[0] == "N" else ""


@lru_cache(maxsize=65536)
def bare(text: str) -> str:
    """A text without case, blanks and signs: letters with their marks, and digits."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] in "LMN")


def nearest(text: str, known: Iterable[str]) -> Likeness | None:
    """The known texts that `text` may mean, by the first of the three ways that finds any."""
    listed = [one for one in dict.fromkeys(known) if one != text]
    mine = bare(text)
    if not mine or len(text) > _TEXT_MAX:
        return None
    if same := tuple(one for one in listed if bare(one) == mine):
        return Likeness(same, "the same but for case, blanks and signs")
    if short := tuple(one for one in listed if _is_short_for(mine, bare(one))):
        return Likeness(short, "a short form")
    found = [(steps, one) for one in listed if (steps := _steps(text, one)) is not None]
    if not found:
        return None
    least = min(steps for steps, _ in found)
    how = "one typing error away" if least == 1 else f"{least} typing errors away"
    return Likeness(tuple(one for steps, one in found if steps == least), how)


def _is_short_for(short: str, long: str) -> bool:
    """Whether it is a beginning, as `prod`, or made of consonants in their order, as `prd`."""
    if not _SHORT_MIN <= len(short) < len(long) or short[0] != long[0]:
        return False
    if long.startswith(short):
        return True
    if not (short.isascii() and short.isalpha()) or _VOWELS & set(short):
        return False
    rest = iter(long)
    return all(sign in rest for sign in short)


def _steps(text: str, known: str) -> int | None:
    """How many typing errors lead from one to the other; None where that is too far to say.

    In texts of as many words only one word may differ: `team-a` is no `team-b` misspelt.
    """
    mine, theirs = _apart(text), _apart(known)
    if len(mine) != len(theirs):
        return _misspelt(bare(text), bare(known))
    differing = [pair for pair in zip(mine, theirs, strict=True) if pair[0] != pair[1]]
    return _misspelt(*differing[0]) if len(differing) == 1 else None


def _apart(text: str) -> list[str]:
    """A text case-folded and cut at its signs and blanks only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    apart = (sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in folded)
    return "".join(apart).split()


def _misspelt(one: str, other: str) -> int | None:
    shorter = min(len(one), len(other))
    if shorter < LETTERS_MIN or one[0] != other[0]:
        return None
    if _DIGITS.findall(one) != _DIGITS.findall(other):
        return None
    most = 2 if shorter >= _LETTERS_FOR_TWO else 1
    if abs(len(one) - len(other)) > most:
        return None
    steps = distance(one, other)
    return steps if steps <= most else None


def distance(one: str, other: str) -> int:
    """Letters to add, take out, change or swap with their neighbour to make one of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, sign in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (sign != wanted))
            if i > 1 and j > 1 and sign == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
