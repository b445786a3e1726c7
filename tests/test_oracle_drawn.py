"""What must hold of the oracle itself, on drawn projects with telemetry, traces and pools."""

from collections import Counter
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import gcd
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import Project, write
from everyline.config import load
from everyline.relations import ABSENT, MEASURES, PRESENT
from oracle.between import solved
from oracle.parts import Receiver
from oracle.relations import Relations, everything
from strategies import projects


@settings(max_examples=60)
@given(projects(shared=True))
def test_the_oracle_keeps_every_unit_and_says_why(project: Project) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(project, folder)
        problems = [problem for problem in load(folder).problems if problem.level != "warn"]
        assert not problems
        made = everything(folder)
        keys = list(project.settings["taxonomy"])
        _money_is_kept(made)
        _weights_are_whole(made)
        _owners_have_reasons(made, keys)


def _money_is_kept(made: Relations) -> None:
    """Per period, currency and measure: groups in scope, allocations; pool lines, members."""
    assert _sums(made, "owned_groups") == _sums(made, "allocations")
    stated = Counter[tuple[str, ...]]()
    for row in made["statements"]:
        for cost in ("BilledCost", "EffectiveCost"):
            stated[row["x_Period"], row["BillingCurrency"], cost] += row[cost]
    assert stated == {k: n for k, n in _sums(made, "allocations").items() if k in stated}
    lines, members = Counter[str](), Counter[str]()
    for row in made["allocations"]:
        if row["x_Pool"]:
            lines[row["x_LineId"]] += row["EffectiveCost"]
    for row in made["pool_members"]:
        members[row["x_PoolLineId"]] += row["EffectiveCost"]
    assert lines == members


def _sums(made: Relations, name: str) -> Counter[tuple[str, ...]]:
    found = Counter[tuple[str, ...]]()
    for row in made[name]:
        for measure in MEASURES:
            found[row["x_Period"], row["BillingCurrency"], measure] += row[measure] or 0
    return found


def _weights_are_whole(made: Relations) -> None:
    """Weights of a share are above zero, have no common divisor, and sum to their total."""
    shares: dict[str, list[tuple[int, int]]] = {}
    for row in made["shares"]:
        weight = (int(row["x_Weight"]), int(row["x_WeightTotal"]))
        shares.setdefault(row["x_ShareId"], []).append(weight)
    for weights in shares.values():
        assert all(weight > 0 for weight, _ in weights)
        assert gcd(*(weight for weight, _ in weights)) == 1
        assert {sum(weight for weight, _ in weights)} == {total for _, total in weights}
    used = {row["x_ShareId"] for row in made["allocations"]}
    assert used - {None} <= shares.keys()


def _owners_have_reasons(made: Relations, keys: list[str]) -> None:
    for relation, more in (("allocations", ()), ("usage", ()), ("shares", ("known",))):
        for row in made[relation]:
            for key in keys:
                allowed = ABSENT if row[key] is None else (*PRESENT, *more)
                assert row[f"{key}_evidence"] in allowed
    for relation, columns in (
        ("allocations", ("x_LineId", "x_Receiver")),
        ("shares", ("x_ShareId", "x_Receiver")),
        ("pool_members", ("x_PoolLineId", "x_GroupId", "x_Receiver")),
    ):
        ids = [tuple(row[column] for column in columns) for row in made[relation]]
        assert len(set(ids)) == len(ids)


OUTLET: Receiver = ((None, "no_outlet"),)


@st.composite
def networks(draw: st.DrawFn) -> list[list[int]]:
    """What each of up to five pools gives to each pool, and last to a receiver of its own."""
    count = draw(st.integers(1, 5))
    row = st.lists(st.sampled_from((0, 0, 1, 2, 30)), min_size=count + 1, max_size=count + 1)
    return draw(st.lists(row.filter(any), min_size=count, max_size=count))


@settings(max_examples=200)
@given(networks())
def test_solving_is_distributing_without_end(network: list[list[int]]) -> None:
    """Loops, closed ones too, against handing on again and again what a pool has received."""
    for pool, row in enumerate(network):
        row[pool] = 0
    if not all(map(any, network)):
        return
    passing = [{j: Fraction(n, sum(row)) for j, n in enumerate(row[:-1]) if n} for row in network]
    names: list[Receiver] = [((str(pool), "shared"),) for pool in range(len(network))]
    ending = [
        {name: Fraction(row[-1], sum(row))} if row[-1] else {}
        for name, row in zip(names, network, strict=True)
    ]
    found = solved(dict(enumerate(passing)), dict(enumerate(ending)), OUTLET)
    handed = _handed_on(network)
    for pool in range(len(network)):
        assert sum(found[pool].values()) == 1
        for at, name in enumerate(names):
            nearly = Fraction(handed[pool][len(network) + at])
            assert abs(nearly - found[pool].get(name, 0)) < Fraction(1, 10**9)


def _handed_on(network: list[list[int]]) -> list[list[Decimal]]:
    """Where 1 of each pool is after 2^40 rounds of handing on: pools first, then receivers."""
    count = len(network)
    with localcontext(Context(prec=60)):
        held = [[Decimal(0)] * (2 * count) for _ in range(2 * count)]
        for pool, row in enumerate(network):
            held[count + pool][count + pool] = Decimal(1)
            held[pool][count + pool] = Decimal(row[-1]) / sum(row)
            for other, amount in enumerate(row[:-1]):
                held[pool][other] = Decimal(amount) / sum(row)
        for _ in range(40):
            columns = list(zip(*held, strict=True))
            held = [
                [
                    sum((a * b for a, b in zip(row, column, strict=True)), Decimal(0))
                    for column in columns
                ]
                for row in held
            ]
        return held
