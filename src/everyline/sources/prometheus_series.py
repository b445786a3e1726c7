"""Series of Prometheus: labels and samples, and which labels a pod had when."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from everyline import money
from everyline.sources import calls, quantities
from everyline.sources.json_text import cell
from everyline.sources.row_problems import RowProblem, RowProblems

HEADER = (
    "hour",
    "ResourceId",
    "x_Model",
    "x_Meter",
    "x_Unit",
    "x_Quantity",
    "x_RequestCount",
    "Tags",
    "x_SampleTime",
    "x_Series",
)

_GAP = RowProblem(
    name="sample-not-a-number",
    level="warn",
    sentence="samples of {} are NaN or infinite; they are taken as gaps",
    hint="check whether the exporter was restarted or broken at that time",
)
_NO_NUMBER = RowProblem(
    name="unreadable-number",
    level="stop",
    sentence="a sample of {} is no number, or has no time",
    hint="fetch the answer again",
)
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf"})
_EXPORTED = "exported_"
_PLACES = ("cluster", "namespace", "pod", "container")
_NO_LABELS: Mapping[str, str] = {}
_WIDE = Context(prec=80)


@dataclass(frozen=True, slots=True)
class Series:
    """One series; its samples are milliseconds since 1970 and units of 10^-18, in order."""

    name: str
    line: int
    labels: Mapping[str, str]
    samples: tuple[tuple[int, int], ...]

    def workload(self, label: str, *, exported: bool = False) -> str | None:
        """What the label says of the workload: its `exported_` form goes first.

        With `exported`, the plain form is the exporter's own, and is no answer.
        """
        found = self.labels.get(_EXPORTED + label)
        return found or (None if exported else self.labels.get(label)) or None


def series_of(result: Mapping[str, Any], line: int, problems: RowProblems) -> Series:
    """One series of an answer, what is odd about its samples told."""
    labels = {key: cell(value) or "" for key, value in result["metric"].items()}
    name = labels.get("__name__", "")
    given = result.get("values") or [result.get("value")]
    samples: dict[int, int] = {}
    for one in given if isinstance(given, list) else []:
        time, value = one if isinstance(one, list) and len(one) == 2 else (None, None)
        text = (cell(value) or "").removeprefix("+")
        at, amount = _milliseconds(cell(time)), quantities.units(text)
        if at is not None and text.casefold() in _NOT_FINITE:
            problems.tell(_GAP, line, name)
        elif at is None or amount is None:
            problems.tell(_NO_NUMBER, line, name)
        else:
            samples[at] = amount
    return Series(name, line, labels, tuple(sorted(samples.items())))


def _milliseconds(text: str | None) -> int | None:
    found = money.number(text) if text else None
    if found is None or not 0 <= found.value < Decimal(10) ** 11:
        return None
    return math.floor(found.value.scaleb(3, _WIDE))


class PodLabels:
    """The labels of pods over time, from `kube_pod_labels`."""

    def __init__(self, series: Iterable[Series]) -> None:
        found: dict[tuple[str, str], dict[int, Mapping[str, str]]] = {}
        for one in series:
            pod = one.workload("namespace") or "", one.workload("pod") or ""
            labels = dict(own_labels(one))
            for at, value in one.samples:
                if value and pod[1]:
                    found.setdefault(pod, {})[at] = labels
        self._times = {pod: sorted(of_pod) for pod, of_pod in found.items()}
        self._labels = found
        self._tags: dict[tuple[int, int, tuple[str | None, ...]], str | None] = {}

    def tags(self, one: Series, place: Mapping[str, str | None], time: int) -> str | None:
        """Tags of a row: where it ran, then what the pod's labels say at that time."""
        found = self.at(place.get("namespace"), place.get("pod"), time)
        where = tuple(place.get(name) for name in _PLACES)
        # Series and labels live as long as this does, and samples are many.
        key = id(one), id(found), where
        if key not in self._tags:
            gpu = ("gpu_model", one.labels.get("modelName"))
            named = zip(_PLACES, where, strict=True)
            self._tags[key] = calls.tags([*named, gpu, *own_labels(one), *found.items()])
        return self._tags[key]

    def at(self, namespace: str | None, pod: str | None, time: int) -> Mapping[str, str]:
        """The labels last seen by then; before the first sample, those of the first."""
        key = namespace or "", pod or ""
        times = self._times.get(key)
        if not times:
            return _NO_LABELS
        return self._labels[key][times[max(0, bisect_right(times, time) - 1)]]


def own_labels(one: Series) -> Iterator[tuple[str, str]]:
    """The labels `label_<name>` of a series, by `<name>`."""
    for key, value in one.labels.items():
        if key.startswith("label_") and value:
            yield key.removeprefix("label_"), value
