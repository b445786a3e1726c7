"""LiteLLM spend logs, call by call: tokens, tiers, tags and people; each trap alone."""

import json
from pathlib import Path

import pytest
from spend_log_rows import SAMPLES, TOKENS, many, one, rows, usage

# Tokens


@pytest.mark.parametrize(
    ("prompt", "cached", "made", "expected"),
    [
        (100, 30, 20, ("50", "30", "20")),  # inside: 100 - 30 - 20
        (31, None, 1253, ("31", None, "1253")),  # beside: 1253 exceed 31
        (50, 30, 20, ("0", "30", "20")),  # inside to the last one
        (49, 30, 20, ("49", "30", "20")),
        (100, 0, 0, ("100", None, None)),
        (0, 5, None, ("0", "5", None)),
        (10**27, 1, None, (f"{10**27 - 1}.000000000", "1", None)),
        (100.5, 30, None, ("70.500000000", "30", None)),
        (100, -30, None, ("100", "-30", None)),
        ("many", 30, None, ("many - 30", "30", None)),
        (100, "few", None, ("100 - few", "few", None)),
        (-1, None, None, ("-1", None, None)),
    ],
)
def test_cached_tokens_stand_inside_or_beside_the_input(
    prompt: object, cached: object, made: object, expected: tuple[str | None, ...], tmp_path: Path
) -> None:
    row = one(tmp_path, prompt_tokens=prompt, **usage(cached, made))
    assert tuple(row[name] for name in TOKENS[:3]) == expected


def test_the_details_of_the_usage_stand_in_for_its_figures(tmp_path: Path) -> None:
    details = {"cached_tokens": 7, "cache_creation_tokens": 2}
    used = usage(0, None, prompt_tokens_details=details)["metadata"]["usage_object"]
    for name in ("usage_object", "additional_usage_values"):
        row = one(tmp_path, prompt_tokens=10, metadata={name: used})
        assert [row[name] for name in TOKENS[:3]] == ["1", "7", "2"]


def test_failed_calls_count_only_with_tokens(tmp_path: Path) -> None:
    failed = {"status": "failure", "prompt_tokens": 0, "completion_tokens": 0, "call_type": ""}
    inner = {"metadata": {"status": "failure"}, "status": None}
    found = many(tmp_path, failed, failed | {"prompt_tokens": 4}, failed | inner, {})
    assert [row["requests"] for row in found] == ["0", "1", "0", "1"]


@pytest.mark.parametrize("hit", ["True", "true", True])
def test_an_answer_from_the_gateways_own_cache_has_no_quantity(
    hit: str | bool, tmp_path: Path
) -> None:
    row = one(tmp_path, cache_hit=hit, prompt_tokens=9, completion_tokens=9, **usage(3, 3))
    assert [row[name] for name in ("requests", *TOKENS)] == ["0", None, None, None, None]


@pytest.mark.parametrize("hit", ["None", "False", None, ""])
def test_a_hit_of_the_providers_cache_is_a_call(hit: str | None, tmp_path: Path) -> None:
    row = one(tmp_path, cache_hit=hit, prompt_tokens=9)
    assert (row["requests"], row["input_tokens"]) == ("1", "9")


@pytest.mark.parametrize(
    ("call_type", "said", "expected"),
    [
        ("aretrieve_batch", "priority", "batch"),
        ("acompletion", "priority", "priority"),
        ("acompletion", "default", "standard"),
        ("acompletion", "auto", "standard"),
        ("acompletion", "on_demand", "standard"),
        ("acompletion", None, None),
    ],
)
def test_the_tier(call_type: str, said: str | None, expected: str | None, tmp_path: Path) -> None:
    row = one(tmp_path, call_type=call_type, **usage(service_tier=said))
    assert row["x_Tier"] == expected


# Who and what for


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["use_case:search", "env:prod"], {"use_case": "search", "env": "prod"}),
        ('["use_case:search", "env:prod"]', {"use_case": "search", "env": "prod"}),
        ('"[\\"use_case:search\\"]"', {"use_case": "search"}),
        (["User-Agent: OpenAI/Python 1.99", "User-Agent: OpenAI", "a:b"], {"a": "b"}),
        (["a:b", "User-Agent: x", "c:d"], {"a": "b", "c": "d"}),
        (["User-Agent: x"], {}),
        (["prod"], {"prod": "true"}),
        (["url:http://x/y"], {"url": "http://x/y"}),
        (["k: a value ", ":v", "", " "], {"k": "a value", ":v": "true"}),
        (['say:"hi"', 'a\\"User-Agent:b'], {"say": '"hi"', 'a\\"User-Agent': "b"}),
        (["ort:Köln", "mark:\u2713"], {"ort": "Köln", "mark": "\u2713"}),
        ({"a": "b"}, {"a": "b"}),
        ({}, {}), ([], {}), (None, {}), ("", {}), ("[]", {}), ("null", {}),
    ],
)  # fmt: skip
def test_tags_in_all_their_shapes(tags: object, expected: object, tmp_path: Path) -> None:
    found = one(tmp_path, request_tags=tags)["Tags"]
    assert json.loads(found or "{}") == expected
    assert found != "{}"


def test_tags_that_are_neither_list_nor_object_are_left_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(one(tmp_path, request_tags="[broken")["Tags"] or "")


def test_no_caller_can_write_the_gateways_own_tags(tmp_path: Path) -> None:
    forged = ["litellm_team:theirs", "litellm_key:theirs"]
    own = {"user_api_key_team_alias": "ours"}
    found = json.loads(one(tmp_path, request_tags=forged, metadata=own)["Tags"] or "")
    assert found == {"litellm_team": "ours", "litellm_key": None}


def test_the_team_is_its_alias_else_its_id(tmp_path: Path) -> None:
    inner = {"user_api_key_team_id": "t2", "user_api_key_alias": 'k"1'}
    alias = inner | {"user_api_key_team_alias": "search"}
    found = many(
        tmp_path,
        {"team_id": "t1", "metadata": alias},
        {"team_id": "t1", "metadata": inner},
        {"team_id": "", "metadata": json.dumps(inner)},
        {"team_id": None, "metadata": "{}"},
    )
    tags = [json.loads(row["Tags"] or "{}") for row in found]
    assert [each.get("litellm_team") for each in tags] == ["search", "t1", "t2", None]
    assert [each.get("litellm_key") for each in tags] == ['k"1', 'k"1', 'k"1', None]


def test_identities_and_their_stand_ins(tmp_path: Path) -> None:
    found = many(
        tmp_path,
        {"user": "u", "end_user": "e", "model": "m", "model_group": "g", "model_id": "d",
         "api_key": "k", "custom_llm_provider": "bedrock"},
        {"user": "", "end_user": "e", "model": "", "model_group": "g", "model_id": "",
         "api_key": "", "custom_llm_provider": ""},
    )  # fmt: skip
    names = ("x_PrincipalId", "x_Model", "ResourceId", "x_CredentialId", "ServiceProviderName")
    assert [found[0][name] for name in names] == ["u", "m", "d", "k", "bedrock"]
    assert [found[1][name] for name in names] == ["e", "g", None, None, None]


def test_prompts_and_answers_are_never_read(tmp_path: Path) -> None:
    for name in (
        "spend_logs.jsonl",
        "spend_logs_postgres_copy.csv",
        "get_spend_logs_v2.page1.json",
    ):
        assert "FAKE PROMPT TEXT" in (SAMPLES / name).read_text()
        assert "FAKE PROMPT TEXT" not in str(rows(SAMPLES / name, tmp_path))
    assert all("FAKE PROMPT TEXT" not in path.read_text() for path in tmp_path.iterdir())
