"""Conditions over one line or group: two-valued, a missing value makes a test false (section 2)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from oracle import tables
from oracle.amounts import units


def holds(condition: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return all(_entry(left, right, row) for left, right in condition.items())


def columns(condition: Mapping[str, Any]) -> set[str]:
    """Every column that the condition looks at."""
    found: set[str] = set()
    for left, right in condition.items():
        if left == "not":
            found |= columns(right)
        elif left in ("any", "all"):
            found |= {column for part in right for column in columns(part)}
        else:
            found.add(left)
    return found


def _entry(left: str, right: Any, row: Mapping[str, Any]) -> bool:
    if left == "not":
        return not holds(right, row)
    if left in ("any", "all"):
        return (any if left == "any" else all)(holds(part, row) for part in right)
    return _right(left, right, row.get(left))


def _right(left: str, right: Any, value: Any) -> bool:
    if not isinstance(right, dict):
        texts = right if isinstance(right, list) else [right]
        if left == "ServiceProviderName":
            texts = list(map(tables.provider, texts))
        return value is not None and any(value == _typed(text, value) for text in texts)
    return all(_test(left, word, operand, value) for word, operand in right.items())


def _test(left: str, word: str, operand: Any, value: Any) -> bool:
    if word == "not":
        return not _right(left, operand, value)
    if word == "has":
        return (value is not None) is bool(operand == "true")
    if value is None:
        return False
    if word == "glob":
        return _glob(operand).fullmatch(value) is not None
    if word == "regex":
        return re.fullmatch(operand, value) is not None
    if word == "prefix":
        return bool(value.startswith(operand))
    bound = _typed(operand, value)
    return bool(value >= bound if word == "from" else value < bound)


def _glob(glob: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    pieces = re.findall(r"\[[^]]+\]|.", glob, re.DOTALL)
    return re.compile(
        "".join(p if len(p) > 1 else signs.get(p) or re.escape(p) for p in pieces), re.DOTALL
    )


def _typed(text: str, value: Any) -> Any:
    """The operand as a value of the column's type."""
    if isinstance(value, datetime):
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    if isinstance(value, int) and not isinstance(value, bool):
        return units(text)
    return text
