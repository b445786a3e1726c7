"""LiteLLM spend logs: every way of export gives the same calls; broken files are named."""

import gzip
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from spend_log_rows import SAMPLES, TOKENS, Row, many, rows, written

from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine
from everyline.sources.format import Facts
from everyline.sources.litellm_spend_logs import TELEMETRY
from everyline.sources.telemetry import Query
from everyline.sources.unreadable import Unreadable


def walked(calls: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """The sums of calls, by a plain walk over their JSON."""
    sums = dict.fromkeys(("requests", *TOKENS, "x_EstimatedCost"), Decimal(0))
    for call in calls:
        metadata = call.get("metadata") or "{}"
        metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
        used = metadata.get("usage_object") or metadata.get("additional_usage_values") or {}
        inner = used.get("prompt_tokens_details") or {}
        read = used.get("cache_read_input_tokens") or inner.get("cached_tokens") or 0
        made = used.get("cache_creation_input_tokens") or inner.get("cache_creation_tokens") or 0
        sums["x_EstimatedCost"] += Decimal(str(call["spend"]))
        if call["cache_hit"] == "True":
            continue
        prompt, output = int(call["prompt_tokens"]), int(call["completion_tokens"])
        sums["requests"] += call["status"] != "failure" or prompt + output > 0
        inside = read + made <= prompt
        figures = (prompt - read - made if inside else prompt, read, made, output)
        for name, figure in zip(TOKENS, figures, strict=True):
            sums[name] += figure
    return sums


def summed(found: Sequence[Row]) -> dict[str, Decimal]:
    names = ("requests", *TOKENS, "x_EstimatedCost")
    return {name: sum((Decimal(row[name] or 0) for row in found), Decimal(0)) for name in names}


def calls(name: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (SAMPLES / name).read_text().splitlines()]


# The same calls in every shape


@pytest.mark.parametrize("name", ["spend_logs.jsonl", "spend_logs_postgres_copy.csv"])
def test_lines_and_csv_hold_what_a_plain_walk_finds(name: str, tmp_path: Path) -> None:
    found = rows(SAMPLES / name, tmp_path)
    assert len(found) == 127
    assert summed(found) == walked(calls("spend_logs.jsonl"))
    assert summed(found)["requests"] == 127 - 2 - 1  # two failures, one answer of the gateway's own


def test_a_callback_writes_json_columns_as_texts(tmp_path: Path) -> None:
    found = rows(SAMPLES / "spend_logs_pubsub.jsonl", tmp_path)
    assert summed(found) == walked(calls("spend_logs_pubsub.jsonl"))
    api = {row["request_id"]: row for row in rows(SAMPLES / "spend_logs.jsonl", tmp_path)}
    for row in found:
        same = api[row["request_id"]]
        assert json.loads(row.pop("Tags") or "{}") == json.loads(same["Tags"] or "{}")
        assert row == {name: same[name] for name in row}


def test_pages_of_the_api_hold_the_same_rows(tmp_path: Path) -> None:
    found = []
    for number in (1, 2):
        path = SAMPLES / f"get_spend_logs_v2.page{number}.json"
        page = rows(path, tmp_path)
        assert summed(page) == walked(json.loads(path.read_text())["data"])
        found += page
    lines = rows(SAMPLES / "spend_logs.jsonl", tmp_path)
    assert {tuple(row.values()) for row in found} <= {tuple(row.values()) for row in lines}


def test_a_list_of_calls_reads_as_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps(calls("spend_logs.jsonl"), indent=1))
    assert rows(path, tmp_path) == rows(SAMPLES / "spend_logs.jsonl", tmp_path)
    starts = [n for n, text in enumerate(path.read_text().splitlines(), 1) if text == " {"]
    assert [TELEMETRY.line(path, row) for row in (1, 2, 127)] == [starts[0], starts[1], starts[126]]


def test_a_single_call_is_a_file_too(tmp_path: Path) -> None:
    path = SAMPLES / "upstream_test_fixture_spend_logs_payload.json"
    (row,) = rows(path, tmp_path)
    assert row["hour"] == "2025-01-24 09:00:00"
    assert (row["x_Model"], row["ServiceProviderName"]) == ("gpt-4o", "openai")
    assert [row[name] for name in ("requests", *TOKENS)] == ["1", "10", None, None, "20"]
    assert (row["x_EstimatedCost"], row["x_EstimatedCurrency"]) == ("0.00022500000000000002", "USD")
    assert row["Tags"] is row["x_CredentialId"] is row["ResourceId"] is None
    assert TELEMETRY.line(path, 1) == 1


@pytest.mark.parametrize("name", ["spend_logs.jsonl", "spend_logs_postgres_copy.csv"])
def test_gzipped_files_read_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress((SAMPLES / name).read_bytes()))
    assert rows(path, tmp_path) == rows(SAMPLES / name, tmp_path)


def test_a_gzip_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "logs.jsonl.gz"
    path.write_bytes(gzip.compress((SAMPLES / "spend_logs.jsonl").read_bytes())[:-20])
    with pytest.raises(Unreadable, match="end is missing"):
        rows(path, tmp_path)


def test_the_samples_are_recognised_and_sums_are_not() -> None:
    for path in SAMPLES.iterdir():
        sums = "summarized" in path.name or "report" in path.name or path.name == "README.md"
        assert TELEMETRY.recognises(path, path.read_bytes()[: 1 << 16]) is not sums, path.name


# Money, exactly


@pytest.mark.parametrize(
    "spend",
    ["1e-7", "1E-05", "0.1", "0.100", "0.000000000000000000000001", "0.123456789012345678901234",
     "123456789012345678.000000000000000001", "-0.5", "0", "7.2e-06"],
)  # fmt: skip
def test_spend_keeps_each_digit(spend: str, tmp_path: Path) -> None:
    start = '{"request_id": "r", "startTime": "2026-10-01T00:00:00Z"'
    decoy = '"response": {"text": "\\"spend\\": 9", "spend": 9.5}'
    found = written(
        tmp_path,
        f'{start}, "spend": {spend}}}',
        f'{start}, {decoy}, "spend" : {spend}, "x": 1}}',
        f'{start}, "spend": "{spend}"}}',
        f'{{"data": 1, {start[1:]}, "spend":{spend}, {decoy}}}',
    )
    assert [row["x_EstimatedCost"] for row in found] == [spend] * 4
    path = tmp_path / "list.json"
    path.write_text(f'[{start}, "spend": {spend}}}]')
    assert rows(path, tmp_path)[0]["x_EstimatedCost"] == spend


def test_spend_is_not_read_unless_it_is_asked_for(tmp_path: Path) -> None:
    source = UsageSource(name="gateway", format="litellm-spend-logs", path="*")
    (native,) = TELEMETRY.read(SAMPLES / "spend_logs.jsonl", source, tmp_path)
    assert isinstance(native, Query)
    assert "x_EstimatedCost" not in native.header


# Keys, instants, and lines that are broken


def test_one_call_has_one_key_in_every_shape(tmp_path: Path) -> None:
    instants = (
        "2026-10-03T20:55:26.787Z", "2026-10-03 20:55:26.787371", "2026-10-03 20:55:26.787",
        "2026-10-03T20:55:26.787+00:00", "2026-10-03T22:55:26.787+02:00",
    )  # fmt: skip
    found = many(tmp_path, *({"startTime": instant} for instant in instants))
    assert len({(row["request_id"], row["startTime"]) for row in found}) == 1
    assert {row["hour"] for row in found} == {"2026-10-03 20:00:00"}


def test_rows_without_an_id_have_no_key() -> None:
    engine = Engine()
    ids = "(VALUES ('a'), (''), (' '), ('None'), (NULL)) AS t(request_id)"
    found = engine.rows(f"SELECT {TELEMETRY.key_needed} FROM {ids}")
    engine.close()
    assert [each for (each,) in found] == [True, False, False, False, False]


def test_what_cannot_be_read_of_a_line_is_said_in_its_hour(tmp_path: Path) -> None:
    whole = '{"request_id": "r", "startTime": "2026-10-01T00:00:00Z"'
    found = written(
        tmp_path, whole + "}", "", '{"request_id": "r', "[1]", '{"request_id": "r"}',
        whole + ', "metadata": "{"}', whole + ', "startTime": "x"} y', "  ",
        whole.replace("2026-10-01T00", "soon") + "}", whole + ', "messages": "\\ud83d"}',
    )  # fmt: skip
    assert [row["hour"] for row in found] == [
        "2026-10-01 00:00:00", "no JSON object", "no startTime", "no startTime",
        "metadata that is no JSON", "no JSON object", "soon:00:00Z", "2026-10-01 00:00:00",
    ]  # fmt: skip
    path = tmp_path / "logs.jsonl"
    assert [TELEMETRY.line(path, row) for row in range(1, 9)] == [1, 3, 4, 5, 6, 7, 9, 10]


def test_line_ends_of_both_kinds_in_one_file(tmp_path: Path) -> None:
    whole = '{"request_id": "r", "startTime": "2026-10-01T00:00:00Z"}'
    path = tmp_path / "logs.jsonl"
    path.write_bytes(f"\ufeff{whole}\n{whole}\r\n\r\n{whole}".encode())
    assert len(rows(path, tmp_path)) == 3


def test_a_line_of_csv_is_found_again_below_a_text_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "logs.csv"
    path.write_text('request_id,startTime,messages\na,2026-10-01,"x\ny"\nb,2026-10-01,\n')
    assert [row["request_id"] for row in rows(path, tmp_path)] == ["a", "b"]
    assert [TELEMETRY.line(path, row) for row in (1, 2)] == [2, 4]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("get_spend_logs_summarized.json", "sums of spend logs"),
        ("get_global_spend_report_team.json", "sums of spend logs"),
    ],
)
def test_sums_are_refused_with_the_way_to_the_rows(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=said) as refused:
        rows(SAMPLES / name, tmp_path)
    assert "summarize=false" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"results": [{"date": "2026-10-01", "metrics": {}}], "metadata": {}}', "sums of spend"),
        ('{"error": {"message": "no key"}}', "no LiteLLM spend logs"),
        ('{"data": [1]}', "no LiteLLM spend logs"),
        ("[[]]", "no LiteLLM spend logs"),
        ('[{"request_id": 1}', "no JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_spend_log_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "logs.json"
    path.write_text(text)
    with pytest.raises(Unreadable, match=said):
        rows(path, tmp_path)


def test_a_csv_without_its_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "logs.csv"
    path.write_text("day,spend\n2026-10-01,1\n")
    with pytest.raises(Unreadable, match="no column `request_id` and no column `startTime`"):
        rows(path, tmp_path)


@pytest.mark.parametrize("text", ["[]", '{"data": [], "total": 0, "page": 1, "total_pages": 0}'])
def test_an_empty_answer_has_no_rows(text: str, tmp_path: Path) -> None:
    path = tmp_path / "logs.json"
    path.write_text(text)
    assert rows(path, tmp_path) == []


def test_a_page_whose_next_is_missing_stops() -> None:
    pages = [Facts(f"{n}.json", {"page": n, "total_pages": 3}) for n in (1, 2, 3)]
    assert TELEMETRY.across([*pages, Facts("logs.csv", {})]) == []
    (problem,) = TELEMETRY.across(pages[:2])
    assert (problem.name, problem.level, problem.place) == ("missing-page", "stop", "2.json")
