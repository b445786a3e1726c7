"""Canonical JSON (RFC 8785) that the engine writes."""

import json
from collections.abc import Iterable, Mapping

from everyline.config.columns import column_type
from everyline.engines.duckdb import literal, quoted
from everyline.tag_columns import named

# A JSON text, cut into escapes and what stands between them.
_PIECES = r"\\u[0-9A-F]{4}|\\.|[^\\]+"


def lowered(json: str) -> str:
    r"""SQL of JSON with escapes as RFC 8785 wants them: `\u001f`, where the engine has `\u001F`.

    Args:
        json: SQL of JSON text that the engine has made, sorted and without blanks.
    """
    pieces = f"regexp_extract_all({json}, '{_PIECES}')"
    one = r"lambda piece: CASE WHEN starts_with(piece, '\u') THEN lower(piece) ELSE piece END"
    # Hardly any text has control characters, so most is only searched for them.
    return (
        rf"CASE WHEN contains({json}, '\u00')"
        f" THEN array_to_string(list_transform({pieces}, {one}), '') ELSE {json} END"
    )


def json_object(columns: Mapping[str, str]) -> str:
    """SQL of the canonical JSON object of columns, name to column, without its nulls."""
    if not columns:
        return "'{}'"
    return enclosed(member(name, columns[name]) for name in in_order(columns))


def enclosed(members: Iterable[str]) -> str:
    """SQL of an object of `members`, SQL of `,"name":value` each, of which nulls are left out."""
    return lowered(f"('{{' || substr(concat({', '.join(members)}), 2) || '}}')")


def in_order(columns: Iterable[str]) -> list[str]:
    """Columns as RFC 8785 sorts members: by the UTF-16 code units of their names."""
    return sorted(columns, key=lambda column: named(column).encode("utf-16-be"))


def member(name: str, column: str) -> str:
    """SQL of `,"name":value`, null where the value is.

    Instants are ISO text, decimals text of 18 digits.
    """
    at = quoted(column)
    value = {
        "timestamp": f"'\"' || strftime({at}, '%Y-%m-%dT%H:%M:%SZ') || '\"'",
        "boolean": f"{at}::VARCHAR",
        "integer": f"{at}::VARCHAR",
        "decimal": f"'\"' || {at}::DECIMAL(38,18)::VARCHAR || '\"'",
        "text": f"to_json({at})::VARCHAR",
    }[column_type(name) or "text"]
    return f"{literal(',' + json.dumps(named(name), ensure_ascii=False) + ':')} || {value}"
