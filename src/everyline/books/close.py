"""Closing a month (R25): its statements and all pending corrections are booked, for ever.

Both files are written aside, synced, and their folder is renamed: after a crash at any moment there
is either no close or a whole one. Months are closed in ascending order, none is opened again. Of
two closes at once one waits, and then sees what the other has closed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from everyline.books import corrections, read
from everyline.books.lines import Line, written
from everyline.books.read import Close
from everyline.problems import Problem

_ASIDE = ".closing-"
_ATTRIBUTES = b"# The books are hashed: git must not change the ends of their lines.\n* -text\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What stands behind a close, beside its lines; as in `read.Close`."""

    period: str
    by: str
    note: str
    closed_on: date
    run: str
    version: str
    keys: Sequence[str]
    configuration: Mapping[str, str]
    inputs: Mapping[str, str]


def book(project: Path, stated: Sequence[Line], facts: Facts) -> Close | list[Problem]:
    """Closes a month, or gives the problems why it can't be.

    Args:
        project: whose books they are.
        stated: the lines of a run, of all months.
        facts: which month, by whom, from what.

    Raises:
        OSError: the folder can't be written; nothing is closed then.
    """
    folder = project / read.FOLDER
    if not folder.exists() and (refused := refusal([], stated, facts.period)):
        return [refused]
    folder.mkdir(exist_ok=True)
    with _alone(folder):
        return _book(project, stated, facts)


def _book(project: Path, stated: Sequence[Line], facts: Facts) -> Close | list[Problem]:
    damaged, booked = read.opened(project)
    if damaged:
        return damaged
    closes = read.closed(project)
    if refused := refusal(closes, stated, facts.period):
        return [refused]
    lines = corrections.due(booked, stated, facts.period, facts.keys)
    statements = written(lines, facts.keys)
    members = asdict(facts) | {
        "closed_on": facts.closed_on.isoformat(),
        "keys": list(facts.keys),
        "statements": read.sha256(statements),
        "previous": closes[-1].sha256 if closes else None,
    }
    _put(
        project / read.FOLDER,
        facts.period,
        {read.STATEMENTS: statements, read.CLOSE: read.written_close(members)},
    )
    return read.closed(project)[-1]


def refusal(closes: Sequence[Close], stated: Sequence[Line], period: str) -> Problem | None:
    """Why `period` can't be closed now; None if it can."""
    months = sorted({line.period for line in stated})
    last = closes[-1].period if closes else ""
    if period in {close.period for close in closes}:
        sentence = f"{period} is closed already"
        hint = "what has changed since is booked when the next month is closed"
        return _refused(period, sentence, name="closed-already", hint=hint)
    if period < last:
        sentence = f"{period} lies before {last}, which is closed"
        hint = f"months are closed in order; late cost of {period} is booked at the next close"
        if period < closes[0].period:
            hint = f"the books begin with {closes[0].period}, and months are closed in order"
        return _refused(period, sentence, name="close-out-of-order", hint=hint)
    if period not in months:
        hint = f"months of the last run: {', '.join(months) or 'none'}"
        sentence = f"no statement is about {period}"
        return _refused(period, sentence, name="nothing-to-close", hint=hint)
    if closes and (left := [month for month in months if last < month < period]):
        sentence = f"{left[0]} comes before {period} and is not closed"
        hint = f"`everyline close {left[0]}` first"
        return _refused(period, sentence, name="close-out-of-order", hint=hint)
    return None


def changed(old: Iterable[Line], new: Iterable[Line], period: str) -> Problem | None:
    """That two runs differ in the statements of `period` or of a month before it."""
    months = {line.period for line in {*old} ^ {*new} if line.period <= period}
    if not months:
        return None
    first = min(months)
    sentence = f"files have changed since the last run, and the statements of {first} with them"
    hint = f"they were made anew: see `everyline statements --period {first}`, then close again"
    return _refused(first, sentence, name="statements-changed", hint=hint)


def _refused(period: str, sentence: str, *, name: str, hint: str) -> Problem:
    return Problem(
        name=name,
        level="stop",
        sentence=sentence,
        place=f"{read.FOLDER}/{period}",
        subject=period,
        period=period,
        hint=hint,
    )


def _put(folder: Path, period: str, files: Mapping[str, bytes]) -> None:
    """Makes the folder of a close within that of the books, whole or not at all."""
    for left in folder.glob(f"{_ASIDE}*"):
        shutil.rmtree(left)  # by a close that was killed
    if not (attributes := folder / ".gitattributes").exists():
        attributes.write_bytes(_ATTRIBUTES)
    aside_folder = folder / f"{_ASIDE}{os.getpid()}"
    aside_folder.mkdir()
    try:
        for name, content in files.items():
            with (aside_folder / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(aside_folder)
        aside_folder.rename(folder / period)
    finally:
        shutil.rmtree(aside_folder, ignore_errors=True)
    _sync(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other closes waiting; the lock is on the folder, so it leaves no file behind."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
