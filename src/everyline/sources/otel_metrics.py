"""The metric `gen_ai.client.token.usage`: tokens and calls of each interval.

A difference (temporality 1) is the amount of its interval. A cumulative point (2) is the amount
since its series began: what counts is the difference to the point before, and the whole where the
series began anew (another start, or a smaller sum). Points are put in order of time first, since a
file has none. An interval stands at its start; the metric has no split of cached tokens.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from everyline.problems import Problem
from everyline.sources import otlp, quantities
from everyline.sources.calls import ASK_AGAIN
from everyline.sources.format import Facts
from everyline.sources.otel_names import MODELS, PROVIDERS, owner_tags, within
from everyline.sources.row_problems import RowProblem, RowProblems

NAME = "gen_ai.client.token.usage"

_TYPES = {
    "input": "input_tokens",
    "prompt": "input_tokens",
    "output": "output_tokens",
    "completion": "output_tokens",
}
_UNKNOWN = RowProblem(
    name="unknown-token-class",
    level="warn",
    sentence="`gen_ai.token.type` {} is not known here; its tokens are not counted",
    hint="tell us of the name, and check whether the tokens are part of another figure",
)
_NO_NUMBER = RowProblem(
    name="unreadable-number",
    level="stop",
    sentence="the {} of a point is no number, or below 0",
    hint=ASK_AGAIN,
)
_NO_TIME = RowProblem(
    name="unreadable-date",
    level="stop",
    sentence="a point has no time, so it belongs to no hour",
    hint=ASK_AGAIN,
)

Row = tuple[str | None, ...]
_Numbered = tuple[int, Row, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Step:
    """One amount of one series and interval, in units of 10^-18."""

    line: int
    start: int
    meter: str
    tokens: int
    count: int
    point: otlp.Point


def rows(
    points: Sequence[tuple[int, otlp.Point]], problems: RowProblems
) -> tuple[dict[str, list[str]], Iterator[_Numbered]]:
    """The cumulative series of a file, each with its first and last time; and its rows."""
    of_series: dict[str, list[tuple[int, otlp.Point]]] = defaultdict(list)
    for line, point in points:
        if not point.end_nanos:
            problems.tell(_NO_TIME, line, "")
        elif (token_type := point.attributes.get("gen_ai.token.type", "")) not in _TYPES:
            if (quantities.units(point.total) or 0) > 0:
                problems.tell(_UNKNOWN, line, token_type)
        else:
            of_series[_identity(point)].append((line, point))
    spans: dict[str, list[str]] = {}
    steps: list[_Step] = []
    for name, found in of_series.items():
        found.sort(key=lambda one: (one[1].start_nanos, one[1].end_nanos))
        if found[0][1].is_cumulative:
            ends = [point.end_nanos for _, point in found]
            spans[name] = [str(found[0][1].start_nanos), str(min(ends)), str(max(ends))]
        steps += _steps(found, problems)
    return spans, _rows(steps)


def _identity(point: otlp.Point) -> str:
    """What tells series apart: resource, attributes and temporality."""
    parts = [sorted(point.resource.items()), sorted(point.attributes.items()), point.is_cumulative]
    return json.dumps(parts)


def _steps(found: Sequence[tuple[int, otlp.Point]], problems: RowProblems) -> Iterator[_Step]:
    before: tuple[otlp.Point, int, int] | None = None
    for line, point in found:
        total, count = quantities.units(point.total), quantities.units(point.count or "0")
        if total is None or count is None or total < 0 or count < 0:
            problems.tell(_NO_NUMBER, line, "sum" if total is None or total < 0 else "count")
            continue
        start, tokens, more = point.start_nanos or point.end_nanos, total, count
        if before is not None:
            last, last_total, last_count = before
            if (last.start_nanos, last.end_nanos) == (point.start_nanos, point.end_nanos):
                continue  # A retried batch repeats its points.
            goes_on = last.start_nanos == point.start_nanos and total >= last_total
            if point.is_cumulative and goes_on and count >= last_count:
                start, tokens, more = last.end_nanos, total - last_total, count - last_count
            elif point.is_cumulative and last.start_nanos == point.start_nanos:
                start = last.end_nanos
        before = point, total, count
        meter = _TYPES[point.attributes["gen_ai.token.type"]]
        yield _Step(line, start, meter, tokens, more, point)


def _rows(steps: Sequence[_Step]) -> Iterator[_Numbered]:
    """One row for the input and output of an interval; calls are those that had input."""
    together: dict[tuple[str, int], dict[str, _Step]] = defaultdict(dict)
    for step in steps:
        attributes = {k: v for k, v in step.point.attributes.items() if k != "gen_ai.token.type"}
        parts = [sorted(step.point.resource.items()), sorted(attributes.items())]
        together[json.dumps([*parts, step.point.end_nanos]), step.start][step.meter] = step
    for of_interval in together.values():
        first = of_interval.get("input_tokens") or of_interval["output_tokens"]
        tokens = {meter: step.tokens for meter, step in of_interval.items()}
        yield first.line, _row(first, tokens), first.point.resource


def _row(step: _Step, tokens: Mapping[str, int]) -> Row:
    read, resource = step.point.attributes, step.point.resource
    requests = quantities.text(step.count)
    written = {meter: quantities.text(count) for meter, count in tokens.items() if count}
    return (
        otlp.hour_text(step.start),
        within(read, PROVIDERS),
        resource.get("cloud.account.id"),
        None,
        read.get("server.address"),
        within(read, MODELS),
        None,
        requests,
        owner_tags(resource, read),
        requests,
        written.get("input_tokens"),
        None,
        None,
        written.get("output_tokens"),
        None,
        None,
    )


def across(files: Sequence[Facts]) -> list[Problem]:
    """A cumulative series that goes on in a second file: its first point repeats the other's."""
    found = []
    seen: dict[tuple[str, str], str] = {}
    for one in files:
        series = one.facts.get("series")
        for name, (start, *_) in series.items() if isinstance(series, dict) else ():
            other = seen.setdefault((name, start), one.file)
            if other != one.file:
                found.append(
                    Problem(
                        name="series-in-two-files",
                        level="stop",
                        sentence=f"a cumulative series of `{NAME}` goes on from `{other}`: what "
                        "that file counted would count twice",
                        place=one.file,
                        subject=other,
                        hint="join the two files into one, or export differences (delta)",
                    )
                )
                break
    return found
