"""Pools that serve each other give what textbooks print (R19), each method and each order."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from pool_project import Made, configured, made
from textbooks import EXAMPLES, Example

_CASES = [
    (name, method, order, answer)
    for name, example in EXAMPLES.items()
    for method, order, answer in [
        ("direct", " ".join(example.services), example.direct),
        *(("step-down", order, answer) for order, answer in example.steps.items()),
        ("reciprocal", " ".join(example.services), example.reciprocal),
        ("reciprocal", " ".join(reversed(list(example.services))), example.reciprocal),
    ]
]


@pytest.mark.parametrize(("name", "method", "order", "answer"), _CASES)
def test_the_producers_bear_what_is_printed(
    tmp_path: Path, name: str, method: str, order: str, answer: str
) -> None:
    example = EXAMPLES[name]
    found = _pooled(tmp_path, example, method, order.split())
    for producer, printed in zip(example.producers, answer.split(), strict=True):
        exact = Fraction(example.producers[producer]) + _composed(example, found, producer)
        assert _as_printed(exact, printed)
        # Each pool line is split once: at most half a unit of 10^-18 a pool is rounding.
        posted = found.cost("team").get(producer, Decimal(0)) + Decimal(example.producers[producer])
        assert abs(Fraction(posted) - exact) <= Fraction(len(example.services), 10**18)


@pytest.mark.parametrize("name", ["E3", "E6", "E10"])
def test_repeated_distribution_comes_to_the_reciprocal_answer(tmp_path: Path, name: str) -> None:
    """Service after service gives away what it has, again and again, until hardly any is left."""
    example = EXAMPLES[name]
    found = _pooled(tmp_path, example, "reciprocal", list(example.services))
    held = {s: Fraction(cost) for s, (cost, _) in example.services.items()}
    borne = dict.fromkeys(example.producers, Fraction(0))
    for _ in range(60):
        for service, (_, units) in example.services.items():
            total, has = sum(map(Fraction, units.values())), held[service]
            held[service] = Fraction(0)
            for consumer, amount in units.items():
                into = held if consumer in held else borne
                into[consumer] = (
                    into[consumer] + has * Fraction(amount) / total
                ).limit_denominator(10**30)
    for producer in example.producers:
        difference = borne[producer] - _composed(example, found, producer)
        assert abs(difference) < Fraction(1, 10**6)


@pytest.mark.parametrize("name", ["E1", "E6", "E11"])
def test_shares_in_percent_give_the_same_as_the_units_used(tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    order = list(example.services)
    for folder in ("usage", "fixed"):
        (tmp_path / folder).mkdir()
    by_usage = _pooled(tmp_path / "usage", example, "reciprocal", order)
    by_share = _pooled(tmp_path / "fixed", example, "reciprocal", order, fixed=True)
    assert by_share.cost("team") == by_usage.cost("team")


def _pooled(
    folder: Path, example: Example, method: str, order: Sequence[str], *, fixed: bool = False
) -> Made:
    everybody = [*example.services, *example.producers]
    text = [f"taxonomy: {{team: {{values: [{', '.join(everybody)}]}}}}"]
    text += [f"between_pools: {method}", "pools:"]
    for service in order:
        units = example.services[service][1]
        total = sum(map(Decimal, units.values()))
        shares = ", ".join(f"{c}: {Decimal(u) * 100 / total}" for c, u in units.items())
        split = f"by: usage, usage: {{x_Source: {service}}}"
        if fixed:
            split = f"by: fixed, over: [team], shares: {{{shares}}}"
        text.append(f"  - {{pool: {service}, owner: {{team: {service}}}, split: [{{{split}}}]}}")
    costs = {s: cost for s, (cost, _) in example.services.items()} | dict(example.producers)
    groups = [{"x_GroupId": t, "team": t, "EffectiveCost": cost} for t, cost in costs.items()]
    usage = [
        {"x_Source": s, "team": c, "x_Quantity": u, "x_Unit": "units", "hour": "2026-10-01 00:00"}
        for s, (_, units) in example.services.items()
        for c, u in units.items()
    ]
    return made(configured(folder, "\n".join(text)), groups, usage)


def _composed(example: Example, found: Made, producer: str) -> Fraction:
    """What reaches a producer, in exact fractions: own cost of each service times its F."""
    return sum(
        (
            Fraction(example.services[share["x_Rule"]][0])
            * Fraction(int(share["x_Weight"]), int(share["x_WeightTotal"]))
            for share in found.shares
            if share["x_Kind"] == "composed" and share["team"] == producer
        ),
        Fraction(0),
    )


def _as_printed(exact: Fraction, printed: str) -> bool:
    """Whether an exact figure is the printed one; decimals were rounded to four."""
    if "." not in printed or len(printed.partition(".")[2]) < 4:
        return exact == Fraction(printed)
    return abs(exact - Fraction(printed)) <= Fraction(1, 20000)
