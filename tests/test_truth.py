"""What benchmarks/truth.py promises, on a small company; and that it would say if it were broken.

The benchmark itself tells how far the promises hold as evidence decays.
"""

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
CALLS, SEED = 400, 11
USD = 10**18


class Modules(NamedTuple):
    """The modules of the benchmark."""

    simulated: Any
    ways: Any
    truth: Any


@pytest.fixture(scope="module")
def modules() -> Iterator[Modules]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield Modules(*(importlib.import_module(name) for name in Modules._fields))


# The score, by hand


SEARCH, SUPPORT = ("search", "chat"), ("support", "chat")


@pytest.mark.parametrize(
    ("gifts", "expected"),
    [
        ({SEARCH: 60, SUPPORT: 40}, (100, 0, 0)),
        ({SEARCH: 100}, (60, 40, 0)),
        ({SEARCH: 50, SUPPORT: 50}, (90, 10, 0)),
        ({SEARCH: 60, ("ads", "chat"): 40}, (60, 40, 0)),
        ({SEARCH: 60, ("support", "drafts"): 40}, (60, 40, 0)),
        # Nobody is named, or only the use case.
        ({(None, None): 100}, (0, 0, 100)),
        ({SEARCH: 60, (None, "chat"): 40}, (60, 0, 40)),
        # Only the team is named: as far as it owes, its owner is still looked for.
        ({("search", None): 100}, (0, 40, 60)),
        ({SEARCH: 50, ("search", None): 30, SUPPORT: 20}, (70, 20, 10)),
    ],
)
def test_a_line_is_scored(
    modules: Modules,
    gifts: Mapping[tuple[str | None, str | None], int],
    expected: tuple[int, int, int],
) -> None:
    """Search owes 60 of a line, support 40."""
    assert modules.ways.score(Counter({SEARCH: 60, SUPPORT: 40}), Counter(gifts)) == expected


NAMES = st.sampled_from(["search", "support", None])
COSTS = st.dictionaries(st.tuples(NAMES, NAMES), st.integers(0, 10**24), min_size=1)


@given(gifts=COSTS, owed=COSTS)
def test_no_cost_is_scored_twice_or_never(modules: Modules, gifts: Any, owed: Any) -> None:
    truth = Counter({key: cost for key, cost in owed.items() if None not in key})
    found = modules.ways.score(truth, Counter(gifts))
    assert sum(found) == sum(gifts.values())
    assert min(found) >= 0
    assert found.right <= truth.total()


@given(cost=st.integers(0, 10**24), weights=COSTS)
def test_parts_sum_to_what_is_split(modules: Modules, cost: int, weights: Any) -> None:
    parts = modules.ways.split(cost, weights)
    assert parts.total() == cost
    total = sum(weights.values())
    # Each bound of a part is rounded down, so the part is less than one unit off.
    assert all(abs(parts[owner] * total - cost * w) < total for owner, w in weights.items() if w)


# The simple ways, by hand


def test_the_simple_ways_of_two_lines(modules: Modules) -> None:
    simulated, ways = modules.simulated, modules.ways
    company = simulated.Company(0, SEED)
    chat = simulated.Owner("search", "chat", "production")
    tagged = simulated.Line("p", "shared", simulated.FIRST, "m", "input_tokens", chat)
    own = simulated.Line("p", "ws-ads", simulated.FIRST, "m", "input_tokens", simulated.NOBODY)
    untagged = simulated.Line("p", "shared", simulated.FIRST, "m", "i", simulated.NOBODY)
    tagged.truth[chat] = 30
    own.truth[simulated.Owner("ads", "drafts")] = 10
    untagged.truth[simulated.Owner("risk", "triage")] = 8
    company.accounts = {"ws-ads": "ads"}
    lines = [tagged, own, untagged]

    tags = ways.tags_only(lines)
    assert tags == {0: {SEARCH: 30}, 1: {(None, None): 10}, 2: {(None, None): 8}}
    assert ways.scored(lines, tags, id) == (30, 0, 18)

    # 30 : 10 of what has an owner.
    direct = ways.proportional(lines, company)
    assert direct == {0: {SEARCH: 30}, 1: {("ads", None): 10}, 2: {SEARCH: 6, ("ads", None): 2}}
    assert ways.scored(lines, direct, id) == (30, 8, 10)

    nothing_logged = ways.scaled(lines, company, simulated.Degradation())
    assert ways.scored(lines, nothing_logged, id) == (0, 0, 48)


def test_the_gateway_is_scaled_to_each_bill(modules: Modules) -> None:
    """All is logged, so each owner's month is right, and no line by itself."""
    company = modules.simulated.Company(CALLS, SEED)
    complete = modules.simulated.Degradation()
    lines = company.bill(complete)
    given = modules.ways.scaled(lines, company, complete)
    by_month = modules.ways.scored(lines, given, lambda line: line.provider)
    assert by_month.wrong < 10 * len(lines)  # each line's parts are rounded to whole units
    assert modules.ways.scored(lines, given, id).wrong > by_month.right // 2


# The company


def test_bills_are_whole_however_evidence_decays(modules: Modules) -> None:
    company = modules.simulated.Company(CALLS, SEED)
    spent = sum(sum(call.costs()) for call in company.calls)
    for degraded in modules.truth.SCENARIOS.values():
        lines = company.bill(degraded)
        assert sum(line.cost for line in lines) == spent
        assert all(line.evidence.total() == line.cost for line in lines)
        assert all(set(line.truth) == {line.tags} for line in lines if line.tags.team)


def test_what_little_loss_takes_more_loss_takes_too(modules: Modules) -> None:
    company = modules.simulated.Company(CALLS, SEED)
    logged = [
        {id(call) for call in company.calls if modules.simulated.Degradation(unlogged=n).logs(call)}
        for n in (50, 20, 5, 0)
    ]
    assert [len(calls) for calls in logged] == sorted(len(calls) for calls in logged)
    assert all(less <= more for less, more in pairwise(logged))
    assert len(logged[-1]) == CALLS
    assert 0.4 * CALLS < len(logged[0]) < 0.6 * CALLS


# The promises


@pytest.fixture
def measure(modules: Modules) -> Any:
    def measured(scenario: str, trace: str) -> Any:
        return modules.truth.measure(modules.truth.Case(scenario, trace), CALLS, SEED)

    return measured


@pytest.mark.parametrize(
    ("trace", "grain"),
    [("two levels", "line"), ("plain by account", "line"), ("plain", "month")],
)
def test_with_complete_evidence_all_is_right(
    modules: Modules, measure: Any, trace: str, grain: str
) -> None:
    found = measure("complete", trace)
    right, wrong, unallocated = found.everyline(grain)
    assert max(wrong, unallocated) <= modules.truth.NEARLY_NOTHING
    assert right + wrong + unallocated == found.cost
    assert list(modules.truth.verdicts(found)) == []


@pytest.mark.parametrize(
    ("scenario", "trace"),
    [
        ("one bypasses", "two levels"),
        ("uneven loss", "plain"),
    ],
)
def test_what_is_unseen_stays_open_and_none_of_it_is_wrong(
    modules: Modules, measure: Any, scenario: str, trace: str
) -> None:
    found = measure(scenario, trace)
    assert found.misled == 0
    assert found.unseen > found.cost // 50
    judged = found.everyline(modules.truth.JUDGED[trace])
    assert judged.wrong <= modules.truth.NEARLY_NOTHING
    assert found.unseen <= judged.unallocated + modules.truth.NEARLY_NOTHING
    assert judged.unallocated <= found.unseen_anywhere + modules.truth.NEARLY_NOTHING
    assert list(modules.truth.verdicts(found)) == []


def test_wrong_is_at_most_what_evidence_names_wrongly(modules: Modules, measure: Any) -> None:
    found = measure("lent keys 5%", "two levels")
    assert 0 < found.everyline("line").wrong <= found.misled
    assert list(modules.truth.verdicts(found)) == []


# The verdict


def _invented(
    modules: Modules,
    scenario: str,
    trace: str = "two levels",
    *,
    everyline: tuple[int, int, int],
    gateway_scaled: tuple[int, int, int] = (0, 0, 100),
) -> Any:
    """A case of 100 USD; 10 unseen, 5 more on owned lines, 3 misled; the others own nothing."""
    every = {}
    known = {trace: everyline, "gateway scaled": gateway_scaled}
    for way in (trace, *modules.truth.SIMPLE):
        score = modules.ways.Score(*(part * USD for part in known.get(way, (0, 0, 100))))
        every[way] = {"line": score, "month": score}
    case = modules.truth.Case(scenario, trace)
    costs = (part * USD for part in (100, 10, 15, 3))
    return modules.truth.Measured(case, every, *costs)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ((90, 0, 10), []),
        ((85, 0, 15), []),
        ((87, 3, 10), []),
        ((86, 4, 10), ["1.000 % wrong by line, which no evidence names"]),
        ((84, 0, 16), ["1.000 % unallocated though it was seen"]),
        ((91, 0, 9), ["1.000 % right that no evidence owns"]),
    ],
)
def test_a_broken_promise_is_told(
    modules: Modules, score: tuple[int, int, int], said: list[str]
) -> None:
    found = _invented(modules, "unlogged 20%", everyline=score)
    expected = [f"unlogged 20%, two levels: {text}" for text in said]
    assert list(modules.truth.verdicts(found)) == expected


def test_complete_evidence_leaves_no_excuse(modules: Modules) -> None:
    found = _invented(modules, "complete", everyline=(90, 0, 10))
    assert list(modules.truth.verdicts(found)) == [
        "complete, two levels: 10.000 % not right by line"
    ]


def test_a_simple_way_that_does_better_is_told(modules: Modules) -> None:
    """Misplaced: 1 + 10 / 2 = 6 against 3 + 4 / 2 = 5."""
    found = _invented(modules, "unlogged 20%", everyline=(89, 1, 10), gateway_scaled=(93, 3, 4))
    assert list(modules.truth.verdicts(found)) == [
        "unlogged 20%, two levels: 1.000 % more by line than gateway scaled"
    ]


def test_the_report_fits_a_terminal(modules: Modules) -> None:
    best = (100, 0, 0)
    cases = [
        _invented(modules, case.scenario, case.trace, everyline=(79, 1, 20), gateway_scaled=best)
        for case in modules.truth.cases_of(modules.truth.SCENARIOS)
    ]
    text = "\n".join(modules.truth.report(cases)).splitlines()
    assert max(map(len, text)) <= 80
    for scenario in modules.truth.SCENARIOS:
        rows = [
            " ".join(line.removeprefix(scenario).split())
            for line in text
            if line.startswith(scenario)
        ]
        assert rows[0] == "79.0 1.0 20.0 0 0 100 100 0 0 0 0 100"
        assert rows[2].startswith("10.0 3.0 11.0 50.0 0 50.0 11.0")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (0, "0"),
        (USD // 10**9, "0"),
        (USD // 100, "<0.1"),
        (USD, "1.0"),
        (100 * USD - USD // 100, ">99.9"),
        (100 * USD, "100"),
    ],
)
def test_0_and_100_are_said_of_nothing_and_all_alone(
    modules: Modules, part: int, expected: str
) -> None:
    assert modules.truth.shown(part, 100 * USD) == expected
