"""`/problems`: those of the run, as `everyline problems` prints them."""

from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from sites import Rows, site, table
from starlette.testclient import TestClient

from everyline.answers.meanings import meaning
from made import run

_HOSTILE = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months with values that are not declared, one of which wants to be code."""
    folder = tmp_path_factory.mktemp("odd-values")
    (folder / "bills").mkdir()
    rows = "".join(
        f"Amazon Bedrock,{month}-01,USD,{cost},{team}\n"
        for month, cost, team in (
            ("2026-09", "1.50", "serach"),
            ("2026-10", "2.25", "serach"),
            ("2026-10", "9.75", _HOSTILE),
            ("2026-10", "4", "search"),
        )
    )
    head = "ServiceName,ChargePeriodStart,BillingCurrency,BilledCost,team\n"
    (folder / "bills" / "bill.csv").write_text(head + rows)
    (folder / "everyline.yaml").write_text(
        "taxonomy: {team: {tags: [team], values: [search]}}\n"
        'bills: [{name: bill, format: table, path: "bills/*.csv", layer: model}]\n'
    )
    run(folder)
    return folder


@pytest.fixture(scope="module")
def pages(project: Path) -> TestClient:
    return site(project)


def test_the_table_has_the_problems_of_the_month_and_of_none(
    project: Path, pages: TestClient, printed: Callable[..., Rows]
) -> None:
    every = printed(project, "problems")
    for period in ("2026-09", "2026-10"):
        wanted = [row for row in every if row["x_Period"] in ("", period)]
        found = table(pages, f"/problems?period={period}", "problems")
        names = ("x_Problem", "level", "sentence", "EffectiveCost", "x_LineCount")
        assert sorted([row[n] for n in names] for row in found) == sorted(
            [row[n] for n in names] for row in wanted
        )
    rows = table(pages, "/problems", "problems")
    costs = [row["EffectiveCost"] for row in rows if row["x_Problem"] == "undeclared-value"]
    assert costs == ["9.75", "2.25"]  # the largest first


def test_kinds_sum_what_they_touch(pages: TestClient) -> None:
    (found,) = (row for row in table(pages, "/problems") if row["x_Problem"] == "undeclared-value")
    assert (found["count"], found["EffectiveCost"], found["x_LineCount"]) == ("2", "12", "2")
    assert found["meaning"] == meaning("undeclared-value") != ""


def test_names_of_others_markup_is_text(pages: TestClient) -> None:
    page = pages.get("/problems").text
    assert _HOSTILE not in page
    assert _HOSTILE in unescape(page)


def test_each_kind_has_a_page_with_what_it_means(pages: TestClient) -> None:
    page = pages.get("/problems/undeclared-value")
    assert page.status_code == 200
    assert meaning("undeclared-value").split("`")[0][:30] in unescape(page.text)
    assert "2026-09, 1" in page.text
    assert 'href="/problems/undeclared-value?' in pages.get("/problems").text


def test_filters_keep_some_and_say_what_is_unknown(pages: TestClient) -> None:
    for query, many in (("level=warn", 2), ("level=stop", 0), ("problem=undeclared-value", 2)):
        found = table(pages, f"/problems?{query}", "problems")
        assert len([row for row in found if row["x_Problem"] == "undeclared-value"]) == many
    assert "No problems in this month" in pages.get("/problems?level=stop").text
    for query, status in (("level=bad", 400), ("problem=nope", 400)):
        refused = pages.get(f"/problems?{query}")
        assert (refused.status_code == status and "nope" in query) or "can&#39;t be" in refused.text
    assert pages.get("/problems/nope").status_code == 404
