"""Pools that serve each other, period by period: owners, removal, loops and `within` (R10, R19)."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pool_project import Made, configured, made

TEAMS = """value,successor,valid_from,valid_to
search,,,
support,,,
data,,,
platform,,,
ops,platform,,2026-10-01
gone,,,2026-10-01
"""


def fixed(pool: str, owner: str, shares: Mapping[str, str], more: str = "") -> str:
    """A pool of what `owner` has, by fixed shares."""
    listed = ", ".join(f"{team}: {share}" for team, share in shares.items())
    split = f"{{by: fixed, over: [team], shares: {{{listed}}}}}"
    return f"  - {{pool: {pool}, owner: {owner}, split: [{split}]{more}}}\n"


def ran(
    folder: Path, pools: str, costs: Mapping[str, str], *, method: str = "step-down", **more: str
) -> Made:
    """What pools make of one group a team, of October."""
    text = f"taxonomy: {{team: {{values: teams.csv}}}}\nbetween_pools: {method}\npools:\n{pools}"
    configuration = configured(folder, text, {"teams.csv": TEAMS})
    groups = [
        {"x_GroupId": team, "team": team, "EffectiveCost": value, **more}
        for team, value in costs.items()
    ]
    return made(configuration, groups)


def test_stepping_down_hands_on_in_order_and_a_closed_pool_receives_nothing(tmp_path: Path) -> None:
    pools = fixed("a", "{team: platform}", {"data": "50", "search": "50"}) + fixed(
        "b", "{team: data}", {"platform": "60", "search": "10", "support": "30"}
    )
    found = ran(tmp_path, pools, {"platform": "100", "data": "10"})
    # b is closed to a, so it gives 1/4 to search and 3/4 to support; a passes half on to b.
    assert found.cost("team", pool="a") == {"search": Decimal("62.5"), "support": Decimal("37.5")}
    assert found.cost("team", pool="b") == {"search": Decimal("2.5"), "support": Decimal("7.5")}
    assert found.weights("b") == {
        '[["search"],["shared"]]': "1/4",
        '[["support"],["shared"]]': "3/4",
    }


def test_reciprocal_pools_do_not_depend_on_their_order(tmp_path: Path) -> None:
    a = fixed("a", "{team: platform}", {"platform": "20", "data": "40", "search": "40"})
    b = fixed("b", "{team: data}", {"platform": "60", "search": "10", "support": "30"})
    costs = {"platform": "100", "data": "10"}
    one = ran(tmp_path, a + b, costs, method="reciprocal")
    other = ran(tmp_path, b + a, costs, method="reciprocal")
    assert one.cost("x_Pool", "team") == other.cost("x_Pool", "team")
    # a: 1/2 to search and 1/2 to b; b: 6/10 to a. What a has reaches search with
    # (1/2 + 1/2 x 1/10) / (1 - 3/10) = 11/14, and support with (1/2 x 3/10) / (7/10) = 3/14.
    assert one.weights("a", "composed") == {
        '[["search"],["shared"]]': "11/14",
        '[["support"],["shared"]]': "3/14",
    }


def test_pools_that_serve_only_each_other_have_no_outlet(tmp_path: Path) -> None:
    pools = (
        fixed("a", "{team: platform}", {"data": "100"})
        + fixed("b", "{team: data}", {"platform": "100"})
        + fixed("c", "{team: support}", {"platform": "25", "search": "75"})
    )
    costs = {"platform": "1", "support": "8"}
    found = ran(tmp_path, pools, costs, method="reciprocal")
    assert found.cost("x_Pool", "team", "team_evidence") == {
        ("a", None, "no_outlet"): 1,
        ("c", None, "no_outlet"): 2,
        ("c", "search", "shared"): 6,
    }
    told = [(p.name, p.subject, p.cost) for p in found.problems]
    assert told == [
        ("pool-without-outlet", "a", 1),
        ("pool-without-outlet", "b", None),
    ]


def test_a_pool_without_weight_keeps_what_others_pass_on_to_it(tmp_path: Path) -> None:
    nothing = "{by: usage, usage: {x_Source: none}}"
    pools = fixed("a", "{team: platform}", {"data": "50", "search": "50"})
    pools += f"  - {{pool: b, owner: {{team: data}}, split: [{nothing}]}}\n"
    found = ran(tmp_path, pools, {"platform": "10"})
    assert found.cost("team", "team_evidence") == {
        ("search", "shared"): 5,
        (None, "zero_driver"): 5,
    }
    # Nothing went into b itself; that it has nobody stands in the shares all the same.
    assert {line["x_Pool"] for line in found.lines} == {"a"}
    assert {s["x_Kind"] for s in found.shares if s["x_Rule"] == "b"} == {"composed"}
    assert found.weights("b", "composed") == {'[[null],["zero_driver"]]': "1/1"}


def test_an_owner_is_read_on_the_first_day_of_the_period(tmp_path: Path) -> None:
    pools = fixed("a", "{team: ops}", {"search": "100"})
    found = ran(tmp_path, pools, {"platform": "7", "ops": "5"})
    assert found.cost("team") == {"search": 7}
    pools = fixed("a", "{team: gone}", {"search": "100"})
    found = ran(tmp_path, pools, {"gone": "7"})
    assert found.parts == []
    (problem,) = found.problems
    assert (problem.name, problem.period, problem.place) == (
        "value-not-valid",
        "2026-10",
        "everyline.yaml:4",
    )


def test_a_pool_that_is_not_valid_takes_nothing_and_its_owner_is_an_ordinary_receiver(
    tmp_path: Path,
) -> None:
    late = ", valid_from: 2026-11-01"
    pools = fixed("b", "{team: data}", {"support": "100"}, late) + fixed(
        "a", "{team: platform}", {"data": "100"}
    )
    found = ran(tmp_path, pools, {"platform": "7", "data": "3"})
    assert found.cost("x_Pool", "team") == {("a", "data"): 7}


def test_the_rest_leaves_out_a_value_that_is_none_that_day(tmp_path: Path) -> None:
    text = """
taxonomy: {team: {values: teams.csv}, stage: {values: [live, trial]}}
pools:
  - pool: a
    owner: {team: platform}
    split: [{by: usage, usage: {x_Source: s}, capacity: {x_Source: c}, over: [team]}]
    rest: {team: gone, stage: live}
"""
    usage = [
        {"x_Source": source, "team": "search", "x_Quantity": n, "x_Unit": "h", "hour": "2026-10-02"}
        for source, n in (("s", "1"), ("c", "4"))
    ]
    configuration = configured(tmp_path, text, {"teams.csv": TEAMS})
    group = {"x_GroupId": "g", "team": "platform", "EffectiveCost": "8"}
    found = made(configuration, [group], usage)
    assert found.cost("team", "team_evidence", "stage", "stage_evidence") == {
        ("search", "shared", None, "not_split"): 2,
        (None, "idle", "live", "rest"): 6,
    }
    assert [(p.name, p.subject) for p in found.problems] == [("value-not-valid", "a: team: gone")]


WITHIN = """
taxonomy: {team: {values: teams.csv}}
pools:
  - pool: tax
    charges: {ChargeCategory: Tax}
    split: [{by: cost, within: [InvoiceId]}, {by: usage, usage: {x_Source: s}}]
  - pool: platform
    owner: {team: platform}
    split: [{by: fixed, over: [team], shares: {data: 100}}]
"""


def test_each_invoice_is_split_by_its_own_cost_and_null_equals_null(tmp_path: Path) -> None:
    tax: dict[str, Any] = {"team": None, "ChargeCategory": "Tax"}
    groups: list[dict[str, Any]] = [
        {"x_GroupId": "t1", "EffectiveCost": "4", "InvoiceId": "1", **tax},
        {"x_GroupId": "t2", "EffectiveCost": "8", "InvoiceId": "2", **tax},
        {"x_GroupId": "t3", "EffectiveCost": "16", **tax},
        {"x_GroupId": "t4", "EffectiveCost": "32", "InvoiceId": "4", **tax},
        {"x_GroupId": "a", "EffectiveCost": "10", "InvoiceId": "1", "team": "search"},
        {"x_GroupId": "b", "EffectiveCost": "30", "InvoiceId": "1", "team": "support"},
        {"x_GroupId": "c", "EffectiveCost": "5", "InvoiceId": "2", "team": "search"},
        {"x_GroupId": "d", "EffectiveCost": "5", "team": "support"},
    ]
    usage = [{"x_Source": "s", "team": "platform", "x_Quantity": "1", "hour": "2026-10-02"}]
    found = made(configured(tmp_path, WITHIN, {"teams.csv": TEAMS}), groups, usage)
    assert found.cost("InvoiceId", "team") == {
        ("1", "search"): 1,
        ("1", "support"): 3,
        ("2", "search"): 8,
        (None, "support"): 16,
        # Nothing else is on invoice 4: usage has no invoice, but its split asks for none.
        ("4", "data"): 32,
    }


@pytest.mark.parametrize("over", ["[team]", "[team, stage]"])
def test_cost_is_weighed_by_the_group_of_a_traced_part_and_by_the_owner_of_the_part(
    tmp_path: Path, over: str
) -> None:
    text = f"""
taxonomy: {{team: {{values: teams.csv}}, stage: {{values: [live, trial]}}}}
pools:
  - pool: a
    owner: {{team: platform}}
    split: [{{by: cost, of: {{ServiceName: Models, team: {{has: false}}}}, over: {over}}}]
"""
    groups = [
        {"x_GroupId": "g", "EffectiveCost": "8", "team": "platform", "ServiceName": "Logs"},
        {"x_GroupId": "split", "EffectiveCost": "4"},
        {"x_GroupId": "known", "EffectiveCost": "99", "team": "search"},
    ]
    traced = [
        {"x_GroupId": "split", "EffectiveCost": "1", "team": "search", "stage": "live"},
        {"x_GroupId": "split", "EffectiveCost": "3", "team": "support", "stage": "trial"},
    ]
    configuration = configured(tmp_path, text, {"teams.csv": TEAMS})
    found = made(configuration, groups, traced=traced)
    assert found.cost("team") == {"search": 2, "support": 6}
    stages = set(found.cost("stage"))
    assert stages == ({None} if over == "[team]" else {"live", "trial"})
