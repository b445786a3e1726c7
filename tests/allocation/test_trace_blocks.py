"""R13 to R15 worked by hand: what a block is, units and currencies, and who takes a group."""

from pathlib import Path

import pytest
from traces import (
    COST,
    E18,
    ENGINE,
    KEYS,
    QUANTITY,
    Made,
    group,
    instant,
    kept_shares,
    load,
    trace,
    units,
    used,
)
from traces_by_hand import MEASURES


def test_conflict_is_where_usage_met_all_but_agreement(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("g", 10, team="support"), group("h", 10, x_Model="other", team="support")],
        [used(1, team="search", use_case="a")],
    )
    assert made.untraced == {"g": "conflict", "h": "no_usage"}
    assert made.parts == []


def test_usage_outside_the_window_is_not_seen(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("g", 10)],
        [
            used(1, team="search", use_case="a", day=1, at=23),
            used(1, team="support", use_case="b", day=2, at=0),
        ],
    )
    assert made.of("g") == {"search, a": "10"}


def test_windows_that_overlap_see_the_same_usage(tmp_path: Path) -> None:
    month = {"x_WindowEnd": instant(1, month=11)}
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("day", 10, 4), group("month", 10, 8, **month)],
        [
            used(4, team="search", use_case="a"),
            used(4, team="support", use_case="b", day=9),
            used(4, team="support", use_case="b", day=31, at=23),
        ],
    )
    assert made.of("day") == {"search, a": "10"}
    assert made.of("month") == {
        "search, a": "3.333333333333333333",
        "support, b": "6.666666666666666667",
    }


def test_months_bases_and_currencies_never_share_a_cell(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [
            group("usd", 10, 4),
            group("eur", 10, 4, BillingCurrency="EUR"),
            group("metered", 10, 4, x_Basis="metered"),
        ],
        [used(4, team="search", use_case="a")],
    )
    assert len({share["x_ShareId"] for share in made.shares}) == 3
    assert all(made.of(name) == {"search, a": "10"} for name in ("usd", "eur", "metered"))


def test_estimated_cost_leaves_a_rest_only_in_its_own_currency(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(COST)),
        [group("usd", 10), group("eur", 10, BillingCurrency="EUR")],
        [used(1, 2, team="search", use_case="a"), used(1, 6, team="support", use_case="b")],
    )
    assert made.of("usd") == {"search, a": "2", "support, b": "6", "unseen, unseen, unseen": "2"}
    assert made.of("eur") == {"search, a": "2.5", "support, b": "7.5"}
    assert {share["x_Driver"] for share in made.shares} == {"estimated_cost USD"}
    assert not made.problems


def test_usage_of_unknown_cost_counts_nothing_and_is_said(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(COST)),
        [group("g", 10)],
        [used(1, 10, team="search", use_case="a"), used(9, None, team="support", use_case="b")],
    )
    assert made.of("g") == {"search, a": "10"}
    assert made.names() == ["usage-without-estimated-cost"]
    assert made.problems[0].place.startswith("everyline.yaml:")
    assert made.problems[0].cost == 10


@pytest.mark.parametrize("split", [QUANTITY, COST])
def test_usage_of_several_units_or_currencies_is_not_weighed(tmp_path: Path, split: str) -> None:
    other = {"x_Unit": "requests", "x_EstimatedCurrency": "EUR"}
    made = Made(
        load(tmp_path, trace(split)),
        [group("g", 10, team="support")],
        [
            used(1, 1, team="search", use_case="a"),
            used(1, 1, team="support", use_case="a", **other),
        ],
    )
    assert made.untraced == {"g": "conflict"}
    assert made.names() == ["trace-units-differ"]


def test_units_are_compared_without_case_plural_and_multiple(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("g", 10, 1, ConsumedUnit="1K Token")],
        [used(600, team="search", use_case="a"), used(300, team="support", use_case="b")],
    )
    assert made.of("g") == {"search, a": "6", "support, b": "3", "unseen, unseen, unseen": "1"}
    assert not made.problems


def test_quantity_of_another_unit_leaves_no_rest_and_is_said(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("g", 10, 1000, ConsumedUnit="requests")],
        [used(600, team="search", use_case="a")],
    )
    assert made.of("g") == {"search, a": "10"}
    assert made.names() == ["trace-quantity-not-comparable"]


def test_a_missing_column_equals_nothing(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace("[{on: [Tags.app], weight: quantity}]")),
        [group("g", 10), group("h", 10, **{"Tags.app": "x"})],
        [
            used(1, team="search", use_case="a"),
            used(1, team="support", use_case="b", **{"Tags.app": "x"}),
        ],
    )
    assert made.untraced == {"g": "no_usage"}
    assert made.of("h") == {"support, b": "10"}


def test_a_column_that_usage_lacks_equals_nothing(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace("[{on: [BillingCurrency], weight: quantity}]")),
        [group("g", 10)],
        [used(1, team="search", use_case="a")],
    )
    assert made.untraced == {"g": "no_usage"}


def test_the_first_trace_takes_a_group_even_if_it_cannot_split_it(tmp_path: Path) -> None:
    text = (
        "trace:\n"
        "  - {rule: one, charges: {x_Model: m}, usage: {x_Source: seats},"
        " split: [{on: [x_Model]}]}\n"
        "  - {rule: two, charges: {ServiceProviderName: OpenAI}, usage: {x_Source: gateway},"
        " split: [{on: []}]}\n"
    )
    made = Made(
        load(tmp_path, text),
        [group("g", 10), group("h", 10, x_Model="n")],
        [used(1, team="search", use_case="a")],
    )
    assert made.untraced == {"g": "no_usage"}
    assert made.of("h") == {"search, a": "10"}
    assert {part["x_Rule"] for part in made.parts} == {"two"}


def test_parts_of_an_earlier_trace_are_known_cost_of_a_later_one(tmp_path: Path) -> None:
    """Trace one gives g 100 of search's 150 tokens; 50 are left beside support's 50."""
    text = (
        "trace:\n"
        "  - {rule: one, charges: {x_Model: m}, usage: {team: search}, split: [{on: [x_Model]}]}\n"
        "  - {rule: two, charges: {ServiceProviderName: OpenAI}, usage: {x_Source: gateway},"
        " split: [{on: []}]}\n"
    )
    made = Made(
        load(tmp_path, text),
        [group("g", 10, 100), group("h", 10, 100, x_Model="n")],
        [used(150, team="search", use_case="a"), used(50, team="support", use_case="b")],
    )
    assert made.of("g") == {"search, a": "10"}
    assert made.of("h") == {"search, a": "5", "support, b": "5"}


def test_conditions_see_keys_provider_spellings_and_hours(tmp_path: Path) -> None:
    text = (
        "trace:\n  - rule: gw\n    charges: {ServiceProviderName: openai, team: {has: false}}\n"
        "    usage: {hour: {from: 2026-10-01T05:00:00Z}, team: {not: platform}}\n"
        "    split: [{on: []}]\n"
    )
    made = Made(
        load(tmp_path, text),
        [group("g", 10), group("h", 10, team="support")],
        [
            used(7, team="search", use_case="a", at=4),
            used(1, team="search", use_case="a", at=5),
            used(1, team="support", use_case="b", at=6),
            used(1, team="platform", use_case="b", at=6),
        ],
    )
    assert made.of("g") == {"search, a": "5", "support, b": "5"}
    assert made.untraced == {}


def test_a_trace_is_carried_out_in_its_own_months_only(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY, more="    valid_from: 2026-11-01\n")),
        [group("g", 10)],
        [used(1, team="search", use_case="a")],
    )
    assert (made.parts, made.untraced, made.shares) == ([], {}, [])


@pytest.mark.parametrize("text", ["", trace(QUANTITY)])
def test_relations_are_there_with_no_rows(tmp_path: Path, text: str) -> None:
    made = Made(load(tmp_path, text), [], [])
    assert (made.parts, made.untraced, made.shares, made.problems) == ([], {}, [], [])
    owners = [name + end for name in KEYS for end in ("", "_evidence")]
    assert list(ENGINE.columns("traced_parts")) == [
        *("x_GroupId", "x_Receiver", *owners, "x_Rule", "x_ShareId", *MEASURES)
    ]
    assert list(ENGINE.columns(kept_shares())) == [
        *("x_ShareId", "x_Receiver", "x_Rule", "x_Level", "x_Kind", *owners),
        *("x_Weight", "x_WeightTotal", "x_Driver"),
    ]
    assert set(ENGINE.columns(kept_shares()).values()) == {"VARCHAR", "INTEGER"}
    assert {ENGINE.columns("traced_parts")[m] for m in MEASURES} == {"DECIMAL(38,18)"}


def test_a_trillion_is_no_unit_too_far(tmp_path: Path) -> None:
    """Weights of 36 digits, and known cost among them, are split to the last digit."""
    much = 10**17
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("known", 1, 7, team="search", use_case="a"), group("g", much, much)],
        [
            used(much, team="search", use_case="a"),
            used("0.000000000000000001", team="support", use_case="b"),
        ],
    )
    parts = [units(part["BilledCost"]) or 0 for part in made.parts]
    assert sum(parts) == much * E18
    assert len(parts) == 3
