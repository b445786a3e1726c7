"""Landing: a file of a source as a typed relation; each file is read once, then known by its hash.

Text formats become one Parquet file in the cache, keyed by the file's bytes and by what the
configuration says of its columns. A Parquet file whose columns are exact is read as it lies.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from everyline import __version__, memory, people
from everyline.config.columns import FOCUS
from everyline.config.sources import Bill, UsageSource
from everyline.engines import duckdb
from everyline.engines.duckdb import Engine, literal, parquet, quoted
from everyline.problems import Problem
from everyline.sources import cells, line_ends, odd
from everyline.sources.deliveries import Delivered, Deliveries
from everyline.sources.format import Facts, Rows
from everyline.sources.parts import AnyFormat, Part, Source, part
from everyline.sources.telemetry import NativeUsage, Query, Telemetry
from everyline.sources.unreadable import Unreadable

Progress = Callable[[str], None]

_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")


@dataclass(frozen=True, slots=True)
class Landed:
    """One file as a typed relation.

    Attributes:
        file: its path in the project.
        relation: SQL of the relation; beside `columns` it has x_SourceFile and x_SourceRow. Empty
            where the file can't be read.
        loose: SQL of the same, quicker to read: an absent text may be an empty one.
        is_whole: whether x_SourceFile is `file` on every line; an archive has several.
        columns: our columns that the relation has.
        tag_keys: the keys found in Tags, as billed.
        facts: for the checks between files.
        rounded: column to how many numbers were rounded to 18 decimals, and the exact sum lost.
        problems: what is wrong with the file or its cells.
    """

    file: str
    relation: str
    loose: str
    is_whole: bool
    columns: tuple[str, ...]
    tag_keys: tuple[str, ...]
    facts: Mapping[str, object]
    rounded: Mapping[str, tuple[int, str]]
    problems: tuple[Problem, ...]

    @property
    def is_readable(self) -> bool:
        """Whether it is to be summed: what follows from faults that stop a run is no news."""
        return bool(self.relation) and all(p.level != "stop" for p in self.problems)


class LandedFiles(NamedTuple):
    """The files of one source; `problems` are of deliveries and between files."""

    files: Sequence[Delivered]
    landed: Sequence[Landed]
    problems: Sequence[Problem]

    @property
    def of_files(self) -> list[Problem]:
        """What is wrong with single files and their cells."""
        return [problem for one in self.landed for problem in one.problems]

    @property
    def readable(self) -> list[tuple[Delivered, Landed]]:
        """The files that are to be summed."""
        pairs = zip(self.files, self.landed, strict=True)
        return [(file, one) for file, one in pairs if one.is_readable]


class Landing:
    """Lands files into a cache folder; the engine is the one that will read them."""

    def __init__(self, engine: Engine, cache: Path, people_folder: Path) -> None:
        self._engine = engine
        self._cache = cache
        self._people = people_folder
        cache.mkdir(parents=True, exist_ok=True)

    def land_all(
        self, source: Source, delivered: Deliveries, format_: AnyFormat, progress: Progress
    ) -> LandedFiles:
        """Every file of a source that counts, with what is odd between them (R1)."""
        files, problems = delivered
        landed = []
        for file in files:
            progress(f"reading {file.file}")
            landed.append(self.land(file, source, format_))
        facts = [Facts(one.file, one.facts) for one in landed if one.relation]
        return LandedFiles(files, landed, [*problems, *format_.across(facts)])

    def land(self, file: Delivered, source: Source, format_: AnyFormat) -> Landed:
        """The file as a typed relation, from the cache where it has been read before.

        A file that can't be read gives an empty relation and one `stop` problem.
        """
        entry = self._cache / _key(file, source, format_)
        kept = memory.recall(entry)
        if kept is None:
            try:
                with memory.folder_beside(entry) as folder, _engine_errors():
                    kept = self._read(file, source, format_, folder)
                    memory.keep(entry, kept, folder)
            except Unreadable as error:
                wrong = (_not_landed(file, error),)
                return Landed(file.file, "", "", True, (), (), {}, {}, wrong)
        table = parquet(entry / memory.TABLE)
        return Landed(
            file.file,
            kept["lies"] or table,
            kept.get("loose") or kept["lies"] or table,
            kept["is_whole"],
            tuple(kept["columns"]),
            tuple(kept["tag_keys"]),
            kept["facts"],
            kept["rounded"],
            tuple(kept["problems"]),
        )

    def _read(
        self, file: Delivered, source: Source, format_: AnyFormat, folder: Path
    ) -> dict[str, Any]:
        if not file.size_bytes:
            hint = "fetch it again, or take it out"
            raise Unreadable("the file is empty", hint, name="empty-file", line=1)
        natives = _natives(file, source, format_, folder)
        parts = [part(self._engine, native, source, format_, folder) for native in natives]
        facts: dict[str, Any] = {}
        for native in natives:
            facts |= native.facts if isinstance(native, Rows | Query) else {}
        kept: dict[str, Any] = {
            "columns": _ordered({cell.name for p in parts for cell in p.cells}),
            "facts": facts,
            "problems": [
                *(_left_aside(file, p) for p in parts if p.aside),
                *(_of_row(file, told) for told in facts.pop("problems", ())),
            ],
            "lies": "",
            "loose": "",
            "is_whole": not any(p.label for p in parts),
            "rounded": {},
        }
        if len(parts) == 1 and parts[0].exact:
            relation, loose = (
                f"({_typed(one, kept['columns'], file, format_, frozenset())})"
                for one in (parts[0], _loose(parts[0]))
            )
            keys = self._plain_tag_keys(relation, parts[0])
            if keys is not None:
                return kept | {"tag_keys": keys, "lies": relation, "loose": loose}
            # Its tags are read by the rules, so it does not lie as it will be read.
            parts = [replace(parts[0], exact=False)]
        return kept | self._write(parts, kept, file, format_, folder)

    def _write(
        self,
        parts: Sequence[Part],
        kept: dict[str, Any],
        file: Delivered,
        format_: AnyFormat,
        folder: Path,
    ) -> dict[str, Any]:
        """The typed table of a file whose cells need reading, and what was odd about them."""
        texts = odd.texts(self._engine, parts, lambda: people.key_of(self._people))
        odd.look_up(self._engine, texts)
        looked_up = frozenset(text.column for text in texts)
        table = folder / memory.TABLE
        body = (_typed(p, kept["columns"], file, format_, looked_up) for p in parts)
        self._engine.write("\nUNION ALL\n".join(body), table)
        wrong = odd.problems(
            texts,
            lambda p, row: f"{_source_file(file, p)}:{format_.line(file.path, row)}",
            format_.refused if isinstance(format_, Telemetry) else {},
        )
        if isinstance(format_, Telemetry):
            wrong = [_counted_in_words(problem) for problem in wrong]
        return {
            "tag_keys": self._tag_keys(parquet(table), kept["columns"]),
            "rounded": odd.rounded(texts),
            "problems": kept["problems"] + wrong,
        }

    def _plain_tag_keys(self, relation: str, native: Part) -> list[str] | None:
        """Keys of tags to be read as they lie; None where a value is no text, or a key doubled."""
        tags = next((cell for cell in native.cells if cell.name == "Tags"), None)
        if tags is None or tags.exact:
            return self._tag_keys(relation, [tags.name] if tags else [])
        found = self._engine.rows(
            f"SELECT try(json_keys(Tags)), bool_or({cells.odd_colon('Tags', spaced=False)})"
            f" FROM {relation} WHERE Tags IS NOT NULL GROUP BY ALL"
        )
        if any(keys is None or len(set(keys)) < len(keys) for keys, _ in found):
            return None
        if any(odd_ for _, odd_ in found) and self._engine.rows(
            f"SELECT 1 FROM {relation} WHERE {cells.odd_colon('Tags')} LIMIT 1"
        ):
            return None
        return sorted({key for keys, _ in found for key in keys})

    def _tag_keys(self, relation: str, columns: Iterable[str]) -> list[str]:
        if "Tags" not in columns:
            return []
        sets = f"SELECT DISTINCT json_keys(Tags) AS keys FROM {relation}"
        return sorted(
            key for (key,) in self._engine.rows(f"SELECT DISTINCT unnest(keys) FROM ({sets})")
        )


def _natives(
    file: Delivered, source: Source, format_: AnyFormat, folder: Path
) -> Sequence[NativeUsage]:
    if isinstance(format_, Telemetry):
        assert isinstance(source, UsageSource)
        return format_.read(file.path, source, folder)
    assert isinstance(source, Bill)
    return format_.read(file.path, source, folder)


def _typed(
    native: Part,
    columns: Sequence[str],
    file: Delivered,
    format_: AnyFormat,
    looked_up: frozenset[str],
) -> str:
    """SELECT of all `columns` of one part, typed; those it lacks are null."""
    read = {cell.name: cell for cell in native.cells}
    values, odd_ = native.values(), native.odd()
    picked, joins = [], []
    for at, name in enumerate(columns):
        kind = cells.SQL_TYPES[format_.kind_of(name)]
        value = values.get(name, f"NULL::{kind}")
        if name in looked_up and name in odd_:
            value = f"coalesce({value}, odd_{at}.meaning::{kind})"
            joins.append(
                f"LEFT JOIN odd_texts odd_{at}"
                f" ON odd_{at}.kind = {literal(read[name].kind)} AND odd_{at}.text = {odd_[name]}"
            )
        picked.append(f"{value} AS {quoted(name)}")
    label = literal(_source_file(file, native))
    body = ",\n  ".join([*picked, f"{label} AS x_SourceFile", "row_ AS x_SourceRow"])
    return f"SELECT {body}\nFROM ({native.rows}) AS native " + "\n".join(joins)


def _loose(native: Part) -> Part:
    """The part with empty texts as they lie."""
    cells_ = (cell if cell.is_read else replace(cell, absent=()) for cell in native.cells)
    return replace(native, cells=tuple(cells_))


def _source_file(file: Delivered, native: Part) -> str:
    return f"{file.file}/{native.label}" if native.label else file.file


def _ordered(names: Iterable[str]) -> list[str]:
    """FOCUS columns in FOCUS's order, which is alphabetical, then ours."""
    return sorted(names, key=lambda name: (name not in FOCUS, name))


def _key(file: Delivered, source: Source, format_: AnyFormat) -> str:
    parts = [
        __version__,
        str(file.path),
        file.sha256,
        format_.name,
        sorted(source.columns.items()),
        sorted(source.set.items()),
        source.account if isinstance(source, Bill) else source.estimated_cost,
        source.people,
        source.path if isinstance(source, UsageSource) else None,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@contextmanager
def _engine_errors() -> Iterator[None]:
    """What the engine says of a file it can't read, in words for the file's owner."""
    try:
        yield
    except duckdb.OutOfRange:
        raise Unreadable(_TOO_LARGE, _TOO_LARGE_HINT, name="sum-too-large") from None
    except duckdb.Unreadable as error:
        text = str(error)
        if text.startswith(_FAULTS_OF_OURS):
            raise
        if (said := _ERRNO.search(text)) and int(said[1]) in (errno.ENOSPC, errno.EDQUOT):
            # The disk is full, which is no fault of the file.
            raise OSError(int(said[1]), os.strerror(int(said[1]))) from None
        found = _CSV_LINE.search(text)
        line = int(found[1]) if found else None
        for pattern, sentence, hint in _ENGINE_SAYS:
            if said := re.search(pattern, text):
                raise Unreadable(sentence.format(*said.groups()), hint, line=line) from None
        # What else the engine says is about the innards of a file, and may name folders.
        damaged = "the file is damaged, or of a kind that is not read here"
        raise Unreadable(damaged, _CUT_OFF, line=line) from None


_ERRNO = re.compile(r'"errno":"(\d+)"')

_TOO_LARGE = "the amounts are too large to be summed exactly"
_TOO_LARGE_HINT = "a sum has at most 20 digits before the point: correct the largest at its source"

_CUT_OFF = "fetch the file again: it may have been cut off"

_FAULTS_OF_OURS = ("Binder", "Catalog", "INTERNAL", "Out of Memory", "Parser")

# What the engine's messages mean, what to say instead, and what to do next.
_ENGINE_SAYS = (
    (
        r"Expected Number of Columns: (\d+) Found: (\d+)",
        "the line has {1} cells, and the header {0}",
        "give each line as many cells as the header; put a text with a comma into quotes",
    ),
    (
        "unterminated quote",
        "a quoted cell is never closed",
        "close each quote, and double it inside a text",
    ),
    ("not utf-8", "the file is not UTF-8", "save it as UTF-8"),
    (r"Maximum line size of (\d+) bytes", line_ends.SENTENCE, line_ends.HINT),
    ("not support a full read", "a line of the file is too long", line_ends.HINT),
    ("magic bytes|too small to be", "the file is no Parquet file, or its end is missing", _CUT_OFF),
    (
        "state machine",
        "the file has more than one kind of line end, or a quote within a cell",
        "save it again with one kind of line end, and double each quote inside a text",
    ),
)


def _not_landed(file: Delivered, error: Unreadable) -> Problem:
    return Problem(
        name=error.name,
        level="stop",
        sentence=error.sentence,
        place=f"{file.file}:{error.line}" if error.line else file.file,
        hint=error.hint,
    )


def _of_row(file: Delivered, told: Mapping[str, Any]) -> Problem:
    """What a format of telemetry says of single rows (`Rows.facts`)."""
    return _counted_in_words(
        Problem(
            name=told["name"],
            level=told["level"],
            sentence=told["sentence"],
            place=f"{file.file}:{told['line']}",
            subject=told["subject"],
            count=told["count"],
            hint=told["hint"],
        )
    )


def _counted_in_words(problem: Problem) -> Problem:
    """What is counted in a problem is charges; how many rows of telemetry have it, is said."""
    times = f" ({problem.count:,} times)" if problem.count > 1 else ""
    return replace(problem, sentence=problem.sentence + times, count=0)


def _left_aside(file: Delivered, native: Part) -> Problem:
    names = ", ".join(f"`{name}`" if name else "one without a name" for name in native.aside)
    return Problem(
        name="column-left-aside",
        level="warn",
        sentence=f"columns that neither FOCUS nor everyline knows are not read: {names}",
        place=f"{_source_file(file, native)}:1",
        subject=", ".join(native.aside),
        hint="a custom column is kept if its name starts with `x_`",
    )
