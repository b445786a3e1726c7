"""Anthropic cost report: pages of `GET /v1/organizations/cost_report`, one JSON file a page.

Source: Anthropic Admin API reference, cost report. `amount` is a decimal text in cents: the point
is moved by two places, as text. Buckets are UTC days; `workspace_id` null means "not grouped" or
the default workspace. Priority Tier, seats and subscriptions are not in this report; it has no
quantities and knows no invoice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from everyline.config.sources import Bill
from everyline.sources import json_text, pages
from everyline.sources.format import Format, Rows

_DIMENSIONS = ("workspace_id", "description")

_DETAILS = {
    "cost_type": "x_CostType",
    "context_window": "x_ContextWindow",
    "inference_geo": "x_InferenceGeo",
    "speed": "x_Speed",
}

_NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]{1,6}))?")

_COLUMNS = (
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "BilledCost",
    "BillingCurrency",
    "SubAccountId",
    "ChargeDescription",
    "SkuMeter",
    "x_Model",
    "x_Meter",
    "x_Tier",
    "BillingAccountId",
    *_DETAILS.values(),
)


def _recognises(path: Path, head: bytes) -> bool:
    return path.suffix == ".json" and b'"starting_at"' in head and b'"amount"' in head


def _read(path: Path, bill: Bill, unpacked: Path) -> Sequence[Rows]:
    page = pages.read(path, "an Anthropic cost report", "starting_at")
    facts = pages.facts(page, "results", "starting_at", "ending_at", _DIMENSIONS)
    return [Rows(_COLUMNS, _rows(page["data"], bill), facts)]


def _rows(buckets: Sequence[Mapping[str, Any]], bill: Bill) -> Iterator[tuple[str | None, ...]]:
    for bucket in buckets:
        start = json_text.cell(bucket.get("starting_at"))
        end = json_text.cell(bucket.get("ending_at"))
        for result in bucket.get("results") or ():
            token_type = json_text.cell(result.get("token_type"))
            cost_type = json_text.cell(result.get("cost_type"))
            yield (
                start,
                end,
                _dollars(json_text.cell(result.get("amount"))),
                json_text.cell(result.get("currency")),
                json_text.cell(result.get("workspace_id")),
                json_text.cell(result.get("description")),
                token_type or cost_type,
                json_text.cell(result.get("model")),
                token_type,
                json_text.cell(result.get("service_tier")),
                bill.account,
                *(json_text.cell(result.get(native)) for native in _DETAILS),
            )


def _dollars(cents: str | None) -> str | None:
    """Cents as dollars, exactly: the exponent is lowered by two.

    What is no number stays as written, for R2 to name it.
    """
    found = _NUMBER.fullmatch(cents or "")
    return f"{found[1]}E{int(found[2] or 0) - 2}" if found else cents


FORMAT = Format(
    name="anthropic-cost-report",
    title="Anthropic cost report (JSON pages of the cost_report endpoint)",
    recognises=_recognises,
    read=_read,
    constants={
        "ServiceProviderName": "Anthropic",
        "InvoiceIssuerName": "Anthropic",
        "ServiceName": "Anthropic API",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ChargeCategory": "Usage",
    },
    across=pages.across,
    line=pages.line,
)
