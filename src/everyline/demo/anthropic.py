"""The Anthropic bill: raw pages of the cost report, grouped by workspace and description.

Amounts are decimal text in cents ("41280.000000" is 412.80 USD).
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from everyline.demo.company import ANTHROPIC, PERIODS, Use, pages, units_of_day
from everyline.demo.writing import write_text

MODELS = {  # display name, USD for a million uncached input tokens; other classes follow from it
    "claude-opus-4-8": ("Claude Opus 4.8", "5"),
    "claude-sonnet-5": ("Claude Sonnet 5", "3"),
    "claude-haiku-4-5-20251001": ("Claude Haiku 4.5", "1"),
}
TOKENS = (  # description's ending, token_type, percent of the input's price, of its tokens
    ("Input Tokens", "uncached_input_tokens", 100, 100),
    ("Input Tokens, Cache Read", "cache_read_input_tokens", 10, 250),
    ("Input Tokens, Cache Write (5m)", "cache_creation.ephemeral_5m_input_tokens", 125, 20),
    ("Output Tokens", "output_tokens", 500, 12),
)
CLASSES = {
    "Input Tokens": "input_tokens",
    "Input Tokens, Cache Read": "cached_input_tokens",
    "Input Tokens, Cache Write (5m)": "cache_write_tokens",
    "Output Tokens": "output_tokens",
}
TOOLS = {  # description, cents for one use
    "web_search": ("Web Search Usage", "1"),
    "code_execution": ("Code Execution Usage", "0.5"),
}


def write_anthropic(folder: Path) -> None:
    """Write `folder`/{period}/cost_report_pageN.json, five pages a month."""
    for period in PERIODS:
        every = pages(period)
        for number, page in enumerate(every, start=1):
            more = number < len(every)
            cursor = b64encode(_instant(page[-1] + timedelta(days=1)).encode()).decode()
            answer = {
                "data": [_bucket(day) for day in page],
                "has_more": more,
                "next_page": f"page_{cursor}" if more else None,
            }
            text = json.dumps(answer, indent=2) + "\n"
            write_text(folder / period / f"cost_report_page{number}.json", text)


def _bucket(day: datetime) -> dict[str, object]:
    return {
        "starting_at": _instant(day),
        "ending_at": _instant(day + timedelta(days=1)),
        "results": [result for use in ANTHROPIC for result in _results(use, day)],
    }


def tokens_of(use: Use, day: datetime) -> dict[str, int]:
    """The tokens that a day's bill has of a model, by class."""
    units = units_of_day(use.thousands, day, "anthropic", use.place, use.what)
    return {CLASSES[ending]: units * percent // 100 for ending, _, _, percent in TOKENS}


def _results(use: Use, day: datetime) -> Iterator[dict[str, object]]:
    units = units_of_day(use.thousands, day, "anthropic", use.place, use.what)
    if use.what in TOOLS:
        description, cents_each = TOOLS[use.what]
        yield _result(use, description, units * Decimal(cents_each))
        return
    name, price = MODELS[use.what]
    tokens = tokens_of(use, day)
    for ending, token_type, price_percent, _ in TOKENS:
        cents = tokens[CLASSES[ending]] * Decimal(price) * price_percent / 1_000_000
        yield _result(use, f"{name} Usage - {ending}", cents, token_type)


def _result(
    use: Use, description: str, cents: Decimal, token_type: str | None = None
) -> dict[str, object]:
    of_tokens = token_type is not None
    return {
        "currency": "USD",
        "amount": f"{cents:f}",
        "workspace_id": use.place,
        "description": description,
        "cost_type": "tokens" if of_tokens else use.what,
        "context_window": "0-200k" if of_tokens else None,
        "model": use.what if of_tokens else None,
        "service_tier": "standard" if of_tokens else None,
        "token_type": token_type,
        "inference_geo": "global" if of_tokens else None,
    }


def _instant(day: datetime) -> str:
    return f"{day:%Y-%m-%dT%H:%M:%SZ}"
