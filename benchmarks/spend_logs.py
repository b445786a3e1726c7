"""What reading LiteLLM spend logs costs, beside the engine's own typed read and Python's JSON.

    python benchmarks/spend_logs.py [--rows 200000] [--rounds 5] [--threads 2] [--folder FOLDER]

Each way reads the same lines in a process of its own and must find the same tokens. Figures are
ratios to the typed read of the same round: of CPU seconds, wall seconds and peak memory. The typed
read names the same fields and writes them to Parquet as they lie; what everyline does beyond it is
tokens told apart, tags, keys, and with `exact` every digit of `spend`.
"""

import argparse
import csv
import hashlib
import json
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bills import KINDS, Taken, take

WAYS = ("everyline", "exact", "typed", "python")

_MODELS = tuple(
    (provider, f"{name}-{number}")
    for provider, name in (("openai", "gpt-4o"), ("anthropic", "claude"), ("bedrock", "nova"))
    for number in range(10)
)


def calls(rows: int) -> Iterator[Mapping[str, object]]:
    """A month of calls by 2,000 keys of 50 teams, about 1.3 KB each; always the same ones."""
    chance = random.Random(7)
    keys = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(2000)]
    for number in range(rows):
        provider, model = _MODELS[chance.randrange(len(_MODELS))]
        key = min(int(chance.expovariate(1 / 200)), len(keys) - 1)
        prompt = int(chance.lognormvariate(7.2, 1.2)) + 1
        output = int(chance.lognormvariate(5.5, 1.0)) + 1
        second = number * 2_592_000 // rows
        day, hour, minute = second // 86400 + 1, second // 3600 % 24, second // 60 % 60
        began = f"2026-10-{day:02}T{hour:02}:{minute:02}:{second % 60:02}"
        yield {
            "request_id": f"chatcmpl-{chance.getrandbits(96):024x}",
            "call_type": "acompletion",
            "api_key": keys[key],
            "spend": prompt * 0.25e-6 + output * 1e-6,
            "total_tokens": prompt + output,
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "startTime": f"{began}.123Z",
            "endTime": f"{began}.987Z",
            "completionStartTime": f"{began}.456Z",
            "model": model,
            "model_id": f"{chance.getrandbits(256):064x}",
            "model_group": model,
            "custom_llm_provider": provider,
            "api_base": f"https://api.{provider}.example/v1/",
            "user": f"user-{chance.randrange(5000):05}",
            "metadata": _metadata(keys[key], key, prompt),
            "cache_hit": "False",
            "cache_key": "Cache OFF",
            "request_tags": [f"use_case:use-case-{chance.randrange(40):02}", "env:production"],
            "team_id": f"team-{key % 50:03}",
            "end_user": "",
            "requester_ip_address": "10.0.0.1",
            "messages": {},
            "response": {},
            "session_id": f"{chance.getrandbits(128):032x}",
            "status": "success",
        }


def _metadata(hashed: str, key: int, prompt: int) -> Mapping[str, object]:
    return {
        "user_api_key": hashed,
        "user_api_key_alias": f"key-{key:04}",
        "user_api_key_team_id": f"team-{key % 50:03}",
        "user_api_key_team_alias": f"TEAM-{key % 50:03}",
        "user_api_key_user_id": "default_user_id",
        "status": "success",
        "additional_usage_values": {
            "cache_read_input_tokens": prompt // 3,
            "cache_creation_input_tokens": 0,
        },
        "spend_logs_metadata": {"environment": "production"},
    }


def read_by_everyline(path: Path, folder: Path, threads: int, *, exact: bool) -> int:
    """Text cells as `litellm-spend-logs` hands them over, as Parquet."""
    from everyline.config.sources import UsageSource
    from everyline.engines.duckdb import Engine, parquet
    from everyline.sources.litellm_spend_logs import TELEMETRY
    from everyline.sources.telemetry import Query

    source = UsageSource(
        name="gateway",
        format="litellm-spend-logs",
        path="*",
        estimated_cost="native" if exact else "prices",
    )
    (native,) = TELEMETRY.read(path, source, folder)
    assert isinstance(native, Query)
    engine = Engine()
    engine.run(f"SET threads={threads}")
    engine.write_quickly(native.sql, folder / "rows.parquet")
    tokens = "input_tokens::BIGINT + coalesce(cached_input_tokens::BIGINT, 0)"
    (found,) = engine.one(f"SELECT sum({tokens})::BIGINT FROM {parquet(folder / 'rows.parquet')}")
    return int(found)


def read_typed(path: Path, folder: Path, threads: int) -> int:
    """The engine's own reader, told the type of each field that everyline reads."""
    from everyline.engines.duckdb import Engine, literal, parquet
    from everyline.sources.litellm_query import FIELDS

    used = (
        "STRUCT(service_tier VARCHAR, cache_read_input_tokens BIGINT,"
        " cache_creation_input_tokens BIGINT,"
        " prompt_tokens_details STRUCT(cached_tokens BIGINT, cache_creation_tokens BIGINT))"
    )
    kinds = dict.fromkeys(FIELDS, "VARCHAR") | {
        "prompt_tokens": "BIGINT",
        "completion_tokens": "BIGINT",
        "spend": "DOUBLE",
        "startTime": "TIMESTAMP",
        "request_tags": "VARCHAR[]",
        "metadata": "STRUCT(user_api_key_alias VARCHAR, user_api_key_team_alias VARCHAR,"
        f" user_api_key_team_id VARCHAR, status VARCHAR, usage_object {used},"
        f" additional_usage_values {used})",
    }
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in kinds.items())
    engine = Engine()
    engine.run(f"SET threads={threads}")
    engine.write_quickly(
        f"FROM read_json({literal(str(path))}, format='newline_delimited', columns={{{columns}}})",
        folder / "typed.parquet",
    )
    (found,) = engine.one(
        f"SELECT sum(prompt_tokens)::BIGINT FROM {parquet(folder / 'typed.parquet')}"
    )
    return int(found)


def read_by_python(path: Path, folder: Path) -> int:
    """The same fields by the standard reader, numbers as they are written, as CSV."""
    from everyline.sources.litellm_query import FIELDS, METADATA

    tokens = 0
    with path.open("rb") as file, (folder / "rows.csv").open("w", newline="") as target:
        writer = csv.writer(target)
        for line in file:
            call = json.loads(line, parse_float=str)
            metadata = call["metadata"]
            tags = dict(tag.split(":", 1) for tag in call["request_tags"])
            cells = [call.get(name) for name in FIELDS]
            writer.writerow([*cells, *(metadata.get(name) for name in METADATA), json.dumps(tags)])
            tokens += call["prompt_tokens"]
    return tokens


def read(way: str, path: Path, threads: int) -> None:
    """Reads in this process, and refuses an answer that differs from what the generator wrote."""
    with TemporaryDirectory(prefix="everyline-benchmark-") as temporary:
        folder = Path(temporary)
        if way == "typed":
            found = read_typed(path, folder, threads)
        elif way == "python":
            found = read_by_python(path, folder)
        else:
            found = read_by_everyline(path, folder, threads, exact=way == "exact")
    wanted = int(path.with_suffix(".tokens").read_text())
    if found != wanted:
        sys.exit(f"{way} found {found} tokens, not {wanted}")


def made(folder: Path, rows: int) -> Path:
    """The file of so many calls, made once, and its tokens beside it."""
    path = folder / f"spend_logs-{rows}.jsonl"
    if not path.with_suffix(".tokens").exists():
        folder.mkdir(parents=True, exist_ok=True)
        tokens = 0
        with path.open("w", encoding="utf-8") as file:
            for call in calls(rows):
                tokens += int(str(call["prompt_tokens"]))
                file.write(json.dumps(call) + "\n")
        path.with_suffix(".tokens").write_text(str(tokens))
    return path


def measure(path: Path, rounds: int, threads: int) -> list[dict[str, Taken]]:
    """Each way in turn, so that a busy minute does not hit one of them alone."""
    found = []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        command = [sys.executable, __file__, "--threads", str(threads), "--read", str(path), "--by"]
        found.append({way: take([*command, way], threads) for way in WAYS})
    return found


def table(rounds: list[dict[str, Taken]]) -> Iterator[str]:
    """For each way and kind, the median ratio to the typed read, then the least and greatest."""
    yield f"{'':12}{''.join(f'{kind:>5}'.ljust(16) for kind in KINDS)}".rstrip()
    for way in WAYS:
        if way == "typed":
            continue
        cells = []
        for at in range(len(KINDS)):
            ratios = [each[way][at] / each["typed"][at] for each in rounds]
            cells.append(f"{median(ratios):5.2f} {min(ratios):.2f}–{max(ratios):.2f}")
        yield f"{way:12}{''.join(f'{cell:16}' for cell in cells)}".rstrip()


def main() -> None:
    parser = argparse.ArgumentParser(description="Reading LiteLLM spend logs, as ratios.")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where logs are made and kept for next time")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--by", choices=WAYS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        read(asked.by, asked.read, asked.threads)
        return
    with TemporaryDirectory(prefix="everyline-benchmark-") as temporary:
        path = made(asked.folder or Path(temporary), asked.rows)
        rounds = measure(path, asked.rounds, asked.threads)
    print("beside the engine's typed read: median ratio, least and greatest")
    print("\n".join(table(rounds)))


if __name__ == "__main__":
    main()
