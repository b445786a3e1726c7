"""Groups and allocations of one month of a large run, in files made when they are first asked for.

A run of very many lines works out the ids of its groups whenever it is asked for any: seconds, each
time that somebody looks for the lines behind a figure. Rows lie in the order of their owners, so a
question about one of them reads few.
"""

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from everyline import runs
from everyline.engines.duckdb import Engine, literal, parquet, quoted
from everyline.runs import Run
from everyline.web import derived

LINES_MAX = 2_000_000
"""Lines of a run that is read as it is."""

_TOGETHER = 8_192
"""Rows that are read at once or passed over: an owner has a few of these at most."""


def of_month(project: Path, run: Run, month: str) -> Mapping[str, str]:
    """SQL of both relations as the run has them, of that month alone; none for a small run."""
    if run.manifest["lines"] <= LINES_MAX:
        return {}
    order = {
        "groups": "ServiceName, x_GroupId",
        "allocations": f"{', '.join(map(quoted, run.manifest['keys']))}, x_LineId, x_Receiver",
    }
    entries = {
        name: derived.folder_of(project, f"month_{name}", f"{run.id}-{month}") for name in order
    }
    if not all(map(derived.is_there, entries.values())):
        with closing(Engine(project / runs.FOLDER / "spill")) as engine:
            for name, entry in entries.items():
                sql = (
                    f"SELECT * FROM {run.relation(name)} WHERE x_Period = {literal(month)}"
                    f" ORDER BY {order[name]}"
                )
                derived.made(entry, partial(engine.write, sql, together=_TOGETHER))
    return {name: parquet(derived.path_of(entry)) for name, entry in entries.items()}
