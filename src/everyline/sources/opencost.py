"""OpenCost and Kubecost: answers of `GET /allocation` and `GET /allocation/compute`.

Source: opencost/opencost, `allocation_json.go`, `allocationprops.go`, `window.go`, `swagger.json`.
One or more answers a file, each a list of steps, each step allocations by name.

| native field | meter or column |
| --- | --- |
| `gpuHours` x 3600 | `gpu_seconds` (seconds) |
| `cpuCoreHours` x 3600 | `cpu_core_seconds` (seconds) |
| `ramByteHours` x 3600, less 2^30 bytes a gibibyte | `ram_gib_seconds` (gib_seconds) |
| the same of all allocations of a cluster whose idle is given, and of `__idle__` itself | \
`gpu_seconds_capacity`, `cpu_core_seconds_capacity`, `ram_gib_seconds_capacity` |
| `window` (else the window of its step, else `start` and `end`) | hour |
| `properties.providerID`, else `node` | ResourceId |
| `properties.labels`, under their own names as OpenCost spells them | Tags |
| `properties.namespaceLabels`, as `namespaceLabels.<key>` | Tags |
| `properties.cluster`, `node`, `namespace`, `controller`, `pod`, `container` | Tags; a label of \
such a name is `labels.<key>` |

Provider, account, model and people are null: a cluster knows none. Costs are not read, since they
are list prices and not the bill; annotations are not read, since they hold anything.

A window within one UTC day stands at its first hour. A longer one is spread over the UTC days that
it touches, by their seconds, each part at its first hour: parts sum to the whole, days and months
get what is theirs. Capacity is what was allocated and idle together, so there is none where the
answer has no `__idle__` (ask with `includeIdle=true`); a negative idle counts 0. `__unallocated__`
and `__unmounted__` are use without an owner.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from everyline import money
from everyline.config.sources import UsageSource
from everyline.sources import calls, json_objects, json_values, opencost_windows, quantities
from everyline.sources.format import Rows
from everyline.sources.json_text import cell
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import Telemetry
from everyline.sources.unreadable import Unreadable

HEADER = (
    "hour",
    "ResourceId",
    "x_Meter",
    "x_Unit",
    "x_Quantity",
    "x_RequestCount",
    "Tags",
    "x_Window",
    "x_Allocation",
    "x_Cluster",
    "x_Namespace",
    "x_Pod",
    "x_Container",
)

_GIB = 2**30
# Native hours, meter, unit, and how many native ones a unit has.
_METERS = (
    ("gpuHours", "gpu_seconds", "seconds", 1),
    ("cpuCoreHours", "cpu_core_seconds", "seconds", 1),
    ("ramByteHours", "ram_gib_seconds", "gib_seconds", _GIB),
)
_PLACES = ("cluster", "node", "namespace", "controller", "pod", "container")
_SECONDS_AN_HOUR = 3600
_TITLE = "answer of OpenCost's allocation endpoint"

_NULL = RowProblem(
    name="usage-not-known",
    level="warn",
    sentence="{} is null, which is how OpenCost writes what it could not work out; it counts 0",
    hint="ask again once the cluster's metrics are whole",
)
_NO_NUMBER = RowProblem(
    name="unreadable-number",
    level="stop",
    sentence="{} of an allocation is no number",
    hint="fetch the answer again",
)
_NEGATIVE = RowProblem(
    name="negative-quantity",
    level="stop",
    sentence="{} of an allocation is negative",
    hint="ask OpenCost again, or correct the figure at its source",
)
_NEGATIVE_IDLE = RowProblem(
    name="negative-idle",
    level="warn",
    sentence="{} of `__idle__` is negative: more was allocated than there is; it counts 0",
    hint="check whether all nodes of the cluster are metered",
)
_NO_WINDOW = RowProblem(
    name="unreadable-date",
    level="stop",
    sentence="the allocation {} has no window, so it belongs to no hour",
    hint="fetch the answer again",
)
_WARNING = RowProblem(
    name="answer-not-whole",
    level="warn",
    sentence="OpenCost gave a warning with its answer, which may lack something",
    hint="look into the answer's `warning`, and fetch it again if need be",
)


@dataclass(frozen=True, slots=True)
class _Allocation:
    """One allocation: its window, and the amount of each meter in units of 10^-18."""

    name: str
    window: tuple[datetime, datetime]
    properties: Mapping[str, Any]
    seconds: Mapping[str, int]
    is_idle: bool


def _recognises(path: Path, head: bytes) -> bool:
    head = json_values.head(head)
    signs = (b'"cpuCoreHours"', b'"ramByteHours"', b'"gpuHours"', b'"cpuCoreRequestAverage"')
    return b'"properties"' in head and b'"minutes"' in head and any(s in head for s in signs)


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    problems = RowProblems()
    answers = list(json_objects.objects(path, _TITLE))
    steps = [one for line, answer in answers for one in _steps(answer, line, problems)]
    allocations = [list(_allocations(*step, problems)) for step in steps]
    facts = {
        "problems": problems.told,
        "grouping": opencost_windows.grouping(
            [(one.name, one.properties) for step in allocations for one in step if not one.is_idle]
        ),
        "windows": opencost_windows.by_cluster(
            (cell(one.properties.get("cluster")) or "", one.window)
            for step in allocations
            for one in step
        ),
    }
    rows = (row for step in allocations for row in _of_step(step))
    return [Rows(HEADER, rows, facts)]


def _steps(
    answer: Mapping[str, Any], line: int, problems: RowProblems
) -> Iterator[tuple[Mapping[str, Any], int]]:
    code = cell(answer.get("code"))
    if (code is not None and not code.startswith("2")) or answer.get("status") == "error":
        hint = "the answer is an error message: fetch it again"
        raise Unreadable(f"the file is no {_TITLE}", hint, line=line)
    steps = answer.get("data")
    if isinstance(steps, dict):
        steps = [steps]
    if not isinstance(steps, list) or not all(isinstance(s, dict | None) for s in steps):
        hint = "expected an object with a list `data` of steps"
        raise Unreadable(f"the file is no {_TITLE}", hint, line=line)
    if cell(answer.get("warning")):
        problems.tell(_WARNING, line, "")
    yield from ((step, line) for step in steps if step)


def _allocations(
    step: Mapping[str, Any], line: int, problems: RowProblems
) -> Iterator[_Allocation]:
    given = {name: one for name, one in step.items() if isinstance(one, dict)}
    windows = (_window(one.get("window")) for one in given.values())
    of_step = next((window for window in windows if window), None)
    for name, one in given.items():
        window = _window(one.get("window")) or of_step or _window(one)
        properties = one.get("properties")
        is_idle = name.split("/")[-1] == "__idle__"
        seconds = {
            meter: _seconds(one, hours, per_unit, (is_idle, line), problems)
            for hours, meter, _, per_unit in _METERS
        }
        if window is None:
            if any(seconds.values()):
                problems.tell(_NO_WINDOW, line, name)
            continue
        known = properties if isinstance(properties, dict) else {}
        yield _Allocation(name, window, known, seconds, is_idle)


def _seconds(
    one: Mapping[str, Any],
    hours: str,
    per_unit: int,
    place: tuple[bool, int],
    problems: RowProblems,
) -> int:
    """The seconds of one meter in units of 10^-18; `place` is whether it is idle, and the line."""
    is_idle, line = place
    text = cell(one.get(hours))
    if text is None:
        if hours in one:
            problems.tell(_NULL, line, hours)
        return 0
    found = quantities.units(text)
    if found is None:
        problems.tell(_NO_NUMBER, line, hours)
        return 0
    if found < 0:
        problems.tell(_NEGATIVE_IDLE if is_idle else _NEGATIVE, line, hours)
        return 0
    return (found * _SECONDS_AN_HOUR + per_unit // 2) // per_unit


def _window(given: Any) -> tuple[datetime, datetime] | None:
    start, end = (
        (_instant(given.get(name)) for name in ("start", "end"))
        if isinstance(given, dict)
        else (None, None)
    )
    return (start, end) if start and end and start < end else None


def _instant(value: Any) -> datetime | None:
    text = cell(value) or ""
    if not re.match("[0-9]{4}-", text):
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        # A window is cut at midnights, so there has to be one more.
        found + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return found


def _of_step(step: Sequence[_Allocation]) -> Iterator[tuple[str | None, ...]]:
    idle = {cell(one.properties.get("cluster")) for one in step if one.is_idle}
    for one in step:
        tags = calls.tags(_tags(one.properties))
        cluster = cell(one.properties.get("cluster"))
        # Where allocations or idle are of no one cluster, they are of any.
        has_capacity = bool(idle) and (cluster is None or None in idle or cluster in idle)
        for _, meter, unit, _ in _METERS:
            if not one.seconds[meter]:
                continue
            for hour, part in spread(one.seconds[meter], one.window).items():
                if not one.is_idle:
                    yield _row(one, hour, (meter, unit, part), tags)
                if has_capacity:
                    yield _row(one, hour, (f"{meter}_capacity", unit, part), tags)


def spread(seconds: int, window: tuple[datetime, datetime]) -> Mapping[str, int]:
    """The parts of an amount in each UTC day of a window, by the first hour of each."""
    start, end = window
    weights: dict[str, int] = {}
    while start < end:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        until = min(midnight, end)
        hour = start.replace(minute=0, second=0, microsecond=0, tzinfo=None)
        weights[f"{hour.isoformat()}Z"] = (until - start) // timedelta(microseconds=1)
        start = until
    return money.split(seconds, weights)


def _row(
    one: _Allocation, hour: str, amount: tuple[str, str, int], tags: str | None
) -> tuple[str | None, ...]:
    meter, unit, quantity = amount
    start, end = (instant.isoformat() for instant in one.window)
    return (
        hour,
        _named(one.properties, "providerID") or _named(one.properties, "node"),
        meter,
        unit,
        quantities.text(quantity),
        "0",
        tags,
        f"{start} {end}",
        one.name,
        *(_named(one.properties, name) for name in ("cluster", "namespace", "pod", "container")),
    )


def _named(properties: Mapping[str, Any], name: str) -> str | None:
    """A property; None where OpenCost says by `__...__` that there is none."""
    found = cell(properties.get(name))
    return None if found is None or found.startswith("__") else found


def _tags(properties: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    for name in _PLACES:
        yield name, _named(properties, name)
    for holder in ("labels", "namespaceLabels"):
        labels = properties.get(holder)
        for key, value in labels.items() if isinstance(labels, dict) else ():
            is_plain = holder == "labels" and key not in _PLACES
            yield key if is_plain else f"{holder}.{key}", cell(value)


def _line(path: Path, row: int) -> int:
    """Answers are one value: a row's place in the text is not known."""
    return 1


TELEMETRY = Telemetry(
    name="opencost",
    title="OpenCost and Kubecost allocation (JSON answers of the allocation endpoint)",
    recognises=_recognises,
    read=_read,
    natural_key=(
        "x_Window",
        "x_Allocation",
        "x_Cluster",
        "x_Namespace",
        "x_Pod",
        "x_Container",
        "x_Meter",
        "hour",
    ),
    across=opencost_windows.across,
    line=_line,
)
