"""`/use-cases` and one use case: their figures are those of the statements, summed another way."""

import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from sites import Rows, site, table
from starlette.requests import Request
from starlette.testclient import TestClient

import stated
from everyline.web.app import Site
from everyline.web.visible import Viewer
from made import run

Printed = Callable[..., Rows]

_COST = "x_EffectiveAmount"
_LAYERS = ("model", "platform", "data")
_METHODS = ("direct", "traced", "shared", "unallocated")


def _sum(rows: Iterable[dict[str, str]], column: str = _COST) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


@pytest.fixture(scope="module")
def told(odd: Path, printed: Printed) -> Callable[[str, str], Rows]:
    """Statements of `odd` of a month and currency."""

    def of(period: str, currency: str = "USD") -> Rows:
        rows = printed(odd, "statements", "--period", period)
        return [row for row in rows if row["BillingCurrency"] == currency]

    return of


def _where(rows: Rows, **wanted: str) -> Rows:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


@pytest.mark.parametrize("currency", ["USD", "JPY"])
def test_use_cases_are_those_of_the_statements(
    currency: str, odd_site: TestClient, told: Callable[[str, str], Rows]
) -> None:
    now, before = told("2026-10", currency), told("2026-09", currency)
    rows = table(odd_site, f"/use-cases?period=2026-10&currency={currency}")
    cases = {row["use_case"] for row in now} | {row["use_case"] for row in before}
    assert {row["use_case"] for row in rows} == cases
    for row in rows:
        own = _where(now, use_case=row["use_case"])
        assert Decimal(row[_COST]) == _sum(own)
        earlier = _sum(_where(before, use_case=row["use_case"]))
        assert Decimal(row["x_Change"]) == _sum(own) - earlier
        for method in _METHODS:
            assert Decimal(row[f"x_{method.capitalize()}"]) == _sum(_where(own, x_Method=method))
        assert set(json.loads(row["x_Owners"])) == {one["team"] or None for one in own}
    for row in table(odd_site, f"/use-cases?currency={currency}", "layers"):
        own = _where(now, use_case=row["use_case"])
        for layer in _LAYERS:
            assert Decimal(row[f"x_{layer.capitalize()}"]) == _sum(_where(own, x_Layer=layer))


def test_the_largest_come_first_and_cost_without_a_use_case_last(odd_site: TestClient) -> None:
    rows = table(odd_site, "/use-cases?currency=USD")
    costs = [Decimal(row[_COST]) for row in rows[:-1]]
    assert costs == sorted(costs, reverse=True)
    assert rows[-1]["use_case"] == ""
    assert "(no use_case)" in odd_site.get("/use-cases?currency=USD").text


def test_every_use_case_has_a_page_whose_tables_sum_to_it(
    odd_site: TestClient, told: Callable[[str, str], Rows]
) -> None:
    now, before = told("2026-10", "USD"), told("2026-09", "USD")
    for case in (*stated.HOSTILE, "chat", ""):
        own = _where(now, use_case=case)
        address = f"/use-cases/{quote(case, safe='')}?currency=USD"
        page = odd_site.get(address)
        assert page.status_code == 200, case
        assert stated.SCRIPT not in page.text
        assert stated.TURNED not in page.text
        assert 'onmouseover="' not in page.text
        for name in ("stack", "ways", "services", "owners"):
            assert _sum(table(odd_site, address, name)) == _sum(own), (case, name)
        first, second = table(odd_site, address, "months")
        assert Decimal(second[_COST]) == _sum(own)
        assert Decimal(first[_COST]) == _sum(_where(before, use_case=case))
        assert Decimal(second["x_Change"]) == _sum(own) - Decimal(first[_COST])
        assert Decimal(second["x_Direct"]) == _sum(_where(own, x_Method="direct"))


def test_a_page_is_narrowed_to_a_layer(
    odd_site: TestClient, told: Callable[[str, str], Rows]
) -> None:
    """Vectors, whose use case is shared out, are of the data layer."""
    now = told("2026-10", "USD")
    for case in (stated.HEBREW, ""):
        for layer in ("model", "data", "platform"):
            own = _where(now, use_case=case, x_Layer=layer)
            address = f"/use-cases/{quote(case, safe='')}?currency=USD&layer={layer}"
            for name in ("stack", "ways", "services", "owners"):
                assert _sum(table(odd_site, address, name)) == _sum(own), (case, layer, name)
    assert _sum(_where(now, x_Layer="data"))


def test_billed_cost_is_asked_for_in_the_address(
    odd_site: TestClient, told: Callable[[str, str], Rows]
) -> None:
    own = _where(told("2026-10", "USD"), use_case="chat")
    rows = table(odd_site, "/use-cases/chat?currency=USD&cost=billed", "stack")
    assert _sum(rows, "x_BilledAmount") == _sum(own, "x_BilledAmount")


def test_pages_lead_on_to_each_other_in_the_same_run(odd_site: TestClient) -> None:
    seen = odd_site.get("/use-cases?currency=USD").text
    links = {unescape(link) for link in re.findall(r'href="(/[^"]*)"', seen)}
    leading = {link for link in links if link.startswith(("/use-cases/", "/owners/"))}
    assert len(leading) > 2 * len(stated.HOSTILE)
    for link in leading:
        assert "run=" in link
        assert odd_site.get(link).status_code == 200, link
    seen = unescape(odd_site.get("/use-cases/chat?currency=USD&layer=model").text)
    assert "where=use_case%3Dchat&where=x_Layer%3Dmodel" in seen
    assert re.search(r'href="/explain\?[^"]*where=use_case%3Dchat"', seen)


def test_the_rule_stands_with_each_amount(worked_site: TestClient) -> None:
    """No line of `worked` says a service, its second key; 6 + 3 of OpenAI went by tokens used."""
    rows = table(worked_site, "/use-cases/?period=2026-10", "ways")
    said = {(row["x_Method"], row["x_Pool"]): row["rule"] for row in rows}
    assert said["direct", ""] == "Found on the line itself: a tag of the bill line."
    assert said["traced", ""] == "Split by who used it: rule openai-by-gateway, by tokens used."
    assert "of pool gpu-cluster, which is split by seconds used." in said["shared", "gpu-cluster"]
    assert said["unallocated", ""] == "use not seen"
    traced = next(row for row in rows if row["x_Method"] == "traced")
    assert Decimal(traced[_COST]) == 9
    assert "Cost by service" in worked_site.get("/use-cases").text


def _small(folder: Path, keys: str, *lines: str) -> TestClient:
    """A site over one bill; its columns are the keys' names."""
    taxonomy = "".join(f"  {key}: {{tags: [{key}]}}\n" for key in keys.split(","))
    (folder / "bills").mkdir()
    (folder / "everyline.yaml").write_text(
        f'taxonomy:\n{taxonomy}bills:\n  - {{name: b, format: table, path: "bills/*.csv",'
        " layer: model}\n"
    )
    head = f"ChargePeriodStart,BillingCurrency,BilledCost,{keys}"
    (folder / "bills/b.csv").write_text("\n".join((head, *lines)) + "\n")
    run(folder)
    web: TestClient = site(folder)
    return web


def test_without_a_second_key_it_is_the_lead_key(tmp_path: Path) -> None:
    web = _small(tmp_path, "team", "2026-10-01,USD,2,search")
    (row,) = table(web, "/use-cases")
    assert (row["team"], row[_COST], "x_Change" in row) == ("search", "2", False)
    assert web.get("/use-cases/search").status_code == 200


def test_a_second_key_stands_in_for_use_case(tmp_path: Path) -> None:
    web = _small(tmp_path, "team,product", "2026-10-01,USD,2,search,hub")
    assert table(web, "/use-cases")[0]["product"] == "hub"
    assert "where=product%3Dhub" in web.get("/use-cases/hub").text


def test_links_of_a_page_lead_back_to_it_whatever_its_name(tmp_path: Path) -> None:
    names = ("a?b", "a#b", "100%", "a/b", "a&run=x", "<i>", "x" * 200)
    lines = (f"2026-10-01,USD,2,search,{name}" for name in names)
    web = _small(tmp_path, "team,use_case", *lines)
    for name in names:
        seen = web.get(f"/use-cases/{quote(name, safe='')}")
        assert seen.status_code == 200, name
        found = re.findall(r'(?:href|action)="(/use-cases/[^"]*)"', seen.text)
        own = {unescape(link) for link in found if "as=" not in link}
        assert len(own) > 4
        for link in own:
            assert _heading(web.get(link).text) == _heading(seen.text), link


def _heading(text: str) -> list[str]:
    return re.findall("<h1>(.*?)</h1>", text)


def test_a_month_without_cost_of_it_says_so(odd_site: TestClient) -> None:
    """A name that wants to be a path has cost in both months; in JPY `chat` has none."""
    seen = odd_site.get("/use-cases/chat?currency=JPY")
    assert seen.status_code == 200
    assert "No cost of it in October 2026 in JPY." in seen.text


def test_whoever_sees_one_owner_sees_the_use_cases_of_that_owner(
    odd: Path, told: Callable[[str, str], Rows]
) -> None:
    owner = stated.HEBREW

    def who(request: Request) -> Viewer:
        return Viewer("x", frozenset({owner}))

    web = TestClient(Site(odd, who).app(), base_url="http://127.0.0.1")
    own = _where(told("2026-10", "USD"), team=owner)
    rows = table(web, "/use-cases?currency=USD")
    assert _sum(rows) == _sum(own)
    assert {row["use_case"] for row in rows} == {row["use_case"] for row in own}
    assert {row["x_Owners"] for row in rows if Decimal(row[_COST])} == {f'["{owner}"]'}
    others = {one["use_case"] for one in told("2026-10", "USD")} - {one["use_case"] for one in own}
    assert others
    for other in others:
        answer = web.get(f"/use-cases/{quote(other, safe='')}?currency=USD")
        assert answer.status_code == 404
    assert "in scope" not in web.get("/use-cases/chat?currency=USD").text.replace(
        "cost in scope", ""
    )


def test_a_part_of_a_pool_does_not_tell_what_the_others_have(worked: Path) -> None:
    def who(request: Request) -> Viewer:
        return Viewer("x", frozenset({"search"}))

    web = TestClient(Site(worked, who).app(), base_url="http://127.0.0.1")
    rows = table(web, "/use-cases/?period=2026-10", "ways")
    said = {row["x_Pool"]: row["rule"] for row in rows if row["x_Pool"]}
    assert set(said) == {"gpu-cluster", "ai-platform"}
    for pool, rule in said.items():
        assert rule.startswith(f"This is a part of pool {pool}, which is split ")


def test_what_can_not_be_is_refused(worked_site: TestClient, odd_site: TestClient) -> None:
    for address, status, sentence in (
        ("/use-cases/chta", 404, "no cost has the use_case <code>chta</code>"),
        ("/use-cases/chat?layer=modle", 400, "<code>layer</code> can&#39;t be <code>modle</code>"),
        ("/use-cases/chat?layer=none", 400, "<code>layer</code> can&#39;t be <code>none</code>"),
        ("/use-cases?layer=model", 400, "this page takes no <code>layer</code>"),
    ):
        answer = odd_site.get(address)
        assert answer.status_code == status, address
        assert sentence in answer.text
