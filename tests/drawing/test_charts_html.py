"""The macros: links with full texts, a table twin, no style attributes, no markup from names."""

import re
from xml.etree import ElementTree as Xml

import pytest
from drawings import EMPTY, FULL, HOSTILE, HREF, Drawing
from jinja2 import Environment, StrictUndefined

from everyline.drawing.bars import Bars
from everyline.drawing.macros import drawn, install, loader
from everyline.drawing.paint import Mode
from everyline.drawing.palette import PALETTE
from everyline.exports.markup import plain

SVG = "{http://www.w3.org/2000/svg}"
MODES: tuple[Mode, ...] = ("page", "print")
SHAPES = ("rect", "path", "circle")
HEX = re.compile(r"#[0-9a-f]{6}\b")


def parsed(one: Drawing, mode: Mode = "page") -> tuple[str, Xml.Element]:
    text = drawn(one.macro, one.chart, "c1", f"Title {HOSTILE}", mode)
    return text, Xml.fromstring(text)


def drawing_of(root: Xml.Element) -> Xml.Element:
    found = [svg for svg in root.iter(f"{SVG}svg") if svg.get("role") == "group"]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("one", FULL)
def test_nothing_breaks_out_and_nothing_needs_an_unsafe_policy(one: Drawing, mode: Mode) -> None:
    _, root = parsed(one, mode)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) not in ("script", "style", "img", "foreignObject")
        for name in element.attrib:
            assert name != "style"
            assert not name.startswith("on")
    assert plain(HOSTILE) in "".join(root.itertext())
    assert HREF in {link.get("href") for link in root.iter(f"{SVG}a")}


@pytest.mark.parametrize("one", FULL)
def test_every_part_is_a_link_with_its_full_text(one: Drawing) -> None:
    svg = drawing_of(parsed(one)[1])
    links = list(svg.iter(f"{SVG}a"))
    assert len(links) == one.links
    for link in links:
        title = link[0]
        assert title.tag == f"{SVG}title"
        assert link.get("aria-label") == title.text
        assert link.get("href")
    linked = {shape for link in links for shape in link.iter()}
    parts = [
        shape
        for shape in svg.iter()
        if shape.tag.removeprefix(SVG) in SHAPES and "t-" in (shape.get("class") or "")
    ]
    assert all(shape in linked for shape in parts)


@pytest.mark.parametrize("one", FULL)
def test_the_drawing_is_a_named_group_and_ids_are_unique(one: Drawing) -> None:
    _, root = parsed(one)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert drawing_of(root).get("aria-labelledby") in ids
    assert all("c1" in (id_ or "") for id_ in ids)
    for text in re.findall(r"url\(#([\w-]+)\)", Xml.tostring(root, "unicode")):
        assert text in ids


@pytest.mark.parametrize("one", FULL)
def test_pages_have_classes_and_print_has_literal_colours(one: Drawing) -> None:
    page, print_ = parsed(one, "page")[0], parsed(one, "print")[0]
    assert not HEX.search(page)
    assert "var(" not in print_
    light = {colour.light for colour in PALETTE.values()}
    assert set(HEX.findall(print_)) <= light
    svg = drawing_of(parsed(one, "print")[1])
    for element in svg.iter():
        if element.tag.removeprefix(SVG) in ("rect", "path", "circle", "text", "tspan"):
            assert element.get("fill"), Xml.tostring(element)


@pytest.mark.parametrize("one", FULL)
def test_the_table_has_the_same_numbers(one: Drawing) -> None:
    root = parsed(one)[1]
    rows = root.findall(".//details//tbody/tr")
    texts = [tuple("".join(cell.itertext()) for cell in row) for row in rows]
    assert texts == list(one.chart.table.rows)  # type: ignore[attr-defined]
    heads = root.findall(".//details//thead//th")
    assert {head.get("scope") for head in heads} == {"col"}


@pytest.mark.parametrize("one", EMPTY)
def test_an_empty_chart_says_so_in_words(one: Drawing) -> None:
    root = parsed(one)[1]
    assert [svg for svg in root.iter(f"{SVG}svg") if svg.get("role") == "group"] == []
    assert len(root.findall(".//p")) == 1


def test_what_is_not_drawn_is_listed_with_its_sum() -> None:
    text = "".join(parsed(FULL[0])[1].itertext())
    assert "Not drawn, −3.00 USD in all:" in text
    assert "B → X" in text


def test_nobodys_cost_is_hatched() -> None:
    page = parsed(FULL[1])[0]
    assert page.count('fill="url(#c1-hatch)"') == 1


def test_links_are_drawn_below_nodes_and_halos_below_their_text() -> None:
    svg = drawing_of(parsed(FULL[0], "print")[1])
    kinds = ["flows" if child.get("class") == "flows" else child.tag for child in svg]
    assert kinds == ["flows", *[f"{SVG}a"] * 4]
    texts = [text for link in svg.findall(f"{SVG}a") for text in link.findall(f"{SVG}text")]
    assert [text.get("stroke") for text in texts] == ["#ffffff", None] * 4


def test_a_row_for_the_cell_of_a_table_and_the_use_from_a_page() -> None:
    chart = FULL[3].chart
    assert isinstance(chart, Bars)
    environment = install(Environment(loader=loader(), autoescape=True, undefined=StrictUndefined))
    page = environment.from_string('{% from "charts.html" import bar %}{{ bar(chart, row) }}')
    svg = Xml.fromstring(page.render(chart=chart, row=chart.rows[0]))
    assert len(list(svg.iter(f"{SVG}a"))) == 3
    assert svg.get("aria-label") == chart.rows[0].told
