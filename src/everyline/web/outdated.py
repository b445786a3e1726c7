"""Whether the files of a project are still those that its last run has read."""

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from pathlib import Path

from everyline import pipeline, runs
from everyline.runs import Run

Clock = Callable[[], datetime]

SOON_S = 0.3
"""How long a page waits for the answer: small files are read by then, for large ones it comes with
a later page."""

_PATIENCE = timedelta(minutes=1)
"""While files are being written they change all the time, and each look reads all of them."""


class Outdated:
    """Looks at the files when one of them seems to have changed, and only then."""

    def __init__(self, project: Path, clock: Clock | None) -> None:
        """Without a clock every change is looked at."""
        self._project = project
        self._clock = clock
        self._lock = threading.Lock()
        self._mark: Hashable = None
        self._published = -1
        self._again: datetime | None = None
        self._looking: threading.Thread | None = None
        self._found = False

    def tells(self, mark: Hashable | None, run: Run) -> bool:
        """Whether a run now would be another one than the last, `run`, as far as that is known.

        Args:
            mark: what changes whenever a file does; None where that can't be told, and then
                nothing is said.
        """
        if mark is None:
            return False
        with self._lock:
            published = self._last_published()
            if published != self._published:
                # Whatever was found of an earlier run says nothing of this one.
                self._published, self._mark, self._again = published, None, None
                self._looking, self._found = None, False
            if mark == self._mark or self._looking is not None or self._is_early():
                return self._found
            looking = threading.Thread(target=self._look, args=(mark, run, published), daemon=True)
            self._looking = looking
        looking.start()
        looking.join(SOON_S)
        return self._found

    def _look(self, mark: Hashable, run: Run, published: int) -> None:
        try:
            found = not pipeline.is_up_to_date(self._project, run)
        except OSError:
            found = True  # a file went away while it was read
        with self._lock:
            if published == self._published:
                self._found, self._mark, self._looking = found, mark, None
                self._again = None if self._clock is None else self._clock() + _PATIENCE

    def _last_published(self) -> int:
        """When somebody ran the project last, also where nothing had changed."""
        try:
            return (self._project / runs.FOLDER / "current").stat().st_mtime_ns
        except OSError:
            return 0

    def _is_early(self) -> bool:
        again, clock = self._again, self._clock
        return again is not None and clock is not None and clock() < again
