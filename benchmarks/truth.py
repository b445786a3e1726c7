"""How much of a bill reaches its true owner, as evidence gets worse.

    python benchmarks/truth.py [--calls 3000] [--seed 7] [--only NAME,...] [--as json]

The true owner of every call of a simulated company (`simulated.py`) is known. Each scenario lets
its evidence decay by a stated amount; everyline then owns the bills twice, by traces of two levels
(account, model and meter by quantity; then model by estimated cost) and by one plain trace a
provider (model and meter); where calls are lost, also by one that spreads what it does not see, as
scaling does. Beside it stand three simple ways (`ways.py`): the tags on the bill
alone, the gateway's estimates scaled to the bill, and all in proportion to direct cost.

An owner is a team and a use case. Cost is *right* as far as an owner is given what it owes, *wrong*
above that, *unallocated* where nobody or only the team is named. Two grains are looked at: each
line of a bill for itself, where errors never cancel, and each provider's month, where they do, and
which is all that scaling or a trace that knows no accounts can hope to get right.

*Misplaced* is all cost that is not with its true owner, where cost that is said to have no owner
counts half of cost that has a wrong one: both must be mended, but only the former shows itself, and
no team pays for another meanwhile. So leaving everything open misplaces half of the bill, and a
guess is better than an open question if it is right more often than wrong.

The promises, which the last lines judge:

- with complete evidence all is right: line by line with two levels, by month with a plain trace,
  since two accounts that nobody owns are alike to a trace that knows no accounts;
- wrong is never more than the cost of calls of which evidence names another owner (`misled`);
- what is not right is at least what no evidence owns (`unseen`); what is unallocated is at most
  that and the unseen calls of lines that have owners of their own, since of a call that was seen
  nobody can tell whether it was one of those;
- line by line, misplaced is nowhere more than with the best of the simple ways.

By month errors cancel, so that scaling can do better where calls are lost evenly: it guesses that
what was not seen is like what was, and then it is. The last lines say where, and by how much.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import ways
from everyline import pipeline
from simulated import Company, Degradation, Line
from simulated_project import BY_ACCOUNT, BY_ESTIMATE, BY_MODEL, Tracing, write
from ways import Score

SCENARIOS: Mapping[str, Degradation] = {
    "complete": Degradation(),
    "unlogged 1%": Degradation(unlogged=1),
    "unlogged 5%": Degradation(unlogged=5),
    "unlogged 20%": Degradation(unlogged=20),
    "unlogged 50%": Degradation(unlogged=50),
    "one bypasses": Degradation(bypass=True),
    "uneven loss": Degradation(uneven=True),
    "shared 10%": Degradation(shared=10, bare=50),
    "shared 30%": Degradation(shared=30, bare=50),
    "shared 60%": Degradation(shared=60, bare=50),
    "untagged 10%": Degradation(untagged=10),
    "untagged 30%": Degradation(untagged=30),
    "untagged 60%": Degradation(untagged=60),
    "lent keys 5%": Degradation(lent=5),
    "all at once": Degradation(
        unlogged=20, bypass=True, uneven=True, shared=30, untagged=30, lent=5
    ),
}
"""Of calls, keys or tags. Unlike the others, which take evidence away, lent keys name others."""

LINE_BY_LINE, BY_MONTH = "two levels", "plain"
SPREAD = "plain, spread"

TRACES: Mapping[str, Tracing] = {
    LINE_BY_LINE: Tracing((BY_ACCOUNT, BY_ESTIMATE)),
    BY_MONTH: Tracing((BY_MODEL,)),
    SPREAD: Tracing((BY_MODEL,), rest="spread"),
    "plain by account": Tracing((BY_ACCOUNT,)),
}

JUDGED = {LINE_BY_LINE: "line", BY_MONTH: "month", "plain by account": "line"}
"""The grain at which a trace can know everything; one that spreads guesses, and promises none."""

SIMPLE = ("tags only", "gateway scaled", "by direct cost")
GRAINS = ("line", "month")

NEARLY_NOTHING = 10**9
"""A nano-USD: what may go astray as stocks are rounded down to 10^-12 of a token (R14)."""


class Case(NamedTuple):
    """One scenario, owned by everyline with one kind of trace."""

    scenario: str
    trace: str


class Measured(NamedTuple):
    """What came of a case.

    Attributes:
        scores: by way and grain; everyline's way is called as its trace.
        cost: of all bills, in units of 10^-18 USD, as all that follows.
        unseen: what no evidence owns wholly, of lines without owners of their own.
        unseen_anywhere: the same of all lines.
        misled: the cost of calls of which evidence names another owner, of all lines.
    """

    case: Case
    scores: Mapping[str, Mapping[str, Score]]
    cost: int
    unseen: int
    unseen_anywhere: int
    misled: int

    def everyline(self, grain: str) -> Score:
        return self.scores[self.case.trace][grain]

    def best(self, grain: str) -> tuple[str, int]:
        """The simple way that misplaces least, and how much, in halves of a unit."""
        found = [(misplaced(self.scores[way][grain]), way) for way in SIMPLE]
        least, way = min(found)
        return way, least


def misplaced(score: Score) -> int:
    """Wrong, and half of unallocated, in halves of a unit of 10^-18 USD."""
    return 2 * score.wrong + score.unallocated


@cache
def company(calls: int, seed: int) -> Company:
    return Company(calls, seed)


def measure(case: Case, calls: int, seed: int) -> Measured:
    """Makes the project of a case, runs everyline, and scores all ways."""
    simulated, degraded = company(calls, seed), SCENARIOS[case.scenario]
    with TemporaryDirectory(prefix="everyline-truth-") as temporary:
        lines = write(Path(temporary), simulated, degraded, TRACES[case.trace])
        outcome = pipeline.run(Path(temporary))
        if outcome.run is None or outcome.problems:
            sys.exit("\n".join(problem.sentence for problem in outcome.problems))
        given = {
            case.trace: ways.by_everyline(lines, outcome.run),
            SIMPLE[0]: ways.tags_only(lines),
            SIMPLE[1]: ways.scaled(lines, simulated, degraded),
            SIMPLE[2]: ways.proportional(lines, simulated),
        }
    scores = {
        way: {
            "line": ways.scored(lines, found, id),
            "month": ways.scored(lines, found, lambda line: line.provider),
        }
        for way, found in given.items()
    }
    unowned = [line for line in lines if None in line.tags[:2]]
    return Measured(
        case,
        scores,
        sum(line.cost for line in lines),
        _of_evidence(unowned, "unlogged", "vague"),
        _of_evidence(lines, "unlogged", "vague"),
        _of_evidence(lines, "misled"),
    )


def _of_evidence(lines: Sequence[Line], *kinds: str) -> int:
    return sum(line.evidence[kind] for line in lines for kind in kinds)


def verdicts(found: Measured) -> Iterator[str]:
    """What does not hold of the promises in one case, and by how much."""
    if found.case.trace not in JUDGED:
        return
    about = f"{found.case.scenario}, {found.case.trace}"
    grain = JUDGED[found.case.trace]
    judged, line = found.everyline(grain), found.everyline("line")
    if judged.wrong > found.misled + NEARLY_NOTHING:
        excess = precise(judged.wrong - found.misled, found.cost)
        yield f"{about}: {excess} wrong by {grain}, which no evidence names"
    if found.case.scenario == "complete" and judged.right < found.cost - NEARLY_NOTHING:
        yield f"{about}: {precise(found.cost - judged.right, found.cost)} not right by {grain}"
    if line.wrong + line.unallocated < found.unseen - NEARLY_NOTHING:
        excess = precise(found.unseen - line.wrong - line.unallocated, found.cost)
        yield f"{about}: {excess} right that no evidence owns"
    if line.unallocated > found.unseen_anywhere + NEARLY_NOTHING:
        excess = precise(line.unallocated - found.unseen_anywhere, found.cost)
        yield f"{about}: {excess} unallocated though it was seen"
    yield from behind(found, "line")


def behind(found: Measured, grain: str) -> Iterator[str]:
    """Where a simple way misplaces less, and by how much."""
    way, least = found.best(grain)
    own = misplaced(found.everyline(grain))
    if own > least + NEARLY_NOTHING:
        more = precise(own - least, 2 * found.cost)
        yield f"{found.case.scenario}, {found.case.trace}: {more} more by {grain} than {way}"


def precise(part: int, whole: int) -> str:
    """A percentage with three decimals, rounded up so that a failure never shows as 0."""
    thousandths = -(-100_000 * part // whole)
    return f"{thousandths // 1000}.{thousandths % 1000:03} %"


def shown(part: int, whole: int) -> str:
    """A percentage with one decimal; 0 and 100 only where nothing, or everything, is meant."""
    tenths = (2000 * part + whole) // (2 * whole)
    if part <= NEARLY_NOTHING:
        return "0"
    if tenths == 0:
        return "<0.1"
    if tenths == 1000:
        return ">99.9" if part < whole - NEARLY_NOTHING else "100"
    return f"{tenths // 10}.{tenths % 10}"


def table(measured: Sequence[Measured], trace: str) -> Iterator[str]:
    """How each way owns the bill, in per cent of its cost."""
    yield f"{'':12}" + "".join(f"{way:^17}" for way in ("  everyline", *SIMPLE)).rstrip()
    yield f"{'':12}" + f"{'right':>6}{'wrong':>6}{'none':>5}" * 4
    for found in measured:
        if found.case.trace != trace:
            continue
        cells = ""
        for way in (trace, *SIMPLE):
            score = found.scores[way][JUDGED[trace]]
            right, wrong, none = (shown(part, found.cost) for part in score)
            cells += f"{right:>6}{wrong:>6}{none:>5}"
        yield f"{found.case.scenario:12}{cells}"


def curve(measured: Sequence[Measured]) -> Iterator[str]:
    """What evidence lacks, and how much each way misplaces, in per cent of cost."""
    yield f"{'':12}{'evidence':^15}{'line by line':^25}  {'by month':^26}".rstrip()
    yield (
        f"{'':12}"
        + "{:>7}{:>8}".format("unseen", "misled")
        + "{:>7}{:>6}{:>6}{:>6}".format("ours", "tags", "gate", "cost")
        + "{:>6}{:>7}{:>5}{:>5}{:>5}".format("ours", "spread", "tags", "gate", "cost")
    )
    by_case = {found.case: found for found in measured}
    for scenario in dict.fromkeys(found.case.scenario for found in measured):
        lines, months, spread = (
            by_case.get(Case(scenario, trace)) for trace in (LINE_BY_LINE, BY_MONTH, SPREAD)
        )
        if lines is None or months is None:
            continue
        spread_out = _misplaced(spread, SPREAD) if spread else ""
        unseen, misled = (shown(part, lines.cost) for part in (lines.unseen, lines.misled))
        yield (
            f"{scenario:12}{unseen:>7}{misled:>8}{_misplaced(lines, LINE_BY_LINE):>7}"
            + "".join(f"{_misplaced(lines, way):>6}" for way in SIMPLE)
            + f"{_misplaced(months, BY_MONTH):>6}{spread_out:>7}"
            + "".join(f"{_misplaced(months, way):>5}" for way in SIMPLE)
        )


def _misplaced(found: Measured, way: str) -> str:
    grain = JUDGED.get(found.case.trace, "month")
    return shown(misplaced(found.scores[way][grain]), 2 * found.cost)


def report(measured: Sequence[Measured]) -> Iterator[str]:
    """All tables and the verdict."""
    yield "Per cent of cost, line by line; everyline with traces of two levels"
    yield from table(measured, LINE_BY_LINE)
    yield "\nBy provider and month, where errors cancel; everyline with one plain trace each"
    yield from table(measured, BY_MONTH)
    yield "\nMisplaced: wrong, and half of what has no owner; spread: what is unseen, too"
    yield from curve(measured)
    failed = [text for found in measured for text in verdicts(found)]
    yield "\nPromises that do not hold" if failed else "\nEvery promise holds."
    yield from failed
    by_month = [found for found in measured if found.case.trace in (BY_MONTH, SPREAD)]
    if better := [text for found in by_month for text in behind(found, "month")]:
        yield "\nBy month, where errors cancel, a simple way misplaces less"
        yield from better


def as_json(measured: Sequence[Measured]) -> str:
    """Everything measured, in units of 10^-18 USD."""
    rows = [
        found._asdict()
        | {
            "case": found.case._asdict(),
            "scores": {
                way: {grain: score._asdict() for grain, score in grains.items()}
                for way, grains in found.scores.items()
            },
            "verdicts": list(verdicts(found)),
        }
        for found in measured
    ]
    return json.dumps(rows, indent=1)


def cases_of(scenarios: Sequence[str]) -> Iterator[Case]:
    """Each scenario with both traces; where calls are lost, what spreading makes of it too."""
    for scenario in scenarios:
        degraded = SCENARIOS[scenario]
        yield from (Case(scenario, trace) for trace in (LINE_BY_LINE, BY_MONTH))
        if degraded.unlogged or degraded.bypass or degraded.uneven:
            yield Case(scenario, SPREAD)


def main() -> None:
    parser = argparse.ArgumentParser(description="How much of a bill reaches its true owner.")
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", help="scenarios, with commas", default=",".join(SCENARIOS))
    parser.add_argument("--as", dest="form", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    os.environ.setdefault("EVERYLINE_THREADS", "1")  # two runs at a time instead
    cases = list(cases_of(asked.only.split(",")))
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as workers:
        started = [workers.submit(measure, case, asked.calls, asked.seed) for case in cases]
        measured = [one.result() for one in started]
    print(as_json(measured) if asked.form == "json" else "\n".join(report(measured)))


if __name__ == "__main__":
    main()
