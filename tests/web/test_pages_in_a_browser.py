"""Every page in a real browser: in each light and width, by keyboard, without scripts, on paper.

Figures are read from pages as they are drawn, and compared with files that are downloaded there and
with what the command line prints.
"""

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from served import listening, running
from sites import Rows
from starlette.testclient import TestClient
from visited import addresses

import browser as windows
import stated
from browser import DESKTOP, PHONE, opened
from everyline.web.app import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Printed = Callable[..., Rows]

COLOURS = ("color-contrast", "link-in-text-block")
SIZES = ("target-size", "scrollable-region-focusable")
LOOKS: Sequence[tuple[int, Literal["light", "dark"], Sequence[str]]] = (
    (DESKTOP, "light", ()),
    (DESKTOP, "dark", COLOURS),
    (PHONE, "dark", (*COLOURS, *SIZES)),
    (PHONE, "light", (*COLOURS, *SIZES)),
)
"""Each width in each light, and the rules of axe there: all of them once, since markup is the same
in each, and then those that look at colours and at sizes."""
CHARTED: Mapping[str, str] = {
    **dict.fromkeys(("/", "/owners", "/owners/{value}", "/use-cases"), "worked"),
    **dict.fromkeys(("/coverage", "/compare"), "worked"),
    "/use-cases/{value}": "odd",
}
"""Pages with charts, and a project that has something to draw there."""
MONTH = "2026-10"
_OF_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

_NUMBERED = """() => {
  const parts = [...document.querySelectorAll("a.part")];
  parts.forEach((part, number) => part.dataset.number = number);
  return parts.length;
}"""
_FOCUSED = """() => {
  const one = document.activeElement;
  if (!one.matches("a.part")) return [one === document.body ? -1 : null, true];
  const drawn = [...one.querySelectorAll("*")].map(getComputedStyle);
  const outlined = drawn.some(
    style => parseFloat(style.strokeWidth) >= 2 && style.stroke != "none");
  const underlined = drawn.some(style => style.textDecorationLine == "underline");
  return [+one.dataset.number, one.matches(":focus-visible") && (outlined || underlined)];
}"""
_TABLES = """() => [...document.querySelectorAll("section[aria-labelledby^='t-']")]
  .filter(section => section.querySelector(".scroll table") && section.querySelector(".files"))
  .map(section => ({
    csv: section.querySelector(".files a").href,
    heads: [...section.querySelectorAll("thead th")].map(head => head.textContent),
    rows: [...section.querySelectorAll("tbody tr")].map(
      row => [...row.cells].map(cell => cell.textContent.trim())),
  }))"""


class Served(NamedTuple):
    """A project behind a server: where it is, and an address by route."""

    project: Path
    base: str
    pages: Mapping[str, str]

    def at(self, route: str) -> str:
        return self.base + self.pages[route]


@pytest.fixture(scope="module")
def served(worked: Path, odd: Path) -> Iterator[Mapping[str, Served]]:
    with ExitStack() as stack:
        found = {}
        for name, project in (("worked", worked), ("odd", odd)):
            app = Site(project).app()
            listened, base = listening()
            stack.enter_context(running(app, listened))
            pages = addresses(TestClient(app, base_url="http://127.0.0.1"))
            found[name] = Served(project, base, pages)
        yield found


# On screens


@pytest.mark.parametrize("name", ["worked", "odd"])
def test_pages_are_quiet_whole_and_ask_nobody_else(
    browser: "Browser", served: Mapping[str, Served], name: str
) -> None:
    """No word on the console, so the policy is kept; no other address; nothing cut or sideways."""
    with opened(browser) as window:
        for route in served[name].pages:
            window.go(served[name].at(route))
            for width in (DESKTOP, PHONE):
                window.page.set_viewport_size({"width": width, "height": 800})
                assert windows.cut(window.page) == [], (route, width)
                assert windows.sideways(window.page) == 0, (route, width)
            assert window.said == [], route
            assert not window.page.locator("a.part").count() or route in CHARTED, route
            assert {urlsplit(one).netloc for one in window.asked} == {
                urlsplit(served[name].base).netloc
            }


def test_axe_finds_nothing_in_each_light_and_width(
    browser: "Browser", served: Mapping[str, Served]
) -> None:
    with opened(browser, bypass_csp=False) as window:
        for route in served["odd"].pages:
            window.go(served["odd"].at(route))
            for width, scheme, rules in LOOKS:
                window.page.set_viewport_size({"width": width, "height": 800})
                window.page.emulate_media(color_scheme=scheme)
                assert windows.violations(window.page, *rules) == "", (route, width, scheme)


# By keyboard, and without scripts


@pytest.mark.parametrize("route", CHARTED)
def test_every_part_of_a_chart_is_reached_by_keyboard(
    browser: "Browser", served: Mapping[str, Served], route: str
) -> None:
    """Each shows that it is where the keyboard is, and Enter follows it."""
    site = served[CHARTED[route]]
    with opened(browser) as window:
        window.go(site.at(route))
        parts = window.page.evaluate(_NUMBERED)
        assert parts
        reached = {}
        for number, is_seen in _tabbed(window.page):
            reached[number] = is_seen
        assert sorted(reached) == list(range(parts))
        assert all(reached.values())
        last = window.page.locator(f"a.part[data-number='{parts - 1}']")
        href = last.get_attribute("href")
        last.focus()
        with window.page.expect_navigation():
            window.page.keyboard.press("Enter")
        assert window.page.url == site.base + str(href)
        assert window.said == []


def _tabbed(page: "Page") -> Iterator[tuple[int, bool]]:
    """Parts of charts in the order of Tab, and whether it is seen on them."""
    while True:
        page.keyboard.press("Tab")
        number, is_seen = page.evaluate(_FOCUSED)
        if number == -1:
            return
        if number is not None:
            yield number, is_seen


def test_filters_work_without_scripts(browser: "Browser", served: Mapping[str, Served]) -> None:
    with opened(browser, java_script_enabled=False) as window:
        window.go(served["odd"].at("/owners"))
        form = window.page.locator("form.filters")
        form.get_by_label("Month").select_option("2026-09")
        form.get_by_label("Currency").select_option("JPY")
        form.get_by_role("button").click()
        asked = parse_qs(urlsplit(window.page.url).query)
        assert (asked["period"], asked["currency"]) == (["2026-09"], ["JPY"])
        assert "JPY, September 2026" in window.page.locator(".says").inner_text()
        window.page.get_by_role("searchbox").fill("chat")
        window.page.get_by_role("searchbox").press("Enter")
        assert window.page.locator("h1").inner_text() == "Search: chat"


def test_filters_are_sent_when_a_choice_changes(
    browser: "Browser", served: Mapping[str, Served]
) -> None:
    with opened(browser) as window:
        window.go(served["odd"].at("/coverage"))
        with window.page.expect_navigation():
            window.page.locator("select[name=period]").select_option("2026-09")
        assert "period=2026-09" in window.page.url


# On paper


def test_on_paper_nothing_is_cut_and_rows_are_whole(
    browser: "Browser", served: Mapping[str, Served]
) -> None:
    with opened(browser, width=windows.PAPER) as window:
        window.page.emulate_media(media="print")
        for route in served["odd"].pages:
            window.go(served["odd"].at(route))
            assert windows.cut(window.page) == [], route
            assert windows.sideways(window.page) == 0, route
            assert windows.broken(window.page) == [], route


# Figures


@pytest.mark.parametrize("name", ["worked", "odd"])
def test_tables_of_pages_are_those_of_their_files(
    browser: "Browser", served: Mapping[str, Served], name: str
) -> None:
    """Each figure of each table, to the last digit that the page shows, and without scripts.

    Files of the worklist are a registry to fill in, without figures.
    """
    compared = 0
    with opened(browser, java_script_enabled=False) as window:
        for route in served[name].pages.keys() - {"/worklist"}:
            window.go(served[name].at(route))
            for table in window.page.evaluate(_TABLES):
                answer = window.page.request.get(table["csv"])
                _, *rows = csv.reader(io.StringIO(answer.body().decode()))
                assert len(rows) >= len(table["rows"]), (route, table["csv"])
                for shown, row in zip(table["rows"], rows, strict=False):
                    compared += sum(map(_is_figure, shown, row))
                    trio = zip(table["heads"], shown, row[: len(shown)], strict=True)
                    assert [one for one in trio if _differ(*one)] == []
    assert compared > 100


def _is_figure(shown: str, value: str) -> bool:
    return _number(shown) is not None and _number(value) is not None


def _differ(head: str, shown: str, value: str) -> bool:
    """Whether a page shows another figure than its file has."""
    number, exact = _number(shown), _number(value)
    if number is None or exact is None:
        return False
    if shown.endswith("%") or head.endswith("points"):
        exact *= 100
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(number - exact) > Decimal(1).scaleb(exponent) / 2


def _number(text: str) -> Decimal | None:
    plain = text.replace(",", "").replace("−", "-").removesuffix("%").strip().removeprefix("+")
    return Decimal(plain) if re.fullmatch(r"-?\d+(\.\d+)?", plain) else None


@pytest.mark.parametrize("currency", ["USD", "JPY"])
def test_downloads_and_the_page_are_the_relation(
    browser: "Browser", served: Mapping[str, Served], printed: Printed, currency: str
) -> None:
    """By a click on CSV and XLSX of the list of owners."""
    told: dict[str, Decimal] = {}
    for row in printed(served["odd"].project, "statements", "--period", MONTH):
        if row["BillingCurrency"] == currency:
            cost = Decimal(row["x_EffectiveAmount"])
            told[row["team"]] = told.get(row["team"], Decimal(0)) + cost
    with opened(browser) as window:
        window.go(f"{served['odd'].base}/owners?period={MONTH}&currency={currency}")
        [table] = window.page.evaluate(_TABLES)
        shown = {name: _number(cost) for name, cost, *_ in table["rows"]}
        files = {form: _downloaded(window.page, form) for form in ("CSV", "XLSX")}
    saved = {
        row["team"]: Decimal(row["x_EffectiveAmount"])
        for row in csv.DictReader(io.StringIO(files["CSV"].decode()))
    }
    assert {name: cost for name, cost in saved.items() if cost} == {
        name: cost for name, cost in told.items() if cost
    }
    assert list(shown.values()) == list(saved.values())
    heads, *rows = _sheet(files["XLSX"])
    assert (heads["A"], heads["B"]) == ("team", "x_EffectiveAmount")
    assert {row.get("A", ""): Decimal(row["B"]) for row in rows} == saved


def test_a_statement_in_the_page_is_the_relation(
    browser: "Browser", served: Mapping[str, Served], printed: Printed
) -> None:
    told = printed(served["worked"].project, "statements", "--period", MONTH)
    wanted = sum(Decimal(row["x_EffectiveAmount"]) for row in told if row["team"] == "search")
    with opened(browser) as window:
        window.go(f"{served['worked'].base}/owners/search?period={MONTH}")
        assert _number(window.page.locator(".kpi").first.inner_text()) == wanted
        totals = window.page.locator("tfoot tr").all_text_contents()
        assert len(totals) == 5
        assert all(f"{wanted:,.2f}" in total for total in totals)
        window.go(f"{served['odd'].base}/owners/{quote(stated.SCRIPT, safe='')}?period={MONTH}")
        assert window.page.locator("h1").inner_text() == stated.SCRIPT
        assert window.said == []


def _downloaded(page: "Page", form: str) -> bytes:
    with page.expect_download() as download:
        page.locator(".files").get_by_role("link", name=form).click()
    return Path(download.value.path()).read_bytes()


def _sheet(data: bytes) -> list[dict[str, str]]:
    """Rows of a workbook's first sheet by the letter of the column, as they lie in its XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = book.namelist()
        texts = []
        if "xl/sharedStrings.xml" in names:
            shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            texts = ["".join(one.itertext()) for one in shared.iter(f"{_OF_SHEET}si")]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    found = []
    for row in sheet.iter(f"{_OF_SHEET}row"):
        cells = {}
        for cell in row.iter(f"{_OF_SHEET}c"):
            text = "".join(cell.itertext())
            column = (cell.get("r") or "").rstrip("0123456789")
            if text:
                cells[column] = texts[int(text)] if cell.get("t") == "s" else text
        found.append(cells)
    return found
