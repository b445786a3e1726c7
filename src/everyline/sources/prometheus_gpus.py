"""GPU seconds from DCGM's metrics: who held which GPU at each sample."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from everyline import money
from everyline.sources import quantities
from everyline.sources.prometheus_series import PodLabels, Series
from everyline.sources.row_problems import RowProblem, RowProblems

METRICS = ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_GR_ENGINE_ACTIVE")

_HOLDER = ("namespace", "pod", "container")
_EXPORTER = re.compile(r"(?:^|-)dcgm-exporter(?:-|$)")
_SLICES = re.compile(r"([1-9][0-9]?)g\.")
_UNITS_A_MILLISECOND = quantities.SCALE // 1000

_NO_STEP = RowProblem(
    name="step-not-known",
    level="stop",
    sentence="series of {} have one sample each, so that nothing says how long a GPU was held",
    hint="fetch a range (`/api/v1/query_range`) of more than one step",
)
_NO_DEVICE = RowProblem(
    name="series-not-read",
    level="warn",
    sentence="series of {} name no GPU (`UUID`); they are not counted",
    hint="keep the label `UUID` in the query",
)

Row = tuple[str | None, ...]


def device(one: Series) -> str:
    """The GPU that a series is of; a MIG instance is a part of its GPU."""
    return one.labels.get("UUID") or one.labels.get("uuid") or ""


def rows(
    series: Sequence[Series], step: int | None, labels: PodLabels, problems: RowProblems
) -> Iterator[Row]:
    """One row for each sample, GPU and pod, and one for what the GPU could give."""
    exported = any(one.labels.get("exported_pod") for one in series)
    by_device: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        if not device(one):
            problems.tell(_NO_DEVICE, one.line, one.name)
        elif step is None and one.samples:
            problems.tell(_NO_STEP, one.line, one.name)
        else:
            by_device[device(one)].append(one)
    for name, of_device in by_device.items():
        at_time: dict[int, dict[str, Series]] = defaultdict(dict)
        for one in of_device:
            holder = _holder(one, exported)
            for at, _ in one.samples:
                at_time[at][holder] = one
        for at, holders in sorted(at_time.items()):
            assert step is not None, "devices without a step were left out"
            yield from _at(name, (at, step), holders, labels)


def _holder(one: Series, exported: bool) -> str:
    """Who holds which part of the GPU, as a key: instance, replica, namespace, pod, container."""
    place = _place(one, exported)
    instance, replica = one.labels.get("GPU_I_ID", ""), one.labels.get("vgpu", "")
    return json.dumps([instance, replica, *(place[name] for name in _HOLDER)])


def _place(one: Series, exported: bool) -> dict[str, str | None]:
    place = {name: one.workload(name, exported=exported) for name in _HOLDER}
    if place["pod"] and not one.labels.get("exported_pod") and _EXPORTER.search(place["pod"]):
        return dict.fromkeys(_HOLDER)
    return place


def _at(
    name: str, when: tuple[int, int], holders: Mapping[str, Series], labels: PodLabels
) -> Iterator[Row]:
    """The rows of one GPU at one sample; `when` is its time and the step, in milliseconds."""
    at, step = when
    instances = {key: one for key, one in holders.items() if one.labels.get("GPU_I_ID")}
    counted = instances or {
        key: one for key, one in holders.items() if json.loads(key)[3] is not None
    }
    whole = step * _UNITS_A_MILLISECOND
    first = next(iter(holders.values()))
    cluster = {"cluster": first.labels.get("cluster")}
    capacity = ("gpu_seconds_capacity", whole, labels.tags(first, cluster, at))
    yield _row(first, at, capacity, name)
    if not counted:
        return
    weights = tuple((key, _slices(one)) for key, one in sorted(counted.items()))
    for key, part in _split(whole, weights).items():
        namespace, pod, container = json.loads(key)[2:]
        if pod is None:
            continue  # An instance that no pod holds is idle.
        one = counted[key]
        place = {"namespace": namespace, "pod": pod, "container": container, **cluster}
        said = labels.tags(one, place, at)
        yield _row(one, at, ("gpu_seconds", part, said), f"{name} {key}")


def _slices(one: Series) -> int:
    """How many slices an instance has, from its profile such as `3g.40gb`; else 1."""
    found = _SLICES.match(one.labels.get("GPU_I_PROFILE", ""))
    return int(found[1]) if found else 1


@lru_cache(maxsize=4096)
def _split(whole: int, weights: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    return money.split(whole, dict(weights))


def _row(one: Series, at: int, amount: tuple[str, int, str | None], series: str) -> Row:
    meter, quantity, said = amount
    return (
        quantities.instant(at),
        one.labels.get("Hostname") or one.labels.get("node") or None,
        None,
        meter,
        "seconds",
        quantities.text(quantity),
        "0",
        said,
        str(at),
        series,
    )
