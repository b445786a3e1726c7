"""What has been read before: a folder an entry, its table hashed, complete or not there at all."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from everyline.problems import Problem

TABLE = "table.parquet"
_FACTS = "facts"


def recall(entry: Path) -> dict[str, Any] | None:
    """What was kept under `entry`; None where there is nothing, or its bytes have changed since."""
    try:
        digest, _, facts = (entry / _FACTS).read_text(encoding="utf-8").partition("\n")
        if digest != _sha256_of(facts):
            return None
        kept = json.loads(facts)
        if kept["sha256"] != _sha256(entry / TABLE):
            return None
    except (OSError, ValueError, KeyError):
        return None
    kept["problems"] = [_problem(fields) for fields in kept["problems"]]
    return dict(kept)


def keep(entry: Path, kept: Mapping[str, Any], folder: Path) -> None:
    """Keeps `kept`, and the table in `folder` if there is one, under `entry`, all or nothing.

    What another run has kept there in the meantime is the same, and stays for its readers.
    """
    if recall(entry) is not None:
        return
    problems = [asdict(problem) for problem in kept["problems"]]
    facts = dict(kept) | {"problems": problems, "sha256": _sha256(folder / TABLE)}
    for left in folder.iterdir():
        if left.name != TABLE:
            left.unlink()
    text = json.dumps(facts, default=str)
    (folder / _FACTS).write_text(f"{_sha256_of(text)}\n{text}", encoding="utf-8")
    shutil.rmtree(entry, ignore_errors=True)
    try:
        folder.rename(entry)
    except OSError:
        # Another run has kept the same bytes in the meantime; then there is nothing to keep.
        if not (entry / _FACTS).exists():
            raise


@contextmanager
def folder_beside(entry: Path) -> Iterator[Path]:
    """A folder of one's own to work in; gone afterwards, unless it was kept."""
    folder = entry.with_name(f"{entry.name}.{os.getpid()}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(table: Path) -> str | None:
    if not table.exists():
        return None
    with table.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(fields: dict[str, Any]) -> Problem:
    cost = fields["cost"]
    return Problem(**(fields | {"cost": None if cost is None else Decimal(cost)}))
