"""Anthropic usage: pages of two reports of the Admin API, one JSON file a page.

The messages report is `GET /v1/organizations/usage_report/messages`; its successor the analytics
report, `GET /v1/organizations/analytics/usage`. Sources: the reference pages of both, and the
types of Anthropic's own SDKs. Buckets are of a minute, an hour or a day. Counts are disjoint.

| field | meter, unit |
| --- | --- |
| `uncached_input_tokens` | `input_tokens`, tokens |
| `cache_read_input_tokens` | `cached_input_tokens`, tokens |
| all of `cache_creation` (5 minutes, 1 hour), summed; flat `cache_creation_..._input_tokens` where absent | `cache_write_tokens`, tokens |
| `output_tokens` | `output_tokens`, tokens; thinking is inside |
| `server_tool_use.web_search_requests` and its like | its name, requests |
| `requests` (analytics) | `requests`, requests; the messages report does not count calls |

| field | column |
| --- | --- |
| `starting_at` of the bucket | hour |
| `workspace_id` | SubAccountId |
| `api_key_id`, else `service_account_id` | x_CredentialId |
| `account_id`, else `claude_tag_user_id` (analytics) | x_PrincipalId |
| `model` | x_Model |
| `service_tier` | x_Tier |
| `product`, `rbac_group_id`, `slack_channel_id`, `claude_tag_category` (analytics) | Tags `anthropic_product`, `anthropic_rbac_group`, `anthropic_slack_channel`, `anthropic_tag_category` |

`workspace_id` null is the default workspace or "not grouped", `api_key_id` null the Workbench or
"not grouped". A count that is not stated makes no row; a stated 0 makes one, so that a page fetched
later replaces an earlier one whole. Priority Tier is counted here and billed elsewhere.
Natural key: bucket, the columns above, `service_account_id`, `context_window`, `inference_geo`,
`speed`, meter.
"""  # noqa: E501

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from everyline.config.sources import UsageSource
from everyline.sources import json_text, pages, usage_pages
from everyline.sources.format import Rows
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import Telemetry
from everyline.sources.unreadable import Unreadable
from everyline.sources.usage_pages import Report, Result, Row

_KEY = (
    "hour",
    "SubAccountId",
    "x_CredentialId",
    "x_PrincipalId",
    "x_Model",
    "x_Tier",
    "x_ServiceAccountId",
    "x_ContextWindow",
    "x_InferenceGeo",
    "x_Speed",
    "x_Product",
    "x_RbacGroup",
    "x_SlackChannel",
    "x_TagCategory",
    "x_Meter",
)
_COLUMNS = (*_KEY, "x_Unit", "x_Quantity", "x_RequestCount", "Tags")

_TAGS = {
    "product": "anthropic_product",
    "rbac_group_id": "anthropic_rbac_group",
    "slack_channel_id": "anthropic_slack_channel",
    "claude_tag_category": "anthropic_tag_category",
}
_DETAILS = (
    "service_tier",
    "service_account_id",
    "context_window",
    "inference_geo",
    "speed",
    *_TAGS,
)

_TOKENS = {
    "uncached_input_tokens": "input_tokens",
    "cache_read_input_tokens": "cached_input_tokens",
    "output_tokens": "output_tokens",
}
_WRITES = (
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cache_creation_input_tokens",
)
"""Where cache writes stand in copies of the report that were laid flat."""

_GROUPS_MAX = 100

_CUT_OFF = RowProblem(
    name="groups-cut-off",
    level="warn",
    sentence="the bucket {} has 100 groups, the most that the report gives: more may be cut off",
    hint="fetch shorter buckets, or group by fewer fields",
)
_OVERLAPPING = RowProblem(
    name="overlapping-groups",
    level="warn",
    sentence="usage is grouped by {}, and a person in two groups is counted in both",
    hint="fetch the report without that group, and give people their team by a registry",
)

Tell = Callable[[RowProblem, str], None]


def _recognises(path: Path, head: bytes) -> bool:
    marks = (b'"starting_at"', b'"output_tokens"', b'"uncached_input_tokens"')
    # A cost report names token types among its values, and has amounts.
    return path.suffix == ".json" and all(m in head for m in marks) and b'"amount"' not in head


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    try:
        page = pages.read(path, _REPORT.title, "starting_at")
    except Unreadable as error:
        raise _explained(path, error) from None
    for result in _REPORT.results(page):
        _check(path, result)
    problems = RowProblems()
    rows = (row for _, row in _rows(path, page, problems))
    return [Rows(_COLUMNS, rows, _REPORT.facts(page, problems))]


def _check(path: Path, result: Result) -> None:
    if any(name in result.fields for name in _TOKENS):
        return
    hint = "expected results with `uncached_input_tokens` and `output_tokens`"
    if "amount" in result.fields:
        hint = "it is a bill: name it under `bills`, with the format `anthropic-cost-report`"
    at = pages.line(path, result.number)
    raise Unreadable("the file is no report of usage", hint, line=at)


def _explained(path: Path, error: Unreadable) -> Unreadable:
    """`error` with a better hint, where the file is another report or list of Anthropic's."""
    if "model_breakdown" in usage_pages.first_item(path):
        hint = "leave it out of `path`: the usage report counts the same tokens"
        return Unreadable("the file is a report on Claude Code, by person", hint, line=1)
    return usage_pages.explained(path, error, "type")


def _rows(path: Path, page: Mapping[str, Any], problems: RowProblems) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its result."""
    groups: dict[str | None, int] = {}
    for result in _REPORT.results(page):

        def tell(what: RowProblem, subject: str, number: int = result.number) -> None:
            problems.tell(what, pages.line(path, number), subject)

        if result.is_wide:
            tell(usage_pages.WIDE, str(result.start))
        if "product" in result.fields or "rbac_group_id" in result.fields:
            groups[result.start] = groups.get(result.start, 0) + 1
            if groups[result.start] == _GROUPS_MAX:
                tell(_CUT_OFF, str(result.start))
        if json_text.cell(result.fields.get("rbac_group_id")):
            tell(_OVERLAPPING, "rbac_group_id")
        identity, tags = _identity(result), _tags(result.fields)
        for meter, unit, quantity in _amounts(result.fields, tell):
            requests = quantity if meter == "requests" else "0"
            cells = (meter, unit, quantity, requests, tags)
            yield result.number, (*identity, *cells)


def _identity(result: Result) -> Row:
    """The cells of `_KEY` but the last, which is the meter."""

    def cell(name: str) -> str | None:
        return json_text.cell(result.fields.get(name))

    tier, *details = map(cell, _DETAILS)
    return (
        result.start,
        cell("workspace_id"),
        cell("api_key_id") or cell("service_account_id"),
        cell("account_id") or cell("claude_tag_user_id"),
        cell("model"),
        tier,
        *details,
    )


def _tags(fields: Mapping[str, Any]) -> str | None:
    found = {tag: text for name, tag in _TAGS.items() if (text := json_text.cell(fields.get(name)))}
    return json_text.written(found) if found else None


def _amounts(fields: Mapping[str, Any], tell: Tell) -> Iterator[tuple[str, str, str]]:
    """Meter, unit and quantity of all that one result counts."""
    if requests := json_text.cell(fields.get("requests")):
        yield "requests", "requests", requests
    nested = fields.get("cache_creation")
    writes = nested if isinstance(nested, dict) else {n: fields.get(n) for n in _WRITES}
    counts = {meter: usage_pages.total(fields, [name], tell) for name, meter in _TOKENS.items()}
    counts["cache_write_tokens"] = usage_pages.total(writes, list(writes), tell)
    for meter, tokens in counts.items():
        if tokens is not None:
            yield meter, "tokens", str(tokens)
    tools = fields.get("server_tool_use")
    tools = tools if isinstance(tools, dict) else {}
    for name, value in tools.items():
        if name.endswith("_requests") and (quantity := json_text.cell(value)):
            yield name, "requests", quantity
    other = (name for name in usage_pages.counted(tools) if not name.endswith("_requests"))
    unknown = [f"server_tool_use.{name}" for name in other]
    unknown += [n for n in usage_pages.counted(fields, "_tokens") if n not in (*_TOKENS, *_WRITES)]
    for name in unknown:
        tell(usage_pages.UNKNOWN_CLASS, name)


def _kind(_: Mapping[str, Any]) -> str:
    # Both reports count the same calls: beside each other they are two groupings.
    return "usage"


def _numbers(path: Path) -> Iterator[int]:
    page = pages.read(path, _REPORT.title, "starting_at")
    return (number for number, _ in _rows(path, page, RowProblems()))


_REPORT = Report(
    title="an Anthropic usage report",
    start="starting_at",
    end="ending_at",
    instant=json_text.cell,
    dimensions=(
        "api_key_id",
        "workspace_id",
        "model",
        "account_id",
        "claude_tag_user_id",
        *_DETAILS,
    ),
    kind=_kind,
)

TELEMETRY = Telemetry(
    name="anthropic-usage",
    title="Anthropic usage (JSON pages of the messages and analytics usage reports)",
    recognises=_recognises,
    read=_read,
    constants={"ServiceProviderName": "Anthropic"},
    natural_key=_KEY,
    across=usage_pages.across,
    line=lambda path, row: usage_pages.line(path, row, _numbers),
)
