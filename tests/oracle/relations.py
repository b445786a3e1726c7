"""Lines to groups, owned groups, allocations, coverage and statements (R5, R20, R22, R23)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from oracle import conditions, lines, owners, tables
from oracle.settings import Project, load

Row = dict[str, Any]
Relations = dict[str, list[Row]]

_BASE = """
x_Period x_WindowStart x_WindowEnd BillingCurrency x_Basis x_Source x_Layer x_LayerRule
x_Eligible ServiceProviderName InvoiceIssuerName InvoiceId BillingAccountId SubAccountId ServiceName
ServiceCategory SkuMeter x_Model x_Meter x_Tier ChargeCategory ChargeClass ConsumedUnit
PricingUnit
"""
BASE = tuple(_BASE.split())

_CARRIED = """
x_Period BillingCurrency x_Basis x_Layer ServiceProviderName InvoiceIssuerName InvoiceId
BillingAccountId SubAccountId ServiceName ChargeCategory x_Eligible ConsumedUnit PricingUnit
"""
CARRIED = tuple(_CARRIED.split())

_COVERED = """
x_Period BillingCurrency x_Layer ServiceProviderName BillingAccountId SubAccountId
"""
COVERED = tuple(_COVERED.split())

STATED = {"BilledCost": "x_BilledAmount", "EffectiveCost": "x_EffectiveAmount"}


def relations(folder: Path) -> Relations:
    """All relations of the project in `folder`.

    Raises:
        lines.Stopped: nothing may be published.
    """
    project = load(folder)
    groups = _groups(project, lines.of_project(project))
    owned = [g | owners.owned(project, g) for g in groups if g["x_Layer"] != "none"]
    allocations = [_allocated(project, group) for group in owned]
    names = [key.name for key in project.keys]
    return {
        "groups": groups,
        "owned_groups": owned,
        "allocations": allocations,
        "coverage": _coverage(names, allocations),
        "statements": _statements(names, allocations),
    }


# Canonical JSON (RFC 8785)

_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def json_text(text: str) -> str:
    escaped = (_SHORT.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in text)
    return '"' + "".join(escaped) + '"'


def json_value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, datetime):
        return json_text(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if isinstance(value, list):
        return "[" + ",".join(map(json_value, value)) + "]"
    return json_text(value)


def json_object(members: Mapping[str, Any]) -> str:
    ordered = sorted(members, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{json_text(n)}:{json_value(members[n])}" for n in ordered) + "}"


# Groups (R5)


def key_columns(project: Project, billed_tags: Iterable[str]) -> list[str]:
    """The group key: BASE, what rules name, and the taxonomy's tags in all their spellings."""
    named: set[str] = set()
    for entry in project.owners:
        if entry.table is None:
            named |= conditions.columns(entry.settings["when"])
        else:
            keys = {key.name for key in project.keys}
            named |= {c for c in entry.header if c not in keys and c[:6] != "valid_"}
    for condition in project.settings.get("untaggable", ()):
        named |= conditions.columns(condition)
    for part in (*project.settings.get("trace", ()), *project.settings.get("pools", ())):
        named |= conditions.columns(part.get("charges", {}))
        for split in part["split"]:
            named |= {*split.get("on", ()), *split.get("within", ())}
            named |= conditions.columns(split.get("of", {}))
    named -= {key.name for key in project.keys}
    entries = [entry for key in project.keys for entry in key.tags]
    tags = {f"Tags.{t}" for t in billed_tags if any(owners.speaks_for(t, e) for e in entries)}
    return [*BASE, *sorted((named | tags) - set(BASE))]


def _groups(project: Project, found: Sequence[lines.Line]) -> list[Row]:
    untaggable = project.settings.get("untaggable", ())
    for line in found:
        line["x_Eligible"] = line.get("ChargeCategory") not in ("Tax", "Credit", "Adjustment") and (
            not any(conditions.holds(condition, line) for condition in untaggable)
        )
    billed = {name[5:] for line in found for name in line if name[:5] == "Tags."}
    key = key_columns(project, billed)
    groups: dict[str, Row] = {}
    for line in found:
        filled = {name: line[name] for name in key if line.get(name) is not None}
        group_id = hashlib.sha256(json_object(filled).encode()).hexdigest()
        group = groups.setdefault(
            group_id, {"x_GroupId": group_id} | dict.fromkeys(key) | filled | {"x_LineCount": 0}
        )
        group["x_LineCount"] += 1
        _add(group, line, lines.MEASURES)
    return sorted(groups.values(), key=lambda group: group["x_GroupId"])


def _add(total: Row, part: Mapping[str, Any], measures: Iterable[str]) -> None:
    for measure in measures:
        values = [v for v in (total.get(measure), part.get(measure)) if v is not None]
        total[measure] = sum(values) if values else None


# Allocations (R20) and coverage (R22)


def _allocated(project: Project, group: Row) -> Row:
    names = [key.name for key in project.keys]
    receiver = [[group[n] for n in names], [group[f"{n}_evidence"] for n in names]]
    row: Row = {"x_LineId": group["x_GroupId"], "x_Receiver": json_value(receiver)}
    row |= {column: group[column] for column in (*CARRIED, *lines.MEASURES)}
    for key in project.keys:
        value, evidence = group[key.name], group[f"{key.name}_evidence"]
        if value is None and key.default is not None:
            value, evidence = owners.default_of(key), "default"
        row |= {key.name: value, f"{key.name}_evidence": evidence}
        row[f"{key.name}_tag"] = group[f"{key.name}_tag"]
    row["x_Method"] = "unallocated" if row[names[0]] is None else "direct"
    return row | dict.fromkeys(("x_Rule", "x_Pool", "x_ShareId"))


def _coverage(names: Sequence[str], allocations: Iterable[Row]) -> list[Row]:
    found: dict[Any, Row] = {}
    for part in allocations:
        for name in names:
            row = {column: part[column] for column in COVERED}
            row |= {"x_Key": name, "x_Tag": part[f"{name}_tag"]}
            row |= {"x_Evidence": part[f"{name}_evidence"], "x_Eligible": part["x_Eligible"]}
            total = found.setdefault(tuple(row.items()), row)
            _add(total, part, ("EffectiveCost", "x_CoverageCost"))
    return list(found.values())


# Statements (R23)


def _statements(names: Sequence[str], allocations: Iterable[Row]) -> list[Row]:
    key = [
        "x_Period",
        "x_CorrectsPeriod",
        "BillingCurrency",
        "x_Basis",
        *names,
        "x_Method",
        "x_Pool",
    ]
    key += ["x_Layer", "ServiceProviderName", "InvoiceIssuerName", "ServiceName"]
    found: dict[str, Row] = {}
    for part in allocations:
        row = {column: part.get(column) for column in key}
        _add(found.setdefault(json_value(list(row.values())), row), part, STATED)
    for cost, amount in STATED.items():
        issuers: dict[Any, dict[str, Row]] = {}
        for text, row in found.items():
            issuer = tuple(
                row[c] for c in ("x_Period", "BillingCurrency", "x_Basis", "InvoiceIssuerName")
            )
            issuers.setdefault(issuer, {})[text] = row
        for rows in issuers.values():
            _round(rows, names[0], cost, amount)
    return list(found.values())


def _round(rows: Mapping[str, Row], lead: str, cost: str, amount: str) -> None:
    """One issuer's rows: its total to owners, theirs to lines."""
    step = 10 ** (18 - tables.minor_digits()[next(iter(rows.values()))["BillingCurrency"]])
    total = (2 * sum(row[cost] for row in rows.values()) + step) // (2 * step)
    owned: dict[str, dict[str, int]] = {}
    for text, row in rows.items():
        owned.setdefault(json_value(row[lead]), {})[text] = row[cost]
    sums = {owner: sum(parts.values()) for owner, parts in owned.items()}
    for owner, whole in handed_down(total, sums, step).items():
        for text, units in handed_down(whole, owned[owner], step).items():
            rows[text][amount] = units * step


def handed_down(total: int, parts: Mapping[str, int], step: int) -> dict[str, int]:
    """Floors toward minus infinity; the missing units to the largest fractions, ties by text."""
    floors = {text: units // step for text, units in parts.items()}
    order = sorted(parts, key=lambda text: (-(parts[text] % step), text.encode()))
    for text in order[: total - sum(floors.values())]:
        floors[text] += 1
    return floors
