"""Delimited text: the header and the delimiter of a CSV file, plain or gzipped."""

import csv
import gzip
import io
import sys
import zlib
from bisect import bisect_right
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from everyline.sources.line_ends import LINE_BYTES_MAX, refuse_endless
from everyline.sources.unreadable import Unreadable

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_BYTES_MAX = 1 << 20


def header(path: Path, line_bytes_max: int = LINE_BYTES_MAX) -> tuple[tuple[str, ...], str]:
    """The cells of the first line, trimmed, and the delimiter that splits it into most cells.

    Raises:
        Unreadable: the file is empty, no UTF-8, no gzip, names a column twice, or has a line that
            the engine would lose.
    """
    text = _first_line(path, line_bytes_max)
    if not text.strip():
        raise _headless(path)
    cells, delimiter = max(
        ((_cells(text, mark), mark) for mark in _DELIMITERS), key=lambda found: len(found[0])
    )
    names = tuple(cell.strip() for cell in cells)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise Unreadable(
            f"the header names the column `{twice[0]}` twice", "keep one of them", line=1
        )
    return names, delimiter


def line(path: Path, row: int) -> int:
    """The line of a CSV file at which its row (from 1, under the header) begins."""
    rows, lines = _jumps(path, path.stat().st_mtime_ns)
    at = bisect_right(rows, row) - 1
    return lines[at] + row - rows[at]


@lru_cache(maxsize=4)
def _jumps(path: Path, _: int) -> tuple[list[int], list[int]]:
    """Rows that do not begin on the line after the row before, and their lines.

    Only a cell with a line break and an empty line make such rows, and few files have any: most are
    known to have none from the quotes on their lines.
    """
    rows, lines = [0], [1]
    with opened(path) as file:
        if all(text.count(b'"') % 2 == 0 and text.strip() for text in file):
            return rows, lines
    with opened(path) as file, io.TextIOWrapper(file, "utf-8-sig", "replace", newline="") as text:
        reader = csv.reader(text, delimiter=header(path, sys.maxsize)[1])  # the file has been read
        row, before = -1, 0
        with suppress(csv.Error):
            for cells in reader:
                row += 1 if cells else 0
                if cells and before + 1 != lines[-1] + row - rows[-1]:
                    rows.append(row)
                    lines.append(before + 1)
                before = reader.line_num
    return rows, lines


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked where its name says that it is gzipped."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _headless(path: Path) -> Unreadable:
    """A file whose first line is blank: all others may be too."""
    with opened(path) as file:
        if any(text.strip() for text in file):
            hint = "the header must stand in the first line: take the lines above it out"
            return Unreadable("the first line of the file is empty", hint, line=1)
    hint = "fetch it again, or take it out"
    return Unreadable("the file is empty", hint, name="empty-file", line=1)


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=None), delimiter=delimiter), [])
    except csv.Error as error:
        hint = "the first line must be the header, with commas between its names"
        raise Unreadable(f"the first line can't be read: {error}", hint, line=1) from None


def _first_line(path: Path, line_bytes_max: int) -> str:
    try:
        with opened(path) as file:
            line = file.readline(_HEADER_BYTES_MAX)
            # A quoted cell of the header may hold a line break.
            while line.count(b'"') % 2 and len(line) < _HEADER_BYTES_MAX:
                more = file.readline(_HEADER_BYTES_MAX)
                if not more:
                    break
                line += more
        refuse_endless(path, line_bytes_max)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        if "Not a gzipped" in str(error):
            hint = "fetch the file again, or take `.gz` out of its name"
            raise Unreadable("the file is no gzip file", hint) from None
        hint = "fetch the file again: it may have been cut off"
        raise Unreadable("the gzip file is damaged, or its end is missing", hint) from None
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("the file is not UTF-8", "save it as UTF-8", line=1) from None
