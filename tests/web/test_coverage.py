"""`/coverage`: its figures are those of the relations by R22, worked out here another way."""

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from sites import Rows, site, table
from starlette.requests import Request
from starlette.testclient import TestClient

from everyline.web.app import Site
from everyline.web.visible import Viewer
from made import run

Printed = Callable[..., Rows]

_DIRECT = {"tag", "registry", "rule", "implied", "traced"}
_COUNTS: dict[str, Callable[[dict[str, str]], bool]] = {
    "tagged": lambda row: row["x_Tag"] == "declared",
    "focus": lambda row: row["x_Tag"] != "missing",
    "direct": lambda row: row["x_Evidence"] in _DIRECT,
    "allocated": lambda row: row["x_Evidence"] in _DIRECT | {"shared", "rest"},
}
_GAPS_YAML = """\
taxonomy:
  team: {required: true, tags: [team], values: [search]}
bills:
  - {name: bill, format: table, path: "bills/*.csv", layer: model}
targets: {tag_coverage: {team: 0.8}, unallocated: 0.05}
"""
_GAPS_BILL = '''\
ChargePeriodStart,ChargePeriodEnd,BillingCurrency,BilledCost,ChargeCategory,ServiceName,team
2026-08-01,2026-08-02,USD,3,Usage,"A <b> & ""c""",search
2026-08-01,2026-08-02,USD,1,Usage,"A <b> & ""c""",
2026-09-01,2026-09-02,USD,7,Tax,,
2026-10-01,2026-10-02,USD,2,Usage,,search
2026-10-01,2026-10-02,USD,4,Usage,Plain,serach
2026-10-01,2026-10-02,EUR,9,Usage,Plain,search
2026-10-01,2026-10-02,USD,-5,Credit,Plain,
'''


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """August 3 of 4 tagged, September nothing but tax, October 2 of 6, of which 4 are misspelt."""
    folder = tmp_path_factory.mktemp("gaps")
    (folder / "bills").mkdir()
    (folder / "everyline.yaml").write_text(_GAPS_YAML, encoding="utf-8")
    (folder / "bills/bill.csv").write_text(_GAPS_BILL, encoding="utf-8")
    run(folder)
    web: TestClient = site(folder)
    return web


def _sum(rows: Rows, counts: Callable[[dict[str, str]], bool] = lambda row: True) -> Decimal:
    return sum((Decimal(row["x_CoverageCost"]) for row in rows if counts(row)), Decimal(0))


def _ratio(part: Decimal, whole: Decimal) -> str:
    exact = Fraction(Fraction(part), Fraction(whole)) * 10**6
    return str(Decimal(round(exact)).scaleb(-6))


@pytest.mark.parametrize("project", ["worked", "odd"])
def test_all_keys_and_layers_are_those_of_the_relation(
    project: str, request: pytest.FixtureRequest, printed: Printed
) -> None:
    folder, web = request.getfixturevalue(project), request.getfixturevalue(f"{project}_site")
    told = printed(folder, "coverage", "--period", "2026-10", "--where", "BillingCurrency=USD")
    told = [row for row in told if row["x_Eligible"] == "true"]
    found = table(web, "/coverage?currency=USD", "keys")
    assert {row["x_Key"] for row in found} == {row["x_Key"] for row in told}
    for row in found:
        of_key = [one for one in told if one["x_Key"] == row["x_Key"]]
        rows = [one for one in of_key if row["x_Layer"] in ("", one["x_Layer"])]
        assert Decimal(row["x_Eligible"]) == _sum(rows)
        for name, counts in _COUNTS.items():
            assert row[f"x_{name.capitalize()}"] == _ratio(_sum(rows, counts), _sum(rows)), row


def test_a_month_is_a_row_and_a_change_is_in_points(worked_site: TestClient) -> None:
    """October: of 10 + 30 + 100 + 20, the bill tags 30 and 20; September: 20 of 20."""
    first, second = table(worked_site, "/coverage")
    assert (first["x_Period"], first["x_Covered"], first["x_Ratio"]) == (
        "2026-09",
        "20",
        "1.000000",
    )
    assert second["x_Eligible"] == "160"
    assert (second["x_Covered"], second["x_Rest"]) == ("50", "110")
    assert (second["x_Ratio"], second["x_Change"]) == ("0.312500", "-0.687500")
    seen = worked_site.get("/coverage").text
    assert "31.2 %" in seen
    assert "\N{MINUS SIGN}68.8 points since September 2026" in seen


def test_measures_are_chosen_in_the_address(worked_site: TestClient) -> None:
    """Known of the line itself: Bedrock 30, and 9 of OpenAI that the gateway saw."""
    row = table(worked_site, "/coverage?by=direct&period=2026-10")[1]
    assert (Decimal(row["x_Covered"]), row["x_Ratio"]) == (Decimal(39), "0.243750")
    row = table(worked_site, "/coverage?by=allocated")[1]
    assert row["x_Ratio"].startswith("0.833")
    (row,) = [r for r in table(worked_site, "/coverage?key=service") if r["x_Period"] == "2026-10"]
    assert (row["x_Covered"], row["x_Ratio"]) == ("0", "0.000000")


def test_services_hold_the_rest_and_sum_to_it(worked_site: TestClient) -> None:
    rows = table(worked_site, "/coverage", "services")
    assert [(row["ServiceName"], int(row["x_Rest"])) for row in rows] == [
        ("GPU cluster", 100),
        ("OpenAI API", 10),
        ("Amazon Bedrock", 0),
        ("Observability", 0),
    ]
    assert [row["x_RestShare"] for row in rows] == ["1.000000"] * 2 + ["0.000000"] * 2
    nobodys = {row["ServiceName"]: Decimal(row["x_Unowned"]) for row in rows}
    assert nobodys["OpenAI API"] == 1  # 100,000 of 1,000,000 tokens were not seen
    assert round(sum(nobodys.values()), 2) == Decimal("26.71")


def test_a_month_without_what_can_be_tagged_is_a_gap(gaps: TestClient) -> None:
    rows = table(gaps, "/coverage?period=2026-10&currency=USD")
    found = [(row["x_Period"], row["x_Eligible"], row["x_Ratio"], row["x_Change"]) for row in rows]
    assert found == [
        ("2026-08", "4", "0.750000", ""),
        ("2026-09", "0", "", ""),
        ("2026-10", "6", "0.333333", ""),
    ]
    rows = table(gaps, "/coverage?currency=EUR")
    assert [row["x_Ratio"] for row in rows] == ["", "", "1.000000"]
    seen = gaps.get("/coverage?period=2026-09&currency=USD")
    assert seen.status_code == 200
    assert ">–</span>" in seen.text
    assert "Nothing of this month and currency can be tagged." in seen.text


def test_the_target_is_there_for_tags_and_for_what_is_nobodys(gaps: TestClient) -> None:
    """2 of 6 is 33.3 %; without a team are 4 of the 6 that are not below nothing."""
    seen = gaps.get("/coverage?currency=USD").text
    assert "Target 80 %, 46.7 points to go" in seen
    assert '<strong class="bad">66.7 %</strong>, at most 5 % wanted' in seen
    assert "x_Target" in table(gaps, "/coverage?currency=USD")[0]
    assert "x_Target" not in table(gaps, "/coverage?currency=USD&by=direct")[0]


def test_a_tag_that_says_nothing_declared_counts_for_focus_only(gaps: TestClient) -> None:
    for by, rest, share in (("tagged", "4", "1.000000"), ("focus", "0", "0.000000")):
        rows = table(gaps, f"/coverage?currency=USD&by={by}", "services")
        plain = next(row for row in rows if row["ServiceName"] == "Plain")
        assert (plain["x_Rest"], plain["x_RestShare"], plain["x_Unowned"]) == (rest, share, "4")
    seen = gaps.get("/coverage?currency=USD&by=focus").text
    assert "FOCUS&#39;s own measure" in seen


def test_names_of_services_are_text(gaps: TestClient) -> None:
    seen = gaps.get("/coverage?period=2026-08&currency=USD").text
    assert "<b>" not in seen
    assert "A &lt;b&gt; &amp; &#34;c&#34;" in seen
    assert "(no service)" in gaps.get("/coverage?currency=USD").text


def test_whoever_sees_one_owner_gets_the_coverage_of_that_owner(
    worked: Path, printed: Printed
) -> None:
    def who(request: Request) -> Viewer:
        return Viewer("x", frozenset({"search"}))

    web = TestClient(Site(worked, who).app(), base_url="http://127.0.0.1")
    told = printed(worked, "allocations", "--where", "team=search", "--period", "2026-10")
    row = table(web, "/coverage")[1]
    assert Decimal(row["x_Eligible"]) == _sum(told)
    tagged = _sum(told, lambda one: one["team_tag"] == "declared")
    assert Decimal(row["x_Covered"]) == tagged
    assert row["x_Ratio"] == _ratio(tagged, _sum(told))
    seen = web.get("/coverage?period=2026-10").text
    shown = re.sub(r"<[^>]+>", " ", seen)
    for hidden in ("26.71", "160", "/worklist", "support", "wanted"):
        assert hidden not in shown, hidden


def test_what_can_not_be_is_refused(worked_site: TestClient) -> None:
    for address, sentence in {
        "/coverage?key=tema": "<code>key</code> can&#39;t be <code>tema</code>",
        "/coverage?by=owned": "<code>by</code> can&#39;t be <code>owned</code>",
        "/coverage?layer=model": "this page takes no <code>layer</code>",
    }.items():
        answer = worked_site.get(address)
        assert answer.status_code == 400, address
        assert sentence in answer.text
