"""The oracle's pools against figures made by hand (R15 to R19, R21), without the engine."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from drawn import BillFile, Project, write
from oracle.relations import Relations, everything
from test_oracle import made_of

TAXONOMY = {
    "team": {"tags": ["team"], "values": ["search", "support", "ads", "platform"]},
    "product": {"required": "true", "tags": ["product"], "values": ["shop", "atlas"]},
}
SHARED = ("Shared", "120", None, None, None)
SEARCH = ("Model", "30", None, None, '{"team": "search", "product": "shop"}')
ADS = ("Model", "10", None, None, '{"team": "ads"}')
REFUND = ("Model", "-50", None, None, '{"team": "support"}')


def pooled(folder: Path, split: list[Any], **pool: Any) -> dict[tuple[Any, ...], Fraction]:
    """Who gets the 120 of one pool, by both values and both evidences."""
    one = {"pool": "shared", "charges": {"ServiceName": "Shared"}, "split": split} | pool
    usage = [
        ("search", "shop", "gpu_seconds", "seconds", "60"),
        ("ads", None, "gpu_seconds", "seconds", "30"),
        (None, None, "gpu_seconds_capacity", "seconds", "120"),
        ("search", "shop", "mixed", "seconds", "1"),
        ("search", "shop", "mixed", "tokens", "1"),
    ]
    settings = {"taxonomy": TAXONOMY, "pools": [one]}
    bill = [SHARED, SEARCH, ADS, REFUND]
    return received(made_of(folder, settings, bill, usage, ("team", "product")))


def received(made: Relations) -> dict[tuple[Any, ...], Fraction]:
    columns = ("team", "product", "team_evidence", "product_evidence")
    return {
        tuple(row[column] for column in columns): Fraction(row["EffectiveCost"], 10**18)
        for row in made["allocations"]
        if row["x_Pool"] == "shared"
    }


GPU = {"by": "usage", "usage": {"x_Meter": "gpu_seconds"}}
CAPACITY = GPU | {"capacity": {"x_Meter": "gpu_seconds_capacity"}}
TEAM = {"over": ["team"]}
CASES: dict[str, tuple[list[Any], dict[str, Any], Mapping[tuple[Any, ...], int]]] = {
    "idle goes nowhere": (
        [CAPACITY],
        {},
        {
            ("search", "shop", "shared", "shared"): 60,
            ("ads", None, "shared", "driver_unowned"): 30,
            (None, None, "idle", "idle"): 30,
        },
    ),
    "spread leaves out who lacks a required key": (
        [CAPACITY],
        {"rest": "spread"},
        {("search", "shop", "shared", "shared"): 120},
    ),
    "a key outside `over` is not asked for": (
        [CAPACITY | TEAM],
        {"rest": "spread"},
        {
            ("search", None, "shared", "not_split"): 80,
            ("ads", None, "shared", "not_split"): 40,
        },
    ),
    "an owner takes the rest and what lacks a key": (
        [CAPACITY],
        {"rest": {"team": "platform"}},
        {
            ("search", "shop", "shared", "shared"): 60,
            ("platform", None, "rest", "idle"): 60,
        },
    ),
    "cost below zero counts nothing": (
        [{"by": "cost", "over": ["team"]}],
        {},
        {
            ("search", None, "shared", "not_split"): 90,
            ("ads", None, "shared", "not_split"): 30,
        },
    ),
    "the next entry is tried where the first has no weight or two units": (
        [
            {"by": "usage", "usage": {"x_Meter": "mixed"}},
            {"by": "usage", "usage": {"x_Meter": "nothing"}},
            {"by": "fixed", "over": ["team"], "shares": {"ads": "25", "support": "75"}},
        ],
        {},
        {
            ("ads", None, "shared", "not_split"): 30,
            ("support", None, "shared", "not_split"): 90,
        },
    ),
    "no weight at all": (
        [{"by": "usage", "usage": {"x_Meter": "nothing"}}],
        {"rest": "spread"},
        {(None, None, "zero_driver", "zero_driver"): 120},
    ),
    "even parts for all but owners of pools": (
        [{"by": "even", "over": ["team"]}],
        {"owner": {"team": "platform"}},
        {
            ("search", None, "shared", "not_split"): 40,
            ("support", None, "shared", "not_split"): 40,
            ("ads", None, "shared", "not_split"): 40,
        },
    ),
    "even parts among some": (
        [{"by": "even", "over": ["team"], "among": ["ads", "support"]}],
        {},
        {
            ("support", None, "shared", "not_split"): 60,
            ("ads", None, "shared", "not_split"): 60,
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pool_is_split_as_by_hand(case: str, tmp_path: Path) -> None:
    split, pool, expected = CASES[case]
    assert pooled(tmp_path, split, **pool) == expected


def of_two_currencies(folder: Path, rates: tuple[tuple[str, ...], ...]) -> Relations:
    """A pool of 100 EUR by cost: search has 10 USD, ads 10 EUR; invoices are apart."""
    bill = {"name": "clouds", "format": "focus", "path": "bills/*.csv", "layer": "model"}
    pool = {"pool": "shared", "charges": {"ServiceName": "Shared"}}
    settings = {
        "currency": "USD",
        "rates": "rates.csv",
        "taxonomy": {"team": {"tags": ["team"]}},
        "bills": [bill],
        "pools": [pool | {"split": [{"by": "cost"}, {"by": "cost", "within": ["InvoiceId"]}]}],
    }
    header = ("ChargePeriodStart", "BillingCurrency", "ServiceName", "BilledCost", "Tags")
    rows = (
        ("2026-10-01", "EUR", "Shared", "100", None),
        ("2026-10-01", "USD", "Model", "10", '{"team": "search"}'),
        ("2026-10-01", "EUR", "Model", "10", '{"team": "ads"}'),
    )
    tables = {"rates.csv": (("period", "currency", "rate"), *rates)}
    write(Project(settings, tables, (BillFile("bills/october.csv", header, rows),)), folder)
    return everything(folder)


def test_two_currencies_are_weighed_by_the_period_s_rate(tmp_path: Path) -> None:
    made = of_two_currencies(tmp_path, (("2026-10", "EUR", "1.5"),))
    shared = {row["team"]: row["EffectiveCost"] for row in made["allocations"] if row["x_Pool"]}
    assert shared == {"search": 40 * 10**18, "ads": 60 * 10**18}


def test_without_a_rate_no_further_entry_is_tried(tmp_path: Path) -> None:
    made = of_two_currencies(tmp_path, (("2026-11", "EUR", "1.5"),))
    (row,) = [row for row in made["allocations"] if row["x_Pool"]]
    assert (row["team"], row["team_evidence"]) == (None, "no_rate")
    assert row["EffectiveCost"] == 100 * 10**18


def test_within_splits_each_invoice_among_its_own(tmp_path: Path) -> None:
    """Tax of 9 and 1 on two invoices; the third has no cost to go by, and no driver."""
    bill = {"name": "clouds", "format": "focus", "path": "bills/*.csv", "layer": "model"}
    split = [{"by": "cost", "within": ["InvoiceId"]}]
    settings = {
        "taxonomy": {"team": {"tags": ["team"]}},
        "bills": [bill],
        "pools": [{"pool": "tax", "charges": {"ChargeCategory": "Tax"}, "split": split}],
    }
    header = (
        *("ChargePeriodStart", "BillingCurrency", "ChargeCategory"),
        *("InvoiceId", "BilledCost", "Tags"),
    )
    lines = (
        ("Tax", "A", "9", None),
        ("Tax", "B", "1", None),
        ("Tax", "C", "5", None),
        ("Usage", "A", "20", '{"team": "search"}'),
        ("Usage", "A", "10", '{"team": "ads"}'),
        ("Usage", "B", "2", '{"team": "ads"}'),
    )
    rows = tuple(("2026-10-01", "USD", *line) for line in lines)
    write(Project(settings, {}, (BillFile("bills/october.csv", header, rows),)), tmp_path)
    found = {
        (row["InvoiceId"], row["team"], row["team_evidence"]): row["EffectiveCost"] // 10**18
        for row in everything(tmp_path)["allocations"]
        if row["x_Pool"]
    }
    assert found == {
        ("A", "search", "shared"): 6,
        ("A", "ads", "shared"): 3,
        ("B", "ads", "shared"): 1,
        ("C", None, "zero_driver"): 5,
    }
