"""Small traces for tests: groups and usage as rows, and what the stage makes of them."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from traces_by_hand import MEASURES, Row

from everyline import config
from everyline.allocation import compact
from everyline.allocation.trace import traced
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine
from everyline.problems import Problem

ENGINE = Engine()
E18 = 10**18
EXACT = Context(prec=60)

TAXONOMY = """\
taxonomy:
  team: {tags: [team], values: teams.csv}
  use_case: {required: true, tags: [use_case]}
  environment: {tags: [env], default: production}
"""
TEAMS = """\
value,successor,use_case,valid_from,valid_to
search,,,,
support,,,,
platform,,hosting,,
gone,,,,2026-06-01
old,search,,,2026-06-01
"""
KEYS = ("team", "use_case", "environment")

_TEXTS = (
    *("x_Period", "x_Basis", "BillingCurrency", "ServiceProviderName", "SubAccountId", "x_Model"),
    *("ConsumedUnit", "Tags.app"),
)
_OF_USAGE = (
    *("x_Source", "ServiceProviderName", "SubAccountId", "x_CredentialId", "x_PrincipalId"),
    *("ResourceId", "x_Model", "x_Meter", "x_Tier", "x_Unit", "x_EstimatedCurrency", "Tags.app"),
)


def load(folder: Path, text: str, taxonomy: str = TAXONOMY) -> Configuration:
    """The configuration of a project that has these traces."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "everyline.yaml").write_text(taxonomy + text, encoding="utf-8")
    (folder / "teams.csv").write_text(TEAMS, encoding="utf-8")
    loaded = config.load(folder)
    assert loaded.configuration, loaded.problems
    return loaded.configuration


def instant(day: int, hour: int = 0, month: int = 10) -> datetime:
    """An instant of 2026, UTC, as the engine gives it."""
    return datetime(2026, month, day, hour)  # noqa: DTZ001


def group(name: str, cost: str | int = 0, quantity: str | int | None = None, **more: Any) -> Row:
    """One group: a day's cost of one account and model; amounts become units of 10^-18."""
    start = more.pop("day", 1)
    row: Row = {
        "x_GroupId": name,
        "x_Period": "2026-10",
        "x_WindowStart": instant(start),
        "x_WindowEnd": instant(start + 1),
        "x_Basis": "invoiced",
        "BillingCurrency": "USD",
        "ServiceProviderName": "OpenAI",
        "SubAccountId": "p",
        "x_Model": "m",
        "ConsumedUnit": None if quantity is None else "tokens",
        "Tags.app": None,
    }
    row |= dict.fromkeys(MEASURES, units(cost))
    row |= {"PricingQuantity": None, "ConsumedQuantity": units(quantity)}
    return row | _owner(more) | more


def used(quantity: str | int, cost: str | int | None = None, **more: Any) -> Row:
    """One hour's usage of one identity."""
    row: Row = dict.fromkeys(_OF_USAGE)
    row |= {
        "hour": instant(more.pop("day", 1), more.pop("at", 0)),
        "x_Source": "gateway",
        "ServiceProviderName": "OpenAI",
        "SubAccountId": "p",
        "x_Model": "m",
        "x_Unit": "tokens",
        "x_EstimatedCurrency": None if cost is None else "USD",
        "x_Quantity": units(quantity),
        "x_EstimatedCost": units(cost),
    }
    return row | _owner(more) | more


def _owner(more: dict[str, Any]) -> Row:
    found: Row = {}
    for key in KEYS:
        value = more.get(key)
        evidence = more.get(f"{key}_evidence", "untagged" if value is None else "tag")
        found |= {key: value, f"{key}_evidence": evidence}
    return found


def units(text: str | int | None) -> int | None:
    return None if text is None else int(Decimal(text).scaleb(18, EXACT))


def amount(units: int | None) -> str | None:
    return None if units is None else f"{Decimal(f'{units}E-18'):f}"


class Made:
    """What a run of traces makes, as plain rows."""

    def __init__(
        self, configuration: Configuration, groups: Sequence[Row], usage: Sequence[Row]
    ) -> None:
        keys = [name + end for name in KEYS for end in ("", "_evidence")]
        _table("owned_texts", ["x_GroupId", *_TEXTS, *keys], groups, MEASURES)
        _table("described", [*_OF_USAGE, *keys], usage, ("x_Quantity", "x_EstimatedCost"))
        hours = "(SELECT id_, hour, x_Quantity, x_EstimatedCost FROM described)"
        descriptions = "(SELECT * EXCLUDE (hour, x_Quantity, x_EstimatedCost) FROM described)"
        made = traced(ENGINE, configuration, "owned_texts", descriptions, hours)
        self.problems: list[Problem] = made.problems
        self.parts = _rows("traced_parts")
        self.untraced: dict[str, str] = {
            row["x_GroupId"]: row["reason"] for row in _rows("untraced")
        }
        self.shares = _rows(kept_shares())

    def of(self, name: str, measure: str = "BilledCost") -> dict[str, str]:
        """The parts of a group: values and evidence to amount; values without one are left out."""
        found = {}
        for part in self.parts:
            if part["x_GroupId"] == name:
                who = ", ".join(
                    part[key] or part[f"{key}_evidence"]
                    for key in KEYS
                    if part[key] or part[f"{key}_evidence"] not in ("untagged", "driver_unowned")
                )
                found[who or "nobody"] = f"{part[measure].normalize():f}"
        return found

    def names(self) -> list[str]:
        return [problem.name for problem in self.problems]


def kept_shares() -> str:
    """SQL of the rows of `shares`, over what a run would keep of them."""
    files = compact.share_files(ENGINE, KEYS)
    weights, splits, receivers = (f"({sql})" for sql in files.values())
    return f"({compact.shares(weights, splits, receivers, KEYS)})"


def _rows(relation: str) -> list[Row]:
    columns = list(ENGINE.columns(relation))
    found = ENGINE.rows(f"SELECT * FROM {relation}")
    return [dict(zip(columns, row, strict=True)) for row in found]


def _table(name: str, texts: Sequence[str], rows: Sequence[Row], amounts: Sequence[str]) -> None:
    """A table of text columns, amounts and instants, and a number `id_`."""
    instants = [c for c in ("x_WindowStart", "x_WindowEnd", "hour") if rows and c in rows[0]]
    instants = instants or ["x_WindowStart", "x_WindowEnd", "hour"]
    kinds = {"id_": "BIGINT"} | dict.fromkeys(texts, "VARCHAR")
    kinds |= dict.fromkeys(instants, "TIMESTAMP") | dict.fromkeys(amounts, "VARCHAR")
    ENGINE.table(
        f"{name}_raw",
        kinds,
        [
            (
                at,
                *(row.get(c) for c in texts),
                *(row[c] for c in instants),
                *(amount(row[c]) for c in amounts),
            )
            for at, row in enumerate(rows)
        ],
    )
    typed = ", ".join(f"{c}::DECIMAL(38,18) AS {c}" for c in amounts)
    ENGINE.run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * REPLACE ({typed}) FROM {name}_raw")


def receiver(*values: str | None, evidence: Sequence[str]) -> str:
    return json.dumps([list(values), list(evidence)], separators=(",", ":"))


def trace(split: str, rest: str = "unallocated", more: str = "") -> str:
    """One trace of OpenAI cost by the gateway's usage."""
    return (
        "trace:\n  - rule: gw\n    charges: {ServiceProviderName: OpenAI}\n"
        f"    usage: {{x_Source: gateway}}\n    split: {split}\n    rest: {rest}\n{more}"
    )


QUANTITY = "[{on: [SubAccountId, x_Model], weight: quantity}]"
COST = "[{on: [SubAccountId, x_Model], weight: estimated_cost}]"
