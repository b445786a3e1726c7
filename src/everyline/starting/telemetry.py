"""Telemetry of a folder as entries of `usage`: each call is counted once, and nothing stops (R1).

One folder often holds several reports of one source: by project and ungrouped, by day and by hour,
pages of an answer and an export of the same calls. Files are tried as a whole; where that stops,
report by report, those first that know most of who called. What is left out is named with its
reason. A report is files whose names differ by digits only, over all months.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from everyline import runs
from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine, quoted
from everyline.sources import usage_formats
from everyline.sources.deliveries import deliveries
from everyline.sources.format import Facts
from everyline.sources.landing import Landed, Landing
from everyline.sources.telemetry import Telemetry
from everyline.starting.bills import Found
from everyline.starting.files import Seen
from everyline.starting.paths import folders, grouped, name_for, patterns

_WHO = ("SubAccountId", "x_CredentialId", "x_PrincipalId", "ResourceId", "Tags")
_QUANTITIES = ("x_Quantity",)

_ENTRIES_MAX = 24
"""More entries than this are no configuration that anybody keeps: the group is left out whole."""

_LISTED_MAX = 4


@dataclass(frozen=True, slots=True)
class FoundUsage:
    """One source of usage: its name, format, path pattern, and the files that it has now."""

    name: str
    format: str
    path: str
    files: tuple[str, ...]

    @property
    def source(self) -> UsageSource:
        """The entry of a configuration that it comes to."""
        return UsageSource(name=self.name, format=self.format, path=self.path)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class FoundTelemetry:
    """What of a folder's telemetry can be read together; file to the reason why it is left out."""

    sources: tuple[FoundUsage, ...]
    left_out: Mapping[str, str]


@dataclass(slots=True)
class _Candidate:
    """Files under one path pattern, as they were read.

    Attributes:
        is_split: whether other files of its folder are left to others or to nobody.
        knows: how many of the columns that say who called have a value somewhere.
        rows: how many rows its files have.
    """

    format: Telemetry
    path: str
    files: Sequence[Seen]
    landed: Sequence[Landed]
    is_split: bool
    knows: int = 0
    rows: int = 0

    @property
    def order(self) -> tuple[int, int, str]:
        """Those that know most come first, then those of most rows."""
        return -self.knows, -self.rows, self.path

    def said(self) -> list[Facts]:
        return [Facts(one.file, one.facts) for one in self.landed if one.relation]


def telemetry_of(engine: Engine, folder: Path, found: Found) -> FoundTelemetry:
    """The sources of usage of a folder; files that are read are known to the run that follows."""
    return _Choice(engine, folder, found).made()


@dataclass(slots=True)
class _Choice:
    engine: Engine
    folder: Path
    found: Found
    left_out: dict[str, str] = field(default_factory=dict)

    def made(self) -> FoundTelemetry:
        by_format: dict[str, list[_Candidate]] = defaultdict(list)
        for group in grouped(one for one in self.found.files if one.telemetry).values():
            if all(one.copy_of for one in group):
                self.left_out |= {one.file: f"holds what {one.copy_of} does" for one in group}
                continue
            for candidate in self._candidates(group):
                by_format[candidate.format.name].append(candidate)
        kept = [one for some in by_format.values() for one in self._apart(some)]
        names = {bill.name for bill in self.found.bills} | {t.name for t in self.found.tables}
        sources = [_named(one, names) for one in sorted(kept, key=lambda one: one.path)]
        return FoundTelemetry(tuple(sources), self.left_out)

    def _candidates(self, group: Sequence[Seen]) -> list[_Candidate]:
        """A group under as few patterns as it can be read by."""
        whole = list(self._read(group, is_split=False))
        if not any(_stop_of(one.format, [one]) for one in whole):
            return whole
        bad = {
            landed.file: problem.sentence
            for one in whole
            for landed in one.landed
            for problem in landed.problems
            if problem.level == "stop"
        }
        reports = self._reports(one for one in group if one.file not in bad)
        made = [one for report in reports for one in self._read(report, is_split=True)]
        if len(made) > _ENTRIES_MAX:
            return whole
        self.left_out |= bad
        return made

    def _reports(self, group: Iterable[Seen]) -> list[list[Seen]]:
        """The reports of a group, each with its empty pages."""
        found: dict[tuple[object, ...], list[Seen]] = defaultdict(list)
        for one in group:
            found[_report(one)].append(one)
        for one in self.found.files:
            if one.is_empty_page and _report(one) in found:
                found[_report(one)].append(one)
        return list(found.values())

    def _read(self, files: Sequence[Seen], *, is_split: bool) -> Iterator[_Candidate]:
        format_ = usage_formats()[files[0].telemetry]
        cache = self.folder / runs.FOLDER / "cache"
        landing = Landing(self.engine, cache / "files", cache.parent)
        for path, part in patterns(files, self.found.files):
            if all(one.is_empty_page for one in part):
                continue
            source = FoundUsage("usage", format_.name, path, ()).source
            delivered, _ = deliveries(self.folder, source)
            landed = [landing.land(one, source, format_) for one in delivered]
            made = _Candidate(format_, path, part, landed, is_split)
            made.knows, made.rows = self._known(made)
            yield made

    def _known(self, one: _Candidate) -> tuple[int, int]:
        relation, columns = _united(one.landed)
        if not relation:
            return 0, 0
        tests = [f"bool_or({quoted(c)} IS NOT NULL)::INTEGER" for c in _WHO if c in columns]
        knows, rows = self.engine.one(
            f"SELECT coalesce({' + '.join(tests) or '0'}, 0), count(*) FROM {relation}"
        )
        return knows, rows

    def _apart(self, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """Candidates of one format that do not report the same usage twice."""
        kept: list[_Candidate] = []
        for one in sorted(candidates, key=lambda one: one.order):
            why = _stop_of(one.format, [one]) or _stop_of(one.format, [*kept, one])
            why = why or next((said for other in kept if (said := self._again(one, other))), "")
            if why:
                files = [file.file for file in one.files if not file.is_empty_page]
                listed = files if len(files) <= _LISTED_MAX else [one.path]
                self.left_out |= dict.fromkeys(listed, why)
            else:
                kept.append(one)
        return kept

    def _again(self, one: _Candidate, other: _Candidate) -> str:
        """That rows of a candidate stand in another as well; empty if none does."""
        (mine, has), (theirs, too) = _united(one.landed), _united(other.landed)
        columns = (*one.format.natural_key, *one.format.meters, *_QUANTITIES)
        both = [quoted(c) for c in columns if c in has and c in too]
        if not one.format.natural_key or not both:
            return ""
        rows = (
            f"SELECT DISTINCT {', '.join(both)} FROM {relation} WHERE {one.format.key_needed}"
            for relation in (mine, theirs)
        )
        (count,) = self.engine.one(f"SELECT count(*) FROM ({' INTERSECT '.join(rows)})")
        return f"{count:,} of its {one.rows:,} rows stand in {other.path} as well" if count else ""


def _report(one: Seen) -> tuple[object, ...]:
    """The folders and the name of the report that a file belongs to."""
    return *folders(one), re.sub(r"\d+", "#", Path(one.file).name)


def _stop_of(format_: Telemetry, candidates: Sequence[_Candidate]) -> str:
    """Why these can't be read as one source; empty if they can."""
    problems = [p for one in candidates for landed in one.landed for p in landed.problems]
    problems += format_.across([said for one in candidates for said in one.said()])
    stop = next((p for p in problems if p.level == "stop"), None)
    return f"{stop.sentence} ({stop.place})" if stop else ""


def _united(landed: Sequence[Landed]) -> tuple[str, frozenset[str]]:
    """SQL of all rows of files, and the columns that they have; empty if none can be read."""
    parts = [f"SELECT * FROM {one.relation}" for one in landed if one.relation]
    columns = frozenset(column for one in landed if one.relation for column in one.columns)
    return f"({' UNION ALL BY NAME '.join(parts)})" if parts else "", columns


def _named(one: _Candidate, names: set[str]) -> FoundUsage:
    name = name_for(one.path, one.format.name, names, by_file=one.is_split)
    return FoundUsage(name, one.format.name, one.path, tuple(file.file for file in one.files))
