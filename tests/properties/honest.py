"""A project with every gap filled, and what of its coverage may not rise for that (R22)."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from drawn import Project
from made import Row


class Covered(NamedTuple):
    """By period, currency and key: eligible cost, of it declared, and of it not missing."""

    eligible: Counter[tuple[str, ...]]
    declared: Counter[tuple[str, ...]]
    told: Counter[tuple[str, ...]]


def covered(coverage: Iterable[Row]) -> Covered:
    """The sums of `coverage`, its amounts in units, that tag coverage is worked out from."""
    found = Covered(Counter(), Counter(), Counter())
    for row in coverage:
        if row["x_Eligible"]:
            key = (row["x_Period"], row["BillingCurrency"], row["x_Key"])
            cost = row["x_CoverageCost"] or 0
            found.eligible[key] += cost
            found.declared[key] += cost if row["x_Tag"] == "declared" else 0
            found.told[key] += cost if row["x_Tag"] != "missing" else 0
    return found


def filled(project: Project) -> Project:
    """The project with defaults for all keys that may have one, a rule that holds always, or both.

    Which of the three hangs on the project, so that many projects see them all.
    """
    taxonomy: dict[str, dict[str, Any]] = project.settings["taxonomy"]
    values = {name: _value(project, key) for name, key in taxonomy.items()}
    how = len(project.files[0].rows) % 3
    changed: dict[str, Any] = {}
    if how != 1:
        lead = next(iter(taxonomy))
        defaults = {n: {"default": values[n]} if n != lead else {} for n in taxonomy}
        changed["taxonomy"] = {name: defaults[name] | key for name, key in taxonomy.items()}
    if how != 2:
        entry = {"rule": "all", "when": {"not": {"ServiceName": "none such"}}, "set": values}
        changed["owners"] = [*project.settings.get("owners", []), entry]
    return project.with_settings(**changed)


def _value(project: Project, key: dict[str, Any]) -> str:
    """A value that the key declares."""
    values = key.get("values", ["anything"])
    return project.tables[values][-1][0] if isinstance(values, str) else values[0]
