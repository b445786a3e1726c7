"""Treemaps: areas are amounts, nothing overlaps, and credits are listed."""

from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from random import Random

import pytest
from hard_amounts import AMOUNTS
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline.drawing.treemap import (
    GROUPS_MAX,
    STRIP,
    Box,
    Group,
    Part,
    Treemap,
    squarified,
    treemap,
)

WIDTH, HEIGHT = 700, 330
WHOLE = Box(0, 0, WIDTH * 100, HEIGHT * 100)
TONES = ("model", "platform", "data", "unallocated")

PARTS = st.builds(Part, st.sampled_from("abc"), st.sampled_from(TONES), AMOUNTS, st.just("?p"))
GROUPS = st.builds(
    Group, st.text("xyz検", min_size=1, max_size=9), st.just("?g"), st.lists(PARTS, max_size=5)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(GROUPS, max_size=60), st.integers(0, 9))
def test_areas_are_amounts_and_nothing_overlaps(groups: list[Group], seed: int) -> None:
    chart = treemap(groups, WIDTH, HEIGHT, "USD", "?rest")
    assert len(chart.tiles) <= GROUPS_MAX
    _fills([tile.box for tile in chart.tiles], [tile.size for tile in chart.tiles], WHOLE)
    for tile in chart.tiles:
        body = _body(tile.box) if tile.label else tile.box
        _fills([cell.box for cell in tile.cells], [cell.amount for cell in tile.cells], body)
        assert tile.size == sum(cell.amount for cell in tile.cells)
    _nothing_is_lost(chart, groups)
    shuffled = [
        group._replace(parts=Random(seed).sample(list(group.parts), len(group.parts)))
        for group in Random(seed).sample(groups, len(groups))
    ]
    assert treemap(shuffled, WIDTH, HEIGHT, "USD", "?rest") == chart


def _body(box: Box) -> Box:
    return Box(box.x + 200, box.y + STRIP, box.width - 400, box.height - STRIP - 200)


def _fills(boxes: list[Box], sizes: list[Fraction], whole: Box) -> None:
    """Areas are shares of the whole, to 0.01 px at each edge, and boxes tile it."""
    total = sum(sizes, Fraction(0))
    for box, size in zip(boxes, sizes, strict=True):
        share = size * whole.width * whole.height / total
        assert abs(box.width * box.height - share) <= box.width + box.height + 2
        assert whole.x <= box.x <= box.x + box.width <= whole.x + whole.width
        assert whole.y <= box.y <= box.y + box.height <= whole.y + whole.height
    if boxes:
        assert sum(box.width * box.height for box in boxes) == whole.width * whole.height
    for one, other in combinations(boxes, 2):
        wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert wide <= 0 or high <= 0


def _nothing_is_lost(chart: Treemap, groups: list[Group]) -> None:
    drawn = sum((cell.amount for tile in chart.tiles for cell in tile.cells), Fraction(0))
    left = sum((one.amount for one in chart.undrawn), Fraction(0))
    given_ = (Fraction(part.amount) for group in groups for part in group.parts)
    assert drawn + left == sum(given_, Fraction(0))
    assert len(chart.table.rows) == sum(len(group.parts) for group in groups)


def test_a_square_in_quarters() -> None:
    """Four equal boxes of a square are four squares."""
    boxes = squarified([Fraction(1)] * 4, Box(0, 0, 200, 200))
    assert sorted(boxes) == [(x, y, 100, 100) for x in (0, 100) for y in (0, 100)]


def test_the_example_of_the_paper() -> None:
    """Bruls, Huizing and van Wijk (2000), figure 4: 6 6 4 3 2 2 1 in 6 x 4."""
    sizes = [Fraction(n) for n in (6, 6, 4, 3, 2, 2, 1)]
    boxes = squarified(sizes, Box(0, 0, 600, 400))
    assert boxes[:2] == [(0, 0, 300, 200), (0, 200, 300, 200)]
    assert boxes[2:4] == [(300, 0, 171, 233), (471, 0, 129, 233)]  # 4/7 and 3/7 of 3, 7/3 high
    assert boxes[4] == (300, 233, 120, 167)  # 2 of 5 of 3 x 5/3


def test_extreme_ratios_have_no_area_and_are_not_lost() -> None:
    parts = [Part("a", "model", Decimal("1e12"), "?"), Part("b", "data", Decimal("1e-18"), "?")]
    (tile,) = treemap([Group("g", "?", parts)], WIDTH, HEIGHT, "USD", "?").tiles
    large, small = tile.cells
    assert 0 in (small.box.width, small.box.height)
    assert (small.label, large.label) == ("", "a")


def test_credits_are_listed_and_the_net_is_said() -> None:
    groups = [
        Group("Search", "?s", [Part("model", "model", 100, "?m"), Part("data", "data", -20, "?d")]),
        Group("Refund", "?r", [Part("model", "model", -5, "?"), Part("data", "data", 1, "?")]),
        Group("Nothing", "?n", []),
    ]
    chart = treemap(groups, WIDTH, HEIGHT, "USD", "?rest")
    (tile,) = chart.tiles
    assert (tile.label, tile.figure, tile.size) == ("Search", "80", Fraction(100))
    assert tile.told == "Search 80 USD, 105.3 % of all"  # 80 of 76: shares are of the net
    assert [(one.name, one.figure, one.href) for one in chart.undrawn] == [
        ("Nothing", "0.00", "?n"),
        ("Refund", "−4.00", "?r"),
        ("Search: data", "−20.00", "?d"),
    ]
    assert chart.undrawn_sum == "−24.00 USD in all"
    assert chart.tones == ("model",)


def test_the_smallest_of_many_become_one() -> None:
    """43 groups of 1 to 43: 39 stand, and 1+2+3+4 are 10."""
    groups = [Group(f"g{n}", "?", [Part("m", "model", n, "?")]) for n in range(1, 44)]
    chart = treemap(groups, 1200, 600, "USD", "?rest")
    assert len(chart.tiles) == GROUPS_MAX
    other = chart.tiles[-1]
    assert other.told.startswith("Other (4) 10 USD")
    assert (other.href, other.size, len(other.cells)) == ("?rest", Fraction(10), 1)


def test_nothing_above_zero_draws_nothing() -> None:
    assert treemap([], WIDTH, HEIGHT, "USD", "?").tiles == ()


def test_small_cells_lose_their_figures_first() -> None:
    parts = [Part("model", "model", 1000, "?"), Part("data", "data", 60, "?")]
    (tile,) = treemap([Group("Search", "?", parts)], 400, 200, "USD", "?").tiles
    assert [(cell.label, cell.figure) for cell in tile.cells] == [("model", "1,000"), ("", "")]


def test_a_tone_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no tone"):
        treemap([Group("g", "?", [Part("a", "none", 1, "?")])], WIDTH, HEIGHT, "USD", "?")
