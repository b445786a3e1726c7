"""Hours are kept with no more digits than they have, and nothing of them is lost (R11)."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

import made
from everyline import pipeline
from everyline.engines.duckdb import Engine

YAML = """\
taxonomy: {team: {tags: [team]}}
bills: [{name: bill, format: table, path: bill.csv, layer: model}]
usage:
"""
SOURCE = """\
  - {name: NAME, format: table, path: NAME.parquet, estimated_cost: COST,
     set: {ServiceProviderName: Acme, x_Meter: units, x_Unit: units, x_EstimatedCurrency: USD}}
"""
BILL = """\
ServiceProviderName,InvoiceIssuerName,ServiceName,ChargeCategory,BillingCurrency,ChargePeriodStart,\
ChargePeriodEnd,BilledCost
Acme,Acme,API,Usage,USD,2026-10-01,2026-11-01,5
"""


def project(folder: Path, cost: str = "native", **rows: str) -> Path:
    """A project with a source for each of `rows`, SQL of `x_Quantity` and `x_EstimatedCost`."""
    sources = "".join(SOURCE.replace("NAME", name).replace("COST", cost) for name in rows)
    (folder / "everyline.yaml").write_text(YAML + sources, encoding="utf-8")
    (folder / "bill.csv").write_text(BILL, encoding="utf-8")
    with duckdb.connect() as engine:
        for name, sql in rows.items():
            engine.execute(
                f"COPY (SELECT TIMESTAMP '2026-10-05 07:30:00' AS hour, * FROM ({sql}))"
                f" TO '{folder / name}.parquet' (FORMAT parquet)"
            )
    return folder


def kept(folder: Path) -> tuple[list[str], list[tuple[Decimal, Decimal]]]:
    """The types in the file of hours; quantity and cost of each row of `usage`."""
    run = made.run(folder)
    engine = Engine()
    of_file = engine.columns(run.relation("usage_hours"))
    usage = run.relation("usage")
    names = ("x_Quantity", "x_EstimatedCost")
    assert {engine.columns(usage)[name] for name in names} == {"DECIMAL(38,18)"}
    rows = engine.rows(f"SELECT {', '.join(names)} FROM {usage} ORDER BY x_Source")
    engine.close()
    return [of_file[name] for name in names], [(quantity, cost) for quantity, cost in rows]


def test_numbers_are_kept_as_short_as_the_file_has_them(tmp_path: Path) -> None:
    sql = "SELECT 3::BIGINT AS x_Quantity, 0.000000001::DECIMAL(18,9) AS x_EstimatedCost"
    kinds, rows = kept(project(tmp_path, log=f"{sql} UNION ALL {sql}"))
    assert kinds == ["DECIMAL(18,0)", "DECIMAL(18,9)"]
    assert rows == [(Decimal(6), Decimal("0.000000002"))]


@pytest.mark.parametrize(("largest", "kind"), [(10**18 - 1, 18), (10**18, 38)])
def test_what_has_no_room_in_a_short_number_is_kept_long(
    tmp_path: Path, largest: int, kind: int
) -> None:
    sql = f"SELECT {largest}::BIGINT AS x_Quantity, 1::DECIMAL(18,9) AS x_EstimatedCost"
    kinds, rows = kept(project(tmp_path, log=sql))
    assert kinds == [f"DECIMAL({kind},0)", "DECIMAL(18,9)"]
    assert rows == [(Decimal(largest), Decimal(1))]


def test_a_cost_below_zero_counts_by_its_size(tmp_path: Path) -> None:
    sql = "SELECT 1::BIGINT AS x_Quantity, -1000000000::DECIMAL(19,9) AS x_EstimatedCost"
    kinds, rows = kept(project(tmp_path, log=sql))
    assert kinds == ["DECIMAL(18,0)", "DECIMAL(38,9)"]
    assert rows == [(Decimal(1), Decimal(-1000000000))]


def test_sources_of_other_decimals_lose_none(tmp_path: Path) -> None:
    whole = "SELECT 99999999999::BIGINT AS x_Quantity, 2::DECIMAL(38,18) AS x_EstimatedCost"
    parts = "SELECT 0.125::DECIMAL(38,18) AS x_Quantity, 0.5::DECIMAL(4,1) AS x_EstimatedCost"
    _, rows = kept(project(tmp_path, log=whole, other=parts))
    assert rows == [(Decimal(99999999999), Decimal(2)), (Decimal("0.125"), Decimal("0.5"))]


@pytest.mark.parametrize("cost", ["native", "prices"])
def test_a_sum_beyond_twenty_digits_is_a_problem_with_a_place(tmp_path: Path, cost: str) -> None:
    sql = (
        f"SELECT {10**18}::BIGINT AS x_Quantity, 1::DECIMAL(18,9) AS x_EstimatedCost FROM range(%d)"
    )
    fits = pipeline.run(project(tmp_path, cost, log=sql % 99))
    assert fits.run
    outcome = pipeline.run(project(tmp_path, cost, log=sql % 100))
    stops = [p for p in outcome.problems if p.level == "stop"]
    assert [p.name for p in stops] == ["sum-too-large"]
    assert stops[0].place.startswith("everyline.yaml:")


def test_an_absent_text_is_one_identity_however_a_file_writes_it(tmp_path: Path) -> None:
    texts = "('key'), (' key '), (NULL), (''), ('  ')"
    sql = (
        "SELECT 1::BIGINT AS x_Quantity, 1::DECIMAL(18,9) AS x_EstimatedCost,"
        " t.key AS x_CredentialId, t.key AS team"
        f" FROM (VALUES {texts}) AS t(key)"
    )
    run = made.run(project(tmp_path, log=sql))
    engine = Engine()
    rows = engine.rows(
        "SELECT x_CredentialId, Tags, x_Quantity::INTEGER, x_EstimatedCost::INTEGER"
        f" FROM {run.relation('usage')} ORDER BY ALL"
    )
    engine.close()
    assert rows == [("key", '{"team":"key"}', 2, 2), (None, "{}", 3, 3)]
