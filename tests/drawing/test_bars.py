"""Bars: parts end to end on one scale, credits left of zero, and changes that sum."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hard_amounts import AMOUNTS
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline.drawing.bars import PARTS_MAX, Bar, Change, Slice, bars, changes
from everyline.drawing.palette import METHODS
from everyline.drawing.words import decimal

SLICES = st.builds(Slice, st.sampled_from(METHODS), AMOUNTS, st.just("?s"))
ROWS = st.lists(st.builds(Bar, st.text(max_size=30), st.just("?r"), st.lists(SLICES, max_size=6)))


@settings(max_examples=300, deadline=None)
@given(ROWS, st.integers(0, 9))
def test_parts_lie_end_to_end_on_one_scale(rows: list[Bar], seed: int) -> None:
    chart = bars(rows, 700, "USD")
    assert len(chart.rows) == len(rows)
    lows = [
        sum((min(Fraction(s.amount), Fraction(0)) for s in r.slices), Fraction(0)) for r in rows
    ]
    highs = [
        sum((max(Fraction(s.amount), Fraction(0)) for s in r.slices), Fraction(0)) for r in rows
    ]
    span = max(highs, default=Fraction(0)) - min(lows, default=Fraction(0))
    for row, given_ in zip(chart.rows, rows, strict=True):
        left = right = chart.zero
        for piece in row.pieces:
            assert chart.left <= piece.x <= piece.x + piece.width <= chart.right
            if piece.amount > 0:
                assert piece.x == right
                right += piece.width
            else:
                assert piece.x + piece.width == left
                left -= piece.width
            exact = abs(piece.amount) * (chart.right - chart.left) / span
            assert abs(piece.width - exact) <= 1
        tones = [piece.tone for piece in row.pieces]
        assert tones == sorted(tones, key=METHODS.index)
        assert sum((p.amount for p in row.pieces), Fraction(0)) == sum(
            (Fraction(s.amount) for s in given_.slices), Fraction(0)
        )
    shuffled = [
        row._replace(slices=Random(seed).sample(row.slices, len(row.slices))) for row in rows
    ]
    assert bars(shuffled, 700, "USD") == chart


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.builds(Change, st.text(max_size=30), AMOUNTS, st.just("?")), max_size=30),
    AMOUNTS,
    st.integers(0, 9),
)
def test_changes_begin_where_the_one_before_ends(
    parts: list[Change], before: Decimal, seed: int
) -> None:
    whole = sum((Fraction(part.amount) for part in parts), Fraction(0))
    sums = (before, decimal(Fraction(before) + whole))
    chart = changes(parts, sums, "USD", 450, "?all")
    assert len(chart.rows) <= PARTS_MAX + 1
    at = chart.zero
    for row in chart.rows[:-1]:
        assert row.joint is not None
        for piece in row.pieces:
            more = piece.amount > 0
            assert (piece.x if more else piece.x + piece.width) == at
            assert row.joint == (piece.x + piece.width if more else piece.x)
            assert piece.tone == ("more" if more else "less")
        at = row.joint
    last = chart.rows[-1]
    assert last.joint is None
    for piece in last.pieces:
        assert at in (piece.x, piece.x + piece.width)
        assert chart.zero in (piece.x, piece.x + piece.width)
    assert len(chart.table.rows) == len(parts) + 1
    assert changes(Random(seed).sample(parts, len(parts)), sums, "USD", 450, "?all") == chart


def test_a_bar_done_by_hand() -> None:
    """60 direct and 30 shared, and 10 given back: the scale has 100 between -10 and 90."""
    rows = [
        Bar(
            "Risk",
            "?r",
            [Slice("shared", 30, "?"), Slice("traced", -10, "?"), Slice("direct", 60, "?")],
        )
    ]
    chart = bars(rows, 700, "USD")
    (row,) = chart.rows
    wide = chart.right - chart.left
    assert chart.zero - chart.left == pytest.approx(wide * 0.1, abs=1)
    assert [(p.tone, int(p.amount)) for p in row.pieces] == [
        ("direct", 60),
        ("traced", -10),
        ("shared", 30),
    ]
    assert row.pieces[1].x == chart.left
    assert row.pieces[2].x + row.pieces[2].width == chart.right
    assert (row.figure, row.told) == ("80", "Risk 80 USD, 100.0 % of all")
    assert row.pieces[1].told == "Risk, traced −10 USD, −12.5 % of all"
    assert chart.table.heads == ("Name", "Direct", "Traced", "Shared", "Sum, USD")
    assert chart.table.rows == (("Risk", "60.00", "−10.00", "30.00", "80.00"),)


def test_nothing_and_zeros() -> None:
    assert bars([], 700, "USD").rows == ()
    (row,) = bars([Bar("a", "?", [Slice("direct", 0, "?")])], 700, "USD").rows
    assert (row.pieces, row.figure) == ((), "0")


def test_a_change_done_by_hand() -> None:
    parts = [Change("up", 30, "?u"), Change("down", -20, "?d"), Change("small", 5, "?s")]
    chart = changes(parts, (300, 315), "USD", 450, "?all")
    assert [(row.label, row.figure, row.href) for row in chart.rows] == [
        ("up", "+30", "?u"),
        ("down", "−20", "?d"),
        ("small", "+5", "?s"),
        ("Change", "+15", "?all"),
    ]
    assert chart.zero == chart.left
    up, down, small, change = (row.pieces[0] for row in chart.rows)
    assert up.x + up.width == chart.right == down.x + down.width
    assert small.x == down.x
    assert change.x + change.width == small.x + small.width
    assert chart.zero_is == "Zero is the cost before, 300.00 USD; the change is 5.0 % of it."


def test_of_a_cost_that_is_not_above_zero_a_change_is_no_share() -> None:
    chart = changes([Change("new", 3, "?")], (-1, 2), "USD", 450, "?")
    assert chart.zero_is == "Zero is the cost before, −1.00 USD."


def test_the_smallest_changes_become_one_and_still_sum() -> None:
    parts = [Change(f"p{n:02}", n, "?") for n in range(1, 16)]
    chart = changes(parts, (0, 120), "USD", 450, "?all")
    assert [row.label for row in chart.rows][-2:] == ["Other (4)", "Change"]
    assert chart.rows[-2].figure == "+10"


def test_parts_that_do_not_sum_are_refused() -> None:
    with pytest.raises(ValueError, match="do not sum"):
        changes([Change("a", 1, "?")], (0, 2), "USD", 450, "?")


def test_a_tone_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no tone"):
        bars([Bar("a", "?", [Slice("direkt", 1, "?")])], 700, "USD")
