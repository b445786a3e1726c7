"""Relations as data: forms, filters and sums."""

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import FORMULA, HOSTILE, Command
from everyline import runs

STORED = ("groups", "owned_groups", "allocations", "coverage", "statements", "problems")


def published(project: Path, relation: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of a relation as the run has it."""
    run = runs.current(project)
    assert isinstance(run, runs.Run)
    return selected(run.relation(relation))


def selected(relation: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    found = duckdb.connect().execute(f"SELECT * FROM {relation}")
    return [name for name, *_ in found.description or ()], found.fetchall()


def as_text(value: object) -> str:
    """What csv says of a value, by hand."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        whole = f"{value:f}"
        return whole.rstrip("0").rstrip(".") if "." in whole else whole
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


@pytest.mark.parametrize("relation", STORED)
def test_csv_and_json_say_what_was_published(
    relation: str, project: Path, everyline: Command
) -> None:
    columns, rows = published(project, relation)
    expected = sorted([as_text(value) for value in row] for row in rows)
    said = everyline(relation, "--as", "csv").out
    header, *read = csv.reader(io.StringIO(said, newline=""))
    assert "\r" not in said
    assert header == columns
    assert sorted(read) == expected
    objects = json.loads(everyline(relation, "--as", "json").out, parse_float=pytest.fail)
    assert [list(each) for each in objects] == [columns] * len(rows)
    told = [[as_text(value) for value in each.values()] for each in objects]
    assert sorted(told) == expected


@pytest.mark.parametrize("relation", STORED)
def test_parquet_keeps_types_and_rows(
    relation: str, project: Path, everyline: Command, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    assert everyline(relation, "--as", "parquet", "--out", str(out)).code == 0
    columns, rows = published(project, relation)
    read_columns, read_rows = selected(f"read_parquet('{out}')")
    assert read_columns == columns
    assert sorted(read_rows, key=str) == sorted(rows, key=str)


def test_rows_are_in_the_order_of_the_key(everyline: Command) -> None:
    read = list(csv.DictReader(io.StringIO(everyline("groups", "--as", "csv").out)))
    ids = [row["x_GroupId"] for row in read]
    assert ids == sorted(ids)
    assert len(ids) == 7


def test_charges_are_worked_out_line_by_line(everyline: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(everyline("charges", "--as", "csv").out)))
    assert [row["x_ChargeId"] for row in rows] == sorted(row["x_ChargeId"] for row in rows)
    assert sum(Decimal(row["EffectiveCost"]) for row in rows) == Decimal(1001980 + 1500 + 50)
    assert sorted(row["x_SourceRow"] for row in rows) == list("12345678")


def test_data_is_exact_in_csv_also_where_a_spreadsheet_or_terminal_would_obey(
    everyline: Command,
) -> None:
    rows = list(csv.DictReader(io.StringIO(everyline("allocations", "--as", "csv").out)))
    assert {row["use_case"] for row in rows} == {FORMULA, 'two "quoted", words', ""}
    assert HOSTILE in {row["ServiceName"] for row in rows}
    assert {"299.875", "0.125"} < {row["EffectiveCost"] for row in rows}


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (["x_Layer=model"], 6),
        (["x_Layer=model", "x_Layer=none"], 7),
        (["x_Layer=model", "BillingCurrency=JPY"], 1),
        (["InvoiceId="], 7),
        (["ServiceName="], 0),
        (["EffectiveCost=299.875"], 1),
        (["EffectiveCost=299.8750"], 0),
        (["x_WindowStart=2026-09-01T00:00:00Z"], 1),
        (["x_Eligible=true"], 7),
        ([f"Tags.use_case={FORMULA}"], 1),
        (["ServiceName=x' OR '1'='1"], 0),
        (["ServiceName=' UNION SELECT 1 --"], 0),
        (["ServiceName=Model API=", "ServiceName=Model"], 0),
    ],
)
def test_where_narrows_by_column_and_widens_by_value(
    where: list[str], count: int, everyline: Command
) -> None:
    options = [option for entry in where for option in ("--where", entry)]
    said = everyline("groups", "--as", "json", *options)
    assert said.code == 0, said.err
    assert len(json.loads(said.out)) == count


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--where", "ServiceNam=x"], "did you mean `ServiceName`"),
        (["--where", '1=1 OR "ServiceName"=x'], "has no column `1`"),
        (["--where", 'x" OR 1=1 --=x'], 'has no column `x" OR 1`'),
        (["--where", "ServiceName"], "`--where COLUMN=VALUE`"),
        (["--by", "x_Laier"], "did you mean `x_Layer`"),
        (["--by", "x_Layer; DROP TABLE groups"], "has no column"),
        (["--by", ""], "has no column ``"),
    ],
)
def test_a_column_that_is_none_is_exit_2(options: list[str], hint: str, everyline: Command) -> None:
    said = everyline("groups", *options)
    assert said.code == 2
    assert said.out == ""
    assert hint in said.err


def test_a_period_is_a_month_of_the_relation(everyline: Command) -> None:
    assert len(json.loads(everyline("groups", "--period", "2026-09", "--as", "json").out)) == 1
    nothing = everyline("groups", "--period", "2026-11")
    assert nothing.code == 0
    assert nothing.err == "no rows\n"


def test_by_sums_exactly_and_never_across_currencies(everyline: Command) -> None:
    said = everyline("groups", "--by", "x_Layer", "--as", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    told = [(r["x_Layer"], r["BillingCurrency"], r["EffectiveCost"], r["x_RowCount"]) for r in rows]
    assert told == [
        ("model", "JPY", "1500", "1"),
        ("model", "USD", "2030", "5"),
        ("none", "USD", "1000000", "1"),
    ]
    assert [row["x_LineCount"] for row in rows] == ["1", "6", "1"]
    assert "ConsumedQuantity" not in rows[0]


def test_a_quantity_is_summed_where_its_unit_is_named(everyline: Command) -> None:
    said = everyline("groups", "--by", "ConsumedUnit", "--as", "csv")
    assert "ConsumedQuantity" in said.out.splitlines()[0]


def test_coverage_is_summed_for_each_key_apart(everyline: Command) -> None:
    said = everyline("coverage", "--by", "x_Tag", "--period", "2026-10", "--as", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    usd = {
        (r["x_Tag"], r["x_Key"]): r["x_CoverageCost"] for r in rows if r["BillingCurrency"] == "USD"
    }
    assert usd[("declared", "team")] == "1700"
    assert usd[("undeclared", "team")] == "299.875"
    assert usd[("missing", "team")] == "0.125"


@pytest.mark.parametrize("relation", ["usage", "shares", "pool_members", "reconciliation"])
def test_a_relation_that_the_project_has_no_use_for_is_empty(
    relation: str, everyline: Command
) -> None:
    said = everyline(relation)
    assert said.code == 0
    assert said.err.endswith("no rows\n")
    assert len(everyline(relation, "--as", "csv").out.splitlines()) == 1


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(
    everyline: Command, tmp_path: Path
) -> None:
    out = tmp_path / "groups.csv"
    out.write_text("before")
    said = everyline("groups", "--as", "csv", "--out", str(out))
    assert (said.code, said.out, said.err) == (0, "", "")
    assert out.read_text(encoding="utf-8") == everyline("groups", "--as", "csv").out
    assert [path.name for path in tmp_path.iterdir()] == ["groups.csv"]


def test_a_link_stays_a_link_and_a_device_a_device(everyline: Command, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("before")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert everyline("groups", "--as", "csv", "--out", str(tmp_path / "link.csv")).code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert "x_GroupId" in (tmp_path / "real.csv").read_text(encoding="utf-8")
    assert everyline("groups", "--as", "csv", "--out", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_a_file_that_can_not_be_written_is_exit_2(everyline: Command, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "groups.csv"
    said = everyline("groups", "--as", "csv", "--out", str(out))
    assert said.code == 2
    assert "can't be written" in said.err
