"""Tables as lines of text that fit a width: figures are never cut, texts are, in their middle."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rich.cells import cell_len

Kind = Literal["text", "word", "figure", "bar"]
"""Only a `text` is ever shortened; a `figure` is set to the right."""
Style = Literal["", "bold", "dim", "cyan"]

_GAP = 2
_TEXT_MIN = 6
_TEXT_COMFORTABLE = 12
_WORD = re.compile(r"[A-Z]?[^A-Z_ ]+|[A-Z]+|[_ ]")


class Column(NamedTuple):
    """A heading, and what kind of cells stand under it."""

    heading: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """What a person sees.

    Attributes:
        columns: from left to right.
        rows: as text, one cell a column; an empty cell stays empty.
        totals: rows set apart below.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    totals: Sequence[Sequence[str]] = ()


Line = list[tuple[str, Style]]
"""Pieces of one line, each with its style."""


def lines(table: Table, width: int, *, ascii_only: bool) -> list[Line]:
    """The table in lines of at most `width` cells, unless its figures alone need more."""
    widths = _widths(table, width)
    rule = ("-" if ascii_only else "─") * (sum(widths) + _GAP * (len(widths) - 1))
    made: list[Line] = []
    if any(column.heading for column in table.columns):
        made += [_line(table, row, widths, "bold", ascii_only) for row in _headings(table, widths)]
        made.append([(rule, "dim")])
    made += [_line(table, row, widths, "", ascii_only) for row in table.rows]
    if table.totals:
        made.append([(rule, "dim")])
    return made + [_line(table, row, widths, "bold", ascii_only) for row in table.totals]


def comfortable_width(table: Table) -> int:
    """The width below which texts become hard to read."""
    return _total(
        min(natural, _TEXT_COMFORTABLE) if column.kind == "text" else least
        for natural, least, column in zip(*_bounds(table), table.columns, strict=True)
    )


def without(table: Table, heading: str) -> Table:
    """The table less the column of that heading."""
    kept = [n for n, column in enumerate(table.columns) if column.heading != heading]
    return Table(
        tuple(table.columns[n] for n in kept),
        [[row[n] for n in kept] for row in table.rows],
        [[row[n] for n in kept] for row in table.totals],
    )


def shortened(text: str, width: int, *, ascii_only: bool) -> str:
    """`text` in at most `width` cells; what is taken out is taken from the middle."""
    if cell_len(text) <= width:
        return text
    mark = "..." if ascii_only and width > 3 else "." if ascii_only else "…"
    middle = len(text) // 2
    # Measured as a whole each time: the width of a character hangs on the one before it.
    head, tail = text[:middle][:width], text[middle:][-width:]
    while head + tail and cell_len(head + mark + tail) > width:
        if not tail or cell_len(head) > cell_len(tail):
            head = head[:-1]
        else:
            tail = tail[1:]
    return head + mark + tail


def _widths(table: Table, width: int) -> list[int]:
    """Natural widths, the widest that may shrink made smaller until all fit."""
    widths, least = _bounds(table)
    for _ in range(max(0, _total(widths) - width)):
        widest = max(range(len(widths)), key=lambda n: (widths[n] > least[n], widths[n]))
        if widths[widest] > least[widest]:
            widths[widest] -= 1
    return widths


def _total(widths: Iterable[int]) -> int:
    widths = list(widths)
    return sum(widths) + _GAP * (len(widths) - 1)


def _bounds(table: Table) -> tuple[list[int], list[int]]:
    """Natural and least widths: of figures the least is the widest one."""
    natural, least = [], []
    for n, (heading, kind) in enumerate(table.columns):
        content = max((cell_len(row[n]) for row in (*table.rows, *table.totals)), default=0)
        folded = max(map(cell_len, _folded(heading)))
        natural.append(max(content, cell_len(heading)))
        least.append(max(folded, min(content, _TEXT_MIN) if kind == "text" else content))
    return natural, least


def _folded(heading: str) -> tuple[str, str]:
    """A heading in two lines of like length, broken between its words; else all in the second."""
    breaks = [match.start() for match in _WORD.finditer(heading)][1:]
    if not breaks:
        return "", heading
    middle = min(breaks, key=lambda at: max(at, len(heading) - at))
    return heading[:middle].strip(), heading[middle:].strip()


def _headings(table: Table, widths: Sequence[int]) -> list[list[str]]:
    """The headings in one line, or in two where one has no room."""
    fitting = [
        ("", column.heading) if cell_len(column.heading) <= wide else _folded(column.heading)
        for column, wide in zip(table.columns, widths, strict=True)
    ]
    rows = [list(row) for row in zip(*fitting, strict=True)]
    return rows if any(rows[0]) else rows[1:]


def _line(
    table: Table, row: Sequence[str], widths: Sequence[int], style: Style, ascii_only: bool
) -> Line:
    pieces: Line = []
    for column, cell, wide in zip(table.columns, row, widths, strict=True):
        text = shortened(cell, wide, ascii_only=ascii_only)
        space = " " * (wide - cell_len(text))
        set_ = space + text if column.kind == "figure" else text + space
        pieces.append((set_ + " " * _GAP, "cyan" if column.kind == "bar" and not style else style))
    while pieces and not pieces[-1][0].rstrip():
        pieces.pop()
    if pieces:
        pieces[-1] = (pieces[-1][0].rstrip(), pieces[-1][1])
    return pieces
