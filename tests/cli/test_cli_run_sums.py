"""What `everyline run` ends with: sums that the run keeps, so that it need not read all parts."""

from pathlib import Path

import split_projects

from everyline import runs
from everyline.engines.duckdb import Engine


def test_the_sums_that_a_run_ends_with_are_those_of_its_allocations(tmp_path: Path) -> None:
    run = runs.current(split_projects.wide(tmp_path))
    assert isinstance(run, runs.Run)
    by = "x_Period, BillingCurrency, x_Basis, x_Layer, x_Method, team, use_case, x_Pool IS NULL"
    sums = "sum(EffectiveCost)::DECIMAL(38,18), sum(BilledCost)::DECIMAL(38,18)"
    few, every = (
        Engine().rows(f"SELECT {by}, {sums} FROM {relation} GROUP BY ALL ORDER BY ALL")
        for relation in (run.file("stack"), run.relation("allocations"))
    )
    assert few == every
    assert len(every) > 20
