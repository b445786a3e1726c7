"""Canonical JSON (RFC 8785), and the hashes that ids are made of."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def json_text(text: str) -> str:
    escaped = (_SHORT.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in text)
    return '"' + "".join(escaped) + '"'


def json_value(value: Any) -> str:
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, datetime):
        return json_text(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if isinstance(value, list):
        return "[" + ",".join(map(json_value, value)) + "]"
    if isinstance(value, dict):
        return json_object(value)
    return json_text(value)


def json_object(members: Mapping[str, Any]) -> str:
    ordered = sorted(members, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{json_text(n)}:{json_value(members[n])}" for n in ordered) + "}"


def hash_of(value: Any) -> str:
    return hashlib.sha256(json_value(value).encode()).hexdigest()


def filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are not null."""
    return {name: value for name, value in row.items() if value is not None}
