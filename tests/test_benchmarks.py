"""What is measured is the same each time, and programs side by side come to the same money."""

import json
import subprocess
import sys
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from everyline import pipeline
from everyline.engines.duckdb import Engine
from everyline.web.pages import ROUTES

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def benchmark(program: str, *arguments: str | Path) -> str:
    """What a program of the benchmarks prints."""
    command = [sys.executable, BENCHMARKS / program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "1000"
    benchmark("charges.py", folder, "--lines", "1000")
    return folder


def hashes(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in found}


def test_a_bill_of_a_thousand_lines_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        benchmark("charges.py", tmp_path / name, "--lines", "1000")
    assert len(hashes(tmp_path / "one")) == 7
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_a_short_bill_is_the_beginning_of_a_long_one(project: Path, tmp_path: Path) -> None:
    benchmark("charges.py", tmp_path, "--lines", "1500")
    engine = Engine()
    short, long = (
        [str(row) for row in engine.rows(f"SELECT * FROM '{folder}/bills/charges.parquet'")]
        for folder in (project, tmp_path)
    )
    assert len(short) == 1000
    assert long[:1000] == short


def test_the_reference_and_everyline_come_to_the_same_money(project: Path, tmp_path: Path) -> None:
    beside = [
        project / "reference" / f"{name}.parquet" for name in ("usage", "aliases", "accounts")
    ]
    bill = project / "bills" / "charges.parquet"
    by_hand = json.loads(benchmark("reference.py", bill, *beside, "--out", tmp_path))["totals"]

    outcome = pipeline.run(project)
    assert outcome.run is not None
    rows = Engine().rows(
        "SELECT BillingCurrency, sum(BilledCost), sum(EffectiveCost)"
        f" FROM {outcome.run.relation('allocations')} GROUP BY ALL"
    )
    found = {c: {"BilledCost": billed, "EffectiveCost": spent} for c, billed, spent in rows}
    assert found == {
        currency: {cost: Decimal(text) for cost, text in costs.items()}
        for currency, costs in by_hand.items()
    }
    assert list(found) == ["USD"]


def test_the_benchmark_compares_a_run_with_the_reference(project: Path, tmp_path: Path) -> None:
    # The project made above is taken as it is; a size names its folder.
    text = benchmark(
        "bills.py", "--lines", "1000", "--rounds", "1", "--folder", project.parent, "--as", "json"
    )
    compared = {(one["about"], one["case"]): one for one in json.loads(text)}
    assert list(compared) == [
        ("1,000 lines", "cold"),
        ("1,000 lines", "again"),
        ("1,000 lines", "one row moved"),
        ("--help", "beside python"),
    ]
    assert all(ratio["min"] > 0 for one in compared.values() for ratio in one["ratios"].values())
    assert "acct-299,team-049" in (project / "owners" / "accounts.csv").read_text()


# Telemetry


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "trace-20000-400"
    benchmark("trace_project.py", folder, "--rows", "20000", "--lines", "400")
    return folder


def test_a_short_log_is_the_beginning_of_a_long_one(traced: Path, tmp_path: Path) -> None:
    benchmark("trace_project.py", tmp_path, "--rows", "25000", "--lines", "500")
    engine = Engine()
    for path, count in (("usage/log.parquet", 20_000), ("bills/lines.parquet", 400)):
        short, long = (
            [str(row) for row in engine.rows(f"SELECT * FROM '{folder / path}'")]
            for folder in (traced, tmp_path)
        )
        assert len(short) == count
        assert long[:count] == short


def test_a_trace_by_hand_and_everyline_agree_to_the_last_unit(traced: Path, tmp_path: Path) -> None:
    """Each team's total; the one without a name is cost that no usage stands behind."""
    paths = files_of(traced)
    by_hand = json.loads(benchmark("trace_reference.py", *paths, "--out", tmp_path, "--digits=18"))

    outcome = pipeline.run(traced)
    assert outcome.run is not None
    rows = Engine().rows(
        "SELECT coalesce(team, ''), sum(BilledCost)"
        f" FROM {outcome.run.relation('allocations')} GROUP BY ALL"
    )
    assert {team: int(cost.scaleb(18)) for team, cost in rows} == by_hand
    assert len(by_hand) > 30
    assert by_hand[""] > 0


def test_the_trace_by_hand_differs_by_billionths_where_it_splits_so(
    traced: Path, tmp_path: Path
) -> None:
    """As it is measured: no line of 400 can move a team's total by more than a billionth."""
    fine, coarse = (
        json.loads(benchmark("trace_reference.py", *files_of(traced), "--out", tmp_path, digits))
        for digits in ("--digits=18", "--digits=9")
    )
    assert fine.keys() == coarse.keys()
    assert all(abs(fine[team] - coarse[team] * 10**9) < 400 * 10**9 for team in fine)
    assert sum(fine.values()) == sum(coarse.values()) * 10**9


def files_of(project: Path) -> tuple[Path, Path]:
    return project / "usage" / "log.parquet", project / "bills" / "lines.parquet"


def test_every_hour_compared_costs_what_its_rows_cost_alone(tmp_path: Path) -> None:
    benchmark("trace_prices.py", tmp_path, "--rows", "3000", "--by", "everyline")
    cells = json.loads(benchmark("trace_prices.py", tmp_path, "--by", "both", "--sample", "900"))
    assert cells["cells"] == 900
    assert cells["wrong"] == 0
    assert cells["equal"] + cells["large"] == 900
    # Neither tiers nor steps of prices are missing from what was looked at.
    assert min(cells["batch"], cells["large"]) > 0


def test_the_benchmark_of_telemetry_measures_every_part(traced: Path) -> None:
    # The project made above is taken as it is; its sizes name its folder.
    sizes = ("--rows=20000", "--lines=400", "--usage=2000", "--sample=100")
    shared = ("--receivers=10,100", "--shared-lines=300", "--pools=3,9")
    kept = ("--rounds=1", "--folder", traced.parent, "--as=json")
    found = json.loads(benchmark("trace.py", *sizes, *shared, *kept))
    assert [(one["about"], one["case"]) for one in found["compared"]] == [
        ("20,000 rows", "trace"),
        ("receivers", "10 to 100"),
    ]
    assert all(ratio["min"] > 0 for one in found["compared"] for ratio in one["ratios"].values())
    assert all(seconds > 0 for one in found["prices"] for seconds in one.values())
    assert {way: len(rounds) for way, rounds in found["chains"].items()} == {
        "step-down": 1,
        "reciprocal": 1,
    }


def test_the_benchmark_of_a_months_end_measures_every_part() -> None:
    out = benchmark("chargeback.py", "--teams", "3", "--months", "2")
    *steps, whole = out.splitlines()
    assert [step.split("  ")[0] for step in steps] == [
        "close of month 2",
        "its journal",
        "12 statements",
    ]
    assert " of the aim of 60 s" in whole


def test_the_benchmark_of_pages_measures_every_part() -> None:
    out = benchmark("served_pages.py", "--small")
    lines = out.splitlines()
    assert lines[0].startswith("opening the run, with its first page")
    tables = [at for at, line in enumerate(lines) if line.startswith("all ")]
    assert len(tables) == 2
    # Every part of the mix of the second table was asked for, and all of them went well.
    asked = [line.split()[0] for line in lines[tables[0] + 3 : tables[1]]]
    assert {"/", "/owners/{value}", "/use-cases/{value}"} <= set(asked)
    assert lines[-1].startswith("memory ")


def test_the_pages_that_are_measured_are_all_there_are() -> None:
    text = (BENCHMARKS / "served_pages.py").read_text("utf-8")
    for route in ROUTES:
        assert f'    "{route.path}": ' in text, route.path
