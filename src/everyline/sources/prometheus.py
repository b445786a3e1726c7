"""Prometheus: answers of `/api/v1/query_range` and `/api/v1/query`, one or more a file.

Source: Prometheus HTTP API; label sets of dcgm-exporter, vLLM and kube-state-metrics.

| native series | meter or column |
| --- | --- |
| `DCGM_FI_DEV_GPU_UTIL`, `DCGM_FI_PROF_GR_ENGINE_ACTIVE`: a step for each sample of a pod | \
`gpu_seconds` (seconds) |
| the same for every GPU, with or without a pod | `gpu_seconds_capacity` (seconds) |
| increase of `vllm:prompt_tokens_total`, less the cached ones | `input_tokens` |
| increase of `vllm:prefix_cache_hits_total` | `cached_input_tokens` |
| increase of `vllm:generation_tokens_total` | `output_tokens` |
| increase of `vllm:request_success_total` | `requests`, x_RequestCount |
| label `model_name` (vLLM) | x_Model |
| label `Hostname`, else `node` | ResourceId |
| labels `namespace`, `pod`, `container`, `cluster`, `modelName` (as `gpu_model`), `label_<name>` \
(as `<name>`), and those of `kube_pod_labels` for the pod at that time | Tags |

GPUs: a sample says that its pod holds the GPU for one step, whatever its value; two metrics of one
GPU are one sample. A GPU has one step of seconds at a time, however many pods report it: pods that
share it get equal parts, MIG instances parts by their slices, and a series of the whole GPU beside
its instances is left out. Where `exported_pod` occurs, `pod` is the exporter's own.

Counters: what counts is the difference of two samples, and the later one whole where it is smaller
(a restart). It stands at the earlier sample's hour. The first sample of a series counts nothing, as
in PromQL's `increase`: let ranges meet, the last time of one being the first of the next.

Values NaN and infinite are gaps. Labels join within one file: put answers of usage and of
`kube_pod_labels` into one (`jq -s . *.json`), or join them in the query. Provider, account and
people are null.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from everyline.config.sources import UsageSource
from everyline.sources import json_objects, json_values
from everyline.sources import prometheus_counters as counters
from everyline.sources import prometheus_gpus as gpus
from everyline.sources import prometheus_ranges as ranges
from everyline.sources.format import Rows
from everyline.sources.json_text import cell
from everyline.sources.prometheus_series import HEADER, PodLabels, Series, series_of
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import Telemetry
from everyline.sources.unreadable import Unreadable

_TITLE = "answer of Prometheus"
_LABELS = "kube_pod_labels"

_WARNING = RowProblem(
    name="answer-not-whole",
    level="warn",
    sentence="Prometheus gave a warning with its answer, which may lack something",
    hint="look into the answer's `warnings`, and fetch it again if need be",
)
_NOT_READ = RowProblem(
    name="series-not-read",
    level="warn",
    sentence="series of {} are not read: they are no usage that is known here",
    hint="take them out of the query",
)
_LABELS_ALONE = RowProblem(
    name="labels-without-usage",
    level="warn",
    sentence="the file has labels of pods and no usage; they are not joined to other files",
    hint="join it with the answers that have the usage: `jq -s . *.json`",
)


def _recognises(path: Path, head: bytes) -> bool:
    head = json_values.head(head)
    return b'"resultType"' in head and (b'"matrix"' in head or b'"vector"' in head)


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    problems = RowProblems()
    series = list(_series(path, problems))
    labels = PodLabels([one for one in series if one.name == _LABELS])
    of_gpus = [one for one in series if one.name in gpus.METRICS]
    of_counters = [one for one in series if one.name in counters.METRICS]
    if series and not (of_gpus or of_counters) and any(one.name == _LABELS for one in series):
        problems.tell(_LABELS_ALONE, 1, "")
    for one in series:
        if one.name not in (_LABELS, *gpus.METRICS, *counters.METRICS, *counters.NOT_ADDED):
            problems.tell(_NOT_READ, one.line, one.name or "no name")
    step = ranges.step(of_gpus)
    facts = {
        "problems": problems.told,
        "gpus": ranges.of(of_gpus, gpus.device, step),
        "counters": ranges.of(of_counters, counters.identity, ranges.step(of_counters)),
    }
    rows = chain(
        gpus.rows(of_gpus, step, labels, problems), counters.rows(of_counters, labels, problems)
    )
    return [Rows(HEADER, rows, facts)]


def _series(path: Path, problems: RowProblems) -> Iterator[Series]:
    for line, answer in json_objects.objects(path, _TITLE):
        data = answer.get("data")
        if answer.get("status") == "error":
            said = cell(answer.get("errorType")) or "unknown"
            hint = "fetch the answer again: a query that failed has no usage"
            raise Unreadable(f"the answer is an error, `{said}`", hint, line=line)
        if not isinstance(data, dict) or data.get("resultType") not in ("matrix", "vector"):
            hint = "expected `data` with a `resultType` of `matrix` or `vector`"
            raise Unreadable(f"the file is no {_TITLE}", hint, line=line)
        if answer.get("warnings"):
            problems.tell(_WARNING, line, "")
        yield from (series_of(one, line, problems) for one in _results(data, line))


def _results(data: Mapping[str, Any], line: int) -> Sequence[Mapping[str, Any]]:
    results = data.get("result")
    if not isinstance(results, list) or not all(
        isinstance(one, dict) and isinstance(one.get("metric"), dict) for one in results
    ):
        raise Unreadable(f"the file is no {_TITLE}", "expected series with `metric`", line=line)
    return results


def _line(path: Path, row: int) -> int:
    """Answers are one value: a row's place in the text is not known."""
    return 1


TELEMETRY = Telemetry(
    name="prometheus",
    title="Prometheus (JSON answers: GPUs by DCGM, tokens by vLLM, labels of pods)",
    recognises=_recognises,
    read=_read,
    natural_key=("x_SampleTime", "x_Series", "x_Meter"),
    across=ranges.across,
    line=_line,
)
