"""LiteLLM spend logs: the proxy's own record, one row a call, in all ways in which it is had.

Lines of JSON as the table, the API or a callback writes them, pages of `GET /spend/logs/v2`, lists
of `GET /spend/logs?summarize=false`, and CSV of `\\copy "LiteLLM_SpendLogs" TO ... CSV HEADER`;
lines and CSV also gzipped. Source: BerriAI/litellm, `schema.prisma` and `spend_tracking_utils.py`.

| field | is |
| --- | --- |
| `startTime` | hour (UTC), and the key (R1) with `request_id`, where that is not empty or `None` |
| `custom_llm_provider` | ServiceProviderName, by the table of providers |
| `model`, else `model_group` | x_Model |
| `model_id` | ResourceId |
| `api_key` | x_CredentialId |
| `user`, else `end_user` | x_PrincipalId |
| `call_type` ending in `_batch`, else `service_tier` of the usage | x_Tier |
| `request_tags` | Tags: `k:v`, without colon `true`; `User-Agent: ...` of the proxy is none |
| `user_api_key_team_alias`, else `team_id`, else `user_api_key_team_id` | Tags: `litellm_team` |
| `user_api_key_alias` | Tags: `litellm_key` |
| the call | meter `requests` |
| `prompt_tokens` less those below | meter `input_tokens` |
| `cache_read_input_tokens`, else `cached_tokens` of the usage | meter `cached_input_tokens` |
| `cache_creation_input_tokens`, else `cache_creation_tokens` | meter `cache_write_tokens` |
| `completion_tokens` | meter `output_tokens` |
| `spend` | x_EstimatedCost in US dollars, where the source says `estimated_cost: native` |

Versions differ in whether `prompt_tokens` has the cached ones: where these exceed it, they stand
beside it, else within. A failed call without tokens and one that the gateway answered from its own
cache (`cache_hit` `True`) have the quantity 0, and count as requests. A call that merely reads a
stored answer (`aget_responses`) and one logged twice under two ids look like any other: they count.

What cannot be read of a row stands in its `hour`, in words that are no instant, so that the run
stops and names the line.
"""

import gzip
import json
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from everyline.config.sources import UsageSource
from everyline.problems import Problem
from everyline.sources import delimited, json_text, litellm_query
from everyline.sources.format import Facts
from everyline.sources.line_ends import LINE_BYTES_MAX, refuse_endless
from everyline.sources.litellm_query import COST, FIELDS, HEADER, METADATA
from everyline.sources.row_problems import RowProblem
from everyline.sources.telemetry import METERS, Query, Telemetry
from everyline.sources.unreadable import Unreadable

_SIGNS = (b"request_id", b"call_type", b"startTime")
_NAMES = (".json", ".jsonl", ".ndjson", ".csv", ".json.gz", ".jsonl.gz", ".ndjson.gz", ".csv.gz")

_ROWS_WANTED = (
    "fetch the rows themselves: `GET /spend/logs/v2`, `GET /spend/logs?summarize=false`, or the"
    " table `LiteLLM_SpendLogs` as CSV"
)


def _recognises(path: Path, head: bytes) -> bool:
    return path.name.lower().endswith(_NAMES) and all(sign in head for sign in _SIGNS)


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Query]:
    # Digits of `spend` cost a second look at each line, and are ignored unless asked for (R11).
    cost = source.estimated_cost == "native"
    header = (*HEADER, *COST) if cost else HEADER
    if _is_csv(path):
        sql = litellm_query.of_csv(path, *_csv_header(path), cost=cost)
        return [Query(sql, header)]
    if _first_line(path) is not None:
        return [_query(path, header, cost=cost)]
    document = _document(path)
    lines = unpacked.joinpath("calls.jsonl")
    _write_lines(_calls(document), lines)
    return [replace(_query(lines, header, cost=cost), facts=_page(document))]


def _query(lines: Path, header: tuple[str, ...], *, cost: bool) -> Query:
    quick = litellm_query.of_lines(lines, cost=cost)
    return Query(quick, header, otherwise=litellm_query.of_any_lines(lines, cost=cost))


def _is_csv(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".csv")


def _csv_header(path: Path) -> tuple[tuple[str, ...], str]:
    names, delimiter = delimited.header(path)
    missing = [name for name in ("request_id", "startTime") if name not in names]
    if missing:
        said = " and no column ".join(f"`{name}`" for name in missing)
        raise Unreadable(
            f"the file has no column {said}", _ROWS_WANTED, line=1, name="missing-column"
        )
    return names, delimiter


def _first_line(path: Path) -> str | None:
    """The first line where it is a call, whole or broken; None where the file is one document."""
    try:
        with delimited.opened(path) as file:
            text = next((line for line in file if line.strip()), b"")
        first = _first_call(text)
        # A document may be one line.
        refuse_endless(path, sys.maxsize if first is None else LINE_BYTES_MAX)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        hint = "fetch the file again: it may have been cut off"
        raise Unreadable("the gzip file is damaged, or its end is missing", hint) from None
    return first


def _first_call(text: bytes) -> str | None:
    first = text.decode("utf-8", errors="replace").lstrip("\ufeff").strip()
    if len(text) > LINE_BYTES_MAX or first[:1] != "{" or first == "{":
        return None
    try:
        return first if _is_call(json.loads(first)) else None
    except (ValueError, RecursionError):
        return first if '"request_id"' in first else None


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and "request_id" in value


def _document(path: Path) -> Any:
    with delimited.opened(path) as file:
        return json_text.load(file.read())


def _calls(document: Any) -> Sequence[Mapping[str, Any]]:
    """The calls of a page, a list, or a single call.

    Raises:
        Unreadable: it is another answer of the proxy, such as sums by day, team or customer.
    """
    if _is_call(document):
        return [document]
    calls = document.get("data") if isinstance(document, dict) else document
    if isinstance(calls, list) and all(_is_call(call) for call in calls):
        return calls
    sums = {"group_by_day", "results", "users", "models", "spend", "breakdown", "total_spend"}
    first = calls[0] if isinstance(calls, list) and calls else document
    if isinstance(first, dict) and sums & first.keys():
        said = (
            "the file has sums of spend logs, not the calls: they know no hour, tag or token class"
        )
        raise Unreadable(said, _ROWS_WANTED, line=1)
    raise Unreadable("the file has no LiteLLM spend logs", _ROWS_WANTED, line=1)


def _write_lines(calls: Sequence[Mapping[str, Any]], target: Path) -> None:
    """One call a line, only what is read of it, so that every shape takes one way in."""
    # JSON may hold half of a character, which UTF-8 can't.
    with target.open("w", encoding="utf-8", errors="replace") as file:
        for call in calls:
            kept = {name: call[name] for name in FIELDS if name in call}
            kept["metadata"] = _metadata(call.get("metadata"))
            file.write(json_text.written(kept) + "\n")


def _metadata(value: Any) -> Any:
    """The entries that are read; what is no JSON is left to be named with its line."""
    if isinstance(value, str) and value.strip():
        try:
            value = json_text.load(value.encode(errors="replace"))
        except Unreadable:
            return "no JSON"
    return _kept(value, METADATA) if isinstance(value, dict) else None


def _kept(value: Any, shape: Mapping[str, object]) -> Any:
    if not isinstance(value, dict):
        return value if value is None else json_text.written(value)
    return {
        name: _kept(value[name], inner) if isinstance(inner, Mapping) else value[name]
        for name, inner in shape.items()
        if name in value
    }


def _page(document: Any) -> Mapping[str, object]:
    """For `across`: which page of how many, where the document is one."""
    if not isinstance(document, dict):
        return {}
    at = {name: json_text.cell(document.get(name)) or "" for name in ("page", "total_pages")}
    return {name: int(text) for name, text in at.items() if text.isdecimal() and len(text) < 9}


def _across(files: Sequence[Facts]) -> list[Problem]:
    """Pages after which more follow, but no file has the next."""
    there = {file.facts.get("page") for file in files}
    found = []
    for file in files:
        page, pages = file.facts.get("page"), file.facts.get("total_pages")
        if not (isinstance(page, int) and isinstance(pages, int)):
            continue
        if page < pages and page + 1 not in there:
            found.append(
                Problem(
                    name="missing-page",
                    level="stop",
                    sentence=f"the file is page {page} of {pages}, but no file has the next page",
                    place=file.file,
                    subject=str(page + 1),
                    hint=f"fetch page {page + 1} of the same days, and run again",
                )
            )
    return found


def _line(path: Path, row: int) -> int:
    if _is_csv(path):
        return delimited.line(path, row)
    found = _lines(path, path.stat().st_mtime_ns)
    return found[row - 1] if row <= len(found) else 1


@lru_cache(maxsize=1)
def _lines(path: Path, _: int) -> Sequence[int]:
    """The line at which each call begins."""
    with delimited.opened(path) as file:
        if _first_line(path) is not None:
            return [number for number, text in enumerate(file, 1) if text.strip()]
        text = file.read().decode("utf-8-sig", errors="replace")
    start = text.find("[")
    return list(_starts(text, start + 1)) if start >= 0 and not _is_call_text(text) else [1]


def _is_call_text(text: str) -> bool:
    return _is_call(json_text.load(text.encode(errors="replace")))


def _starts(text: str, at: int) -> Iterator[int]:
    """The lines at which the objects of the list begin whose bracket stands before `at`."""
    decoder, line, counted = json.JSONDecoder(), 1, 0
    while (start := text.find("{", at)) >= 0:
        line += text.count("\n", counted, start)
        yield line
        counted = start
        _, at = decoder.raw_decode(text, start)


_AGAIN = "export it again: the line may have been cut off"

_REFUSED = {
    "no JSON object": RowProblem(
        name="unreadable-file",
        level="stop",
        sentence="the line is no JSON object",
        hint=_AGAIN,
    ),
    "metadata that is no JSON": RowProblem(
        name="unreadable-file",
        level="stop",
        sentence="`metadata` of the line is no JSON",
        hint=_AGAIN,
    ),
    "no startTime": RowProblem(
        name="no-hour",
        level="stop",
        sentence="a call has no `startTime`, so it belongs to no hour",
        hint="export it again with the column `startTime`",
    ),
}
"""What `hour` holds of a line that could not be read, and what is said of it."""

TELEMETRY = Telemetry(
    name="litellm-spend-logs",
    title="LiteLLM spend logs (JSON lines, pages of the API, CSV of the table)",
    recognises=_recognises,
    read=_read,
    meters=METERS,
    refused=_REFUSED,
    natural_key=("request_id", "startTime"),
    key_needed="coalesce(trim(request_id), '') NOT IN ('', 'None')",
    across=_across,
    line=_line,
)
