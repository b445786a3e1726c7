"""Statements in a real browser: on the screen, on a phone, on paper; and what figures they show.

Figures are read from the page as it is drawn, and compared with the relation `statements`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import sums
from sums import DIGITS, MONTH, Sum

import browser as windows
import stated
from browser import DESKTOP, PAPER, PHONE, opened
from everyline.cli import main
from everyline.exports.folder import INDEX, file_names

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LAYERS = ("model", "platform", "data")
METHODS = {"direct": "direct", "traced": "traced by usage", "shared": "shared"}
WRITTEN = {stated.TURNED: r"pay \u202eeman\u202c"}
"""Names that a page spells otherwise."""

LOOKED_AT = ("search", stated.LONG, stated.SCRIPT, None)
"""Owners whose pages are looked at in every light; None is the page that lists all."""

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (DESKTOP, PHONE)]

_TABLES = """() => [...document.querySelectorAll("table")].map(table => ({
  of: table.closest("article")?.querySelector("h2").innerText ?? "",
  under: table.closest("section").querySelector("h2, h3").innerText,
  heads: [...table.tHead.rows[0].cells].map(cell => cell.innerText),
  rows: [...table.querySelectorAll("tbody tr, tfoot tr")].map(
    row => [...row.cells].map(cell => cell.checkVisibility() ? cell.innerText : "")),
}))"""
_COLOURS = """() => ["backgroundColor", "color"].map(
  name => getComputedStyle(document.body)[name].match(/[0-9]+/g).reduce((a, b) => +a + +b, 0))"""


class Told(NamedTuple):
    """A file that `everyline statement --all` wrote."""

    file: Path
    owner: str | None
    owners: Mapping[str | None, Mapping[str, sums.Block]]

    @property
    def address(self) -> str:
        return self.file.as_uri()


class Table(NamedTuple):
    """A table as shown: its block's heading, its own, its columns, and its rows with the total."""

    of: str
    under: str
    heads: list[str]
    rows: list[list[str]]


@pytest.fixture(scope="module")
def told(worked: Path, odd: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    found = []
    for project in (worked, odd):
        folder = tmp_path_factory.mktemp("told") / "html"
        where = ("--project", str(project), "--out", str(folder))
        assert main(["statement", MONTH, "--all", "--as", "html", *where]) == 0
        owners = sums.blocks(project)
        names = file_names([owner for owner in owners if owner is not None], "html")
        found += [Told(folder / name, owner, owners) for owner, name in names.items()]
        found.append(Told(folder / INDEX, None, owners))
        assert len(list(folder.iterdir())) == len(names) + 1
    return found


@pytest.fixture(scope="module")
def looked_at(told: list[Told]) -> list[Told]:
    return [one for one in told if one.owner in LOOKED_AT]


# On screens


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_a_page_is_quiet_and_axe_finds_nothing(
    browser: "Browser", looked_at: list[Told], scheme: str, width: int
) -> None:
    """It asks for nothing but itself, and says nothing to the console."""
    with opened(browser, color_scheme=scheme, width=width) as window:
        for one in looked_at:
            window.go(one.address)
            assert windows.violations(window.page) == "", one.owner
            assert (window.asked, window.said) == ([one.address], [])


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_nothing_is_cut_and_no_page_moves_sideways(
    browser: "Browser", looked_at: list[Told], width: int
) -> None:
    with opened(browser, width=width) as window:
        for one in looked_at:
            window.go(one.address)
            assert windows.cut(window.page) == [], one.owner
            assert windows.sideways(window.page) == 0, one.owner


def test_dark_is_dark_and_light_is_light(browser: "Browser", looked_at: list[Told]) -> None:
    with opened(browser) as window:
        window.go(looked_at[0].address)
        for scheme in ("light", "dark"):
            window.page.emulate_media(color_scheme=scheme)
            behind, text = window.page.evaluate(_COLOURS)
            assert (behind < text) == (scheme == "dark")


# With scripts switched off


def test_the_list_of_all_leads_to_each(browser: "Browser", told: list[Told]) -> None:
    """By a click, so names of files are what a browser makes of them."""
    with opened(browser, java_script_enabled=False) as window:
        for index in (one for one in told if one.owner is None):
            for owner in index.owners.keys() - {None}:
                window.go(index.address)
                link = window.page.get_by_role("link", name=_shown(owner), exact=True)
                link.first.click()
                title = f"AI cost of team {_shown(owner)} in {MONTH}"
                assert window.page.locator("h1").inner_text() == title


@pytest.fixture(scope="module")
def seen(browser: "Browser", told: list[Told]) -> "Seen":
    """Each page with its tables and its totals in large."""
    found = []
    with opened(browser, java_script_enabled=False) as window:
        for one in told:
            window.go(one.address)
            tables = [Table(**table) for table in window.page.evaluate(_TABLES)]
            found.append((one, tables, window.page.locator("p.total:visible").all_inner_texts()))
            assert (window.asked, window.said) == ([one.address], [])
    return found


Seen = list[tuple[Told, list[Table], list[str]]]


def test_totals_are_those_of_the_relation(seen: Seen) -> None:
    for one, _, totals in seen:
        if one.owner is not None:
            wanted = {
                f"{_amount(sums.summed(rows)[()].now, currency)} {currency}"
                for currency, rows in one.owners[one.owner].items()
            }
            assert len(totals) == len(wanted)
            assert set(totals) == wanted


def test_the_list_of_all_has_every_total_and_what_nobody_has(seen: Seen) -> None:
    for one, tables, _ in seen:
        if one.owner is not None:
            continue
        currencies = {currency for blocks in one.owners.values() for currency in blocks}
        assert {table.under for table in tables} == currencies
        for table in tables:
            wanted = {
                "(nobody yet)" if owner is None else _shown(owner): sums.summed(blocks[table.under])
                for owner, blocks in one.owners.items()
                if table.under in blocks
            }
            figures = {name: _figures(found[()], table.under) for name, found in wanted.items()}
            every = [row for blocks in one.owners.values() for row in blocks.get(table.under, ())]
            figures["total"] = _figures(sums.summed(every)[()], table.under)
            assert {row[0]: row[1:4] for row in table.rows} == figures


def test_cost_by_part_and_layer_is_that_of_the_relation(seen: Seen) -> None:
    for currency, rows, table in _under(seen, "By "):
        parts, whole = sums.summed(rows, sums.part_of(rows)), sums.summed(rows)[()]
        wanted = {_part_shown(rows, p): _figures(sum_, currency) for (p,), sum_ in parts.items()}
        assert _of(table) == {**wanted, "total": _figures(whole, currency)}
        layers = [head for head in table.heads if head in LAYERS]
        found = {
            (row[0], layer): _number(cell)
            for row in table.rows[:-1]
            for layer, cell in zip(layers, row[1:], strict=False)
        }
        by_layer = sums.summed(rows, sums.part_of(rows), "x_Layer").items()
        told = {(_part_shown(rows, part), layer): sum_.now for (part, layer), sum_ in by_layer}
        assert {at: cost for at, cost in found.items() if cost} == {
            at: cost for at, cost in told.items() if cost
        }


def test_changes_are_those_of_the_relation_and_sum_to_the_whole(seen: Seen) -> None:
    for currency, rows, table in _under(seen, "Why it changed"):
        by_name = sums.summed(rows, sums.part_of(rows), "x_Layer", "ServiceName")
        wanted = {
            (_part_shown(rows, part), layer, _shown(service)): _figures(sum_, currency)
            for (part, layer, service), sum_ in by_name.items()
        }
        *listed, total = table.rows
        named = {(a, b, c): row for a, b, c, *row in listed if 3 + len(row) == len(table.heads)}
        assert {names: row[:3] for names, row in named.items()} == {
            names: wanted[names] for names in named
        }
        changed = [sum_ for sum_ in by_name.values() if sum_.change]
        assert len(named) == min(8, len(changed))
        assert total[1:4] == _figures(sums.summed(rows)[()], currency)
        for back in (-4, -3, -2):
            assert sum(_number(row[back]) for row in listed) == _number(total[back])


def test_how_cost_came_is_as_the_relation_says(seen: Seen) -> None:
    for currency, rows, table in _under(seen, "How it came to you"):
        wanted = {
            METHODS[method or ""] + (f": {pool}" if pool else ""): _figures(sum_, currency)
            for (method, pool), sum_ in sums.summed(rows, "x_Method", "x_Pool").items()
        }
        wanted["total"] = _figures(sums.summed(rows)[()], currency)
        assert _of(table) == wanted


def test_issuers_are_those_of_the_relation(seen: Seen) -> None:
    for one, table in ((one, table) for one, tables, _ in seen for table in tables):
        if table.under == "Who bills it":
            currency = table.of
            of_all = sums.billed_to_all(one.owners, currency)
            own = sums.summed(one.owners[one.owner][currency], "InvoiceIssuerName")
            wanted = {
                _shown(names[0]): (sum_.now, sum_.billed, of_all[names].billed)
                for names, sum_ in own.items()
            }
            assert sorted(row[:4] for row in table.rows[:-1]) == sorted(
                [name, *(_amount(cost, currency) for cost in costs)]
                for name, costs in wanted.items()
            )
            assert table.rows[-1][1:3] == [
                _amount(sum((costs[at] for costs in wanted.values()), Decimal(0)), currency)
                for at in (0, 1)
            ]


def _under(seen: Seen, title: str) -> Iterator[tuple[str, sums.Block, Table]]:
    """Tables whose heading begins with `title`, with the currency and the rows they are about."""
    found = [
        (table.of, one.owners[one.owner][table.of], table)
        for one, tables, _ in seen
        for table in tables
        if table.under.startswith(title)
    ]
    assert len(found) == sum(len(one.owners[one.owner]) for one, _, _ in seen if one.owner)
    yield from found


def _of(table: Table) -> dict[str, list[str]]:
    """The three figures of each row, by its first line of text."""
    now = next(at for at, head in enumerate(table.heads) if head.startswith(MONTH))
    found = {row[0].split("\n")[0]: row[now : now + 3] for row in table.rows}
    assert len(found) == len(table.rows)
    return found


def _part_shown(rows: sums.Block, name: str | None) -> str:
    return _shown(name, f"(no {sums.part_of(rows)})")


def _shown(name: str | None, nothing: str = "(none)") -> str:
    return nothing if name is None else WRITTEN.get(name, name)


def _figures(found: Sum, currency: str) -> list[str]:
    """How this month, the one before and the change are written."""
    more = "+" if found.change > 0 else ""
    return [
        _amount(found.now, currency),
        _amount(found.before, currency),
        more + _amount(found.change, currency),
    ]


def _amount(value: Decimal, currency: str) -> str:
    assert value == round(value, DIGITS[currency])
    return f"{value:,.{DIGITS[currency]}f}".replace("-", "−")


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-").replace("–", "0"))


# On paper


def test_on_paper_nothing_is_cut_and_every_row_is_whole_on_one_page(
    browser: "Browser", looked_at: list[Told]
) -> None:
    with opened(browser, width=PAPER) as window:
        window.page.emulate_media(media="print")
        for one in looked_at:
            window.go(one.address)
            assert windows.cut(window.page) == [], one.owner
            assert windows.sideways(window.page) == 0, one.owner
            assert windows.broken(window.page) == []


def test_wherever_a_page_ends_no_row_is_split(browser: "Browser", told: list[Told]) -> None:
    """Rows of the long name have several lines, so each length of what stands before is tried."""
    with opened(browser, width=PAPER) as window:
        window.go(next(one.address for one in told if one.owner == stated.LONG))
        for before in range(0, 200, 20):
            window.page.evaluate(f"document.body.style.paddingTop = '{before}px'")
            assert windows.broken(window.page) == []
