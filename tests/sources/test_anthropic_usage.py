"""Anthropic usage: every count of the samples by a plain walk, and each trap of both reports."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from usage_readers import SAMPLES, landed, meters, problems, project, read, told

from everyline.sources.anthropic_usage import TELEMETRY
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "anthropic-usage"
GROUPED = "messages_1d_by_key_workspace_model_tier_window"
PAGE_1, PAGE_2 = USAGE / f"{GROUPED}.page1.json", USAGE / f"{GROUPED}.page2.json"
HOURLY = USAGE / "messages_1h_ungrouped.json"
BY_ACCOUNT = USAGE / "messages_1d_by_account_geo_speed.json"
ANALYTICS = USAGE / "analytics_usage_1d_by_product_group_model.json"


def results(path: Path) -> list[dict[str, Any]]:
    return [r for b in json.loads(path.read_bytes())["data"] for r in b["results"]]


def walked(path: Path) -> dict[str, int]:
    """What a file states, by the names of our meters."""
    sums: Counter[str] = Counter()
    for result in results(path):
        sums["input_tokens"] += result["uncached_input_tokens"]
        sums["cached_input_tokens"] += result["cache_read_input_tokens"]
        sums["cache_write_tokens"] += result["cache_creation"]["ephemeral_1h_input_tokens"]
        sums["cache_write_tokens"] += result["cache_creation"]["ephemeral_5m_input_tokens"]
        sums["output_tokens"] += result["output_tokens"]
        sums["web_search_requests"] += result["server_tool_use"]["web_search_requests"]
        sums["requests"] += result.get("requests", 0)
    return {meter: count for meter, count in sums.items() if count}


def page(folder: Path, *found: Mapping[str, Any], day: int = 1, **more: Any) -> Path:
    """A page of one day of October with these results."""
    file = folder / f"{len(list(folder.iterdir()))}.json"
    bucket = {
        "starting_at": f"2026-10-{day:02}T00:00:00Z",
        "ending_at": f"2026-10-{day + 1:02}T00:00:00Z",
        "results": list(found),
    }
    file.write_text(json.dumps({"data": [bucket], "has_more": False} | more, indent=1))
    return file


def message(**fields: Any) -> dict[str, Any]:
    return {"uncached_input_tokens": 1, "output_tokens": 2, **fields}


@pytest.mark.parametrize("file", [PAGE_1, HOURLY, BY_ACCOUNT, ANALYTICS])
def test_meters_of_the_samples_are_what_the_reports_state(file: Path) -> None:
    rows, _ = read(TELEMETRY, file)
    assert meters(rows) == walked(file)


def test_the_sums_of_one_sample_by_hand() -> None:
    """Summed with jq over `data[].results[]`; cache writes of 5 minutes and of an hour."""
    assert meters(read(TELEMETRY, PAGE_1)[0]) == {
        "input_tokens": 4780706,
        "cached_input_tokens": 10913818,
        "cache_write_tokens": 1293945,
        "output_tokens": 1099251,
        "web_search_requests": 70,
    }


def test_the_messages_report_counts_no_calls_and_none_are_made_up() -> None:
    rows, _ = read(TELEMETRY, PAGE_1)
    assert "requests" not in {row["x_Meter"] for row in rows}
    assert {row["x_RequestCount"] for row in rows} == {"0"}


def test_calls_of_the_analytics_report_are_counted_once() -> None:
    rows, _ = read(TELEMETRY, ANALYTICS)
    counted = sum(int(row["x_RequestCount"] or 0) for row in rows)
    assert counted == walked(ANALYTICS)["requests"]


def test_identities_are_the_ids_of_the_report_and_nulls_stay_null() -> None:
    rows, _ = read(TELEMETRY, PAGE_1)
    columns = ("SubAccountId", "x_CredentialId", "x_Model", "x_Tier", "x_ContextWindow")
    native = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
    found = {tuple(row[column] for column in columns) for row in rows}
    assert found == {tuple(r[name] for name in native) for r in results(PAGE_1)}
    assert any(row["SubAccountId"] is None for row in rows)
    assert any(row["x_CredentialId"] is None for row in rows)
    assert "priority" in {row["x_Tier"] for row in rows}


def test_an_account_is_a_person_and_a_service_account_a_credential() -> None:
    rows, _ = read(TELEMETRY, BY_ACCOUNT)
    found = {(row["x_PrincipalId"], row["x_CredentialId"]) for row in rows}
    assert found == {(r["account_id"], r["service_account_id"]) for r in results(BY_ACCOUNT)}


def test_groups_of_the_analytics_report_are_tags() -> None:
    rows, facts = read(TELEMETRY, ANALYTICS)
    tags = [json.loads(row["Tags"] or "{}") for row in rows if row["x_Meter"] == "requests"]
    names = {"product": "anthropic_product", "rbac_group_id": "anthropic_rbac_group"}
    assert tags == [
        {tag: r[name] for name, tag in names.items() if r[name]} for r in results(ANALYTICS)
    ]
    assert [(name, level) for name, level, *_ in told(facts)] == [("overlapping-groups", "warn")]


def test_a_slack_user_is_a_person(tmp_path: Path) -> None:
    file = page(tmp_path, message(claude_tag_user_id="U0123", slack_channel_id="C9"))
    rows, _ = read(TELEMETRY, file)
    assert {row["x_PrincipalId"] for row in rows} == {"U0123"}
    assert {row["Tags"] for row in rows} == {'{"anthropic_slack_channel":"C9"}'}


def test_cache_writes_laid_flat_are_read(tmp_path: Path) -> None:
    flat = message(cache_creation_5m_input_tokens=3, cache_creation_1h_input_tokens=4)
    assert meters(read(TELEMETRY, page(tmp_path, flat))[0])["cache_write_tokens"] == 7
    both = message(cache_creation={"ephemeral_5m_input_tokens": 5}, cache_creation_input_tokens=5)
    assert meters(read(TELEMETRY, page(tmp_path, both))[0])["cache_write_tokens"] == 5


def test_a_lifetime_that_nobody_knows_is_a_cache_write_too(tmp_path: Path) -> None:
    writes = {"ephemeral_5m_input_tokens": 3, "ephemeral_24h_input_tokens": 4}
    rows, facts = read(TELEMETRY, page(tmp_path, message(cache_creation=writes)))
    assert meters(rows)["cache_write_tokens"] == 7
    assert facts["problems"] == []


def test_tools_have_their_names_as_meters(tmp_path: Path) -> None:
    tools = {"web_search_requests": 2, "web_fetch_requests": 3, "minutes": 4, "hours": 0}
    rows, facts = read(TELEMETRY, page(tmp_path, message(server_tool_use=tools)))
    found = meters(rows)
    assert (found["web_search_requests"], found["web_fetch_requests"]) == (2, 3)
    assert [(p["name"], p["subject"]) for p in facts["problems"]] == [
        ("unknown-token-class", "server_tool_use.minutes")
    ]


def test_oddities_of_rows_are_named_with_their_line(tmp_path: Path) -> None:
    of = [
        message(thinking_tokens=0),
        message(thinking_tokens=9),
        message(cache_creation={"ephemeral_5m_input_tokens": "NaN"}),
    ]
    file = page(tmp_path, *of)
    begins = [n for n, text in enumerate(file.read_text().splitlines(), 1) if text == "    {"]
    rows, facts = read(TELEMETRY, file)
    assert told(facts) == [
        ("unknown-token-class", "warn", begins[1], 1),
        ("unreadable-number", "stop", begins[2], 1),
    ]
    assert [TELEMETRY.line(file, row) for row in (1, 2, 3)] == [begins[0], begins[0], begins[1]]
    assert TELEMETRY.line(file, len(rows)) == begins[2]


def test_a_bucket_with_as_many_groups_as_fit_is_named(tmp_path: Path) -> None:
    full = [message(product="chat", model=f"m{n}") for n in range(100)]
    assert [p[0] for p in told(read(TELEMETRY, page(tmp_path, *full))[1])] == ["groups-cut-off"]
    assert told(read(TELEMETRY, page(tmp_path, *full[1:]))[1]) == []
    # The messages report has no such bound.
    plain = [message(model=f"m{n}") for n in range(100)]
    assert told(read(TELEMETRY, page(tmp_path, *plain))[1]) == []


def test_a_report_without_buckets_is_named(tmp_path: Path) -> None:
    """Without `bucket_width` a row of the analytics report sums the whole range asked for."""
    file = page(tmp_path, message())
    file.write_text(file.read_text().replace("2026-10-02", "2026-10-31"))
    assert [name for name, *_ in told(read(TELEMETRY, file)[1])] == ["wide-bucket"]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (USAGE / "api_keys.json", "the file is a list of `api_key`, and has no usage"),
        (USAGE / "workspaces.json", "the file is a list of `workspace`, and has no usage"),
        (
            USAGE / "claude_code_usage_report.json",
            "the file is a report on Claude Code, by person",
        ),
        (
            SAMPLES / "bills" / "anthropic-cost-report" / "cost_ungrouped.json",
            "the file is no report of usage",
        ),
    ],
)
def test_what_is_no_usage_is_refused_in_so_many_words(file: Path, sentence: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(TELEMETRY, file)
    assert caught.value.sentence == sentence
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "3", '{"type": "error"}', '{"data": [{"id": 1}]}'])
def test_what_is_no_page_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(Unreadable):
        read(TELEMETRY, file)


def test_it_recognises_its_own_pages_and_no_others() -> None:
    own = {PAGE_1, HOURLY, BY_ACCOUNT, ANALYTICS}
    for file in sorted(SAMPLES.rglob("*")):
        if file.is_file():
            assert TELEMETRY.recognises(file, file.read_bytes()[:65536]) == (file in own), file


# Between files


def test_a_page_that_goes_on_needs_its_successor() -> None:
    assert problems(TELEMETRY, PAGE_1, PAGE_2) == []
    (one,) = problems(TELEMETRY, PAGE_1)
    assert (one.name, one.level, one.subject) == ("missing-page", "stop", "2026-10-04T00:00:00Z")


@pytest.mark.parametrize("other", [HOURLY, BY_ACCOUNT, ANALYTICS])
def test_two_groupings_of_one_day_stop_and_the_two_reports_are_two(other: Path) -> None:
    (one,) = problems(TELEMETRY, PAGE_1, PAGE_2, other)
    assert (one.name, one.level, one.subject) == ("two-groupings", "stop", PAGE_1.name)


def test_other_days_may_be_grouped_otherwise(tmp_path: Path) -> None:
    files = [page(tmp_path, message(model="m")), page(tmp_path, message(api_key_id="k"), day=2)]
    assert problems(TELEMETRY, *files) == []


def test_a_page_fetched_again_replaces_the_first(tmp_path: Path) -> None:
    """Price bands and regions are part of the key; a day that was fetched twice counts once."""
    ids = {"workspace_id": None, "model": "m"}
    bands = [
        message(**ids, context_window="0-200k", inference_geo="us"),
        message(**ids, context_window="200k-1M", inference_geo="us"),
        message(**ids, context_window="200k-1M", inference_geo="global"),
    ]
    grown = [dict(band, output_tokens=10) for band in bands]
    files = [page(tmp_path, *bands), page(tmp_path, *grown)]
    rows, found = landed(project(tmp_path / "project", TELEMETRY.name, files))
    assert sum(int(r["x_Quantity"]) for r in rows if r["x_Meter"] == "output_tokens") == 30
    assert sum(int(r["x_Quantity"]) for r in rows if r["x_Meter"] == "input_tokens") == 3
    assert [p.name for p in found] == ["replaced-usage"]


def test_people_are_hashed_and_stand_nowhere_else(tmp_path: Path) -> None:
    folder = project(tmp_path, TELEMETRY.name, [BY_ACCOUNT])
    rows, _ = landed(folder)
    assert any(row["x_PrincipalId"] for row in rows)
    assert "user_01Fake" not in json.dumps([list(row.values()) for row in rows], default=str)
    for file in (folder / ".everyline").rglob("*"):
        assert not file.is_file() or b"user_01Fake" not in file.read_bytes()
