"""Statements as HTML: well formed, self-contained, and whatever a name holds, it stays a name."""

import re
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Page

import stated
from everyline import figures
from everyline.exports import charts
from everyline.exports.markup import Html, joined, plain, tag
from everyline.exports.statement import Statement
from everyline.exports.statement_html import html, style

_MAY_LOAD = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}


def _pages(statements: Mapping[str, Statement]) -> dict[str, Page]:
    return {owner: Page(html(statement)) for owner, statement in statements.items()}


def test_hostile_names_are_text_and_nothing_else(odd_statements: Mapping[str, Statement]) -> None:
    for owner, page in _pages(odd_statements).items():
        assert not _MAY_LOAD & set(page.tags)
        assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
        said = "".join(page.text)
        assert plain(owner) in said
        assert plain(owner) == owner or owner not in said
        assert "\u202e" not in said


def test_nothing_is_loaded_from_anywhere(worked_statements: Mapping[str, Statement]) -> None:
    page = Page(html(worked_statements["search"]))
    assert not [n for n, _ in page.attributes if n in ("src", "href", "srcset", "data", "action")]
    assert "url(" not in style()
    assert "@import" not in style()
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_tables_are_named_and_headed(worked_statements: Mapping[str, Statement]) -> None:
    page = Page(html(worked_statements["search"]))
    assert page.tags.count("caption") == page.tags.count("table") == 6
    assert page.tags.count("h1") == 1
    scopes = [value for name, value in page.attributes if name == "scope"]
    assert len(scopes) == page.tags.count("th")
    assert set(scopes) == {"col", "row"}
    assert ("lang", "en") in page.attributes
    hidden = [value for name, value in page.attributes if name == "aria-hidden"]
    assert len(hidden) == page.tags.count("svg")


def test_the_figures_of_the_worked_case_stand_in_their_rows(
    worked_statements: Mapping[str, Statement],
) -> None:
    rows = Page(html(worked_statements["search"])).rows
    assert ["(no service)", "model", "Amazon Bedrock", "30.00", "20.00", "+10.00", ""] in rows
    assert ["total", "86.50", "20.00", "+66.50", ""] in rows
    assert ["AWS", "62.50", "62.50", "130.00", "48.1 %"] in rows
    assert ["(no account)", "OpenAI API", "use not seen", "1.00"] in rows
    assert ["gpu", "usage", "2026-10-01 01:00 UTC"] in rows


def test_shown_rows_sum_to_the_total_also_where_many_are_put_together(
    odd_statements: Mapping[str, Statement],
) -> None:
    """11 owners, 11 use cases: one owner has few rows, so several statements are looked at."""
    for statement in odd_statements.values():
        page = Page(html(statement))
        tables: list[list[list[str]]] = []
        for row in page.rows:
            if len(row) > 2 and f"{statement.period}, " in " ".join(row):
                tables.append([])
            elif tables:
                tables[-1].append(row)
        for rows in tables:
            ends = [at for at, row in enumerate(rows) if row[0] == "total"]
            listed, total = rows[: ends[0]], rows[ends[0]]
            column = -2
            assert sum(_number(row[column]) for row in listed) == _number(total[column])


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace(figures.MINUS, "-").replace("+", "") or "0")


def test_both_schemes_and_paper_are_styled() -> None:
    text = style()
    assert "@media screen and (prefers-color-scheme: dark)" in text
    assert re.search(r"@page \{ size: A4", text)
    assert "tr, .key, .sum { break-inside: avoid; }" in text


@given(st.text())
def test_any_text_comes_back_as_it_was_put_in(text: str) -> None:
    page = Page(tag("p", text, title=text))
    assert "".join(page.text) == plain(text)
    assert page.attributes == [("title", plain(text))]
    assert plain(text).isprintable()


def test_only_html_is_taken_for_html() -> None:
    assert joined([Html("<b>a</b>"), "<b>", "&amp;"]) == "<b>a</b>&lt;b&gt;&amp;amp;"
    assert tag("td", class_="n", aria_hidden="true") == '<td class="n" aria-hidden="true"></td>'


@pytest.mark.parametrize(
    ("amount", "largest", "at", "wide"),
    [
        (Decimal(50), Decimal(100), "75", "37.5"),
        (Decimal(-100), Decimal(100), "0", "75"),
        (Decimal("0.01"), Decimal(100), "75", "0"),
    ],
)
def test_a_bar_is_as_long_as_its_share(
    amount: Decimal, largest: Decimal, at: str, wide: str
) -> None:
    name = "more" if amount > 0 else "less"
    bar = f'<rect class="{name}" x="{at}" width="{wide}" height="10">'
    assert bar in charts.either_way(amount, largest)


def test_stacked_bars_leave_out_what_is_below_zero() -> None:
    drawn = charts.stacked([("model", Decimal(30)), ("data", Decimal(-10))], Decimal(60))
    assert '<rect class="model" x="0" width="75"' in drawn
    assert '<rect class="data" x="75" width="0"' in drawn
    assert charts.stacked([("model", Decimal(1))], Decimal(0)).count('width="0"') == 1


def test_every_hostile_name_has_a_statement(odd_statements: Mapping[str, Statement]) -> None:
    assert {*stated.HOSTILE, "gone"} == set(odd_statements)
