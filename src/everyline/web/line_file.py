"""All bill lines of a run in one file, made when a page is first asked for lines.

To work out the ids of lines costs seconds, and pages are asked again and again. Whoever has this
file reads the lines that the run has read, also after a bill has changed. A run of very many lines
has none: its pages read the bills.
"""

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from everyline import pipeline, runs
from everyline.engines.duckdb import Engine, literal, parquet
from everyline.memory import TABLE, folder_beside, keep, recall
from everyline.problems import Problem
from everyline.web.shelf import Opened

LINES_MAX = 2_000_000
"""Lines of a run for which a file is made."""

_VERIFIED: set[Path] = set()
_ONE_MAKES_IT = threading.Lock()


def charges(engine: Engine, opened: Opened) -> Callable[..., str] | Sequence[Problem]:
    """What gives SQL of the relation `charges` of a run, as `pipeline.charges_where`."""
    run, project = opened.whole, opened.project
    entry = project / runs.FOLDER / "cache" / "lines" / run.id
    with _ONE_MAKES_IT:
        if entry not in _VERIFIED and recall(entry) is None:
            found = pipeline.charges_where(engine, project, of=run)
            if not callable(found) or run.manifest["lines"] > LINES_MAX:
                return found
            _sweep(entry)
            with folder_beside(entry) as folder:
                engine.write_unordered(found(), folder / TABLE)
                keep(entry, {"problems": []}, folder)
        _VERIFIED.add(entry)
    relation = parquet(entry / TABLE)

    def where(condition: str = "true", *, beginning: str | None = None) -> str:
        if beginning is not None:
            condition = f"starts_with(x_ChargeId, {literal(beginning)})"
        return f"SELECT * FROM {relation} WHERE {condition}"

    return where


def forget() -> None:
    """Verifies the files again that are asked for next."""
    _VERIFIED.clear()


def _sweep(entry: Path) -> None:
    """Takes away the lines of runs that are kept no more."""
    for other in entry.parent.glob("[0-9a-f]*"):
        if not entry.parents[2].joinpath("runs", other.name).is_dir():
            shutil.rmtree(other, ignore_errors=True)
