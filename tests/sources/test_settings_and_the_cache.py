"""A file is read anew where a setting of its source changes what is read of it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from everyline import pipeline

_BILL = """\
BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd
1.00,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z
"""


def _project(folder: Path) -> Path:
    for name in ("bills", "usage/2026-10/of-2026-09"):
        (folder / name).mkdir(parents=True)
    (folder / "bills" / "october.csv").write_text(_BILL, encoding="utf-8")
    return folder


def _usage(folder: Path, source: str, column: str) -> list[Any]:
    text = f"""\
taxonomy: {{team: {{tags: [team]}}}}
bills: [{{name: cloud, format: focus, path: "bills/*"}}]
usage: [{{name: seen, {source}}}]
"""
    (folder / "everyline.yaml").write_text(text, encoding="utf-8")
    run = pipeline.run(folder).run
    assert run is not None
    query = f"SELECT {column} FROM {run.relation('usage')} WHERE {column} IS NOT NULL"
    return [value for (value,) in duckdb.connect().execute(query).fetchall()]


def test_a_stated_cost_is_there_once_it_is_asked_for(tmp_path: Path) -> None:
    folder = _project(tmp_path)
    call = {"request_id": "1", "startTime": "2026-10-01T09:00:00Z", "model": "gpt-unheard-of"}
    text = json.dumps({**call, "spend": 0.25}) + "\n"
    (folder / "usage" / "calls.jsonl").write_text(text, encoding="utf-8")
    source = 'format: litellm-spend-logs, path: "usage/*.jsonl"'
    assert _usage(folder, source, "x_EstimatedCost") == []
    native = f"{source}, estimated_cost: native"
    assert _usage(folder, native, "x_EstimatedCost") == [Decimal("0.25")]


def test_seats_are_of_the_month_that_path_says_now(tmp_path: Path) -> None:
    """Until `{period}` says otherwise, the nearest folder that names a month has it."""
    folder = _project(tmp_path)
    seats = {"total_seats": 1, "seats": [{"assignee": {"login": "ada"}}]}
    file = folder / "usage" / "2026-10" / "of-2026-09" / "seats.json"
    file.write_text(json.dumps(seats), encoding="utf-8")
    found = [
        {
            f"{hour:%Y-%m}"
            for hour in _usage(folder, f'format: copilot-seats, path: "{path}"', "hour")
        }
        for path in ("usage/*/*/*.json", "usage/{period}/*/*.json")
    ]
    assert found == [{"2026-09"}, {"2026-10"}]
