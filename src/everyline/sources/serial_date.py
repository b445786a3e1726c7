"""Dates in workbooks: a count of days, told from other numbers only by the cell's format.

By ECMA-376 part 1, 18.8.30 (formats) and 18.17.4 (dates). Worked out in integers: a float would
turn 12:30:00 into 12:29:59.999.
"""

import re
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import Enum

_DATE_IDS = frozenset((*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)))
_ELAPSED_IDS = frozenset((46,))

# What a format code shows as it stands: quoted, escaped, padded or repeated characters.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.', re.DOTALL)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")
_DATE = re.compile("[dmyhs]", re.IGNORECASE)

_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,40})?(?:[Ee][+-]?[0-9]{1,2})?")
_DAY_MS = 86_400_000
# 9999-12-31, the last day that spreadsheet programs show, by each count.
_LAST_DAY_1900 = 2_958_465
_LAST_DAY_1904 = 2_957_003
_EXACT = Context(prec=200)


class Style(Enum):
    """What a cell's format makes of its number."""

    NUMBER = "number"
    DATE = "date"
    ELAPSED = "elapsed"


def style_of(format_id: str, code: str | None) -> Style:
    """What the number format says: by its `code`, or where the file has none by its built-in id."""
    if code is None:
        number = int(format_id) if re.fullmatch("[0-9]{1,4}", format_id) else 0
        if number in _ELAPSED_IDS:
            return Style.ELAPSED
        return Style.DATE if number in _DATE_IDS else Style.NUMBER
    shown = _LITERAL.sub("", code)
    if _ELAPSED.search(shown):
        return Style.ELAPSED
    return Style.DATE if _DATE.search(_BRACKETS.sub("", shown)) else Style.NUMBER


def date_text(number: str, style: Style, *, from_1904: bool) -> str:
    """`number` as its style shows it, exact to the millisecond; a plain number as it is written.

    Dates are ISO text: `2026-10-01`, with a time of day `2026-10-01T12:30:00` or with milliseconds
    `...:00.250`; a time without a day `12:30:00`. Elapsed time is hours, minutes and seconds,
    `36:00:00`. What no spreadsheet program shows as a date (negative, beyond 9999) stays a number.
    """
    if style is Style.NUMBER or not _NUMBER.fullmatch(number):
        return number
    exact_ms = _EXACT.multiply(Decimal(number), Decimal(_DAY_MS))
    total_ms = int(exact_ms.to_integral_value(ROUND_HALF_UP))
    days, ms = divmod(total_ms, _DAY_MS)
    if days > (_LAST_DAY_1904 if from_1904 else _LAST_DAY_1900):
        return number
    if style is Style.ELAPSED:
        return _clock(total_ms)
    if days == 0 and not from_1904:
        return _clock(ms)
    day = _day_1904(days) if from_1904 else _day_1900(days)
    return f"{day}T{_clock(ms)}" if ms else day


def _clock(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}" + (f".{rest:03}" if rest else "")


def _day_1904(days: int) -> str:
    return (date(1904, 1, 1) + timedelta(days=days)).isoformat()


def _day_1900(days: int) -> str:
    """Day 1 is 1900-01-01; day 60 is 29 February of 1900, which was no leap year.

    The name of that day is kept, for whoever reads dates to refuse; later days are off by it.
    """
    if days == 60:
        return "1900-02-29"
    start = date(1899, 12, 31) if days < 60 else date(1899, 12, 30)
    return (start + timedelta(days=days)).isoformat()
