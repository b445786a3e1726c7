"""Bill lines of a run in files, made when a page is first asked for them.

To work out the ids of lines costs seconds, and pages are asked again and again. Whoever has these
files reads the lines that the run has read, also after a bill has changed. Of a run of very many
lines each month has its own; a month of very many has none: its pages read the bills.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from everyline import pipeline
from everyline.engines.duckdb import Engine, literal, parquet
from everyline.problems import Problem
from everyline.runs import Run
from everyline.web import derived
from everyline.web.shelf import Opened

LINES_MAX = 2_000_000
"""Lines of which a file is made."""

Lines = Callable[..., str]
"""What gives SQL of lines, as `pipeline.charges_where`."""


def charges(engine: Engine, opened: Opened, month: str | None = None) -> Lines | Sequence[Problem]:
    """What gives SQL of the relation `charges` of a run, all of it or that of a month at least."""
    run, project = opened.whole, opened.project
    found = file_of(engine, project, run, month)
    if found is None:
        return pipeline.charges_where(engine, project, of=run)
    if not isinstance(found, Path):
        return found
    relation = parquet(found)

    def where(condition: str = "true", *, beginning: str | None = None) -> str:
        if beginning is not None:
            condition = f"starts_with(x_ChargeId, {literal(beginning)})"
        return f"SELECT * FROM {relation} WHERE {condition}"

    return where


def file_of(
    engine: Engine, project: Path, run: Run, month: str | None
) -> Path | Sequence[Problem] | None:
    """The file with the lines of a month or of all; None where they are too many for one."""
    name, of = run.id, None
    if run.manifest["lines"] > LINES_MAX:
        if month is None or _lines_of(engine, run, month) > LINES_MAX:
            return None
        name, of = f"{run.id}-{month}", month
    entry = derived.folder_of(project, "lines", name)
    if derived.is_there(entry):
        return derived.path_of(entry)
    found = pipeline.charges_where(engine, project, of=run)
    if not callable(found):
        return found
    return derived.made(entry, lambda path: engine.write_unordered(found(period=of), path))


def _lines_of(engine: Engine, run: Run, month: str) -> int:
    (lines,) = engine.one(
        f"SELECT coalesce(sum(x_LineCount), 0)::BIGINT FROM {run.relation('groups')}"
        f" WHERE x_Period = {literal(month)}"
    )
    return int(lines)
