"""OpenAI usage: every count of the samples by a plain walk, and each trap of the report."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from usage_readers import SAMPLES, landed, meters, problems, project, read, told

from everyline.sources import openai_usage
from everyline.sources.format import Facts
from everyline.sources.openai_usage import TELEMETRY
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "openai-usage"
GROUPED = "completions_1d_by_project_user_key_model_batch_tier"
PAGE_1, PAGE_2 = USAGE / f"{GROUPED}.page1.json", USAGE / f"{GROUPED}.page2.json"
HOURLY = USAGE / "completions_1h_ungrouped.json"
OLDER = USAGE / "completions_1d_older_shape.json"
BILLS = SAMPLES / "bills"


def results(path: Path) -> list[dict[str, Any]]:
    return [r for b in json.loads(path.read_bytes())["data"] for r in b["results"]]


def page(folder: Path, *found: Mapping[str, Any], start: int = 1790812800, **more: Any) -> Path:
    """A page of one day with these results."""
    file = folder / f"{len(list(folder.iterdir()))}.json"
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 86400}
    bucket["results"] = list(found)
    text = {"object": "page", "data": [bucket], "has_more": False} | more
    file.write_text(json.dumps(text, indent=1))
    return file


def completion(**fields: Any) -> dict[str, Any]:
    required = {"input_tokens": 0, "output_tokens": 0, "num_model_requests": 1}
    return {"object": "organization.usage.completions.result", **required, **fields}


def test_tokens_of_the_samples_are_disjoint_and_sum_to_what_the_report_states() -> None:
    rows, facts = read(TELEMETRY, PAGE_1)
    walked: Counter[str] = Counter()
    for result in results(PAGE_1):
        walked.update({name: result[name] for name in result if name.startswith(("in", "out"))})
        walked["requests"] += result["num_model_requests"]
    found = meters(rows)
    assert found == {
        "requests": walked["requests"],
        "input_tokens": walked["input_uncached_tokens"],
        "cached_input_tokens": walked["input_cached_tokens"],
        "output_tokens": walked["output_tokens"],
    }
    assert found["input_tokens"] + found["cached_input_tokens"] == walked["input_tokens"]
    # By hand: 80507 + 100638 + ... of the sample, with jq.
    assert found["input_tokens"] == 8991973
    assert facts["problems"] == []


def test_an_older_answer_gives_the_same_meters_without_the_fields_it_lacks() -> None:
    first_day = {"2026-10-01T00:00:00Z"}
    newer = [row for row in read(TELEMETRY, PAGE_1)[0] if row["hour"] in first_day]
    older, _ = read(TELEMETRY, OLDER)
    assert meters(older) == meters(newer)
    assert {row["x_Meter"] for row in older} == set(meters(newer))


def test_cache_writes_are_taken_out_of_the_input() -> None:
    rows, _ = read(TELEMETRY, USAGE / "completions_1d_cache_write_priority.json")
    assert meters(rows) == {
        "requests": 80,
        "input_tokens": 60000,
        "cached_input_tokens": 40000,
        "cache_write_tokens": 20000,
        "output_tokens": 9000,
    }
    assert {row["x_Tier"] for row in rows} == {"priority"}


@pytest.mark.parametrize(
    ("file", "field", "meter", "unit"),
    [
        ("embeddings_1d", "input_tokens", "input_tokens", "tokens"),
        ("moderations_1d", "input_tokens", "input_tokens", "tokens"),
        ("images_1d", "images", "images", "images"),
        ("audio_speeches_1d", "characters", "characters", "characters"),
        ("audio_transcriptions_1d", "seconds", "audio_seconds", "seconds"),
        ("vector_stores_1d", "usage_bytes", "vector_store_bytes", "bytes"),
        ("code_interpreter_sessions_1d", "num_sessions", "code_interpreter_sessions", "sessions"),
        ("web_search_calls_1d", "num_requests", "web_search_requests", "requests"),
        ("file_search_calls_1d", "num_requests", "file_search_requests", "requests"),
    ],
)
def test_each_report_has_its_meter(file: str, field: str, meter: str, unit: str) -> None:
    path = USAGE / f"{file}.json"
    rows, facts = read(TELEMETRY, path)
    assert meters(rows)[meter] == sum(result[field] for result in results(path))
    assert {row["x_Unit"] for row in rows if row["x_Meter"] == meter} == {unit}
    assert facts["problems"] == []


def test_model_calls_of_searches_are_left_to_the_completions_report() -> None:
    rows, _ = read(TELEMETRY, USAGE / "web_search_calls_1d.json")
    assert {row["x_Meter"] for row in rows} == {"web_search_requests"}
    assert {row["x_RequestCount"] for row in rows} == {"0"}


def test_identities_are_the_ids_of_the_report_and_nulls_stay_null() -> None:
    rows, _ = read(TELEMETRY, PAGE_1)
    calls = [row for row in rows if row["x_Meter"] == "requests"]
    found = {(r["SubAccountId"], r["x_CredentialId"], r["x_PrincipalId"]) for r in calls}
    assert found == {(r["project_id"], r["api_key_id"], r["user_id"]) for r in results(PAGE_1)}
    assert ("proj_searchFAKE01", None, None) in found
    assert {row["x_Model"] for row in rows} == {r["model"] for r in results(PAGE_1)}
    assert "ft:gpt-4o-mini-2024-07-18:acme:triage:9abcDEF0" in {row["x_Model"] for row in rows}


def test_tiers(tmp_path: Path) -> None:
    """A batch is a batch whatever its tier; the default tiers are standard."""
    of = [
        completion(batch=True, service_tier="default"),
        completion(batch=False, service_tier="auto"),
        completion(service_tier="flex"),
        completion(batch=None, service_tier=None),
    ]
    rows, _ = read(TELEMETRY, page(tmp_path, *of))
    tiers = [row["x_Tier"] for row in rows if row["x_Meter"] == "requests"]
    assert tiers == ["batch", "standard", "flex", None]


def test_a_count_that_is_not_stated_makes_no_row_and_a_stated_zero_does(tmp_path: Path) -> None:
    rows, _ = read(TELEMETRY, page(tmp_path, completion(input_tokens=7, input_cached_tokens=0)))
    assert [(row["x_Meter"], row["x_Quantity"]) for row in rows] == [
        ("requests", "1"),
        ("input_tokens", "7"),
        ("cached_input_tokens", "0"),
        ("output_tokens", "0"),
    ]


def test_counts_keep_every_digit(tmp_path: Path) -> None:
    large = 12345678901234567891
    rows, _ = read(TELEMETRY, page(tmp_path, completion(input_tokens=large)))
    assert meters(rows)["input_tokens"] == large


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_classes_always_sum_to_the_input(uncached: int, cached: int, written: int) -> None:
    fields = completion(
        input_tokens=str(uncached + cached + written),
        input_cached_tokens=str(cached),
        input_cache_write_tokens=str(written),
    )
    found = openai_usage._tokens(fields, lambda *_: pytest.fail("nothing is odd"))
    assert found == {
        "input_tokens": uncached,
        "cached_input_tokens": cached,
        "cache_write_tokens": written,
        "output_tokens": 0,
    }


def test_oddities_of_rows_are_named_with_their_line(tmp_path: Path) -> None:
    of = [
        completion(input_tokens=10, input_uncached_tokens=4, input_cached_tokens=5),
        completion(input_tokens=10, input_cached_tokens=11),
        completion(output_video_tokens=3),
        completion(output_video_tokens=2, input_video_tokens=0),
        completion(output_tokens="many"),
    ]
    file = page(tmp_path, *of)
    begins = [n for n, text in enumerate(file.read_text().splitlines(), 1) if text == "    {"]
    rows, facts = read(TELEMETRY, file)
    assert told(facts) == [
        ("token-sum-differs", "warn", begins[0], 1),
        ("token-sum-differs", "stop", begins[1], 1),
        ("unknown-token-class", "warn", begins[2], 2),
        ("unreadable-number", "stop", begins[4], 1),
    ]
    assert meters(rows)["cached_input_tokens"] == 16
    # Each row knows the result that it came from.
    assert [TELEMETRY.line(file, row) for row in (1, 4, 5)] == [begins[0], begins[0], begins[1]]


def test_a_report_that_nobody_knows_is_named_and_its_neighbours_are_read(tmp_path: Path) -> None:
    other = {"object": "organization.usage.videos.result", "seconds": 4}
    rows, facts = read(TELEMETRY, page(tmp_path, other, completion()))
    assert [name for name, *_ in told(facts)] == ["unknown-usage-report"]
    assert meters(rows) == {"requests": 1}


def test_a_bucket_of_more_than_a_day_is_named(tmp_path: Path) -> None:
    file = page(tmp_path, completion())
    assert told(read(TELEMETRY, file)[1]) == []
    file.write_text(file.read_text().replace("1790899200", "1790899201"))
    assert [name for name, *_ in told(read(TELEMETRY, file)[1])] == ["wide-bucket"]


def test_a_day_that_is_cut_where_the_range_ends_is_a_day_still(tmp_path: Path) -> None:
    cut, whole = page(tmp_path, completion()), page(tmp_path, completion(input_tokens=5))
    cut.write_text(cut.read_text().replace("1790899200", "1790856000"))
    assert problems(TELEMETRY, cut, whole) == []


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (USAGE / "projects.json", "the file is a list of `organization.project`, and has no usage"),
        (
            USAGE / "project_api_keys.proj_searchFAKE01.json",
            "the file is a list of `organization.project.api_key`, and has no usage",
        ),
        (
            BILLS / "openai-costs" / "costs_ungrouped.json",
            "the file holds `organization.costs.result`, which is no usage",
        ),
    ],
)
def test_what_is_no_usage_is_refused_in_so_many_words(file: Path, sentence: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(TELEMETRY, file)
    assert caught.value.sentence == sentence
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{", '{"error": {"message": "no"}}', '{"data": [3]}'])
def test_what_is_no_page_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(Unreadable):
        read(TELEMETRY, file)


def test_it_recognises_its_own_pages_and_no_others() -> None:
    lists = {"projects.json", "project_api_keys.proj_searchFAKE01.json", PAGE_2.name, "README.md"}
    for file in sorted(SAMPLES.rglob("*")):
        if file.is_file():
            known = TELEMETRY.recognises(file, file.read_bytes()[:65536])
            assert known == (file.parent == USAGE and file.name not in lists), file


# Between files


def test_a_page_that_goes_on_needs_its_successor_of_the_same_report() -> None:
    assert problems(TELEMETRY, PAGE_1, PAGE_2) == []
    (one,) = problems(TELEMETRY, PAGE_1, USAGE / "embeddings_1d.json")
    assert (one.name, one.level, one.place) == ("missing-page", "stop", PAGE_1.name)


def test_a_page_of_another_report_is_no_successor(tmp_path: Path) -> None:
    first = page(tmp_path, completion(), has_more=True)
    embedding = {"object": "organization.usage.embeddings.result", "input_tokens": 1}
    other = page(tmp_path, embedding, start=1790899200)
    assert [p.name for p in problems(TELEMETRY, first, other)] == ["missing-page"]


@pytest.mark.parametrize("other", [HOURLY, OLDER])
def test_two_groupings_of_one_day_stop(other: Path) -> None:
    (one,) = problems(TELEMETRY, PAGE_1, PAGE_2, other)
    assert (one.name, one.level, one.subject) == ("two-groupings", "stop", PAGE_1.name)
    assert "the same usage twice" in one.sentence


def test_hours_and_days_of_one_grouping_are_two_groupings(tmp_path: Path) -> None:
    day, hour = page(tmp_path, completion()), page(tmp_path, completion(), start=1790816400)
    hour.write_text(hour.read_text().replace(str(1790816400 + 86400), str(1790816400 + 3600)))
    assert [p.name for p in problems(TELEMETRY, day, hour)] == ["two-groupings"]


def test_two_halves_of_a_day_need_not_have_the_same_users(tmp_path: Path) -> None:
    """A page of hours may end at noon; that nobody but keys was active before is no grouping."""
    files = []
    for start, user in ((1790812800, None), (1790856000, "user-x"), (1790856000, None)):
        file = page(tmp_path, completion(user_id=user), start=start)
        file.write_text(file.read_text().replace(str(start + 86400), str(start + 3600)))
        files.append(file)
    assert problems(TELEMETRY, *files[:2]) == []
    assert [p.name for p in problems(TELEMETRY, *files)] == ["two-groupings"]


def test_reports_of_several_kinds_may_lie_in_one_folder() -> None:
    files = sorted(f for f in USAGE.glob("*_1d.json") if f not in (HOURLY, OLDER))
    assert len(files) == 9
    assert problems(TELEMETRY, PAGE_1, PAGE_2, *files) == []


def test_no_file_gives_no_problem() -> None:
    assert TELEMETRY.across([]) == []
    assert TELEMETRY.across([Facts("a", read(TELEMETRY, PAGE_2)[1])]) == []


def test_a_page_fetched_again_replaces_the_first_whole(tmp_path: Path) -> None:
    """The day grew: 5 calls became 8, and what was uncached at first was cached later."""
    once, again = tmp_path / "a", tmp_path / "b"
    once.mkdir()
    again.mkdir()
    fields = {"project_id": "p", "model": "m"}
    first = page(
        once, completion(**fields, input_tokens=9, input_cached_tokens=0, num_model_requests=5)
    )
    second = page(
        again, completion(**fields, input_tokens=9, input_cached_tokens=9, num_model_requests=8)
    )
    rows, found = landed(project(tmp_path / "project", TELEMETRY.name, [first, second]))
    assert {(r["x_Meter"], int(r["x_Quantity"])) for r in rows} == {
        ("requests", 8),
        ("input_tokens", 0),
        ("cached_input_tokens", 9),
        ("output_tokens", 0),
    }
    assert [p.name for p in found] == ["replaced-usage"]


def test_null_ids_of_two_reports_do_not_replace_each_other(tmp_path: Path) -> None:
    embedding = {"object": "organization.usage.embeddings.result", "input_tokens": 4}
    files = [page(tmp_path, completion(input_tokens=3)), page(tmp_path, embedding)]
    rows, found = landed(project(tmp_path / "project", TELEMETRY.name, files))
    tokens = [int(r["x_Quantity"]) for r in rows if r["x_Meter"] == "input_tokens"]
    assert sorted(tokens) == [3, 4]
    assert found == []
