"""Exact money: R2 (numbers), R12 (split), R23 (cascade), and the currencies' minor units."""

import random
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline import money

E18 = 10**18
AMOUNTS = st.integers(-(10**38) + 1, 10**38 - 1)
WEIGHTS = st.dictionaries(
    st.text(min_size=1, max_size=3), st.integers(0, 10**20), min_size=1, max_size=9
).filter(lambda weights: any(weights.values()))


def parts(units: int, *weights: int) -> list[int]:
    """The split in the order of the weights, keys `a`, `b`, ...; a missing row counts 0."""
    keyed = {chr(97 + at): weight for at, weight in enumerate(weights)}
    shares = money.split(units, keyed)
    return [shares.get(key, 0) for key in keyed]


# R12: goldens


@pytest.mark.parametrize(
    ("units", "weights", "expected"),
    [
        (100, (1, 1, 1), [34, 33, 33]),
        (101, (1, 1, 1), [34, 34, 33]),
        (5, (3, 7), [2, 3]),  # 1.5 and 3.5: the tie goes to the smaller key
        (5, (7, 3), [4, 1]),
        (-5, (7, 3), [-4, -1]),  # the mirror of the line above
        (5, (0, 7, 3), [0, 4, 1]),
        (2, (1, 1, 1), [1, 1, 0]),
        (101, (3, 7), [30, 71]),
        (1, (33, 66), [0, 1]),
        (15, (20, 2, 3), [12, 1, 2]),  # 12.0, 1.2, 1.8
        (15, (1, 1, 0), [8, 7, 0]),
        (5, (30, 70), [2, 3]),  # five cents that cannot be rounded part by part
    ],
)
def test_small_amounts_split_as_by_hand(
    units: int, weights: tuple[int, ...], expected: list[int]
) -> None:
    assert parts(units, *weights) == expected


def test_a_paycheck_gives_the_missing_cent_to_the_largest_fraction() -> None:
    # 1,027.59 at 20/70/5/5 %: 205.518, 719.313, 51.3795, 51.3795; floors leave two cents, the
    # largest fractions are .95 and .95 (of 5 % each), before .8 and .3.
    assert parts(102759, 20, 70, 5, 5) == [20552, 71931, 5138, 5138]


def test_a_total_posted_once_loses_nothing_to_its_rows() -> None:
    # 232,558 at 60/40 is 139,534.8 and 93,023.2.
    assert parts(232558, 60, 40) == [139535, 93023]


def test_a_larger_total_may_lower_one_receiver_by_one_unit() -> None:
    assert parts(10, 6, 6, 2) == [4, 4, 2]
    assert parts(11, 6, 6, 2) == [5, 5, 1]
    assert parts(323, 567, 385, 42, 6) == [183, 124, 14, 2]
    assert parts(324, 567, 385, 42, 6) == [184, 125, 13, 2]


def test_a_tie_goes_to_the_key_that_is_smaller_in_utf_8() -> None:
    # U+FFFD is three bytes EF BF BD, U+1F600 four bytes F0 ..; UTF-16 would order them otherwise.
    assert money.split(1, {"\U0001f600": 1, "\ufffd": 1}) == {"\ufffd": 1, "\U0001f600": 0}


def test_a_receiver_of_zero_weight_has_no_row_and_one_of_zero_units_has() -> None:
    assert money.split(1, {"a": 3, "b": 1, "c": 0}) == {"a": 1, "b": 0}


def test_a_split_by_weights_that_are_all_zero_is_our_fault() -> None:
    with pytest.raises(AssertionError):
        money.split(1, {"a": 0})


# R12: properties


@given(AMOUNTS, WEIGHTS)
@settings(max_examples=300)
def test_a_split_conserves_keeps_quota_and_mirrors(units: int, weights: dict[str, int]) -> None:
    shares, total = money.split(units, weights), sum(weights.values())
    assert sum(shares.values()) == units
    assert set(shares) == {key for key, weight in weights.items() if weight}
    for key, part in shares.items():
        assert abs(part * total - units * weights[key]) < total
        assert part * units >= 0
    assert money.split(-units, weights) == {key: -part for key, part in shares.items()}


@given(AMOUNTS, WEIGHTS, st.integers(1, 10**6), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_neither_order_nor_scale_of_weights_matters(
    units: int, weights: dict[str, int], scale: int, order: random.Random
) -> None:
    shuffled = list(weights.items())
    order.shuffle(shuffled)
    scaled = {key: weight * scale for key, weight in shuffled}
    assert money.split(units, scaled) == money.split(units, weights)


@given(st.integers(0, 10**12), WEIGHTS)
@settings(max_examples=200)
def test_nobody_loses_more_than_one_unit_when_the_total_grows(
    units: int, weights: dict[str, int]
) -> None:
    before, after = money.split(units, weights), money.split(units + 1, weights)
    assert all(after[key] >= before[key] - 1 for key in before)


def test_thousands_of_random_splits_conserve() -> None:
    dice = random.Random(12)
    for _ in range(5000):
        weights = {f"r{at}": dice.choice((0, 1, dice.randrange(1, 10**12))) for at in range(8)}
        weights["last"] = 1
        units = dice.randrange(-(10**25), 10**25)
        assert sum(money.split(units, weights).values()) == units


def test_fractions_become_the_smallest_whole_weights() -> None:
    # 1/6 and 1/4 are 2/12 and 3/12.
    weights = {"a": Fraction(1, 6), "b": Fraction(1, 4), "c": Fraction(0)}
    assert money.whole_weights(weights) == {"a": 2, "b": 3, "c": 0}
    assert money.whole_weights({"a": Fraction(40), "b": Fraction(60)}) == {"a": 2, "b": 3}
    assert money.whole_weights({"a": Fraction(0)}) == {"a": 0}


@given(st.dictionaries(st.text(max_size=2), st.fractions(0, 100), min_size=1, max_size=6))
@settings(max_examples=200)
def test_whole_weights_keep_every_proportion(weights: dict[str, Fraction]) -> None:
    whole = money.whole_weights(weights)
    for one, other in pairwise(weights):
        assert whole[one] * weights[other] == whole[other] * weights[one]


# R23


@pytest.mark.parametrize(
    ("units_e18", "digits", "expected"),
    [
        (5 * 10**15, 2, 1),  # 0.005 is half a cent: up
        (-5 * 10**15, 2, 0),  # -0.005 too: up, which is toward zero
        (-6 * 10**15, 2, -1),
        (4999999999999999, 2, 0),
        (E18 // 2, 0, 1),  # half a yen
        (-3 * E18 // 2, 0, -1),
        (12345 * 10**11, 3, 1),  # 0.0012345 dinar
        (0, 2, 0),
    ],
)
def test_an_issuer_total_rounds_half_up_for_both_signs(
    units_e18: int, digits: int, expected: int
) -> None:
    assert money.floor_half_up(units_e18, digits) == expected


def test_two_half_cents_under_one_cent_go_to_the_smaller_key() -> None:
    halves = [("b", 5 * 10**15), ("a", 5 * 10**15)]
    assert money.cascade(1, halves, 2) == {"b": 0, "a": 1}


def test_a_credit_is_floored_and_gets_its_unit_back() -> None:
    # 1.004 and -0.002 are 1.002, rounded 1.00. Floors: 1.00 and -0.01; one cent is missing and
    # goes to the fraction .8 of -0.002 = -0.01 + 0.008, not to the .4 of 1.004.
    lines = [("a", 1004 * 10**15), ("b", -2 * 10**15)]
    assert money.floor_half_up(1002 * 10**15, 2) == 100
    assert money.cascade(100, lines, 2) == {"a": 100, "b": 0}


def test_a_part_without_a_fraction_never_gets_a_unit() -> None:
    lines = [("a", E18), ("b", 6 * 10**15), ("c", 5 * 10**15)]
    assert money.cascade(101, lines, 2) == {"a": 100, "b": 1, "c": 0}
    assert money.cascade(102, lines, 2) == {"a": 100, "b": 1, "c": 1}


def test_a_total_that_is_no_rounding_of_its_parts_is_our_fault() -> None:
    with pytest.raises(AssertionError):
        money.cascade(3, [("a", E18)], 2)


TREE = st.lists(
    st.lists(st.integers(-(10**22), 10**22), min_size=1, max_size=5), min_size=1, max_size=5
)


@given(TREE, st.sampled_from([0, 2, 3, 4]))
@settings(max_examples=300)
def test_lines_sum_to_owners_and_owners_to_the_issuer(tree: list[list[int]], digits: int) -> None:
    step = 10 ** (18 - digits)
    owners = [(f"owner {at}", sum(lines)) for at, lines in enumerate(tree)]
    total = money.floor_half_up(sum(amount for _, amount in owners), digits)
    rounded = money.cascade(total, owners, digits)
    assert sum(rounded.values()) == total
    for (owner, amount), exact in zip(owners, tree, strict=True):
        keyed = [(f"line {at}", units) for at, units in enumerate(exact)]
        lines = money.cascade(rounded[owner], keyed, digits)
        assert sum(lines.values()) == rounded[owner]
        assert abs(rounded[owner] * step - amount) < step
        assert all(abs(lines[key] * step - units) < step for key, units in keyed)
        assert money.cascade(rounded[owner], keyed[::-1], digits) == lines


@given(AMOUNTS, AMOUNTS, st.sampled_from([0, 2, 3, 4]))
@settings(max_examples=200)
def test_the_change_of_a_rounded_total_is_a_lawful_total_of_the_change(
    old: int, new: int, digits: int
) -> None:
    change = money.floor_half_up(new, digits) - money.floor_half_up(old, digits)
    assert money.cascade(change, [("a", new - old)], digits) == {"a": change}


# R2


@pytest.mark.parametrize(
    ("text", "value", "lost"),
    [
        ("0", "0", "0"),
        ("-0.00", "0", "0"),
        ("0E-6176", "0", "0"),
        ("0e+99999999999999999999", "0", "0"),
        ("0012.50", "12.5", "0"),
        ("-2500.00", "-2500", "0"),
        ("1.5e3", "1500", "0"),
        ("15E-1", "1.5", "0"),
        ("0.4272621300000001", "0.4272621300000001", "0"),
        ("12.3456789012345678901234567890", "12.345678901234567890", "1.23456789E-19"),
        ("0.0000000000000000005", "0", "5E-19"),  # half of the last place: to even, 0
        ("0.0000000000000000015", "2E-18", "-5E-19"),
        ("-0.0000000000000000015", "-2E-18", "5E-19"),
        ("-0.0000000000000000004", "0", "-4E-19"),
        ("1e-40", "0", "1E-40"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999", "0"),
    ],
)
def test_a_number_is_read_exactly(text: str, value: str, lost: str) -> None:
    assert money.number(text) == (Decimal(value), Decimal(lost))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " 1",
            "1 ",
            "+1",
            "1.",
            ".5",
            "-",
            "1,234.50",
            "1_000",
            "NaN",
            "Infinity",
            "1e",
            "e5",
        ),
        *("--1", "1.2.3", "0x10", "\u0661", "1e41", "1e-41", "1e999", "1" * 61, "0." + "0" * 59),
        "100000000000000000000",  # 10^20 has 21 digits before the point: 39 with 18 decimals
        "1e20",
        "99999999999999999999.9999999999999999995",  # rounds up to 10^20
    ],
)
def test_what_is_no_number_is_not_read(text: str) -> None:
    assert money.number(text) is None


def test_a_negative_zero_does_not_exist() -> None:
    for text in ("-0", "-0.0", "-1e-40"):
        read = money.number(text)
        assert read is not None
        assert not read.value.is_signed()


@given(st.decimals(-(10**19), 10**19, allow_nan=False), st.integers(-20, 20))
@settings(max_examples=300)
def test_value_and_loss_make_up_the_number(drawn: Decimal, exponent: int) -> None:
    text = f"{drawn:f}e{exponent}"
    read = money.number(text)
    exact = Fraction(drawn) * Fraction(10) ** exponent
    if read is None:
        assert len(text) > 60 or abs(exact) >= 10**20 - Fraction(1, 10**18)
        return
    assert Fraction(read.value) + Fraction(read.lost) == exact
    assert abs(Fraction(read.lost)) <= Fraction(1, 2 * E18)


@given(AMOUNTS)
@settings(max_examples=200)
def test_what_decimal_38_18_holds_is_read_without_loss(units: int) -> None:
    text = f"{'-' if units < 0 else ''}{abs(units) // E18}.{abs(units) % E18:018d}"
    read = money.number(text)
    assert read is not None
    assert int(Fraction(read.value) * E18) == units
    assert read.lost == 0


# ISO 4217


def test_most_currencies_have_two_digits_and_these_have_not() -> None:
    def codes(digits: int) -> str:
        return " ".join(code for code, its in money.currencies().items() if its == digits)

    assert codes(0) == "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    assert codes(3) == "BHD IQD JOD KWD LYD OMR TND"
    assert codes(4) == "CLF UYW"
    assert set(money.currencies().values()) == {0, 2, 3, 4}


def test_codes_are_in_order_and_unknown_ones_have_no_digits() -> None:
    codes = list(money.currencies())
    assert codes == sorted(codes)
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in codes)
    assert money.minor_digits("USD") == 2
    assert money.minor_digits("JPY") == 0
    assert money.minor_digits("XAU") is None
    assert money.minor_digits("usd") is None
