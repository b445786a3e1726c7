"""Files of a folder, each with what its content says that it is."""

import gzip
import hashlib
import os
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZipFile

from everyline.engines import duckdb
from everyline.engines.duckdb import Engine, parquet
from everyline.sources import archive, delimited, formats, usage_formats
from everyline.sources.unreadable import Unreadable

HEAD_BYTES = 1 << 16
_PART_BYTES = 1 << 13
_PARTS_MAX = 8

SUFFIXES = (
    *(".csv", ".csv.gz", ".tsv", ".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson"),
    *(".parquet", ".zip"),
)
"""Endings of files that are looked into, longer ones before those they end with."""

# A page of a report that holds nothing: no sign says of which one, and no harm is in reading it.
_EMPTY_PAGE = re.compile(rb'"results"\s*:\s*\[\s*\]')
_FULL_PAGE = re.compile(rb'"results"\s*:\s*\[\s*\{')


@dataclass(frozen=True, slots=True)
class Seen:
    """One file.

    Attributes:
        file: its path below the folder, `/` between folders.
        path: where it lies.
        format: the bill format that recognises it; empty for none.
        telemetry: the format of telemetry that recognises it; empty for none.
        header: of a table that is neither, the names of its columns.
        is_empty_page: a page of some report that holds no rows.
        copy_of: another file of the same content; empty for none.
    """

    file: str
    path: Path
    format: str = ""
    telemetry: str = ""
    header: tuple[str, ...] = ()
    is_empty_page: bool = False
    copy_of: str = ""

    @property
    def is_known(self) -> bool:
        """Whether some format recognises it."""
        return bool(self.format or self.telemetry)

    @property
    def suffix(self) -> str:
        """The ending of its name, as one of `SUFFIXES`."""
        return suffix_of(self.path)


def suffix_of(path: Path) -> str:
    """The ending of a name, as one of `SUFFIXES`; empty where it is none."""
    name = path.name.lower()
    return max((s for s in SUFFIXES if name.endswith(s)), key=len, default="")


def seen(folder: Path, paths: Iterable[Path]) -> list[Seen]:
    """What each of `paths` is, in the order of their names; hidden files are not looked at."""
    with closing(Engine()) as engine:
        found = [_seen(engine, folder, path) for path in sorted(paths) if suffix_of(path)]
    return _with_copies(found)


def below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, save hidden ones and those of hidden folders."""
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        yield from (Path(at) / name for name in sorted(names) if name[0] not in "._")


def _seen(engine: Engine, folder: Path, path: Path) -> Seen:
    file = path.relative_to(folder).as_posix()
    head = _head(engine, path)
    for format_ in formats().values():
        if format_.recognises(path, head):
            return Seen(file, path, format=format_.name)
    for telemetry in usage_formats().values():
        if telemetry.recognises(path, head):
            return Seen(file, path, telemetry=telemetry.name)
    is_empty = bool(_EMPTY_PAGE.search(head)) and not _FULL_PAGE.search(head)
    return Seen(file, path, header=_header(path, head), is_empty_page=is_empty)


def _head(engine: Engine, path: Path) -> bytes:
    """The first bytes of what is in a file; of Parquet the names of its columns.

    What can't be read has no head: the run names the problem, if a bill's path matches the file.
    """
    suffix = suffix_of(path)
    try:
        if suffix == ".parquet":
            return ",".join(engine.columns(parquet(path))).encode()
        if suffix == ".zip":
            return b"\n".join(_parts(path))
        with gzip.open(path) if suffix.endswith(".gz") else path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error, Unreadable, duckdb.Unreadable):
        return b""


def _parts(path: Path) -> list[bytes]:
    """The beginnings of the CSV parts of an archive."""
    parts = [member.name for member in archive.members(path) if member.kind == "csv"]
    heads = []
    with archive.opened(path) as opened:
        for name in parts[:_PARTS_MAX]:
            with opened.open(name) as file:
                heads.append(file.read(_PART_BYTES))
    return heads


def _header(path: Path, head: bytes) -> tuple[str, ...]:
    """The columns of a table of text; none where it is no such table."""
    if suffix_of(path) == ".parquet":
        return tuple(name for name in head.decode().split(",") if name)
    if suffix_of(path) not in (".csv", ".csv.gz", ".tsv"):
        return ()
    try:
        names, _ = delimited.header(path)
    except Unreadable:
        return ()
    return names if len(names) > 1 else ()


def _with_copies(found: Sequence[Seen]) -> list[Seen]:
    """The same with copies named: equal bytes, and archives of parts that lie beside them."""
    by_size: dict[int, list[Seen]] = defaultdict(list)
    for one in found:
        by_size[one.path.stat().st_size].append(one)
    first: dict[bytes, str] = {}
    copies: dict[str, str] = {}
    for one in found:
        if one.is_known and len(by_size[one.path.stat().st_size]) > 1:
            original = first.setdefault(_hash(one.path), one.file)
            if original != one.file:
                copies[one.file] = original
    for one in found:
        if one.format and one.suffix == ".zip" and (beside := _unpacked_beside(one, by_size)):
            copies[one.file] = beside
    return [replace(one, copy_of=copies[one.file]) if one.file in copies else one for one in found]


def _unpacked_beside(one: Seen, by_size: dict[int, list[Seen]]) -> str:
    """The first of the files that hold what an archive holds; empty unless each part has one."""
    with ZipFile(one.path) as opened:
        parts = [(i.file_size, i.CRC) for i in opened.infolist() if i.filename.endswith(".csv")]
    files = []
    for size, crc in parts:
        alike = (other for other in by_size.get(size, ()) if other.format == one.format)
        same = next((other.file for other in alike if _crc(other.path) == crc), "")
        files.append(same)
    return files[0] if files and all(files) else ""


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(HEAD_BYTES):
            crc = zlib.crc32(piece, crc)
    return crc


def _hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
