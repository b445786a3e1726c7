"""The JSON Schema of everyline.yaml, for editors: made from the dataclasses that read it."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from everyline.config.load import adapter

_RIGHT: dict[str, Any] = {
    "description": "A text, a list of texts, or tests",
    "oneOf": [
        {"type": ["string", "number", "boolean"]},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {
                "glob": {"type": "string", "description": "`*`, `?`, `[..]`; matches whole"},
                "regex": {"type": "string", "description": "RE2; matches whole"},
                "prefix": {"type": "string", "description": "What the text begins with"},
                "has": {"type": "boolean", "description": "Whether there is a value"},
                "from": {"type": ["string", "number"], "description": "Inclusive"},
                "to": {"type": ["string", "number"], "description": "Exclusive"},
                "not": {"$ref": "#/$defs/Right"},
            },
        },
    ],
}
_CONDITION: dict[str, Any] = {
    "description": "All entries must hold. Left a column, a taxonomy key or `Tags.<key>`",
    "type": "object",
    "minProperties": 1,
    "properties": {
        "any": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Condition"}},
        "all": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Condition"}},
        "not": {"$ref": "#/$defs/Condition"},
    },
    "additionalProperties": {"$ref": "#/$defs/Right"},
}


class _Generator(GenerateJsonSchema):
    def emit_warning(self, kind: Any, detail: str) -> None:
        """Rows of CSVs have defaults that no schema can show, and are no part of this one."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `everyline.yaml`, with a description of every setting."""
    schema: dict[str, Any] = _finished(adapter().json_schema(schema_generator=_Generator))
    taxonomy = schema["properties"]["taxonomy"]
    taxonomy["additionalProperties"] = taxonomy.pop("items")
    taxonomy |= {"type": "object", "minProperties": 1}
    schema["$defs"] |= {"Condition": _CONDITION, "Right": _RIGHT}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "everyline.yaml",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _finished(node: Any) -> Any:
    """The schema as made, less null (a setting is left out instead) and titles made of names."""
    if isinstance(node, list):
        return [_finished(part) for part in node]
    if not isinstance(node, dict):
        return node
    if "everyline" in node:
        return {"$ref": "#/$defs/Condition"} | {
            key: value for key, value in node.items() if key == "description"
        }
    alternatives = [part for part in node.get("anyOf", []) if part != {"type": "null"}]
    if len(alternatives) == 1:
        others = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        return _finished(alternatives[0] | others)
    dropped = {"title"} if isinstance(node.get("title"), str) else set()
    return {key: _finished(value) for key, value in node.items() if key not in dropped}
