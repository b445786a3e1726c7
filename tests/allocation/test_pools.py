"""Pools: the worked case of the contract's arithmetic, and each rule by hand (R16 to R21)."""

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

from pool_project import configured, made, used


def cost(text: str) -> Decimal:
    return Decimal(text)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Worked by hand: one period, one key, a platform team that serves others

WORKED = """
taxonomy: {team: {tags: [team], values: [search, support, ai-platform]}}
pools:
  - pool: gpu-cluster
    charges: {ServiceName: GPU cluster}
    split:
      - by: usage
        usage: {x_Source: gpu, x_Meter: gpu_seconds}
        capacity: {x_Source: gpu, x_Meter: gpu_seconds_capacity}
    rest: unallocated
  - pool: ai-platform
    owner: {team: ai-platform}
    split: [{by: cost}]
    rest: unallocated
"""


def test_the_worked_case_of_a_cluster_and_the_team_that_runs_a_part_of_it(tmp_path: Path) -> None:
    groups: list[dict[str, Any]] = [
        {"x_GroupId": "g1", "EffectiveCost": "10"},
        {"x_GroupId": "g2", "EffectiveCost": "30", "team": "search"},
        {"x_GroupId": "g3", "EffectiveCost": "100", "ServiceName": "GPU cluster"},
        {"x_GroupId": "g4", "EffectiveCost": "20", "team": "ai-platform", "ServiceName": "Logs"},
    ]
    traced: list[dict[str, Any]] = [
        {"x_GroupId": "g1", "EffectiveCost": "6", "team": "search"},
        {"x_GroupId": "g1", "EffectiveCost": "3", "team": "support"},
        {"x_GroupId": "g1", "EffectiveCost": "1", "team": None, "team_evidence": "unseen"},
    ]
    usage = [
        used("search", 30),
        used("support", 50),
        used("ai-platform", 10),
        used(None, 120, x_Meter="gpu_seconds_capacity"),
    ]
    found = made(configured(tmp_path, WORKED), groups, usage, traced)
    assert found.cost("team", "team_evidence", pool="gpu-cluster") == {
        ("search", "shared"): cost("32.5"),
        ("support", "shared"): cost("42.291666666666666667"),
        (None, "idle"): cost("25"),
        (None, "driver_unowned"): cost("0.208333333333333333"),
    }
    assert found.cost("team", "team_evidence", pool="ai-platform") == {
        ("search", "shared"): cost("18"),
        ("support", "shared"): cost("1.5"),
        (None, "driver_unowned"): cost("0.5"),
    }
    assert found.weights("ai-platform") == {
        '[["search"],["shared"]]': "36/40",
        '[["support"],["shared"]]': "3/40",
        '[[null],["driver_unowned"]]': "1/40",
    }
    assert found.weights("gpu-cluster") == {
        '[["search"],["shared"]]': "3/12",
        '[["support"],["shared"]]': "5/12",
        '[["ai-platform"],["shared"]]': "1/12",
        '[[null],["idle"]]': "3/12",
    }
    # 13/40, 203/480, 1/4 and 1/480.
    assert found.weights("gpu-cluster", "composed") == {
        '[["search"],["shared"]]': "156/480",
        '[["support"],["shared"]]': "203/480",
        '[[null],["idle"]]': "120/480",
        '[[null],["driver_unowned"]]': "1/480",
    }
    assert found.problems == []


# What goes into a pool (R16)


def test_a_part_joins_the_first_pool_that_takes_it_and_a_traced_part_only_by_its_owner(
    tmp_path: Path,
) -> None:
    text = """
taxonomy: {team: {values: [search, support, platform]}}
pools:
  - {pool: models, charges: {ServiceName: Models}, split: [{by: even, over: [team]}]}
  - pool: old
    charges: {ServiceName: Logs}
    valid_to: 2026-10-01
    split: [{by: even, over: [team]}]
  - {pool: all, charges: {x_Layer: [model, data]}, split: [{by: even, over: [team]}]}
  - {pool: platform, owner: {team: platform}, split: [{by: even, over: [team]}]}
"""
    groups = [
        {"x_GroupId": "whole", "EffectiveCost": "8"},
        {"x_GroupId": "split", "EffectiveCost": "3"},
        {"x_GroupId": "logs", "EffectiveCost": "5", "ServiceName": "Logs", "x_Layer": "data"},
        {
            "x_GroupId": "seats",
            "EffectiveCost": "2",
            "ServiceName": "Seats",
            "x_Layer": "platform",
            "team": "platform",
        },
        {
            "x_GroupId": "other",
            "EffectiveCost": "9",
            "ServiceName": "Seats",
            "x_Layer": "platform",
            "team": "search",
        },
    ]
    traced: list[dict[str, Any]] = [
        {"x_GroupId": "split", "EffectiveCost": "2", "team": "platform"},
        {"x_GroupId": "split", "EffectiveCost": "1", "team": "search"},
    ]
    found = made(configured(tmp_path, text), groups, traced=traced)
    pool_of = {line["x_LineId"]: line["x_Pool"] for line in found.lines}
    assert {
        (row["x_GroupId"], pool_of[row["x_PoolLineId"]], row["EffectiveCost"])
        for row in found.members
    } == {
        ("whole", "models", cost("8")),
        ("logs", "all", cost("5")),
        ("split", "platform", cost("2")),
        ("seats", "platform", cost("2")),
    }


def test_a_pool_line_has_one_set_of_columns_tag_states_and_within_values(tmp_path: Path) -> None:
    text = """
taxonomy: {team: {tags: [team], values: [search]}}
pools:
  - pool: shared
    charges: {x_Layer: model}
    split: [{by: even, over: [team]}]
  - pool: tax
    charges: {ChargeCategory: Tax}
    split: [{by: cost, within: [InvoiceIssuerName, Tags.Site]}, {by: even, over: [team]}]
"""
    tax: dict[str, Any] = {"x_Layer": "none", "ChargeCategory": "Tax", "x_Eligible": False}
    groups = [
        {"x_GroupId": "a", "EffectiveCost": "1"},
        {"x_GroupId": "b", "EffectiveCost": "2"},
        {"x_GroupId": "c", "EffectiveCost": "4", "team": "search"},
        {"x_GroupId": "d", "EffectiveCost": "8", "Tags.Site": "north", **tax},
        {"x_GroupId": "e", "EffectiveCost": "16", "Tags.Site": "south", **tax},
    ]
    found = made(configured(tmp_path, text), groups)
    key = ("x_Pool", "team_tag", "Tags.Site", "EffectiveCost")
    assert {tuple(line[column] for column in key) for line in found.lines} == {
        ("shared", "missing", None, cost("3")),
        ("shared", "declared", None, cost("4")),
        ("tax", "missing", "north", cost("8")),
        ("tax", "missing", "south", cost("16")),
    }
    (north,) = [line for line in found.lines if line["Tags.Site"] == "north"]
    assert north["x_LineId"] == _sha256(
        '{"BillingCurrency":"USD","ChargeCategory":"Tax","InvoiceIssuerName":"Acme AI",'
        '"ServiceName":"Models","ServiceProviderName":"Acme AI","Tags.Site":"north",'
        '"team_tag":"missing","x_Basis":"metered","x_Eligible":false,"x_Layer":"none",'
        '"x_Period":"2026-10","x_Pool":"tax"}'
    )
    within = '{"InvoiceIssuerName":"Acme AI","Tags.Site":"north"}'
    assert {part["x_ShareId"] for part in found.parts if part["x_LineId"] == north["x_LineId"]} == {
        _sha256(f'["tax",0,"2026-10",{within}]')
    }
    own = {
        share["x_ShareId"]: share["x_Level"] for share in found.shares if share["x_Kind"] == "own"
    }
    # Even parts look at no `within`, so that both invoices have one split of its own together.
    assert own[_sha256('["tax",2,"2026-10",{}]')] == 2
    assert len(own) == 2


def test_without_pools_or_members_all_tables_are_there_and_empty(tmp_path: Path) -> None:
    group = {"x_GroupId": "g", "EffectiveCost": "1", "team": "search"}
    text = "taxonomy: {team: {values: [search]}}\n"
    pool = "pools: [{pool: p, charges: {ServiceName: none}, split: [{by: cost}]}]\n"
    for yaml in (text, text + pool):
        found = made(configured(tmp_path, yaml), [group])
        assert not any(found)
