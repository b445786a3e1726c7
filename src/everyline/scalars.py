"""Scalars: moments as they are spelt in files, and the types that columns have."""

import re
from datetime import UTC, datetime
from typing import Any, Literal

from everyline.money import number

ColumnType = Literal["text", "timestamp", "decimal", "integer", "boolean"]

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)


def instant_of(text: str) -> datetime | None:
    """The moment that an ISO 8601 date or time spells, in UTC without zone; None if none."""
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
    except (ValueError, OverflowError):
        return None


def value_of(text: str, kind: ColumnType) -> Any:
    """`text` as a value of the type: text, datetime in UTC, bool or Decimal; None if it is none."""
    if kind == "text":
        return text
    if kind == "timestamp":
        return instant_of(text)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    read = number(text)
    return read.value if read else None
