"""Prometheus: GPU seconds and tokens of the samples by a plain walk, and each trap."""

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from usage_readers import SAMPLES, Row, landed, problems, project, read, told

from everyline.sources.prometheus import TELEMETRY
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "prometheus"
UTIL = USAGE / "query_range.DCGM_FI_DEV_GPU_UTIL.honor_labels.json"
ACTIVE = USAGE / "query_range.DCGM_FI_PROF_GR_ENGINE_ACTIVE.exported_labels_and_mig.json"
SLICED = USAGE / "query_range.DCGM_time_slicing_identical_values.json"
TOKENS = USAGE / "query_range.vllm_tokens.counter_reset.json"
RELABELLED = USAGE / "query_range.kube_pod_labels.relabelled_mid_window.json"
LABELS = USAGE / "query.kube_pod_labels.json"
COST = USAGE / "query_range.opencost_inference_cost.json"
ERROR = USAGE / "query_error_and_empty.json"

NOON = 1790856000  # 2026-10-01 12:00 UTC
GPU = "DCGM_FI_DEV_GPU_UTIL"


def totals(rows: list[Row], *by: str) -> dict[Any, Decimal]:
    """Exact sums by meter and some tags."""
    found: dict[Any, Decimal] = {}
    for row in rows:
        tags = json.loads(row["Tags"] or "{}")
        key = (row["x_Meter"], *(tags.get(name) for name in by)) if by else row["x_Meter"]
        found[key] = found.get(key, Decimal(0)) + Decimal(row["x_Quantity"] or 0)
    return found


def series(name: str, *values: Any, start: float = NOON, step: float = 900, **labels: str) -> Any:
    """A series of a matrix; a value None is a gap."""
    samples = [
        [start + at * step, value if isinstance(value, str) else str(value)]
        for at, value in enumerate(values)
        if value is not None
    ]
    return {"metric": {"__name__": name} | labels, "values": samples}


def answer(folder: Path, *found: Any, name: str = "a.json", **more: Any) -> Path:
    file = folder / name
    data = {"resultType": "matrix", "result": list(found)}
    file.write_text(json.dumps({"status": "success", "data": data} | more))
    return file


def increases(path: Path, metric: str) -> int:
    """Growth of all series of a counter, restarts included, first samples left out."""
    total = Decimal(0)
    for one in json.loads(path.read_bytes())["data"]["result"]:
        if one["metric"]["__name__"] != metric:
            continue
        values = [Decimal(v) for _, v in one["values"] if v not in ("NaN", "+Inf")]
        for before, after in pairwise(values):
            total += after - before if after >= before else after
    return int(total)


def test_a_gpu_is_held_for_a_step_at_each_sample() -> None:
    rows, facts = read(TELEMETRY, UTIL)
    # Three pods of 72, 48 and 72 samples an hour apart; a fourth GPU has no pod.
    assert totals(rows, "pod") == {
        ("gpu_seconds", "vllm-llama-8b-7d9f-abcde"): 72 * 3600,
        ("gpu_seconds", "vllm-llama-8b-7d9f-fghij"): 48 * 3600,
        ("gpu_seconds", "embedder-5c4-xyz12"): 72 * 3600,
        ("gpu_seconds_capacity", None): (72 + 48 + 72 + 72) * 3600,
    }
    assert told(facts) == []


def test_exported_labels_name_the_workload_and_mig_divides_its_gpu() -> None:
    rows, _ = read(TELEMETRY, ACTIVE)
    # The third GPU stands there as a whole and as two instances of one pod: it is one GPU. The
    # fourth has only the exporter's own pod.
    assert totals(rows, "pod") == {
        ("gpu_seconds", "vllm-llama-8b-7d9f-abcde"): 72 * 3600,
        ("gpu_seconds", "vllm-llama-8b-7d9f-fghij"): 72 * 3600,
        ("gpu_seconds", "embedder-5c4-xyz12"): 72 * 3600,
        ("gpu_seconds_capacity", None): 4 * 72 * 3600,
    }


def test_an_exporter_holds_no_gpu(tmp_path: Path) -> None:
    one = series(GPU, 1, 1, UUID="g", namespace="gpu-operator", pod="nvidia-dcgm-exporter-x1")
    rows, _ = read(TELEMETRY, answer(tmp_path, one))
    assert totals(rows) == {"gpu_seconds_capacity": 1800}


def test_a_gpu_shared_by_three_pods_is_one_gpu() -> None:
    rows, _ = read(TELEMETRY, SLICED)
    assert totals(rows, "pod") == {
        ("gpu_seconds", "gpu-workload-1"): 72 * 1200,
        ("gpu_seconds", "gpu-workload-2"): 72 * 1200,
        ("gpu_seconds", "gpu-workload-3"): 72 * 1200,
        ("gpu_seconds_capacity", None): 72 * 3600,
    }


def test_seven_pods_of_one_gpu_lose_no_digit(tmp_path: Path) -> None:
    shared = [series(GPU, 1, 1, step=1, UUID="g", pod=f"p{n}") for n in range(7)]
    rows, _ = read(TELEMETRY, answer(tmp_path, *shared))
    assert totals(rows) == {"gpu_seconds": 2, "gpu_seconds_capacity": 2}


def test_instances_get_their_slices_and_one_without_a_pod_is_idle(tmp_path: Path) -> None:
    name = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
    found = [
        series(name, 1, 1, UUID="g", pod="a", GPU_I_ID="1", GPU_I_PROFILE="3g.40gb"),
        series(name, 1, 1, UUID="g", pod="b", GPU_I_ID="2", GPU_I_PROFILE="2g.20gb"),
        series(name, 1, 1, UUID="g", GPU_I_ID="3", GPU_I_PROFILE="1g.10gb"),
    ]
    rows, _ = read(TELEMETRY, answer(tmp_path, *found))
    assert totals(rows, "pod") == {
        ("gpu_seconds", "a"): 2 * 450,
        ("gpu_seconds", "b"): 2 * 300,
        ("gpu_seconds_capacity", None): 2 * 900,
    }


def test_two_metrics_and_two_replicas_of_one_gpu_are_one_sample(tmp_path: Path) -> None:
    found = [
        series(name, 1, 1, UUID="g", pod="a", prometheus_replica=replica)
        for name in (GPU, "DCGM_FI_PROF_GR_ENGINE_ACTIVE")
        for replica in ("0", "1")
    ]
    rows, _ = read(TELEMETRY, answer(tmp_path, *found))
    assert totals(rows) == {"gpu_seconds": 1800, "gpu_seconds_capacity": 1800}


def test_a_gap_holds_no_gpu_and_the_value_does_not_matter(tmp_path: Path) -> None:
    rows, facts = read(
        TELEMETRY, answer(tmp_path, series(GPU, 0, None, 100, "NaN", 7, UUID="g", pod="a"))
    )
    assert totals(rows)["gpu_seconds"] == 3 * 1800  # the least distance of two samples is 1800
    assert told(facts) == [("sample-not-a-number", "warn", 1, 1)]


def test_one_sample_says_nothing_of_time(tmp_path: Path) -> None:
    rows, facts = read(TELEMETRY, answer(tmp_path, series(GPU, 5, UUID="g", pod="a")))
    assert (rows, told(facts)) == ([], [("step-not-known", "stop", 1, 1)])
    rows, facts = read(TELEMETRY, answer(tmp_path, series(GPU, 5, 5, pod="a")))
    assert (rows, told(facts)) == ([], [("series-not-read", "warn", 1, 1)])


def test_tokens_are_the_growth_of_counters() -> None:
    rows, facts = read(TELEMETRY, TOKENS)
    cached = increases(TOKENS, "vllm:prefix_cache_hits_total")
    assert totals(rows) == {
        "input_tokens": increases(TOKENS, "vllm:prompt_tokens_total") - cached,
        "cached_input_tokens": cached,
        "output_tokens": increases(TOKENS, "vllm:generation_tokens_total"),
        "requests": increases(TOKENS, "vllm:request_success_total"),
    }
    assert {row["x_Model"] for row in rows} == {"meta-llama/Llama-3.1-8B-Instruct"}
    assert told(facts) == [("sample-not-a-number", "warn", 1, 2)]


def test_a_counter_that_starts_anew_counts_what_it_has(tmp_path: Path) -> None:
    name = "vllm:generation_tokens_total"
    one = series(name, "1e3", "1.5e3", 40, None, 100, start=NOON + 0.781, model_name="m", pod="p")
    rows, _ = read(TELEMETRY, answer(tmp_path, one))
    assert [(row["hour"], row["x_Quantity"]) for row in rows] == [
        ("2026-10-01T12:00:00.781Z", "500"),
        ("2026-10-01T12:15:00.781Z", "40"),
        ("2026-10-01T12:30:00.781Z", "60"),
    ]


def test_engines_are_summed_and_cached_tokens_taken_out_of_each(tmp_path: Path) -> None:
    found = [
        series("vllm:prompt_tokens_total", 0, 100, engine="0"),
        series("vllm:prompt_tokens_total", 0, 10, engine="1"),
        series("vllm:prefix_cache_hits_total", 0, 30, engine="0"),
        series("vllm:prefix_cache_hits_total", 0, 30, engine="1"),
        series("vllm:prefix_cache_queries_total", 0, 500, engine="0"),
        series("vllm:prompt_tokens_by_source_total", 0, 500, engine="0", source="local"),
        series("vllm:request_success_total", 0, 3, engine="0", finished_reason="stop"),
        series("vllm:request_success_total", 0, 1, engine="0", finished_reason="abort"),
    ]
    rows, facts = read(TELEMETRY, answer(tmp_path, *found))
    assert totals(rows) == {"input_tokens": 70, "cached_input_tokens": 40, "requests": 4}
    assert told(facts) == [("cached-beside-input", "warn", 1, 1)]
    assert [row["x_RequestCount"] for row in rows if row["x_Meter"] == "requests"] == ["3", "1"]


def test_labels_of_a_pod_are_those_of_the_time(tmp_path: Path) -> None:
    pod: Any = {"namespace": "n", "pod": "p"}
    found = [
        series(GPU, 1, 1, 1, 1, UUID="g", label_app="vllm", **pod),
        series("kube_pod_labels", 1, start=NOON + 900, label_team="search", **pod),
        series("kube_pod_labels", None, 1, 1, start=NOON + 900, label_team="growth", **pod),
        series("kube_pod_labels", 1, label_team="other", namespace="n", pod="other"),
    ]
    rows, _ = read(TELEMETRY, answer(tmp_path, *found))
    # Before the first label the first one holds: noon and 12:15 are search, then growth.
    assert totals([r for r in rows if r["x_Meter"] == "gpu_seconds"], "team", "app") == {
        ("gpu_seconds", "search", "vllm"): 1800,
        ("gpu_seconds", "growth", "vllm"): 1800,
    }


def test_answers_in_one_file_are_joined_and_labels_alone_are_named(tmp_path: Path) -> None:
    both = tmp_path / "both.json"
    both.write_text(f"[{UTIL.read_text()},{RELABELLED.read_text()}]")
    rows, facts = read(TELEMETRY, both)
    # 30 hours of search, the other 42 of growth.
    found = totals(rows, "pod", "team")
    assert found["gpu_seconds", "embedder-5c4-xyz12", "search"] == 30 * 3600
    assert found["gpu_seconds", "embedder-5c4-xyz12", "growth"] == 42 * 3600
    assert told(facts) == []
    for alone in (RELABELLED, LABELS):
        rows, facts = read(TELEMETRY, alone)
        assert (rows, told(facts)) == ([], [("labels-without-usage", "warn", 1, 1)])


def test_series_that_are_no_usage_are_named() -> None:
    rows, facts = read(TELEMETRY, COST)
    assert rows == []
    assert {(p["name"], p["subject"], p["count"]) for p in facts["problems"]} == {
        ("series-not-read", "llm_total_hourly_cost", 2),
        ("series-not-read", "llm_cost_per_million_tokens", 2),
        ("series-not-read", "llm_cache_savings_fraction", 1),
    }


@pytest.mark.parametrize("bad", ["many", "", "1,5"])
def test_a_sample_that_is_no_number_stops(bad: str, tmp_path: Path) -> None:
    _, facts = read(TELEMETRY, answer(tmp_path, series(GPU, 1, 1, bad, UUID="g", pod="a")))
    assert told(facts) == [("unreadable-number", "stop", 1, 1)]


def test_ranges_that_overlap_or_meet_count_once(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    tokens = "vllm:generation_tokens_total"

    def part(first: int, last: int) -> Path:
        numbers = range(first, last)
        start = NOON + first * 900
        gpu = series(GPU, *numbers, start=start, UUID="g", pod="a")
        counter = series(tokens, *(n * 10 for n in numbers), start=start, pod="a")
        return answer(tmp_path / "f", gpu, counter, name=f"{first}.json")

    files = [part(0, 5), part(3, 9), part(8, 11)]
    assert problems(TELEMETRY, *files) == []
    rows, _ = landed(project(tmp_path, "prometheus", files))
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row["x_Meter"]] = found.get(row["x_Meter"], Decimal(0)) + row["x_Quantity"]
    assert found == {"gpu_seconds": 9900, "gpu_seconds_capacity": 9900, "output_tokens": 100}
    later = part(13, 15)
    assert [(p.name, p.level) for p in problems(TELEMETRY, *files, later)] == [
        ("gap-between-files", "warn")
    ]


@pytest.mark.parametrize(("start", "step"), [(NOON, 300), (NOON + 60, 900)])
def test_the_same_time_on_another_grid_stops(start: int, step: int, tmp_path: Path) -> None:
    one = answer(tmp_path, series(GPU, 1, 1, 1, UUID="g", pod="a"), name="1.json")
    again = series(GPU, 1, 1, 1, start=start, step=step, UUID="g", pod="a")
    other = answer(tmp_path, again, name="2.json")
    assert [(p.name, p.level) for p in problems(TELEMETRY, one, other)] == [
        ("two-groupings", "stop")
    ]
    elsewhere = answer(tmp_path, {**again, "metric": {"__name__": GPU, "UUID": "h"}}, name="3.json")
    assert problems(TELEMETRY, one, elsewhere) == []


def test_warnings_are_said_and_errors_refused(tmp_path: Path) -> None:
    _, facts = read(TELEMETRY, answer(tmp_path, warnings=["exceeded maximum resolution"]))
    assert told(facts) == [("answer-not-whole", "warn", 1, 1)]
    for text in ('{"status": "error", "errorType": "timeout"}', '{"data": 3}', "[3]", "{"):
        file = tmp_path / "x.json"
        file.write_text(text)
        with pytest.raises(Unreadable):
            read(TELEMETRY, file)
    with pytest.raises(Unreadable, match="bad_data"):
        read(TELEMETRY, ERROR)


def test_identities_are_those_of_the_node_and_the_pod(tmp_path: Path) -> None:
    one = series(GPU, 1, 1, UUID="g", Hostname="n-1", modelName="H100", cluster="c", pod="p")
    rows, _ = read(TELEMETRY, answer(tmp_path, one))
    held = next(row for row in rows if row["x_Meter"] == "gpu_seconds")
    assert held["ResourceId"] == "n-1"
    assert json.loads(held["Tags"] or "") == {"cluster": "c", "gpu_model": "H100", "pod": "p"}


def test_files_are_recognised_by_what_they_hold() -> None:
    for sample in (UTIL, ACTIVE, SLICED, TOKENS, RELABELLED, LABELS, COST):
        assert TELEMETRY.recognises(sample, sample.read_bytes()[:65536])
    for other in SAMPLES.rglob("*"):
        if other.is_file() and USAGE not in other.parents:
            assert not TELEMETRY.recognises(other, other.read_bytes()[:65536]), other
