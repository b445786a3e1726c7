"""CSV files of a configuration: header and rows as text, with line numbers (section 2).

UTF-8, comma, all text, trimmed; an empty cell is None; a line of empty cells is passed over.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from everyline.problems import Problem

if TYPE_CHECKING:
    import _csv

VALIDITY = ("valid_from", "valid_to")
Cells = tuple[str | None, ...]


class Row(NamedTuple):
    """One line of a table: where it begins, counted from 1, and its cells in header order."""

    line: int
    cells: Cells


class Table(NamedTuple):
    """A CSV file: its name as the configuration calls it, its header and its rows."""

    file: str
    header: tuple[str, ...]
    rows: list[Row]

    def place(self, row: Row | None = None) -> str:
        """`file:line` of a row, or of the header."""
        return f"{self.file}:{row.line if row else 1}"

    def named(self) -> Iterator[tuple[str, dict[str, str | None]]]:
        """Place and cells by column name, row by row."""
        for row in self.rows:
            yield f"{self.file}:{row.line}", dict(zip(self.header, row.cells, strict=True))


class Validity(NamedTuple):
    """`valid_from` inclusive, `valid_to` exclusive; None is unbounded."""

    start: date | None = None
    end: date | None = None

    def holds(self, day: date) -> bool:
        """Whether `day` lies within."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def is_past(self, day: date) -> bool:
        """Whether it has ended by `day`."""
        return self.end is not None and self.end <= day

    def overlaps(self, other: "Validity") -> bool:
        """Whether some day lies within both."""
        return (self.end is None or other.start is None or other.start < self.end) and (
            other.end is None or self.start is None or self.start < other.end
        )


ALWAYS = Validity()


@lru_cache(maxsize=4096)
def day_of(text: str) -> date | None:
    """The day that `2026-10-01` spells; None if it spells none."""
    if len(text) != 10 or text[4] != "-" or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_table(raw: bytes, file: str) -> tuple[Table | None, list[Problem]]:
    """The table in `raw`, and what is wrong with it; None if no row of it can be used."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return None, [_unreadable("it is not UTF-8", file, line, "save it as UTF-8")]
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return None, [_unreadable("it is not UTF-8 text", file, line, "save it as UTF-8")]
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        rows = list(_rows(reader))
    except csv.Error as error:
        hint = "close each quote, and double it in a text"
        what = {"unexpected end of data": "a quote is never closed"}.get(str(error), str(error))
        return None, [_unreadable(what, file, reader.line_num, hint)]
    if not rows:
        return None, [_unreadable("it is empty", file, 1, "give it a header line")]
    header = tuple(cell or "" for cell in rows[0].cells)
    if problem := _header_problem(header, file, rows[0].line):
        return None, [problem]
    width = len(header)
    table = Table(file, header, [row for row in rows[1:] if len(row.cells) == width])
    return table, [_ragged(row, width, file) for row in rows[1:] if len(row.cells) != width]


def overlapping(rows: Iterable[tuple[object, Validity, int]]) -> Iterator[tuple[int, int]]:
    """Pairs of lines (later, earlier) that say the same key with a day in common.

    Args:
        rows: key, validity and line of each row, in file order.
    """
    by_key: dict[object, list[tuple[Validity, int]]] = {}
    for key, validity, line in rows:
        by_key.setdefault(key, []).append((validity, line))
    for group in by_key.values():
        if len(group) == 1:
            continue
        group.sort(key=lambda row: (row[0].start or date.min, row[1]))
        reach, reach_line = group[0]
        for validity, line in group[1:]:
            if reach.overlaps(validity):
                yield max(line, reach_line), min(line, reach_line)
            if reach.end is not None and (validity.end is None or validity.end > reach.end):
                reach, reach_line = validity, line


def _rows(reader: "_csv.Reader") -> Iterator[Row]:
    before = 0
    for cells in reader:
        stripped = tuple([cell.strip() or None for cell in cells])
        if any(stripped):
            yield Row(before + 1, stripped)
        before = reader.line_num


def _header_problem(header: tuple[str, ...], file: str, line: int) -> Problem | None:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        return _unreadable("its cells are not set apart by commas", file, line, "use commas")
    if "" in header:
        what = f"column {header.index('') + 1} of its header has no name"
        return _unreadable(what, file, line, "name each column, or take it out")
    double = next((name for name in header if header.count(name) > 1), None)
    if double is None:
        return None
    return _unreadable(f"its header has `{double}` twice", file, line, "keep one of the two")


def _ragged(row: Row, width: int, file: str) -> Problem:
    what = f"this line has {len(row.cells)} cells, and the header {width}"
    hint = "give each line as many commas as the header; put a text with a comma into quotes"
    return _unreadable(what, file, row.line, hint)


def _unreadable(what: str, file: str, line: int, hint: str) -> Problem:
    return Problem(
        name="csv-unreadable",
        level="configuration",
        sentence=f"{file} can't be read: {what}",
        place=f"{file}:{line}",
        subject=what,
        hint=hint,
    )
