"""The page of every setting of everyline.yaml, made from the JSON Schema that editors get."""

from collections.abc import Mapping
from typing import Any

from markdown import code, page, table

from everyline.config import json_schema


def page_of_settings() -> str:
    """Every setting of everyline.yaml, from the JSON Schema that editors are given."""
    schema = json_schema()
    parts = [
        (
            "`everyline check --schema` prints the JSON Schema that this page is made of."
            " Every text is read as it is written: `no`, `0123` and `2026-10-01` stay text."
        ),
        "## everyline.yaml",
        _settings(schema),
    ]
    for name, kind in sorted(schema["$defs"].items()):
        if name not in ("Condition", "Right"):
            parts += [f"## {name}", _first_paragraph(kind), _settings(kind)]
    condition, right = schema["$defs"]["Condition"], schema["$defs"]["Right"]
    tests = right["oneOf"][2]["properties"]
    parts += [
        "## Condition",
        condition["description"] + ". The right-hand side is a text (equal, case counts), a list"
        " (one of), or a map of tests:",
        table(
            ("test", "meaning"),
            [(code(name), one.get("description", "Negates")) for name, one in tests.items()],
        ),
        (
            "`any: [..]`, `all: [..]` and `not: {..}` nest conditions. A missing value makes a test"
            " false, and its `not` true."
        ),
    ]
    return page("Settings", *parts)


def _settings(kind: Mapping[str, Any]) -> str:
    required = kind.get("required", ())
    rows = [
        (
            code(name),
            _type(one),
            "**required**" if name in required else _default(one),
            one.get("description", ""),
        )
        for name, one in kind["properties"].items()
    ]
    return table(("setting", "type", "default", "meaning"), rows)


def _first_paragraph(kind: Mapping[str, Any]) -> str:
    return str(kind.get("description", "")).partition("\n\n")[0]


def _default(one: Mapping[str, Any]) -> str:
    default = one.get("default")
    if default in (None, [], {}, ()):
        return ""
    return code(str(default).lower() if isinstance(default, bool) else str(default))


def _type(one: Mapping[str, Any]) -> str:
    if "$ref" in one:
        return _link(one["$ref"])
    if "const" in one:
        return code(one["const"])
    if "enum" in one:
        return ", ".join(map(code, one["enum"]))
    if options := one.get("oneOf") or one.get("anyOf"):
        return " or ".join(dict.fromkeys(map(_type, options)))
    kind = one.get("type")
    if kind == "array":
        return f"list of {_type(one['items'])}"
    if kind == "object":
        inner = one.get("additionalProperties")
        return f"map of {_type(inner)}" if isinstance(inner, Mapping) else "map"
    if isinstance(kind, list):
        return "text"
    if one.get("pattern") == "^[^/].*$":
        return "file"
    words = {"string": "text", "boolean": "`true`, `false`", "integer": "whole number"}
    return "day" if one.get("format") == "date" else words.get(str(kind), str(kind))


def _link(reference: str) -> str:
    name = reference.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"
