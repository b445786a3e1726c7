"""The embedded engine: one DuckDB connection with settings for exactness and safety."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

Rows = list[tuple[Any, ...]]

_PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"

_TOGETHER = 40_960
"""Rows that are read at once: few enough that cores share bills of some hundred thousand lines."""

# Rows of numbers, sorted, are written in half of the time, as large as the others. Few columns have
# numbers that repeat: one that has more than these is written without looking for them.
_QUICK = "FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1000"

# Extensions can't be had offline and would reach for the network; money is summed as DECIMAL, so
# the order of rows changes no byte, and every published file states its own order.
_SETTINGS: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "preserve_insertion_order": "false",
    "TimeZone": "'UTC'",
    "enable_progress_bar": "false",
}


# A frugal guest: of the machine, or of the container that it runs in, it takes a part. What does
# not fit is spilled to the scratch folder, at little cost; but some steps hold all of their rows.
# `EVERYLINE_MEMORY=8GB` gives it more, `EVERYLINE_THREADS=1` fewer cores.
_MEMORY = "25%"


_COMPRESSED = "held"


class Engine:
    """A connection of its own, in memory; temporary tables live as long as it does."""

    def __init__(self, scratch: Path | None = None, *, compressed: bool = False) -> None:
        """`scratch` is where the engine spills what does not fit in memory.

        `compressed` is for tables that stay: once it is told to `compress`, those that are not
        temporary take a fraction of the memory.
        """
        self._connection = duckdb.connect(":memory:")
        self._home = _COMPRESSED if compressed else None
        if compressed:
            self._connection.execute(f"ATTACH ':memory:' AS {_COMPRESSED} (COMPRESS true)")
        self._set()
        if threads := os.environ.get("EVERYLINE_THREADS"):
            self._connection.execute(f"SET threads={int(threads)}")
        memory = os.environ.get("EVERYLINE_MEMORY", _MEMORY)
        self._connection.execute(f"SET memory_limit={literal(memory)}")
        if scratch is not None:
            self._connection.execute(f"SET temp_directory={literal(str(scratch))}")

    def _set(self) -> None:
        for name, value in _SETTINGS.items():
            self._connection.execute(f"SET {name}={value}")
        if self._home:
            self._connection.execute(f"USE {self._home}")

    def compress(self) -> None:
        """Tables take less memory from here on, and what they took goes back to the system."""
        self._connection.execute("SET allocator_background_threads=true")
        self._connection.execute(f"CHECKPOINT {self._home}")

    def beside(self) -> "Engine":
        """Another connection to the same tables, for another thread; temporary ones are its own."""
        made = object.__new__(Engine)
        made._connection = self._connection.cursor()
        made._home = self._home
        made._set()
        return made

    def run(self, sql: str) -> None:
        """A statement whose rows nobody wants."""
        self._connection.execute(sql)

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """Within it the engine keeps the order of the rows of a file."""
        self._connection.execute("SET preserve_insertion_order=true")
        try:
            yield
        finally:
            self._connection.execute("SET preserve_insertion_order=false")

    def rows(self, sql: str, values: Sequence[object] = ()) -> Rows:
        """All rows of a query; `values` are bound to its question marks."""
        return self._connection.execute(sql, list(values)).fetchall()

    def named_rows(self, sql: str) -> list[dict[str, Any]]:
        """All rows of a query, each by the names of its columns."""
        result = self._connection.execute(sql)
        names = [name for name, *_ in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def one(self, sql: str) -> tuple[Any, ...]:
        """The single row of a query that has exactly one."""
        (row,) = self.rows(sql)
        return row

    def columns(self, relation: str) -> dict[str, str]:
        """Column name to DuckDB type of `relation`, in order."""
        return {name: kind for name, kind, *_ in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def write(self, sql: str, target: Path, together: int = _TOGETHER) -> None:
        """The rows of `sql`, in its order, as one Parquet file at `target`.

        `together` is how many rows are read at once or passed over.
        """
        with self.in_order():
            form = f"{_PARQUET}, ROW_GROUP_SIZE {together}"
            self.run(f"COPY ({sql}) TO {literal(str(target))} ({form})")

    def write_quickly(self, sql: str, target: Path) -> None:
        """As `write`, quicker and larger: files of numbers, and such as are soon thrown away."""
        with self.in_order():
            self.run(f"COPY ({sql}) TO {literal(str(target))} ({_QUICK})")

    def write_unordered(self, sql: str, target: Path) -> None:
        """As `write`, quicker, for files of our own whose order means nothing."""
        form = f"{_PARQUET}, ROW_GROUP_SIZE {_TOGETHER}"
        self.run(f"COPY ({sql}) TO {literal(str(target))} ({form})")

    def table(
        self, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]]
    ) -> None:
        """A temporary table of rows made in Python; values are bound, never spelt into SQL."""
        # A list a column is bound in a fraction of the time of a value a cell.
        cells = ", ".join(f"unnest(?::{kind}[]) AS {quoted(c)}" for c, kind in columns.items())
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        made = f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS SELECT {cells}"
        self._connection.execute(made, [list(column) for column in values])

    def close(self) -> None:
        """Lets go of the memory and of what was spilled."""
        self._connection.close()


OutOfRange = duckdb.OutOfRangeException
TooLarge = (duckdb.OutOfRangeException, duckdb.ConversionException)
"""What the engine raises where a number does not fit its type."""
Unreadable = duckdb.Error
Refused = (duckdb.InvalidInputException, duckdb.NotImplementedException)
"""What it raises where a file is not as a statement says, or where the statement says `error`."""


def quoted(name: str) -> str:
    """`name` as an SQL identifier, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"


def last_places(column: str, decimals: int) -> str:
    """SQL of a DECIMAL(38, `decimals`) in integers of its last place, exact: all its digits.

    By way of text it takes a third of the time of two divisions of 128 bits.
    """
    return f"replace({column}::DECIMAL(38,{decimals})::VARCHAR, '.', '')::HUGEINT"


def one_file(path: Path | str) -> str:
    """SQL of one file's path: the engine would take signs of a glob in it for other files.

    Names of folders such as `team=search` are no columns.
    """
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path))) + ", hive_partitioning=false"


def lines_to(most: int) -> str:
    """Options of `read_csv` for lines of at most so many bytes.

    Left alone, the engine would hold sixteen of the longest at once, and take half more time.
    """
    return f"max_line_size={most}, buffer_size={2 * most}"


def parquet(path: Path | str) -> str:
    """A Parquet file as a relation."""
    return f"read_parquet({one_file(path)})"


def select(columns: Mapping[str, str], relation: str) -> str:
    """`SELECT expression AS "name", ... FROM relation`."""
    body = ",\n  ".join(f"{expression} AS {quoted(name)}" for name, expression in columns.items())
    return f"SELECT {body}\nFROM {relation}"


def same(left: str, right: str, columns: Iterable[str]) -> str:
    """A join condition in which nulls are equal."""
    return " AND ".join(
        f"{left}.{quoted(c)} IS NOT DISTINCT FROM {right}.{quoted(c)}" for c in columns
    )
