"""Langfuse: every count of the samples by a plain walk, and each trap of the format."""

import csv
import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from usage_readers import SAMPLES, Row, landed, problems, project, read, sums, told

from everyline.sources.langfuse import TELEMETRY
from everyline.sources.telemetry import METERS
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "langfuse"
BLOB = USAGE / "blob-export" / "clprojFAKE0001"
DAY = "2026-10-04T00-00-00.000Z"
V2 = BLOB / "observations_v2"
LINES, LEGACY = V2 / f"{DAY}.jsonl", BLOB / "observations" / f"{DAY}.jsonl"
TRACES = BLOB / "traces" / f"{DAY}.jsonl"
API_V1 = USAGE / "api" / "get_public_observations_v1.json"
API_V2 = USAGE / "api" / "get_public_v2_observations.json"
METRICS = USAGE / "api" / "get_public_v2_metrics_daily_by_env_model_tag.json"
UI = USAGE / "ui-trace-export"


def totals(rows: list[Row]) -> dict[str, int]:
    """Sums of calls by meter."""
    found: Counter[str] = Counter()
    for row in rows:
        found.update({meter: int(row[meter] or 0) for meter in METERS})
    return dict(found)


def walked(observations: list[dict[str, Any]], details: str) -> dict[str, int]:
    """Sums over calls, by the keys that the samples made by hand have."""
    found = dict.fromkeys(METERS, 0)
    for one in observations:
        if one["type"] in ("GENERATION", "EMBEDDING"):
            counts = one[details]
            found["requests"] += 1
            found["input_tokens"] += counts.get("input", 0)
            found["cached_input_tokens"] += counts.get("input_cached_tokens", 0)
            found["cache_write_tokens"] += counts.get("input_cache_creation", 0)
            found["output_tokens"] += counts.get("output", 0)
    return found


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def observation(
    number: str, kind: str = "GENERATION", parent: str = "", **more: Any
) -> dict[str, Any]:
    return {
        "id": number,
        "trace_id": "t",
        "parent_observation_id": parent,
        "type": kind,
        "start_time": "2026-10-01 12:34:56.789000",
        "updated_at": "2026-10-01 12:34:57",
        "level": "DEFAULT",
        "usage_details": {"input": 10},
    } | more


def written(folder: Path, *observations: dict[str, Any]) -> Path:
    file = folder / "o.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in observations))
    return file


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_the_sums_of_an_export_are_those_of_its_generations(ending: str) -> None:
    rows, facts = read(TELEMETRY, V2 / f"{DAY}.{ending}")
    assert totals(rows) == walked(lines_of(LINES), "usage_details")
    assert told(facts) == []


def test_each_form_of_an_export_gives_the_same_rows() -> None:
    of_lines = read(TELEMETRY, LINES)[0]
    assert read(TELEMETRY, V2 / f"{DAY}.csv")[0] == of_lines
    of_columns = read(TELEMETRY, V2 / f"{DAY}.parquet")[0]
    for mine, theirs in zip(of_columns, of_lines, strict=True):
        assert Decimal(mine["x_EstimatedCost"] or 0) == Decimal(theirs["x_EstimatedCost"] or 0)
        assert {**mine, "x_EstimatedCost": ""} == {**theirs, "x_EstimatedCost": ""}


def test_of_two_versions_of_an_observation_the_later_counts() -> None:
    latest: dict[str, dict[str, Any]] = {}
    for one in lines_of(LEGACY):
        if one["updated_at"] >= latest.get(one["id"], one)["updated_at"]:
            latest[one["id"]] = one
    rows, facts = read(TELEMETRY, LEGACY)
    assert totals(rows) == walked(list(latest.values()), "usage_details")
    assert told(facts) == [("repeated-call", "warn", 3, 1)]


def test_the_later_version_counts_wherever_it_stands(tmp_path: Path) -> None:
    late = observation("a", updated_at="2026-10-01T12:40:00.5Z", usage_details={"input": 7})
    for order in ([late, observation("a")], [observation("a"), late]):
        rows, _ = read(TELEMETRY, written(tmp_path, *order))
        assert [row["input_tokens"] for row in rows] == ["7"]


@pytest.mark.parametrize("sample", [API_V1, API_V2], ids=["v1", "v2"])
def test_pages_of_the_api_are_read(sample: Path) -> None:
    rows, _ = read(TELEMETRY, sample)
    assert totals(rows) == walked(json.loads(sample.read_bytes())["data"], "usageDetails")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("google-adk-2025-08-28", (2, 39 + 28, 6 + 3)),
        ("langgraph-2025-08-22", (2, 60 + 108, 15 + 51)),
        ("openai-agents-2025-09-30", (2, 85 + 55, 29 + 15)),
        ("pydantic-ai-tools-2025-12-04", (4, 417 + 131 + 502 + 265, 53 + 69 + 14 + 73)),
    ],
)
def test_real_traces_count_their_leaves(name: str, expected: tuple[int, int, int]) -> None:
    rows, facts = read(TELEMETRY, UI / f"{name}.json")
    found = totals(rows)
    assert (found["requests"], found["input_tokens"], found["output_tokens"]) == expected
    assert told(facts) == []


def test_an_agent_counts_only_without_a_generation_below_it(tmp_path: Path) -> None:
    found = [
        observation("1", "AGENT", usage_details={"input": 30}),
        observation("2", "SPAN", "1", usage_details={}),
        observation("3", "GENERATION", "2", usage_details={"input": 30}),
        observation("4", "AGENT", usage_details={"input": 5}),
        observation("5", "TOOL", "3", usage_details={}),
        observation("6", "GENERATION", "5", usage_details={"input": 2}),
        observation("7", "SPAN", "6", usage_details={"input": 2}),
    ]
    rows, _ = read(TELEMETRY, written(tmp_path, *found))
    assert {row["x_ObservationId"]: row["input_tokens"] for row in rows} == {
        "3": "30",
        "4": "5",
        "6": "2",
    }


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        # Disjoint keys, as Langfuse documents them; the total is their sum.
        ({"input": 10, "input_cached_tokens": 4, "output": 3, "total": 17}, (10, 4, 0, 3)),
        ({"input": 10, "input_cache_read": 4, "input_cache_creation_1h": 2}, (10, 4, 2, 0)),
        ({"input": 1, "output": 3, "output_reasoning_tokens": 5}, (1, 0, 0, 8)),
        # A total of two alone says that the others are parts of them.
        ({"input": 10, "input_cached_tokens": 4, "output": 3, "total": 13}, (6, 4, 0, 3)),
        ({"input": 9, "output": 3, "output_reasoning": 2, "total": 12}, (9, 0, 0, 3)),
        # These names are parts by what they are.
        (
            {
                "input": 10,
                "output": 3,
                "prompt_details.cache_read": 4,
                "completion_details.reasoning": 2,
            },
            (6, 4, 0, 3),
        ),
        ({"input": "10", "output": 1e1}, (10, 0, 0, 10)),
    ],
)
def test_keys_of_usage_become_disjoint_meters(
    details: dict[str, Any], expected: tuple[int, ...], tmp_path: Path
) -> None:
    rows, facts = read(TELEMETRY, written(tmp_path, observation("a", usage_details=details)))
    assert totals(rows) == dict(zip(METERS, (1, *expected), strict=True))
    assert told(facts) == []


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"input": 1, "dreams": 4}, [("unknown-token-class", "warn", 1, 1)]),
        ({"input": 1, "dreams": 0}, []),
        ({"input": "many"}, [("unreadable-number", "stop", 1, 1)]),
        ({"input": -1}, [("unreadable-number", "stop", 1, 1)]),
        ({"input": 1, "prompt_details.cache_read": 5}, [("cached-beside-input", "warn", 1, 1)]),
    ],
)
def test_odd_usage_is_named(
    details: dict[str, Any], expected: list[tuple[str, str, int, int]], tmp_path: Path
) -> None:
    _, facts = read(TELEMETRY, written(tmp_path, observation("a", usage_details=details)))
    assert told(facts) == expected


def test_a_failed_call_counts_as_request_only_with_tokens(tmp_path: Path) -> None:
    found = [
        observation("a", level="ERROR", usage_details={}),
        observation("b", level="ERROR"),
        observation("c", usage_details={}),
    ]
    rows, _ = read(TELEMETRY, written(tmp_path, *found))
    assert [(row["requests"], row["x_RequestCount"]) for row in rows] == [
        ("0", "1"),
        ("1", "1"),
        ("1", "1"),
    ]


def test_the_provider_is_only_what_the_table_of_names_knows() -> None:
    found = {(row["x_Model"], row["ServiceProviderName"]) for row in read(TELEMETRY, LINES)[0]}
    assert found == {
        ("gpt-4o-mini-2024-07-18", "OpenAI"),
        ("gpt-4o-2024-08-06", "OpenAI"),
        ("text-embedding-3-small", "OpenAI"),
        ("claude-sonnet-4-5-20250929", "Anthropic"),
        ("local-llama", None),
    }


def test_owners_are_tags_and_everything_else_is_dropped(tmp_path: Path) -> None:
    one = observation(
        "a",
        tags=["team:search", "prod", "stage:a", "stage:b", "x" * 200, "two\nlines:v"],
        environment="production",
        user_id="pat@example.com",
        session_id="s-1",
        release="v1",
        project_id="p",
        metadata={"use_case": "faq", "note": "FAKE PROMPT TEXT", "team": "other"},
        input="FAKE PROMPT TEXT",
        status_message="FAKE PROMPT TEXT",
        model_id="",
        total_cost=0,
    )
    rows, facts = read(TELEMETRY, written(tmp_path, one))
    assert json.loads(rows[0]["Tags"] or "") == {
        "environment": "production",
        "langfuse_project": "p",
        "prod": "true",
        "release": "v1",
        "session_id": "s-1",
        "team": "search",
        "use_case": "faq",
    }
    assert rows[0]["x_PrincipalId"] == "pat@example.com"
    assert rows[0]["hour"] == "2026-10-01T12:34:56Z"
    assert (rows[0]["x_EstimatedCost"], rows[0]["x_EstimatedCurrency"]) == (None, None)
    assert [(p["name"], p["subject"]) for p in facts["problems"]] == [("conflicting-tags", "stage")]
    assert "FAKE" not in json.dumps([rows, facts])


@pytest.mark.parametrize(
    "sample", sorted(p for p in USAGE.rglob("*.*") if p.suffix != ".md"), ids=str
)
def test_no_text_of_a_prompt_survives(sample: Path) -> None:
    if sample != METRICS:
        assert "FAKE PROMPT" not in json.dumps(read(TELEMETRY, sample))


def test_a_stated_cost_keeps_its_digits() -> None:
    costs = [row["x_EstimatedCost"] for row in read(TELEMETRY, LINES)[0]]
    stated = [str(one["total_cost"]) for one in lines_of(LINES) if one["total_cost"]]
    assert [Decimal(cost) for cost in costs if cost] == [Decimal(text) for text in stated]


def test_rows_that_are_no_observations_are_named() -> None:
    rows, facts = read(TELEMETRY, TRACES)
    assert rows == []
    assert told(facts) == [("rows-left-aside", "warn", 1, len(lines_of(TRACES)))]


def test_sums_without_calls_and_other_files_are_refused(tmp_path: Path) -> None:
    for text in (METRICS.read_text(), '{"error": "Not authorised"}', "[3]", '{"id": "a"'):
        file = tmp_path / "x.json"
        file.write_text(text)
        with pytest.raises(Unreadable):
            read(TELEMETRY, file)
    table = tmp_path / "x.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(Unreadable):
        read(TELEMETRY, table)


def test_a_page_that_is_missing_stops(tmp_path: Path) -> None:
    assert [p.name for p in problems(TELEMETRY, API_V2)] == ["missing-page"]
    page = json.loads(API_V2.read_bytes())
    last = tmp_path / "last.json"
    last.write_text(json.dumps(page | {"meta": {"cursor": None}}))
    assert problems(TELEMETRY, API_V2, last) == []
    first = tmp_path / "first.json"
    first.write_text(json.dumps(page | {"meta": {"page": 1, "totalPages": 2}}))
    assert [(p.name, p.subject) for p in problems(TELEMETRY, first)] == [("missing-page", "page 2")]
    assert problems(TELEMETRY, API_V1) == problems(TELEMETRY, LINES) == []


def test_an_older_export_beside_a_newer_one_counts_once(tmp_path: Path) -> None:
    packed = tmp_path / "2.csv.gz"
    packed.write_bytes(gzip.compress((V2 / f"{DAY}.csv").read_bytes()))
    rows, _ = landed(project(tmp_path / "p", "langfuse", [LEGACY, packed]))
    expected = walked(lines_of(LINES), "usage_details")
    assert sums(rows, list(METERS)) == {name: Decimal(n) for name, n in expected.items()}


def test_a_prompt_larger_than_a_csv_reader_likes_is_read_past(tmp_path: Path) -> None:
    file = tmp_path / "o.csv"
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["id", "trace_id", "type", "start_time", "input", "usage_details"])
        details = '{"input":3,"total":3}'
        when = "2026-10-01 00:00:00.000"
        writer.writerow(["a", "t", "GENERATION", when, 'a "word",\n' * 50000, details])
    rows, _ = read(TELEMETRY, file)
    assert [(row["input_tokens"], row["hour"]) for row in rows] == [("3", "2026-10-01T00:00:00Z")]


def test_the_line_of_a_row_is_that_of_its_observation(tmp_path: Path) -> None:
    file = written(tmp_path, observation("a", "SPAN", usage_details={}), observation("b"))
    assert TELEMETRY.line(file, 1) == 2


def test_files_are_recognised_by_what_they_hold() -> None:
    mine = [LINES, LEGACY, API_V1, API_V2, *UI.iterdir(), *V2.iterdir()]
    for sample in mine:
        assert TELEMETRY.recognises(sample, sample.read_bytes()[:65536]), sample
    for other in SAMPLES.rglob("*"):
        if other.is_file() and USAGE not in other.parents:
            assert not TELEMETRY.recognises(other, other.read_bytes()[:65536]), other
