"""OpenTelemetry GenAI: the token metric, and metrics beside traces."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from test_otel_genai import METRICS, NOON, attributes, chat, totals, traces
from usage_readers import problems, read, told

from everyline.sources.otel_genai import TELEMETRY

HOUR = 3600 * 10**9


def point(start: int, end: int, total: float, count: int, kind: str = "input") -> dict[str, Any]:
    return {
        "attributes": attributes({"gen_ai.token.type": kind, "gen_ai.request.model": "gpt-4o"}),
        "startTimeUnixNano": str(NOON + start * HOUR),
        "timeUnixNano": str(NOON + end * HOUR),
        "count": str(count),
        "sum": total,
    }


def metrics(folder: Path, temporality: int, *points: dict[str, Any], name: str = "m.jsonl") -> Path:
    """A file of the token metric, one point a line."""
    file = folder / name
    lines = []
    for one in points:
        histogram = {"aggregationTemporality": temporality, "dataPoints": [one]}
        metric = {"name": "gen_ai.client.token.usage", "histogram": histogram}
        resource = {"attributes": attributes({"service.name": "search"})}
        scopes = [{"metrics": [metric]}]
        lines.append(
            json.dumps({"resourceMetrics": [{"resource": resource, "scopeMetrics": scopes}]})
        )
    file.write_text("\n".join(lines))
    return file


def test_the_metric_gives_differences_and_last_cumulative_sums() -> None:
    found: Counter[str] = Counter()
    last: dict[tuple[str, str, str], tuple[int, int]] = {}
    for line in METRICS.read_text().splitlines():
        (of_resource,) = json.loads(line)["resourceMetrics"]
        service = str(of_resource["resource"]["attributes"][0]["value"])
        histogram = of_resource["scopeMetrics"][0]["metrics"][0]["histogram"]
        for one in histogram["dataPoints"]:
            kind = one["attributes"][4]["value"]["stringValue"]
            if histogram["aggregationTemporality"] == 1:
                found[kind] += int(one["sum"])
                found[f"{kind} calls"] += int(one["count"])
            else:
                last[service, kind, one["startTimeUnixNano"]] = int(one["sum"]), int(one["count"])
    for (_, kind, _), (tokens, count) in last.items():
        found[kind] += tokens
        found[f"{kind} calls"] += count
    rows, facts = read(TELEMETRY, METRICS)
    assert totals(rows) == {
        "requests": found["input calls"],
        "input_tokens": found["input"],
        "cached_input_tokens": 0,
        "cache_write_tokens": 0,
        "output_tokens": found["output"],
    }
    assert found["input"] == 268464
    assert told(facts) == []


def test_a_cumulative_series_is_read_in_order_of_time_and_starts_anew_after_a_reset(
    tmp_path: Path,
) -> None:
    points = [point(0, 2, 50.0, 5), point(0, 1, 20.0, 2), point(0, 3, 8, 1), point(3, 4, 4, 1)]
    points.append(point(0, 2, 50, 5))  # sent again
    rows, _ = read(TELEMETRY, metrics(tmp_path, 2, *points))
    # 20, then 30 more, then 8 since a restart that kept its start, then a series begun at hour 3.
    assert [(row["hour"], row["input_tokens"], row["requests"]) for row in rows] == [
        ("2026-10-01T12:00:00.000Z", "20", "2"),
        ("2026-10-01T13:00:00.000Z", "30", "3"),
        ("2026-10-01T14:00:00.000Z", "8", "1"),
        ("2026-10-01T15:00:00.000Z", "4", "1"),
    ]


def test_differences_are_summed_and_a_repeated_point_counts_once(tmp_path: Path) -> None:
    points = [point(0, 1, 20, 2), point(0, 1, 20, 2), point(1, 2, 7.5, 1, "output")]
    rows, _ = read(TELEMETRY, metrics(tmp_path, 1, *points))
    assert [(r["input_tokens"], r["output_tokens"], r["requests"]) for r in rows] == [
        ("20", None, "2"),
        (None, "7.5", "1"),
    ]


def test_a_cumulative_series_that_goes_on_in_a_second_file_stops(tmp_path: Path) -> None:
    first = metrics(tmp_path, 2, point(0, 1, 20, 2), name="1.jsonl")
    second = metrics(tmp_path, 2, point(0, 2, 50, 5), name="2.jsonl")
    assert [(p.name, p.level, p.place) for p in problems(TELEMETRY, first, second)] == [
        ("series-in-two-files", "stop", "2.jsonl")
    ]
    anew = metrics(tmp_path, 2, point(1, 2, 50, 5), name="3.jsonl")
    assert problems(TELEMETRY, first, anew) == []


def test_traces_and_metrics_of_one_service_and_day_stop(tmp_path: Path) -> None:
    of_spans = traces(tmp_path, [chat(1)], service__name="search")
    of_metric = metrics(tmp_path, 1, point(0, 1, 20, 2))
    assert [(p.name, p.level) for p in problems(TELEMETRY, of_spans, of_metric)] == [
        ("two-groupings", "stop")
    ]
    other = traces(tmp_path, [chat(1)], name="o.jsonl", service__name="support")
    assert problems(TELEMETRY, other, of_metric) == []
    both = tmp_path / "both.jsonl"
    both.write_text(of_spans.read_text() + of_metric.read_text())
    assert [p.name for p in problems(TELEMETRY, both)] == ["two-groupings"]
