"""Reading the books, and telling whether they are as they were closed.

`close.json` carries the SHA-256 of `statements.csv`, of the `close.json` before it, and of its own
other members; and both files have one form only. So a change of any byte is found in the file that
was changed. That the last close was taken away, or all was written anew, only git can tell.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from everyline.books import lines as rows
from everyline.books.lines import Line
from everyline.config.cells import MONTH
from everyline.problems import Problem

FOLDER = "books"
STATEMENTS = "statements.csv"
CLOSE = "close.json"

_TEXTS = ("by", "note", "period", "run", "statements", "version")
_KINDS = dict.fromkeys((*_TEXTS, "closed_on", "hash"), str) | {
    "configuration": dict,
    "inputs": dict,
    "keys": list,
    "previous": str | None,
}
_MEMBERS = sorted(_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """One closed month.

    Attributes:
        period: the month.
        previous: SHA-256 of the `close.json` before it; None for the first.
        statements: SHA-256 of its `statements.csv`, which approvals name.
        sha256: of its own `close.json`.
        by: who closed it.
        note: what they say to it.
        closed_on: the day.
        run: the run whose statements were booked.
        version: everyline's.
        keys: the taxonomy of the time, the lead key first.
        configuration: files of the configuration and their SHA-256.
        inputs: files of bills and of usage and their SHA-256.
    """

    period: str
    previous: str | None
    statements: str
    sha256: str
    by: str
    note: str
    closed_on: date
    run: str
    version: str
    keys: tuple[str, ...]
    configuration: Mapping[str, str]
    inputs: Mapping[str, str]


def closed(project: Path) -> list[Close]:
    """The closes of well-formed books, in order; ask `verified` first."""
    return [_close((folder / CLOSE).read_bytes()) for folder in _folders(project)]


def booked(project: Path, period: str) -> list[Line]:
    """The lines that the close of `period` has booked, corrections of earlier months included."""
    return rows.read((project / FOLDER / period / STATEMENTS).read_bytes())


def all_booked(project: Path) -> list[Line]:
    """The lines of all closes."""
    return [line for folder in _folders(project) for line in booked(project, folder.name)]


def verified(project: Path) -> list[Problem]:
    """Every file of the books that is not as it was closed; of level `stop`."""
    return opened(project)[0]


def opened(project: Path, *, with_lines: bool = True) -> tuple[list[Problem], list[Line]]:
    """The problems of `verified`, and the lines of all closes.

    Without lines, their bytes are still those that their close has hashed; but that these are
    lines at all is left to whoever reads them.
    """
    found: list[Problem] = []
    lines: list[Line] = []
    before: Close | None = None
    is_known = True
    for folder in _folders(project):
        close, faults = _looked_at(folder, lines if with_lines else None)
        found += [_damaged(f"{FOLDER}/{folder.name}/{name}", why) for name, why in faults.items()]
        if close and is_known and close.previous != (before.sha256 if before else None):
            found.append(_unchained(close, before))
        before, is_known = close, close is not None
    return found, lines


def written_close(members: Mapping[str, Any]) -> bytes:
    """The bytes of `close.json`; `hash` is worked out here."""
    others = {name: members[name] for name in _MEMBERS if name != "hash"}
    whole = dict(sorted((others | {"hash": sha256(_canonical(others))}).items()))
    return (json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def sha256(raw: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(raw).hexdigest()


def _folders(project: Path) -> list[Path]:
    """The folders of closed months, in order."""
    books = project / FOLDER
    entries = books.iterdir() if books.is_dir() else ()
    return sorted(entry for entry in entries if MONTH.fullmatch(entry.name))


def _looked_at(folder: Path, lines: list[Line] | None) -> tuple[Close | None, dict[str, str]]:
    """A close, and names in its folder with why they are not as they were closed.

    Its lines are added to `lines`; where that is None they are not read.
    """
    if not folder.is_dir():
        return None, {CLOSE: "it is not there"}
    names = {entry.name for entry in folder.iterdir()}
    found = dict.fromkeys(sorted(names - {STATEMENTS, CLOSE}), "no close has written it")
    close = None
    try:
        close = _close((folder / CLOSE).read_bytes())
        if close.period != folder.name:
            found[CLOSE] = f"it is the close of {close.period}"
    except (OSError, ValueError) as error:
        found[CLOSE] = _why(error)
    try:
        raw = (folder / STATEMENTS).read_bytes()
        if close and sha256(raw) != close.statements:
            raise ValueError("its SHA-256 is not the one that its close names")
        if lines is not None:
            lines += rows.read(raw)
    except (OSError, ValueError) as error:
        found[STATEMENTS] = _why(error)
    return close, found


def _close(raw: bytes) -> Close:
    """A close as its file says it.

    Raises:
        ValueError: these are not the bytes that a close writes.
    """
    try:
        members = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON that a close writes") from error
    if not isinstance(members, dict) or sorted(members) != _MEMBERS:
        raise ValueError("its members are other ones")
    if written_close(members) != raw:
        raise ValueError("its bytes are not those that were written")
    if any(not isinstance(members[name], kind) for name, kind in _KINDS.items()):
        raise ValueError("a member is of another kind")
    return Close(
        **{name: members[name] for name in _TEXTS},
        closed_on=date.fromisoformat(members["closed_on"]),
        previous=members["previous"],
        sha256=sha256(raw),
        keys=tuple(members["keys"]),
        configuration=MappingProxyType(members["configuration"]),
        inputs=MappingProxyType(members["inputs"]),
    )


def _canonical(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _why(error: Exception) -> str:
    return (error.strerror or "it can't be read") if isinstance(error, OSError) else str(error)


def _unchained(close: Close, before: Close | None) -> Problem:
    if before is None:
        place = f"{FOLDER}/{close.period}/{CLOSE}"
        return _damaged(place, "the close before it is not there")
    place = f"{FOLDER}/{before.period}/{CLOSE}"
    return _damaged(place, f"{close.period} was closed after another close than this one")


def _damaged(place: str, why: str) -> Problem:
    return Problem(
        name="books-damaged",
        level="stop",
        sentence=f"the books can't be trusted: {why}",
        place=place,
        subject=place,
        hint="closed months never change: bring the file back as it was closed, for example with"
        f" `git checkout -- {FOLDER}`",
    )
