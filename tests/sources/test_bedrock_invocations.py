"""Bedrock invocation logs: sums of the samples by a plain walk, wrappers, callers and failures."""

import gzip
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from usage_readers import SAMPLES, Row, landed, project, read, sums, told

from everyline.sources.bedrock_invocations import TELEMETRY
from everyline.sources.telemetry import METERS
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "bedrock-invocations"
LINES = USAGE / "modelinvocations.jsonl"
PACKED = USAGE / "20261001T090000000Z_fake.json.gz"
CLOUDWATCH = USAGE / "cloudwatch_filter_log_events.json"

TOKENS = [meter for meter in METERS if meter != "requests"]
THROTTLED = "33333333-fake"
ARN = "arn:aws:bedrock:us-east-1:111122223333:"


def record(**fields: Any) -> dict[str, Any]:
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-10-01T05:26:44Z",
        "accountId": "000000000042",
        "requestId": "r",
        "modelId": "m",
        "input": {"inputTokenCount": 1},
        "output": {"outputTokenCount": 2},
        **fields,
    }


def file_of(folder: Path, *records: Any, name: str = "a.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(one) + "\n" for one in records))
    return file


def row_of(folder: Path, **fields: Any) -> Row:
    (row,), _ = read(TELEMETRY, file_of(folder, record(**fields)))
    return row


def added(rows: list[Row]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update({meter: int(row[meter] or 0) for meter in METERS})
    return dict(counts)


def walked(records: list[Mapping[str, Any]]) -> dict[str, int]:
    """What records state, by the names of our meters."""
    counts: Counter[str] = Counter()
    for one in records:
        output = one.get("output", {})
        counts["requests"] += 1
        counts["input_tokens"] += one["input"]["inputTokenCount"]
        counts["cached_input_tokens"] += one["input"].get("cacheReadInputTokenCount", 0)
        counts["cache_write_tokens"] += one["input"].get("cacheWriteInputTokenCount", 0)
        counts["output_tokens"] += output.get("outputTokenCount", 0)
    return dict(counts)


def test_meters_of_the_samples_are_what_the_records_state() -> None:
    lines = [json.loads(line) for line in LINES.read_text().splitlines()]
    packed = [json.loads(line) for line in gzip.decompress(PACKED.read_bytes()).splitlines()]
    events = json.loads(CLOUDWATCH.read_text())["events"]
    for file, records in (
        (LINES, lines),
        (PACKED, packed),
        (CLOUDWATCH, [json.loads(event["message"]) for event in events]),
    ):
        assert added(read(TELEMETRY, file)[0]) == walked(records)


def test_the_sums_of_one_sample_by_hand() -> None:
    """Summed with jq over the 28 lines, the repeated call and the throttled one among them."""
    assert added(read(TELEMETRY, LINES)[0]) == {
        "requests": 28,
        "input_tokens": 243811,
        "cached_input_tokens": 27818,
        "cache_write_tokens": 14218,
        "output_tokens": 7711,
    }


def test_calls_of_all_three_deliveries_count_once(tmp_path: Path) -> None:
    """S3, CloudWatch and a repeated line have one request id; 27 calls are left of 38."""
    lines = [json.loads(line) for line in LINES.read_text().splitlines()]
    once = list({one["requestId"]: one for one in lines}.values())
    folder = project(tmp_path, TELEMETRY.name, [CLOUDWATCH, LINES, PACKED])
    rows, found = landed(folder)
    assert len(rows) == len(once) == 27
    expected = walked(once)
    assert sums(rows, list(METERS)) == expected
    names = {p.name for p in found}
    assert names == {"replaced-usage", "failed-call-with-tokens"}


def test_a_record_without_a_request_id_always_counts(tmp_path: Path) -> None:
    same = [record(requestId=None), record(requestId=None), record(), record()]
    file = file_of(tmp_path, *same)
    rows, _ = landed(project(tmp_path / "project", TELEMETRY.name, [file]))
    assert len(rows) == 3


def test_prompts_and_answers_are_never_read() -> None:
    for file in (LINES, PACKED, CLOUDWATCH):
        rows, facts = read(TELEMETRY, file)
        assert "FAKE PROMPT TEXT" not in json.dumps([rows, facts])
        assert "FAKE ANSWER TEXT" not in json.dumps([rows, facts])


def test_counts_in_the_body_are_not_those_of_the_call() -> None:
    """The chunks of a stream carry counts of their own: 571 and 90 in the sample."""
    rows, _ = read(TELEMETRY, LINES)
    assert (rows[0]["input_tokens"], rows[0]["output_tokens"]) == ("3908", "534")


@pytest.mark.parametrize(
    ("native", "model", "resource"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0",) * 2 + (None,),
        ("amazon.titan-embed-text-v2:0",) * 2 + (None,),
        ("arn:aws:bedrock:us-east-1::foundation-model/cohere.x-v3:0", "cohere.x-v3:0", None),
        (f"{ARN}inference-profile/eu.meta.x-v1:0", "eu.meta.x-v1:0", "itself"),
        (f"{ARN}application-inference-profile/a1b2c3", "itself", "itself"),
        (f"{ARN}provisioned-model/q9", "itself", "itself"),
    ],
)
def test_a_model_id_has_many_forms(
    tmp_path: Path, native: str, model: str, resource: str | None
) -> None:
    row = row_of(tmp_path, modelId=native)
    assert row["x_Model"] == (native if model == "itself" else model)
    assert row["ResourceId"] == (native if resource == "itself" else resource)


@pytest.mark.parametrize(
    ("arn", "credential", "principal"),
    [
        (
            "arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev/pat@example.com",
            "arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev",
            "pat@example.com",
        ),
        ("arn:aws:iam::1:user/svc-growth", None, "svc-growth"),
        ("arn:aws:iam::1:user/division/pat", None, "pat"),
        ("arn:aws:iam::1:root", None, "arn:aws:iam::1:root"),
        ("arn:aws:sts::1:assumed-role/only", None, "only"),
        (None, None, None),
    ],
)
def test_a_role_is_a_credential_and_its_session_a_person(
    tmp_path: Path, arn: str | None, credential: str | None, principal: str | None
) -> None:
    row = row_of(tmp_path, identity={"arn": arn})
    assert (row["x_CredentialId"], row["x_PrincipalId"]) == (credential, principal)


def test_account_ids_keep_their_zeros_and_metadata_its_keys(tmp_path: Path) -> None:
    row = row_of(tmp_path, requestMetadata={"costCentre": "CC-1234", "Team ": "a"})
    assert row["SubAccountId"] == "000000000042"
    assert json.loads(row["Tags"] or "") == {"costCentre": "CC-1234", "Team ": "a"}
    assert row_of(tmp_path, requestMetadata={})["Tags"] is None
    assert row_of(tmp_path)["Tags"] is None


@pytest.mark.parametrize(
    ("native", "tier"),
    [("priority",) * 2, ("default", "standard"), ({"type": "flex"}, "flex"), (None, None)],
)
def test_tiers(tmp_path: Path, native: Any, tier: str | None) -> None:
    assert row_of(tmp_path, serviceTier=native)["x_Tier"] == tier


def test_a_failed_call_without_tokens_is_counted_but_no_request(tmp_path: Path) -> None:
    row = row_of(tmp_path, errorCode="ValidationException", input={}, output=None)
    assert row["requests"] == "0"
    assert [row[meter] for meter in TOKENS] == [None] * 4
    rows, found = landed(project(tmp_path / "p", TELEMETRY.name, [tmp_path / "a.jsonl"]))
    assert [int(row["requests"]) for row in rows] == [0]
    assert found == []


def test_a_failed_call_with_tokens_counts_and_is_named() -> None:
    rows, facts = read(TELEMETRY, LINES)
    (row,) = [row for row in rows if row["x_RequestId"] == THROTTLED]
    assert (row["requests"], row["input_tokens"], row["output_tokens"]) == ("1", "3639", None)
    assert told(facts) == [("failed-call-with-tokens", "warn", 27, 1)]


def test_a_call_that_counts_no_tokens_is_a_request(tmp_path: Path) -> None:
    """Image models count none."""
    row = row_of(tmp_path, input={}, output={})
    assert row["requests"] == "1"


def test_oddities_of_records_are_named_with_their_line(tmp_path: Path) -> None:
    of = [
        record(),
        record(input={"inputTokenCount": 1, "cacheWrite1hInputTokenCount": 5}),
        {"eventName": "InvokeModel"},
        record(output={"outputTokenCount": 2, "totalTokenCount": 3, "audioTokenCount": 0}),
        "text",
    ]
    file = file_of(tmp_path, *of)
    rows, facts = read(TELEMETRY, file)
    assert told(facts) == [
        ("unknown-token-class", "warn", 2, 1),
        ("not-an-invocation", "warn", 3, 2),
    ]
    assert [TELEMETRY.line(file, row) for row in (1, 2, 3)] == [1, 2, 4]
    assert len(rows) == 3


@pytest.mark.parametrize("key", ["events", "logEvents"])
def test_answers_of_cloudwatch_are_unwrapped(tmp_path: Path, key: str) -> None:
    events = [{"message": json.dumps(record())}, {"message": "START"}, {}]
    rows, facts = read(TELEMETRY, file_of(tmp_path, {key: events}))
    assert len(rows) == 1
    assert [(name, times) for name, _, _, times in told(facts)] == [("not-an-invocation", 2)]


def test_an_answer_that_goes_on_is_named(tmp_path: Path) -> None:
    answer = {"events": [{"message": json.dumps(record())}], "nextToken": "f/1"}
    assert [name for name, *_ in told(read(TELEMETRY, file_of(tmp_path, answer))[1])] == [
        "log-goes-on"
    ]


def test_records_laid_out_over_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    two = json.dumps(record(), indent=2) + json.dumps(record(requestId="s"), indent=2)
    for text in (two, json.dumps([record(), record()]), "\ufeff\n" + json.dumps([record()] * 2)):
        file.write_text(text)
        assert len(read(TELEMETRY, file)[0]) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", None),
        (b'{"messages": [{"role": "user"}]}', 1),
        (b'{"Records": []}', 1),
        (b"not json", 1),
        (json.dumps(record()).encode() + b'\n{"cut": ', 2),
        (json.dumps(record()).encode() + b"\n\xff\n", 2),
        (gzip.compress(json.dumps(record()).encode())[:-9], None),
        (json.dumps(record()).encode() + b'\n{"inputTokenCount": NaN}', 2),
        (b"[" * 100_000, 1),
    ],
)
def test_files_that_are_damaged_or_something_else_are_refused(
    tmp_path: Path, text: bytes, line: int | None
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(text)
    if not text:
        # The landing refuses a file of no bytes; it has no records.
        assert read(TELEMETRY, file)[0] == []
        return
    with pytest.raises(Unreadable) as caught:
        read(TELEMETRY, file)
    assert caught.value.line == line


def test_it_recognises_its_own_files_and_no_others() -> None:
    own = {LINES, PACKED, CLOUDWATCH}
    for file in sorted(SAMPLES.rglob("*")):
        if file.is_file():
            assert TELEMETRY.recognises(file, file.read_bytes()[:65536]) == (file in own), file


def test_sessions_are_hashed(tmp_path: Path) -> None:
    rows, _ = landed(project(tmp_path, TELEMETRY.name, [LINES]))
    assert any(row["x_PrincipalId"] for row in rows)
    assert "pat@example.com" not in json.dumps([list(row.values()) for row in rows], default=str)
