"""R13 to R15 worked by hand: cells, stock, rest and levels."""

import hashlib
from pathlib import Path

import pytest
from traces import (
    KEYS,
    QUANTITY,
    Made,
    group,
    load,
    receiver,
    trace,
    used,
)


def test_the_worked_case(tmp_path: Path) -> None:
    """10.00 for 1,000,000 tokens, of which the gateway saw 600,000 and 300,000."""
    configuration = load(tmp_path, trace(QUANTITY))
    made = Made(
        configuration,
        [group("g1", 10, 1_000_000)],
        [
            used(400_000, team="search", use_case="a"),
            used(200_000, team="search", use_case="a", at=5),
            used(300_000, team="support", use_case="a"),
        ],
    )
    assert made.of("g1") == {"search, a": "6", "support, a": "3", "unseen, unseen, unseen": "1"}
    assert made.of("g1", "ConsumedQuantity")["search, a"] == "600000"
    assert made.untraced == {}
    assert not made.problems
    weights = {share["x_Receiver"]: share["x_Weight"] for share in made.shares}
    traced = ("traced", "traced", "driver_unowned")
    assert weights == {
        receiver("search", "a", None, evidence=traced): "6",
        receiver("support", "a", None, evidence=traced): "3",
        receiver(None, None, None, evidence=["unseen"] * 3): "1",
    }
    first = made.shares[0]
    told = {name: first[name] for name in ("x_Rule", "x_Level", "x_Kind", "x_WeightTotal")}
    assert told == {"x_Rule": "gw", "x_Level": 1, "x_Kind": "own", "x_WeightTotal": "10"}
    assert first["x_Driver"] == "quantity tokens"
    cell = (
        '["gw",1,"2026-10",{"BillingCurrency":"USD","SubAccountId":"p","x_Basis":"invoiced",'
        '"x_Model":"m","x_WindowEnd":"2026-10-02T00:00:00Z","x_WindowStart":"2026-10-01T00:00:00Z"}]'
    )
    assert {share["x_ShareId"] for share in made.shares} == {
        hashlib.sha256(cell.encode()).hexdigest()
    }
    assert {part["x_ShareId"] for part in made.parts} == {first["x_ShareId"]}


def test_known_keys_stay_and_only_agreeing_usage_fills_the_others(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("g", 10, team="search", team_evidence="registry")],
        [
            used(1, team="search", use_case="a"),
            used(2, team=None, use_case="b"),  # missing agrees
            used(100, team="support", use_case="c"),
            used(1, team="search", use_case=None),
        ],
    )
    assert made.of("g") == {"search, a": "2.5", "search, b": "5", "search": "2.5"}
    evidence = {(part["team_evidence"], part["use_case_evidence"]) for part in made.parts}
    assert evidence == {("registry", "traced"), ("registry", "driver_unowned")}
    assert {share["team_evidence"] for share in made.shares} == {"known"}


def test_groups_of_one_cell_are_split_alike_each_with_its_own_evidence(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [
            group("tagged", 10, team="search", team_evidence="tag"),
            group("listed", 1, team="search", team_evidence="registry"),
        ],
        [used(1, team="search", use_case="a")],
    )
    assert len({part["x_ShareId"] for part in made.parts}) == 1
    found = {part["x_GroupId"]: part["x_Receiver"] for part in made.parts}
    ends = ("traced", "driver_unowned")
    assert found == {
        "tagged": receiver("search", "a", None, evidence=("tag", *ends)),
        "listed": receiver("search", "a", None, evidence=("registry", *ends)),
    }


def test_known_cost_takes_from_the_stock_before_the_rest_is_weighed(tmp_path: Path) -> None:
    """Of 900 tokens of search, 600 are billed to search already; 300 against 300 are left."""
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [
            group("known", 6, 600, team="search", use_case="a"),
            group("g", 10, 1000),
        ],
        [used(900, team="search", use_case="a"), used(300, team="support", use_case="b")],
    )
    assert made.of("g") == {"search, a": "3", "support, b": "3", "unseen, unseen, unseen": "4"}
    assert "known" not in made.untraced
    assert {part["x_GroupId"] for part in made.parts} == {"g"}


def test_most_known_keys_take_first_and_drivers_that_name_them_before_those_that_do_not(
    tmp_path: Path,
) -> None:
    """search takes 100 of its own and 50 of 100 without team; 50 of those are left for all."""
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("half", 10, 150, team="search"), group("g", 1, 0)],
        [
            used(100, team="search", use_case="a"),
            used(100, team=None, use_case="b"),
            used(150, team="support", use_case="c"),
        ],
    )
    assert made.of("half") == {"search, a": "5", "search, b": "5"}
    assert made.of("g") == {"b": "0.25", "support, c": "0.75"}


def test_what_is_taken_is_rounded_down_to_a_trillionth_of_the_unit(tmp_path: Path) -> None:
    """1 of 3 x 1: each gives 0.333333333333, and 0.666666666667 of each stay."""
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("known", 1, 1, team="search", use_case="a"), group("g", 1)],
        [
            used(1, team="search", use_case="a", environment="x"),
            used(1, team="search", use_case="a", environment="y"),
            used(1, team="search", use_case="a", environment="z"),
            used(1, team="support", use_case="b"),
        ],
    )
    weights = {share["x_WeightTotal"] for share in made.shares}
    assert weights == {str(3 * 666_666_666_667 + 10**12)}


def test_negative_quantity_takes_nothing(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("credit", -6, -600, team="search", use_case="a"), group("g", -4, -1)],
        [used(900, team="search", use_case="a"), used(300, team="support", use_case="b")],
    )
    assert made.of("g") == {"search, a": "-3", "support, b": "-1"}


def test_keys_with_a_default_neither_disagree_nor_count(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY)),
        [group("g", 1, environment="staging")],
        [used(1, team="search", use_case="a", environment="production")],
    )
    assert made.of("g") == {"search, a, staging": "1"}


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (
            "unallocated",
            {"search, a": "2", "b": "4", "unseen, unseen, unseen": "4"},
        ),
        ("spread", {"search, a": "10"}),
        ("{team: support}", {"search, a": "2", "support, unseen, unseen": "8"}),
        ("{team: platform}", {"search, a": "2", "platform, hosting, unseen": "8"}),
        ("{team: old}", {"search, a": "2", "search, unseen, unseen": "8"}),
        ("{use_case: z}", {"search, a": "2", "unseen, z, unseen": "8"}),
    ],
)
def test_rest(tmp_path: Path, rest: str, expected: dict[str, str]) -> None:
    """10 for 10 tokens: 2 seen of search, 4 of nobody, 4 not seen."""
    made = Made(
        load(tmp_path, trace(QUANTITY, rest)),
        [group("g", 10, 10)],
        [used(2, team="search", use_case="a"), used(4, use_case="b")],
    )
    assert made.of("g") == expected
    for part in made.parts:
        named = part["team"] in ("support", "platform") or part["use_case"] == "z"
        if named or part["use_case_evidence"] == "unseen":
            evidence = [part[f"{key}_evidence"] for key in KEYS]
            assert set(evidence) <= {"rest", "implied", "unseen"}


def test_rest_whose_value_is_not_valid_that_month_names_nobody(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY, "{team: gone}")),
        [group("g", 10, 10)],
        [used(5, team="search", use_case="a")],
    )
    assert made.of("g") == {"search, a": "5", "unseen, unseen, unseen": "5"}
    assert made.names() == ["value-not-valid"]


def test_spread_does_not_apply_where_all_usage_is_nobodys(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY, "spread")), [group("g", 10, 10)], [used(4, use_case="b")]
    )
    assert made.parts == []
    assert made.untraced == {"g": "no_usage"}


def test_replace_empties_what_a_level_splits_and_nothing_else(tmp_path: Path) -> None:
    made = Made(
        load(tmp_path, trace(QUANTITY, more="    known: replace\n")),
        [
            group("g", 10, team="support", use_case="z"),
            group("other", 10, team="support", use_case="z", x_Model="unknown"),
        ],
        [used(2, team="search", use_case="a"), used(3, team="support", use_case="b")],
    )
    assert made.of("g") == {"search, a": "4", "support, b": "6"}
    assert made.untraced == {"other": "no_usage"}


LEVELS = """
      - {on: [SubAccountId, x_Model], weight: quantity}
      - {on: [x_Model], weight: quantity}
      - {on: [], weight: quantity}"""


def test_levels_fall_through_and_what_earlier_ones_explained_is_gone(tmp_path: Path) -> None:
    """g2 has no account: of m it sees 100 + 60 less the 100 that g1 was split by."""
    made = Made(
        load(tmp_path, trace(LEVELS)),
        [
            group("g1", 10, 100),
            group("g2", 10, 60, SubAccountId=None),
            group("g3", 10, None, x_Model="other"),
        ],
        [
            used(100, team="search", use_case="a"),
            used(60, team="support", use_case="b", SubAccountId="q"),
        ],
    )
    assert made.of("g1") == {"search, a": "10"}
    assert made.of("g2") == {"support, b": "10"}
    # Parts of g1 have another account, but level 3 has no columns: 160 less 100 less 60 is 0.
    assert made.untraced == {"g3": "no_usage"}
    assert {part["x_Rule"] for part in made.parts} == {"gw"}
    assert {share["x_Level"] for share in made.shares} == {1, 2}
