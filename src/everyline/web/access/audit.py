"""The audit: one line of JSON for each access, only ever appended."""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path

_OWNER_ONLY = 0o600


class Audit:
    """A file of accesses, which only the user that serves may read.

    It is opened for each line, so that it may be moved away while it is written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def note(self, access: Mapping[str, str | int | None]) -> None:
        """Appends one access. All but plain letters is escaped: a name can't pretend to be a line.

        Raises:
            OSError: it can't be written; what was asked for must not be shown then.
        """
        line = (json.dumps(access) + "\n").encode("ascii")
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            opened = os.open(self._file, flags, _OWNER_ONLY)
            try:
                if os.name != "nt":
                    os.fchmod(opened, _OWNER_ONLY)
                os.write(opened, line)
            finally:
                os.close(opened)
