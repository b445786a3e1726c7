"""Bill lines of a run in files, made when a page is first asked for them.

To work out the ids of lines costs seconds, and pages are asked again and again. Whoever has these
files reads the lines that the run has read, also after a bill has changed. Of a run of very many
lines each month has its own; where a month has very many there is none, and pages read the bills.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path

from everyline import pipeline
from everyline.engines.duckdb import Engine, literal, parquet
from everyline.problems import Problem
from everyline.runs import Run
from everyline.web import derived
from everyline.web.month import LINES_MAX
from everyline.web.shelf import Opened

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
    relation = " UNION ALL BY NAME ".join(f"SELECT * FROM {parquet(str(one))}" for one in found)

    def where(condition: str = "true", *, beginning: str | None = None) -> str:
        if beginning is not None:
            condition = f"starts_with(x_ChargeId, {literal(beginning)})"
        return f"SELECT * FROM ({relation}) WHERE {condition}"

    return where


def files(
    engine: Engine, project: Path, run: Run, month: str | None
) -> Sequence[Path | Problem] | None:
    """The files with the lines of a month or of all; None where a month has too many for one.

    Problems in place of files say why they can't be made.
    """
    wanted: dict[str, str | None] = {run.id: None}
    if run.manifest["lines"] > LINES_MAX:
        lines = _lines_by_month(run.relation("groups"))
        months = list(lines) if month is None else [month]
        if any(lines.get(one, 0) > LINES_MAX for one in months):
            return None
        wanted = {f"{run.id}-{one}": one for one in months}
    entries = [derived.folder_of(project, "lines", name) for name in wanted]
    if not all(map(derived.is_there, entries)):
        found = pipeline.charges_where(engine, project, of=run)
        if not callable(found):
            return found
        for entry, of in zip(entries, wanted.values(), strict=True):
            derived.made(entry, partial(_write, engine, found, of))
    return [derived.path_of(entry) for entry in entries]


def _write(engine: Engine, lines: Lines, month: str | None, path: Path) -> None:
    engine.write_unordered(lines(period=month), path)


@lru_cache(maxsize=8)
def _lines_by_month(groups: str) -> Mapping[str, int]:
    with closing(Engine()) as engine:
        return dict(
            engine.rows(
                f"SELECT x_Period, sum(x_LineCount)::BIGINT FROM {groups} GROUP BY ALL ORDER BY ALL"
            )
        )
