"""Azure Policy definition: one that refuses what lacks a tag or has another value.

Its effect is a parameter, so the same definition audits first and denies later. Azure compares
texts without case. It can't ask for tags of types that take none: a deployment of a model bears
its account's. What it refuses it refuses when a thing is made or changed, not before.
"""

import csv
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Speech, Written

TITLE = "Azure Policy definition"

_KEY = r"[^<>%&\\?/\[\]']{1,512}"
_VALUE = r"(?!\[).{1,256}"


def written(asked: Sequence[Asked]) -> Written:
    """The definition as one JSON document, with `properties` as the API takes it."""
    speech = Speech("Azure Policy", _KEY, _VALUE)
    refused = [test for ask in asked for test in _refused(ask, speech)]
    names = ", ".join(ask.key for ask in asked)
    properties = {
        "displayName": "AI resources carry the tags of their owner",
        "description": f"Written by everyline from its taxonomy: {names}.",
        "policyType": "Custom",
        "mode": "Indexed",
        "metadata": {"category": "Tags"},
        "parameters": {
            "effect": {
                "type": "String",
                "allowedValues": ["audit", "deny", "disabled"],
                "defaultValue": "deny",
            }
        },
        "policyRule": {
            "if": {"allOf": [{"anyOf": list(_types())}, {"anyOf": refused}]},
            "then": {"effect": "[parameters('effect')]"},
        },
    }
    text = json.dumps({"properties": properties}, indent=2, ensure_ascii=False) + "\n"
    return Written({"policy.json": text}, tuple(speech.problems))


def _types() -> Sequence[dict[str, Any]]:
    """Tests for types that cost AI money; some do only in certain sizes."""
    text = files(__package__).joinpath("azure.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    always = [row["type"] for row in rows if not row["size_field"]]
    return [
        {"field": "type", "in": always},
        *(
            {
                "allOf": [
                    {"field": "type", "equals": row["type"]},
                    {"anyOf": [_sized(row, size) for size in row["sizes"].split("|")]},
                ]
            }
            for row in rows
            if row["size_field"]
        ),
    ]


def _sized(row: dict[str, str], size: str) -> dict[str, str]:
    return {"field": row["size_field"], "like": size}


def _refused(ask: Asked, speech: Speech) -> list[dict[str, Any]]:
    """Tests of which any one refuses."""
    field, values = f"tags['{speech.tag(ask)}']", speech.values(ask)
    absent = [{"field": field, "exists": "false"}] if ask.needed else []
    if not values:
        return absent
    other = [{"field": field, "exists": "true"}, {"field": field, "notIn": values}]
    return [*absent, {"allOf": other}]
