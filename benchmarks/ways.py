"""Ways to give a bill its owners, and how well each does beside the truth.

A way gives, for each line of the bills, cost to owners: a team and a use case, each None where the
way does not know it. What it gives sums to the line. Three simple ways stand here, in plain Python
that shares nothing with everyline; what everyline gives is read from the relations of its run.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from everyline import runs
from everyline.engines.duckdb import Engine
from simulated import NOBODY, Company, Degradation, Line, Owner

Pair = tuple[str | None, str | None]
"""Team and use case."""

Given = Mapping[int, Counter[Pair]]
"""For each line, by its place in the list of lines: to whom how much, in units of 10^-18 USD."""

_NOBODY: Pair = (None, None)


class Score(NamedTuple):
    """How cost was given, in units of 10^-18 USD; the three sum to the bill."""

    right: int
    wrong: int
    unallocated: int


def pair(owner: Owner) -> Pair:
    """What is scored of an owner."""
    return owner.team, owner.use_case


def score(truth: Counter[Pair], given: Counter[Pair]) -> Score:
    """One line, or lines that are looked at together.

    Right is what an owner is given and truly owes. What it is given above that is wrong. Cost that
    is given to no team is unallocated; so is what a team is given without a use case, as far as
    the team truly owes it, for its owner is not wholly named yet; above that it is wrong too.
    """
    right = wrong = unallocated = 0
    owed: Counter[str] = Counter()
    for (team, _), cost in truth.items():
        owed[team or ""] += cost
    for (team, use_case), cost in given.items():
        if team is not None and use_case is not None:
            hit = min(cost, truth[team, use_case])
            right, wrong = right + hit, wrong + cost - hit
            owed[team] -= hit
    for (team, use_case), cost in given.items():
        if team is None:
            unallocated += cost
        elif use_case is None:
            hit = min(cost, owed[team])
            unallocated, wrong = unallocated + hit, wrong + cost - hit
    return Score(right, wrong, unallocated)


def scored(lines: Sequence[Line], given: Given, by: Callable[[Line], object]) -> Score:
    """All lines; those for which `by` gives the same are looked at together, so errors cancel."""
    truths: dict[object, Counter[Pair]] = defaultdict(Counter)
    gifts: dict[object, Counter[Pair]] = defaultdict(Counter)
    for at, line in enumerate(lines):
        for owner, cost in line.truth.items():
            truths[by(line)][pair(owner)] += cost
        gifts[by(line)].update(given[at])
    found = [score(truths[place], gifts[place]) for place in truths]
    total = Score(*map(sum, zip(*found, strict=True)))
    if sum(total) != sum(line.cost for line in lines):
        raise AssertionError("what was given does not sum to the bill")
    return total


def tags_only(lines: Sequence[Line]) -> Given:
    """Each line goes to whom its tags name."""
    return {at: Counter({pair(line.tags): line.cost}) for at, line in enumerate(lines)}


def scaled(lines: Sequence[Line], company: Company, degraded: Degradation) -> Given:
    """The month's cost that the gateway estimates for each owner, scaled to each provider's bill.

    Whom a call belongs to, this way knows as well as everyline does: by tag, key and account.
    """
    estimated: dict[str, Counter[Pair]] = defaultdict(Counter)
    for call in company.calls:
        if degraded.logs(call):
            owner = company.found(call, company.seen(call, degraded))
            estimated[call.provider][pair(owner)] += sum(call.costs())
    return {at: split(line.cost, estimated[line.provider]) for at, line in enumerate(lines)}


def proportional(lines: Sequence[Line], company: Company) -> Given:
    """Lines that tags or the registry of accounts own stay; the rest follows their cost."""
    owners = [
        pair(line.tags) if line.tags.team else (company.accounts.get(line.account), None)
        for line in lines
    ]
    direct: Counter[Pair] = Counter()
    for line, owner in zip(lines, owners, strict=True):
        if owner != _NOBODY:
            direct[owner] += line.cost
    return {
        at: Counter({owner: line.cost}) if owner != _NOBODY else split(line.cost, direct)
        for at, (line, owner) in enumerate(zip(lines, owners, strict=True))
    }


def split(cost: int, weights: Mapping[Pair, int]) -> Counter[Pair]:
    """Parts of `cost` in proportion to weights, which sum to it; nobody's without any weight."""
    total = sum(weights.values())
    if not total:
        return Counter({_NOBODY: cost})
    parts: Counter[Pair] = Counter()
    before = 0
    for owner, weight in weights.items():
        parts[owner] += cost * (before + weight) // total - cost * before // total
        before += weight
    return parts


def by_everyline(lines: Sequence[Line], run: runs.Run) -> Given:
    """What a run gives. Every line of the bills is a group of its own here."""
    engine = Engine()
    groups = run.relation("groups")
    tags = [
        f'g."Tags.{key}"' if f"Tags.{key}" in engine.columns(groups) else "NULL"
        for key in NOBODY._fields
    ]
    rows = engine.rows(
        "SELECT g.ServiceProviderName, g.SubAccountId, strftime(g.x_WindowStart, '%Y-%m-%d'),"
        f" g.x_Model, g.x_Meter, {', '.join(tags)}, a.team, a.use_case, sum(a.EffectiveCost)"
        f" FROM {run.relation('allocations')} AS a JOIN {groups} AS g ON x_LineId = g.x_GroupId"
        " GROUP BY ALL"
    )
    engine.close()
    places = {_place(line): at for at, line in enumerate(lines)}
    given: dict[int, Counter[Pair]] = defaultdict(Counter)
    for *place, team, use_case, cost in rows:
        given[places[tuple(place)]][team, use_case] += _units(cost)
    return given


def _place(line: Line) -> tuple[str | None, ...]:
    day = f"{line.day:%Y-%m-%d}"
    return (line.provider, line.account, day, line.model, line.meter, *line.tags)


def _units(cost: Decimal) -> int:
    numerator, denominator = cost.as_integer_ratio()
    return numerator * 10**18 // denominator
