"""OpenTelemetry GenAI: every count of the samples by a plain walk, and each trap of the format."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from usage_readers import SAMPLES, Row, landed, project, read, sums, told

from everyline.sources.format import Facts
from everyline.sources.otel_genai import TELEMETRY
from everyline.sources.telemetry import METERS
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "otel-genai"
CURRENT, OLDER = USAGE / "traces.current-names.jsonl", USAGE / "traces.old-and-odd-names.jsonl"
METRICS, LOGS = USAGE / "metrics.jsonl", USAGE / "logs.jsonl"
NOON = 1790856000 * 10**9  # 2026-10-01 12:00 UTC
HOUR = 3600 * 10**9
TRACE = "5bc8fbbcbde5c0994164d8399f767c45"


def totals(rows: list[Row]) -> dict[str, int]:
    """Sums of calls by meter."""
    found: Counter[str] = Counter()
    for row in rows:
        found.update({meter: int(row[meter] or 0) for meter in METERS})
    return dict(found)


def attributes(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    kinds = {int: "intValue", str: "stringValue", list: "arrayValue"}
    return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in given.items()]


def span(number: int, parent: int | None = None, **more: Any) -> dict[str, Any]:
    """A span; keys of attributes are `gen_ai.` ones with `__` for the point."""
    given = {f"gen_ai.{key.replace('__', '.')}": value for key, value in more.items()}
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "parentSpanId": "" if parent is None else f"{parent:016x}",
        "startTimeUnixNano": str(NOON),
        "attributes": attributes(given),
    }


def chat(number: int, parent: int | None = None, tokens: int = 10, **more: Any) -> dict[str, Any]:
    given = {"operation__name": "chat", "usage__input_tokens": tokens} | more
    return span(number, parent, **given)


def traces(
    folder: Path, *lines: list[dict[str, Any]], name: str = "t.jsonl", **resource: str
) -> Path:
    """A file with one export request for each list of spans."""
    file = folder / name
    said = {"attributes": attributes({k.replace("__", "."): v for k, v in resource.items()})}
    requests = [
        {"resourceSpans": [{"resource": said, "scopeSpans": [{"spans": spans}]}]} for spans in lines
    ]
    file.write_text("".join(json.dumps(one) + "\n" for one in requests))
    return file


def walked(path: Path) -> dict[str, dict[str, str]]:
    """Attributes of each distinct span, values as texts."""
    found = {}
    for line in path.read_text().splitlines():
        for of_resource in json.loads(line)["resourceSpans"]:
            for scope in of_resource["scopeSpans"]:
                for one in scope["spans"]:
                    values = {a["key"]: str(*a["value"].values()) for a in one["attributes"]}
                    found[one["spanId"]] = values
    return found


def test_the_sums_of_the_sample_are_those_of_its_model_spans() -> None:
    calls = [
        one
        for one in walked(CURRENT).values()
        if one.get("gen_ai.operation.name") in ("chat", "embeddings")
    ]
    sums_of = {
        name: sum(int(one.get(f"gen_ai.usage.{name}", 0)) for one in calls)
        for name in (
            "input_tokens",
            "cache_read.input_tokens",
            "cache_creation.input_tokens",
            "output_tokens",
        )
    }
    cached, written = sums_of["cache_read.input_tokens"], sums_of["cache_creation.input_tokens"]
    rows, facts = read(TELEMETRY, CURRENT)
    assert totals(rows) == {
        "requests": len(calls) - sum("error.type" in one for one in calls),
        "input_tokens": sums_of["input_tokens"] - cached - written,
        "cached_input_tokens": cached,
        "cache_write_tokens": written,
        "output_tokens": sums_of["output_tokens"],
    }
    # The retried batch stands on line 3, and twice more in the file.
    assert told(facts) == [("repeated-call", "warn", 3, 6)]
    assert len(rows) == len(calls) == 69


def test_older_and_odd_names_are_read_once_each() -> None:
    rows, facts = read(TELEMETRY, OLDER)
    # Six by OpenLLMetry (1000 to 1005 with 256 cached; 100 to 105), four by OpenInference (500 with
    # 128 cached; 50), three odd ones (77, 77 and 502; 7, 7 and 31).
    assert totals(rows) == {
        "requests": 13,
        "input_tokens": sum(range(1000, 1006)) - 6 * 256 + 4 * (500 - 128) + 77 + 77 + 502,
        "cached_input_tokens": 6 * 256 + 4 * 128,
        "cache_write_tokens": 0,
        "output_tokens": sum(range(100, 106)) + 4 * 50 + 7 + 7 + 31,
    }
    assert told(facts) == []
    # Capitals are made small, and base64 is made hex.
    ids = {row["x_TraceId"] for row in rows if row["x_Model"] in ("gpt-4o", "gpt-4o-mini")}
    assert "21acd16dc27ceceff0b8bf1ca772f941" in ids
    assert base64.b64decode("sAT4+tEZ2YgkuoyDcTLhHg==").hex() in ids


def test_an_agent_counts_only_without_a_model_call_below_it_however_far(tmp_path: Path) -> None:
    def agent(number: int, parent: int | None, tokens: int) -> dict[str, Any]:
        return span(number, parent, operation__name="invoke_agent", usage__input_tokens=tokens)

    lines = [
        [agent(1, None, 30), span(2, 1), agent(3, 2, 20)],
        [chat(4, 3, 20)],  # below both agents, on another line
        [agent(5, None, 7), agent(6, 5, 7)],  # no model call at all: the inner one
    ]
    rows, _ = read(TELEMETRY, traces(tmp_path, *lines))
    assert [(row["x_SpanId"], row["input_tokens"]) for row in rows] == [
        (f"{4:016x}", "20"),
        (f"{6:016x}", "7"),
    ]


def test_a_wrapper_counts_once_but_a_tool_that_calls_a_model_does_not_hide_its_caller(
    tmp_path: Path,
) -> None:
    tool = span(12, 11, operation__name="execute_tool")
    spans = [chat(1, None, 10), chat(2, 1, 10), chat(11, None, 5), tool, chat(13, 12, 3)]
    rows, _ = read(TELEMETRY, traces(tmp_path, spans))
    assert sorted(int(row["input_tokens"] or 0) for row in rows) == [3, 5, 10]


def test_spans_that_are_their_own_ancestors_end(tmp_path: Path) -> None:
    rows, _ = read(TELEMETRY, traces(tmp_path, [chat(1, 2), chat(2, 1), chat(3, 3)]))
    assert [row["x_SpanId"] for row in rows] == [f"{3:016x}"]


def test_a_failed_call_counts_as_seen_and_not_as_request(tmp_path: Path) -> None:
    failed = chat(1, tokens=0) | {"status": {"code": 2}}
    billed = chat(2, tokens=5) | {"status": {"code": "STATUS_CODE_ERROR"}}
    silent = chat(3, tokens=0)
    rows, facts = read(TELEMETRY, traces(tmp_path, [failed, billed, silent]))
    assert [(row["requests"], row["x_RequestCount"], row["input_tokens"]) for row in rows] == [
        ("0", "1", None),
        ("1", "1", "5"),
        ("1", "1", None),
    ]
    assert told(facts) == [("call-without-tokens", "warn", 1, 1)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [((100, 30, 20), ("50", "30", "20")), ((10, 30, 20), ("10", "30", "20"))],
)
def test_cached_tokens_are_inside_unless_they_can_not_be(
    given: tuple[int, int, int], expected: tuple[str, str, str], tmp_path: Path
) -> None:
    whole, cached, written = given
    one = chat(
        1,
        tokens=whole,
        usage__cache_read__input_tokens=cached,
        usage__cache_creation__input_tokens=written,
    )
    rows, facts = read(TELEMETRY, traces(tmp_path, [one]))
    meters = ("input_tokens", "cached_input_tokens", "cache_write_tokens")
    assert tuple(rows[0][meter] for meter in meters) == expected
    assert [p["name"] for p in facts["problems"]] == (["cached-beside-input"] * (whole == 10))


def test_parts_and_sums_are_not_added_and_unknown_counts_are_named(tmp_path: Path) -> None:
    one = chat(
        1,
        tokens=10,
        usage__prompt_tokens=10,
        usage__output_tokens=5,
        usage__reasoning__output_tokens=4,
        usage__text__input_tokens=10,
        usage__total_tokens=15,
        usage__dream_tokens=3,
        usage__idle_tokens=0,
        aggregated_usage__input_tokens=999,
    )
    rows, facts = read(TELEMETRY, traces(tmp_path, [one]))
    assert totals(rows) == {
        "requests": 1,
        "input_tokens": 10,
        "cached_input_tokens": 0,
        "cache_write_tokens": 0,
        "output_tokens": 5,
    }
    (problem,) = facts["problems"]
    assert (problem["name"], problem["subject"]) == (
        "unknown-token-class",
        "gen_ai.usage.dream_tokens",
    )


@pytest.mark.parametrize(
    ("count", "name"),
    [("many", "unreadable-number"), ("NaN", "unreadable-number"), (-1, "negative-quantity")],
)
def test_a_count_that_is_none_stops(count: object, name: str, tmp_path: Path) -> None:
    rows, facts = read(TELEMETRY, traces(tmp_path, [chat(1, usage__output_tokens=count)]))
    assert told(facts) == [(name, "stop", 1, 1)]
    assert rows[0]["output_tokens"] is None


def test_a_call_without_a_start_stops(tmp_path: Path) -> None:
    rows, facts = read(TELEMETRY, traces(tmp_path, [chat(1) | {"startTimeUnixNano": "0"}]))
    assert (rows, told(facts)) == ([], [("unreadable-date", "stop", 1, 1)])


def test_identities_and_tags_and_nothing_else(tmp_path: Path) -> None:
    secret = "what the customer asked\nand more"
    one = span(
        1,
        operation__name="chat",
        usage__input_tokens=1,
        system="AWS",
        provider__name="aws.bedrock",
        request__model="m",
        response__model="m-2026",
        openai__response__service_tier="Flex",
        prompt__0__content=secret,
        input__messages=[secret],
    )
    more = {
        "server.address": "eu.example.com",
        "user.id": "pat@example.com",
        "team": "from-the-span",
        "use_case": secret,
        "traceloop.association.properties.cost_center": "cc-1",
        "session.id": "s-1",
        "customer.question": "free text of the caller",
    }
    one["attributes"] += attributes(more)
    resource = {"cloud__account__id": "0123", "team": "search", "service__name": "api"}
    rows, facts = read(TELEMETRY, traces(tmp_path, [one], **resource, host__name="h-1"))
    (row,) = rows
    assert {name: row[name] for name in row if name not in METERS and name != "Tags"} == {
        "hour": "2026-10-01T12:00:00.000Z",
        "ServiceProviderName": "aws.bedrock",
        "SubAccountId": "0123",
        "x_PrincipalId": "pat@example.com",
        "ResourceId": "eu.example.com",
        "x_Model": "m-2026",
        "x_Tier": "flex",
        "x_RequestCount": "1",
        "x_TraceId": TRACE,
        "x_SpanId": f"{1:016x}",
    }
    # The resource goes before the span, and a text of two lines is no name.
    assert json.loads(row["Tags"] or "") == {
        "cloud.account.id": "0123",
        "cost_center": "cc-1",
        "service.name": "api",
        "session.id": "s-1",
        "team": "search",
    }
    assert "customer asked" not in json.dumps([rows, facts])


@pytest.mark.parametrize("sample", [CURRENT, OLDER, METRICS, LOGS], ids=lambda path: path.stem)
def test_no_text_of_a_prompt_survives(sample: Path) -> None:
    rows, facts = read(TELEMETRY, sample)
    assert "FAKE" not in json.dumps([rows, facts])


def test_logs_are_named_and_not_read() -> None:
    assert read(TELEMETRY, LOGS)[0] == []
    assert told(read(TELEMETRY, LOGS)[1]) == [("signal-not-read", "warn", 1, 1)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b'{"resourceSpans":[]}\n{"resourceSp', 2),
        (b'{"resourceSpans":[]}\n{"model":"gpt-4o"}\n', 2),
        (b"3\n", 1),
        (b"\x28\xb5\x2f\xfd0", None),
    ],
)
def test_a_file_that_is_no_export_is_refused(text: bytes, line: int | None, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_bytes(text)
    with pytest.raises(Unreadable) as caught:
        read(TELEMETRY, file)
    assert caught.value.line == line


def test_what_is_no_list_or_object_inside_an_export_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    hostile = {"resourceSpans": [3, {"resource": 4, "scopeSpans": [{"spans": [None, {}]}]}]}
    file.write_text(json.dumps(hostile))
    assert read(TELEMETRY, file)[0] == []


def test_files_are_recognised_by_what_they_hold(tmp_path: Path) -> None:
    for sample in (CURRENT, OLDER, METRICS, LOGS):
        assert TELEMETRY.recognises(sample, sample.read_bytes()[:65536])
    packed = gzip.compress(METRICS.read_bytes())
    assert TELEMETRY.recognises(Path("m.jsonl.gz"), packed[:65536])
    for other in SAMPLES.rglob("*"):
        if other.is_file() and other.parent != USAGE:
            assert not TELEMETRY.recognises(other, other.read_bytes()[:65536]), other


def test_a_span_in_two_files_counts_once_and_gzip_is_unpacked(tmp_path: Path) -> None:
    packed = tmp_path / "1.jsonl.gz"
    packed.write_bytes(gzip.compress(OLDER.read_bytes()))
    rows, _ = landed(project(tmp_path, "otel-genai", [packed, CURRENT, OLDER]))
    expected = Counter(totals(read(TELEMETRY, CURRENT)[0]))
    expected.update(totals(read(TELEMETRY, OLDER)[0]))
    assert sums(rows, list(METERS)) == {name: Decimal(n) for name, n in expected.items()}


def test_the_line_of_a_row_is_that_of_its_span(tmp_path: Path) -> None:
    file = traces(tmp_path, [span(1)], [chat(2)], [], [chat(3)])
    assert [TELEMETRY.line(file, row) for row in (1, 2)] == [2, 4]
    assert TELEMETRY.across([Facts("f", read(TELEMETRY, file)[1])]) == []
