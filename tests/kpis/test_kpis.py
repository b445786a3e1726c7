"""KPIs: each figure by hand, from one small project."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from everyline.cli import main
from everyline.kpis.library import OF_COST, OF_USAGE, UNANSWERED, Definition, Kpi

YAML = """\
organisation: Acme
currency: USD
invoices: invoices.csv
taxonomy:
  team: {required: true, tags: [team], values: [search, support]}
  use_case: {tags: [use_case], values: [find, chat]}
bills:
  - {name: bill, format: table, path: "bills/*.csv",
     set: {InvoiceIssuerName: Acme Clouds, ServiceProviderName: Acme, BillingCurrency: USD}}
usage:
  - {name: gateway, format: table, path: "usage/*.csv", set: {ServiceProviderName: Acme}}
layers:
  - {when: {ServiceName: API}, layer: model}
  - {when: {ServiceName: Cluster}, layer: platform}
  - {when: {ServiceName: [Watch, Tax, Labels]}, layer: data}
chargeback: {journal: {accounts: accounts.csv, clearing: "6400", format: netsuite}}
pools:
  - pool: watch
    charges: {ServiceName: Watch}
    split: [{by: even, over: [team]}]
  - pool: labels
    charges: {ServiceName: Labels}
    split: [{by: fixed, over: [team], shares: {search: 75, support: 25}}]
  - pool: cluster
    charges: {ServiceName: Cluster}
    split: [{by: usage, usage: {x_Meter: gpu_seconds}}]
"""
BILL = """\
ServiceName,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,InvoiceId,BilledCost,x_Model,x_Meter,\
team,use_case
API,Usage,2026-10-01,2026-11-01,A-1,60,large,input_tokens,search,find
API,Usage,2026-10-01,2026-11-01,A-1,10,large,cached_input_tokens,search,find
API,Usage,2026-10-01,2026-11-01,A-1,30,large,output_tokens,serach,
API,Usage,2026-10-01,2026-11-01,A-1,20,,,,
API,Credit,2026-10-01,2026-11-01,A-1,-5,,,search,chat
Tax,Tax,2026-10-01,2026-11-01,A-1,5,,,,
Watch,Usage,2026-10-01,2026-11-01,A-2,40,,,,
Labels,Usage,2026-10-01,2026-11-01,A-2,20,,,,
Cluster,Usage,2026-10-01,2026-11-01,A-2,20,,,,
Shop,Usage,2026-10-01,2026-11-01,A-2,1000,,,,
"""
USAGE = """\
hour,x_Model,x_Meter,x_Unit,x_Quantity,x_RequestCount
2026-10-02T10:00:00Z,large,requests,requests,45,50
2026-10-02T10:00:00Z,large,input_tokens,tokens,600,0
2026-10-02T10:00:00Z,large,cached_input_tokens,tokens,300,0
2026-10-02T10:00:00Z,large,cache_write_tokens,tokens,100,0
2026-10-02T10:00:00Z,large,output_tokens,tokens,999,0
2026-10-02T10:00:00Z,,seats,seats,30,0
2026-10-02T10:00:00Z,,seats_capacity,seats,40,0
"""
INVOICES = """\
InvoiceIssuerName,InvoiceId,period,BillingCurrency,amount
Acme Clouds,A-1,2026-10,USD,120
Acme Clouds,A-2,2026-10,USD,1080
Acme Clouds,A-3,2026-10,USD,50
"""
ACCOUNTS = """\
team,legal_entity,cost_centre,account_model,account_platform,account_data
search,Acme Inc.,100,6410,6420,6430
support,Acme Inc.,200,6410,6420,6430
"""
Call = Callable[..., str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    files = {
        "everyline.yaml": YAML,
        "bills/october.csv": BILL,
        "usage/october.csv": USAGE,
        "invoices.csv": INVOICES,
        "accounts.csv": ACCOUNTS,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    assert main(["run", "--project", str(folder)]) == 0
    return folder


@pytest.fixture
def call(project: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    def said(*arguments: str, code: int = 0) -> str:
        assert main([*arguments, "--project", str(project)]) == code
        return capfdbinary.readouterr().out.decode()

    return said


def rows(text: str) -> dict[str, dict[str, str]]:
    return {row["x_Kpi"]: row for row in csv.DictReader(io.StringIO(text))}


# In scope: 60 + 10 + 30 + 20 - 5 + 5 + 40 + 20 + 20 = 200. Eligible: all but the credit and tax.
EXPECTED = {
    # search 70 - 5; `serach` is no team, so 30, 20, the tax and the cluster have none.
    "Allocation Accuracy Index": ("65", "200", "32.5"),
    "Percentage of Costs Unallocated": ("75", "200", "37.5"),
    "Percentage of Costs Untagged": ("100", "200", "50"),
    "Percentage of Costs Tag Policy Compliant": ("70", "200", "35"),
    "Percentage of Costs with Allocation Metadata": ("100", "200", "50"),
    # Nobody used the cluster.
    "Percentage of Unallocated Shared Cost": ("20", "80", "25"),
    "Usage or Spend Apportionment Validation": ("60", "60", "100"),
    "Fixed Percentage Apportionment Validation": ("20", "20", "100"),
    # The bill has 120 and 1,080, scope none too; of A-3 it has nothing.
    "Percentage of Normalized Queryable Data": ("1200", "1250", "96"),
    "Cost per API Call": ("115", "50", "2.3"),
    "Cost per Inference": ("135", "45", "3"),
    "Token Consumption, input": ("70", "100", "70"),
    "Token Consumption, output": ("30", "100", "30"),
    "Total Cost of Ownership per Workload": ("200", "2", "100"),
    "Cache Hit Rate": ("300", "1000", "30"),
    "License Utilisation Rate": ("30", "40", "75"),
}


def test_each_kpi_is_its_two_figures(call: Call) -> None:
    found = rows(call("kpis", "--as", "csv"))
    given = ("x_Numerator", "x_Denominator", "x_Value")
    assert {n: tuple(r[c] for c in given) for n, r in found.items() if r["x_Value"]} == EXPECTED


def test_what_has_no_value_says_what_is_missing(call: Call) -> None:
    found = rows(call("kpis", "--as", "csv"))
    assert {one.name for one in (*OF_COST, *OF_USAGE)} | UNANSWERED.keys() == found.keys()
    assert {name for name, row in found.items() if row["x_Missing"]} == found.keys() - EXPECTED
    assert all(bool(row["x_Value"]) != bool(row["x_Missing"]) for row in found.values())


def test_json_is_the_same(call: Call) -> None:
    found = json.loads(call("kpis", "--period", "2026-10", "--as", "json"))
    assert {one["x_Kpi"]: one["x_Value"] for one in found if one["x_Value"]} == {
        name: value for name, (*_, value) in EXPECTED.items()
    }


def test_the_table_fits_and_lists_what_is_missing(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = call("kpis").splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["2026-10,", "USD", "value", "numerator", "denominator"]
    assert lines[2].split()[-4:] == ["32.50", "%", "65.00", "200.00"]
    assert "Cost per Thought: which calls make one end-to-end request" in lines


def test_a_month_without_cost_is_said(call: Call) -> None:
    assert call("kpis", "--period", "2025-01", code=1) == ""


def test_books_answer_two_more(
    project: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Of 200 USD the teams own 65, 40 of the watch and 20 of the labels; 10 are found out later."""
    variance, recharged = (
        "Variance of Chargeback Estimate vs Actual",
        "General Ledger Recharge Rate",
    )
    folder = tmp_path / "acme"
    shutil.copytree(project, folder)

    def call(*arguments: str) -> str:
        assert main([*arguments, "--project", str(folder)]) == 0
        return capfdbinary.readouterr().out.decode()

    call("close", "2026-10", "--by", "Ann")
    found = rows(call("kpis", "--as", "csv"))
    assert _three(found[recharged]) == ("125", "200", "62.5")
    assert _three(found[variance]) == ("0", "200", "0")
    header = BILL.partition("\n")[0]
    late = f"{header}\nAPI,Usage,2026-10-01,2026-11-01,A-1,10,,,support,chat\n"
    late += "API,Usage,2026-11-01,2026-12-01,A-4,1,,,support,chat\n"
    (folder / "bills/november.csv").write_text(late, encoding="utf-8")
    call("run")
    call("close", "2026-11", "--by", "Ann")
    found = rows(call("kpis", "--period", "2026-10", "--as", "csv"))
    assert _three(found[variance]) == ("10", "200", "5")
    assert _three(found[recharged]) == ("125", "200", "62.5")
    # November booked its own 1 and the 10 of October, all of it owned.
    found = rows(call("kpis", "--period", "2026-11", "--as", "csv"))
    assert _three(found[recharged]) == ("11", "11", "100")


def _three(row: dict[str, str]) -> tuple[str, str, str]:
    return row["x_Numerator"], row["x_Denominator"], row["x_Value"]


def test_a_share_of_nothing_is_no_value() -> None:
    definition = Definition("A", "a / b x 100", "a", "b", "%", "some b")
    for numerator, denominator in ((1, 0), (0, 0), (None, 1), (1, None)):
        sides = [None if each is None else Decimal(each) for each in (numerator, denominator)]
        one = Kpi("2026-10", "USD", definition, *sides)
        assert (one.value, one.missing) == (None, "some b")
