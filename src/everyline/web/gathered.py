"""A run whose groups are summed over their windows: what pages ask of all of them, quickly read.

In: a published run. Out: the same relations, of which `groups`, `owned_groups` and `allocations`
have one row where the run has one an hour or a day. Grain: a group, whenever in its month. Groups
that a trace or a pool has split stay as they are. Conserves: every measure.

These rows are as many as owners, months and services make them, however many lines a bill has. They
lie in files sorted by month, so a question about one month reads no other.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from everyline import runs
from everyline.engines.duckdb import Engine, parquet, quoted
from everyline.relations import MEASURES
from everyline.runs import Run
from everyline.web import derived

_KEPT = ("allocations", "groups")
_SPLIT = ("pool_members", "traced_lines", "untraced")
"""Files of a run that name groups which were split, or had been but for the reason they tell."""

_WINDOW = {"x_WindowStart": "min", "x_WindowEnd": "max"}
_DAY = "day_"
"""The column of owners that says on which day they are."""

_QUANTITIES = ("ConsumedQuantity", "PricingQuantity")
_TOGETHER = 16_384
"""Rows that are read at once or passed over: a month has a few of these."""

_HELD_MAX = 3_000_000


def gathered(project: Path, run: Run) -> Run:
    """The run with its groups summed; made once, and kept for as long as the run is."""
    if not {"grouped", "owners"} <= run.manifest["files"].keys():
        return run  # of an earlier version, whose files lie otherwise
    entries = [derived.folder_of(project, f"gathered_{name}", run.id) for name in _KEPT]
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        if not all(map(derived.is_there, entries)):
            engine.run(f"CREATE TEMP TABLE gathered AS {_summed(engine, run)}")
            summed = replace(run, instead={"grouped": "gathered"})
            for entry, sql in zip(entries, _sorted(summed), strict=True):
                derived.made(entry, partial(engine.write, sql, together=_TOGETHER))
        files = [parquet(derived.path_of(entry)) for entry in entries]
        names = list(engine.columns(run.relation("groups")))
    parts, groups = files
    return _over(run, parts, groups, names)


def in_memory(engine: Engine, run: Run) -> Run:
    """The gathered run with its rows in the memory of `engine`, if they are not too many."""
    if not run.instead:
        return run
    parts, groups = run.instead["allocations"], run.instead[_ALL_GROUPS]
    (rows,) = engine.one(f"SELECT (SELECT count(*) FROM {parts}) + (SELECT count(*) FROM {groups})")
    if rows > _HELD_MAX:
        return run
    with engine.in_order():
        for name, sql in (("gathered_parts", parts), (_ALL_GROUPS, groups)):
            engine.run(f"CREATE TABLE {name} AS SELECT * FROM {sql}")
    names = list(engine.columns(run.relation("groups")))
    return _over(run, "gathered_parts", _ALL_GROUPS, names)


_ALL_GROUPS = "gathered_groups"


def _over(run: Run, parts: str, groups: str, names: Sequence[str]) -> Run:
    """The run over SQL of both; `names` are the columns of groups without those of owners."""
    tables = {
        "allocations": parts,
        "groups": f"(SELECT {', '.join(map(quoted, names))} FROM {groups})",
        "owned_groups": f"(SELECT * FROM {groups} WHERE x_Layer <> 'none')",
        _ALL_GROUPS: groups,
    }
    return replace(run, instead=tables)


def _sorted(run: Run) -> Iterator[str]:
    """SELECT of allocations, and of groups with owners, those out of scope without."""
    lead = quoted(run.manifest["keys"][0])
    by = f"x_Period, {lead}, ServiceName"
    yield f"SELECT * FROM {run.relation('allocations')} ORDER BY {by}"
    yield f"SELECT * FROM ({every_group(run)}) ORDER BY {by}"


def every_group(run: Run, condition: str = "true") -> str:
    """SELECT of the groups that meet a condition, with their owners; those out of scope without."""
    groups, owned = run.relation("groups"), run.relation("owned_groups")
    return (
        f"SELECT * FROM {owned} WHERE {condition} UNION ALL BY NAME"
        f" SELECT * FROM {groups} WHERE {condition} AND x_Layer = 'none'"
    )


def _summed(engine: Engine, run: Run) -> str:
    """SELECT of the file `grouped`, summed over windows.

    Where a quantity is not known it stays so: those groups are summed apart.
    """
    has = engine.columns(run.file("grouped"))
    files = run.manifest["files"]
    split = " UNION ALL ".join(
        f"SELECT x_GroupId FROM {run.file(name)}" for name in _SPLIT if name in files
    )
    apart = {f"no_{name}": f"{name} IS NULL" for name in _QUANTITIES if name in has}
    if _DAY in engine.columns(run.file("owners")):
        apart[_DAY] = "x_WindowStart::DATE"  # who owns it hangs on the day
    if split:
        apart["split_"] = f"CASE WHEN x_GroupId IN ({split}) THEN x_GroupId END"
    measures = ("x_LineCount", *MEASURES)
    shown = {name: quoted(name) for name in has if name not in ("x_GroupId", *measures, *_WINDOW)}
    by = ", ".join((*shown.values(), *apart))
    shown |= {name: f"{how}({name})" for name, how in _WINDOW.items() if name in has}
    shown |= {name: f"sum({name})::{has[name]}" for name in measures if name in has}
    if "x_GroupId" in has:
        number = "row_number() OVER ()::VARCHAR"
        shown["x_GroupId"] = f"coalesce(split_, {number})" if split else number
    listed = ", ".join(f"{shown[name]} AS {quoted(name)}" for name in has)
    told = ", ".join(["*", *(f"{sql} AS {name}" for name, sql in apart.items())])
    return f"SELECT {listed} FROM (SELECT {told} FROM {run.file('grouped')}) GROUP BY {by}"
