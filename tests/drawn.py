"""Projects as plain values, and how they are written to a folder.

Every entry of a list in everyline.yaml stands on its own line, in JSON, which YAML takes too.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

Cell = str | None


@dataclass(frozen=True)
class BillFile:
    """One file, of a bill or of telemetry: where it lies, its header and its rows.

    The ending says the format.
    """

    path: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    # Asked for again and again, to write the file and to compare it.
    @lru_cache(maxsize=64)  # noqa: B019
    def data(self) -> bytes:
        if self.path.endswith(".jsonl"):
            return _json_lines(self)
        if self.path.endswith(".parquet"):
            return _parquet(self)
        text = _csv(self.header, self.rows)
        return gzip.compress(text, mtime=0) if self.path.endswith(".gz") else text


@dataclass(frozen=True)
class Project:
    """A project: everyline.yaml as maps and lists, its tables by path, its files.

    `files` are of bills, `usage` of telemetry.
    """

    settings: Mapping[str, Any]
    tables: Mapping[str, tuple[tuple[str, ...], ...]]
    files: tuple[BillFile, ...]
    usage: tuple[BillFile, ...] = ()

    def with_settings(self, **changed: Any) -> "Project":
        return replace(self, settings={**self.settings, **changed})

    def with_files(self, files: Sequence[BillFile]) -> "Project":
        return replace(self, files=tuple(files))


def write(project: Project, folder: Path) -> None:
    """The project's files below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "everyline.yaml").write_text(yaml_of(project.settings), encoding="utf-8")
    for name, rows in project.tables.items():
        _put(folder / name, _csv(rows[0], rows[1:]))
    for file in (*project.files, *project.usage):
        _put(folder / file.path, file.data())


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def yaml_of(settings: Mapping[str, Any]) -> str:
    """everyline.yaml, an entry a line."""
    lines = []
    for name, value in settings.items():
        if isinstance(value, list):
            lines += [f"{name}:", *(f"  - {_json(entry)}" for entry in value)]
        elif isinstance(value, dict):
            lines += [f"{name}:", *(f"  {key}: {_json(entry)}" for key, entry in value.items())]
        else:
            lines.append(f"{name}: {_json(value)}")
    return "\n".join(line for line in lines) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _csv(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue().encode()


_NUMBERS = ("BilledCost", "EffectiveCost", "ListCost", "ConsumedQuantity")


def _json_lines(file: BillFile) -> bytes:
    """Costs as JSON numbers where they are spelt so, all else as text; absent cells left out."""
    lines = []
    for row in file.rows:
        members = []
        for name, cell in zip(file.header, row, strict=True):
            if cell is None and name not in ("BilledCost", "EffectiveCost"):
                continue
            as_it_is = name in _NUMBERS and cell is not None and _is_json_number(cell)
            members.append(f"{_json(name)}: {cell if as_it_is else _json(cell)}")
        lines.append("{" + ", ".join(members) + "}\n")
    return "".join(lines).encode()


def _is_json_number(text: str) -> bool:
    try:
        return text[0] in "-0123456789" and isinstance(json.loads(text), int | float)
    except ValueError:
        return False


def _parquet(file: BillFile) -> bytes:
    """As an engine writes it: exact decimals and instants where every cell is one, else text."""
    columns = ", ".join(f'"{name}" VARCHAR' for name in file.header)
    picked = ", ".join(f'{_typed(file, at)} AS "{name}"' for at, name in enumerate(file.header))
    connection = _engine()
    with TemporaryDirectory() as folder:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE t ({columns})")
        marks = "(" + ", ".join("?" for _ in file.header) + ")"
        for row in file.rows:
            connection.execute(f"INSERT INTO t VALUES {marks}", row)
        path = Path(folder) / "file.parquet"
        connection.execute(f"COPY (SELECT {picked} FROM t) TO '{path}' (FORMAT parquet)")
        return path.read_bytes()


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _typed(file: BillFile, at: int) -> str:
    name, cells = file.header[at], [row[at] for row in file.rows]
    if name in _NUMBERS and all(c is None or re.fullmatch(r"-?\d+(\.\d{1,18})?", c) for c in cells):
        return f'"{name}"::DECIMAL(38,18)'
    if name.endswith("PeriodStart") and all(c is None or c.endswith(":00Z") for c in cells):
        return f"replace(\"{name}\", 'Z', '')::TIMESTAMP"
    return f'"{name}"'
