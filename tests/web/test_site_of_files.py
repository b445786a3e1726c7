"""Pages as files: they lead to each other, open from disk, and show what the relations say."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

import stated
from browser import DESKTOP, PHONE, cut, opened, sideways, violations
from everyline.cli import everyline, main
from everyline.exports.folder import file_names
from everyline.web.filed.rewritten import rewritten

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def sites(worked: Path, odd: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sites")
    _export(worked, folder / "worked")
    _export(odd, folder / "odd", "--all-periods")
    return {name: folder / name for name in ("worked", "odd")}


def _export(project: Path, out: Path, *words: str) -> None:
    assert main(["export", "site", "--project", str(project), "--out", str(out), *words]) == 0


def _said(project: Path, out: Path, *words: str) -> tuple[int, str]:
    command = ["export", "site", "--project", str(project), "--out", str(out), *words]
    found = CliRunner().invoke(everyline, command, standalone_mode=False)
    return found.return_value or getattr(found.exception, "exit_code", 0), (
        f"{found.output}{found.exception or ''}"
    )


class _Read(HTMLParser):
    """What a page leads to, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.led: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        named = ("href", "src", "action", "xlink:href", "formaction", "poster", "data")
        self.led += [value or "" for name, value in attrs if name in named]
        assert not any(name.startswith("on") for name, _ in attrs)


def _pages(site: Path) -> Iterator[tuple[Path, _Read]]:
    for path in sorted(site.rglob("*.html")):
        read = _Read()
        read.feed(path.read_text("utf-8"))
        yield path, read


@pytest.mark.parametrize("name", ["worked", "odd"])
def test_whatever_a_page_leads_to_is_a_file_of_the_site(name: str, sites: dict[str, Path]) -> None:
    site, reached = sites[name], set[Path]()
    for path, read in _pages(site):
        assert not read.tags & {"form", "script", "iframe", "base"}, path
        assert read.led, path
        for address in read.led:
            parts = urlsplit(address)
            if address.startswith("#"):
                continue
            assert (parts.scheme, parts.netloc, parts.query) == ("", "", ""), address
            assert not parts.path.startswith("/"), address
            found = (path.parent / unquote(parts.path)).resolve()
            assert found.is_file(), f"{path} leads to {address}"
            assert found.is_relative_to(site.resolve())
            reached.add(found)
    files = {path.resolve() for path in site.rglob("*") if path.is_file()}
    assert files == reached


def test_the_site_has_a_page_for_everything_that_has_one(sites: dict[str, Path]) -> None:
    site = sites["odd"]
    assert {path.name for path in site.iterdir()} == {
        *("index.html", "static", "2026-10-usd", "2026-10-jpy", "2026-09-usd", "2026-09-jpy"),
        *(f"index.{table}.{form}" for table in ("owners",) for form in ("csv", "json", "xlsx")),
    }
    for name in ("owners", "coverage", "reconciliation", "compare", "books", "kpis", "problems"):
        assert (site / "2026-10-usd" / f"{name}.html").is_file()
    for name in ("worklist", "terms", "use-cases", "explain"):
        assert (site / "2026-10-jpy" / f"{name}.html").is_file()
    owners = sorted({*stated.HOSTILE, "gone"})
    for folder in ("owners", "explain"):
        found = {path.name for path in (site / "2026-10-usd" / folder).glob("*.html")}
        assert len(found) >= len(stated.HOSTILE)
        assert all(re.fullmatch(r"[a-z0-9_.-]+", name) for name in found)
    assert {path.name for path in (site / "2026-09-usd" / "owners").glob("*.html")} == {
        *file_names(owners, "html").values()
    }


def test_figures_are_those_of_the_relation(
    sites: dict[str, Path], odd: Path, printed: Callable[..., Rows]
) -> None:
    for period in ("2026-09", "2026-10"):
        for currency in ("USD", "JPY"):
            listed = [
                row
                for row in printed(odd, "statements", "--period", period)
                if row["BillingCurrency"] == currency
            ]
            sums: dict[str, Decimal] = {}
            for row in listed:
                owner = row["team"]
                sums[owner] = sums.get(owner, Decimal(0)) + Decimal(row["x_EffectiveAmount"])
            folder = sites["odd"] / f"{period}-{currency}".lower()
            shown = _table(folder / "owners.owners.csv")
            assert {
                row["team"]: Decimal(row["x_EffectiveAmount"])
                for row in shown
                if Decimal(row["x_EffectiveAmount"]) or row["team"] in sums
            } == sums
            text = (folder / "owners.html").read_text("utf-8")
            digits = 0 if currency == "JPY" else 2
            for amount in sums.values():
                assert f"{amount:,.{digits}f}".replace("-", "−") in text


def _table(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_files_of_tables_are_those_that_the_server_gives(
    sites: dict[str, Path], worked_site: TestClient
) -> None:
    folder = sites["worked"] / "2026-10-usd"
    query = "period=2026-10&currency=USD"
    for address, stem in (
        ("/owners", "owners.owners"),
        ("/owners/search", "owners/search.lines"),
        ("/explain?where=team=search", "explain/search"),
        ("/terms", "terms.layers"),
    ):
        sign = "&" if "?" in address else "?"
        for form in ("csv", "json", "xlsx"):
            path = folder / f"{stem}.{form}"
            if "explain" in stem and form == "json":
                assert not path.exists()  # a tree needs the bills
                continue
            table = "" if "explain" in stem else f"&table={stem.rpartition('.')[2]}"
            served = worked_site.get(f"{address}{sign}{query}&as={form}{table}")
            assert served.content == path.read_bytes(), path
    assert json.loads((folder / "owners.owners.json").read_text("utf-8"))


def test_the_same_run_gives_the_same_bytes(
    sites: dict[str, Path], worked: Path, tmp_path: Path
) -> None:
    _export(worked, tmp_path / "again")
    first, again = (
        {p.relative_to(s): p for p in s.rglob("*") if p.is_file()}
        for s in (sites["worked"], tmp_path / "again")
    )
    assert first.keys() == again.keys()
    assert [name for name in first if first[name].read_bytes() != again[name].read_bytes()] == []


def test_a_site_for_one_owner_has_nothing_of_others(worked: Path, tmp_path: Path) -> None:
    _export(worked, tmp_path / "mine", "--team", "support")
    names = {path.name for path in tmp_path.rglob("*.html")}
    assert {"owners.html", "support.html", "terms.html"} <= names
    assert not names & {"search.html", "ai-platform.html", "books.html", "problems.html"}
    for path in tmp_path.rglob("*.*"):
        if path.suffix in (".html", ".csv", ".json"):
            text = path.read_text("utf-8")
            assert not re.search(r"Bedrock|(?<!\d)(30|20|160|100)\.00(?!\d)", text), path


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--period", "2026-12"], 1, "no month 2026-12"),
        (["--team", "searchh"], 1, "did you mean `search`?"),
        (["--team", ""], 2, "takes a value"),
        (["--team", "a", "--team", "b"], 2, "one owner"),
        (["--tem", "search"], 2, "a site is for a `--team`"),
        (["2026-10"], 2, "`2026-10` is not expected"),
        (["--period", "2026-10", "--all-periods"], 2, "don't go together"),
    ],
)
def test_what_can_not_be_written_is_said(
    words: list[str], code: int, says: str, worked: Path, tmp_path: Path
) -> None:
    found, text = _said(worked, tmp_path / "out", *words)
    assert (found, says in text) == (code, True), text
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_has_something_is_left_alone(worked: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    code, text = _said(worked, tmp_path)
    assert (code, "not empty" in text) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_pages_are_written_again_character_for_character(odd_site: TestClient) -> None:
    for address in ("/", "/owners", "/use-cases", "/explain", "/coverage"):
        page = odd_site.get(address).text
        left_out = re.sub(r"<(form|script)\b.*?</\1>", "", page, flags=re.DOTALL)
        again = rewritten(page, lambda href: href)
        assert _plain(again) == _plain(left_out)


def _plain(html: str) -> str:
    """With one spelling for what a character is written as in an address."""
    return html.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")


@pytest.mark.parametrize("name", ["worked", "odd"])
@pytest.mark.parametrize(("scheme", "width"), [("light", DESKTOP), ("dark", PHONE)])
def test_pages_open_from_disk(
    name: str, scheme: str, width: int, sites: dict[str, Path], browser: "Browser"
) -> None:
    pages = [sites[name] / "index.html"]
    for pattern in ("*.html", "owners/*.html", "explain/*.html", "use-cases/*.html"):
        pages += sorted((sites[name] / "2026-10-usd").glob(pattern))[
            : None if "/" not in pattern else 2
        ]
    with opened(browser, width=width, color_scheme=scheme) as window:
        for path in pages:
            window.go(path.as_uri())
            assert window.said == [], path
            assert all(address.startswith("file:") for address in window.asked)
            assert window.page.evaluate("document.styleSheets.length") == 3
            assert sideways(window.page) == 0, path
            assert cut(window.page) == [], path
        window.go(pages[0].as_uri())
        assert violations(window.page) == ""
        window.page.click("nav >> text=Owners")
        assert window.page.url.endswith("/2026-10-usd/owners.html")
