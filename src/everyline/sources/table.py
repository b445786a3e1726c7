"""Any table of charges: CSV, XLSX or Parquet, with the columns named in everyline.yaml.

`columns` maps ours to theirs, `set` gives constants, a header equal to one of our columns is that
column, any `x_` header stays; all other columns become Tags under their headers.
"""

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from everyline.config.columns import CHARGES, USAGE
from everyline.config.sources import Bill, UsageSource
from everyline.sources import delimited, workbook
from everyline.sources.format import Columnar, Csv, Format, Naming, Native, Rows
from everyline.sources.telemetry import Telemetry
from everyline.sources.unreadable import Unreadable
from everyline.tag_columns import columns_of


def _recognises(path: Path, head: bytes) -> bool:
    """Never by content: which column is the cost, only a person can say."""
    return False


def _read(path: Path, source: Bill | UsageSource, unpacked: Path) -> Sequence[Native]:
    name = path.name.lower()
    if name.endswith(".parquet"):
        return [Columnar(path)]
    if name.endswith(".xlsx"):
        return [_workbook(path)]
    names, delimiter = delimited.header(path)
    return [Csv(path, names, delimiter)]


def _workbook(path: Path) -> Rows:
    rows = workbook.rows(path)
    number, header = next(rows, (1, []))
    names = [(cell or "").strip() for cell in header]
    if not any(names):
        hint = "put the header in its first row"
        raise Unreadable("the first sheet is empty", hint, name="empty-file", line=1)
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise Unreadable(
            f"the header names the column `{twice[0]}` twice", "keep one of them", line=number
        )
    return Rows(tuple(filter(None, names)), _under(names, rows))


def _under(
    names: Sequence[str], rows: Iterator[tuple[int, list[str | None]]]
) -> Iterator[tuple[str | None, ...]]:
    """The cells under the names; one that stands under none may be money, and is refused."""
    for number, row in rows:
        for at, cell in enumerate(row):
            if cell and cell.strip() and not (at < len(names) and names[at]):
                where = f"{workbook.letters_of(at + 1)}{number}"
                raise Unreadable(
                    f"cell `{where}` holds `{cell}`, and its column has no header",
                    "give the column a header, or clear the cell",
                    line=number,
                )
        padded = itertools.chain(row, itertools.repeat(None))
        yield tuple(cell for name, cell in zip(names, padded, strict=False) if name)


def _line(path: Path, row: int) -> int:
    """The line of a row; in a workbook the number that a spreadsheet program shows."""
    name = path.name.lower()
    if name.endswith(".xlsx"):
        return _row_numbers(path, path.stat().st_mtime_ns)[row]
    return row if name.endswith(".parquet") else delimited.line(path, row)


def _naming(names: Sequence[str], bill: Bill) -> Naming:
    columns = {name: name for name in names if name in CHARGES or name.startswith("x_")}
    columns |= {ours: theirs for ours, theirs in bill.columns.items() if theirs in names}
    named = set(columns.values())
    tags = tuple(name for name in names if name and name not in named)
    return Naming(columns, tags, aside=("",) if "" in names else ())


def _usage_naming(names: Sequence[str], source: UsageSource) -> Naming:
    """As `_naming`; a column that becomes a tag stays a column, `Tags.<header>`."""
    columns = {name: name for name in names if name in USAGE}
    columns |= {ours: theirs for ours, theirs in source.columns.items() if theirs in names}
    named = set(columns.values())
    tags = columns_of(name for name in names if name and name not in named)
    columns |= {column: header for header, column in tags.items()}
    return Naming(columns, aside=("",) if "" in names else ())


@lru_cache(maxsize=1)
def _row_numbers(path: Path, _: int) -> list[int]:
    return [number for number, _ in workbook.rows(path)]


FORMAT = Format(
    name="table",
    title="any table of charges (CSV, XLSX, Parquet), columns named in everyline.yaml",
    recognises=_recognises,
    read=_read,
    naming=_naming,
    line=_line,
)

TELEMETRY = Telemetry(
    name="table",
    title="any table of usage (CSV, XLSX, Parquet), columns named in everyline.yaml",
    recognises=_recognises,
    read=_read,
    naming=_usage_naming,
    needed=("hour", "x_Meter", "x_Quantity"),
    line=_line,
)
