"""Paged reports of usage: buckets of results, and what must hold between the pages of one source.

As in bills, a page that goes on needs its successor (R1). Here one folder may hold reports of
several kinds (OpenAI has one a product), each with pages of its own; and buckets may be minutes,
hours or days, and a day in buckets of two widths is the same usage twice as well.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from everyline.money import number
from everyline.problems import Problem
from everyline.scalars import instant_of
from everyline.sources import json_text, pages
from everyline.sources.format import Facts
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.unreadable import Unreadable

Row = tuple[str | None, ...]

_WIDTHS = {timedelta(minutes=1): "1m", timedelta(hours=1): "1h", timedelta(days=1): "1d"}
_DAY = timedelta(days=1)
_DAYS_MAX = 400

UNREADABLE = RowProblem(
    name="unreadable-number",
    level="stop",
    sentence="{} is no count that can be read exactly",
    hint="fetch the page again",
)
UNKNOWN_CLASS = RowProblem(
    name="unknown-token-class",
    level="warn",
    sentence="the report counts {}, which everyline does not know: it is not read",
    hint="look for a newer everyline; the other meters of these rows are read",
)
WIDE = RowProblem(
    name="wide-bucket",
    level="warn",
    sentence="a bucket is longer than a day; its usage is dated {}",
    hint="fetch the report with a bucket width of a day or less",
)


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a page.

    Attributes:
        number: which result of the page it is, from 1.
        start: when its bucket begins, ISO text.
        is_wide: whether its bucket is longer than a day.
        fields: what the report says.
    """

    number: int
    start: str | None
    is_wide: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the pages of one vendor are read.

    Attributes:
        title: what it is, for messages.
        start, end: the fields of a bucket that say when it begins and ends.
        instant: such a field as ISO text.
        dimensions: the fields by which results may be grouped.
        kind: which report a result belongs to.
    """

    title: str
    start: str
    end: str
    instant: Callable[[Any], str | None]
    dimensions: tuple[str, ...]
    kind: Callable[[Mapping[str, Any]], str]

    def results(self, page: Mapping[str, Any]) -> Iterator[Result]:
        """The results of a page in order."""
        at = 0
        for bucket in page["data"]:
            start, end = (self.instant(bucket.get(name)) for name in (self.start, self.end))
            first, last = instant_of(start or ""), instant_of(end or "")
            is_wide = first is not None and last is not None and last - first > _DAY
            for fields in bucket.get("results") or ():
                at += 1
                yield Result(at, start, is_wide, fields)

    def facts(self, page: Mapping[str, Any], problems: RowProblems) -> dict[str, object]:
        """What `across` needs of one page, and the problems that are found while it is read."""
        known = pages.facts(page, "results", self.start, self.end, self.dimensions)
        kinds = sorted({self.kind(result.fields) for result in self.results(page)})
        groupings = self._groupings(page)
        # What `pages` knows of groupings goes by starts of buckets, which is too little here.
        return {
            **known,
            "charged": [],
            "kinds": kinds,
            "groupings": groupings,
            "problems": problems.told,
        }

    def _groupings(self, page: Mapping[str, Any]) -> dict[str, str]:
        """How usage is grouped, in words: of each bucket by its start, of each UTC day its widths.

        Two files may group two halves of a day otherwise, but not in buckets of two widths.
        """
        buckets: dict[str, set[str]] = {}
        days: dict[str, set[str]] = {}
        for bucket in page["data"]:
            results = bucket.get("results") or ()
            start, end = (
                instant_of(self.instant(bucket.get(name)) or "") for name in (self.start, self.end)
            )
            if not results or start is None or end is None:
                continue
            by = {d for d in self.dimensions if any(json_text.cell(r.get(d)) for r in results)}
            buckets.setdefault(start.isoformat(), set()).update(by)
            for day in _days(start, end):
                days.setdefault(day, set()).add(_width(end - start))
        return {
            **{start: f"by {_words(by) or 'no dimension'}" for start, by in buckets.items()},
            **{day: f"in buckets of {_words(widths)}" for day, widths in days.items()},
        }


def _days(start: datetime, end: datetime) -> Iterator[str]:
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(_DAYS_MAX):
        yield day.strftime("%Y-%m-%d")
        day += _DAY
        if day >= end:
            return


def _width(span: timedelta) -> str:
    """The width that was asked for: the last bucket may be cut where the range ends."""
    return next((name for width, name in _WIDTHS.items() if span <= width), str(span))


def _words(names: set[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))


def first_item(path: Path) -> Mapping[str, Any]:
    """The first object in the list `data` of a file of JSON; an empty one if there is none."""
    page = json_text.load(path.read_bytes())
    items = page.get("data") if isinstance(page, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    return first if isinstance(first, dict) else {}


def explained(path: Path, error: Unreadable, kind: str) -> Unreadable:
    """`error` in better words, where the file is a list of things that tell their `kind`."""
    first = first_item(path)
    said = json_text.cell(first.get(kind))
    if said is None or "id" not in first:
        return error
    hint = "leave it out of `path`; who owns what is told under `owners`"
    return Unreadable(f"the file is a list of `{said}`, and has no usage", hint, line=1)


def count(value: Any) -> int | None:
    """A count as an integer; None if it is none."""
    read = number(json_text.cell(value) or "")
    return int(read.value) if read and not read.lost and read.value % 1 == 0 else None


def counted(fields: Mapping[str, Any], ending: str = "") -> list[str]:
    """The fields with that ending of the name that hold a count other than 0."""
    return [
        name
        for name, value in fields.items()
        if name.endswith(ending) and count(value) not in (0, None)
    ]


def total(
    fields: Mapping[str, Any], names: Sequence[str], tell: Callable[[RowProblem, str], None]
) -> int | None:
    """The sum of those of `names` that are stated; None if none is, or one can't be read."""
    stated = [(name, text) for name in names if (text := json_text.cell(fields.get(name)))]
    counts = [count(text) for _, text in stated]
    for (name, text), read in zip(stated, counts, strict=True):
        if read is None:
            tell(UNREADABLE, f"{name}: {text[:60]}")
    known = [read for read in counts if read is not None]
    return sum(known) if known and len(known) == len(counts) else None


def line(path: Path, row: int, numbers: Callable[[Path], Iterator[int]]) -> int:
    """The line of a page at which the result of its row-th row begins."""
    found = _numbers(path, path.stat().st_mtime_ns, numbers)
    return pages.line(path, found[row - 1]) if row <= len(found) else 1


@lru_cache(maxsize=8)
def _numbers(path: Path, _: int, numbers: Callable[[Path], Iterator[int]]) -> tuple[int, ...]:
    return tuple(numbers(path))


def across(files: Sequence[Facts]) -> list[Problem]:
    """Pages that are missing from one source's files, and days that two groupings report (R1)."""
    return [*_missing_pages(files), *_two_groupings(files)]


def _missing_pages(files: Sequence[Facts]) -> Iterator[Problem]:
    # A page without results tells no kind: it may be the next page of any report.
    for kind in sorted({_kind(file) for file in files}):
        near = [file for file in files if not kind or _kind(file) in (kind, "")]
        of_kind = {file.file for file in near if _kind(file) == kind}
        yield from (one for one in pages.across(near) if one.place in of_kind)


def _two_groupings(files: Sequence[Facts]) -> Iterator[Problem]:
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for file in files:
        told: set[str] = set()
        for when, words in sorted(_dict(file, "groupings").items()):
            other, other_words = first.setdefault((_kind(file), when), (file.file, words))
            if words != other_words and other not in told:
                told.add(other)
                yield Problem(
                    name="two-groupings",
                    level="stop",
                    sentence=f"`{when}` is reported {words} here and {other_words} "
                    f"in `{other}`: the same usage twice",
                    place=file.file,
                    subject=other,
                    hint="keep one grouping in this source's path, and move the other away",
                )


def _kind(file: Facts) -> str:
    kinds = file.facts["kinds"]
    assert isinstance(kinds, list)
    return " ".join(kinds)


def _dict(file: Facts, name: str) -> Mapping[str, str]:
    value = file.facts[name]
    assert isinstance(value, dict)
    return value
