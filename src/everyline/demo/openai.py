"""The OpenAI bill: raw pages of `GET /v1/organization/costs`, grouped by project and line item.

Amounts are JSON numbers in USD. As in real answers some carry the tail of a binary fraction, tiny
ones an exponent; the text is written from Decimal, so that it is the same everywhere.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from everyline.demo.company import OPENAI, PERIODS, Use, pages, units_of_day
from everyline.demo.noise import noise
from everyline.demo.writing import write_text

PRICES = {  # line item's ending, USD for a million units, percent of the day's units, unit
    "gpt-5-2025-08-07": (
        (", input", "1.25", 100, "tokens"),
        (", cached input", "0.125", 120, "tokens"),
        (", output", "10", 14, "tokens"),
    ),
    "gpt-5-mini-2025-08-07": (
        (", input", "0.25", 100, "tokens"),
        (", cached input", "0.025", 150, "tokens"),
        (", output", "2", 12, "tokens"),
    ),
    "gpt-4o-2024-08-06": (
        (", input", "2.5", 100, "tokens"),
        (", cached input", "1.25", 30, "tokens"),
        (", output", "10", 18, "tokens"),
    ),
    "text-embedding-3-small": (("", "0.02", 100, "tokens"),),
    "file search storage": (("", "4200", 100, "gibibyte_hours"),),
    "code interpreter sessions": (("", "30000", 100, None),),
    "web search tool calls": (("", "10000", 100, None),),
}
CLASSES = {
    ", input": "input_tokens",
    ", cached input": "cached_input_tokens",
    ", output": "output_tokens",
}


def write_openai(folder: Path) -> None:
    """Write `folder`/{period}/costs_pageN.json, five pages a month."""
    for period in PERIODS:
        every = pages(period)
        for number, page in enumerate(every, start=1):
            more = number < len(every)
            cursor = b64encode(str(_seconds(page[-1]) + 86400).encode()).decode()
            answer = {
                "object": "page",
                "data": [_bucket(day) for day in page],
                "has_more": more,
                "next_page": f"page_{cursor}" if more else None,
            }
            # Numbers went through `json` as text in `#`, since a float would not keep their digits.
            text = re.sub('"#([^"#]*)#"', r"\1", json.dumps(answer, indent=2))
            write_text(folder / period / f"costs_page{number}.json", text + "\n")


def _bucket(day: datetime) -> dict[str, object]:
    return {
        "object": "bucket",
        "start_time": _seconds(day),
        "end_time": _seconds(day + timedelta(days=1)),
        "results": [result for use in OPENAI for result in _results(use, day)],
    }


def tokens_of(use: Use, day: datetime) -> dict[str, int]:
    """The tokens that a day's bill has of a model with several classes, by class."""
    return {CLASSES[ending]: quantity for ending, _, quantity, _ in _quantities(use, day)}


def _quantities(use: Use, day: datetime) -> Iterator[tuple[str, str, int, str | None]]:
    """Each line item of a day: its ending, its price, how many of which unit."""
    units = units_of_day(use.thousands, day, "openai", use.place, use.what)
    for ending, price, percent, unit in PRICES[use.what]:
        yield ending, price, units * percent // 100, unit


def _results(use: Use, day: datetime) -> Iterator[dict[str, object]]:
    for ending, price, quantity, unit in _quantities(use, day):
        line_item = use.what + ending
        amount = quantity * Decimal(price) / 1_000_000
        yield {
            "object": "organization.costs.result",
            "amount": {"value": f"#{_as_number(amount, use, line_item, day)}#", "currency": "usd"},
            "line_item": line_item,
            "project_id": use.place,
            "api_key_id": None,
            "quantity": None if unit is None else quantity,
            "quantity_unit": unit,
        }


def _as_number(amount: Decimal, use: Use, line_item: str, day: datetime) -> str:
    """Every third amount with a tail of at most 18 decimals; below 0.0001 with an exponent."""
    if noise(0, 2, "tail", use.place, line_item, day.date()) == 0:
        amount += Decimal(noise(-4, 4, "size", use.place, line_item, day.date())).scaleb(-17)
    if amount < Decimal("0.0001"):
        return f"{amount.normalize():e}"
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _seconds(day: datetime) -> int:
    return int(day.timestamp())
