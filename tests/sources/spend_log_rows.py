"""Rows of LiteLLM spend logs, for tests."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine, Refused
from everyline.sources.litellm_spend_logs import TELEMETRY
from everyline.sources.telemetry import Query

SAMPLES = Path(__file__).parents[1] / "samples" / "usage" / "litellm-spend-logs"
TOKENS = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")

_NUMBER = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?")

Row = dict[str, str | None]


def query(path: Path, folder: Path) -> Query:
    """What reads a file with what the calls cost."""
    source = UsageSource(
        name="gateway", format="litellm-spend-logs", path="*", estimated_cost="native"
    )
    (native,) = TELEMETRY.read(path, source, folder)
    assert isinstance(native, Query)
    return native


def rows(path: Path, folder: Path) -> list[Row]:
    """The native rows of a file; where there are two ways to read it, they must agree."""
    native = query(path, folder)
    found = selected(native.otherwise or native.sql, native.header)
    with suppress(*Refused):
        quick = selected(native.sql, native.header)
        assert list(map(_with_values, quick)) == list(map(_with_values, found))
    return found


def selected(sql: str, header: Sequence[str]) -> list[Row]:
    """The rows of a query of text cells, in the order of the file."""
    engine = Engine()
    try:
        with engine.in_order():
            found = engine.rows(sql)
    finally:
        engine.close()
    assert all(cell is None or isinstance(cell, str) for row in found for cell in row)
    return [dict(zip(header, row, strict=True)) for row in found]


def _with_values(row: Row) -> dict[str, object]:
    """Numbers may be spelt in two ways."""
    cost = row.get("x_EstimatedCost")
    return row | {"x_EstimatedCost": Decimal(cost) if cost and _NUMBER.fullmatch(cost) else cost}


def one(folder: Path, **fields: Any) -> Row:
    """The row of one call, of which only `fields` are said."""
    (row,) = many(folder, fields)
    return row


def many(folder: Path, *calls: Mapping[str, Any]) -> list[Row]:
    usual = {
        "request_id": "r1",
        "startTime": "2026-10-03T20:55:26.787Z",
        "call_type": "acompletion",
    }
    path = folder / "logs.jsonl"
    path.write_text("".join(json.dumps(usual | dict(call)) + "\n" for call in calls))
    return rows(path, folder)


def written(folder: Path, *lines: str) -> list[Row]:
    path = folder / "logs.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return rows(path, folder)


def usage(cached: object = None, written: object = None, **more: object) -> dict[str, Any]:
    used = {"cache_read_input_tokens": cached, "cache_creation_input_tokens": written} | more
    return {"metadata": {"usage_object": used}}
