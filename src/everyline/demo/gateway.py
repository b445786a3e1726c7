"""The model gateway: LiteLLM's own record of its calls, one JSON line each, as the proxy logs them.

Derived from the bills: what a deployment was billed for on a day is divided among its callers, and
each caller's part among its calls, down to the token. A part of each goes past the gateway, as a
nightly job does that has the vendor's own key; nobody logs it, so the bill shows more than this.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from everyline.demo import anthropic, openai
from everyline.demo.company import ANTHROPIC, OPENAI, PERIODS, days
from everyline.demo.noise import noise
from everyline.demo.routes import ROUTES, Caller, Route
from everyline.demo.writing import write_text

CLASSES = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")

Tokens = Mapping[str, int]
"""Tokens by class; a class that is not there has none."""

BedrockTokens = Mapping[tuple[str, str, str], Tokens]
"""Tokens by day (`2026-10-01`), family of models (`sonnet`) and tags as the engine writes them."""


class _Call(NamedTuple):
    """A call of a caller: when, and its tokens."""

    caller: Caller
    began: datetime
    tokens: Tokens


def write_gateway(folder: Path, bedrock: BedrockTokens) -> None:
    """Write `folder`/spend_logs-{period}.jsonl, calls in the order in which they began."""
    for period in PERIODS:
        lines = []
        for day in days(period):
            calls = [
                (call.began, _line(route, call))
                for route in ROUTES
                for call in _calls(route, day, billed(route, day, bedrock))
            ]
            lines += [line for _, line in sorted(calls)]
        write_text(folder / f"spend_logs-{period}.jsonl", "".join(lines))


def billed(route: Route, day: datetime, bedrock: BedrockTokens) -> Tokens:
    """The tokens that a route's vendor bills for a day."""
    if route.provider == "bedrock":
        return bedrock.get((f"{day:%Y-%m-%d}", route.model, route.place or ""), {})
    uses = OPENAI if route.provider == "openai" else ANTHROPIC
    use = next(use for use in uses if (use.place, use.what) == (route.place, route.model))
    if route.provider == "openai":
        return openai.tokens_of(use, day)
    return anthropic.tokens_of(use, day)


def key_id(alias: str) -> str:
    """What LiteLLM logs in place of a virtual key: its SHA-256."""
    return sha256(f"sk-halcyon-{alias}".encode()).hexdigest()


def _calls(route: Route, day: datetime, tokens: Tokens) -> Iterator[_Call]:
    """The calls that the gateway saw; what is left of the tokens went past it."""
    for caller in route.callers:
        many = max(1, route.calls * caller.share // (1000 if day.weekday() < 5 else 2000))
        chance = [noise(0, 2**32, route.deployment, caller, day, n) for n in range(many)]
        weights = [40 + number % 121 for number in chance]
        parts = {
            name: _divided(tokens.get(name, 0) * caller.share // 1000, weights) for name in CLASSES
        }
        start, hours = route.hours
        for n in range(many):
            mine = {name: parts[name][n] for name in CLASSES if parts[name][n]}
            after = hours * 3_600_000 * n // many + chance[n] // 121 % 60_000
            if mine:
                yield _Call(caller, day + timedelta(hours=start, milliseconds=after), mine)


def _divided(total: int, weights: list[int]) -> list[int]:
    """Whole parts in proportion to the weights, which sum to the total."""
    whole, upto, parts = sum(weights), 0, []
    for weight in weights:
        parts.append(total * (upto + weight) // whole - total * upto // whole)
        upto += weight
    return parts


def _line(route: Route, call: _Call) -> str:
    """One row of LiteLLM_SpendLogs; of its fields those that are never empty, and the usual few."""
    used = {name: call.tokens.get(name, 0) for name in CLASSES}
    prompt = sum(used.values()) - used["output_tokens"]
    whole = {"prompt_tokens": prompt, "completion_tokens": used["output_tokens"]}
    whole["total_tokens"] = prompt + used["output_tokens"]
    name = f"{route.deployment}|{call.caller}|{call.began}"
    usage: dict[str, object] = dict(whole)
    usage["prompt_tokens_details"] = {"cached_tokens": used["cached_input_tokens"]}
    if route.provider != "openai":
        usage["cache_creation_input_tokens"] = used["cache_write_tokens"]
        usage["cache_read_input_tokens"] = used["cached_input_tokens"]
    record = {
        "request_id": f"call-{sha256(name.encode()).hexdigest()[:24]}",
        "call_type": "acompletion",
        "api_key": key_id(call.caller.key),
        "startTime": _instant(call.began),
        "endTime": _instant(call.began + timedelta(milliseconds=900 + prompt // 40)),
        "model": route.called,
        "model_id": route.deployment,
        "custom_llm_provider": route.provider,
        "user": call.caller.user,
        "end_user": "",
        **whole,
        "metadata": {
            "user_api_key_alias": call.caller.key,
            "usage_object": usage,
            "status": "success",
        },
        "cache_hit": "False",
        "request_tags": list(call.caller.tags),
        "status": "success",
    }
    # Written by hand, since a float would not keep the digits of an amount.
    return f'{json.dumps(record)[:-1]}, "spend": {_spend(route, used)}}}\n'


def _spend(route: Route, used: Tokens) -> str:
    cost = sum((used[name] * Decimal(price) for name, price in route.prices.items()), Decimal(0))
    return f"{cost / 1_000_000:f}"


def _instant(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
