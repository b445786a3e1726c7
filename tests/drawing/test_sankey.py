"""Sankeys: flows fill their nodes, and what is not drawn is listed."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hard_amounts import AMOUNTS
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline.drawing.netting import NODES_MAX, Column, Link, Node
from everyline.drawing.sankey import NODE, Block, Sankey, sankey

WIDTH, HEIGHT = 1200, 440


@st.composite
def charts(draw: st.DrawFn) -> tuple[list[Column], list[Link]]:
    counts = draw(st.lists(st.integers(1, 16), min_size=2, max_size=5))
    columns = [
        Column(
            f"c{at}",
            [Node(f"n{n}", f"Node {n}", "direct", f"?n={n}") for n in range(count)],
            f"?rest={at}",
        )
        for at, count in enumerate(counts)
    ]
    links = []
    for at in range(len(counts) - 1):
        ends = st.tuples(st.integers(0, counts[at] - 1), st.integers(0, counts[at + 1] - 1))
        for source, target in draw(st.lists(ends, unique=True, max_size=30)):
            links.append(Link(at, f"n{source}", f"n{target}", draw(AMOUNTS), "?l"))
    return columns, links


@settings(max_examples=300, deadline=None)
@given(charts(), st.integers(0, 9))
def test_flows_fill_nodes_and_all_is_in_its_place(
    given_: tuple[list[Column], list[Link]], seed: int
) -> None:
    columns, links = given_
    chart = sankey(columns, links, WIDTH, HEIGHT, "USD")
    _nodes_stand_apart_in_the_box(chart)
    _flows_fill_nodes_in_order(chart)
    _nothing_is_lost(chart, links)
    shuffled = Random(seed).sample(links, len(links))
    assert sankey(columns, shuffled, WIDTH, HEIGHT, "USD") == chart


def _nodes_stand_apart_in_the_box(chart: Sankey) -> None:
    columns: dict[int, list[Block]] = defaultdict(list)
    for block in chart.blocks:
        columns[block.end[0]].append(block)
        assert block.height >= 200
        assert 0 <= block.x <= chart.width - NODE
        assert 0 <= block.y <= block.y + block.height <= chart.height
        assert 900 <= block.label_y <= chart.height - 900
    for blocks in columns.values():
        assert len(blocks) <= NODES_MAX
        for above, below in pairwise(blocks):
            assert below.y - (above.y + above.height) >= 1000
            assert below.label_y - above.label_y >= 1600


def _flows_fill_nodes_in_order(chart: Sankey) -> None:
    """Each end takes its share of the node: within 0.01 px, one after the other."""
    blocks = {block.end: block for block in chart.blocks}
    order = {end: at for at, end in enumerate(blocks)}
    sides: dict[object, list[tuple[int, int, int, Fraction]]] = defaultdict(list)
    for flow in chart.flows:
        sides[flow.source, "out"].append((order[flow.target], flow.y0, flow.width0, flow.amount))
        sides[flow.target, "in"].append((order[flow.source], flow.y1, flow.width1, flow.amount))
    for (end, _), flows in sides.items():  # type: ignore[misc]
        block, at = blocks[end], blocks[end].y  # type: ignore[has-type]
        assert [one[0] for one in flows] == sorted(one[0] for one in flows)
        for _, y, width, amount in flows:
            assert y == at
            assert abs(width - amount * block.height / block.size) <= 1
            at += width
        amount = sum((one[3] for one in flows), Fraction(0))
        assert amount <= block.size
        assert abs((at - block.y) - amount * block.height / block.size) <= 1
        if amount == block.size:
            assert at == block.y + block.height


def _nothing_is_lost(chart: Sankey, links: list[Link]) -> None:
    drawn = sum((flow.amount for flow in chart.flows), Fraction(0))
    left = sum((one.amount for one in chart.undrawn), Fraction(0))
    assert drawn + left == sum((Fraction(link.amount) for link in links), Fraction(0))
    assert all(flow.amount > 0 for flow in chart.flows)
    assert len(chart.table.rows) == len(links)


def two(links: list[Link], height: int = 440) -> Sankey:
    columns = [
        Column("From", [Node(k, k.upper(), "model", f"?{k}") for k in "ab"], "?from"),
        Column("To", [Node(k, k.upper(), "direct", f"?{k}") for k in "xy"], "?to"),
    ]
    return sankey(columns, links, 600, height, "USD")


def test_a_chart_done_by_hand() -> None:
    """A 30 to X and 10 to Y, B 60 to Y. 440 px, less 10 of gap and 2 x 2 at least: 426 for 100."""
    chart = two(
        [Link(0, "a", "x", 30, "?"), Link(0, "b", "y", 60, "?"), Link(0, "a", "y", 10, "?")]
    )
    assert [(b.end[1], b.figure, b.height) for b in chart.blocks] == [
        ("a", "40", 17040),
        ("b", "60", 25560),
        ("x", "30", 12780),
        ("y", "70", 29820),
    ]
    assert [(f.source[1], f.target[1], f.width0, f.width1) for f in chart.flows] == [
        ("a", "x", 12780, 12780),
        ("a", "y", 4260, 4260),
        ("b", "y", 25560, 25560),
    ]
    assert chart.blocks[0].told == "A 40 USD, 40.0 % of all"
    assert chart.flows[1].told == "A → Y 10 USD, 10.0 % of all"
    assert chart.undrawn == ()
    assert chart.tones == ("model", "direct")
    assert chart.table.rows[0] == ("A", "X", "30.00")


def test_credits_are_listed_and_the_net_is_drawn() -> None:
    chart = two(
        [Link(0, "a", "x", 30, "?"), Link(0, "a", "y", -10, "?c"), Link(0, "b", "y", 50, "?")]
    )
    figures = {b.end[1]: b.figure for b in chart.blocks}
    assert figures == {"a": "20", "b": "50", "x": "30", "y": "40"}
    assert [(one.name, one.figure, one.href) for one in chart.undrawn] == [
        ("A → Y", "−10.00", "?c")
    ]
    assert chart.undrawn_sum == "−10.00 USD in all"


def test_a_node_below_zero_takes_its_links_with_it() -> None:
    chart = two(
        [Link(0, "a", "x", 30, "?"), Link(0, "a", "y", -40, "?"), Link(0, "b", "x", 5, "?")]
    )
    assert {b.end[1] for b in chart.blocks} == {"b", "x"}
    assert [(one.name, one.figure) for one in chart.undrawn] == [
        ("A → X", "30.00"),
        ("A → Y", "−40.00"),
    ]
    assert chart.undrawn_sum == "−10.00 USD in all"


def test_what_is_left_at_each_step_is_not_added_up() -> None:
    columns = [Column(name, [Node("a", "A", "model", "?")], "?") for name in ("of", "to", "at")]
    links = [Link(at, "a", "a", -7, "?") for at in (0, 1)]
    chart = sankey(columns, links, 900, 300, "USD")
    assert [one.figure for one in chart.undrawn] == ["−7.00", "−7.00"]
    assert chart.undrawn_sum == "USD, the same money at each step"


def test_nothing_above_zero_draws_nothing() -> None:
    assert two([]).blocks == ()
    chart = two([Link(0, "a", "x", 0, "?")])
    assert (chart.blocks, chart.flows, len(chart.undrawn)) == ((), (), 1)


def test_one_flow_alone() -> None:
    chart = two([Link(0, "a", "x", Decimal("1e-18"), "?")])
    assert [(b.figure, b.height) for b in chart.blocks] == [("<1", 43800), ("<1", 43800)]


def test_a_flow_that_is_too_thin_for_an_area_is_a_thread() -> None:
    chart = two(
        [Link(0, "a", "x", 10**9, "?"), Link(0, "a", "y", 1, "?"), Link(0, "b", "y", 1, "?")]
    )
    roles = {(f.source[1], f.target[1]): f.role for f in chart.flows}
    assert roles == {("a", "x"): "flow", ("a", "y"): "flow", ("b", "y"): "flow"}
    many = [Link(0, "a", "x", 10**9, "?"), Link(0, "b", "x", 1, "?"), Link(0, "b", "y", 999, "?")]
    assert [f.role for f in two(many).flows] == ["flow", "thread", "flow"]


def test_the_smallest_of_many_become_one() -> None:
    """15 sources of 1, 2 ... 15: the 11 largest stand, in their order, and 1+2+3+4 are 10."""
    nodes = [Node(str(n), f"S{n}", "model", "?") for n in range(1, 16)]
    columns = [Column("From", nodes, "?small"), Column("To", [Node("x", "X", "team", "?")], "?")]
    links = [Link(0, str(n), "x", n, f"?{n}") for n in range(1, 16)]
    chart = sankey(columns, links, WIDTH, HEIGHT, "USD")
    assert [b.label for b in chart.blocks] == [*(f"S{n}" for n in range(5, 16)), "Other (4)", "X"]
    other = next(b for b in chart.blocks if b.label == "Other (4)")
    assert (other.figure, other.href, other.tone) == ("10", "?small", "model")
    assert [f.href for f in chart.flows][-1] == "?small"
    assert len(chart.table.rows) == 15


def test_twelve_of_a_column_all_stand() -> None:
    nodes = [Node(str(n), f"S{n}", "model", "?") for n in range(12)]
    columns = [Column("From", nodes, "?"), Column("To", [Node("x", "X", "team", "?")], "?")]
    links = [Link(0, str(n), "x", 1, "?") for n in range(12)]
    assert len(sankey(columns, links, WIDTH, HEIGHT, "USD").blocks) == 13


def test_long_names_are_cut_and_amounts_never() -> None:
    columns = [
        Column(
            "From", [Node("a", "A name that nobody would read to its end" * 3, "model", "?")], ""
        ),
        Column("To", [Node("x", "検索" * 60, "team", "?")], ""),
    ]
    left, right = sankey(columns, [Link(0, "a", "x", 10**11, "?")], WIDTH, HEIGHT, "USD").blocks
    assert left.label.endswith("…")
    assert right.label.endswith("…")
    assert left.figure == right.figure == "100,000,000,000"
    assert "to its endA name" in left.told
    assert left.label_x >= 0
    assert right.x + NODE <= WIDTH * 100


@pytest.mark.parametrize(
    "links",
    [
        [Link(0, "a", "nobody", 1, "?")],
        [Link(1, "x", "a", 1, "?")],
        [Link(0, "a", "x", 1, "?"), Link(0, "a", "x", 1, "?")],
        [Link(0, "a", "x", 1, "?", "purple")],
    ],
)
def test_links_that_cannot_be_drawn_are_refused(links: list[Link]) -> None:
    with pytest.raises(ValueError, match=r"lacks a node|no tone"):
        two(links)


def test_columns_that_cannot_be_drawn_are_refused() -> None:
    twice = Column("From", [Node("a", "A", "model", "?")] * 2, "?")
    with pytest.raises(ValueError, match="same key"):
        sankey([twice, twice], [], 600, 440, "USD")
    with pytest.raises(ValueError, match="cannot be drawn"):
        sankey([twice], [], 600, 440, "USD")
    with pytest.raises(ValueError, match="cannot be drawn"):
        two([], height=100)
