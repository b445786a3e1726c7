"""The screen: tables to stdout; problems, notes and progress to stderr."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Context
from fractions import Fraction
from typing import TextIO

from rich.console import Console
from rich.text import Text

from everyline.cli import figures, layout
from everyline.problems import Problem, as_text, in_order

WIDTH = 80
"""Cells of a line where nobody says otherwise."""

PROBLEMS_MAX = 20
"""How many warnings are shown in full."""

_BAR = 12
_EXACT = Context(prec=60)


def plain(text: str) -> str:
    """`text` with everything a terminal might obey (escapes, bidi marks, line ends) spelt out."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


class _Console(Console):
    """A console to which a closed pipe is what it is to everybody else: for `main` to deal with."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Screen:
    """Where a command's output goes, and what can be shown there.

    Attributes:
        width: cells of a line: the terminal's, `COLUMNS`, or 80.
        ascii_only: whether stdout can't carry block characters.
    """

    def __init__(self) -> None:
        self.width = max(20, shutil.get_terminal_size((WIDTH, 24)).columns)
        self.ascii_only = not _can_say(sys.stdout, "█─…")
        # Colour and progress only where a person looks at both.
        self._lively = (
            sys.stdout.isatty() and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        )
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        self._out = self._console(sys.stdout)
        self._err = self._console(sys.stderr)

    def _console(self, file: TextIO) -> Console:
        return _Console(
            file=file,
            width=self.width,
            color_system="auto" if self._lively else None,
            force_terminal=self._lively,
            highlight=False,
        )

    def line(self, text: str = "", style: str = "") -> None:
        """One line of a report, on stdout."""
        self._print(self._out, text, style)

    def table(self, table: layout.Table, indent: int = 0, *, aside: bool = False) -> None:
        """A table, on stdout; `aside` on stderr, beside data that goes to stdout."""
        console = self._err if aside else self._out
        harmless = replace(table, rows=_plain(table.rows), totals=_plain(table.totals))
        for line in layout.lines(harmless, self.width - indent, ascii_only=self.ascii_only):
            console.print(Text.assemble(" " * indent, *line), soft_wrap=True)

    def pieces(self, line: layout.Line) -> None:
        """One line on stdout, of pieces in styles of their own."""
        harmless = [(plain(text), style) for text, style in line]
        self._out.print(Text.assemble(*harmless), soft_wrap=True)

    def bar(self, share: Fraction | None, width: int = _BAR) -> str:
        """A share as a bar."""
        return figures.bar(share, width, ascii_only=self.ascii_only)

    def more(self, count: int) -> None:
        """Says that `count` rows are not shown, if there are any."""
        if count > 0:
            mark = "..." if self.ascii_only else "…"
            rows = "row" if count == 1 else "rows"
            self.line(f"{mark} {count:,} more {rows}; --as csv prints all", "dim")

    def note(self, text: str) -> None:
        """Something a person should know, on stderr."""
        sys.stdout.flush()
        self._print(self._err, text, "")

    def problems(self, problems: Iterable[Problem], most: int | None = None) -> int:
        """Problems on stderr: all that stop, and of warnings the largest `most`.

        Returns:
            How many were left out.
        """
        listed = in_order(problems)
        shown = [p for n, p in enumerate(listed) if most is None or n < most or p.level != "warn"]
        for problem in shown:
            self.note(problem_text(problem))
            self.note("")
        return len(listed) - len(shown)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """One line on stderr that is written over, where a person looks; else nothing."""
        if not self._lively:
            yield lambda text: None
            return
        with self._err.status("") as status:
            yield lambda text: status.update(Text(plain(text)))

    def _print(self, console: Console, text: str, style: str) -> None:
        for line in text.split("\n"):
            console.print(Text(plain(line), style=style), soft_wrap=True)


def problem_text(problem: Problem) -> str:
    """The problem as a person reads it, nothing from the data obeyed by a terminal."""
    return as_text(
        replace(
            problem,
            cost=None if problem.cost is None else problem.cost.normalize(_EXACT),
            sentence=plain(problem.sentence),
            place=plain(problem.place),
            hint=plain(problem.hint),
            currency=None if problem.currency is None else plain(problem.currency),
        )
    )


def _plain(rows: Iterable[Iterable[str]]) -> list[list[str]]:
    return [[plain(cell) for cell in row] for row in rows]


def _can_say(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
