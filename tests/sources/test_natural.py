"""Natural order of names (R1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.sources.natural import natural_key

NAMES = st.text(alphabet="ab-/.é019\ud800", max_size=8)


def in_natural_order(*names: str) -> list[str]:
    return sorted(names, key=natural_key)


def test_part_2_of_10_stands_before_part_10_of_10() -> None:
    assert in_natural_order("part-10-of-10", "part-2-of-10", "part-1-of-10") == [
        "part-1-of-10",
        "part-2-of-10",
        "part-10-of-10",
    ]


def test_a_version_of_more_digits_is_greater() -> None:
    assert in_natural_order("v10", "v9", "v9.1") == ["v9", "v9.1", "v10"]


def test_text_between_numbers_compares_bytewise() -> None:
    assert in_natural_order("é1", "a1", "B1") == ["B1", "a1", "é1"]


def test_leading_zeros_decide_only_between_equal_numbers() -> None:
    assert in_natural_order("a1b2", "a01b1", "a01b2") == ["a01b1", "a01b2", "a1b2"]


def test_numbers_of_any_length_are_ordered() -> None:
    huge = "1" + "0" * 5000
    assert in_natural_order("x" + huge, "x9") == ["x9", "x" + huge]


def test_digits_of_other_scripts_are_text() -> None:
    assert in_natural_order("a٣", "a20") == ["a20", "a٣"]


@pytest.mark.parametrize("name", ["", "7", "a", "a7", "7a7"])
def test_a_name_equals_itself(name: str) -> None:
    assert natural_key(name) == natural_key(name)


@given(NAMES, NAMES)
def test_different_names_never_have_equal_keys(one: str, other: str) -> None:
    assert (natural_key(one) == natural_key(other)) == (one == other)


@given(st.lists(NAMES, unique=True))
def test_the_order_does_not_depend_on_the_order_given(names: list[str]) -> None:
    assert in_natural_order(*names) == in_natural_order(*reversed(names))


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_compare_as_numbers(one: int, other: int) -> None:
    assert (natural_key(f"p{one}.csv") < natural_key(f"p{other}.csv")) == (one < other)
