"""Whole runs of drawn projects with telemetry, traces and pools, beside the oracle."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import invoiced
from hypothesis import given
from hypothesis import strategies as st
from shares import in_shares

import made
import oracle.relations
from differences import as_units, differences
from drawn import BillFile, Project, write
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


# Usage all but left out, twice and more, and in another order.
HOW: Sequence[Callable[[BillFile], BillFile]] = (
    lambda file: replace(file, rows=file.rows[:1]),
    lambda file: replace(file, rows=file.rows[:1] + file.rows * 2),
    lambda file: replace(file, rows=file.rows[::-1]),
)


@in_shares(300)
@given(projects(SMALL, shared=True), st.sampled_from(range(40)))
def test_the_oracle_makes_the_same_of_shared_cost(project: Project, turn: int) -> None:
    """Every relation, to the last unit; what drove a split is said by the engine alone.

    Of one in ten, causes sum to what invoices ask for; of another, telemetry changes no total.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(project, folder)
        run = made.run(folder)
        found = made.relations(run, COMPARED)
        for share in found["shares"]:
            del share["x_Driver"]
        expected = oracle.relations.everything(folder)
        for relation in COMPARED:
            told = differences(as_units(found[relation]), expected[relation])
            assert not told, (relation, told)
        if turn % 10 == 9:
            invoiced.causes_sum_to_what_an_invoice_asks_for(folder, run)
        if 0 < turn <= len(HOW) and project.usage:
            usage = tuple(map(HOW[turn - 1], project.usage))
            write(replace(project, usage=usage), folder)
            assert made.run(folder).manifest["control"] == run.manifest["control"]
