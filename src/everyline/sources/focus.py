"""FOCUS Cost and Usage 1.0 to 1.4: CSV, gzipped CSV, JSON lines, Parquet, zip of CSV parts.

Source: the FOCUS specification. Files of 1.0 to 1.3 are read as 1.4 (R27). Columns may stand in any
order; columns of no FOCUS version that do not start with `x_` are left aside, and named.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from everyline.config.columns import FOCUS
from everyline.config.sources import Bill
from everyline.sources import archive, delimited, json_text
from everyline.sources.format import Columnar, Csv, Format, Naming, Native, Rows
from everyline.sources.unreadable import Unreadable

# What a column of an earlier version is called in 1.4, and one of the draft of 1.5 until it is out.
_EARLIER = {
    "ProviderName": "ServiceProviderName",
    "PrincipalId": "x_PrincipalId",
    "CredentialId": "x_CredentialId",
}

# Columns of earlier versions that 1.4 has no more.
_REMOVED = frozenset({"PublisherName"})

_TEXT_SIGNS = (b"BilledCost", b"ChargePeriodStart")


def _recognises(path: Path, head: bytes) -> bool:
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz", ".jsonl", ".ndjson", ".parquet", ".zip")):
        return all(sign in head for sign in _TEXT_SIGNS)
    return False


def _read(path: Path, bill: Bill, unpacked: Path) -> Sequence[Native]:
    name = path.name.lower()
    if name.endswith(".parquet"):
        return [Columnar(path)]
    if name.endswith((".jsonl", ".ndjson")):
        return [_json_lines(path)]
    if name.endswith(".zip"):
        return [_csv(part, name) for part, name in _parts(path, unpacked)]
    return [_csv(path, "")]


def _parts(path: Path, unpacked: Path) -> Iterator[tuple[Path, str]]:
    """The CSV parts of an archive, unpacked one by one; a manifest beside them holds no charges."""
    parts = [member for member in archive.members(path) if member.kind == "csv"]
    if not parts:
        raise Unreadable("the archive holds no CSV", "expected parts such as `part-1-of-2.csv`")
    for number, member in enumerate(parts, 1):
        target = unpacked / f"{number}.csv"
        archive.extract(path, member, target)
        yield target, member.name


def _csv(path: Path, part: str) -> Csv:
    names, delimiter = delimited.header(path)
    return Csv(path, names, delimiter, part)


def _naming(names: Sequence[str], bill: Bill) -> Naming:
    present = set(names)
    columns = {name: name for name in names if name in FOCUS or name.startswith("x_")}
    for earlier, now in _EARLIER.items():
        if earlier in present and now not in present:
            columns[now] = earlier
    known = columns.keys() | _EARLIER.keys() | _REMOVED
    return Naming(columns, aside=tuple(name for name in names if name not in known))


def _json_lines(path: Path) -> Rows:
    names: dict[str, None] = {}
    for charge in _objects(path):
        names.update(dict.fromkeys(charge))
    if not names:
        raise Unreadable(
            "the file is empty", "fetch it again, or take it out", name="empty-file", line=1
        )
    rows = (tuple(json_text.cell(each.get(name)) for name in names) for each in _objects(path))
    return Rows(tuple(names), rows)


def _objects(path: Path) -> Iterator[Mapping[str, object]]:
    with path.open("rb") as file:
        for number in itertools.count(1):
            line = file.readline()
            if not line:
                return
            if not line.strip():
                continue
            charge = json_text.load(line, first_line=number)
            if not isinstance(charge, dict):
                raise Unreadable("the line is no JSON object", "one charge a line", line=number)
            yield charge


def _line(path: Path, row: int) -> int:
    """The line of a row; in a Parquet file, which has no lines, and in an archive, the row's own"""
    name = path.name.lower()
    if name.endswith((".jsonl", ".ndjson")):
        return _line_numbers(path, path.stat().st_mtime_ns)[row - 1]
    if name.endswith(".parquet"):
        return row
    return row + 1 if name.endswith(".zip") else delimited.line(path, row)


@lru_cache(maxsize=1)
def _line_numbers(path: Path, _: int) -> list[int]:
    with path.open("rb") as file:
        return [number for number, text in enumerate(file, 1) if text.strip()]


FORMAT = Format(
    name="focus",
    title="FOCUS 1.0 to 1.4 (CSV, gzipped CSV, JSON lines, Parquet, zip of CSV parts)",
    recognises=_recognises,
    read=_read,
    naming=_naming,
    line=_line,
    null_words=("NULL", "(null)", "null"),
)
