"""Writing a project's files: UTF-8, LF, the same bytes on every system."""

import csv
import io
from collections.abc import Iterable, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, making the folders above it; line ends stay as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text with LF line ends; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def copy_tree(source: Traversable, target: Path) -> None:
    """Copy the files below `source` as they are, whatever way the package is installed."""
    for entry in source.iterdir():
        if entry.is_dir():
            copy_tree(entry, target / entry.name)
        else:
            target.mkdir(parents=True, exist_ok=True)
            (target / entry.name).write_bytes(entry.read_bytes())
