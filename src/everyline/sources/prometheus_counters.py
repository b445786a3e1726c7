"""Tokens and requests from vLLM's counters: differences of samples, restarts included."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from everyline.sources import quantities
from everyline.sources.prometheus_series import PodLabels, Series
from everyline.sources.row_problems import RowProblem, RowProblems

METRICS: Mapping[str, tuple[str, str]] = {
    "vllm:prompt_tokens_total": ("input_tokens", "tokens"),
    "vllm:prefix_cache_hits_total": ("cached_input_tokens", "tokens"),
    "vllm:generation_tokens_total": ("output_tokens", "tokens"),
    "vllm:request_success_total": ("requests", "requests"),
}
"""By counter: meter and unit."""

NOT_ADDED = ("vllm:prefix_cache_queries_total", "vllm:prompt_tokens_by_source_total")
"""Counters that say again, in another cut, what those above say."""

_NOT_ITS_OWN = ("__name__", "finished_reason")

_CACHED = RowProblem(
    name="cached-beside-input",
    level="warn",
    sentence="cached tokens of {} grow faster than its prompt tokens; the rest is not counted",
    hint="check whether this version of vLLM counts blocks instead of tokens",
)
_NEGATIVE = RowProblem(
    name="negative-quantity",
    level="stop",
    sentence="the counter {} is negative",
    hint="fetch the answer again",
)

Row = tuple[str | None, ...]
_Grown = dict[tuple[int, int], int]


def identity(one: Series) -> str:
    """What tells counters apart: name and all labels."""
    return json.dumps([one.name, sorted(one.labels.items())])


def rows(series: Sequence[Series], labels: PodLabels, problems: RowProblems) -> Iterator[Row]:
    """One row for each counter and interval in which it grew, prompt tokens less cached ones."""
    engines: dict[str, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for one in series:
        engines[_engine(one)][one.name].append(one)
    for of_engine in engines.values():
        cached: _Grown = defaultdict(int)
        for one in of_engine.get("vllm:prefix_cache_hits_total", ()):
            for interval, amount in _grown(one, problems).items():
                cached[interval] += amount
        for name, some in of_engine.items():
            for one in some:
                grown = _grown(one, problems)
                if name == "vllm:prompt_tokens_total":
                    grown = {at: max(0, n - cached.get(at, 0)) for at, n in grown.items()}
                elif name == "vllm:prefix_cache_hits_total":
                    prompts = of_engine.get("vllm:prompt_tokens_total", ())
                    grown = _within(one, grown, prompts, problems)
                yield from _rows(one, grown, labels)


def _engine(one: Series) -> str:
    """The engine that a counter is of: all labels but those that cut one figure up."""
    return json.dumps(sorted(p for p in one.labels.items() if p[0] not in _NOT_ITS_OWN))


def _grown(one: Series, problems: RowProblems) -> _Grown:
    """By interval in milliseconds how much the counter grew; a smaller sample is a new start."""
    found: _Grown = {}
    for (start, before), (end, after) in pairwise(one.samples):
        if before < 0 or after < 0:
            problems.tell(_NEGATIVE, one.line, one.name)
            continue
        found[start, end] = after - before if after >= before else after
    return found


def _within(
    one: Series, cached: _Grown, prompts: Sequence[Series], problems: RowProblems
) -> _Grown:
    """Cached tokens, as far as there were prompt tokens; without such a counter all of them."""
    if not prompts:
        return cached
    of_prompts: _Grown = defaultdict(int)
    for prompt in prompts:
        for interval, amount in _grown(prompt, RowProblems()).items():
            of_prompts[interval] += amount
    found = {}
    for interval, amount in cached.items():
        if interval in of_prompts and amount > of_prompts[interval]:
            problems.tell(_CACHED, one.line, one.labels.get("model_name", ""))
        found[interval] = min(amount, of_prompts.get(interval, amount))
    return found


def _rows(one: Series, grown: _Grown, labels: PodLabels) -> Iterator[Row]:
    meter, unit = METRICS[one.name]
    place = {name: one.workload(name) for name in ("cluster", "namespace", "pod", "container")}
    series = identity(one)
    for (start, end), amount in grown.items():
        if not amount:
            continue
        quantity = quantities.text(amount)
        yield (
            quantities.instant(start),
            one.labels.get("Hostname") or one.labels.get("node") or None,
            one.labels.get("model_name") or None,
            meter,
            unit,
            quantity,
            quantity if meter == "requests" else "0",
            labels.tags(one, place, start),
            str(end),
            series,
        )
