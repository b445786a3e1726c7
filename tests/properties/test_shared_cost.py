"""Whole runs of drawn projects with telemetry, traces and pools, beside the oracle."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shares import in_shares

import made
import oracle.relations
from differences import as_units, differences
from drawn import Project, write
from strategies import SMALL, projects

COMPARED = (
    "groups",
    "usage",
    "owned_groups",
    "shares",
    "allocations",
    "pool_members",
    "coverage",
    "reconciliation",
    "statements",
)


@in_shares(300)
@given(projects(SMALL, shared=True))
def test_the_oracle_makes_the_same_of_shared_cost(project: Project) -> None:
    """Every relation, to the last unit; what drove a split is said by the engine alone."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(project, folder)
        found = made.relations(made.run(folder), COMPARED)
        for share in found["shares"]:
            del share["x_Driver"]
        expected = oracle.relations.everything(folder)
        for relation in COMPARED:
            told = differences(as_units(found[relation]), expected[relation])
            assert not told, (relation, told)


@settings(max_examples=20)
@given(projects(SMALL, shared=True), st.sampled_from(["none", "twice", "turned"]))
def test_telemetry_never_changes_a_total(project: Project, how: str) -> None:
    """Without usage, with all of it twice, or in another order: the bill's sums stay."""
    assume(project.usage)
    changed = {"none": 0, "twice": 2, "turned": -1}[how]
    usage = [
        replace(file, rows=file.rows[::-1] if changed < 0 else file.rows[:1] + file.rows * changed)
        for file in project.usage
    ]
    with TemporaryDirectory() as name:
        sums = []
        for at, one in enumerate((project, replace(project, usage=tuple(usage)))):
            write(one, Path(name, str(at)))
            sums.append(made.run(Path(name, str(at))).manifest["control"])
        assert sums[0] == sums[1]
