"""Delimited text: the header and the delimiter of a CSV file, plain or gzipped."""

import csv
import gzip
import io
from pathlib import Path

from everyline.sources.unreadable import Unreadable

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_BYTES_MAX = 1 << 20


def header(path: Path) -> tuple[tuple[str, ...], str]:
    """The cells of the first line, trimmed, and the delimiter that splits it into most cells.

    Raises:
        Unreadable: the file is empty, no UTF-8, no gzip, or names a column twice.
    """
    text = _first_line(path)
    if not text.strip():
        raise Unreadable(
            "the file is empty", "fetch it again, or take it out", name="empty-file", line=1
        )
    cells, delimiter = max(
        ((_cells(text, mark), mark) for mark in _DELIMITERS), key=lambda found: len(found[0])
    )
    names = tuple(cell.strip() for cell in cells)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unreadable(
            f"the header names the column `{twice[0]}` twice", "keep one of them", line=1
        )
    return names, delimiter


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(text), delimiter=delimiter), [])


def _first_line(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            line = file.readline(_HEADER_BYTES_MAX)
            # A quoted cell of the header may hold a line break.
            while line.count(b'"') % 2 and len(line) < _HEADER_BYTES_MAX:
                more = file.readline(_HEADER_BYTES_MAX)
                if not more:
                    break
                line += more
    except (OSError, EOFError) as error:
        hint = "fetch the file again: it may have been cut off"
        raise Unreadable(f"the file can't be unpacked: {error}", hint, line=1) from None
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("the file is not UTF-8", "save it as UTF-8", line=1) from None
