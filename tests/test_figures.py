"""Figures as text, by hand; documents and screens differ in two signs only."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline import figures
from everyline.cli import figures as on_screens

MONEY = st.decimals(-(10**19), 10**19, places=18)


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("1234.5", "USD", "1,234.50"),
        ("0.125", "USD", "0.12"),
        ("0.135", "USD", "0.14"),
        ("-0.001", "USD", "0.00"),
        ("-0.006", "USD", "−0.01"),
        ("-1500", "JPY", "−1,500"),
        ("1234567.5", "JPY", "1,234,568"),
        ("2.0005", "BHD", "2.000"),
        ("3", None, "3.00"),
        ("99999999999999999999.999999999999999999", "USD", "100,000,000,000,000,000,000.00"),
        ("12345678901234567890123456789.01", "USD", "12,345,678,901,234,567,890,123,456,789.01"),
    ],
)
def test_amounts_are_half_even_in_the_minor_unit(
    value: str, currency: str | None, shown: str
) -> None:
    assert figures.amount(Decimal(value), currency) == shown
    assert on_screens.amount(Decimal(value), currency) == shown.replace("−", "-")


def test_a_change_has_its_sign() -> None:
    said = [figures.change(Decimal(value), "USD") for value in ("1", "0", "-1", "-0.001")]
    assert said == ["+1.00", "0.00", "−1.00", "0.00"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1234.5", "1,234.5"),
        ("1000", "1,000"),
        ("0.0005", "0"),
        ("0.0015", "0.002"),
        ("-0.0001", "0"),
        ("-7.25", "−7.25"),
    ],
)
def test_quantities_have_at_most_three_decimals(value: str, shown: str) -> None:
    assert figures.quantity(Decimal(value)) == shown
    assert on_screens.quantity(Decimal(value)) == shown.replace("−", "-")


def test_a_number_without_decimals_keeps_its_zeros() -> None:
    assert figures.rounded(Decimal("1999.6"), 0) == "2,000"


@given(MONEY)
def test_every_digit_can_be_read_back(value: Decimal) -> None:
    assert Decimal(figures.exact(value)) == value
    assert figures.separated(value).replace(",", "").replace("−", "-") == figures.exact(value)
    assert on_screens.separated(value).replace(",", "") == figures.exact(value)


@given(MONEY, MONEY)
def test_a_share_is_exact_and_of_nothing_there_is_none(part: Decimal, whole: Decimal) -> None:
    found = figures.share(part, whole)
    assert found == (Fraction(part) / Fraction(whole) if whole else None)


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (Fraction(1, 3), "33.3 %"),
        (Fraction(0), "0.0 %"),
        (Fraction(1), "100.0 %"),
        (Fraction(-1, 100000), ">−0.1 %"),
        (Fraction(1, 10**30), "<0.1 %"),
        (Fraction(99_949, 100_000), "99.9 %"),
        (1 - Fraction(1, 10**30), ">99.9 %"),
        (Fraction(10_001, 10_000), ">100.0 %"),
        (Fraction(-1), "−100.0 %"),
        (Fraction(-1, 8), "−12.5 %"),
        (Fraction(1, 2000), "<0.1 %"),
        (Fraction(3, 2000), "0.2 %"),
        (Fraction(-20), "−2,000.0 %"),
    ],
)
def test_shares_are_percent_with_one_decimal(share: Fraction, shown: str) -> None:
    assert figures.percent(share) == shown
    assert on_screens.percent(share) == shown.replace("−", "-")


def test_where_there_is_no_figure_a_dash_stands() -> None:
    assert [figures.amount(None, "USD"), figures.quantity(None), figures.percent(None)] == ["–"] * 3
    of_screens = [on_screens.amount(None, None), on_screens.quantity(None)]
    assert [*of_screens, on_screens.percent(None)] == ["-"] * 3
