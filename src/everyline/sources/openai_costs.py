"""OpenAI organisation costs: pages of `GET /v1/organization/costs`, one JSON file a page.

Source: OpenAI's OpenAPI document, `GET /organization/costs`. Amounts are US dollars, net; buckets
are UTC days; `project_id` null means "not grouped" or "no project". The report knows no invoice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from everyline.config.sources import Bill
from everyline.sources import json_text, pages
from everyline.sources.format import Format, Rows

_DIMENSIONS = ("project_id", "line_item", "api_key_id")

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
    "x_CredentialId",
    "x_PrincipalId",
    "x_ApiSource",
    "ConsumedQuantity",
    "ConsumedUnit",
    "BillingAccountId",
)


def _recognises(path: Path, head: bytes) -> bool:
    return path.suffix == ".json" and b"costs" in head and b"organization.costs.result" in head


def _read(path: Path, bill: Bill, unpacked: Path) -> Sequence[Rows]:
    page = pages.read(path, "an OpenAI costs report", "start_time")
    facts = pages.facts(page, "results", "start_time", "end_time", _DIMENSIONS)
    return [Rows(_COLUMNS, _rows(page["data"], bill), facts)]


def _rows(buckets: Sequence[Mapping[str, Any]], bill: Bill) -> Iterator[tuple[str | None, ...]]:
    for bucket in buckets:
        start, end = _instant(bucket.get("start_time")), _instant(bucket.get("end_time"))
        for result in bucket.get("results") or ():
            amount = result.get("amount") or {}
            # An amount that is no object has no currency, which is then said.
            amount = amount if isinstance(amount, dict) else {"value": amount}
            line_item = json_text.cell(result.get("line_item"))
            model, token_class = _parts(line_item)
            yield (
                start,
                end,
                json_text.cell(amount.get("value")),
                _upper(json_text.cell(amount.get("currency"))),
                json_text.cell(result.get("project_id")),
                line_item,
                token_class,
                model,
                token_class,
                json_text.cell(result.get("api_key_id")),
                json_text.cell(result.get("user_id")),
                json_text.cell(result.get("api_source")),
                json_text.cell(result.get("quantity")),
                json_text.cell(result.get("quantity_unit")),
                bill.account,
            )


def _parts(line_item: str | None) -> tuple[str | None, str | None]:
    """Model and token class of a line item: split at the last comma, if it has one.

    `gpt-4o-2024-08-06, input` names both, `input_tokens` alone a class, `web search tool calls` a
    tool; a bare text is taken as the model only where it holds no blank, as ids never do.
    """
    if line_item is None:
        return None, None
    model, comma, token_class = line_item.rpartition(",")
    if comma:
        return model.strip() or None, token_class.strip() or None
    if " " in line_item or line_item.endswith("_tokens"):
        return None, line_item
    return line_item, None


def _instant(value: Any) -> str | None:
    """Unix seconds as ISO text; what is no whole number stays as it is, to be named."""
    text = json_text.cell(value)
    if text is None or not re.fullmatch("-?[0-9]{1,11}", text):
        return text
    return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _upper(text: str | None) -> str | None:
    return text.upper() if text else None


FORMAT = Format(
    name="openai-costs",
    title="OpenAI organisation costs (JSON pages of the costs endpoint)",
    recognises=_recognises,
    read=_read,
    constants={
        "ServiceProviderName": "OpenAI",
        "InvoiceIssuerName": "OpenAI",
        "ServiceName": "OpenAI API",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ChargeCategory": "Usage",
    },
    natural_key=("ChargePeriodStart", "SubAccountId", "ChargeDescription", "x_CredentialId"),
    across=pages.across,
    line=pages.line,
)
