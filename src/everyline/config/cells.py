"""Typed cells of a configuration's tables, each mistake noted with file and line."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from everyline.config.reading import Reading
from everyline.config.tables import ALWAYS, VALIDITY, Row, Table, Validity, day_of, overlapping
from everyline.money import number
from everyline.problems import did_you_mean

Named = Mapping[str, str | None]
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def check_header(
    table: Table, reading: Reading, *, needed: Iterable[str], more: Iterable[str] = ()
) -> bool:
    """Note columns that are missing or unknown; whether all that are `needed` are there."""
    needed = tuple(needed)
    known = (*needed, *more)
    for name in table.header:
        if name not in known:
            unknown_column(table, reading, name, known)
    missing = [name for name in needed if name not in table.header]
    for name in missing:
        reading.report(
            "missing-column",
            f"{table.file} lacks the column `{name}`",
            table.place(),
            about=name,
            hint=f"all columns known here are `{','.join(known)}`",
        )
    return not missing


def unknown_column(table: Table, reading: Reading, name: str, known: Iterable[str]) -> None:
    """Note a column of a table that nothing reads."""
    reading.report(
        "unknown-column",
        f"{table.file} has the column `{name}`, which is not known here",
        table.place(),
        about=name,
        hint=did_you_mean(name, known),
    )


def validities(
    table: Table, reading: Reading, *, monthly: bool = False
) -> Callable[[Row], Validity]:
    """A reader of a row's `valid_from` and `valid_to`; noted are days that are none, or no span.

    Args:
        table: whose rows are read.
        reading: where mistakes are noted.
        monthly: whether both must be the first of a month (R10).
    """
    at = [table.header.index(name) if name in table.header else None for name in VALIDITY]
    if at == [None, None]:
        return lambda _: ALWAYS

    def read(row: Row) -> Validity:
        texts = [None if n is None else row.cells[n] for n in at]
        if texts == [None, None]:
            return ALWAYS
        return checked_validity((texts[0], texts[1]), table.place(row), reading, monthly=monthly)

    return read


def checked_validity(
    texts: tuple[str | None, str | None], place: str, reading: Reading, *, monthly: bool
) -> Validity:
    """The span of two ISO days; an unreadable day is noted and taken as unbounded."""
    days = [day_of(text) if text else None for text in texts]
    for name, text, day in zip(VALIDITY, texts, days, strict=True):
        if text and day is None:
            not_understood(reading, (name, text), "a day like `2026-10-01`", place)
        elif monthly and day is not None and day.day != 1:
            reading.report(
                "validity-not-on-first-of-month",
                f"`{name}` is `{text}`, and months are never divided here",
                place,
                about=str(text),
                hint="give the first day of a month",
            )
    span = Validity(days[0], days[1])
    if span.start and span.end and span.start >= span.end:
        reading.report(
            "empty-validity",
            f"`valid_to` {texts[1]} is not after `valid_from` {texts[0]}",
            place,
            about=str(texts[1]),
            hint="`valid_to` is the first day that does not belong any more",
        )
    return span


def note_overlaps(
    table: Table, reading: Reading, rows: Iterable[tuple[object, Validity, int]], *, what: str
) -> None:
    """Note rows that say the same key for one day. `what` names the key in the sentence."""
    rows = list(rows)
    keys = {line: key for key, _, line in rows}
    for later, earlier in overlapping(rows):
        found = f"the {what} {_named(keys[later])}"
        reading.report(
            "overlapping-validity",
            f"{found} stands on line {earlier} too, for some of the same days",
            f"{table.file}:{later}",
            about=f"{earlier}",
            hint="end the earlier row with `valid_to` where the later one begins, or remove one",
        )


def _named(key: object) -> str:
    """The filled cells of a key, as a sentence names them."""
    cells = key if isinstance(key, tuple) else (key,)
    return ", ".join(f"`{cell}`" for cell in cells if cell is not None)


def note_duplicates(
    table: Table, reading: Reading, rows: Iterable[tuple[object, str]], *, what: str
) -> None:
    """Note rows of an equal key; each row is its key and its place."""
    first: dict[object, str] = {}
    for key, place in rows:
        if key in first:
            reading.report(
                "duplicate-row",
                f"the {what} of this line stands on {first[key]} already",
                place,
                about=what,
                hint="keep one of the two",
            )
        first.setdefault(key, place)


def amount(reading: Reading, cells: Named, column: str, place: str) -> Decimal | None:
    """The number in a cell by R2; one that is missing or none is noted."""
    text = cells[column]
    read = number(text) if text else None
    if read is None:
        not_understood(reading, (column, text), "a number like `1234.5`", place)
    return read.value if read else None


def matching(
    reading: Reading, cells: Named, column: str, place: str, *, form: re.Pattern[str]
) -> str | None:
    """The text in a cell, which must have the form of a month or a currency; else noted."""
    text = cells[column]
    if text is None or form.fullmatch(text) is None:
        wanted = "a month like `2026-10`" if form is MONTH else "a currency code like `USD`"
        not_understood(reading, (column, text), wanted, place)
        return None
    return text


def filled(reading: Reading, cells: Named, column: str, place: str) -> str | None:
    """The text in a cell that must not be empty; else noted."""
    if cells[column] is None:
        not_understood(reading, (column, None), "a text", place)
    return cells[column]


def not_understood(reading: Reading, cell: tuple[str, str | None], wanted: str, place: str) -> None:
    """Note a cell, given as column and text, that is not what it must be."""
    column, text = cell
    found = f"is `{text}`" if text else "is empty"
    reading.report(
        "cell-not-understood",
        f"`{column}` {found}, and must be {wanted}",
        place,
        about=f"{column}={text or ''}",
    )
