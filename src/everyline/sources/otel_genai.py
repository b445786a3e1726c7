"""OpenTelemetry GenAI: OTLP in JSON lines, as the Collector's file exporter writes them.

Source: semantic-conventions-genai (spans, metrics), OpenTelemetry protocol; OpenLLMetry,
OpenInference.
Counts come from spans, or from the metric `gen_ai.client.token.usage` where a source has no spans.

| native field | meter or column |
| --- | --- |
| `startTimeUnixNano` (a metric: the start of its interval) | hour |
| `gen_ai.provider.name`, `gen_ai.system`, `llm.provider`, `llm.system` | ServiceProviderName |
| `gen_ai.response.model`, `gen_ai.request.model`, `llm.model_name`, `llm.request.model` | x_Model |
| `server.address` | ResourceId |
| resource attribute `cloud.account.id` | SubAccountId |
| `user.id`, `enduser.id`, `traceloop.association.properties.user_id` | x_PrincipalId |
| `openai.response.service_tier`, `gen_ai.openai.response.service_tier` | x_Tier |
| `gen_ai.usage.input_tokens`, `prompt_tokens`, `llm.usage.prompt_tokens`, \
`llm.token_count.prompt`, less both below | `input_tokens` |
| `gen_ai.usage.cache_read.input_tokens` and its older names | `cached_input_tokens` |
| `gen_ai.usage.cache_creation.input_tokens` and its older names | `cache_write_tokens` |
| `gen_ai.usage.output_tokens` and its older names (reasoning is inside) | `output_tokens` |
| one span of a model call; 0 where it failed and has no tokens | `requests` |
| metric: `sum` of a point by `gen_ai.token.type` | `input_tokens`, `output_tokens` |
| metric: `count` of a point of input, else of output | `requests`, x_RequestCount |
| `service.name`, `service.namespace`, `deployment.environment(.name)`, `k8s.*` names and pod \
labels, `openinference.project.name`, run names, owner words (`calls.OWNER_WORDS`) | Tags |

A call counts once: by trace and span id, and only if no other model call with usage lies below it
in the file (`calls.counted`). Of several generations of names the first above is taken. Cached
tokens are inside the input figure; where they exceed it they stand beside it, which is said. Tags
of the resource go before those of the span, which a caller may write. No list, no map and no value
longer than a name is read, and nothing that is not named here: prompts never survive. Logs repeat
the spans and are not read. Series of a cumulative metric are told apart within one file only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from everyline.config.sources import UsageSource
from everyline.problems import Problem
from everyline.sources import calls, json_objects, json_values, otel_metrics, otlp, quantities
from everyline.sources.format import Facts, Rows
from everyline.sources.otel_names import (
    CALLS,
    COUNTS,
    MODELS,
    PEOPLE,
    PROVIDERS,
    TIERS,
    TOKEN_PREFIXES,
    is_known_count,
    is_wanted,
    owner_tags,
    within,
)
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import METERS, Telemetry
from everyline.sources.unreadable import Unreadable

HEADER = (*calls.COLUMNS, "x_TraceId", "x_SpanId")

_LOGS = RowProblem(
    name="signal-not-read",
    level="warn",
    sentence="lines of logs are not read: they repeat what traces say",
    hint="move files of logs out of this source's path",
)
_REPEATED = RowProblem(
    name="repeated-call",
    level="warn",
    sentence="spans stand in the file more than once, as after a retry; each counts once",
    hint="nothing has to be done",
)
_NO_TIME = RowProblem(
    name="unreadable-date",
    level="stop",
    sentence="a model call has no start time, so it belongs to no hour",
    hint=calls.ASK_AGAIN,
)
_NO_NUMBER = RowProblem(
    name="unreadable-number",
    level="stop",
    sentence="{} of a model call is no number",
    hint=calls.ASK_AGAIN,
)
_NEGATIVE = RowProblem(
    name="negative-quantity",
    level="stop",
    sentence="{} of a model call is negative",
    hint=calls.ASK_AGAIN,
)
_UNKNOWN = RowProblem(
    name="unknown-token-class",
    level="warn",
    sentence="{} counts tokens of a kind that is not known here; they are not counted",
    hint="tell us of the name, and check whether the tokens are part of another figure",
)
_BESIDE = RowProblem(
    name="cached-beside-input",
    level="warn",
    sentence="cached tokens exceed the input tokens of a call: both are counted side by side",
    hint="check whether the instrumentation counts cached tokens inside its input figure",
)
_NO_TOKENS = RowProblem(
    name="call-without-tokens",
    level="warn",
    sentence="model calls that did not fail carry no token counts; they count as requests only",
    hint="check whether streaming answers report their usage",
)
_BOTH = "traces and metrics report the same calls of `{}`: they would count twice"
_BOTH_HINT = "keep one signal in this source, and move the other away"


def _recognises(path: Path, head: bytes) -> bool:
    head = json_values.head(head)
    signs = (b'"resourceSpans"', b'"resourceMetrics"', b'"resourceLogs"')
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and any(s in head for s in signs)


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    problems = RowProblems()
    facts: dict[str, object] = {"problems": problems.told}
    rows = (row for _, row in _numbered(path, problems, facts))
    return [Rows(HEADER, rows, facts)]


@dataclass(slots=True)
class _Kept:
    line: int
    span: otlp.Span


def _numbered(
    path: Path, problems: RowProblems, facts: dict[str, object]
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """Each row and the line at which it stands; a file is read whole before the first."""
    nodes: dict[str, calls.Node] = {}
    kept: dict[str, _Kept] = {}
    points: list[tuple[int, otlp.Point]] = []
    for line, request in json_objects.objects(path, "OTLP export"):
        signals = {name for key, name in otlp.SIGNALS.items() if key in request}
        if not signals:
            hint = "expected `resourceSpans` or `resourceMetrics` on each line"
            raise Unreadable("the line is no OTLP export", hint, line=line)
        if "logs" in signals:
            problems.tell(_LOGS, line, "")
        for number, span in enumerate(otlp.spans(request, is_wanted)):
            key = _key(span) or f"line {line} span {number}"
            if key in nodes and key in kept:
                problems.tell(_REPEATED, line, "")
            nodes[key] = _node(span)
            if nodes[key].is_call or nodes[key].has_usage:
                kept[key] = _Kept(line, span)
        points += ((line, p) for p in otlp.points(request, otel_metrics.NAME, is_wanted))
    used: dict[str, set[str]] = {"traces": set(), "metrics": set()}
    counting = calls.counted(nodes)
    for key, one in kept.items():
        if key in counting and (row := _row(one, nodes[key].is_call, problems)) is not None:
            used["traces"].add(_service_day(one.span.resource, row[0]))
            yield one.line, row
    series, numbered = otel_metrics.rows(points, problems)
    for line, row, service in numbered:
        used["metrics"].add(_service_day(service, row[0]))
        yield line, row
    facts["days"] = {signal: sorted(days) for signal, days in used.items()}
    facts["series"] = series


def _key(span: otlp.Span) -> str | None:
    return f"{span.trace_id} {span.span_id}" if span.trace_id and span.span_id else None


def _node(span: otlp.Span) -> calls.Node:
    has_usage = any(
        (quantities.units(span.attributes.get(name)) or 0) > 0
        for names in COUNTS.values()
        for name in names
    )
    kind = next((k for name in CALLS if (k := span.attributes.get(name)) is not None), "")
    names = CALLS[next((n for n in CALLS if span.attributes.get(n) is not None), "")]
    is_tool = kind.casefold() in ("execute_tool", "tool")
    parent = f"{span.trace_id} {span.parent_id}" if span.parent_id else None
    return calls.Node(parent, kind.casefold() in names, is_tool, has_usage)


def _row(one: _Kept, is_call: bool, problems: RowProblems) -> tuple[str | None, ...] | None:
    span, line = one.span, one.line
    if span.start is None:
        problems.tell(_NO_TIME, line, "")
        return None
    tokens = _tokens(span.attributes, line, problems)
    has_failed = span.has_failed or "error.type" in span.attributes
    answered = bool(any(tokens.values()) or not has_failed)
    read = span.attributes
    stated = [quantities.units(read[n]) for names in COUNTS.values() for n in names if n in read]
    if is_call and answered and all(count == 0 for count in stated):
        problems.tell(_NO_TOKENS, line, "")
    return (
        span.start,
        within(read, PROVIDERS),
        span.resource.get("cloud.account.id"),
        within(read, PEOPLE) or within(span.resource, PEOPLE),
        read.get("server.address"),
        within(read, MODELS),
        calls.tier(within(read, TIERS)),
        "1",
        owner_tags(span.resource, read),
        "1" if answered else "0",
        *(quantities.text(tokens[name]) if tokens[name] else None for name in COUNTS),
        span.trace_id if _key(span) else None,
        span.span_id if _key(span) else None,
    )


def _tokens(read: Mapping[str, str], line: int, problems: RowProblems) -> dict[str, int]:
    """Disjoint counts by meter, in units of 10^-18, and what is odd about them."""
    found = dict.fromkeys(COUNTS, 0)
    for meter, names in COUNTS.items():
        name = next((name for name in names if name in read), None)
        if name is None:
            continue
        count = quantities.units(read[name])
        if count is None:
            problems.tell(_NO_NUMBER, line, name)
        elif count < 0:
            problems.tell(_NEGATIVE, line, name)
        else:
            found[meter] = count
    for name, text in read.items():
        is_unknown = name.startswith(TOKEN_PREFIXES) and not is_known_count(name)
        if is_unknown and (quantities.units(text) or 0) > 0:
            problems.tell(_UNKNOWN, line, name)
    inside = found["cached_input_tokens"] + found["cache_write_tokens"]
    if inside <= found["input_tokens"]:
        found["input_tokens"] -= inside
    elif found["input_tokens"]:
        problems.tell(_BESIDE, line, "")
    return found


def _service_day(resource: Mapping[str, str], hour: str | None) -> str:
    return f"{(hour or '')[:10]} {resource.get('service.name', '')}"


def _across(files: Sequence[Facts]) -> list[Problem]:
    """Two signals of one service and day, and cumulative series that go on in a second file."""
    found = []
    traced = {day: one.file for one in files for day in _days(one, "traces")}
    for one in files:
        for day in _days(one, "metrics"):
            if day in traced:
                sentence = _BOTH.format(day[11:])
                found.append(_stop("two-groupings", sentence, one.file, day, _BOTH_HINT))
                break
    return [*found, *otel_metrics.across(files)]


def _days(one: Facts, signal: str) -> list[str]:
    days = one.facts.get("days")
    return list(days.get(signal, ())) if isinstance(days, dict) else []


def _stop(name: str, sentence: str, file: str, subject: str, hint: str) -> Problem:
    return Problem(
        name=name, level="stop", sentence=sentence, place=file, subject=subject, hint=hint
    )


def _line(path: Path, row: int) -> int:
    found = _lines(path, path.stat().st_mtime_ns)
    return found[row - 1] if row <= len(found) else 1


@lru_cache(maxsize=1)
def _lines(path: Path, _: int) -> list[int]:
    return [line for line, _ in _numbered(path, RowProblems(), {})]


TELEMETRY = Telemetry(
    name="otel-genai",
    title="OpenTelemetry GenAI (OTLP traces or metrics in JSON lines)",
    recognises=_recognises,
    read=_read,
    meters=METERS,
    natural_key=("x_TraceId", "x_SpanId"),
    key_needed="x_SpanId IS NOT NULL",
    across=_across,
    line=_line,
)
