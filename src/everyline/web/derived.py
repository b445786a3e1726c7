"""Tables that are worked out of a run for its pages, and kept beside it for as long as it is.

Each is one Parquet file in a folder of the cache that is named for the run. It is verified when it
is first asked for, and made again if its bytes have changed.
"""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from everyline import runs
from everyline.memory import TABLE, folder_beside, keep, recall

_LOCK = threading.Lock()
_VERIFIED: set[Path] = set()
_MAKING: dict[Path, threading.Lock] = {}


def folder_of(project: Path, kind: str, name: str) -> Path:
    """Where a table is kept; its name is that of the run, or begins so and goes on with `-`."""
    return project / runs.FOLDER / "cache" / kind / name


def path_of(entry: Path) -> Path:
    """The file of a table."""
    return entry / TABLE


def is_there(entry: Path) -> bool:
    """Whether a table is kept whole; verified once by each process."""
    if entry in _VERIFIED:
        return True
    if recall(entry) is None:
        return False
    _VERIFIED.add(entry)
    return True


def made(entry: Path, write: Callable[[Path], None]) -> Path:
    """The file of a table, which `write` makes at a path where there is none; one at a time."""
    with _LOCK:
        making = _MAKING.setdefault(entry, threading.Lock())
    with making:
        if not is_there(entry):
            _sweep(entry)
            with folder_beside(entry) as folder:
                write(path_of(folder))
                keep(entry, {"problems": []}, folder)
            _VERIFIED.add(entry)
    return path_of(entry)


def forget() -> None:
    """Verifies the files again that are asked for next."""
    _VERIFIED.clear()


def _sweep(entry: Path) -> None:
    """Takes away what is kept of runs that are kept no more."""
    for other in entry.parent.glob("[0-9a-f]*"):
        run = entry.parents[2].joinpath("runs", other.name.partition("-")[0])
        if "." not in other.name and not run.is_dir():
            shutil.rmtree(other, ignore_errors=True)
