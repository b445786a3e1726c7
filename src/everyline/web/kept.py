"""Answers that were given before, so that a page is worked out once.

An answer is kept for one viewer, one address, and one state of everything that it may tell of: the
run, the books, and every file of the project. Where that state can't be told, nothing is kept.
"""

import gzip
import os
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from everyline import config, runs
from everyline.runs import Run

_BYTES_MAX = 24 * 2**20
_BESIDE = 500
"""Bytes that an answer takes beside its own: its address, and its place in the list."""

_PART_MAX = 8
"""One answer has at most an eighth of all room, so that it can't drive out all others."""

_FILES_MAX = 5_000
"""Looking at more files than this for each request would take longer than it spares."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer.

    Attributes:
        packed: its body, gzipped.
        kind: its media type.
        tag: what tells its bytes from any other.
        seen: what the audit notes of it.
    """

    packed: bytes
    kind: str
    tag: str
    seen: Mapping[str, object]

    def body(self) -> bytes:
        """Its bytes as they were made."""
        return gzip.decompress(self.packed)


class Answers:
    """The answers asked for last, as many as there is room for."""

    def __init__(self, most: int = _BYTES_MAX) -> None:
        """`most` is the room in bytes."""
        self._most = most
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, Given] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How much room is taken."""
        return self._bytes

    def get(self, key: Hashable) -> Given | None:
        """An answer that was given; it then is the last one to be let go."""
        with self._lock:
            if (found := self._held.get(key)) is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Hashable, given: Given) -> None:
        """Keeps an answer; those that nobody asked for the longest make room."""
        if _room(given) > self._most // _PART_MAX:
            return
        with self._lock:
            if key in self._held:
                return
            self._held[key] = given
            self._bytes += _room(given)
            while self._bytes > self._most:
                _, gone = self._held.popitem(last=False)
                self._bytes -= _room(gone)


def _room(given: Given) -> int:
    return len(given.packed) + _BESIDE


class Watch:
    """Sees whether a project is still what it was."""

    def __init__(self, project: Path, besides: Path | None = None) -> None:
        """`besides` is a file that no page tells of: the audit, which grows with every request."""
        self._project = project
        self._besides = None if besides is None else str(besides)
        self._known: tuple[Hashable, bool] | None = None

    def mark(self, run: Run) -> Hashable | None:
        """What changes whenever a file does that a page of the run may tell of.

        None where that can't be told: a file lies outside of the project, or behind a link, or
        there are too many.
        """
        found: list[tuple[str, int, int]] = []
        try:
            if not self._look(str(self._project), found):
                return None
            kept_runs = (self._project / runs.FOLDER / "runs").stat().st_mtime_ns
        except OSError:
            return None
        mark = (run.id, kept_runs, tuple(sorted(found)))
        known = self._known
        if known is None or known[0] != mark:
            known = self._known = (mark, self._is_within(run))
        return mark if known[1] else None

    def _look(self, folder: str, found: list[tuple[str, int, int]]) -> bool:
        """Adds path, time of change and size of each file; whether these are all there are."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.path == self._besides:
                    continue
                if entry.is_dir():
                    if entry.is_symlink() or not self._look(entry.path, found):
                        return False
                    continue
                seen = entry.stat()
                found.append((entry.path, seen.st_mtime_ns, seen.st_size))
                if len(found) > _FILES_MAX:
                    return False
        return True

    def _is_within(self, run: Run) -> bool:
        """Whether all that a page may read is looked at."""
        names = list(run.manifest["inputs"])
        for file in config.load(self._project).files:
            if not file.is_relative_to(self._project):
                return False
            names.append(file.relative_to(self._project).as_posix())
        parts = [PurePosixPath(name).parts for name in names]
        return not any(part.startswith((".", "/")) for each in parts for part in each)
