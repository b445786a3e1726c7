"""Weights of pools: usage and rest, cost, fixed shares, even parts (R15, R17, R18, R21)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pool_project import Made, configured, made, used


def cost(text: str) -> Decimal:
    return Decimal(text)


ONE_POOL = """
currency: USD
rates: rates.csv
taxonomy:
  team: {{required: true, values: teams.csv}}
  use_case: {{values: [chat, docs]}}
pools:
  - {{pool: p, charges: {{ServiceName: Shared}}, rest: {rest}, split: [{split}]}}
  - pool: platform
    owner: {{team: platform}}
    split: [{{by: fixed, over: [team], shares: {{support: 100}}}}]
between_pools: {method}
"""
TEAMS = """value,successor,use_case,valid_from,valid_to
search,,,,
support,,,,
docs-team,,docs,,
platform,,,,
gone,,,,2026-10-01
renamed,search,,,2026-06-01
"""
RATES = "period,currency,rate,source\n2026-10,EUR,2,bank\n"
SHARED = {"x_GroupId": "shared", "EffectiveCost": "120", "ServiceName": "Shared"}


def one_pool(
    folder: Path,
    split: str,
    *groups: Mapping[str, Any],
    usage: Sequence[Mapping[str, Any]] = (),
    rest: str = "unallocated",
    method: str = "step-down",
) -> Made:
    """A pool of 120.00 beside a pool of a team `platform`, which gives all to support."""
    yaml = ONE_POOL.format(split=split, rest=rest, method=method)
    configuration = configured(folder, yaml, {"teams.csv": TEAMS, "rates.csv": RATES})
    return made(configuration, [SHARED, *groups], usage)


GPU = "{by: usage, usage: {x_Meter: gpu_seconds}, capacity: {x_Meter: capacity}, over: [team]}"


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        # 30 of search, 10 of nobody, 20 idle.
        ("unallocated", {"search shared": 60, "- driver_unowned": 20, "- idle": 40}),
        ("spread", {"search shared": 120}),
        ("{team: support}", {"search shared": 60, "support rest": 60}),
        # What the platform reserved goes on from there to support.
        ("{team: platform}", {"search shared": 60, "support shared": 60}),
        ("{use_case: chat}", {"search shared": 60, "- idle": 60}),
    ],
)
def test_idle_capacity_and_usage_of_nobody_go_where_rest_says(
    tmp_path: Path, rest: str, expected: Mapping[str, int]
) -> None:
    usage = [used("search", 30), used(None, 10), used(None, 60, x_Meter="capacity")]
    found = one_pool(tmp_path, GPU, usage=usage, rest=rest)
    costs = found.cost("team", "team_evidence")
    assert {f"{team or '-'} {how}": value for (team, how), value in costs.items()} == expected
    uses = dict(found.cost("use_case", "use_case_evidence").keys())
    assert uses.pop("chat", "rest") == "rest"
    assert set(uses.values()) <= {"not_split"}


def test_capacity_that_exceeds_nothing_leaves_no_rest_and_units_are_made_one(
    tmp_path: Path,
) -> None:
    usage = [
        used("search", 1, x_Unit="1K Second"),
        used("support", 3000),
        used(None, 2, x_Meter="capacity", x_Unit="1000 seconds"),
    ]
    found = one_pool(tmp_path, GPU, usage=usage)
    assert found.cost("team") == {"search": 30, "support": 90}
    assert {share["x_Driver"] for share in found.shares} == {"usage quantity Second"}


def test_capacity_of_another_unit_counts_nothing_and_is_named(tmp_path: Path) -> None:
    usage = [used("search", 1), used(None, 9, x_Meter="capacity", x_Unit="hours")]
    found = one_pool(tmp_path, GPU, usage=usage)
    assert found.cost("team") == {"search": 120}
    (problem,) = found.problems
    assert (problem.name, problem.cost) == ("pool-capacity-differs", cost("120"))


def test_capacity_alone_is_all_idle_and_no_reason_to_try_the_next_split(tmp_path: Path) -> None:
    usage = [used(None, 9, x_Meter="capacity")]
    even = "{by: even, over: [team]}"
    found = one_pool(tmp_path, f"{GPU}, {even}", usage=usage)
    assert found.cost("team_evidence") == {"idle": 120}
    found = one_pool(tmp_path, f"{GPU}, {even}", usage=usage, rest="spread")
    assert found.cost("team") == {"search": 40, "support": 40, "docs-team": 40}


def test_usage_of_more_than_one_unit_does_not_weigh_and_the_next_split_does(tmp_path: Path) -> None:
    usage = [used("search", 1), used("support", 1, x_Unit="hours")]
    fixed = "{by: fixed, over: [team], shares: {search: 25, support: 75}}"
    found = one_pool(tmp_path, f"{GPU}, {fixed}", usage=usage)
    assert found.cost("team") == {"search": 30, "support": 90}
    assert found.names() == ["pool-usage-differs"]
    assert {share["x_Level"] for share in found.shares} == {2}


def test_usage_counts_in_its_calendar_month_only(tmp_path: Path) -> None:
    usage = [
        used("search", 1, hour="2026-10-01 00:00:00"),
        used("support", 2, hour="2026-10-31 23:00:00"),
        used("search", 9, hour="2026-09-30 23:00:00"),
        used("search", 9, hour="2026-11-01 00:00:00"),
    ]
    found = one_pool(tmp_path, GPU, usage=usage)
    assert found.cost("team") == {"search": 40, "support": 80}


def test_estimated_cost_weighs_in_one_currency_and_usage_without_price_is_named(
    tmp_path: Path,
) -> None:
    split = "{by: usage, usage: {x_Meter: gpu_seconds}, weight: estimated_cost, over: [team]}"
    usd = {"x_EstimatedCurrency": "USD"}
    usage = [
        used("search", 5, x_EstimatedCost="1.5", **usd),
        used("support", 5, x_EstimatedCost="0.5", **usd),
        used("support", 7),
    ]
    found = one_pool(tmp_path, split, usage=usage)
    assert found.cost("team") == {"search": 90, "support": 30}
    assert [(p.name, "`7`" in p.sentence) for p in found.problems] == [
        ("usage-without-estimated-cost", True)
    ]
    usage[1] = used("support", 5, x_EstimatedCost="0.5", x_EstimatedCurrency="EUR")
    found = one_pool(tmp_path, split, usage=usage)
    assert found.cost("team_evidence") == {"zero_driver": 120}
    assert found.names() == [
        "pool-usage-differs",
        "pool-without-weight",
        "usage-without-estimated-cost",
    ]


def test_keys_that_a_split_does_not_give_are_implied_or_say_so(tmp_path: Path) -> None:
    usage = [used("docs-team", 1), used("search", 2)]
    found = one_pool(tmp_path, GPU, usage=usage)
    assert found.cost("team", "use_case", "use_case_evidence") == {
        ("docs-team", "docs", "implied"): 40,
        ("search", None, "not_split"): 80,
    }


def test_a_value_that_contradicts_what_another_implies_stays_without_a_word(tmp_path: Path) -> None:
    usage = [used("docs-team", 1, use_case="chat")]
    found = one_pool(tmp_path, "{by: usage, usage: {x_Source: gpu}}", usage=usage)
    assert found.cost("team", "use_case", "use_case_evidence") == {
        ("docs-team", "chat", "shared"): 120
    }
    assert found.problems == []


def test_cost_weighs_net_for_each_receiver_outside_pools_and_not_where_it_is_estimated(
    tmp_path: Path,
) -> None:
    groups = [
        {"x_GroupId": "a", "EffectiveCost": "50", "team": "search"},
        {"x_GroupId": "b", "EffectiveCost": "-20", "team": "search"},
        {"x_GroupId": "c", "EffectiveCost": "10", "team": "support"},
        {"x_GroupId": "d", "EffectiveCost": "-5", "team": "docs-team"},
        {"x_GroupId": "e", "EffectiveCost": "99", "team": "support", "x_Basis": "estimated"},
        {"x_GroupId": "f", "EffectiveCost": "99", "team": "support", "ServiceName": "Shared"},
        {"x_GroupId": "g", "EffectiveCost": "99", "team": "support", "x_Period": "2026-09"},
        {"x_GroupId": "h", "EffectiveCost": "99", "team": "support", "x_Layer": "data"},
    ]
    found = one_pool(tmp_path, "{by: cost, of: {x_Layer: model}, over: [team]}", *groups)
    # 219 in all: 30 to 10.
    assert found.cost("team") == {"search": cost("164.25"), "support": cost("54.75")}
    assert {share["x_Driver"] for share in found.shares} == {"cost"}


def test_costs_in_two_currencies_meet_at_the_rate_of_the_period(tmp_path: Path) -> None:
    groups = [
        {"x_GroupId": "a", "EffectiveCost": "20", "team": "search"},
        {"x_GroupId": "b", "EffectiveCost": "5", "team": "support", "BillingCurrency": "EUR"},
    ]
    found = one_pool(tmp_path, "{by: cost, over: [team]}", *groups)
    assert found.cost("team") == {"search": 80, "support": 40}
    groups.append({"x_GroupId": "c", "EffectiveCost": "0", "BillingCurrency": "JPY"})
    even = "{by: even, over: [team]}"
    found = one_pool(tmp_path, f"{{by: cost, over: [team]}}, {even}", *groups)
    assert found.cost("team_evidence") == {"no_rate": 120}
    (problem,) = found.problems
    assert (problem.name, problem.subject) == ("pool-rate-missing", "p: JPY")
    assert problem.cost == cost("120")
    # One currency needs no rate.
    found = one_pool(tmp_path, "{by: cost, over: [team]}", groups[1])
    assert found.cost("team") == {"support": 120}


def test_even_parts_go_to_values_valid_that_day_that_own_no_pool(tmp_path: Path) -> None:
    found = one_pool(tmp_path, "{by: even, over: [team]}")
    assert found.cost("team") == {"search": 40, "support": 40, "docs-team": 40}
    found = one_pool(
        tmp_path, "{by: even, over: [team], among: [renamed, support, gone, platform]}"
    )
    assert found.cost("team") == {"search": 60, "support": 60}
    assert [(p.name, p.subject) for p in found.problems] == [("value-not-valid", "p: team: gone")]


def test_a_fixed_share_follows_its_value_or_goes_to_nobody(tmp_path: Path) -> None:
    shares = "{renamed: 25, search: 25, gone: 12.5, support: 37.5}"
    found = one_pool(tmp_path, f"{{by: fixed, over: [team], shares: {shares}}}")
    assert found.cost("team", "team_evidence") == {
        ("search", "shared"): 60,
        ("support", "shared"): 45,
        (None, "driver_unowned"): 15,
    }
    assert found.names() == ["value-not-valid"]


def test_fixed_shares_of_a_file_hold_in_their_months(tmp_path: Path) -> None:
    (tmp_path / "shares.csv").write_text(
        "team,use_case,share,valid_from,valid_to\n"
        "search,chat,100,,2026-10-01\nsearch,docs,25,2026-10-01,\nsupport,,75,2026-10-01,\n"
    )
    split = "{by: fixed, over: [use_case, team], file: shares.csv}"
    found = one_pool(tmp_path, split, {**SHARED, "x_GroupId": "old", "x_Period": "2026-09"})
    assert found.cost("x_Period", "team", "use_case", "use_case_evidence") == {
        ("2026-09", "search", "chat", "shared"): 120,
        ("2026-10", "search", "docs", "shared"): 30,
        ("2026-10", "support", None, "driver_unowned"): 90,
    }


def test_a_credit_mirrors_the_charge_and_no_currency_is_crossed(tmp_path: Path) -> None:
    shares = "{by: fixed, over: [team], shares: {search: 33.3, support: 66.7}}"
    credit = {**SHARED, "x_GroupId": "credit", "EffectiveCost": "-0.01", "BillingCurrency": "EUR"}
    found = one_pool(tmp_path, shares, credit)
    assert found.cost("BillingCurrency", "team") == {
        ("USD", "search"): cost("39.96"),
        ("USD", "support"): cost("80.04"),
        ("EUR", "search"): cost("-0.00333"),
        ("EUR", "support"): cost("-0.00667"),
    }
    (euro,) = [line for line in found.lines if line["BillingCurrency"] == "EUR"]
    assert euro["x_CoverageCost"] == 0
    assert euro["ConsumedQuantity"] is None


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("direct", {"search": 120}),
        ("step-down", {"search": 80, "support": 40}),
        ("reciprocal", {"search": 80, "support": 40}),
    ],
)
def test_what_comes_to_the_owner_of_a_pool_is_removed_or_passed_on(
    tmp_path: Path, method: str, expected: Mapping[str, int]
) -> None:
    found = one_pool(tmp_path, GPU, usage=[used("search", 2), used("platform", 1)], method=method)
    assert found.cost("team") == expected
    assert ("platform" in {share["x_Rule"] for share in found.shares}) is (method != "direct")


def test_a_split_that_leaves_nobody_after_removal_gives_way_to_the_next(tmp_path: Path) -> None:
    even = "{by: even, over: [team], among: [search]}"
    usage = [used("platform", 1)]
    found = one_pool(tmp_path, f"{GPU}, {even}", usage=usage, method="direct")
    assert found.cost("team") == {"search": 120}
    found = one_pool(tmp_path, GPU, usage=usage, method="direct")
    assert found.cost("team_evidence") == {"zero_driver": 120}
    assert found.names() == ["pool-without-weight"]
