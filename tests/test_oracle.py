"""The oracle against figures made by hand and printed in textbooks, without the engine.

The services of a textbook are pools with an owner, its departments are teams, and what departments
get from services is usage.
"""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drawn import BillFile, Project, write
from oracle.parts import Receiver, integers, nobody, split
from oracle.relations import Relations, everything
from oracle.settings import load

BILL = {"name": "clouds", "format": "focus", "path": "bills/*.csv", "layer": "model"}
HEADER = ("ServiceName", "BilledCost", "ConsumedQuantity", "ConsumedUnit", "Tags")
USAGE = ("x_Meter", "x_Unit", "x_Quantity")


def made_of(
    folder: Path,
    settings: Mapping[str, Any],
    bill: Sequence[Any],
    usage: Sequence[Any],
    usage_columns: Sequence[str] = ("team",),
) -> Relations:
    """What the oracle makes of one bill of October 2026 in USD, and one table of usage."""
    fixed = ("BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd")
    month = ("USD", "2026-10-01", "2026-11-01")
    rows = tuple((*month, *row) for row in bill)
    files = [BillFile("bills/october.csv", (*fixed, *HEADER), rows)]
    if usage:
        seen = tuple(("2026-10-05T10:00:00Z", *row) for row in usage)
        files.append(BillFile("usage/october.csv", ("hour", *usage_columns, *USAGE), seen))
    source = {"name": "seen", "format": "table", "path": "usage/*.csv"}
    settings = {"bills": [BILL], "usage": [source], **settings}
    write(Project(settings, {}, tuple(files)), folder)
    return everything(folder)


def sums(rows: Sequence[Mapping[str, Any]], *by: str) -> dict[Any, Fraction]:
    """EffectiveCost by columns; by the value alone where there is one."""
    found: dict[Any, Fraction] = {}
    for row in rows:
        key = row[by[0]] if len(by) == 1 else tuple(row[column] for column in by)
        found[key] = found.get(key, Fraction(0)) + Fraction(row["EffectiveCost"], 10**18)
    return found


def units(text: str) -> Fraction:
    return Fraction(text)


# Section 5: one period, one key


@pytest.fixture
def worked(tmp_path: Path) -> Relations:
    trace = {
        "rule": "gateway",
        "charges": {"ServiceName": "OpenAI"},
        "usage": {"x_Meter": "input_tokens"},
        "split": [{"on": [], "weight": "quantity"}],
    }
    by_seconds = {
        "by": "usage",
        "usage": {"x_Meter": "gpu_seconds"},
        "capacity": {"x_Meter": "gpu_seconds_capacity"},
    }
    pools = [
        {"pool": "gpu", "charges": {"ServiceName": "GPU cluster"}, "split": [by_seconds]},
        {"pool": "ai-platform", "owner": {"team": "ai-platform"}, "split": [{"by": "cost"}]},
    ]
    values = ["search", "support", "ai-platform"]
    taxonomy = {"team": {"tags": ["team"], "values": values}}
    bill = [
        ("OpenAI", "10.00", "1000000", "tokens", None),
        ("Bedrock", "30.00", None, None, '{"team": "search"}'),
        ("GPU cluster", "100.00", None, None, None),
        ("Observability", "20.00", None, None, '{"team": "ai-platform"}'),
    ]
    usage = [
        ("search", "input_tokens", "tokens", "600000"),
        ("support", "input_tokens", "tokens", "300000"),
        ("search", "gpu_seconds", "seconds", "30"),
        ("support", "gpu_seconds", "seconds", "50"),
        ("ai-platform", "gpu_seconds", "seconds", "10"),
        (None, "gpu_seconds_capacity", "seconds", "120"),
    ]
    settings = {"taxonomy": taxonomy, "trace": [trace], "pools": pools}
    return made_of(tmp_path, settings, bill, usage)


def test_the_worked_case_comes_out_to_the_last_unit(worked: Relations) -> None:
    found = {
        (row["ServiceName"], row["team"], row["team_evidence"], row["x_Method"]): Fraction(
            row["EffectiveCost"], 10**18
        )
        for row in worked["allocations"]
    }
    assert found == {
        ("OpenAI", "search", "traced", "traced"): units("6"),
        ("OpenAI", "support", "traced", "traced"): units("3"),
        ("OpenAI", None, "unseen", "unallocated"): units("1"),
        ("Bedrock", "search", "tag", "direct"): units("30"),
        ("GPU cluster", "search", "shared", "shared"): units("32.5"),
        ("GPU cluster", "support", "shared", "shared"): units("42.291666666666666667"),
        ("GPU cluster", None, "idle", "unallocated"): units("25"),
        ("GPU cluster", None, "driver_unowned", "unallocated"): units("0.208333333333333333"),
        ("Observability", "search", "shared", "shared"): units("18"),
        ("Observability", "support", "shared", "shared"): units("1.5"),
        ("Observability", None, "driver_unowned", "unallocated"): units("0.5"),
    }
    assert sums(worked["allocations"], "team") == {
        "search": units("86.5"),
        "support": units("46.791666666666666667"),
        None: units("26.708333333333333333"),
    }


def test_the_worked_case_shows_its_weights_and_coverage(worked: Relations) -> None:
    weights = {
        (row["x_Rule"], row["x_Kind"], row["team"], row["team_evidence"]): Fraction(
            int(row["x_Weight"]), int(row["x_WeightTotal"])
        )
        for row in worked["shares"]
    }
    assert weights["ai-platform", "own", "search", "shared"] == Fraction(36, 40)
    assert weights["ai-platform", "own", "support", "shared"] == Fraction(3, 40)
    assert weights["ai-platform", "own", None, "driver_unowned"] == Fraction(1, 40)
    assert weights["gpu", "own", "ai-platform", "shared"] == Fraction(10, 120)
    assert weights["gpu", "composed", "search", "shared"] == Fraction(13, 40)
    assert weights["gpu", "composed", "support", "shared"] == Fraction(203, 480)
    assert weights["gpu", "composed", None, "idle"] == Fraction(1, 4)
    assert weights["gpu", "composed", None, "driver_unowned"] == Fraction(1, 480)
    assert weights["gateway", "own", None, "unseen"] == Fraction(1, 10)
    covered = sums(worked["coverage"], "x_Tag")
    assert covered["declared"] / 160 == Fraction("0.3125")
    evidence = sums(worked["coverage"], "x_Evidence")
    assert (evidence["tag"] + evidence["traced"]) / 160 == Fraction("0.24375")
    allocated = evidence["tag"] + evidence["traced"] + evidence["shared"]
    assert allocated == units("133.291666666666666667")


def test_the_worked_case_is_reconciled_with_what_the_gateway_saw(tmp_path: Path) -> None:
    bill = {**BILL, "format": "table", "set": {"x_Model": "gpt-4o", "x_Meter": "input_tokens"}}
    settings = {"bills": [bill], "taxonomy": {"team": {"tags": ["team"]}}}
    settings["usage"] = [
        {"name": "seen", "format": "table", "path": "usage/*.csv", "set": {"x_Model": "gpt-4o"}}
    ]
    lines = [("OpenAI", "10.00", "1000", "1K tokens", None)]
    usage = [("search", "input_tokens", "tokens", "900000")]
    rows = made_of(tmp_path, settings, lines, usage)["reconciliation"]
    found = {row["x_Measure"]: (row["x_Expected"], row["x_Found"]) for row in rows}
    assert found == {
        "ConsumedQuantity": (10**6 * 10**18, 900_000 * 10**18),
        "ListCost": (10 * 10**18, None),
    }
    assert {row["x_Difference"] for row in rows} == {-(10**5) * 10**18, -10 * 10**18}


# Textbooks


class Book(NamedTuple):
    """A textbook's case: own costs, what each service gives to whom, and the printed answers.

    `answers` are the departments' costs at the end, by kind and order of services, in the order
    in which `costs` names the departments; to four decimals where they do not end.
    """

    costs: dict[str, str]
    usage: dict[str, dict[str, int]]
    answers: dict[str, tuple[str, ...]]


E1 = Book(
    {"m": "90000", "c": "83820", "p1": "200000", "p2": "400000"},
    {
        "m": {"c": 5000, "p1": 10_000, "p2": 35_000},
        "c": {"m": 250, "p1": 350, "p2": 400},
    },
    {
        "direct m c": ("259116", "514704"),
        "step-down m c": ("261316", "512504"),
        "step-down c m": ("253993.6667", "519826.3333"),
        "reciprocal m c": ("256080", "517740"),
    },
)
E2 = Book(
    {"a": "150", "b": "300", "x": "0", "y": "0"},
    {"a": {"b": 40, "x": 40, "y": 20}, "b": {"a": 20, "x": 70, "y": 10}},
    {
        "direct a b": ("362.5", "87.5"),
        "step-down b a": ("350", "100"),
        "step-down a b": ("375", "75"),
        "reciprocal a b": ("365.2174", "84.7826"),
    },
)
E3 = Book(
    {"s1": "92400", "s2": "184800", "s3": "138600", "p1": "400000", "p2": "500000"},
    {
        "s1": {"s2": 1000, "s3": 2000, "p1": 4000, "p2": 3000},
        "s2": {"s1": 2000, "s3": 4000, "p1": 10_000, "p2": 4000},
        "s3": {"s1": 4500, "p1": 1500, "p2": 9000},
    },
    {
        "direct s1 s2 s3": ("604600", "711200"),
        "step-down s1 s2 s3": ("573360", "742440"),
        "reciprocal s1 s2 s3": ("593500", "722300"),
        "reciprocal s3 s1 s2": ("593500", "722300"),
    },
)
E4 = Book(
    {"maint": "2400", "admin": "1200", "two-day": "1500", "next-day": "4000"},
    {
        "maint": {"admin": 1, "two-day": 1, "next-day": 3},
        "admin": {"maint": 1, "two-day": 1, "next-day": 4},
    },
    {
        "direct maint admin": ("2340", "6760"),
        "step-down maint admin": ("2316", "6784"),
        "step-down admin maint": ("2350", "6750"),
        "reciprocal maint admin": ("2327.5862", "6772.4138"),
    },
)
# What a service uses of itself is ignored, as R19 says of all three kinds.
E9 = Book(
    {"maint": "8000", "admin": "4000", "op1": "32000", "op2": "36000"},
    {
        "maint": {"maint": 1000, "admin": 2000, "op1": 1500, "op2": 2500},
        "admin": {"maint": 100, "admin": 200, "op1": 250, "op2": 150},
    },
    {
        "direct maint admin": ("37500", "42500"),
        "step-down maint admin": ("38166.6667", "41833.3333"),
        "reciprocal admin maint": ("37928.5714", "42071.4286"),
    },
)
E10 = Book(
    {
        "maint": "150000",
        "diet": "400000",
        "adm": "600000",
        "lab": "600000",
        "rad": "800000",
        "nurs": "2000000",
    },
    {
        "maint": {"diet": 10_000, "adm": 20_000, "lab": 30_000, "rad": 40_000, "nurs": 100_000},
        "diet": {"maint": 2500, "adm": 2500, "lab": 2500, "rad": 2500, "nurs": 30_000},
        "adm": {"maint": 10, "diet": 15, "lab": 20, "rad": 30, "nurs": 50},
    },
    {
        "direct maint diet adm": ("775042.0168", "1043865.5462", "2731092.4370"),
        "step-down maint diet adm": ("778100", "1049816.6667", "2722083.3333"),
        "reciprocal maint diet adm": ("770202.7285", "1034164.2229", "2745633.0486"),
    },
)
BOOKS = {"E1": E1, "E2": E2, "E3": E3, "E4": E4, "E9": E9, "E10": E10}
ANSWERS = [(name, how) for name, book in BOOKS.items() for how in book.answers]


@pytest.mark.parametrize(("name", "how"), ANSWERS)
def test_services_are_shared_as_the_textbook_prints_it(name: str, how: str, tmp_path: Path) -> None:
    book = BOOKS[name]
    made = _as_pools(tmp_path, book, how)
    departments = [team for team in book.costs if team not in book.usage]
    by_weights = _by_weights(book, made)
    assert tuple(_shown(by_weights[team]) for team in departments) == tuple(
        _shown(Fraction(answer)) for answer in book.answers[how]
    )
    booked = sums(made["allocations"], "team")
    assert sum(booked.values()) == sum(map(Fraction, book.costs.values()))
    assert set(booked) <= set(departments)
    for team, cost in booked.items():
        assert abs(cost - by_weights[team]) < Fraction(len(book.usage), 10**18)


@pytest.mark.parametrize("name", BOOKS)
def test_distributing_again_and_again_comes_to_the_reciprocal_answer(
    name: str, tmp_path: Path
) -> None:
    """Another way to the same figures, without any equation."""
    book = BOOKS[name]
    made = _as_pools(tmp_path, book, f"reciprocal {' '.join(book.usage)}")
    by_weights = _by_weights(book, made)
    for team, cost in _distributed(book).items():
        assert abs(Fraction(cost) - by_weights[team]) < Fraction(1, 10**15)


def _as_pools(folder: Path, book: Book, how: str) -> Relations:
    kind, *order = how.split()
    pools = [
        {
            "pool": service,
            "owner": {"team": service},
            "split": [{"by": "usage", "usage": {"x_Meter": service.replace("-", "_")}}],
        }
        for service in order
    ]
    settings = {"taxonomy": {"team": {"tags": ["team"], "values": list(book.costs)}}}
    settings |= {"pools": pools, "between_pools": kind}  # type: ignore[dict-item]
    bill = [(team, cost, None, None, f'{{"team": "{team}"}}') for team, cost in book.costs.items()]
    usage = [
        (team, service.replace("-", "_"), "units", str(amount))
        for service, given in book.usage.items()
        for team, amount in given.items()
    ]
    return made_of(folder, settings, bill, usage)


def _by_weights(book: Book, made: Relations) -> dict[str, Fraction]:
    """Own costs, and the services' costs by their composed shares, exactly."""
    found = {team: Fraction(cost) for team, cost in book.costs.items() if team not in book.usage}
    for row in made["shares"]:
        if row["x_Kind"] == "composed":
            share = Fraction(int(row["x_Weight"]), int(row["x_WeightTotal"]))
            found[row["team"]] += Fraction(book.costs[row["x_Rule"]]) * share
    return found


def _distributed(book: Book) -> dict[str, Decimal]:
    """Each service in turn hands on all it has, until next to nothing is left with any."""
    with localcontext(Context(prec=60)):
        held = {team: Decimal(cost) for team, cost in book.costs.items()}
        while max(held[service] for service in book.usage) > Decimal("1e-25"):
            for service, used in book.usage.items():
                cost, held[service] = held[service], Decimal(0)
                given = {team: amount for team, amount in used.items() if team != service}
                for team, amount in given.items():
                    held[team] += cost * amount / sum(given.values())
        return {team: cost for team, cost in held.items() if team not in book.usage}


def _shown(amount: Fraction) -> str:
    """To four decimals, half to even."""
    return f"{round(amount * 10_000)}"


# Splitting (R12) and loops (R19)


def test_the_last_units_go_to_the_largest_remainders_then_by_receiver() -> None:
    """7 units by 1 : 1 : 2 are 1.75, 1.75 and 3.5: two floors of 1, one of 3, two units left."""
    shares = {"b": 1, "a": 1, "c": 2}
    weights: dict[Receiver, Fraction] = {
        ((name, "shared"),): Fraction(weight, 3) for name, weight in shares.items()
    }
    whole = integers(weights)
    assert sorted(whole.values()) == [1, 1, 2]
    found = {receiver[0][0]: part for receiver, part in split(-7, whole).items()}
    assert found == {"a": -2, "b": -2, "c": -3}
    assert {receiver[0][0]: part for receiver, part in split(5, whole).items()} == {
        "a": 1,
        "b": 1,
        "c": 3,
    }
    assert set(split(None, whole).values()) == {None}


def test_two_pools_that_pass_all_to_each_other_have_no_outlet(tmp_path: Path) -> None:
    book = Book({"a": "1", "b": "2", "x": "0"}, {"a": {"b": 1}, "b": {"a": 1}}, {})
    made = _as_pools(tmp_path, book, "reciprocal a b")
    found = {row["team_evidence"] for row in made["allocations"] if row["x_Pool"]}
    assert found == {"no_outlet"}
    assert nobody(load(tmp_path), "no_outlet") == ((None, "no_outlet"),)
    book = Book({"a": "1", "b": "2", "x": "0"}, {"a": {"b": 1}, "b": {"a": 1}}, {})
    stepped = _as_pools(tmp_path / "down", book, "step-down a b")
    pools = [row for row in stepped["allocations"] if row["x_Pool"]]
    assert {row["team_evidence"] for row in pools} == {"zero_driver"}
