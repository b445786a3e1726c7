"""The reviewed name tables (R27): their form, and spellings that real bills and telemetry use."""

import csv
import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from itertools import groupby

import pytest

from everyline import names

TABLES = {
    "providers.csv": (names.providers, "ServiceProviderName"),
    "models.csv": (names.models, "x_Model"),
    "meters.csv": (names.meters, "x_Meter"),
}
Table = Callable[[], Mapping[str, str]]


def rows(file: str) -> list[dict[str, str]]:
    text = (files("everyline.names") / file).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("file", TABLES)
def test_a_table_has_one_trimmed_row_per_spelling_with_its_source(file: str) -> None:
    table, column = TABLES[file]
    listed = rows(file)
    assert list(listed[0]) == ["name", column, "source"]
    assert len(table()) == len(listed)
    for row in listed:
        assert all(row.values()), row
        assert all(cell == cell.strip() for cell in row.values()), row


@pytest.mark.parametrize("file", TABLES)
def test_rows_are_grouped_by_their_name_and_in_order(file: str) -> None:
    _, column = TABLES[file]
    order = [(names.folded(row[column]), names.folded(row["name"])) for row in rows(file)]
    assert order == sorted(order)
    for _, group in groupby(rows(file), key=lambda row: names.folded(row[column])):
        assert len({row[column] for row in group}) == 1, "one name, two spellings"


@pytest.mark.parametrize("table", [names.providers, names.models])
def test_a_chosen_name_is_found_again_in_any_case(table: Table) -> None:
    for name in set(table().values()):
        assert table()[names.folded(name.upper())] == name


def test_a_chosen_meter_is_its_own_snake_case() -> None:
    for name in set(names.meters().values()):
        assert names.meter_name(name, names.meters()) == name


def test_no_meter_row_says_what_snake_case_says_anyway() -> None:
    assert all(names.meter_name(row["name"], {}) != row["x_Meter"] for row in rows("meters.csv"))


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("AWS", "Amazon Web Services"),
        (" Amazon Web Services, Inc. ", "Amazon Web Services"),
        ("Microsoft Azure", "Microsoft"),
        ("google", "Google Cloud"),
        ("GCP", "Google Cloud"),
        ("OpenAI, LLC", "OpenAI"),
        ("Anthropic, PBC", "Anthropic"),
        ("bedrock", "Amazon Web Services"),
        ("vertex_ai", "Google Cloud"),
        ("LangSmith", "LangChain"),
        ("Anysphere", "Cursor"),
    ],
)
def test_a_provider_has_one_name(spelling: str, name: str) -> None:
    assert names.providers()[names.folded(spelling)] == name


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Claude Opus 4.8 (Amazon Bedrock Edition)", "claude-opus-4-8"),
        ("Claude 3.7 Sonnet (Amazon Bedrock Edition)", "claude-3-7-sonnet"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("Claude Sonnet 5", "claude-sonnet-5"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),  # billed at another price
        ("openai/gpt-4o", "gpt-4o"),
        ("azure/gpt-35-turbo", "gpt-3.5-turbo"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("Azure OpenAI - gpt 4.1 cached Inp glbl Tokens", "gpt-4.1"),
        ("Azure OpenAI GPT5 - GPT 5 Mini Inpt Glbl 1M Tokens", "gpt-5-mini"),
        (" Gemini 2.5 Flash GA Input Text Caching", "gemini-2.5-flash"),
        ("Gemini 2.5 Flash Lite Text Input - Predictions", "gemini-2.5-flash-lite"),
        ("publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("USW2-NovaLite-input-tokens", "nova-lite"),
        ("USW2-Claude4.6Sonnet-input-tokens", "claude-sonnet-4-6"),
        ("hosted_vllm/meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct"),
    ],
)
def test_a_model_has_one_name(spelling: str, name: str) -> None:
    assert names.models()[names.folded(spelling)] == name


def test_what_a_text_says_of_its_model_agrees_with_the_name() -> None:
    # The mistakes that would hurt: a small model taken for its large sibling, or the reverse.
    for spelling, name in names.models().items():
        for word in ("mini", "nano", "lite", "haiku", "opus", "sonnet", "codex"):
            said = word in spelling.replace("gemini", "")
            assert said == (word in name.replace("gemini", "")), (spelling, name)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("input", "input_tokens"),
        ("Input Tokens", "input_tokens"),
        ("input_tokens", "input_tokens"),
        ("uncached_input_tokens", "input_tokens"),
        ("cached input", "cached_input_tokens"),
        ("cache_read_input_tokens", "cached_input_tokens"),
        ("cache_creation.ephemeral_5m_input_tokens", "cache_write_tokens"),
        ("Cache Write Input Tokens", "cache_write_tokens"),
        ("output", "output_tokens"),
        ("Output Tokens", "output_tokens"),
        ("gpt 4.1 cached Inp glbl Tokens", "cached_input_tokens"),
        ("GPT 5 Mini outpt Glbl 1M Tokens", "output_tokens"),
        ("Gemini 2.5 Flash GA Thinking Text Output - Predictions", "output_tokens"),
        ("USW2-MP:USW2_CacheWrite1hInputTokenCount_Global-Units", "cache_write_tokens"),
        ("num_model_requests", "requests"),
        ("Requests", "requests"),
        ("user-months", "seats"),
        ("accelerator_seconds", "gpu_seconds"),
        ("Read Units", "read_units"),
        ("GPU-Hours", "gpu_hours"),  # not seconds: a name does not convert a quantity
        (" Read  Units (v2)", "read_units_v2_"),
    ],
)
def test_a_meter_has_one_name_or_its_snake_case(spelling: str, name: str) -> None:
    assert names.meter_name(spelling, names.meters()) == name


def test_what_a_text_says_of_its_meter_agrees_with_the_name() -> None:
    not_cached = re.compile(r"uncached|cache_miss|no_cache|w/o cache write")
    for spelling, name in names.meters().items():
        if name.endswith("tokens"):
            says_output = bool(re.search(r"outp|opt |completion", spelling))
            assert not says_output or name == "output_tokens", (spelling, name)
            says_cache = re.search(r"cach|cchd| cd |ephemeral", not_cached.sub("", spelling))
            assert bool(says_cache) == name.startswith("cache"), (spelling, name)
