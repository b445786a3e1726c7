"""Lengths and texts of charts."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.drawing import words
from everyline.drawing.lengths import cuts, px, spread, units


def test_lengths_are_written_short() -> None:
    assert [px(n) for n in (0, 5, 50, 1230, 12345, -5)] == [
        "0",
        "0.05",
        "0.5",
        "12.3",
        "123.45",
        "-0.05",
    ]


@given(st.lists(st.fractions(min_value=0, max_value=10**12), min_size=1), st.integers(0, 10**6))
def test_parts_fill_their_length(parts: list[Fraction], length: int) -> None:
    whole = sum(parts)
    if not whole:
        return
    places = cuts(parts, whole, length)
    assert (places[0], places[-1]) == (0, length)
    assert places == sorted(places)
    for part, low, high in zip(parts, places[:-1], places[1:], strict=True):
        assert abs(Fraction(high - low) - part * length / whole) <= 1


def test_a_third_each_fills_what_three_do_not_divide() -> None:
    assert cuts([1, 1, 1], 3, 100) == [0, 33, 67, 100]


@given(st.lists(st.integers(0, 1000), max_size=30), st.integers(0, 100))
def test_labels_keep_their_distance_and_their_box(wanted: list[int], apart: int) -> None:
    places = spread(sorted(wanted), apart, 0, 1000)
    least = min(apart, 1000 // (len(wanted) - 1)) if len(wanted) > 1 else 0
    assert all(0 <= place <= 1000 for place in places)
    assert all(b - a >= least for a, b in pairwise(places))


def test_labels_that_have_room_stay() -> None:
    assert spread([10, 50, 52], 16, 0, 100) == [10, 50, 66]
    assert spread([90, 95, 99], 16, 0, 100) == [68, 84, 100]


def test_units_are_exact() -> None:
    assert units([Fraction("1e-18"), Fraction(10**12)]) == [1, 10**30]


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("Search", 6 * 720, "Search"),
        ("Search", 6 * 720 - 1, "Sear…"),
        ("Search", 2 * 720, "S…"),
        ("Search", 719, ""),
        ("Search", -5, ""),
        ("", 0, ""),
        ("検索料金", 8 * 720, "検索料金"),
        ("検索料金", 8 * 720 - 1, "検索料…"),
        ("検索料金", 6 * 720, "検索…"),
        ("LLM API", 5 * 720, "LLM…"),  # no space before the cut
    ],
)
def test_text_is_cut_to_its_room(text: str, room: int, shown: str) -> None:
    assert words.fit(text, room) == shown


def test_a_mark_takes_no_room_and_stays_with_its_letter() -> None:
    decomposed = "e\u0301" * 4
    assert words.width(decomposed) == 4 * 720
    assert words.fit(decomposed, 3 * 720) == "e\u0301" * 2 + "…"


@given(st.text(), st.integers(-1000, 30_000))
def test_what_is_cut_fits_and_is_where_the_text_begins(text: str, room: int) -> None:
    shown = words.fit(text, room)
    assert words.width(shown) <= max(room, 0)
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("430585.49"), "430,585"),
        (Decimal("0.5"), "<1"),
        (Decimal("1.5"), "2"),
        (Decimal("2.5"), "2"),
        (Decimal("-1234.6"), "−1,235"),
        (Decimal("-0.2"), ">−1"),
        (Decimal("1e-18"), "<1"),
        (0, "0"),
        (Decimal("-0"), "0"),
    ],
)
def test_whole_units(amount: Decimal | int, text: str) -> None:
    assert words.whole(amount) == text


def test_changes_have_their_sign() -> None:
    assert [words.signed(Fraction(n)) for n in (12, 0, -12)] == ["+12", "0", "−12"]
    assert words.signed(Fraction("0.1")) == "<1"


def test_tables_have_minor_units_of_exact_amounts() -> None:
    assert words.minor(Fraction("-1234.5"), "USD") == "−1,234.50"
    assert words.minor(Fraction(99999999999999999999), "JPY") == "99,999,999,999,999,999,999"
    with pytest.raises(ValueError, match="more than 18 decimals"):
        words.minor(Fraction(1, 3), "USD")


def test_the_full_text_has_name_amount_and_share() -> None:
    said = words.told("Fine-tuning", Fraction(31870), "USD", Fraction(430585))
    assert said == "Fine-tuning 31,870 USD, 7.4 % of all"
    assert words.told("Credits", Fraction(-5), "USD", Fraction(0)) == "Credits −5 USD"
    assert words.told("a\u202eb", Fraction(1), "USD", Fraction(0)) == "a\\u202eb 1 USD"
