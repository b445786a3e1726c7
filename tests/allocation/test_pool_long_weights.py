"""Lines of pools whose weights are too long for SQL are split as `money.split` does (R12)."""

import json
from decimal import Decimal
from math import gcd
from pathlib import Path

from pool_project import configured, made

from everyline import money
from everyline.allocation.pool_parts import _text

WEIGHTS = {
    "one": {"ads": 10**13 + 7, "search": 3 * 10**13, "support": 1, "two": 10**13 + 1},
    "two": {"ads": 5, "search": 10**13 - 11, "support": 7, "one": 10**13 + 9},
}

CIRCLE = """
taxonomy: {team: {required: true, values: [ads, search, support, one, two]}}
between_pools: reciprocal
pools:
  - {pool: one, owner: {team: one}, split: [{by: usage, usage: {x_Source: one}}]}
  - {pool: two, owner: {team: two}, split: [{by: usage, usage: {x_Source: two}}]}
"""


def test_long_weights_split_every_amount_to_the_last_unit(tmp_path: Path) -> None:
    usage = [
        {"x_Source": pool, "team": team, "x_Quantity": str(n), "x_Unit": "u", "hour": "2026-10-01"}
        for pool, weights in WEIGHTS.items()
        for team, n in weights.items()
    ]
    amounts = {"one": "100.000000000000000001", "two": "-0.000000000000000002"}
    groups = [{"x_GroupId": t, "team": t, "EffectiveCost": cost} for t, cost in amounts.items()]
    found = made(configured(tmp_path, CIRCLE), groups, usage)
    for pool, other, cost in (("one", "two", amounts["one"]), ("two", "one", amounts["two"])):
        # x = a + p y and y = b + q x, so x = (a + p b) / (1 - p q); all of it times both totals.
        own, its = WEIGHTS[pool], WEIGHTS[other]
        total = sum(its.values())
        teams = ("ads", "search", "support")
        whole = {team: own[team] * total + own[other] * its[team] for team in teams}
        weights = {team: weight // gcd(*whole.values()) for team, weight in whole.items()}
        assert sum(weights.values()) >= 10**24
        texts = found.weights(pool, "composed")
        assert {json.loads(t)[0][0]: int(w.split("/")[0]) for t, w in texts.items()} == weights
        parts = {team: int(part.scaleb(18)) for team, part in found.cost("team", pool=pool).items()}
        assert parts == money.split(int(Decimal(cost).scaleb(18)), weights)


def test_a_number_of_any_length_has_its_digits() -> None:
    for digits in (1, 3999, 4001, 9000, 20001):
        assert _text(10**digits) == "1" + "0" * digits
        assert _text(10**digits - 1) == "9" * digits
