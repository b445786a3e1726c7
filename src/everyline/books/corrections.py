"""Pending corrections (R25): a closed month as computed now, less all that is booked for it.

Compared on exact amounts, so that one changed line does not move cents elsewhere. Rounded by R23 to
the change of the issuer's rounded total: that change is the floor or the ceiling of the exact
change, as `money.cascade` wants it, since floor(a + d) - floor(a) is floor(d) or ceil(d).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from everyline.books.lines import Key, Line, canonical, columns, digits_of, exact, key_names, units
from everyline.money import cascade, floor_half_up

Group = tuple[str, str, str, str | None]
"""What is rounded to one total: month, currency, basis, issuer."""
Costs = tuple[int, int]
"""BilledCost and EffectiveCost in integers of 10^-18."""

_NOTHING = Decimal(0)


def pending(
    booked: Sequence[Line], stated: Iterable[Line], into: str, keys: Sequence[str]
) -> list[Line]:
    """The lines that bring the books to what is computed now, by key.

    Months of the books are those from the first to the last month closed. One in between that had
    no lines when it was passed over counts as closed with nothing booked.

    Args:
        booked: all lines of all closes.
        stated: the lines of a run.
        into: the month in which the corrections are to be booked.
        keys: the taxonomy keys, the lead key first.
    """
    if not booked:
        return []
    first, last = min(line.period for line in booked), max(line.period for line in booked)
    within = [line for line in stated if first <= line.period <= last]
    old, new = _sums(booked), _sums(within)
    lines = [
        Line(into, month, *key, exact(now[0] - was[0]), exact(now[1] - was[1]), _NOTHING, _NOTHING)
        for month, key in old | new
        if (was := old.get((month, key), (0, 0))) != (now := new.get((month, key), (0, 0)))
    ]
    names = key_names(lines, keys)
    groups: defaultdict[Group, dict[str, Line]] = defaultdict(dict)
    for line in lines:
        groups[_group(line.about, line.key)][canonical(columns(line, names))] = line
    before, after = _totals(old), _totals(new)
    made = {
        at: line
        for group, members in groups.items()
        for at, line in _rounded(members, before[group], after[group], names[0]).items()
    }
    return [made[at] for at in sorted(made)]


def due(
    booked: Sequence[Line], stated: Sequence[Line], period: str, keys: Sequence[str]
) -> list[Line]:
    """What closing `period` books: its own lines, and pending corrections."""
    own = [line for line in stated if line.period == period]
    return own + pending(booked, stated, period, keys)


def _sums(lines: Iterable[Line]) -> dict[tuple[str, Key], Costs]:
    """Costs by the month that they are about, and key."""
    sums: dict[tuple[str, Key], Costs] = {}
    for line in lines:
        at = line.about, line.key
        billed, effective = sums.get(at, (0, 0))
        sums[at] = billed + units(line.billed), effective + units(line.effective)
    return sums


def _totals(sums: Mapping[tuple[str, Key], Costs]) -> defaultdict[Group, Costs]:
    totals: defaultdict[Group, Costs] = defaultdict(lambda: (0, 0))
    for (month, key), (billed, effective) in sums.items():
        group = _group(month, key)
        before = totals[group]
        totals[group] = before[0] + billed, before[1] + effective
    return totals


def _group(month: str, key: Key) -> Group:
    currency, basis, _, _, _, _, _, issuer, _ = key
    return month, currency, basis, issuer


def _rounded(lines: Mapping[str, Line], before: Costs, after: Costs, lead: str) -> dict[str, Line]:
    """The lines of one issuer, by their canonical key, with amounts that sum to its change."""
    digits = digits_of(next(iter(lines.values())).currency)
    owners = {at: canonical([line.value(lead)]) for at, line in lines.items()}
    amounts = []
    for cost in (0, 1):
        total = floor_half_up(after[cost], digits) - floor_half_up(before[cost], digits)
        parts: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for at, line in lines.items():
            parts[owners[at]].append((at, units((line.billed, line.effective)[cost])))
        amounts.append(_handed_down(total, parts, digits))
    billed, effective = amounts
    return {
        at: line._replace(
            billed_amount=Decimal(f"{billed[at]}E-{digits}"),
            effective_amount=Decimal(f"{effective[at]}E-{digits}"),
        )
        for at, line in lines.items()
    }


def _handed_down(
    total: int, parts: Mapping[str, list[tuple[str, int]]], digits: int
) -> dict[str, int]:
    """A total in minor units, to values of the lead key, and from those to lines (R23)."""
    sums = [(owner, sum(cost for _, cost in lines)) for owner, lines in parts.items()]
    found: dict[str, int] = {}
    for owner, whole in cascade(total, sums, digits).items():
        found |= cascade(whole, parts[owner], digits)
    return found
