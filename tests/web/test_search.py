"""`/search`: what is found under a word, and where it leads."""

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sites import Rows, table
from starlette.testclient import TestClient

import stated


def _address(word: str) -> str:
    return f"/search?{urlencode({'q': word, 'period': '2026-10'})}"


def test_owners_services_models_and_pools_are_found(worked_site: TestClient) -> None:
    def found(word: str) -> set[tuple[str, str]]:
        rows = table(worked_site, _address(word))
        return {(row["kind"], row["name"]) for row in rows}

    assert ("team", "search") in found("SEAR")
    assert found("GPU") == {("service", "GPU cluster"), ("pool", "gpu-cluster")}
    assert ("model", "gpt-4o") in found("gpt")
    assert found("platform") == {("pool", "ai-platform")}  # it passes on all that it has


def test_costs_are_those_of_the_statements(
    worked: Path, worked_site: TestClient, printed: Callable[..., Rows]
) -> None:
    rows = printed(worked, "statements", "--period", "2026-10", "--where", "team=search")
    wanted = sum(Decimal(row["x_EffectiveAmount"]) for row in rows)
    (found,) = (row for row in table(worked_site, _address("search")) if row["kind"] == "team")
    assert Decimal(found["x_EffectiveAmount"]) == wanted


@pytest.mark.parametrize("word", ["search", "gpu", "gpt-4o", "Bedrock"])
def test_every_result_leads_somewhere(worked_site: TestClient, word: str) -> None:
    page = worked_site.get(_address(word)).text
    body = page[page.index('id="t-found"') :]
    links = [unescape(one) for one in re.findall(r'<td><a href="([^"]*)"', body)]
    assert links
    for link in links:
        assert worked_site.get(link).status_code == 200, link


def test_the_beginning_of_an_id_leads_to_the_line(
    worked: Path, worked_site: TestClient, printed: Callable[..., Rows]
) -> None:
    charge = printed(worked, "charges")[0]["x_ChargeId"]
    page = worked_site.get(_address(charge[:10])).text
    (link,) = re.findall(r'<a href="(/explain/[^"]*)"', page)
    assert charge in worked_site.get(unescape(link)).text


@pytest.mark.parametrize("word", ["", "nothing-is-called-so", "%", "_", "' OR 1 --", "<b>x"])
def test_nothing_found_says_so(worked_site: TestClient, word: str) -> None:
    page = worked_site.get(_address(word))
    assert page.status_code == 200
    assert "<b>x" not in page.text
    says = "Nothing that the run has is called" if word else "Write a part of a name"
    assert says in page.text


def test_a_word_that_is_too_long_is_said(worked_site: TestClient) -> None:
    assert worked_site.get(_address("x" * 201)).status_code == 400


@pytest.mark.parametrize("name", stated.HOSTILE)
def test_hostile_names_are_found_and_shown_as_text(odd_site: TestClient, name: str) -> None:
    page = odd_site.get(f"/search?{urlencode({'q': name})}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    rows = table(odd_site, f"/search?{urlencode({'q': name})}")
    assert name in {row["name"] for row in rows if row["kind"] == "team"}


def test_every_page_has_the_box(worked_site: TestClient) -> None:
    for address in ("/", "/owners", "/nowhere"):
        assert 'action="/search"' in worked_site.get(address).text
