"""What is said when everyline itself is at fault: one short paragraph, exit 70."""

import os
import sys
import traceback
from pathlib import Path

from everyline.cli import TRACEBACK
from everyline.cli.screen import plain
from everyline.problems import EXIT_FAULT

_PACKAGE = Path(__file__).parent.parent


def report(error: Exception) -> int:
    """Says on stderr what happened; returns the exit code."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
        return EXIT_FAULT
    if type(error).__name__ == "OutOfMemoryException":  # the engine is not imported to say this
        print(
            "fault: this takes more memory than it may have; the last good run still reads.\n\n"
            "hint: it takes a quarter of the machine's; `EVERYLINE_MEMORY=50%` in the environment"
            " gives it more",
            file=sys.stderr,
        )
        return EXIT_FAULT
    last = plain(traceback.format_exception_only(error)[-1].strip().split("\n")[0])
    print(
        f"{_blame(error)}; the last good run still reads.\n"
        f"  {last}\n{_place(error)}"
        f"`{TRACEBACK}=1` in the environment shows how it came to that.",
        file=sys.stderr,
    )
    return EXIT_FAULT


def _blame(error: Exception) -> str:
    if isinstance(error, OSError):
        return "fault: the machine did not let everyline read or write"
    return "fault: this is a fault of everyline's own, not of the data"


def _place(error: Exception) -> str:
    """The innermost line of ours."""
    ours = [
        f"{Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    return f"  at {ours[-1]}\n" if ours else ""
