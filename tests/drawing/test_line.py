"""Lines over time: round axes, gaps that stay gaps, and every point within the plot."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hard_amounts import AMOUNTS
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline.drawing.line import STEPS_MAX, Line, Point, Unit, line, shown, ticks

POINTS = st.builds(
    Point, st.sampled_from(("Jan", "Feb 2026")), st.none() | AMOUNTS, st.just("?"), st.booleans()
)


@settings(max_examples=300, deadline=None)
@given(st.lists(POINTS, max_size=40), st.none() | AMOUNTS, st.sampled_from(("percent", "money")))
def test_all_is_within_the_plot(points: list[Point], target: Decimal | None, unit: Unit) -> None:
    chart = line(points, target, 450, 330, unit)
    values = [point for point in points if point.value is not None]
    assert len(chart.dots) == len(values)
    for dot, point in zip(chart.dots, values, strict=True):
        assert chart.left <= dot.x <= chart.right
        assert chart.top <= dot.y <= chart.bottom
        assert dot.partial == point.partial
    rows = [row.at for row in chart.rows]
    assert rows == sorted(rows, reverse=True)
    assert (rows[0], rows[-1]) == (chart.bottom, chart.top)
    assert len({row.label for row in chart.rows}) == len(rows)
    assert len(chart.table.rows) == len(points)
    assert chart.zero in rows
    [zero] = [row.label.removesuffix(" %") for row in chart.rows if row.at == chart.zero]
    assert zero.strip("0.") == ""
    by_value = sorted(zip(values, chart.dots, strict=True), key=lambda one: one[0].value or 0)
    assert [dot.y for _, dot in by_value] == sorted((d.y for d in chart.dots), reverse=True)


@given(AMOUNTS, AMOUNTS)
def test_ticks_are_round_few_and_around_the_values(one: Decimal, other: Decimal) -> None:
    low, high = sorted((Fraction(one), Fraction(other)))
    found = ticks(low, high)
    steps = {b - a for a, b in pairwise(found)}
    assert len(steps) == 1
    assert found[0] <= low <= high <= found[-1]
    assert len(found) <= STEPS_MAX + 2
    step = steps.pop()
    while step >= 10:
        step /= 10
    while step < 1:
        step *= 10
    assert step in (1, 2, Fraction(5, 2), 5)


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        ("71.2", "94.8", [70, 75, 80, 85, 90, 95]),
        ("0", "0", [0, 1]),
        ("0", "7", [0, 2, 4, 6, 8]),
        ("-7", "0", [-8, -6, -4, -2, 0]),
        ("-3", "11", [-5, 0, 5, 10, 15]),
        ("0.01", "0.04", [Fraction(n, 100) for n in range(1, 5)]),
        ("0", "12", [0, Fraction(5, 2), 5, Fraction(15, 2), 10, Fraction(25, 2)]),
    ],
)
def test_ticks_by_hand(low: str, high: str, found: list[Fraction]) -> None:
    assert ticks(Fraction(low), Fraction(high)) == found


def of(*values: str | None, target: int | None = None, unit: Unit = "percent") -> Line:
    points = [
        Point(
            f"m{at}",
            None if v is None else Decimal(v.rstrip("?")),
            f"?m={at}",
            v[-1:] == "?" if v else False,
        )
        for at, v in enumerate(values)
    ]
    return line(points, target, 450, 330, unit)


def test_gaps_break_the_line_and_the_area() -> None:
    chart = of("10", "20", None, "30", None, "20", "30", "40")
    assert [path.count("L") for path in chart.curves] == [1, 2]
    assert len(chart.areas) == 2
    assert len(chart.dots) == 6
    assert chart.table.rows[2] == ("m2", "no data")


def test_the_tail_that_can_change_is_dashed() -> None:
    chart = of("10", "20", "30?", "40?")
    assert [path.count("L") for path in chart.curves] == [1]
    assert [path.count("L") for path in chart.dashed] == [2]
    assert chart.dashed[0].startswith(chart.curves[0].split("L")[1].join(("M", "")))
    assert chart.dots[-1].told == "m3 40.0 %, so far"


def test_one_point_stands_in_the_middle() -> None:
    chart = of("40")
    assert [dot.x for dot in chart.dots] == [(chart.left + chart.right) // 2]
    assert (chart.curves, chart.areas) == ((), ())
    assert [row.label for row in chart.rows] == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]


def test_all_zero_lies_on_the_bottom() -> None:
    chart = of("0", "0", unit="money")
    assert {dot.y for dot in chart.dots} == {chart.bottom} == {chart.zero}


def test_below_zero_hangs_from_the_zero_line() -> None:
    chart = of("-10", "10", unit="money")
    assert chart.zero == (chart.top + chart.bottom) // 2
    assert chart.areas[0].endswith(f"{chart.zero // 100}Z")
    assert chart.rows[0].label == "−10"


def test_a_small_change_looks_small() -> None:
    """A tenth of a percent point, and a thousandth of a cost, are less than two pixels."""
    for chart in (of("94.8", "94.9"), of("100000", "100100", unit="money")):
        assert chart.zero == chart.bottom
        (before, after) = (dot.y for dot in chart.dots)
        assert 0 < before - after < 200


def test_a_share_is_drawn_of_all_and_more_than_all_has_room() -> None:
    assert [row.label for row in of("3").rows][-1] == "100 %"
    assert [row.label for row in of("-20", "130").rows] == [
        "−50 %",
        "0 %",
        "50 %",
        "100 %",
        "150 %",
    ]


def test_target_and_last_value_do_not_lie_on_each_other() -> None:
    chart = of("70", "90.1", target=90)
    assert chart.target_label is not None
    assert chart.last_label is not None
    assert (chart.last_label.label, chart.target_label.label) == ("90.1 %", "Target 90 %")
    assert abs(chart.last_label.at - chart.target_label.at) >= 1600


def test_months_that_do_not_fit_are_left_out_and_never_the_last() -> None:
    chart = line([Point(f"2026-{n:02}", 1, "?") for n in range(1, 13)], None, 300, 200, "money")
    labels = [column.label for column in chart.columns]
    assert labels[-1] == "2026-12"
    assert 1 < len(labels) < 12
    places = [column.at for column in chart.columns]
    assert all(b - a >= 7 * 720 for a, b in pairwise(places))


def test_nothing_at_all() -> None:
    assert line([], None, 450, 330).dots == ()
    assert of(None, None, target=90).dots == ()


def test_values_are_written_by_their_unit() -> None:
    assert shown(Decimal("94.75"), "percent") == "94.8 %"
    assert shown(Decimal("-1234.5"), "money") == "−1,234"
    assert shown(Decimal("-0.0340"), "rate") == "−0.034"
