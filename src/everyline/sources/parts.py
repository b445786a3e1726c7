"""Parts: what a source hands over, as a relation the engine can read, cell by cell."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from everyline import people
from everyline.config.sources import Bill, UsageSource
from everyline.engines.duckdb import Engine, Refused, lines_to, literal, one_file, quoted
from everyline.sources import cells
from everyline.sources.cells import Cell, present
from everyline.sources.format import Columnar, Csv, Format, Naming, Native, Rows
from everyline.sources.line_ends import LINE_BYTES_MAX
from everyline.sources.telemetry import NativeUsage, Query, Telemetry
from everyline.sources.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Part:
    """One native part as the engine sees it.

    Attributes:
        relation: SQL of the native relation.
        row: SQL of the row's number in its file, from 1, the header not counted.
        label: how the part is called in x_SourceFile, after the file; empty for a whole file.
        cells: our columns over it.
        aside: native columns that are read past.
        exact: whether every cell may be taken as it lies.
    """

    relation: str
    row: str
    label: str
    cells: tuple[cells.Cell, ...]
    aside: tuple[str, ...]
    exact: bool

    @property
    def rows(self) -> str:
        """SELECT of the rows: `row_`, and of the cell at n `text_n` and `plain_n`.

        The text is null where absent. The value of a cell that needs reading is null where it
        needs the rules in Python; a cell has one alone where no rule reads it.
        """
        numbered = list(enumerate(self.cells))
        read = [f"({self.row})::BIGINT AS row_"]
        read += [f"{c.exact} AS plain_{n}" for n, c in numbered if c.exact]
        read += [f"{c.text} AS text_{n}" for n, c in numbered if not c.exact]
        told = [f"{present(f'text_{n}', c.absent)} AS text_{n}" for n, c in numbered if c.absent]
        typed = [f"{c.plain(f'text_{n}')} AS plain_{n}" for n, c in numbered if self._reads(c)]
        # What the next layer uses several times has a name: nested, its SQL would double each time.
        replaced = f" REPLACE ({', '.join(told)})" if told else ""
        return (
            f"SELECT {', '.join(['*', *typed])} FROM (SELECT *{replaced} FROM"
            f" (SELECT {', '.join(read)} FROM {self.relation}))"
        )

    def _reads(self, cell: Cell) -> bool:
        # Tags that may be taken as they lie are looked at whole, not line by line.
        return cell.is_read and not self.exact

    def values(self) -> dict[str, str]:
        """Our columns to the SQL, over `rows`, of what no rule in Python needs to read."""
        return {
            cell.name: f"plain_{at}" if cell.exact or self._reads(cell) else f"text_{at}"
            for at, cell in enumerate(self.cells)
        }

    def odd(self) -> dict[str, str]:
        """Our columns that are read to the SQL, over `rows`, of texts that need the rules."""
        return {
            cell.name: f"CASE WHEN plain_{at} IS NULL THEN text_{at} END"
            for at, cell in enumerate(self.cells)
            if self._reads(cell)
        }


Source = Bill | UsageSource
AnyFormat = Format | Telemetry


def part(
    engine: Engine, native: Native | NativeUsage, source: Source, format_: AnyFormat, folder: Path
) -> Part:
    """`native` as the engine sees it; rows made in Python are first written into `folder`.

    Raises:
        Unreadable: a column is missing that a row can't do without, or the file is broken.
    """
    if isinstance(native, Columnar):
        relation = f"read_parquet({one_file(native.path)}, file_row_number=true)"
        kinds = engine.columns(relation)
        del kinds["file_row_number"]
        row, label, header = "file_row_number + 1", "", tuple(kinds)
        at = {name: name for name in header}
    elif isinstance(native, Query):
        # Its rows are looked at twice, and are not read twice for that.
        rows = folder / "rows.parquet"
        try:
            engine.write_quickly(native.sql, rows)
        except Refused:
            if not native.otherwise:
                raise
            engine.write_quickly(native.otherwise, rows)
        kinds = dict.fromkeys(native.header, "")
        at = {name: name for name in native.header}
        relation = f"read_parquet({one_file(rows)}, file_row_number=true)"
        row, label, header = "file_row_number + 1", "", native.header
    else:
        text = _written(native, folder) if isinstance(native, Rows) else native
        kinds = dict.fromkeys(text.header, "")
        at = {name: f"c{number}" for number, name in enumerate(text.header)}
        relation, row, label, header = (
            _relation(text),
            "row_number() OVER ()",
            text.part,
            text.header,
        )
    naming = _naming(format_, header, source)
    constants = dict(format_.constants) | dict(source.set)
    if isinstance(source, Bill) and source.account:
        constants.setdefault("BillingAccountId", source.account)
    found = _cells(naming, constants, _Columns(kinds, at), format_)
    if source.people == "hash":
        found = tuple(
            replace(cell, kind="person") if cell.name == people.COLUMN else cell for cell in found
        )
    _refuse_missing(found, header, format_.needed)
    exact = isinstance(native, Columnar) and all(
        cell.exact or cell.kind == "text" or (cell.name == "Tags" and not naming.tags)
        for cell in found
    )
    return Part(relation, row, label, found, naming.aside, exact)


def _naming(format_: AnyFormat, header: Sequence[str], source: Source) -> Naming:
    if isinstance(format_, Format):
        assert isinstance(source, Bill)
        return format_.naming(header, source)
    assert isinstance(source, UsageSource)
    return format_.naming(header, source)


def _written(rows: Rows, folder: Path) -> Csv:
    """Rows made in Python as a CSV file of our own, so that all text takes one way in."""
    target = folder / "rows.csv"
    # JSON may hold half of a character, which UTF-8 can't.
    with target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(rows.header)
        writer.writerows([cell or "" for cell in row] for row in rows.rows)
    return Csv(target, rows.header, ",")


def _relation(text: Csv) -> str:
    # Engines compare names without case, and headers may hold anything: numbers tell them apart.
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(text.header)))
    return (
        f"read_csv({one_file(text.path)}, auto_detect=false, header=true, nullstr='',"
        f" delim={literal(text.delimiter)}, quote='\"', escape='\"', columns={{{columns}}},"
        f" {lines_to(LINE_BYTES_MAX)})"
    )


class _Columns(NamedTuple):
    """A native column to its type, empty for text files, and to its name in the relation."""

    kinds: Mapping[str, str]
    at: Mapping[str, str]


def _cells(
    naming: Naming, constants: Mapping[str, str], native: _Columns, format_: AnyFormat
) -> tuple[cells.Cell, ...]:
    found = {}
    for ours, theirs in naming.columns.items():
        at, kind = native.at[theirs], format_.kind_of(ours)
        if native.kinds[theirs]:
            found[ours] = cells.columnar_cell(ours, kind, at, native.kinds[theirs])
        else:
            found[ours] = cells.text_cell(ours, kind, quoted(at), format_.null_words)
    for name, value in constants.items():
        found[name] = cells.constant_cell(name, format_.kind_of(name), value)
    if naming.tags:
        entries = ", ".join(
            f"{literal(n)}, trim({quoted(native.at[n])}::VARCHAR)" for n in naming.tags
        )
        text = f"json_object({entries})::VARCHAR"
        if "Tags" in found:
            text = _both(text, found["Tags"])
        found["Tags"] = cells.Cell("Tags", "tags", text=text)
    return tuple(found.values())


def _both(of_columns: str, tags: cells.Cell) -> str:
    """SQL of one object of the tags in columns and those of a column Tags, which stand last."""
    given = tags.given
    return (
        f"CASE WHEN {given} IS NULL OR regexp_full_match({given}, '\\s*\\{{\\s*\\}}\\s*')"
        f" THEN {of_columns} WHEN starts_with({given}, '{{')"
        f" THEN left({of_columns}, -1) || ',' || substr({given}, 2) ELSE {given} END"
    )


def _refuse_missing(
    found: Sequence[cells.Cell], header: Sequence[str], needed: Sequence[str]
) -> None:
    missing = [name for name in needed if name not in {cell.name for cell in found}]
    if missing:
        names = " and no column ".join(f"`{name}`" for name in missing)
        shown = ", ".join(f"`{name}`" for name in header[:12] if name)
        more = ", ..." if len(header) > 12 else ""
        raise Unreadable(
            f"the file has no column {names}",
            f"its columns are {shown}{more}; the format `table` maps them with `columns`, and gives"
            " constants with `set`",
            line=1,
            name="missing-column",
        )
