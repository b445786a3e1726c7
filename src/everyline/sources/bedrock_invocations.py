"""Amazon Bedrock model invocation logs: one record a call, from S3 or from CloudWatch.

Source: the Bedrock User Guide, model invocation logging, schema `ModelInvocationLog` 1.0. Files are
JSON lines, plain or gzipped as S3 has them; records laid out over lines; or answers of CloudWatch
(`filter-log-events`, `get-log-events`, a subscription's `logEvents`), whose `message` is a record.

| field | meter, unit |
| --- | --- |
| a record | `requests`, requests: 1; 0 where `errorCode` stands and no token is counted |
| `input.inputTokenCount` | `input_tokens`, tokens |
| `input.cacheReadInputTokenCount` | `cached_input_tokens`, tokens |
| `input.cacheWriteInputTokenCount` | `cache_write_tokens`, tokens; for how long is not told |
| `output.outputTokenCount` | `output_tokens`, tokens |

| field | column |
| --- | --- |
| `timestamp` | hour |
| `accountId` | SubAccountId |
| `modelId` | x_Model; of the ARN of a foundation model or system profile what follows the `/` |
| `modelId`, where it is the ARN of anything but a foundation model | ResourceId |
| `identity.arn`, an assumed role: without the name of its session | x_CredentialId |
| `identity.arn`: name of the session, or of the user | x_PrincipalId |
| `serviceTier` | x_Tier; `default` and `on_demand` are `standard` |
| `requestMetadata` | Tags, its keys as they are; the caller writes them |

The ARN of an application inference profile names no model: it stays in x_Model as well, so that
`models` can say which one it is. The bodies, which hold prompts and answers, are never taken out of
a record. Natural key: `requestId`, `timestamp`, `accountId`, `modelId`; a record without a request
id always counts. Streams and retries are written once each; S3 and CloudWatch may both have a call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from everyline.config.sources import UsageSource
from everyline.sources import json_text, json_values, usage_pages
from everyline.sources.format import Rows
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import METERS, Telemetry
from everyline.sources.unreadable import Unreadable

_KEY = ("x_RequestId", "hour", "SubAccountId", "x_Model")
_COLUMNS = (
    *_KEY,
    "x_CredentialId",
    "x_PrincipalId",
    "ResourceId",
    "x_Tier",
    "Tags",
    *METERS,
)

_COUNTS = {
    "input": ("inputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"),
    "output": ("outputTokenCount",),
}
_TOTAL = "totalTokenCount"

_STANDARD = {"default", "on_demand", "auto"}
_NAMED_BY_MODEL = ("foundation-model/", "inference-profile/")
_HINT = (
    "expected records with `schemaType` `ModelInvocationLog`; leave large bodies (`data/`) and the "
    "permission check out of `path`"
)

_NO_RECORD = RowProblem(
    name="not-an-invocation",
    level="warn",
    sentence="records of {} are no model invocations and are not read",
    hint="leave other logs out of `path`",
)
_UNKNOWN_CLASS = RowProblem(
    name="unknown-token-class",
    level="warn",
    sentence="records count {}, which everyline does not know: it is not read",
    hint="look for a newer everyline; the other meters of these calls are read",
)
_GOES_ON = RowProblem(
    name="log-goes-on",
    level="warn",
    sentence="the answer goes on ({}); whether another file has the rest, no file says",
    hint="nothing to do if all pages are there, as `aws logs filter-log-events` fetches them",
)


_FAILED_WITH_TOKENS = RowProblem(
    name="failed-call-with-tokens",
    level="warn",
    sentence="calls that failed ({}) have token counts; these count as usage",
    hint="nothing to do if they are few; throttled calls are not billed",
)


class _Entry(NamedTuple):
    """A record, the line at which it stands, and the wrapper's sign that more follows."""

    record: Any
    line: int
    goes_on: str


def _recognises(path: Path, head: bytes) -> bool:
    text = json_values.head(head).replace(b"\\", b"")
    return b'"ModelInvocationLog"' in text and b'"modelId"' in text


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    first = next(_entries(path), None)
    if first is not None and not _is_record(first.record):
        raise Unreadable("the file is no invocation log of Bedrock", _HINT, line=first.line)
    problems = RowProblems()
    return [Rows(_COLUMNS, _rows(path, problems), {"problems": problems.told})]


def _entries(path: Path) -> Iterator[_Entry]:
    """The records of a file, out of whatever they are wrapped in."""
    for line, value in json_values.values(path):
        for one in value if isinstance(value, list) else [value]:
            events = _events(one)
            if events is None:
                yield _Entry(one, line, "")
                continue
            goes_on = "nextToken" if json_text.cell(one.get("nextToken")) else ""
            for event in events:
                yield _Entry(_message(event, line), line, goes_on)


def _events(value: Any) -> list[Any] | None:
    """The events of an answer of CloudWatch; None if it is none."""
    if not isinstance(value, dict):
        return None
    found = value.get("events", value.get("logEvents"))
    return found if isinstance(found, list) else None


def _message(event: Any, line: int) -> Any:
    """The record in the message of an event; what is no JSON stays a text, to be named."""
    message = event.get("message") if isinstance(event, dict) else None
    if not isinstance(message, str) or not message.lstrip().startswith("{"):
        return message
    return json_text.load(message.encode(), first_line=line)


def _is_record(value: Any) -> bool:
    if not isinstance(value, dict) or not json_text.cell(value.get("modelId")):
        return False
    return json_text.cell(value.get("schemaType")) in (None, "ModelInvocationLog")


def _rows(path: Path, problems: RowProblems) -> Iterator[tuple[str | None, ...]]:
    for entry in _entries(path):

        def tell(what: RowProblem, subject: str, line: int = entry.line) -> None:
            problems.tell(what, line, subject)

        if entry.goes_on:
            tell(_GOES_ON, entry.goes_on)
        if not _is_record(entry.record):
            tell(_NO_RECORD, _schema(entry.record))
            continue
        yield _row(entry.record, tell)


def _schema(value: Any) -> str:
    found = json_text.cell(value.get("schemaType")) if isinstance(value, dict) else None
    return found or "no schema"


def _row(
    record: Mapping[str, Any], tell: Callable[[RowProblem, str], None]
) -> tuple[str | None, ...]:
    model, resource = _model(json_text.cell(record.get("modelId")))
    credential, principal = _caller(record.get("identity"))
    tokens = _tokens(record, tell)
    error = json_text.cell(record.get("errorCode"))
    is_failed = error is not None and not any(n and usage_pages.count(n) != 0 for n in tokens)
    if error is not None and not is_failed:
        tell(_FAILED_WITH_TOKENS, error)
    metadata = record.get("requestMetadata")
    return (
        json_text.cell(record.get("requestId")),
        json_text.cell(record.get("timestamp")),
        json_text.cell(record.get("accountId")),
        model,
        credential,
        principal,
        resource,
        _tier(record.get("serviceTier")),
        json_text.written(metadata) if isinstance(metadata, dict) and metadata else None,
        "0" if is_failed else "1",
        *tokens,
    )


def _tokens(record: Mapping[str, Any], tell: Callable[[RowProblem, str], None]) -> list[str | None]:
    """The counts in the order of METERS; only fields whose names say so are looked at."""
    found: list[str | None] = []
    for side, names in _COUNTS.items():
        part = record.get(side)
        part = part if isinstance(part, dict) else {}
        found += [json_text.cell(part.get(name)) for name in names]
        unknown = {n: v for n, v in part.items() if n.endswith("TokenCount") and n not in names}
        for name in usage_pages.counted(unknown):
            if name != _TOTAL:
                tell(_UNKNOWN_CLASS, f"{side}.{name}")
    return found


def _model(native: str | None) -> tuple[str | None, str | None]:
    """x_Model and ResourceId of a model id, which may be an ARN."""
    if native is None or not native.startswith("arn:"):
        return native, None
    thing = native.split(":", 5)[-1]
    named = next((p for p in _NAMED_BY_MODEL if thing.startswith(p)), None)
    model = thing.removeprefix(named) if named else native
    return model, None if named == "foundation-model/" else native


def _caller(identity: Any) -> tuple[str | None, str | None]:
    """x_CredentialId and x_PrincipalId: the role without its session, and who used it."""
    arn = json_text.cell(identity.get("arn")) if isinstance(identity, dict) else None
    if arn is None:
        return None, None
    before, slash, name = arn.rpartition("/")
    if ":assumed-role/" in arn and before.count("/") >= 1:
        return before, name or None
    return None, name if slash else arn


def _tier(native: Any) -> str | None:
    tier = json_text.cell(native.get("type") if isinstance(native, dict) else native)
    return "standard" if tier in _STANDARD else tier


def _line(path: Path, row: int) -> int:
    found = _lines(path, path.stat().st_mtime_ns)
    return found[row - 1] if row <= len(found) else 1


@lru_cache(maxsize=8)
def _lines(path: Path, _: int) -> tuple[int, ...]:
    return tuple(entry.line for entry in _entries(path) if _is_record(entry.record))


TELEMETRY = Telemetry(
    name="bedrock-invocations",
    title="Amazon Bedrock model invocation logs (from S3 or CloudWatch)",
    recognises=_recognises,
    read=_read,
    constants={"ServiceProviderName": "Amazon Web Services"},
    meters=METERS,
    natural_key=_KEY,
    key_needed="x_RequestId IS NOT NULL",
    line=_line,
)
