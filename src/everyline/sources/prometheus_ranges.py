"""Steps and ranges of series: what must hold between the answers of one source (R1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from everyline.problems import Problem
from everyline.sources.format import Facts
from everyline.sources.prometheus_series import Series

_KINDS = ("gpus", "counters")

_Ranges = Mapping[str, Sequence[int]]


def step(series: Iterable[Series]) -> int | None:
    """The step of an answer in milliseconds: the least distance of two samples of a series.

    An answer does not state it, and gaps are missing samples. None where no series has two.
    """
    return min(
        (later - earlier for one in series for (earlier, _), (later, _) in pairwise(one.samples)),
        default=None,
    )


def of(
    series: Iterable[Series], identity: Callable[[Series], str], step_of: int | None
) -> dict[str, list[int]]:
    """Of each identity the first and last time of its samples, the step, and where in it they lie.

    Samples of one step that lie elsewhere in it are others, as those of another step are.
    """
    found: dict[str, list[int]] = {}
    for one in series:
        if one.samples:
            first, last = one.samples[0][0], one.samples[-1][0]
            grid = [step_of or 0, first % step_of if step_of else 0]
            known = found.setdefault(identity(one), [first, last, *grid])
            known[:2] = [min(known[0], first), max(known[1], last)]
    return found


def across(files: Sequence[Facts]) -> list[Problem]:
    """Files that report the same time in two steps, and counters that nobody saw in between."""
    found = []
    for at, one in enumerate(files):
        for other in files[:at]:
            if any(_overlap(_ranges(one, kind), _ranges(other, kind)) for kind in _KINDS):
                found.append(_two_steps(one.file, other.file))
                break
    return [*found, *_gaps(files)]


def _overlap(mine: _Ranges, theirs: _Ranges) -> bool:
    return any(
        mine[name][0] < theirs[name][1]
        and theirs[name][0] < mine[name][1]
        and mine[name][2:] != theirs[name][2:]
        for name in mine.keys() & theirs.keys()
    )


def _gaps(files: Sequence[Facts]) -> list[Problem]:
    """Between the last sample of one file and the first of the next a counter's growth is lost."""
    seen: dict[str, list[tuple[int, int, str]]] = {}
    for one in files:
        for name, (first, last, *_) in _ranges(one, "counters").items():
            seen.setdefault(name, []).append((first, last, one.file))
    pairs = {
        (file, following)
        for ranges in seen.values()
        for (_, last, file), (first, _, following) in pairwise(sorted(ranges))
        if last < first
    }
    return [_gap(file, following) for file, following in sorted(pairs)]


def _ranges(one: Facts, kind: str) -> _Ranges:
    found = one.facts.get(kind)
    return found if isinstance(found, dict) else {}


def _two_steps(file: str, other: str) -> Problem:
    return Problem(
        name="two-groupings",
        level="stop",
        sentence=f"the same time is reported in another step than in `{other}`: the same use twice",
        place=file,
        subject=other,
        hint="keep the answers of one step in this source's path, and move the others away",
    )


def _gap(file: str, following: str) -> Problem:
    return Problem(
        name="gap-between-files",
        level="warn",
        sentence=f"counters grow unseen between the end of `{file}` and the start of this file",
        place=following,
        subject=file,
        hint="let each range start at the time at which the one before ends",
    )
