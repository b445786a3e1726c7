"""Google Cloud: custom constraints of the organisation, and the policies that enforce them.

One constraint for each type and key, of the types of `gcp.csv`, for which Vertex AI documents
custom constraints and whose API has `labels`. All else, such as Gemini calls, Compute Engine and
TPUs, has no constraint here; `rego` looks at its plans. Labels of Google are small letters,
digits, `_` and `-`: values are spelt so.
"""

import csv
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import yaml

from everyline.problems import Problem
from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Speech, Written, too_long

TITLE = "Google Cloud custom constraints"

ORGANISATION = "organizations/ORGANIZATION_ID"
"""Stands for the organisation; whoever applies the files puts its number there."""

CONDITION_MAX = 1_000
"""Characters of a condition: reference of organizations.customConstraints."""

_KEY = r"[a-z][a-z0-9_\-]{0,62}"
_VALUE = r"[a-z0-9_\-]{1,63}"


def written(asked: Sequence[Asked]) -> Written:
    """Two YAML documents for each type and key: the constraint, and the policy enforcing it."""
    text = files(__package__).joinpath("gcp.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    speech = Speech("Google Cloud", _KEY, _VALUE)
    problems, made = list[Problem](), dict[str, str]()
    for ask in asked:
        condition = _refused(ask, speech)
        if len(condition) > CONDITION_MAX:
            what = f"the condition for `{ask.key}`"
            hint = "ask for fewer values, or only that the label is there: a key without `values`"
            problems.append(too_long(what, len(condition), CONDITION_MAX, ask.place, hint))
        for row in rows:
            name = f"custom.everyline{ask.key.title().replace('_', '')}On{row['name']}"
            made[f"constraints/{name}.yaml"] = _yaml(_constraint(ask, name, row, condition))
            made[f"policies/{name}.yaml"] = _yaml(
                {"name": f"{ORGANISATION}/policies/{name}", "spec": {"rules": [{"enforce": True}]}}
            )
    return Written(made, (*speech.problems, *problems))


def _refused(ask: Asked, speech: Speech) -> str:
    tag, values = json.dumps(speech.tag(ask)), speech.values(ask)
    present = f"{tag} in resource.labels"
    if not values:
        return f"!({present})"
    other = f"!(resource.labels[{tag}] in {json.dumps(values)})"
    return f"!({present}) || {other}" if ask.needed else f"{present} && {other}"


def _constraint(ask: Asked, name: str, row: dict[str, str], condition: str) -> dict[str, Any]:
    return {
        "name": f"{ORGANISATION}/customConstraints/{name}",
        "resourceTypes": [row["type"]],
        "methodTypes": ["CREATE", "UPDATE"],
        "condition": condition,
        "actionType": "DENY",
        "displayName": f"{row['name']} carries the label {ask.tag}",
        "description": f"The label {ask.tag} says whose cost it is. Written by everyline.",
    }


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000)
