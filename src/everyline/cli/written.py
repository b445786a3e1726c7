"""Rows as csv, json and parquet: exact, in order, and never held in memory at once.

csv is RFC 4180 with line ends `\\n`, a null is an empty cell, and cells are what they are, also
those that a spreadsheet would take for a formula. json is an array of objects; numbers with
decimals are text, since most readers of json would make floats of them.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from everyline.answers.texts import in_json, text
from everyline.engines.duckdb import Engine, literal, select

_OPTIONS = {"csv": "FORMAT csv, HEADER true", "json": "FORMAT json, ARRAY true"}


def put(engine: Engine, sql: str, form: str, out: Path | None) -> None:
    """Writes the rows of `sql`, in its order, to the file `out` or to stdout.

    A regular file is replaced when all is written. What is written to stdout is made in a file
    first, so that a fault half-way leaves no half table in somebody's pipe.

    Raises:
        OSError: the file can't be written.
    """
    target = None if out is None else out.resolve()
    beside = target is not None and (target.is_file() or not target.exists())
    parent = target.parent if target is not None and beside else None
    with tempfile.TemporaryDirectory(prefix=".everyline-", dir=parent) as folder:
        made = Path(folder) / f"made.{form}"
        _make(engine, sql, form, made)
        if target is None:
            with made.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        elif beside:
            os.replace(made, target)
        else:
            # A pipe or a device is written to; replacing it would take it away.
            with made.open("rb") as file, target.open("wb") as opened:
                shutil.copyfileobj(file, opened)


def replaced(path: Path, content: bytes) -> None:
    """Puts `content` in the place of a file, whole or not at all.

    Raises:
        OSError: the file can't be written.
    """
    path = path.resolve()
    with tempfile.TemporaryDirectory(prefix=".everyline-", dir=path.parent) as folder:
        made = Path(folder) / path.name
        with made.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, made)
        os.replace(made, path)


def _make(engine: Engine, sql: str, form: str, target: Path) -> None:
    if form == "parquet":
        engine.write(sql, target)
        return
    kinds = engine.columns(f"({sql})")
    made = in_json if form == "json" else text
    shown = {name: made(name, kind) for name, kind in kinds.items()}
    with engine.in_order():
        engine.run(
            f"COPY ({select(shown, f'({sql})')}) TO {literal(str(target))} ({_OPTIONS[form]})"
        )
