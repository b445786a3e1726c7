"""Any table of charges: CSV, XLSX or Parquet, with the columns named in everyline.yaml.

`columns` maps ours to theirs, `set` gives constants, a header equal to one of our columns is that
column, any `x_` header stays; all other columns become Tags under their headers.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

from everyline.config.columns import CHARGES
from everyline.config.sources import Bill
from everyline.sources import delimited, workbook
from everyline.sources.format import Columnar, Csv, Format, Naming, Native, Rows
from everyline.sources.unreadable import Unreadable


def _recognises(path: Path, head: bytes) -> bool:
    """Never by content: which column is the cost, only a person can say."""
    return False


def _read(path: Path, bill: Bill, unpacked: Path) -> Sequence[Native]:
    name = path.name.lower()
    if name.endswith(".parquet"):
        return [Columnar(path)]
    if name.endswith(".xlsx"):
        return [_workbook(path)]
    names, delimiter = delimited.header(path)
    return [Csv(path, names, delimiter)]


def _workbook(path: Path) -> Rows:
    rows = workbook.rows(path)
    _, header = next(rows, (0, []))
    names = tuple(name.strip() if name else "" for name in header)
    if not any(names):
        raise Unreadable(
            "the first sheet is empty", "put the header in its first row", name="empty-file"
        )
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise Unreadable(
            f"the header names the column `{twice[0]}` twice", "keep one of them", line=1
        )
    width = len(names)
    cells = (
        tuple(itertools.islice(itertools.chain(row, itertools.repeat(None)), width))
        for _, row in rows
    )
    return Rows(names, cells)


def _naming(names: Sequence[str], bill: Bill) -> Naming:
    columns = {name: name for name in names if name in CHARGES or name.startswith("x_")}
    columns |= {ours: theirs for ours, theirs in bill.columns.items() if theirs in names}
    named = set(columns.values())
    return Naming(columns, tags=tuple(name for name in names if name and name not in named))


FORMAT = Format(
    name="table",
    title="any table of charges (CSV, XLSX, Parquet), columns named in everyline.yaml",
    recognises=_recognises,
    read=_read,
    naming=_naming,
)
