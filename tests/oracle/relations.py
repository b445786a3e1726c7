"""All relations of a project: groups (R5), coverage (R22), statements (R23), and the others."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oracle import conditions, lines, owners, reconciliation, tables, traces, usage
from oracle.allocations import allocations
from oracle.canonical import filled, hash_of, json_object, json_value
from oracle.pools import Pooled
from oracle.settings import Project, load

__all__ = ["everything", "handed_down", "json_object", "json_value", "relations"]

Row = dict[str, Any]
Relations = dict[str, list[Row]]

_BASE = """
x_Period x_WindowStart x_WindowEnd BillingCurrency x_Basis x_Source x_Layer x_LayerRule
x_Eligible ServiceProviderName InvoiceIssuerName InvoiceId BillingAccountId SubAccountId ServiceName
ServiceCategory SkuMeter x_Model x_Meter x_Tier ChargeCategory ChargeClass ConsumedUnit
PricingUnit
"""
BASE = tuple(_BASE.split())

_COVERED = """
x_Period BillingCurrency x_Layer ServiceProviderName BillingAccountId SubAccountId
"""
COVERED = tuple(_COVERED.split())

STATED = {"BilledCost": "x_BilledAmount", "EffectiveCost": "x_EffectiveAmount"}


OF_ANY_RUN = ("groups", "owned_groups", "allocations", "coverage", "statements")


def relations(folder: Path) -> Relations:
    """The relations that every project has.

    Raises:
        lines.Stopped: nothing may be published.
    """
    made = everything(folder)
    return {name: made[name] for name in OF_ANY_RUN}


def everything(folder: Path) -> Relations:
    """All relations of the project in `folder`; `shares` without x_Driver.

    Raises:
        lines.Stopped: nothing may be published.
    """
    project = load(folder)
    billed = lines.of_project(project)
    groups = _groups(project, billed)
    seen = usage.of_project(project)
    strong = [g | owners.strong(project, g) for g in groups if g["x_Layer"] != "none"]
    traced = traces.traced(project, strong, seen)
    owned = _owned(project, strong, traced)
    pooled = Pooled(project, traces.first_stage(project, owned, traced), seen)
    parts = allocations(project, pooled)
    names = [key.name for key in project.keys]
    return {
        "groups": groups,
        "usage": usage.as_relation(project, seen),
        "owned_groups": owned,
        "shares": [*traced.shares, *pooled.shares()],
        "pool_members": pooled.members(),
        "allocations": parts,
        "coverage": _coverage(names, parts),
        "statements": _statements(names, parts),
        "reconciliation": reconciliation.rows(project, billed, seen),
    }


def _owned(project: Project, strong: Sequence[Row], traced: traces.Traced) -> list[Row]:
    """Groups with their owners as stored: weak answers only where no trace split (R8)."""
    split = {part.group["x_GroupId"] for part in traced.parts}
    owned = []
    for group in strong:
        found = owners.as_found(project, group)
        if group["x_GroupId"] not in split:
            owners.weakly(project, group, found)
        owned.append(group | owners.columns(found))
    return owned


# Groups (R5)


def key_columns(project: Project, billed_tags: Iterable[str]) -> list[str]:
    """The group key: BASE, what rules name, and the taxonomy's tags in all their spellings."""
    named = usage.asked(project)
    for condition in project.settings.get("untaggable", ()):
        named |= conditions.columns(condition)
    for part in (*project.settings.get("trace", ()), *project.settings.get("pools", ())):
        named |= conditions.columns(part.get("charges", {}))
        for split in part["split"]:
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
        own = filled({name: line.get(name) for name in key})
        group_id = hash_of(own)
        group = groups.setdefault(
            group_id, {"x_GroupId": group_id} | dict.fromkeys(key) | own | {"x_LineCount": 0}
        )
        group["x_LineCount"] += 1
        _add(group, line, lines.MEASURES)
    return sorted(groups.values(), key=lambda group: group["x_GroupId"])


def _add(total: Row, part: Mapping[str, Any], measures: Iterable[str]) -> None:
    for measure in measures:
        values = [v for v in (total.get(measure), part.get(measure)) if v is not None]
        total[measure] = sum(values) if values else None


# Coverage (R22)


def _coverage(names: Sequence[str], parts: Iterable[Row]) -> list[Row]:
    found: dict[Any, Row] = {}
    for part in parts:
        for name in names:
            row = {column: part[column] for column in COVERED}
            row |= {"x_Key": name, "x_Tag": part[f"{name}_tag"]}
            row |= {"x_Evidence": part[f"{name}_evidence"], "x_Eligible": part["x_Eligible"]}
            total = found.setdefault(tuple(row.items()), row)
            _add(total, part, ("EffectiveCost", "x_CoverageCost"))
    return list(found.values())


# Statements (R23)


def _statements(names: Sequence[str], parts: Iterable[Row]) -> list[Row]:
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
    for part in parts:
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
