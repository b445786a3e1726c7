"""Receivers, first-stage parts, and how an amount is split among receivers (R12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from oracle import owners
from oracle.canonical import json_value
from oracle.settings import Project

Row = dict[str, Any]
Answer = tuple[str | None, str]
"""Value and evidence of one key."""
Receiver = tuple[Answer, ...]
"""An answer for each key, in taxonomy order, before any default."""


@dataclass(frozen=True)
class Part:
    """A direct group whole, or one receiver's part of a traced group.

    `group` has its keys as stored in owned_groups; `rule` and `share` are null for a direct group.
    """

    group: Row
    receiver: Receiver
    measures: Mapping[str, int | None]
    rule: str | None = None
    share: str | None = None


def receiver_text(receiver: Receiver) -> str:
    """x_Receiver: canonical JSON of values and evidence."""
    return json_value([[value for value, _ in receiver], [evidence for _, evidence in receiver]])


def values_of(project: Project, receiver: Receiver) -> dict[str, str | None]:
    return {key.name: value for key, (value, _) in zip(project.keys, receiver, strict=True)}


def nobody(project: Project, reason: str) -> Receiver:
    return tuple((None, reason) for _ in project.keys)


def implied(project: Project, receiver: Receiver, on: date) -> Receiver:
    """The receiver after R9; contradictions are not reported."""
    found = {
        key.name: owners.Found(*answer, None)
        for key, answer in zip(project.keys, receiver, strict=True)
    }
    owners.imply(project, found, on)
    return tuple((found[key.name].value, found[key.name].evidence) for key in project.keys)


def first_day(period: str) -> date:
    return date.fromisoformat(f"{period}-01")


def integers(weights: Mapping[Receiver, Fraction]) -> dict[Receiver, int]:
    """Weights above zero as the smallest integers of the same proportions (R12)."""
    above = {receiver: weight for receiver, weight in weights.items() if weight > 0}
    common = lcm(*(weight.denominator for weight in above.values()))
    whole = {receiver: int(weight * common) for receiver, weight in above.items()}
    divisor = gcd(*whole.values())
    return {receiver: weight // divisor for receiver, weight in whole.items()}


def split(units: int | None, weights: Mapping[Receiver, int]) -> dict[Receiver, int | None]:
    """Parts of an amount: floors, then one unit each to the largest remainders (R12)."""
    if units is None:
        return dict.fromkeys(weights)
    total = sum(weights.values())
    parts = {receiver: abs(units) * weight // total for receiver, weight in weights.items()}
    remainders = {receiver: abs(units) * weight % total for receiver, weight in weights.items()}
    order = sorted(weights, key=lambda r: (-remainders[r], receiver_text(r).encode()))
    for receiver in order[: abs(units) - sum(parts.values())]:
        parts[receiver] += 1
    return {receiver: -part if units < 0 else part for receiver, part in parts.items()}


def split_all(
    measures: Mapping[str, int | None], weights: Mapping[Receiver, int]
) -> dict[Receiver, dict[str, int | None]]:
    """Each measure is split for itself."""
    found: dict[Receiver, dict[str, int | None]] = {receiver: {} for receiver in weights}
    for measure, units in measures.items():
        for receiver, part in split(units, weights).items():
            found[receiver][measure] = part
    return found


def share_rows(
    project: Project, share: Mapping[str, Any], weights: Mapping[Receiver, int]
) -> list[Row]:
    """Rows of the relation `shares`; x_Driver is free text and left out."""
    rows = []
    for receiver, weight in weights.items():
        row: Row = dict(share) | {"x_Receiver": receiver_text(receiver)}
        for key, (value, evidence) in zip(project.keys, receiver, strict=True):
            row |= {key.name: value, f"{key.name}_evidence": evidence}
        rows.append(row | {"x_Weight": str(weight), "x_WeightTotal": str(sum(weights.values()))})
    return rows
