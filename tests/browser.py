"""One real browser for all tests of a module, and what it says of a page.

`tests/conftest.py` makes the fixture known to every folder of tests.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

import programs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP, PHONE = 1280, 390
"""Widths of a window, in pixels."""
PAPER = 688
"""Width of A4 less its margins of 14 mm, in pixels of 1/96 inch: 182 mm."""
A4 = (595, 842)
"""Points."""
_PATIENCE = 120_000
"""Milliseconds: a slow machine fails nothing."""

_CUT = """() => [...document.querySelectorAll("body, body *")].filter(element => {
  const style = getComputedStyle(element);
  if (style.clipPath !== "none") return false;  // for those who listen
  const scrolls = ["auto", "scroll"].includes(style.overflowX);
  const inside = element.clientWidth;  // 0 where it is no box, as within a line
  return inside && element.scrollWidth > inside + 1 && !scrolls;
}).map(element => element.outerHTML.slice(0, 200))"""
_ROWS = """() => [...document.querySelectorAll("tr")].filter(row => row.checkVisibility()).map(
  row => [...row.cells].map(cell => cell.innerText).join(""))"""
_SIDEWAYS = "() => { scrollTo(10000, 0); const x = scrollX; scrollTo(0, 0); return x; }"


@dataclass(frozen=True)
class Window:
    """A window, and of the page in it: what it said to the console, errors too, and asked for."""

    page: "Page"
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        """Opens an address; what the page before it said and asked for is forgotten."""
        self.said.clear()
        self.asked.clear()
        self.page.goto(address)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium, without a window."""
    path = programs.chromium()
    from playwright.sync_api import sync_playwright  # it is slow, and few tests need it

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path)
        yield started
        started.close()


@contextmanager
def opened(browser: "Browser", *, width: int = DESKTOP, **options: Any) -> Iterator[Window]:
    """A window with nothing in it yet; `options` are those of Playwright's `new_context`."""
    with browser.new_context(viewport={"width": width, "height": 800}, **options) as context:
        context.set_default_timeout(_PATIENCE)
        window = Window(context.new_page())
        window.page.on("console", lambda message: window.said.append(message.text))
        window.page.on("pageerror", lambda error: window.said.append(error.message))
        window.page.on("request", lambda request: window.asked.append(request.url))
        yield window


def violations(page: "Page", *rules: str) -> str:
    """What axe objects to by these rules, or by all; nothing where it objects to nothing."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    else:
        options["rules"] = {"target-size": {"enabled": True}}  # axe leaves it out of itself
    found = Axe().run(page, options=options)
    return str(found.generate_report()) if found.violations_count else ""


def cut(page: "Page") -> list[str]:
    """Elements whose content is wider than they are, and which can't be scrolled."""
    found: list[str] = page.evaluate(_CUT)
    return found


def sideways(page: "Page") -> int:
    """By how many pixels the page as a whole can be moved sideways."""
    moved: int = page.evaluate(_SIDEWAYS)
    return moved


def broken(page: "Page") -> list[str]:
    """Rows of tables that stand on no page as a whole, of the page as printed on A4."""
    from pypdf import PdfReader

    rows = [_letters(row) for row in page.evaluate(_ROWS)]
    sheets = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert {(round(one.mediabox.width), round(one.mediabox.height)) for one in sheets} == {A4}
    texts = [_letters(sheet.extract_text()) for sheet in sheets]
    return [row for row in rows if not any(row in text for text in texts)]


def _letters(text: str) -> str:
    """Text without spaces, with ligatures taken apart."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
