"""OpenAI organisation usage: pages of `GET /v1/organization/usage/...`, one JSON file a page.

Source: OpenAI's OpenAPI document, usage endpoints. Buckets are of a minute, an hour or a day, their
bounds Unix seconds; one folder may hold pages of several of the reports below. A page says which
one it is by `object` of its results, `organization.usage.completions.result`.

| field | meter, unit |
| --- | --- |
| `num_model_requests` | `requests`, requests; not of web and file searches, whose model calls the completions report counts |
| `input_uncached_tokens`; where absent `input_tokens` less the next two | `input_tokens`, tokens |
| `input_cached_tokens` | `cached_input_tokens`, tokens |
| `input_cache_write_tokens` | `cache_write_tokens`, tokens |
| `output_tokens` | `output_tokens`, tokens; reasoning is inside |
| `images` of images | `images`, images |
| `characters` of audio_speeches | `characters`, characters |
| `seconds` of audio_transcriptions | `audio_seconds`, seconds |
| `usage_bytes` of vector_stores | `vector_store_bytes`, bytes |
| `num_sessions` of code_interpreter_sessions | `code_interpreter_sessions`, sessions |
| `num_requests` of web_searches | `web_search_requests`, requests |
| `num_requests` of file_searches | `file_search_requests`, requests |
| `input_text_tokens`, `output_audio_tokens` and their like | not read: parts of the above |

| field | column |
| --- | --- |
| `start_time` of the bucket | hour |
| `project_id` | SubAccountId |
| `api_key_id` | x_CredentialId |
| `user_id` | x_PrincipalId |
| `model` | x_Model |
| `batch` true | x_Tier `batch` |
| `service_tier` | x_Tier; `default` and `auto` are `standard` |
| `vector_store_id` | ResourceId |

A field that the report does not state makes no row; a stated 0 makes one, so that a page fetched
later replaces an earlier one whole. Null ids mean "not grouped" or "none": the two look the same.
Natural key: bucket, report, the columns above, `source`, `size`, `context_level`, meter.
"""  # noqa: E501

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from everyline.config.sources import UsageSource
from everyline.money import number
from everyline.sources import json_text, pages, usage_pages
from everyline.sources.format import Rows
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import Telemetry
from everyline.sources.unreadable import Unreadable
from everyline.sources.usage_pages import Report, Result, Row

_OBJECT = re.compile(r"organization\.usage\.([a-z_]+)\.result")

_KEY = (
    "hour",
    "x_Report",
    "SubAccountId",
    "x_CredentialId",
    "x_PrincipalId",
    "ResourceId",
    "x_Model",
    "x_Tier",
    "x_ImageSource",
    "x_ImageSize",
    "x_ContextLevel",
    "x_Meter",
)
_COLUMNS = (*_KEY, "x_Unit", "x_Quantity", "x_RequestCount")

_REQUESTS = ("num_model_requests", "requests", "requests")
_AMOUNTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "completions": (_REQUESTS,),
    "embeddings": (_REQUESTS,),
    "moderations": (_REQUESTS,),
    "images": (_REQUESTS, ("images", "images", "images")),
    "audio_speeches": (_REQUESTS, ("characters", "characters", "characters")),
    "audio_transcriptions": (_REQUESTS, ("seconds", "audio_seconds", "seconds")),
    "vector_stores": (("usage_bytes", "vector_store_bytes", "bytes"),),
    "code_interpreter_sessions": (("num_sessions", "code_interpreter_sessions", "sessions"),),
    "web_searches": (("num_requests", "web_search_requests", "requests"),),
    "file_searches": (("num_requests", "file_search_requests", "requests"),),
}
"""Report to what it counts beside tokens: field, meter, unit."""

_CACHED = "input_cached_tokens"
_WRITTEN = "input_cache_write_tokens"
_UNCACHED = "input_uncached_tokens"
_PART = re.compile(r"(?:input|output|input_cached|input_cache_write)_(?:text|audio|image)_tokens")
_CLASSES = {"input_tokens", _CACHED, _WRITTEN, _UNCACHED, "output_tokens"}

_STANDARD = {"default", "auto", "on_demand"}

_UNKNOWN_REPORT = RowProblem(
    name="unknown-usage-report",
    level="warn",
    sentence="results of {} are of no report that everyline knows: they are not read",
    hint="look for a newer everyline, or move the page away",
)
_SUM_DIFFERS = RowProblem(
    name="token-sum-differs",
    level="warn",
    sentence="uncached, cached and written tokens do not sum to `input_tokens`: {}",
    hint="the three stand as they are stated; ask OpenAI if it is much",
)
_BELOW_ZERO = RowProblem(
    name="token-sum-differs",
    level="stop",
    sentence="more tokens were cached or written than `input_tokens` has: {}",
    hint="fetch the page again",
)

Tell = Callable[[RowProblem, str], None]


def _recognises(path: Path, head: bytes) -> bool:
    return path.suffix == ".json" and b'"organization.usage.' in head


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    try:
        page = pages.read(path, _REPORT.title, "start_time")
    except Unreadable as error:
        raise usage_pages.explained(path, error, "object") from None
    for result in _REPORT.results(page):
        _check(path, result)
    problems = RowProblems()
    rows = (row for _, row in _rows(path, page, problems))
    return [Rows(_COLUMNS, rows, _REPORT.facts(page, problems))]


def _check(path: Path, result: Result) -> None:
    said = json_text.cell(result.fields.get("object")) or ""
    if _OBJECT.fullmatch(said):
        return
    hint = "expected results of `organization.usage...` in `object`"
    if said == "organization.costs.result":
        hint = "it is a bill: name it under `bills`, with the format `openai-costs`"
    at = pages.line(path, result.number)
    raise Unreadable(f"the file holds `{said}`, which is no usage", hint, line=at)


def _rows(path: Path, page: Mapping[str, Any], problems: RowProblems) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its result."""
    for result in _REPORT.results(page):

        def tell(what: RowProblem, subject: str, number: int = result.number) -> None:
            problems.tell(what, pages.line(path, number), subject)

        if result.is_wide:
            tell(usage_pages.WIDE, str(result.start))
        report = _kind(result.fields)
        if report not in _AMOUNTS:
            tell(_UNKNOWN_REPORT, report)
            continue
        identity = _identity(result, report)
        for meter, unit, quantity in _amounts(result.fields, report, tell):
            requests = quantity if meter == "requests" else "0"
            yield result.number, (*identity, meter, unit, quantity, requests)


def _identity(result: Result, report: str) -> Row:
    """The cells of `_KEY` but the last, which is the meter."""
    names = ("project_id", "api_key_id", "user_id", "vector_store_id", "model")
    details = ("source", "size", "context_level")
    return (
        result.start,
        report,
        *(json_text.cell(result.fields.get(name)) for name in names),
        _tier(result.fields),
        *(json_text.cell(result.fields.get(name)) for name in details),
    )


def _tier(fields: Mapping[str, Any]) -> str | None:
    if json_text.cell(fields.get("batch")) == "true":
        return "batch"
    tier = json_text.cell(fields.get("service_tier"))
    return "standard" if tier in _STANDARD else tier


def _amounts(fields: Mapping[str, Any], report: str, tell: Tell) -> Iterator[tuple[str, str, str]]:
    """Meter, unit and quantity of all that one result counts."""
    for name, meter, unit in _AMOUNTS[report]:
        quantity = json_text.cell(fields.get(name))
        if quantity and number(quantity) is None:
            tell(usage_pages.UNREADABLE, f"{name}: {quantity[:60]}")
        elif quantity:
            yield meter, unit, quantity
    for meter, tokens in _tokens(fields, tell).items():
        if tokens is not None:
            yield meter, "tokens", str(tokens)
    for name in usage_pages.counted(fields, "_tokens"):
        if name not in _CLASSES and not _PART.fullmatch(name):
            tell(usage_pages.UNKNOWN_CLASS, name)


def _tokens(fields: Mapping[str, Any], tell: Tell) -> Mapping[str, int | None]:
    """The disjoint token classes of R11; those that are not stated are None."""

    def stated(name: str) -> int | None:
        return usage_pages.total(fields, [name], tell)

    whole, uncached = stated("input_tokens"), stated(_UNCACHED)
    cached, written = stated(_CACHED), stated(_WRITTEN)
    if whole is not None:
        rest = whole - (cached or 0) - (written or 0)
        if uncached is None and rest < 0:
            tell(_BELOW_ZERO, f"{cached or 0} + {written or 0} of {whole}")
        elif uncached not in (None, rest):
            tell(_SUM_DIFFERS, f"{uncached} + {cached or 0} + {written or 0}, not {whole}")
        uncached = rest if uncached is None else uncached
    return {
        "input_tokens": uncached,
        "cached_input_tokens": cached,
        "cache_write_tokens": written,
        "output_tokens": stated("output_tokens"),
    }


def _kind(fields: Mapping[str, Any]) -> str:
    found = _OBJECT.fullmatch(json_text.cell(fields.get("object")) or "")
    return found[1] if found else ""


def _instant(value: Any) -> str | None:
    """Unix seconds as ISO text; what no calendar has stays as it is, to be named."""
    text = json_text.cell(value)
    if text is None or not re.fullmatch("-?[0-9]{1,11}", text):
        return text
    try:
        return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return text


def _numbers(path: Path) -> Iterator[int]:
    page = pages.read(path, _REPORT.title, "start_time")
    return (number for number, _ in _rows(path, page, RowProblems()))


_REPORT = Report(
    title="an OpenAI usage report",
    start="start_time",
    end="end_time",
    instant=_instant,
    dimensions=(
        "project_id",
        "user_id",
        "api_key_id",
        "model",
        "batch",
        "service_tier",
        "source",
        "size",
        "context_level",
        "vector_store_id",
    ),
    kind=_kind,
)

TELEMETRY = Telemetry(
    name="openai-usage",
    title="OpenAI organisation usage (JSON pages of the usage endpoints)",
    recognises=_recognises,
    read=_read,
    constants={"ServiceProviderName": "OpenAI"},
    natural_key=_KEY,
    across=usage_pages.across,
    line=lambda path, row: usage_pages.line(path, row, _numbers),
)
