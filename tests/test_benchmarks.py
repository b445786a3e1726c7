"""The benchmark's bill is the same each time; both programs measured come to the same money."""

import json
import subprocess
import sys
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from everyline import pipeline
from everyline.engines.duckdb import Engine

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
