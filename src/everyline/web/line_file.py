"""All bill lines of a run in one file, made when a page is first asked for lines.

To work out the ids of lines costs seconds, and pages are asked again and again. Whoever has this
file reads the lines that the run has read, also after a bill has changed. A run of very many lines
has none: its pages read the bills.
"""

from collections.abc import Callable, Sequence

from everyline import pipeline
from everyline.engines.duckdb import Engine, literal, parquet
from everyline.problems import Problem
from everyline.web import derived
from everyline.web.shelf import Opened

LINES_MAX = 2_000_000
"""Lines of a run for which a file is made."""


def charges(engine: Engine, opened: Opened) -> Callable[..., str] | Sequence[Problem]:
    """What gives SQL of the relation `charges` of a run, as `pipeline.charges_where`."""
    run, project = opened.whole, opened.project
    entry = derived.folder_of(project, "lines", run.id)
    if not derived.is_there(entry):
        found = pipeline.charges_where(engine, project, of=run)
        if not callable(found) or run.manifest["lines"] > LINES_MAX:
            return found
        derived.made(entry, lambda path: engine.write_unordered(found(), path))
    relation = parquet(derived.path_of(entry))

    def where(condition: str = "true", *, beginning: str | None = None) -> str:
        if beginning is not None:
            condition = f"starts_with(x_ChargeId, {literal(beginning)})"
        return f"SELECT * FROM {relation} WHERE {condition}"

    return where
