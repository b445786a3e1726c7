"""What must hold between the answers of one OpenCost source (R1): the same hours only once.

Answers grouped in two ways, or cut into other windows, report the same use twice. Equal windows of
one grouping replace each other by their key, as a later fetch does.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from everyline.problems import Problem
from everyline.sources.format import Facts
from everyline.sources.json_text import cell

_PROPERTIES = (
    "cluster",
    "node",
    "namespace",
    "controllerKind",
    "controller",
    "pod",
    "container",
    "providerID",
)


def grouping(allocations: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """By what the answer is grouped: for each part of the names, the property that it is.

    An answer says its grouping only in the names of allocations, `cluster/namespace` for instance.
    Empty where it has no named allocation.
    """
    found: list[set[str]] | None = None
    for name, properties in allocations:
        parts = name.split("/")
        if any(part.startswith("__") for part in parts):
            continue
        meanings = [_meanings(part, properties) for part in parts]
        if found is None:
            found = meanings
        elif len(found) == len(meanings):
            found = [had & now for had, now in zip(found, meanings, strict=True)]
    order = {name: at for at, name in enumerate(_PROPERTIES)}
    return [
        min(names, key=lambda name: (order.get(name, len(order)), name), default="?")
        for names in found or []
    ]


def _meanings(part: str, properties: Mapping[str, Any]) -> set[str]:
    found = {name for name in _PROPERTIES if cell(properties.get(name)) == part}
    labels = properties.get("labels")
    if isinstance(labels, dict):
        found |= {f"label:{key}" for key, value in labels.items() if cell(value) == part}
    return found


def by_cluster(
    found: Iterable[tuple[str, tuple[datetime, datetime]]],
) -> dict[str, list[list[str]]]:
    """The distinct windows of each cluster, as ISO texts in UTC, which sort by time."""
    windows: dict[str, set[tuple[str, str]]] = {}
    for cluster, (start, end) in found:
        windows.setdefault(cluster, set()).add((start.isoformat(), end.isoformat()))
    return {name: [list(one) for one in sorted(some)] for name, some in windows.items()}


def across(files: Sequence[Facts]) -> list[Problem]:
    """Files that report the same hours of a cluster by two groupings or in two cuts."""
    found = []
    for at, one in enumerate(files):
        for other in files[:at]:
            if (problem := _twice(one, other)) is not None:
                found.append(problem)
                break
    return found


def _twice(one: Facts, other: Facts) -> Problem | None:
    overlapping = [
        (mine, theirs)
        for cluster, windows in _windows(one).items()
        for mine in windows
        for theirs in _windows(other).get(cluster, ())
        if mine[0] < theirs[1] and theirs[0] < mine[1]
    ]
    if not overlapping:
        return None
    groupings = [file.facts["grouping"] for file in (one, other)]
    if all(groupings) and groupings[0] != groupings[1]:
        said = f"by {_by(groupings[0])} here and by {_by(groupings[1])} in `{other.file}`"
    elif any(mine != theirs for mine, theirs in overlapping):
        said = f"in other windows here than in `{other.file}`"
    else:
        return None
    return Problem(
        name="two-groupings",
        level="stop",
        sentence=f"the same hours are reported {said}: the same use twice",
        place=one.file,
        subject=other.file,
        hint="keep one grouping and one length of window in this path, and move the other away",
    )


def _windows(one: Facts) -> Mapping[str, list[list[str]]]:
    found = one.facts.get("windows")
    return found if isinstance(found, dict) else {}


def _by(names: object) -> str:
    return " and ".join(f"`{name}`" for name in names) if isinstance(names, list) else ""
