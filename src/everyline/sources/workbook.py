"""XLSX workbooks as text: what a cell holds, numbers as the file spells them (R2).

The common readers turn number cells into floats; the XML has them as text, so it is read here, by
ECMA-376 part 1 (SpreadsheetML), transitional and strict. Merged cells have their text in the first
cell. Hidden rows and columns are read like others: money may be in them.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_EVEN, Context, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from everyline.problems import did_you_mean
from everyline.sources.archive import opened, refuse_doubled
from everyline.sources.serial_date import Style, date_text, style_of
from everyline.sources.unreadable import Unreadable
from everyline.sources.workbook_xml import (
    SAVE_AGAIN,
    elements,
    name_of,
    related,
    text_of,
    unescaped,
)

ROWS_MAX = 1_048_576
COLUMNS_MAX = 16_384

# What is kept in memory or handed out is bounded too: a few bytes of XML may stand for much.
_SHARED_STRINGS_MAX = 10_000_000
_CHARACTERS_MAX = 8 * 2**30

_ID = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
_COUNT = re.compile("[0-9]{1,9}")
_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_BOOLEANS = {"1": "true", "0": "false"}
_SAVE_AS_XLSX = "open it in a spreadsheet program and save it as `.xlsx`, without a password"


class Sheet(NamedTuple):
    """A worksheet: its name, and whether the workbook hides it."""

    name: str
    hidden: bool


class _Book(NamedTuple):
    sheets: list[tuple[Sheet, str]]
    strings: list[str]
    styles: dict[str, Style]
    from_1904: bool
    is_uncalculated: bool


class _Cell(NamedTuple):
    name: str
    row: int
    kind: str
    style: str
    value: str | None
    inline: str
    has_formula: bool


def sheets(data: BinaryIO | Path) -> list[Sheet]:
    """The worksheets of the workbook in `data`, in its order; charts are none.

    Raises:
        Unreadable: as `rows`.
    """
    with opened(_sniffed(data)) as archive:
        return [sheet for sheet, _ in _book(archive, with_contents=False).sheets]


def rows(data: BinaryIO | Path, sheet: str | None = None) -> Iterator[tuple[int, list[str | None]]]:
    """The rows of one sheet that hold text: (row number as the spreadsheet shows it, its cells).

    Cells stand by column, None where empty, and end with the last that holds text. Numbers are the
    file's own text, `1.0E-2` or `0.30000000000000004`; booleans `true` and `false`; numbers in a
    date format ISO text, `2026-10-01` or `2026-10-01T12:30:00` (see `serial_date`); of a formula,
    the value kept with it. Without `sheet`, the first that is not hidden. `data` is a path or a
    seekable stream, which stays open.

    Raises:
        Unreadable: at the first thing that cannot be read in full, from the first row on.
    """
    with opened(_sniffed(data)) as archive:
        book = _book(archive, with_contents=True)
        part = _chosen(book.sheets, sheet)
        yield from _rows(elements(archive, part, whole="c"), book)


def _sniffed(data: BinaryIO | Path) -> BinaryIO | Path:
    """`data` again, if it begins as a zip does; else what it is instead."""
    if isinstance(data, Path):
        with data.open("rb") as file:
            _sniffed(file)
        return data
    data.seek(0)
    head = data.read(8)
    if head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        rest = data.read(64 * 2**20)
        is_encrypted = "EncryptedPackage".encode("utf-16-le") in rest
        what = "a workbook with a password" if is_encrypted else "an old `.xls` workbook"
        raise Unreadable(f"the file is {what}", _SAVE_AS_XLSX)
    if not head.startswith(b"PK"):
        raise Unreadable("the file is no XLSX workbook, whatever its name says", _SAVE_AS_XLSX)
    data.seek(0)
    return data


# --- the workbook ---------------------------------------------------------------------------------


def _book(archive: ZipFile, *, with_contents: bool) -> _Book:
    refuse_doubled(name.casefold() for name in archive.namelist())
    names = {name.casefold(): name for name in archive.namelist()}
    root = related(archive, names, "")
    main = next((part for kind, part in root.values() if kind == "officeDocument"), None)
    if main is None:
        raise Unreadable("the file is a zip archive, but no XLSX workbook", _SAVE_AS_XLSX)
    if main.endswith(".bin"):
        raise Unreadable("the file is a binary workbook, `.xlsb`", _SAVE_AS_XLSX)
    linked = related(archive, names, main)
    parts = dict(linked.values())
    found: list[tuple[Sheet, str]] = []
    from_1904 = is_uncalculated = False
    for event, name, element in elements(archive, main):
        if event == "end":
            continue
        if name == "sheet":
            kind, part = linked.get(_sheet_id(element), ("", ""))
            if kind == "worksheet":
                is_hidden = element.get("state", "visible") != "visible"
                found.append((Sheet(element.get("name", ""), is_hidden), part))
        elif name == "workbookPr":
            from_1904 = element.get("date1904") in ("1", "true")
        elif name == "calcPr":
            is_uncalculated = element.get("fullCalcOnLoad") in ("1", "true")
    strings = parts.get("sharedStrings") if with_contents else None
    styles = parts.get("styles") if with_contents else None
    return _Book(
        sheets=found,
        strings=_strings(archive, strings) if strings else [],
        styles=_styles(archive, styles) if styles else {},
        from_1904=from_1904,
        is_uncalculated=is_uncalculated,
    )


def _sheet_id(element: Element) -> str:
    return next((element.attrib[name] for name in _ID if name in element.attrib), "")


def _chosen(found: list[tuple[Sheet, str]], name: str | None) -> str:
    if not found:
        raise Unreadable("the file has no worksheet", _SAVE_AS_XLSX)
    for sheet, part in found:
        if sheet.name == name or (name is None and not sheet.hidden):
            return part
    if name is None:
        raise Unreadable("the workbook hides all its sheets", "name the sheet to read")
    hint = did_you_mean(name, (sheet.name for sheet, _ in found))
    raise Unreadable(f"the workbook has no sheet `{name}`", hint)


def _strings(archive: ZipFile, part: str) -> list[str]:
    strings: list[str] = []
    for event, name, element in elements(archive, part, whole="si"):
        if event == "end" and name == "si":
            if len(strings) == _SHARED_STRINGS_MAX:
                raise Unreadable(f"`{part}` has more than {_SHARED_STRINGS_MAX:,} texts")
            strings.append(text_of(element))
    return strings


def _styles(archive: ZipFile, part: str) -> dict[str, Style]:
    """What a cell's `s` says of its number; the list of `xf` in `cellXfs` is its index."""
    codes: dict[str, str] = {}
    formats: list[str] = []
    inside = ""
    for event, name, element in elements(archive, part):
        if name in ("numFmts", "cellXfs"):
            inside = name if event == "start" else ""
        elif event == "start" and name == "numFmt" and inside == "numFmts":
            codes[element.get("numFmtId", "")] = element.get("formatCode", "")
        elif event == "start" and name == "xf" and inside == "cellXfs":
            formats.append(element.get("numFmtId", "0"))
    return {str(at): style_of(form, codes.get(form)) for at, form in enumerate(formats)}


# --- the cells ------------------------------------------------------------------------------------


def _rows(
    elements: Iterable[tuple[str, str, Element]], book: _Book
) -> Iterator[tuple[int, list[str | None]]]:
    row = 0
    column = 0
    characters = 0
    cells: list[str | None] = []
    for event, name, element in elements:
        if name == "row" and event == "start":
            row = _row_number(element.get("r"), row)
            column, cells = 0, []
        elif name == "row" and cells:
            yield row, cells
        elif name == "c" and event == "end":
            column = _column_number(element.get("r"), row, column)
            text = _cell_text(_cell(element, row, column), book)
            if text:
                cells += [None] * (column - 1 - len(cells))
                cells.append(text)
                characters += len(text)
                if characters > _CHARACTERS_MAX:
                    raise Unreadable("the sheet holds too much text", "deliver it as CSV")


def _row_number(stated: str | None, before: int) -> int:
    row = before + 1
    if stated is not None:
        row = int(stated) if _COUNT.fullmatch(stated) else 0
    if not before < row <= ROWS_MAX:
        raise Unreadable(
            f"row `{stated or str(row):.20}` comes after row {before:,}; "
            f"rows rise, to {ROWS_MAX:,}",
            SAVE_AGAIN,
        )
    return row


def _column_number(stated: str | None, row: int, before: int) -> int:
    column = before + 1
    if stated is not None:
        found = _REFERENCE.fullmatch(stated)
        column = _column_of(found[1]) if found and int(found[2]) == row else 0
    if not before < column <= COLUMNS_MAX:
        raise Unreadable(
            f"cell `{stated or str(column):.20}` stands in row {row} after column {before:,}; "
            f"columns rise, to {COLUMNS_MAX:,}",
            SAVE_AGAIN,
            line=row,
        )
    return column


@lru_cache(maxsize=1024)
def _column_of(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def letters_of(column: int) -> str:
    """The letters of a column, counted from 1: 28 is `AB`."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _cell(element: Element, row: int, column: int) -> _Cell:
    value: str | None = None
    inline = ""
    has_formula = False
    for child in element:
        name = name_of(child)
        if name == "v":
            value = child.text or ""
        elif name == "f":
            has_formula = True
        elif name == "is":
            inline = text_of(child)
    return _Cell(
        name=element.get("r") or f"{letters_of(column)}{row}",
        row=row,
        kind=element.get("t", "n"),
        style=element.get("s", "0"),
        value=value,
        inline=inline,
        has_formula=has_formula,
    )


def _cell_text(cell: _Cell, book: _Book) -> str:
    """The text of a cell, empty if it has none."""
    if cell.has_formula:
        _refuse_uncalculated(cell, book)
    value = cell.value or ""
    match cell.kind:
        case "n":
            style = book.styles.get(cell.style, Style.NUMBER)
            return date_text(_as_typed(value), style, from_1904=book.from_1904)
        case "s":
            return _shared_string(cell, book.strings) if value else ""
        case "inlineStr":
            return cell.inline
        case "str":
            return unescaped(value)
        case "b":
            return _BOOLEANS.get(value, value)
        case "d":
            return value
        case "e":
            what = f"holds the error `{value:.40}`"
            raise Unreadable(f"cell `{cell.name}` {what}", "mend its formula", line=cell.row)
    what = f"is of the unknown type `{cell.kind:.20}`"
    raise Unreadable(f"cell `{cell.name}` {what}", SAVE_AGAIN, line=cell.row)


_SHOWN_DIGITS = 15
_SAVED_DIGITS_MAX = 17
_SIGNIFICANT = re.compile(r"[^0-9]")
_SHOWN = Context(prec=_SHOWN_DIGITS, rounding=ROUND_HALF_EVEN)


def _as_typed(text: str) -> str:
    """A number as its author typed it, where the file spells the double that it was stored as.

    A spreadsheet shows 15 significant digits and saves up to 17: a typed 8.8 stands in the file as
    `8.8000000000000007`. If 15 digits name the same double they are the number meant. A text of
    more than 17 digits was written by a program that keeps decimals, and stays.
    """
    digits = len(_SIGNIFICANT.sub("", text.lower().partition("e")[0]).strip("0"))
    if not _SHOWN_DIGITS < digits <= _SAVED_DIGITS_MAX:
        return text
    try:
        shown = _SHOWN.create_decimal(text)
        same = float(shown) == float(text)  # no figure comes of this test
    except (InvalidOperation, ValueError, OverflowError):
        return text
    return f"{shown.normalize(_SHOWN):f}" if same and abs(shown.adjusted()) < 40 else text


def _shared_string(cell: _Cell, strings: list[str]) -> str:
    index = cell.value or ""
    if not _COUNT.fullmatch(index) or int(index) >= len(strings):
        raise Unreadable(
            f"cell `{cell.name}` points at text number `{index:.20}`, which the workbook lacks",
            SAVE_AGAIN,
            line=cell.row,
        )
    return strings[int(index)]


def _refuse_uncalculated(cell: _Cell, book: _Book) -> None:
    """A formula whose value nobody worked out would lose money without a word.

    Programs that write workbooks without calculating put `0` there, and ask the spreadsheet program
    to calculate when it opens the file; what it saves then no longer asks.
    """
    is_number = cell.kind == "n"
    is_missing = cell.value is None or (is_number and cell.value == "")
    is_placeholder = is_number and book.is_uncalculated and cell.value == "0"
    if is_missing or is_placeholder:
        raise Unreadable(
            f"cell `{cell.name}` has a formula whose value is not in the file",
            SAVE_AGAIN,
            line=cell.row,
        )
