"""OpenCost: hours of the samples by a plain walk, and each trap of the format."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from usage_readers import SAMPLES, Row, landed, problems, project, read, told

from everyline.sources.opencost import TELEMETRY, spread
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "opencost"
BY_CONTAINER = USAGE / "allocation_compute_1d_by_container.json"
BY_TEAM = USAGE / "allocation_1d_by_label_team_include_idle.json"
ODD = USAGE / "allocation_odd_null_window_and_nan.json"
ERROR = USAGE / "allocation_empty_day_and_error.json"
UPSTREAM = USAGE / "upstream_swagger_example_0.json"

HOURS = {
    "gpu_seconds": ("gpuHours", 1),
    "cpu_core_seconds": ("cpuCoreHours", 1),
    "ram_gib_seconds": ("ramByteHours", 2**30),
}
DAY = ("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z")


def totals(rows: list[Row]) -> dict[str, Decimal]:
    """Exact sums by meter."""
    found: dict[str, Decimal] = {}
    for row in rows:
        meter = str(row["x_Meter"])
        found[meter] = found.get(meter, Decimal(0)) + Decimal(row["x_Quantity"] or 0)
    return found


def walked(path: Path) -> dict[str, Fraction]:
    """Sums of native hours as seconds, in exact rationals; capacity counts idle as well."""
    sums: dict[str, Fraction] = {}
    answer = json.loads(path.read_bytes(), parse_float=Fraction)
    for step in answer["data"]:
        for name, one in (step or {}).items():
            for meter, (hours, per_unit) in HOURS.items():
                amount = Fraction(one[hours]) * 3600 / per_unit
                sums[f"{meter}_capacity"] = sums.get(f"{meter}_capacity", Fraction(0)) + amount
                if not name.endswith("__idle__"):
                    sums[meter] = sums.get(meter, Fraction(0)) + amount
    return sums


def allocation(window: tuple[str, str] = DAY, *, gpu: Any = 2, **properties: Any) -> dict[str, Any]:
    return {
        "properties": {"cluster": "c"} | properties,
        "window": dict(zip(("start", "end"), window, strict=True)),
        "start": window[0],
        "end": window[1],
        "minutes": 1430.0,
        "gpuHours": gpu,
        "cpuCoreHours": 0,
        "ramByteHours": 0,
    }


def answer(folder: Path, *steps: Any, name: str = "a.json", **more: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps({"code": 200, "status": "success", "data": list(steps)} | more))
    return file


@pytest.mark.parametrize("sample", [BY_CONTAINER, BY_TEAM, ODD], ids=lambda path: path.stem)
def test_the_sums_of_a_sample_are_its_hours(sample: Path) -> None:
    rows, facts = read(TELEMETRY, sample)
    assert {meter: Fraction(total) for meter, total in totals(rows).items()} == walked(sample)
    assert told(facts) == ([("answer-not-whole", "warn", 1, 1)] if sample == ODD else [])


def test_gpu_seconds_by_hand() -> None:
    """Three days of 24, 24, 12, 6 hours, the second pod gone on the third; 30 idle each day."""
    rows, _ = read(TELEMETRY, BY_CONTAINER)
    used = 3 * (24 + 12 + 6) + 2 * 24
    assert totals(rows)["gpu_seconds"] == used * 3600
    assert totals(rows)["gpu_seconds_capacity"] == (used + 3 * 30) * 3600
    assert {row["hour"] for row in rows} == {f"2026-10-0{n}T00:00:00Z" for n in (1, 2, 3)}


def test_of_real_output_no_digit_is_lost_over_the_days_of_its_window() -> None:
    """48 hours from 11:38:45 touch three days; there is no idle, so there is no capacity."""
    rows, _ = read(TELEMETRY, UPSTREAM)
    assert sorted({str(row["hour"]) for row in rows}) == [
        "2023-01-18T11:00:00Z",
        "2023-01-19T00:00:00Z",
        "2023-01-20T00:00:00Z",
    ]
    found = totals(rows)
    assert set(found) == {"cpu_core_seconds", "ram_gib_seconds"}
    assert found["cpu_core_seconds"] == Decimal("22.548026") * 3600  # 21.588536 + 0.95949
    exact = (Decimal("7042690751.326794") + Decimal("5277197583.375299")) * 3600 / 2**30
    assert abs(found["ram_gib_seconds"] - exact) < Decimal("1e-17")


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**7),
    st.integers(1, 40 * 86400),
)
def test_a_window_is_spread_by_its_seconds_and_sums_to_the_whole(
    microhours: int, start: int, length: int
) -> None:
    first = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=start)
    whole = microhours * 3600 * 10**12
    parts = spread(whole, (first, first + timedelta(seconds=length)))
    assert sum(parts.values()) == whole
    for hour, part in parts.items():
        begins = datetime.fromisoformat(hour)
        midnight = begins.replace(hour=0) + timedelta(days=1)
        until = min(midnight, first + timedelta(seconds=length))
        seconds = (until - max(begins, first)).total_seconds()
        assert abs(part - Fraction(whole) * Fraction(seconds) / length) < 1


def test_a_day_is_one_row_and_a_month_ends_where_it_ends(tmp_path: Path) -> None:
    window = ("2026-10-31T18:00:00Z", "2026-11-01T06:00:00Z")
    file = answer(tmp_path, {"a": allocation(), "b": allocation(window, gpu="0.0000000001")})
    rows, _ = read(TELEMETRY, file)
    assert [(row["hour"], row["x_Quantity"]) for row in rows] == [
        ("2026-10-01T00:00:00Z", "7200"),
        ("2026-10-31T18:00:00Z", "0.00000018"),
        ("2026-11-01T00:00:00Z", "0.00000018"),
    ]


def test_capacity_is_only_where_idle_is_given(tmp_path: Path) -> None:
    step = {
        "c/a": allocation(),
        "d/a": allocation(gpu=3, cluster="d"),
        "c/__idle__": allocation(gpu=1),
    }
    rows, _ = read(TELEMETRY, answer(tmp_path, step))
    found = {(r["x_Cluster"], r["x_Meter"]): 0 for r in rows}
    for row in rows:
        found[row["x_Cluster"], row["x_Meter"]] += int(row["x_Quantity"] or 0)
    assert found == {
        ("c", "gpu_seconds"): 7200,
        ("c", "gpu_seconds_capacity"): 10800,
        ("d", "gpu_seconds"): 10800,
    }


def test_idle_of_no_one_cluster_is_of_any_and_no_idle_is_no_capacity(tmp_path: Path) -> None:
    anywhere = allocation(cluster=None)
    rows, _ = read(TELEMETRY, answer(tmp_path, {"a": anywhere}))
    assert totals(rows) == {"gpu_seconds": 7200}
    rows, _ = read(TELEMETRY, answer(tmp_path, {"a": anywhere, "c/__idle__": allocation(gpu=1)}))
    assert totals(rows) == {"gpu_seconds": 7200, "gpu_seconds_capacity": 10800}
    rows, _ = read(TELEMETRY, answer(tmp_path, {"a": allocation(), "__idle__": anywhere}))
    assert totals(rows) == {"gpu_seconds": 7200, "gpu_seconds_capacity": 14400}


def test_a_negative_idle_counts_nothing_and_negative_use_stops(tmp_path: Path) -> None:
    rows, facts = read(
        TELEMETRY,
        answer(tmp_path, {"c/a": allocation(), "__idle__": allocation(gpu=-1)}),
    )
    assert totals(rows) == {"gpu_seconds": 7200, "gpu_seconds_capacity": 7200}
    assert told(facts) == [("negative-idle", "warn", 1, 1)]
    rows, facts = read(TELEMETRY, answer(tmp_path, {"c/a": allocation(gpu=-1)}))
    assert (rows, told(facts)) == ([], [("negative-quantity", "stop", 1, 1)])


def test_unallocated_and_unmounted_are_use_without_an_owner(tmp_path: Path) -> None:
    step = {
        "__unallocated__": allocation(),
        "c/__unmounted__": allocation(pod="__unmounted__", namespace="__unmounted__"),
    }
    rows, _ = read(TELEMETRY, answer(tmp_path, step))
    assert [row["x_Quantity"] for row in rows] == ["7200", "7200"]
    assert {row["Tags"] for row in rows} == {'{"cluster": "c"}'}


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (None, [("usage-not-known", "warn", 1, 1)]),
        ("NaN", [("unreadable-number", "stop", 1, 1)]),
        ("1,5", [("unreadable-number", "stop", 1, 1)]),
        (0.0, []),
    ],
)
def test_hours_that_are_none_are_named(hours: Any, expected: Any, tmp_path: Path) -> None:
    rows, facts = read(TELEMETRY, answer(tmp_path, {"a": allocation(gpu=hours)}))
    assert (rows, told(facts)) == ([], expected)


def test_a_window_that_is_none_is_that_of_its_step_and_else_its_own(tmp_path: Path) -> None:
    lost = allocation(("null", "null")) | {"start": DAY[0], "end": "2026-10-01T23:50:00Z"}
    rows, _ = read(TELEMETRY, answer(tmp_path, {"a": lost, "b": allocation()}))
    assert len({row["x_Window"] for row in rows}) == 1
    rows, _ = read(TELEMETRY, answer(tmp_path, {"a": lost}))
    assert [row["x_Window"] for row in rows] == [
        "2026-10-01T00:00:00+00:00 2026-10-01T23:50:00+00:00"
    ]
    nowhere = allocation(("null", "null"))
    rows, facts = read(TELEMETRY, answer(tmp_path, {"a": nowhere}))
    assert (rows, told(facts)) == ([], [("unreadable-date", "stop", 1, 1)])


def test_labels_are_tags_and_annotations_are_not_read(tmp_path: Path) -> None:
    one = allocation(
        namespace="inference",
        node="n-1",
        providerID="i-1",
        controller="vllm",
        labels={"team": "search", "cluster": "mine", "app_kubernetes_io_name": "vllm"},
        namespaceLabels={"cost_center": "cc-1"},
        annotations={"secret": "s"},
    )
    rows, _ = read(TELEMETRY, answer(tmp_path, {"a": one}))
    assert json.loads(rows[0]["Tags"] or "") == {
        "app_kubernetes_io_name": "vllm",
        "cluster": "c",
        "controller": "vllm",
        "labels.cluster": "mine",
        "namespace": "inference",
        "namespaceLabels.cost_center": "cc-1",
        "node": "n-1",
        "team": "search",
    }
    assert rows[0]["ResourceId"] == "i-1"


def test_a_pod_that_moved_to_another_node_counts_on_both(tmp_path: Path) -> None:
    where: Any = {"namespace": "n", "pod": "db-0", "container": "db"}
    step = {f"c/{node}/n/db-0/db": allocation(node=node, **where) for node in ("n1", "n2")}
    rows, _ = landed(project(tmp_path, "opencost", [answer(tmp_path, step)]))
    assert sum(row["x_Quantity"] for row in rows) == 14400


def test_a_later_fetch_replaces_and_another_day_adds(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    first = answer(
        tmp_path / "f", {"c/a": allocation(gpu=1), "c/b": allocation(gpu=5)}, name="1.json"
    )
    again = answer(tmp_path / "f", {"c/a": allocation(gpu=2)}, name="2.json")
    tomorrow = ("2026-10-02T00:00:00Z", "2026-10-03T00:00:00Z")
    other = answer(tmp_path / "f", {"c/a": allocation(tomorrow, gpu=4)}, name="3.json")
    rows, found = landed(project(tmp_path, "opencost", [first, again, other]))
    assert sum(row["x_Quantity"] for row in rows) == (2 + 5 + 4) * 3600
    assert "stop" not in {problem.level for problem in found}


def test_two_groupings_and_two_cuts_of_the_same_hours_stop(tmp_path: Path) -> None:
    assert [(p.name, p.level) for p in problems(TELEMETRY, BY_CONTAINER, BY_TEAM)] == [
        ("two-groupings", "stop")
    ]
    long = ("2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z")
    day = answer(tmp_path, {"c/a": allocation(namespace="a")}, name="1.json")
    month = answer(tmp_path, {"c/a": allocation(long, namespace="a")}, name="2.json")
    elsewhere = answer(tmp_path, {"d": allocation(long, cluster="d")}, name="3.json")
    assert [p.name for p in problems(TELEMETRY, day, month)] == ["two-groupings"]
    assert problems(TELEMETRY, day, elsewhere) == []
    assert problems(TELEMETRY, day, day) == []


def test_what_is_no_answer_is_refused(tmp_path: Path) -> None:
    for text in ('{"code": 500, "status": "error", "data": null}', "[3]", '{"data": 3}', "{"):
        file = tmp_path / "x.json"
        file.write_text(text)
        with pytest.raises(Unreadable):
            read(TELEMETRY, file)
    with pytest.raises(Unreadable):
        read(TELEMETRY, ERROR)
    assert read(TELEMETRY, answer(tmp_path, {}, None))[0] == []


def test_files_are_recognised_by_what_they_hold() -> None:
    for sample in (BY_CONTAINER, BY_TEAM, ODD, UPSTREAM):
        assert TELEMETRY.recognises(sample, sample.read_bytes()[:65536])
    for other in SAMPLES.rglob("*"):
        if other.is_file() and USAGE not in other.parents:
            assert not TELEMETRY.recognises(other, other.read_bytes()[:65536]), other
