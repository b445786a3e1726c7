"""Weights of one entry of a pool's `split` in one period (R17, R15, R21)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from oracle import conditions, owners, stock
from oracle.amounts import units
from oracle.parts import Part, Receiver, Row, first_day, implied, values_of
from oracle.settings import Project, Settings, day, table
from oracle.traces import holds_in

Weights = dict[Receiver, Fraction]
_Raw = dict[tuple[str | None, ...], Fraction]
"""Weight by the values of `over`; null where a driver has none."""


class NoRate(Exception):  # noqa: N818
    """A currency that must be brought to the reporting one has no rate (R21)."""


@dataclass(frozen=True)
class Drivers:
    """What pools are weighed by: usage rows, and first-stage parts outside all pools."""

    project: Project
    usage: Sequence[Row]
    outside: Sequence[Part]
    pools: Sequence[Settings] = field(default_factory=list)


def belongs(drivers: Drivers, values: Mapping[str, str | None], period: str) -> int | None:
    """The first pool all of whose `owner` entries equal the values (R16, R19)."""
    for at, pool in enumerate(drivers.pools):
        if holds_in(pool, period) and is_owner(drivers.project, pool, values, period):
            return at
    return None


def is_owner(
    project: Project, pool: Settings, values: Mapping[str, str | None], period: str
) -> bool:
    named = pool.get("owner", {})
    texts = {key: read(project, key, text, first_day(period)) for key, text in named.items()}
    return bool(texts) and all(t is not None and values[key] == t for key, t in texts.items())


def read(project: Project, name: str, text: str, on: date) -> str | None:
    """A value that the configuration names, as it is that day (R10)."""
    return owners.valid(next(key for key in project.keys if key.name == name), text, on)


def weigh(
    drivers: Drivers, pool: Settings, entry: Settings, period: str, within: Mapping[str, Any]
) -> Weights | None:
    """Weight of each receiver, R among them; None where the entry does not apply.

    Raises:
        NoRate: more than one currency, and a rate is missing.
    """
    project = drivers.project
    over = entry.get("over") or [key.name for key in project.keys]
    idle = 0
    raw: _Raw
    if entry["by"] == "usage":
        seen = _by_usage(drivers, entry, over, period, within)
        if seen is None:
            return None
        raw, idle = seen
    elif entry["by"] == "cost":
        raw = _by_cost(drivers, entry, over, period, within)
    elif entry["by"] == "fixed":
        raw = _fixed(project, entry, over, first_day(period))
    else:
        raw = _even(drivers, entry, over[0], period)
    return _received(project, pool, (over, raw, idle), first_day(period))


def _received(
    project: Project, pool: Settings, weighed: tuple[Sequence[str], _Raw, int], on: date
) -> Weights:
    """Receivers by R17 and the rest by R15."""
    over, raw, idle = weighed
    rest = pool.get("rest", "unallocated")
    required = {key.name for key in project.keys if key.required}
    left = Fraction(idle)
    weights: Weights = {}
    for values, weight in raw.items():
        given = dict(zip(over, values, strict=True))
        if rest != "unallocated" and any(given.get(name, "") is None for name in required):
            left += weight
            continue
        answers = [_shared(given, key.name) for key in project.keys]
        receiver = implied(project, tuple(answers), on)
        weights[receiver] = weights.get(receiver, Fraction(0)) + weight
    if rest != "spread" and left:
        receiver = _rest(project, rest if isinstance(rest, dict) else {}, over, on)
        weights[receiver] = weights.get(receiver, Fraction(0)) + left
    return weights


def _shared(given: Mapping[str, str | None], name: str) -> tuple[str | None, str]:
    if name not in given:
        return None, "not_split"
    value = given[name]
    return (value, "shared") if value is not None else (None, "driver_unowned")


def _rest(project: Project, named: Settings, over: Sequence[str], on: date) -> Receiver:
    answers: list[tuple[str | None, str]] = []
    for key in project.keys:
        value = read(project, key.name, named[key.name], on) if key.name in named else None
        if value is not None:
            answers.append((value, "rest"))
        else:
            answers.append((None, "idle" if key.name in over else "not_split"))
    return implied(project, tuple(answers), on)


# Usage


def _by_usage(
    drivers: Drivers,
    entry: Settings,
    over: Sequence[str],
    period: str,
    within: Mapping[str, Any],
) -> tuple[_Raw, int] | None:
    """Weights and R; None if the rows have more than one unit or currency."""
    month = [
        row
        for row in drivers.usage
        if row["hour"].strftime("%Y-%m") == period
        and all(row.get(column) == value for column, value in within.items())
    ]
    rows = [row for row in month if conditions.holds(entry["usage"], row)]
    found = stock.drivers(rows, over, entry.get("weight", "quantity"))
    if found is None:
        return None
    capacity = 0
    for row in month:
        if "capacity" in entry and conditions.holds(entry["capacity"], row):
            amount, unit = stock.weighed(row, "quantity")
            capacity += amount if not rows or unit == found.unit else 0
    raw = {values: Fraction(weight) for values, weight in found.stock.items()}
    return raw, max(0, capacity - sum(found.stock.values()))


# Cost


def _by_cost(
    drivers: Drivers,
    entry: Settings,
    over: Sequence[str],
    period: str,
    within: Mapping[str, Any],
) -> _Raw:
    """EffectiveCost net per receiver, below zero counts nothing."""
    project = drivers.project
    parts = [
        part
        for part in drivers.outside
        if part.group["x_Period"] == period
        and part.group["x_Basis"] != "estimated"
        and conditions.holds(entry.get("of", {}), part.group)
        and all(part.group.get(column) == value for column, value in within.items())
    ]
    currencies = {part.group["BillingCurrency"] for part in parts}
    rates = _rates(project, period)
    if len(currencies) > 1 and not currencies <= rates.keys():
        raise NoRate
    net: _Raw = {}
    for part in parts:
        values = values_of(project, part.receiver)
        own = tuple(values[name] for name in over)
        rate = rates[part.group["BillingCurrency"]] if len(currencies) > 1 else 1
        net[own] = net.get(own, Fraction(0)) + Fraction(part.measures["EffectiveCost"] or 0) * rate
    return {values: max(weight, Fraction(0)) for values, weight in net.items()}


def _rates(project: Project, period: str) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    if "rates" in project.settings:
        for _, cells in table(project.folder, project.settings["rates"])[1]:
            if cells["period"] == period:
                found[cells["currency"]] = Fraction(units(cells["rate"]), 10**18)
    if "currency" in project.settings:
        found[project.settings["currency"]] = Fraction(1)
    return found


# Fixed and even


def _fixed(project: Project, entry: Settings, over: Sequence[str], on: date) -> _Raw:
    shares: list[tuple[dict[str, str], str]] = []
    if "shares" in entry:
        shares = [({over[0]: text}, percent) for text, percent in entry["shares"].items()]
    else:
        for _, cells in table(project.folder, entry["file"])[1]:
            start, end = day(cells.get("valid_from")), day(cells.get("valid_to"))
            if (start is None or start <= on) and (end is None or on < end):
                shares.append((cells, cells["share"]))
    found: _Raw = {}
    for cells, percent in shares:
        values = tuple(read(project, n, cells[n], on) if n in cells else None for n in over)
        found[values] = found.get(values, Fraction(0)) + units(percent)
    return found


def _even(drivers: Drivers, entry: Settings, name: str, period: str) -> _Raw:
    """1 for each value valid that day, less pool owners."""
    project, on = drivers.project, first_day(period)
    key = next(key for key in project.keys if key.name == name)
    values = {row.value for row in key.rows or () if row.holds(on)}
    if "among" in entry:
        values &= {read(project, name, text, on) for text in entry["among"]} - {None}
    found: _Raw = {}
    for value in values:
        answers = tuple(_shared({name: value}, one.name) for one in project.keys)
        owner = values_of(project, implied(project, answers, on))
        if belongs(drivers, owner, period) is None:
            found[(value,)] = Fraction(1)
    return found
