"""Coverage can't be gamed (R22): what fills keys without a tag raises no tag coverage."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

import made
from drawn import Project, write
from made import units
from strategies import SMALL, projects


class Covered(NamedTuple):
    """By period, currency and key: eligible cost, of it declared, not missing, and unallocated."""

    eligible: Counter[tuple[str, ...]]
    declared: Counter[tuple[str, ...]]
    told: Counter[tuple[str, ...]]


@settings(max_examples=200)
@given(st.data(), projects(SMALL))
def test_a_default_or_a_catch_all_rule_raises_no_tag_coverage(
    data: st.DataObject, project: Project
) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        write(project, Path(one))
        write(data.draw(_gamed(project)), Path(two))
        honest, gamed = (_covered(Path(name)) for name in (one, two))
        assert gamed == honest


@st.composite
def _gamed(draw: st.DrawFn, project: Project) -> Project:
    """The project with every gap filled: by defaults, by a rule that holds always, or both."""
    taxonomy: dict[str, dict[str, Any]] = project.settings["taxonomy"]
    values = {name: _value(project, key) for name, key in taxonomy.items()}
    changed: dict[str, Any] = {}
    how = draw(st.sampled_from(("default", "rule", "both")))
    if how != "rule":
        lead = next(iter(taxonomy))
        defaults = {n: {"default": values[n]} if n != lead else {} for n in taxonomy}
        changed["taxonomy"] = {name: defaults[name] | key for name, key in taxonomy.items()}
    if how != "default":
        entry = {"rule": "all", "when": {"not": {"ServiceName": "none such"}}, "set": values}
        changed["owners"] = [*project.settings.get("owners", []), entry]
    return project.with_settings(**changed)


def _value(project: Project, key: dict[str, Any]) -> str:
    """A value that the key declares."""
    values = key.get("values", ["anything"])
    return project.tables[values][-1][0] if isinstance(values, str) else values[0]


def _covered(folder: Path) -> Covered:
    found = Covered(Counter(), Counter(), Counter())
    for row in made.relations(made.run(folder), ["coverage"])["coverage"]:
        if not row["x_Eligible"]:
            continue
        key = (row["x_Period"], row["BillingCurrency"], row["x_Key"])
        cost = units(row["x_CoverageCost"]) or 0
        found.eligible[key] += cost
        found.declared[key] += cost if row["x_Tag"] == "declared" else 0
        found.told[key] += cost if row["x_Tag"] != "missing" else 0
    return found
