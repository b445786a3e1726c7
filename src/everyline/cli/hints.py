"""What to do next: command lines to copy, and what each is for."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from everyline.cli.screen import Screen

_INDENT = 2
_GAP = 2


class Hint(NamedTuple):
    """A command line as `command` has it, and what it does."""

    line: str
    does: str


def command(*words: str, project: Path | None = None) -> str:
    """A command line of everyline that a shell takes as it stands."""
    where = ["--project", str(project)] if project not in (None, Path(".")) else []
    return shlex.join(["everyline", *words, *where])


def show(screen: Screen, hints: Sequence[Hint]) -> None:
    """Prints them in two columns, or one below the other where there is no room."""
    if not hints:
        return
    screen.line("next", "bold")
    wide = max(len(hint.line) for hint in hints)
    beside = _INDENT + wide + _GAP + max(len(hint.does) for hint in hints) <= screen.width
    for hint in hints:
        if beside:
            screen.line(" " * _INDENT + hint.line.ljust(wide + _GAP) + hint.does)
        else:
            screen.pieces([(" " * _INDENT + hint.line, "")])
            screen.pieces([(" " * 3 * _INDENT + hint.does, "dim")])
