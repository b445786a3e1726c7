"""Deliveries: which files of a bill count (R1), each known by its SHA-256."""

import hashlib
import itertools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from everyline.config.sources import Bill, UsageSource
from everyline.problems import Problem
from everyline.sources.natural import natural_key

_TOKEN = re.compile(
    r"\{(?:period|version)\}|\*\*/|\*\*|\*|\?|\[!?\]?[^]]*\]|[^*?\[{]+|.", re.DOTALL
)
_MAGIC = re.compile(r"[*?\[{]")
_PLACEHOLDER = re.compile(r"\{(period|version)\}")


@dataclass(frozen=True, slots=True)
class Delivered:
    """One file that counts.

    Attributes:
        file: its path relative to the project folder, `/` between folders (x_SourceFile).
        path: where it lies.
        sha256: of its bytes, in hex.
        size_bytes: its size.
    """

    file: str
    path: Path
    sha256: str
    size_bytes: int


Deliveries = tuple[list[Delivered], list[Problem]]
"""The files of a source that count, in natural path order, and what is odd about the others."""


def deliveries(project: Path, source: Bill | UsageSource) -> Deliveries:
    """The files of `source` that count, in natural path order, and what is odd about the others."""
    found = _matching(project, source.path)
    newest = _newest_versions(found)
    files = [_delivered(project, path) for path in newest]
    kept: dict[str, Delivered] = {}
    problems = _closed_folders(project, source.path)
    for file in _hashed(files):
        if isinstance(file, Problem):
            problems.append(file)
        elif (first := kept.setdefault(file.sha256, file)) is not file:
            problems.append(_repeated(file, first))
    if not found and not problems:
        what = "bill" if isinstance(source, Bill) else "usage source"
        problems.append(
            Problem(
                name="no-files",
                level="warn",
                sentence=f"the {what} `{source.name}` has no file at `{source.path}`",
                place=source.place,
                subject=source.name,
                hint="put its files there, or correct `path`",
            )
        )
    return list(kept.values()), problems


def _matching(project: Path, pattern: str) -> list[tuple[Path, dict[str, str]]]:
    """Files under `project` whose path matches, with the texts of the placeholders.

    A link that leads nowhere is one of them, so that a file that has gone is missed.
    """
    expression = re.compile(_expression(pattern), re.DOTALL)
    glob = _PLACEHOLDER.sub("*", pattern)
    found = []
    for path in project.glob(glob):
        name = path.relative_to(project).as_posix()
        is_file = path.is_file() or (path.is_symlink() and not path.exists())
        if (match := expression.fullmatch(name)) and is_file:
            found.append((path, match.groupdict()))
    return sorted(found, key=lambda pair: natural_key(pair[0].relative_to(project).as_posix()))


def _closed_folders(project: Path, pattern: str) -> list[Problem]:
    """Folders that the system does not open; a glob would pass them over without a word."""
    steps = pattern.split("/")[:-1]
    plain = list(itertools.takewhile(lambda step: not _MAGIC.search(step), steps))
    errors: list[OSError] = []
    for folder, inner, _ in os.walk(project.joinpath(*plain), onerror=errors.append):
        depth = len(Path(folder).relative_to(project).parts)
        if depth >= len(steps) and "**" not in steps:
            inner.clear()
    return [
        _unreadable(
            Path(error.filename).relative_to(project).as_posix(),
            f"the folder can't be opened: {error.strerror}",
            "let this user read it, or take it out",
        )
        for error in errors
        if isinstance(error, PermissionError)
    ]


def _expression(pattern: str) -> str:
    """The pattern as a regular expression; a placeholder is one text within one folder name."""
    seen: set[str] = set()

    def piece(text: str) -> str:
        if match := _PLACEHOLDER.fullmatch(text):
            name = match[1]
            if name in seen:
                return f"(?P={name})"
            seen.add(name)
            return f"(?P<{name}>[^/]+)"
        return {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(
            # Which characters a class has, the glob knows; here it is any one.
            text,
            "[^/]" if text.startswith("[") and len(text) > 1 else re.escape(text),
        )

    return "".join(map(piece, _TOKEN.findall(pattern)))


def _newest_versions(found: Sequence[tuple[Path, dict[str, str]]]) -> list[Path]:
    greatest: dict[str, str] = {}
    for _, texts in found:
        period, version = texts.get("period", ""), texts.get("version", "")
        greatest[period] = max(greatest.get(period, version), version, key=natural_key)
    return [p for p, t in found if t.get("version", "") == greatest[t.get("period", "")]]


def _delivered(project: Path, path: Path) -> tuple[str, Path]:
    return path.relative_to(project).as_posix(), path


def _hashed(files: Iterable[tuple[str, Path]]) -> list[Delivered | Problem]:
    """SHA-256 of each file; hashing leaves the interpreter, so two at a time are quicker.

    A file that the system does not give, or whose name no relation can hold, is a `stop` problem.
    """
    with ThreadPoolExecutor(max_workers=2) as workers:
        return list(workers.map(_hash, files))


def _hash(file: tuple[str, Path]) -> Delivered | Problem:
    name, path = file
    if name != (legible := name.encode(errors="backslashreplace").decode()):
        return _unreadable(legible, "the name of the file is not UTF-8", "rename it")
    try:
        with path.open("rb") as bytes_:
            sha256 = hashlib.file_digest(bytes_, "sha256").hexdigest()
        return Delivered(name, path, sha256, path.stat().st_size)
    except OSError as error:
        said = f"the file can't be opened: {error.strerror}"
        return _unreadable(name, said, "let this user read it, or take it out")


def _unreadable(name: str, sentence: str, hint: str) -> Problem:
    return Problem(name="unreadable-file", level="stop", sentence=sentence, place=name, hint=hint)


def _repeated(file: Delivered, first: Delivered) -> Problem:
    return Problem(
        name="repeated-file",
        level="warn",
        sentence=f"the file has the same bytes as `{first.file}` and is not counted again",
        place=file.file,
        subject=first.file,
        hint="take one of them out",
    )


def place_of(
    line: Callable[[Path, int], int], files: Sequence[Delivered]
) -> Callable[[str, int], str]:
    """What gives the place `file:line` of a row of one of `files`; `line` is the format's."""

    def place(file: str, row: int) -> str:
        for delivered in files:
            if file == delivered.file or file.startswith(delivered.file + "/"):
                return f"{file}:{line(delivered.path, row)}"
        return file

    return place
