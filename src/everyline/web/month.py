"""Groups and allocations of one month of a large run, in files made when they are first asked for.

A run of very many lines works out the ids of its groups whenever it is asked for any: seconds, each
time that somebody looks for the lines behind a figure. Rows lie in the order of their owners, so a
question about one of them reads few. Groups are numbered in that order, and so are their lines in
files of their own (`line_file.py`).
"""

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from everyline import runs
from everyline.engines.duckdb import Engine, literal, parquet, quoted
from everyline.runs import Run
from everyline.web import derived
from everyline.web.gathered import every_group

LINES_MAX = 2_000_000
"""Lines of a run that is read as it is."""

TOGETHER = 8_192
"""Rows that are read at once or passed over: an owner has a few of these at most."""

NUMBER = "number_"
"""The column of groups and lines by which those of some groups are quickly found."""


def is_large(run: Run) -> bool:
    """Whether a run has so many lines that pages read one month of it."""
    return bool(run.manifest["lines"] > LINES_MAX)


def of_month(project: Path, run: Run, month: str) -> Mapping[str, str]:
    """SQL of both relations as the run has them, of that month alone; none for a small run."""
    if not is_large(run):
        return {}
    entries = {
        name: derived.folder_of(project, f"numbered_{name}", f"{run.id}-{month}")
        for name in ("groups", "allocations")
    }
    if not all(map(derived.is_there, entries.values())):
        with closing(Engine(project / runs.FOLDER / "spill")) as engine:
            sql = _groups(engine, run, month)
            groups = derived.made(entries["groups"], partial(engine.write, sql, together=TOGETHER))
            sql = _allocations(run, month, parquet(groups))
            derived.made(entries["allocations"], partial(engine.write, sql, together=TOGETHER))
    return {name: parquet(derived.path_of(entry)) for name, entry in entries.items()}


def _groups(engine: Engine, run: Run, month: str) -> str:
    """SELECT of the groups of a month in the order of their owners, with their number."""
    names = ", ".join(map(quoted, engine.columns(run.relation("groups"))))
    every = every_group(run, f"x_Period = {literal(month)}")
    order = f"{_keys(run)}, ServiceName, x_GroupId"
    return (
        f"SELECT {names}, row_number() OVER (ORDER BY {order})::INTEGER AS {NUMBER}"
        f" FROM ({every}) ORDER BY {NUMBER}"
    )


def _allocations(run: Run, month: str, groups: str) -> str:
    """SELECT of the allocations of a month, with the number of the group that a part is of."""
    return (
        f"SELECT p.*, g.{NUMBER} FROM {run.relation('allocations')} AS p"
        f" LEFT JOIN (SELECT x_GroupId, {NUMBER} FROM {groups}) AS g ON g.x_GroupId = p.x_LineId"
        f" WHERE p.x_Period = {literal(month)} ORDER BY {_keys(run)}, x_LineId, x_Receiver"
    )


def _keys(run: Run) -> str:
    return ", ".join(map(quoted, run.manifest["keys"]))
