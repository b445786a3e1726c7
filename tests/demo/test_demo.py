"""The demo, read again by other means: csv, json, zipfile and DuckDB, none of our own readers."""

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import duckdb
import pytest
import yaml

NEWEST = ("2026-09/20261003T061512Z", "2026-10/20261103T060944Z")
PERIODS = ("2026-09", "2026-10")


class Line(NamedTuple):
    bill: str
    period: str
    issuer: str
    invoice: str | None
    place: str | None
    amount: Decimal


@pytest.fixture(scope="module")
def project(company: Path) -> Path:
    return company


@pytest.fixture(scope="module")
def aws(project: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The view `bill`: the newest delivery of each month."""
    paths = [f"{project}/bills/aws/{version}/*.parquet" for version in NEWEST]
    with duckdb.connect() as engine:
        engine.read_parquet(paths).create_view("bill")
        yield engine


@pytest.fixture(scope="module")
def lines(project: Path, aws: duckdb.DuckDBPyConnection) -> list[Line]:
    """All bills; AWS summed by what the tests ask for."""
    summed = ask(
        aws,
        """SELECT 'aws', strftime(BillingPeriodStart, '%Y-%m'), InvoiceIssuerName, InvoiceId,
        SubAccountId, sum(BilledCost) FROM bill GROUP BY ALL""",
    )
    found = [Line._make(row) for row in summed]
    for day, result in json_results(project / "bills/openai", "start_time"):
        amount = Decimal(result["amount"]["value"])
        found.append(Line("openai", day[:7], "OpenAI", None, result["project_id"], amount))
    for day, result in json_results(project / "bills/anthropic", "starting_at"):
        amount = Decimal(result["amount"]) / 100
        found.append(Line("anthropic", day[:7], "Anthropic", None, result["workspace_id"], amount))
    for row in pinecone_rows(project):
        period, amount = row["BillingPeriodStart"][:7], Decimal(row["BilledCost"])
        place = row["SubAccountId"]
        found.append(Line("pinecone", period, "Pinecone", row["InvoiceId"], place, amount))
    for bill, issuer, column in (
        ("github", "GitHub, Inc.", "net_amount"),
        ("guardrails", "Palisade Guardrails Inc.", "amount"),
        ("labelling", "Sortwell Labelling GmbH", "amount"),
    ):
        for path in sorted((project / "bills" / bill).glob("*.csv")):
            for row in rows_of(path):
                amount = Decimal(row[column])
                found.append(Line(bill, path.stem, issuer, row["invoice"], None, amount))
    return found


def json_results(folder: Path, start: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*/*.json")):
        page = json.loads(path.read_text(encoding="utf-8"), parse_float=str)
        for bucket in page["data"]:
            begins = bucket[start]
            day = begins if isinstance(begins, str) else datetime.fromtimestamp(begins, UTC)
            for result in bucket["results"]:
                yield str(day)[:10], result


def pinecone_rows(project: Path) -> Iterator[dict[str, str]]:
    for path in sorted(project.glob("bills/pinecone/*/*.zip")):
        with ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".csv"):
                    yield from csv.DictReader(io.StringIO(archive.read(name).decode()))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in files}


def ask(engine: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return engine.execute(sql).fetchall()


def cost(aws: duckdb.DuckDBPyConnection, condition: str) -> Decimal:
    """EffectiveCost of the lines that meet a condition; there must be some."""
    ((found,),) = ask(aws, f"SELECT sum(EffectiveCost) FROM bill WHERE {condition}")
    assert isinstance(found, Decimal), condition
    return found


def test_the_same_bytes_come_out_elsewhere(project: Path, tmp_path: Path) -> None:
    """Another process, time zone, hash seed, locale and current folder."""
    elsewhere = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    code = "import pathlib, everyline.demo; everyline.demo.make(pathlib.Path('again'))"
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | elsewhere)
    assert digests(tmp_path / "again") == digests(project)


def test_it_has_about_200_000_lines_in_less_than_40_megabytes(
    project: Path, aws: duckdb.DuckDBPyConnection, lines: list[Line]
) -> None:
    assert ask(aws, "SELECT count(*) FROM bill") == [(192_913,)]
    assert 192_913 + sum(line.bill != "aws" for line in lines) == 198_126
    assert sum(p.stat().st_size for p in project.rglob("*") if p.is_file()) < 40_000_000


def test_the_totals_are_those_that_the_documentation_quotes(lines: list[Line]) -> None:
    totals: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        totals[line.bill, line.period] += line.amount
    assert {key: str(total.quantize(Decimal("0.01"))) for key, total in totals.items()} == {
        ("aws", "2026-09"): "229248.20",
        ("aws", "2026-10"): "239437.08",
        ("openai", "2026-09"): "20383.21",
        ("openai", "2026-10"): "22621.33",
        ("anthropic", "2026-09"): "22427.18",
        ("anthropic", "2026-10"): "24639.93",
        ("pinecone", "2026-09"): "4308.20",
        ("pinecone", "2026-10"): "4635.77",
        ("github", "2026-09"): "3268.00",
        ("github", "2026-10"): "3401.00",
        ("guardrails", "2026-09"): "1260.00",
        ("guardrails", "2026-10"): "1260.00",
        ("labelling", "2026-09"): "5640.70",
        ("labelling", "2026-10"): "6044.10",
    }


def test_every_invoice_ties_but_the_one_with_two_late_seats(
    project: Path, lines: list[Line]
) -> None:
    billed: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.invoice is not None:
            billed[line.issuer, line.invoice] += line.amount
    listed = rows_of(project / "finance/invoices.csv")
    assert {(row["InvoiceIssuerName"], row["InvoiceId"]) for row in listed} == set(billed)
    apart = {
        row["InvoiceId"]: difference
        for row in listed
        if abs(
            difference := Decimal(row["amount"])
            - billed[row["InvoiceIssuerName"], row["InvoiceId"]]
        )
        > Decimal("0.005")
    }
    assert apart == {"GH-4471902": Decimal("38.00")}  # two seats at 19.00
    assert {row["BillingCurrency"] for row in listed} == {"USD", "EUR"}


def test_the_early_delivery_of_september_is_smaller_and_has_no_invoice(project: Path) -> None:
    versions = sorted(path.name for path in (project / "bills/aws/2026-09").iterdir())
    assert versions == ["20260904T031502Z", "20261003T061512Z"]
    path = f"{project}/bills/aws/2026-09/{versions[0]}/*.parquet"
    with duckdb.connect() as engine:
        engine.read_parquet(path).create_view("early")
        columns = "count(*), count(InvoiceId), max(ChargePeriodEnd)::VARCHAR"
        assert ask(engine, f"SELECT {columns} FROM early") == [(9_702, 0, "2026-09-04 00:00:00")]


def test_costs_are_decimals_and_equal_price_times_quantity(aws: duckdb.DuckDBPyConnection) -> None:
    types = dict(ask(aws, "SELECT column_name, column_type FROM (DESCRIBE bill)"))
    assert len(types) == 60
    assert {types[cost] for cost in types if cost.endswith("Cost")} == {"DECIMAL(18,12)"}
    assert types["Tags"] == "MAP(VARCHAR, VARCHAR)"
    wrong = """SELECT count(*) FROM bill WHERE ListCost != ListUnitPrice * PricingQuantity
        OR ContractedCost != ContractedUnitPrice * PricingQuantity"""
    assert ask(aws, wrong) == [(0,)]


def test_a_month_of_a_cost_report_is_five_pages_without_a_gap(project: Path) -> None:
    for bill, start, end in (
        ("openai", "start_time", "end_time"),
        ("anthropic", "starting_at", "ending_at"),
    ):
        for period in PERIODS:
            paths = sorted((project / "bills" / bill / period).glob("*.json"))
            read = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
            assert [page["has_more"] for page in read] == [True] * 4 + [False]
            assert [page["next_page"] is None for page in read] == [False] * 4 + [True]
            assert len({page["next_page"] for page in read}) == 5
            buckets = [bucket for page in read for bucket in page["data"]]
            assert len(buckets) == (30 if period == "2026-09" else 31)
            assert [b[end] for b in buckets[:-1]] == [b[start] for b in buckets[1:]]


def test_a_day_of_openai_names_each_project_and_line_item_once(project: Path) -> None:
    """The natural key of the format (R1): nothing in the demo replaces anything."""
    keys = Counter(
        (day, result["project_id"], result["line_item"])
        for day, result in json_results(project / "bills/openai", "start_time")
    )
    assert set(keys.values()) == {1}


def test_openai_amounts_have_tails_and_exponents_but_18_decimals_at_most(project: Path) -> None:
    amounts = [
        str(result["amount"]["value"])
        for _, result in json_results(project / "bills/openai", "start_time")
    ]
    assert any("e-" in amount for amount in amounts)
    decimals = [-int(Decimal(amount).as_tuple().exponent) for amount in amounts]
    assert 15 < max(decimals) <= 18


def test_anthropic_amounts_are_cents_as_text(project: Path) -> None:
    results = [r for _, r in json_results(project / "bills/anthropic", "starting_at")]
    assert all(isinstance(result["amount"], str) for result in results)
    tools = {result["cost_type"] for result in results if result["model"] is None}
    assert tools == {"web_search", "code_execution"}


@pytest.mark.parametrize(
    ("trait", "condition", "dollars"),
    [
        (
            "no tags",
            "Tags IS NULL AND ServiceName LIKE 'Claude%' AND ChargeCategory = 'Usage'",
            6319,
        ),
        ("an empty map", "Tags::VARCHAR = '{}'", 5391),
        ("a misspelt team", "Tags['user:team'] = 'serach'", 2738),
        ("a team spelt differently", "Tags['team'] IN ('Search', 'Customer Care')", 10643),
        ("an alias with a prefix", "Tags['user:team'] = 'search_team'", 5780),
        ("one key twice, in conflict", "Tags['Team'] != Tags['team']", 2816),
        ("two keys that disagree", "Tags['owner'] != Tags['team']", 1654),
        ("an undeclared team", "Tags['iamPrincipal/team'] = 'growth-hacks'", 5125),
        ("an undeclared use case", "Tags['use_case'] = 'chatbot-v2'", 2662),
        ("a retired team", "Tags['team'] = 'labs'", 3556),
        ("the old name of a team", "Tags['team'] = 'depots'", 16175),
        ("the new name of a team", "Tags['team'] = 'hub-operations'", 687),
        ("a null team", "map_contains(Tags, 'team') AND Tags['team'] IS NULL", 341),
        ("a blank team", "trim(Tags['team']) = ''", 337),
        ("a use case of another product", "Tags['use_case'] = 'ticket-triage'", 506),
    ],
)
def test_tags_are_as_untidy_as_in_life(
    aws: duckdb.DuckDBPyConnection, trait: str, condition: str, dollars: int
) -> None:
    assert round(cost(aws, condition)) == dollars, trait


def test_most_kinds_of_key_spelling_occur(aws: duckdb.DuckDBPyConnection) -> None:
    keys = {key for (key,) in ask(aws, "SELECT DISTINCT unnest(map_keys(Tags)) FROM bill")}
    aliases = {"owner", "app", "env", "usecase", "feature"}
    assert keys >= aliases | {"user:team", "user:env", "iamPrincipal/team", "team", "Team"}


def test_there_are_tax_a_credit_a_refund_support_and_a_plan(
    aws: duckdb.DuckDBPyConnection,
) -> None:
    kinds = dict(ask(aws, "SELECT ChargeCategory, sum(BilledCost) FROM bill GROUP BY 1"))
    assert kinds["Credit"] == -1500
    assert kinds["Tax"] > 0
    assert kinds["Purchase"] == Decimal("38.5") * 24 * 61
    covered = cost(aws, "CommitmentDiscountStatus = 'Used'")
    assert covered == kinds["Purchase"]  # the plan is used up: what is cash here is accrual there
    # 36 hours of two endpoints at 1.515 less 5 %: 72 x 1.43925
    assert cost(aws, "ChargeClass = 'Correction'") == Decimal("-103.626")
    (refund,) = ask(
        aws,
        """SELECT DISTINCT BillingPeriodStart::DATE, date_trunc('month', ChargePeriodStart)::DATE
        FROM bill WHERE ChargeClass = 'Correction'""",
    )
    assert refund == (date(2026, 10, 1), date(2026, 9, 1))
    assert cost(aws, "ServiceName = 'AWS Support'") > 0


def test_most_lines_of_the_aws_bill_are_no_ai(aws: duckdb.DuckDBPyConnection) -> None:
    ((of_ai, of_all),) = ask(
        aws,
        """SELECT count(*) FILTER (ServiceName LIKE 'Claude%' OR ServiceName LIKE '%Bedrock%'
          OR ServiceName LIKE '%SageMaker%' OR SkuPriceDetails LIKE '%"GpuCount"%'
          OR Tags['cluster'] LIKE 'gpu-%' OR Tags['user:purpose'] = 'vectors'
          OR CommitmentDiscountId IS NOT NULL), count(*) FROM bill""",
    )
    assert 0.3 < of_ai / of_all < 0.45


def test_every_registered_place_is_billed_and_some_billed_places_have_no_owner(
    project: Path, lines: list[Line]
) -> None:
    owners = ("owners/accounts.csv", "owners/projects.csv")
    registered = {row["SubAccountId"] for name in owners for row in rows_of(project / name)}
    billed = {
        line.place for line in lines if line.bill in ("aws", "openai", "anthropic", "pinecone")
    }
    assert registered < billed
    assert {
        None,
        "410000000090",
        "proj_Hackathon2026S6yH1",
        "wrkspc_01HalcyonPilotX7bM2",
        "prj-sandbox",
    } < billed - registered


def test_the_owner_files_name_only_declared_values(project: Path) -> None:
    declared = {
        key: {row["value"] for row in rows_of(project / f"owners/{name}.csv")}
        for key, name in (("team", "teams"), ("product", "products"), ("use_case", "use_cases"))
    }
    assert [len(values) for values in declared.values()] == [10, 10, 16]
    for path in sorted((project / "owners").glob("*.csv")):
        for row in rows_of(path):
            for key in declared.keys() & row.keys():
                assert row[key] in declared[key] | {""}, (path.name, row)
    teams = {row["value"]: row for row in rows_of(project / "owners/teams.csv")}
    assert teams["depots"]["successor"] == "hub-operations"
    assert teams["depots"]["valid_to"] == teams["hub-operations"]["valid_from"] == "2026-10-01"
    assert teams["labs"]["valid_to"]
    assert not teams["labs"]["successor"]


def test_an_account_changes_hands_in_the_middle_of_a_month(project: Path) -> None:
    lab = [
        r for r in rows_of(project / "owners/accounts.csv") if r["SubAccountId"] == "410000000070"
    ]
    assert [(r["team"], r["valid_from"], r["valid_to"]) for r in lab] == [
        ("routing", "", "2026-10-15"),
        ("customs", "2026-10-15", ""),
    ]


def test_the_configuration_names_files_that_exist(project: Path) -> None:
    text = (project / "everyline.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=./everyline.schema.json"
    config = yaml.safe_load(text)
    named = [config["rates"], config["invoices"], config["prices"]]
    named += [source["accounts"] for source in config["usage"] if "accounts" in source]
    named += [
        key["values"] for key in config["taxonomy"].values() if isinstance(key["values"], str)
    ]
    named += [entry["registry"] for entry in config["owners"] if "registry" in entry]
    assert [name for name in named if not (project / name).is_file()] == []
    for source in config["bills"] + config["usage"]:
        assert list(project.glob(source["path"].replace("{period}", "*").replace("{version}", "*")))


def test_the_rates_cover_both_months_of_the_second_currency(project: Path) -> None:
    rates = rows_of(project / "finance/rates.csv")
    assert [(row["period"], row["currency"]) for row in rates] == [(p, "EUR") for p in PERIODS]


def test_seats_and_labels_cost_what_their_rows_say(project: Path) -> None:
    for path in (project / "bills/github").glob("*.csv"):
        for row in rows_of(path):
            assert Decimal(row["net_amount"]) == int(row["quantity"]) * 19
    for path in (project / "bills/labelling").glob("*.csv"):
        amounts = [Decimal(row["amount"]) for row in rows_of(path)]
        assert all(amount > 0 for amount in amounts)
