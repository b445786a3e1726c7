"""OTLP in JSON: what an export request holds, read by names that are wanted.

Source: opentelemetry-proto examples, OTLP file exporter. One export request a line; each holds one
signal. Ids are hex in any case, or base64 where the writer is a plain protobuf one; 64-bit integers
are texts or numbers.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from everyline.sources import quantities
from everyline.sources.json_text import cell

SIGNALS = {"resourceSpans": "traces", "resourceMetrics": "metrics", "resourceLogs": "logs"}

_HEX = re.compile("[0-9a-f]+")
_PLAIN_VALUES = ("stringValue", "intValue", "doubleValue", "boolValue")

Attributes = Mapping[str, str]
Wanted = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Span:
    """One span: its ids, and the attributes that were asked for."""

    trace_id: str | None
    span_id: str | None
    parent_id: str | None
    start: str | None
    has_failed: bool
    attributes: Attributes
    resource: Attributes


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a sum or histogram, cumulative or a difference."""

    is_cumulative: bool
    start_nanos: int
    end_nanos: int
    count: str | None
    total: str | None
    attributes: Attributes
    resource: Attributes


def spans(request: Mapping[str, Any], wanted: Wanted) -> Iterator[Span]:
    """The spans of one export request, in order."""
    for of_resource in _list(request, "resourceSpans", "resource_spans"):
        resource = attributes(of_resource.get("resource"), wanted)
        for scope in _list(of_resource, "scopeSpans", "instrumentationLibrarySpans"):
            for span in _list(scope, "spans"):
                trace_id = hex_id(span.get("traceId"), 16)
                status = span.get("status")
                code = cell(status.get("code")) if isinstance(status, dict) else None
                yield Span(
                    trace_id,
                    hex_id(span.get("spanId"), 8),
                    hex_id(span.get("parentSpanId"), 8),
                    hour_text(nanos(span.get("startTimeUnixNano"))),
                    code in ("2", "STATUS_CODE_ERROR"),
                    attributes(span, wanted),
                    resource,
                )


def points(request: Mapping[str, Any], metric: str, wanted: Wanted) -> Iterator[Point]:
    """The points of one metric in an export request, whatever its kind."""
    for of_resource in _list(request, "resourceMetrics", "resource_metrics"):
        resource = attributes(of_resource.get("resource"), wanted)
        for scope in _list(of_resource, "scopeMetrics", "instrumentationLibraryMetrics"):
            for one in _list(scope, "metrics"):
                if one.get("name") != metric:
                    continue
                for kind in ("histogram", "exponentialHistogram", "sum"):
                    body = one.get(kind)
                    if not isinstance(body, dict):
                        continue
                    temporality = cell(body.get("aggregationTemporality"))
                    is_cumulative = temporality in ("2", "AGGREGATION_TEMPORALITY_CUMULATIVE")
                    for point in _list(body, "dataPoints"):
                        yield Point(
                            is_cumulative,
                            nanos(point.get("startTimeUnixNano")),
                            nanos(point.get("timeUnixNano")),
                            cell(point.get("count")),
                            _first(point, ("sum", "asInt", "asDouble")),
                            attributes(point, wanted),
                            resource,
                        )


def attributes(holder: Any, wanted: Wanted) -> dict[str, str]:
    """The attributes of a span, point or resource that are wanted and no list or map."""
    found: dict[str, str] = {}
    for one in _list(holder, "attributes") if isinstance(holder, dict) else ():
        key, value = one.get("key"), one.get("value")
        if not (isinstance(key, str) and isinstance(value, dict) and wanted(key)):
            continue
        if (text := _first(value, _PLAIN_VALUES)) is not None:
            found[key] = text
    return found


def hex_id(value: Any, size_bytes: int) -> str | None:
    """An id in lower-case hex; None where it is empty, zero, or none of `size_bytes`."""
    text = cell(value)
    if text is None:
        return None
    found = text.lower()
    if len(found) != 2 * size_bytes or not _HEX.fullmatch(found):
        try:
            found = base64.b64decode(text, validate=True).hex()
        except (binascii.Error, ValueError):
            return None
    return found if len(found) == 2 * size_bytes and found.strip("0") else None


def nanos(value: Any) -> int:
    """Nanoseconds since 1970; 0 where they are absent or no whole number."""
    text = cell(value) or ""
    return int(text) if re.fullmatch("[0-9]{1,20}", text) else 0


def hour_text(nanoseconds: int) -> str | None:
    """The instant as ISO text; None for 0, which is how OTLP says that it is not known."""
    return quantities.instant(nanoseconds // 10**6) if nanoseconds else None


def _first(holder: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := cell(holder.get(name))) is not None), None)


def _list(holder: Mapping[str, Any], *names: str) -> list[dict[str, Any]]:
    """The objects in the first list of these names; what is no object is no part of OTLP."""
    for name in names:
        if isinstance(found := holder.get(name), list):
            return [one for one in found if isinstance(one, dict)]
    return []
