"""Langfuse: observations as the blob export, the API or the trace download have them.

Source: langfuse/langfuse, API definitions, export field lists, ClickHouse migrations. Files: JSON
lines, JSON, CSV (each plain or gzipped) and Parquet of `observations` or `observations_v2`; pages
of `GET /observations` v1 and v2; one trace as the user interface saves it.

| native field (blob, API) | meter or column |
| --- | --- |
| `start_time`, `startTime` | hour |
| `provided_model_name`, `providedModelName`, `model` | x_Model |
| the same, where the table of model names knows whose API calls it so | ServiceProviderName |
| `user_id`, `userId` | x_PrincipalId |
| `total_cost`, `totalCost`, `calculatedTotalCost`, where above 0 | x_EstimatedCost, USD |
| `usage_details`: `input`, `input_audio`, `input_text`, `input_image` | `input_tokens` |
| `input_cached_tokens`, `input_cache_read`, `cache_read_input_tokens` | `cached_input_tokens` |
| `input_cache_creation`, `.._5m`, `.._1h`, `cache_creation_input_tokens` | `cache_write_tokens` |
| `output`, `output_reasoning(_tokens)`, `output_audio`, `output_text`, `output_image` | \
`output_tokens` |
| one GENERATION or EMBEDDING; 0 where `level` is ERROR and there are no tokens | `requests` |
| `tags` (`k:v`; without colon the value is `true`), `environment`, `session_id`, `trace_name`, \
`release`, `project_id` (as `langfuse_project`), owner words of `metadata` (`calls.OWNER_WORDS`) | \
Tags |

SubAccountId, x_CredentialId, ResourceId and x_Tier are null: Langfuse does not know them. A call
counts once: of several versions of one observation the latest `updated_at`, and only if no other
model call with usage lies below it in the file (`calls.counted`). Keys of `usage_details` are
disjoint; `prompt_details.*` and `completion_details.*` are parts of `input` and `output`, and so
are all others where `total` is `input` + `output` alone. An unknown key is a problem, not a token.
Inputs, outputs, status messages, tools and other metadata are never read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from everyline.config.sources import UsageSource
from everyline.sources import calls, json_values, langfuse_files, quantities
from everyline.sources.format import Rows
from everyline.sources.json_text import cell
from everyline.sources.langfuse_usage import has_usage, tokens
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import METERS, Telemetry
from everyline.sources.vendors import vendor_of

HEADER = (
    *calls.COLUMNS,
    "x_EstimatedCost",
    "x_EstimatedCurrency",
    "x_TraceId",
    "x_ObservationId",
)

_CALLS = ("GENERATION", "EMBEDDING")

_NOT_ONE = RowProblem(
    name="rows-left-aside",
    level="warn",
    sentence="rows that are no observations are not read: traces and scores count no tokens",
    hint="export `observations_v2`, which has the tags and users of traces, and move others away",
)
_REPEATED = RowProblem(
    name="repeated-call",
    level="warn",
    sentence="observations stand in the file in several versions; the latest of each counts",
    hint="nothing has to be done",
)
_NO_TIME = RowProblem(
    name="unreadable-date",
    level="stop",
    sentence="an observation with usage has no start time, so it belongs to no hour",
    hint=calls.ASK_AGAIN,
)
_NO_COST = RowProblem(
    name="unreadable-number",
    level="warn",
    sentence="{} of an observation is no number, or below 0; its cost is taken as not stated",
    hint=calls.ASK_AGAIN,
)
_TAGS = RowProblem(
    name="conflicting-tags",
    level="warn",
    sentence="an observation has two different values for the tag {}; neither is taken",
    hint="let the application write one value for each key",
)


@dataclass(slots=True)
class _Kept:
    line: int
    updated: str
    observation: Mapping[str, Any]


def _recognises(path: Path, head: bytes) -> bool:
    head = json_values.head(head)
    camel = (b'"traceId"', b'"startTime"', b'"usageDetails"')
    columns = (b"trace_id", b"parent_observation_id", b"usage_details")
    return all(sign in head for sign in camel) or all(sign in head for sign in columns)


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    problems = RowProblems()
    facts: dict[str, object] = {"problems": problems.told}
    rows = (row for _, row in _numbered(path, problems, facts))
    return [Rows(HEADER, rows, facts)]


def _numbered(
    path: Path, problems: RowProblems, facts: dict[str, object]
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """Each row and the line at which it stands; a file is read whole before the first."""
    nodes: dict[str, calls.Node] = {}
    kept: dict[str, _Kept] = {}
    for line, observation in langfuse_files.observations(path, facts):
        if "type" not in observation or "id" not in observation:
            problems.tell(_NOT_ONE, line, "")
            continue
        key = _key(observation, "id") or f"line {line}"
        updated = langfuse_files.ordered(_text(observation, "updated_at"))
        if key in kept:
            problems.tell(_REPEATED, line, "")
            if updated < kept[key].updated:
                continue
        kept[key] = _Kept(line, updated, observation)
        kind = (_text(observation, "type") or "").upper()
        parent = _key(observation, "parent_observation_id")
        nodes[key] = calls.Node(parent, kind in _CALLS, kind == "TOOL", has_usage(observation))
    counting = calls.counted(nodes)
    for key, one in kept.items():
        if key in counting:
            if _text(one.observation, "start_time") is None:
                problems.tell(_NO_TIME, one.line, "")
                continue
            yield one.line, _row(one, problems)


def _row(one: _Kept, problems: RowProblems) -> tuple[str | None, ...]:
    observation, line = one.observation, one.line
    counts = tokens(observation, line, problems)
    answered = any(counts.values()) or _text(observation, "level") != "ERROR"
    model = _text(observation, "model")
    cost = _cost(observation, line, problems)
    return (
        langfuse_files.instant(_text(observation, "start_time")),
        vendor_of(model),
        None,
        _text(observation, "user_id"),
        None,
        model,
        None,
        "1",
        calls.tags(_tags(observation, line, problems)),
        "1" if answered else "0",
        *(quantities.text(count) if count else None for count in counts.values()),
        cost,
        "USD" if cost else None,
        _text(observation, "trace_id"),
        _text(observation, "id"),
    )


def _cost(observation: Mapping[str, Any], line: int, problems: RowProblems) -> str | None:
    """The cost that the observation states; 0 is how an unknown price is written."""
    text = _text(observation, "total_cost")
    cost = quantities.units(text)
    if text is not None and (cost is None or cost < 0):
        problems.tell(_NO_COST, line, "total_cost")
    return text if cost and cost > 0 else None


def _tags(
    observation: Mapping[str, Any], line: int, problems: RowProblems
) -> list[tuple[str, str | None]]:
    """What the observation says of an owner; what was written as a tag goes first."""
    found: dict[str, str | None] = {}
    conflicts: set[str] = set()
    for tag in observation.get("tags") or ():
        key, colon, value = (cell(tag) or "").partition(":")
        key, value = key.strip(), value.strip() if colon else "true"
        if calls.plain(key) == key and found.setdefault(key, value) != value:
            conflicts.add(key)
            problems.tell(_TAGS, line, key)
    metadata = observation.get("metadata")
    said = metadata.items() if isinstance(metadata, dict) else ()
    return [
        *((key, value) for key, value in found.items() if key not in conflicts),
        *((name, _text(observation, name)) for name in ("environment", "session_id")),
        *((name, _text(observation, name)) for name in ("trace_name", "release")),
        ("langfuse_project", _text(observation, "project_id")),
        *((key, cell(value)) for key, value in said if calls.is_owner_word(key)),
    ]


def _key(observation: Mapping[str, Any], name: str) -> str | None:
    found = _text(observation, name)
    return f"{_text(observation, 'trace_id')} {found}" if found else None


def _text(observation: Mapping[str, Any], name: str) -> str | None:
    return cell(observation.get(name))


def _line(path: Path, row: int) -> int:
    found = _lines(path, path.stat().st_mtime_ns)
    return found[row - 1] if row <= len(found) else 1


@lru_cache(maxsize=1)
def _lines(path: Path, _: int) -> list[int]:
    return [line for line, _ in _numbered(path, RowProblems(), {})]


TELEMETRY = Telemetry(
    name="langfuse",
    title="Langfuse observations (blob export, API pages, trace download)",
    recognises=_recognises,
    read=_read,
    meters=METERS,
    natural_key=("x_TraceId", "x_ObservationId"),
    key_needed="x_ObservationId IS NOT NULL",
    across=langfuse_files.across,
    line=_line,
)
