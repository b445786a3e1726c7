"""Names that are steps or signs in an address: each has its page, for browsers and in files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
import states
from hypothesis import given
from hypothesis import strategies as st
from served import listening, running

from browser import opened
from everyline.cli import main
from everyline.web.app import Site
from everyline.web.asked import at, value_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STEPS = (".", "..", "/.", "//..", "%2e", "a/../b", "..\\a", "?q#x")
_STEP = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
"""Segments that browsers take for steps: https://url.spec.whatwg.org/#double-dot-path-segment."""


@pytest.fixture(scope="module")
def stepping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose teams and use cases have such names."""
    lines = [states.line("5", team=name, use_case=name) for name in STEPS]
    return states.ran(tmp_path_factory.mktemp("steps"), openai=lines)


@pytest.fixture(scope="module")
def base(stepping: Path) -> Iterator[str]:
    listened, address = listening()
    with running(Site(stepping).app(), listened):
        yield address


@given(st.one_of(st.text(), st.text("/.%2eE\\")))
def test_an_address_means_the_value_that_it_was_made_of(value: str) -> None:
    address = at("/owners", value)
    last = address.removeprefix("/owners/")
    assert "/" not in last
    assert not _STEP.fullmatch(last)
    assert value_at(unquote(last)) == value


@pytest.mark.parametrize("listed", ["/owners", "/use-cases"])
def test_every_name_of_a_list_leads_to_its_page(browser: "Browser", base: str, listed: str) -> None:
    with opened(browser) as window:
        window.go(base + listed)
        assert _titles_led_to(window.page, listed) == set(STEPS)
        assert window.said == []


def test_every_name_has_a_file(browser: "Browser", stepping: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert main(["export", "site", "--project", str(stepping), "--out", str(out)]) == 0
    with opened(browser) as window:
        for listed in ("owners", "use-cases"):
            window.go((out / f"2026-10-usd/{listed}.html").as_uri())
            assert _titles_led_to(window.page, f"{listed}/") == set(STEPS)


def _titles_led_to(page: "Page", folder: str) -> set[str]:
    """The headings of all pages that the rows of a page's tables lead to."""
    rows = page.locator("tbody th a")
    led = {str(rows.nth(n).evaluate("one => one.href")) for n in range(rows.count())}
    found = set()
    for address in sorted(one for one in led if f"{folder}" in one):
        page.goto(address)
        found.add(page.locator("h1").inner_text())
    return found
