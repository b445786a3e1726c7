"""The definition of causes, in whole numbers: by hand, and whatever the amounts."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.comparing.causes import (
    Change,
    Effects,
    flowed,
    of_bill,
    retagged,
)

M = 10**18
"""One unit of a currency."""


def effects(found: Effects) -> dict[str, dict[Any, int]]:
    return {cause: dict(parts) for cause, parts in found.items() if any(parts.values())}


def test_more_at_a_higher_price_is_quantity_at_the_old_price_and_price_for_the_rest() -> None:
    """100 for 10, then 180 for 15: 5 more at 10 are 50, and 15 dearer by 2 are 30."""
    change = Change({"a": 100 * M}, {"a": 180 * M})
    assert of_bill(change, [(10 * M, 15 * M)]) == {"quantity": 50 * M, "price": 30 * M}


@pytest.mark.parametrize("quantities", [[], [(None, 5)], [(5, None)], [(0, 5)], [(-1, 5)]])
def test_without_a_quantity_on_both_sides_all_is_price(quantities: Any) -> None:
    assert of_bill(Change({"a": 1}, {"a": 9}), quantities) == {"quantity": 0, "price": 8}


def test_the_first_quantity_that_both_sides_have_is_gone_by() -> None:
    found = of_bill(Change({"a": 100}, {"a": 100}), [(None, 1), (10, 20)])
    assert found == {"quantity": 100, "price": -100}


def test_what_a_quantity_is_worth_is_rounded_half_even() -> None:
    """1 x 1/2 is 0, 3 x 1/2 is 2."""
    assert of_bill(Change({"a": 1}, {"a": 1}), [(2, 3)])["quantity"] == 0
    assert of_bill(Change({"a": 3}, {"a": 3}), [(2, 3)])["quantity"] == 2


def test_the_bill_changes_at_the_fractions_before_and_then_the_fractions_change() -> None:
    """100 split 60 to 40 becomes 200 split 100 to 100: 60 and 40 by the bill, then 20 across."""
    change = Change({"a": 60 * M, "b": 40 * M}, {"a": 100 * M, "b": 100 * M})
    found = effects(flowed(change, {"price": 100 * M}, "weights", {}))
    assert found == {
        "price": {"a": 60 * M, "b": 40 * M},
        "weights": {"a": -20 * M, "b": 20 * M},
    }


def test_a_renamed_owner_hands_over_and_the_rest_is_weights() -> None:
    """a is called c now. 100 split 60 to 40, then 200 split 110 to 90: a would have had 120."""
    change = Change({"a": 60 * M, "b": 40 * M}, {"c": 110 * M, "b": 90 * M})
    found = effects(flowed(change, {"price": 100 * M}, "weights", {"a": "c"}))
    assert found == {
        "price": {"a": 60 * M, "b": 40 * M},
        "evidence": {"a": -120 * M, "c": 120 * M},
        "weights": {"c": -10 * M, "b": 10 * M},
    }


def test_fractions_that_differ_by_rounding_alone_are_no_cause() -> None:
    """A third of 10 and a third of 20 are rounded, so that the second is not twice the first."""
    change = Change({"a": 3, "b": 7}, {"a": 7, "b": 13})
    found = effects(flowed(change, {"price": 10}, "weights", {}))
    assert found == {"price": {"a": 4, "b": 6}}


def test_what_cost_nothing_before_is_spread_by_the_fractions_after() -> None:
    change = Change({"a": 0}, {"a": 6 * M, "b": 4 * M})
    assert effects(flowed(change, {"rules": 10 * M}, "weights", {})) == {
        "rules": {"a": 6 * M, "b": 4 * M}
    }


def test_charges_beside_refunds_have_no_fractions() -> None:
    change = Change({"a": 9 * M, "b": -8 * M}, {"a": 2 * M})
    assert effects(flowed(change, {"price": M}, "weights", {})) == {
        "other": {"a": -7 * M, "b": 8 * M}
    }


def test_cost_that_was_tagged_is_evidence_as_far_as_it_is_the_same_amount() -> None:
    """60 left nobody and 80 came to search: 60 are tagged now, 20 are new."""
    change = Change({"nobody": 100}, {"nobody": 40, "search": 80})
    assert effects(retagged(change)) == {
        "evidence": {"nobody": -60, "search": 60},
        "new": {"search": 20},
    }
    turned = Change(change.after, change.before)
    assert effects(retagged(turned)) == {
        "evidence": {"nobody": 60, "search": -60},
        "ended": {"search": -20},
    }


def test_a_credit_that_begins_is_new_and_one_that_ends_has_ended() -> None:
    assert effects(retagged(Change({}, {"a": -50}))) == {"new": {"a": -50}}
    assert effects(retagged(Change({"a": -50}, {}))) == {"ended": {"a": 50}}
    assert effects(retagged(Change({"a": -50}, {"a": -80}))) == {"new": {"a": -30}}


def test_a_charge_that_turns_into_a_credit_has_ended_and_the_credit_is_new() -> None:
    """100 ended and a credit of 20 is new; where b gains 60 of these 120, half of each is left."""
    change = Change({"a": 100}, {"a": -20})
    assert effects(retagged(change)) == {"ended": {"a": -100}, "new": {"a": -20}}
    assert effects(retagged(Change(change.before, {"a": -20, "b": 60}))) == {
        "evidence": {"a": -60, "b": 60},
        "ended": {"a": -50},
        "new": {"a": -10},
    }


def test_another_currency_is_neither_new_nor_ended() -> None:
    assert effects(retagged(Change({}, {"a": 7}), "currency")) == {"currency": {"a": 7}}
    assert effects(retagged(Change({"a": 7}, {}), "currency")) == {"currency": {"a": -7}}


AMOUNT = st.integers(-(10**24), 10**24)
PARTS = st.dictionaries(st.sampled_from("abcd"), AMOUNT, max_size=4)
SAME_SIGN = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**24), max_size=4)


@given(PARTS | SAME_SIGN, PARTS, st.integers(), st.integers(), st.sampled_from(["", "currency"]))
def test_effects_sum_to_the_change_of_every_holder(
    before: Mapping[str, int], after: Mapping[str, int], more: int, less: int, cause: Any
) -> None:
    change = Change(before, after)
    total = sum(after.values()) - sum(before.values())
    flows: Any = {"price": more, "evidence": less, "new": total - more - less}
    for found in (
        flowed(change, flows, "rules", {"a": "b"}),
        retagged(change, cause),
    ):
        for holder in "abcd":
            assert sum(parts.get(holder, 0) for parts in found.values()) == change.of(holder)


@given(SAME_SIGN, PARTS, st.integers(), st.integers())
def test_what_flows_in_arrives_whole(
    before: Mapping[str, int], after: Mapping[str, int], more: int, less: int
) -> None:
    """Every cause but the fractions' own sums to what flowed, over all holders."""
    total = sum(after.values()) - sum(before.values())
    flows: Any = {"price": more, "quantity": less, "new": total - more - less}
    found = flowed(Change(before, after), flows, "rules", {})
    if "other" in found:
        return
    for cause, amount in {**flows, "rules": 0}.items():
        assert sum(found.get(cause, {}).values()) == amount
