"""Comparisons of drawn projects: whatever changed, causes sum to the change, and to the bill."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import made
from drawn import Project, write
from everyline import pipeline
from everyline.comparing import CAUSES, Side, compared
from everyline.comparing.make import column
from everyline.control import EXACT
from everyline.engines.duckdb import Engine
from strategies import SMALL, projects

Who = frozenset[tuple[str, Any]]
Changes = dict[Who, dict[str, Decimal]]
AMOUNTS = ("x_Before", "x_After", "x_Change", *map(column, CAUSES))
MOVED = ("x_ByEvidence", "x_ByWeights", "x_ByRules")
"""Causes by which what one owner gains another one loses."""


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERYLINE_THREADS", "1")
        yield


def changes(before: Side, after: Side) -> Changes:
    """Who (currency, basis, scope and keys) to the amounts."""
    engine = Engine()
    rows = made.rows(engine, f"({compared(engine, before, after)})")
    engine.close()
    found = {}
    for row in rows:
        amounts = {name: row.pop(name) for name in AMOUNTS}
        found[frozenset(row.items())] = amounts
    assert len(found) == len(rows)
    return found


def added(values: Any) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def owned(run: Any, month: str | None, keys: list[str]) -> Mapping[Who, Decimal]:
    """What `allocations` say that each owner has."""
    found: dict[Who, Decimal] = {}
    for row in made.relations(run, ["allocations"])["allocations"]:
        if month in (None, row["x_Period"]):
            basis = "estimated" if row["x_Basis"] == "estimated" else "billed"
            told = {"BillingCurrency": row["BillingCurrency"], "x_Basis": basis, "x_Scope": "in"}
            key = frozenset((told | {name: row[name] for name in keys}).items())
            found[key] = EXACT.add(found.get(key, Decimal(0)), row["EffectiveCost"])
    return found


def changed(project: Project, other: Project, how: str) -> Project:
    """What the project is compared with."""
    without = {name: value for name, value in project.settings.items() if name != how}
    if how == "usage halved":
        halves = [replace(file, rows=file.rows[::2]) for file in project.usage]
        return replace(project, usage=tuple(halves))
    if how == "bills halved":
        return project.with_files([replace(file, rows=file.rows[::2]) for file in project.files])
    return other if how == "another" else replace(project, settings=without)


HOW = ("another", "pools", "trace", "owners", "layers", "usage halved", "bills halved")


@settings(max_examples=12)
@given(projects(SMALL, shared=True), projects(SMALL, shared=True), st.sampled_from(HOW))
def test_causes_sum_to_the_change_of_every_owner(
    project: Project, other: Project, how: str
) -> None:
    with TemporaryDirectory() as name:
        runs = []
        for at, one in enumerate((project, changed(project, other, how))):
            write(one, Path(name, str(at)))
            outcome = pipeline.run(Path(name, str(at)))
            assume(outcome.run is not None)
            assert outcome.run is not None
            runs.append(outcome.run)
        before, after = Side("A", runs[0]), Side("B", runs[1])
        keys = [key for key in before.keys if key in after.keys]
        assume(keys)
        _hold(before, after, keys)
        months = sorted({one["period"] for one in runs[0].manifest["control"]})
        _hold(Side("A", runs[0], months[0]), Side("B", runs[0], months[-1]), before.keys)


def _block(who: Who) -> Who:
    return frozenset(one for one in who if one[0] in ("BillingCurrency", "x_Basis"))


def _hold(before: Side, after: Side, keys: list[str]) -> None:
    found = changes(before, after)
    has = owned(before.run, before.month, keys), owned(after.run, after.month, keys)
    for who, amounts in found.items():
        assert added(amounts[column(cause)] for cause in CAUSES) == amounts["x_Change"]
        assert EXACT.subtract(amounts["x_After"], amounts["x_Before"]) == amounts["x_Change"]
        if ("x_Scope", "in") in who:
            assert amounts["x_Before"] == has[0].get(who, 0)
            assert amounts["x_After"] == has[1].get(who, 0)
    assert found.keys() >= has[0].keys() | has[1].keys()
    for block in {_block(who) for who in found}:
        within = [amounts for who, amounts in found.items() if _block(who) == block]
        if any(amounts["x_ByOther"] for amounts in within):
            continue  # what a pool can't pass on by any fraction
        for cause in MOVED:
            assert added(amounts[cause] for amounts in within) == 0
    turned = changes(after, before)
    for who, amounts in found.items():
        assert turned[who]["x_Change"] == EXACT.minus(amounts["x_Change"])
    for side in (before, after):
        for amounts in changes(side, side).values():
            assert not any(amounts[name] for name in AMOUNTS[2:])
