"""Bill lines of a run in files, made when a page is first asked for them.

To work out the ids of lines costs seconds, and pages are asked again and again. Whoever has these
files reads the lines that the run has read, also after a bill has changed. Of a run of very many
lines each month has its own; where a month has very many there is none, and pages read the bills.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from everyline import pipeline
from everyline.engines.duckdb import Engine, literal, parquet
from everyline.problems import Problem
from everyline.runs import Run
from everyline.web import derived
from everyline.web.month import NUMBER, TOGETHER, is_large, of_month
from everyline.web.shelf import Opened

_OF_MONTH_MAX = 2_000_000
"""Lines of a month that are kept in one file."""

Lines = Callable[..., str]
"""What gives SQL of lines, as `pipeline.charges_where`."""


def charges(engine: Engine, opened: Opened, month: str | None = None) -> Lines | Sequence[Problem]:
    """What gives SQL of the relation `charges` of a run, all of it or that of a month at least."""
    run, project = opened.whole, opened.project
    found = files(engine, project, run, month)
    if found is None:
        return pipeline.charges_where(engine, project, of=run)
    if not all(isinstance(one, Path) for one in found):
        return [one for one in found if isinstance(one, Problem)]
    return _filed(run, [one for one in found if isinstance(one, Path)])


def filed(opened: Opened, month: str) -> "Filed | None":
    """The lines of a month, if they lie in a file already, in the order of their groups."""
    run = opened.whole
    entries = _entries(opened.project, run, month)
    if not entries or None in entries.values() or not all(map(derived.is_there, entries)):
        return None
    return _filed(run, [derived.path_of(entry) for entry in entries])


def _filed(run: Run, paths: Sequence[Path]) -> "Filed":
    relation = " UNION ALL BY NAME ".join(f"SELECT * FROM {parquet(path)}" for path in paths)
    return Filed(relation, is_numbered=is_large(run))


@dataclass(frozen=True, slots=True)
class Filed:
    """Lines that lie in files.

    Attributes:
        relation: SQL of all of them.
        is_numbered: whether conditions may name the `NUMBER` of their group.
    """

    relation: str
    is_numbered: bool

    def numbered(self, condition: str) -> str:
        """SELECT of the lines that meet a condition, with the `NUMBER` of their group."""
        return f"SELECT * FROM ({self.relation}) WHERE {condition}"

    def __call__(self, condition: str = "true", *, beginning: str | None = None) -> str:
        """SELECT of the lines that meet a condition, or whose x_ChargeId begins so."""
        if beginning is not None:
            condition = f"starts_with(x_ChargeId, {literal(beginning)})"
        shown = f"* EXCLUDE ({NUMBER})" if self.is_numbered else "*"
        return f"SELECT {shown} FROM ({self.relation}) WHERE {condition}"


def files(
    engine: Engine, project: Path, run: Run, month: str | None
) -> Sequence[Path | Problem] | None:
    """The files with the lines of a month or of all; None where a month has too many for one.

    Problems in place of files say why they can't be made.
    """
    entries = _entries(project, run, month)
    if entries is None:
        return None
    if not all(map(derived.is_there, entries)):
        found = pipeline.charges_where(engine, project, of=run)
        if not callable(found):
            return found
        for entry, of in entries.items():
            groups = of and of_month(project, run, of)["groups"]
            derived.made(entry, partial(_write, engine, found, of, groups))
    return [derived.path_of(entry) for entry in entries]


def _entries(project: Path, run: Run, month: str | None) -> Mapping[Path, str | None] | None:
    """Where the lines are kept, and of which month; None where a month has too many for one."""
    if not is_large(run):
        return {derived.folder_of(project, "lines", run.id): None}
    lines = _lines_by_month(run.relation("groups"))
    months = list(lines) if month is None else [month]
    if any(lines.get(one, 0) > _OF_MONTH_MAX for one in months):
        return None
    return {derived.folder_of(project, "numbered_lines", f"{run.id}-{of}"): of for of in months}


def _write(engine: Engine, lines: Lines, month: str | None, groups: str | None, path: Path) -> None:
    """Writes the lines; those of a month with the numbers of its `groups`, in their order."""
    if groups is None:
        engine.write_unordered(lines(), path)
        return
    numbers = f"(SELECT x_GroupId, {NUMBER} FROM {groups})"
    engine.write(
        f"SELECT c.*, g.{NUMBER} FROM ({lines(period=month)}) AS c LEFT JOIN {numbers} AS g"
        f" USING (x_GroupId) ORDER BY g.{NUMBER}, x_SourceFile, x_SourceRow",
        path,
        TOGETHER,
    )


@lru_cache(maxsize=8)
def _lines_by_month(groups: str) -> Mapping[str, int]:
    with closing(Engine()) as engine:
        return dict(
            engine.rows(
                f"SELECT x_Period, sum(x_LineCount)::BIGINT FROM {groups} GROUP BY ALL ORDER BY ALL"
            )
        )
