"""The oracle's traces against figures made by hand (R13 to R15), without the engine."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from oracle.relations import Relations
from test_oracle import made_of

TAXONOMY = {
    "team": {"tags": ["team"], "values": ["search", "support", "ads"]},
    "product": {"required": "true", "tags": ["product"], "values": ["shop", "atlas"]},
}
LEVEL = {"on": [], "weight": "quantity"}


def traced(
    folder: Path,
    bill: Sequence[tuple[str, str | None]],
    seen: Sequence[tuple[str | None, str | None, str]],
    **trace: Any,
) -> Relations:
    """One trace over lines of (quantity, Tags) at 1 USD a unit and usage of (team, product, n)."""
    rule = {"rule": "who", "charges": {"ServiceName": "OpenAI"}, "usage": {"x_Meter": "requests"}}
    settings = {"taxonomy": TAXONOMY, "trace": [rule | {"split": [LEVEL]} | trace]}
    lines = [("OpenAI", amount, amount, "calls", tags) for amount, tags in bill]
    usage = [(team, product, "requests", "calls", amount) for team, product, amount in seen]
    return made_of(folder, settings, lines, usage, usage_columns=("team", "product"))


def parts(made: Relations) -> dict[tuple[Any, ...], Fraction]:
    """EffectiveCost by both values and both evidences, of all lines together."""
    found: dict[tuple[Any, ...], Fraction] = {}
    for row in made["allocations"]:
        key = tuple(row[name] for name in ("team", "product", "team_evidence", "product_evidence"))
        found[key] = found.get(key, Fraction(0)) + Fraction(row["EffectiveCost"], 10**18)
    return found


SHOP = '{"product": "shop"}'
SEARCH = '{"team": "search"}'
SEARCH_SHOP = '{"team": "search", "product": "shop"}'


def test_known_cost_leaves_the_stock_before_any_cell(tmp_path: Path) -> None:
    """30 of search's 40 calls are billed and known; the untagged 20 see 10 and 30."""
    seen = [("search", "shop", "40"), ("support", "atlas", "30")]
    made = traced(tmp_path, [("30", SEARCH_SHOP), ("20", None)], seen)
    assert parts(made) == {
        ("search", "shop", "tag", "tag"): 30,
        ("search", "shop", "traced", "traced"): 5,
        ("support", "atlas", "traced", "traced"): 15,
    }


def test_cells_that_know_more_come_first_and_take_from_who_misses_nothing(tmp_path: Path) -> None:
    """The 12 of search take search's 10, and 2 of the 8 that say no team; the rest is 6 and 20.

    The cell with a team splits by the 18 that it saw: 10 shop and 8 atlas. Rest would be idle
    only above 18. The cell without any saw 0, 6 and 20 of 26 and bills 30: 4 are unseen.
    """
    seen = [("search", "shop", "10"), (None, "atlas", "8"), ("support", "shop", "20")]
    made = traced(tmp_path, [("12", SEARCH), ("30", None)], seen)
    found = parts(made)
    assert found["search", "shop", "tag", "traced"] == Fraction(6_666_666_666_666_666_667, 10**18)
    assert found["search", "atlas", "tag", "traced"] == Fraction(5_333_333_333_333_333_333, 10**18)
    assert found[None, "atlas", "driver_unowned", "traced"] == 6
    assert found["support", "shop", "traced", "traced"] == 20
    assert found[None, None, "unseen", "unseen"] == 4
    assert len(found) == 5


def test_what_is_taken_is_rounded_down_to_twelve_decimals(tmp_path: Path) -> None:
    """1 of three alike drivers of 1: each gives 0.333333333333, and keeps 0.666666666667.

    So the untagged 3 see 2.000000000001, and 0.999999999999 are unseen.
    """
    seen = [("search", "shop", "1"), ("search", "atlas", "1"), ("search", None, "1")]
    found = parts(traced(tmp_path, [("1", SEARCH), ("3", None)], seen))
    assert found[None, None, "unseen", "unseen"] == Fraction("0.999999999999")
    assert found["search", "shop", "traced", "traced"] == Fraction("0.666666666667")


def test_cells_of_as_many_known_keys_see_the_same_stock(tmp_path: Path) -> None:
    """Two of 2 see 3 and split by it; no driver falls below 0, so the third sees nothing."""
    bill = [("2", SEARCH), ("2", SHOP), ("1", None)]
    made = traced(tmp_path, bill, [("search", "shop", "3")])
    assert parts(made) == {
        ("search", "shop", "tag", "traced"): 2,
        ("search", "shop", "traced", "tag"): 2,
        (None, None, "no_usage", "no_usage"): 1,
    }


def test_a_cell_that_no_usage_agrees_with_is_a_conflict(tmp_path: Path) -> None:
    made = traced(tmp_path, [("5", SEARCH)], [("support", "shop", "9")])
    assert parts(made) == {("search", None, "tag", "conflict"): 5}
    made = traced(tmp_path / "none", [("5", SEARCH)], [])
    assert parts(made) == {("search", None, "tag", "no_usage"): 5}


REST: list[tuple[Any, dict[tuple[Any, ...], int]]] = [
    (
        "unallocated",
        {
            ("search", "shop", "traced", "traced"): 4,
            ("search", None, "traced", "driver_unowned"): 4,
            (None, None, "unseen", "unseen"): 2,
        },
    ),
    ("spread", {("search", "shop", "traced", "traced"): 10}),
    (
        {"team": "ads"},
        {
            ("search", "shop", "traced", "traced"): 4,
            ("ads", None, "rest", "unseen"): 6,
        },
    ),
]


@pytest.mark.parametrize(("rest", "expected"), REST)
def test_the_rest_goes_where_it_is_told(
    rest: Any, expected: Mapping[tuple[Any, ...], int], tmp_path: Path
) -> None:
    """10 billed, 8 seen, of which 4 lack a required key."""
    seen = [("search", "shop", "4"), ("search", None, "4")]
    assert parts(traced(tmp_path, [("10", None)], seen, rest=rest)) == expected


def test_replace_empties_only_what_a_level_splits(tmp_path: Path) -> None:
    bill, seen = [("10", SEARCH_SHOP)], [("support", "atlas", "10")]
    made = traced(tmp_path, bill, seen, known="replace")
    assert parts(made) == {("support", "atlas", "traced", "traced"): 10}
    made = traced(tmp_path / "none", bill, [], known="replace")
    assert parts(made) == {("search", "shop", "tag", "tag"): 10}


def test_an_earlier_trace_s_parts_are_known_cost_to_a_later_one(tmp_path: Path) -> None:
    """The first trace gives 6 of search's 10 away; the second's untagged line sees the other 4."""
    first = {
        "rule": "first",
        "charges": {"ServiceName": "OpenAI", "ConsumedUnit": "calls"},
        "usage": {"x_Meter": "requests"},
        "split": [LEVEL],
    }
    second = first | {"rule": "second", "charges": {"ServiceName": "OpenAI"}}
    settings = {"taxonomy": TAXONOMY, "trace": [first, second]}
    bill = [("OpenAI", "6", "6", "calls", None), ("OpenAI", "8", "8", "call", None)]
    usage = [("search", "shop", "requests", "calls", "10")]
    made = made_of(tmp_path, settings, bill, usage, usage_columns=("team", "product"))
    by_rule = {
        (row["x_Rule"], row["team_evidence"]): Fraction(row["EffectiveCost"], 10**18)
        for row in made["allocations"]
    }
    assert by_rule == {("first", "traced"): 6, ("second", "traced"): 4, ("second", "unseen"): 4}


def test_drivers_of_two_units_leave_it_to_the_next_level(tmp_path: Path) -> None:
    levels = [LEVEL, {"on": ["ConsumedUnit"], "weight": "quantity"}]
    settings = {
        "taxonomy": TAXONOMY,
        "trace": [{"rule": "who", "charges": {"ServiceName": "OpenAI"}, "split": levels}],
    }
    settings["trace"][0]["usage"] = {"x_Meter": {"has": "true"}}  # type: ignore[index]
    bill = [("OpenAI", "6", "6", "calls", None)]
    usage = [
        ("search", "shop", "requests", "calls", "10"),
        ("search", "shop", "seconds", "seconds", "10"),
    ]
    made = made_of(tmp_path, settings, bill, usage, usage_columns=("team", "product"))
    # Usage has no ConsumedUnit, and a null equals nothing.
    assert parts(made) == {(None, None, "no_usage", "no_usage"): 6}
