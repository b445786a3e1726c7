"""What pages say in every state of a project: no run, one line, many owners, half a bill."""

import html
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import states
from sites import Rows, site, table
from starlette.testclient import TestClient
from visited import addresses

from everyline import pipeline
from everyline.web.app import Site
from everyline.web.fresh import short
from everyline.web.visible import Viewer
from made import run

Printed = Callable[..., Rows]
APART = ("demo", "worked", "odd", "owners-2000")
"""States that other tests look at, or that take long."""


def _chips(answer: str) -> list[str]:
    found = re.search(r'<ul class="chips".*?</ul>', answer, re.DOTALL)
    assert found
    listed = re.findall(r"<li[^>]*>(.*?)</li>", found[0])
    return [html.unescape(re.sub(r"<[^>]+>", "", one)) for one in listed]


@pytest.mark.parametrize("name", sorted(states.STATES.keys() - set(APART)))
def test_every_page_is_there(name: str, tmp_path: Path) -> None:
    found = site(states.STATES[name](tmp_path))
    pages = addresses(found)
    assert len(pages) > 14
    for address in pages.values():
        assert found.get(address).status_code == 200, address


@pytest.mark.parametrize("made", [states.no_run, states.empty])
def test_without_a_run_it_says_what_makes_one(made: Callable[[Path], Path], tmp_path: Path) -> None:
    for address in ("/", "/owners", "/books"):
        answer = site(made(tmp_path)).get(address)
        assert answer.status_code == 404
        assert "nothing has been run here yet" in answer.text
        assert "<code>everyline run</code> makes all relations" in answer.text


def test_after_a_run_that_failed_the_last_good_one_is_shown(tmp_path: Path) -> None:
    found = site(states.one_line(tmp_path))
    before = found.get("/").text
    with (tmp_path / "everyline.yaml").open("a", encoding="utf-8") as file:
        file.write("nonsense: true\n")
    assert pipeline.run(tmp_path).run is None
    stale = '<li class="chip warn">Stale: files or settings have changed since this run</li>'
    for one in (found, site(tmp_path)):
        shown = one.get("/").text
        assert stale in shown
        assert shown.replace(stale, "") == before


def test_a_link_keeps_its_run_and_says_that_there_is_a_newer_one(tmp_path: Path) -> None:
    found = site(states.one_line(tmp_path))
    link = re.findall(r'Run <a href="([^"]+)"', found.get("/").text)[0].replace("&amp;", "&")
    before = found.get(link).text
    bill = states.bill([states.line("99", team="search")])
    (tmp_path / "bills" / "openai.csv").write_text(bill, "utf-8")
    run(tmp_path)
    kept = found.get(link).text
    assert "12.34" in kept
    assert _chips(kept) == [*_chips(before), "A newer run is there: see it"]
    assert "99.00" in found.get("/").text
    assert _chips(found.get("/").text) == ["Open", "Data to 31 Oct 2026"]


# How a month stands


def test_a_bill_that_ends_early_is_named(tmp_path: Path) -> None:
    found = site(states.partial(tmp_path))
    assert _chips(found.get("/").text) == [
        "Open",
        "Partial: aws has nothing after 28 Oct",
        "Data to 31 Oct 2026",
    ]
    september = found.get("/?period=2026-09").text
    assert _chips(september) == ["Open", "Data to 30 Sep 2026"]


def test_who_sees_some_owners_is_told_how_far_their_own_lines_reach(tmp_path: Path) -> None:
    project = states.partial(tmp_path)
    for owner, day in (("support", "31"), ("search", "28")):
        shown = _shown_to(Viewer("ada", frozenset({owner})), project)
        assert _chips(shown) == ["Open", f"Data to {day} Oct 2026"]


def _shown_to(viewer: Viewer, project: Path) -> str:
    app = Site(project, lambda request: viewer).app()
    return TestClient(app, base_url="http://127.0.0.1").get("/").text


def test_closed_months_and_damaged_books_are_said(tmp_path: Path) -> None:
    found = site(states.closed(tmp_path / "closed"))
    assert _chips(found.get("/?period=2026-09").text)[0] == "Closed on 5 Nov 2026"
    assert _chips(found.get("/?period=2026-10").text)[0] == "Open"
    found = site(states.damaged(tmp_path / "damaged"))
    for address in ("/", "/owners?period=2026-09", "/books"):
        chip = _chips(found.get(address).text)[0]
        assert chip == "The books are damaged: figures are as the run has them"


def _ends(pairs: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], datetime]:
    return {(month, name): datetime.fromisoformat(end) for month, name, end in pairs}


def test_only_what_reaches_less_far_than_before_is_partial() -> None:
    """Seats are billed on the first day; the labels came late once; logs had their last month."""
    ends = _ends(
        [
            ("2026-09", "aws", "2026-10-01"),
            ("2026-10", "aws", "2026-10-29"),
            ("2026-09", "seats", "2026-09-02"),
            ("2026-10", "seats", "2026-10-02"),
            ("2026-09", "labels", "2026-09-12"),
            ("2026-10", "labels", "2026-10-20"),
            ("2026-09", "logs", "2026-10-01"),
            ("2026-10", "new", "2026-10-05"),
        ]
    )
    found = [(name, f"{end:%m-%d}") for name, end in short(ends, "2026-10")]
    assert found == [("logs", "10-01"), ("aws", "10-29")]
    assert short(ends, "2026-09") == []
    whole = _ends([("2027-01", "aws", "2027-02-01"), ("2027-02", "aws", "2027-03-01")])
    assert short(whole, "2027-02") == []  # though February has fewer days


# Many owners


def test_a_long_list_is_shortened_and_still_sums(tmp_path: Path, printed: Printed) -> None:
    project = states.owners(tmp_path, 150)
    found = site(project)
    shown = found.get("/owners").text
    rows = re.findall(r'<tr>\n<th scope="row">(.*?)</tr>', shown, re.DOTALL)
    listed = [re.sub(r"<[^>]+>", " ", row).split() for row in rows]
    assert len(listed) == 100 + 3
    assert listed[100][:2] == ["50", "others"]
    assert listed[101][:2] == ["nobody", "yet"]
    *costs, total = [
        Decimal(row[2 if n in (100, 101) else 1].replace(",", "")) for n, row in enumerate(listed)
    ]
    assert sum(costs) == total
    told = printed(project, "statements", "--period", "2026-10")
    assert total == sum(Decimal(row["x_EffectiveAmount"]) for row in told)
    assert len(table(found, "/owners")) == 151
    every = found.get("/owners?all=1").text
    assert every.count('<th scope="row">') > 151
    assert "50 others" not in every
    refused = found.get("/owners?all=yes")
    assert refused.status_code == 400
    assert "<code>all</code> can&#39;t be <code>yes</code>" in refused.text


def test_charts_put_the_smallest_of_many_together(tmp_path: Path) -> None:
    """In bars only while there is something to see beside them."""
    found = site(states.owners(tmp_path / "few", 42))
    assert "Other (3)" in found.get("/owners").text
    found = site(states.owners(tmp_path / "many", 150))
    assert re.search(r"Not drawn: 111 others, [\d,.]+ USD together\.", found.get("/owners").text)
    assert re.search(r"Other \(\d+\)", found.get("/").text)
