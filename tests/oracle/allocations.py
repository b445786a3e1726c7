"""The finish: defaults, method, and the relation `allocations` (R20)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from oracle import owners
from oracle.parts import Part, Receiver, Row, receiver_text, split_all
from oracle.pools import CARRIED, Pooled
from oracle.settings import Project

TRACED = {"traced", "unseen", "rest", "driver_unowned"}


def allocations(project: Project, pooled: Pooled) -> list[Row]:
    """A row for each part outside pools, and for each receiver of a pool line."""
    return [*_outside(project, pooled.outside), *_shared(project, pooled)]


def _outside(project: Project, parts: Sequence[Part]) -> Iterable[Row]:
    for part in parts:
        row: Row = {"x_LineId": part.group["x_GroupId"]}
        row |= _carried(project, part.group, part.receiver) | dict(part.measures)
        traced = part.rule is not None and any(
            row[f"{key.name}_evidence"] in TRACED for key in project.keys
        )
        row["x_Method"] = _method(project, row, "traced" if traced else "direct")
        yield row | {"x_Rule": part.rule, "x_Pool": None, "x_ShareId": part.share}


def _shared(project: Project, pooled: Pooled) -> Iterable[Row]:
    for line, share, weights in pooled.split():
        for receiver, measures in split_all(line.measures, weights).items():
            row: Row = {"x_LineId": line.id}
            row |= _carried(project, line.key, receiver) | measures
            row["x_Method"] = _method(project, row, "shared")
            yield row | {"x_Rule": None, "x_Pool": line.key["x_Pool"], "x_ShareId": share}


def _carried(project: Project, line: Mapping[str, Any], receiver: Receiver) -> Row:
    row: Row = {"x_Receiver": receiver_text(receiver)}
    row |= {column: line[column] for column in CARRIED}
    for key, (found, because) in zip(project.keys, receiver, strict=True):
        value, evidence = found, because
        if value is None and key.default is not None:
            value, evidence = owners.default_of(key), "default"
        row |= {key.name: value, f"{key.name}_evidence": evidence}
        row[f"{key.name}_tag"] = line[f"{key.name}_tag"]
    return row


def _method(project: Project, row: Row, otherwise: str) -> str:
    return "unallocated" if row[project.keys[0].name] is None else otherwise
