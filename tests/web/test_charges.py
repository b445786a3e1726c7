"""`/charges`: lines compared with `everyline charges` and `everyline allocations`."""

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from marked import MINE
from marked import write as marked_project
from sites import Rows, site, table
from starlette.testclient import TestClient

import stated
from everyline import runs
from everyline.web import derived
from everyline.web.app import Site
from everyline.web.visible import Viewer

_NANO = Decimal("1e-18")


def _address(*conditions: str, **more: str) -> str:
    return "/charges?" + urlencode([*(("where", one) for one in conditions), *more.items()])


@pytest.fixture(scope="module")
def lines(worked: Path, printed: Callable[..., Rows]) -> Rows:
    return printed(worked, "charges", "--period", "2026-10")


def test_all_lines_of_a_month_are_those_that_the_command_prints(
    worked_site: TestClient, lines: Rows
) -> None:
    found = table(worked_site, "/charges")
    assert [row["EffectiveCost"] for row in found] == ["100", "30", "20", "10"]  # largest first
    wanted = {row["x_ChargeId"]: row["EffectiveCost"] for row in lines}
    assert {row["x_ChargeId"]: row["EffectiveCost"] for row in found} == wanted


def test_the_parts_of_lines_sum_to_every_figure_of_the_allocations(
    worked: Path, worked_site: TestClient, printed: Callable[..., Rows]
) -> None:
    sums: dict[tuple[str, str, str], Decimal] = {}
    for row in printed(worked, "allocations", "--period", "2026-10"):
        at = (row["team"], row["x_Method"], row["x_Pool"])
        sums[at] = sums.get(at, Decimal(0)) + Decimal(row["EffectiveCost"])
    assert len(sums) > 6
    for (team, method, pool), cost in sums.items():
        asked = _address(f"team={team}", f"x_Method={method}", f"x_Pool={pool}")
        found = table(worked_site, asked)
        parts = [Decimal(row.get("x_Part", row["EffectiveCost"])) for row in found]
        assert abs(sum(parts) - cost) <= _NANO * len(parts), (team, method, pool)


def test_a_page_says_what_is_meant_of_the_whole_lines(worked_site: TestClient) -> None:
    """Of the cluster's 100.00 search used 30 of 120 seconds, and ai-platform 10, of 40 parts 36."""
    asked = _address("team=search", "ServiceName=GPU cluster", "x_Pool=gpu-cluster")
    page = worked_site.get(asked)
    assert page.status_code == 200
    assert re.findall(r'class="kpi">([^<]*)<', page.text) == ["100.00", "32.50"]


def test_a_key_may_be_a_name_of_its_own_and_an_empty_value_is_none(
    worked_site: TestClient,
) -> None:
    assert table(worked_site, "/charges?team=search&x_Method=direct") == table(
        worked_site, _address("team=search", "x_Method=direct")
    )
    found = table(worked_site, _address("team=", "x_Method=unallocated", "ServiceName=OpenAI API"))
    assert [row["x_Part"] for row in found] == ["1"]  # 100,000 of 1,000,000 tokens were not seen


def test_values_of_one_column_are_alternatives(worked_site: TestClient) -> None:
    found = table(worked_site, _address("ServiceName=OpenAI API", "ServiceName=Amazon Bedrock"))
    assert {row["ServiceName"] for row in found} == {"OpenAI API", "Amazon Bedrock"}


def test_the_billed_cost_is_asked_for_by_its_name(worked_site: TestClient) -> None:
    found = table(worked_site, _address(cost="billed"))
    assert [row["BilledCost"] for row in found] == ["100", "30", "20", "10"]


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        (_address("team"), 400, "has no second `=`"),
        (_address("Nothing=1"), 400, "bill lines have no column `Nothing`"),
        (_address(page="0"), 400, "`page` can't be `0`"),
        (_address(page="99"), 400, "there is no page 99"),
        (_address(page="²"), 400, "`page` can't be"),
        ("/charges?page=1&page=2", 400, "given twice"),
        ("/charges?nope=1", 400, "this page takes no `nope`"),
    ],
)
def test_what_cannot_be_is_said(
    worked_site: TestClient, address: str, status: int, says: str
) -> None:
    found = worked_site.get(address)
    text = re.sub("</?code>", "`", unescape(found.text))
    assert (found.status_code, says in text) == (status, True), text


@pytest.mark.parametrize("name", [*stated.HOSTILE, "' OR true --", "%"])
def test_hostile_names_find_their_own_lines(
    odd: Path, odd_site: TestClient, printed: Callable[..., Rows], name: str
) -> None:
    period = max(row["x_Period"] for row in printed(odd, "groups"))
    words = ("allocations", "--where", f"team={name}", "--period", period)
    wanted = {row["BillingCurrency"] for row in printed(odd, *words)}
    answer = odd_site.get(f"/charges?where=team%3D{quote(name)}&period={period}")
    assert answer.status_code == 200
    assert stated.SCRIPT not in answer.text
    found = table(odd_site, f"/charges?where=team%3D{quote(name)}&period={period}&currency=USD")
    assert bool(found) == ("USD" in wanted)


def test_pages_are_of_fifty_lines_and_their_total_is_of_all(tmp_path: Path) -> None:
    head = "ServiceName,ChargePeriodStart,BillingCurrency,BilledCost,team\n"
    rows = "".join(f"Amazon Bedrock,2026-10-{n % 28 + 1:02},USD,0.{n:03},a\n" for n in range(120))
    project = _project(tmp_path, head + rows)
    first, last = project.get("/charges"), project.get("/charges?page=3")
    assert "Lines 1 to 50 of 120" in first.text
    assert "Lines 101 to 120 of 120" in last.text
    assert first.text.count('scope="row"') == 51
    assert last.text.count('scope="row"') == 21
    for page in (first, last):  # 0.000 + 0.001 + ... + 0.119
        assert "exactly 7.14<" in page.text
    assert len(table(project, "/charges")) == 120


def test_lines_of_a_large_run_are_the_same_from_files_of_its_months_and_from_its_bills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two lines a file is made: two months have two, and the last, of equal lines, has three."""
    head = "ServiceName,ChargePeriodStart,BillingCurrency,BilledCost,team\n"
    days = ("2026-08-01", "2026-08-31", "2026-09-01", "2026-09-01", *["2026-10-01"] * 3)
    rows = "".join(f"Amazon Bedrock,{day},USD,1.5,a\n" for day in days)
    project = _project(tmp_path, head + rows)
    months = [f"/charges?period={month}" for month in ("2026-08", "2026-09", "2026-10")]
    found = [table(project, month) for month in months]
    assert [len(lines) for lines in found] == [2, 2, 3]
    pages = [f"/explain/{lines[-1]['x_ChargeId']}" for lines in found]
    told = [table(project, page, "fields") for page in pages]
    monkeypatch.setattr("everyline.web.month.LINES_MAX", 2)
    monkeypatch.setattr("everyline.web.line_file._OF_MONTH_MAX", 2)
    kept = tmp_path / runs.FOLDER / "cache" / "numbered_lines"
    derived.forget()
    large = site(tmp_path)
    assert [table(large, month) for month in months] == found
    assert sorted(one.name[64:] for one in kept.iterdir()) == ["-2026-08", "-2026-09"]
    assert [table(large, page, "fields") for page in pages] == told  # from the bills
    monkeypatch.setattr("everyline.web.line_file._OF_MONTH_MAX", 3)
    for page, month in zip(pages, months, strict=True):
        for address in (page, f"{page}?period={month[-7:]}", f"{page[:-50]}?period=2026-10"):
            assert table(large, address, "fields") in told
    assert len(list(kept.iterdir())) == 3


@pytest.mark.parametrize(
    "conditions",
    [
        (),
        ("team=search",),
        ("team=",),
        ("x_Pool=gpu-cluster", "team=search"),
        ("x_Method=traced",),
        ("ServiceName=OpenAI API", "ServiceName=Amazon Bedrock"),
        ("team=search", "ConsumedUnit=tokens"),
        ("team=search", "x_GroupId="),
    ],
)
def test_lines_are_found_in_files_of_a_month_as_in_the_whole_run(
    worked: Path,
    worked_site: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    conditions: tuple[str, ...],
) -> None:
    """A page, which reads its own lines alone, and a file."""
    address = _address(*conditions, period="2026-10")
    cards = r'class="kpi">([^<]*)<'
    found = table(worked_site, address), re.findall(cards, worked_site.get(address).text)
    monkeypatch.setattr("everyline.web.month.LINES_MAX", 0)
    large = site(worked)
    assert (table(large, address), re.findall(cards, large.get(address).text)) == found
    kept = worked / runs.FOLDER / "cache"
    names = ("groups", "allocations", "lines")
    assert [len(list(kept.glob(f"numbered_{name}/*"))) for name in names] == [1, 1, 1]


def test_where_bills_have_changed_groups_stand_in_place_of_lines(tmp_path: Path) -> None:
    bill = "ServiceName,ChargePeriodStart,BillingCurrency,BilledCost,team\n"
    project = _project(tmp_path, bill + "Amazon Bedrock,2026-10-01,USD,4.25,a\n")
    (tmp_path / "bills" / "bill.csv").write_text(bill + "Amazon Bedrock,2026-10-01,USD,9,a\n")
    page = project.get("/charges?where=team%3Da")
    assert page.status_code == 200
    assert "have changed since" in page.text
    assert "4.25" in page.text
    found = table(project, "/charges?where=team%3Da", "groups")
    assert [(row["x_LineCount"], row["EffectiveCost"]) for row in found] == [("1", "4.25")]
    refused = project.get("/charges?where=ChargeDescription%3Dx")
    assert refused.status_code == 409


def test_lines_that_were_shown_once_are_shown_again_whatever_becomes_of_the_bill(
    tmp_path: Path,
) -> None:
    bill = "ServiceName,ChargePeriodStart,BillingCurrency,BilledCost,team\n"
    project = _project(tmp_path, bill + "Amazon Bedrock,2026-10-01,USD,4.25,a\n")
    first = table(project, "/charges")
    (tmp_path / "bills" / "bill.csv").write_text(bill + "Amazon Bedrock,2026-10-01,USD,9,a\n")
    (kept,) = (tmp_path / ".everyline" / "cache" / "lines").iterdir()
    assert table(TestClient(Site(tmp_path).app()), "/charges?where=team%3Da") == first
    for name in ("facts", "table.parquet"):
        kept.joinpath(name).write_bytes(b"damaged")
    derived.forget()
    assert "have changed since" in project.get("/charges?where=ServiceName%3DAmazon+Bedrock").text


def test_who_sees_some_owners_sees_lines_that_are_wholly_theirs(tmp_path: Path) -> None:
    marked_project(tmp_path)
    kate = TestClient(Site(tmp_path, lambda request: Viewer("kate", frozenset((MINE,)))).app())
    found = table(kate, "/charges")
    assert {row["EffectiveCost"] for row in found} == {"1003.07", "507.19"} | {
        row["EffectiveCost"] for row in found if row["ServiceName"] == "Commons"
    }
    parts = table(kate, "/charges", "parts")
    assert {row["ServiceName"] for row in parts} == {"Model", "Commons"}
    assert "x_Part" not in found[0]


def _project(folder: Path, bill: str) -> TestClient:
    from made import run

    (folder / "bills").mkdir()
    (folder / "bills" / "bill.csv").write_text(bill)
    (folder / "everyline.yaml").write_text(
        "taxonomy: {team: {tags: [team]}}\n"
        'bills: [{name: bill, format: table, path: "bills/*.csv", layer: model}]\n'
    )
    run(folder)
    return site(folder)
