"""Pools: members, pool lines, and who receives them in the end (R16, R18, R19)."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from oracle import conditions
from oracle.between import solved
from oracle.canonical import filled, hash_of
from oracle.parts import (
    Part,
    Receiver,
    Row,
    integers,
    nobody,
    receiver_text,
    share_rows,
    values_of,
)
from oracle.settings import Project, Settings
from oracle.traces import holds_in
from oracle.weights import Drivers, NoRate, Weights, belongs, is_owner, weigh

_CARRIED = """
x_Period BillingCurrency x_Basis x_Layer ServiceProviderName InvoiceIssuerName InvoiceId
BillingAccountId SubAccountId ServiceName ChargeCategory x_Eligible ConsumedUnit PricingUnit
"""
CARRIED = tuple(_CARRIED.split())
"""Columns that a part takes from its group, and a pool line from its members."""


class Own(NamedTuple):
    """a(i, r) of one pool, period and `within` values, after removal.

    `entry` counts from 1, and is 0 where no entry split; `tried` is the last one that was tried;
    `within` are the entry's columns.
    """

    entry: int
    tried: int
    within: tuple[tuple[str, Any], ...]
    shares: Weights


class Line(NamedTuple):
    """A pool line: its pool, its key columns, its sums, and what was summed."""

    pool: int
    key: Row
    measures: dict[str, int | None]
    members: list[Part]

    @property
    def id(self) -> str:
        return hash_of(filled(self.key))


class Pooled:
    """All that pools make of the first-stage parts."""

    def __init__(self, project: Project, parts: Sequence[Part], usage: Sequence[Row]) -> None:
        self.project = project
        self.settings: list[Settings] = list(project.settings.get("pools", ()))
        self.kind = project.settings.get("between_pools", "step-down")
        joined = [self._joins(part) for part in parts]
        self.outside = [part for part, at in zip(parts, joined, strict=True) if at is None]
        self.drivers = Drivers(project, usage, self.outside, self.settings)
        lines: dict[str, Line] = {}
        for part, at in zip(parts, joined, strict=True):
            if at is not None:
                line = Line(at, self._key(at, part), {}, [])
                line = lines.setdefault(line.id, line)
                line.members.append(part)
                for name, value in part.measures.items():
                    summed = [v for v in (line.measures.get(name), value) if v is not None]
                    line.measures[name] = sum(summed) if summed else None
        self.lines = list(lines.values())
        self._owns: dict[Any, Own] = {}
        self._finals: dict[str, dict[int, Weights]] = {}

    # Members (R16)

    def _joins(self, part: Part) -> int | None:
        """The first pool that takes the part; `charges` takes no traced one."""
        period = part.group["x_Period"]
        for at, pool in enumerate(self.settings):
            if not holds_in(pool, period):
                continue
            by_charges = "charges" in pool and part.rule is None
            if by_charges and conditions.holds(pool["charges"], part.group):
                return at
            if is_owner(self.project, pool, values_of(self.project, part.receiver), period):
                return at
        return None

    def within(self, at: int) -> list[str]:
        """The `within` columns of all entries of a pool."""
        entries = self.settings[at]["split"]
        return sorted({column for entry in entries for column in entry.get("within", ())})

    def _key(self, at: int, part: Part) -> Row:
        key: Row = {"x_Pool": self.settings[at]["pool"]}
        tags = [f"{key.name}_tag" for key in self.project.keys]
        return key | {c: part.group.get(c) for c in (*CARRIED, *tags, *self.within(at))}

    # Weights of one pool (R18), after removal (R19)

    def own(self, at: int, period: str, within: Mapping[str, Any]) -> Own:
        key = (at, period, tuple(sorted(within.items())))
        if key not in self._owns:
            self._owns[key] = self._own(at, period, within)
        return self._owns[key]

    def _own(self, at: int, period: str, within: Mapping[str, Any]) -> Own:
        pool = self.settings[at]
        for number, entry in enumerate(pool["split"], 1):
            inside = {column: within[column] for column in entry.get("within", ())}
            try:
                weights = weigh(self.drivers, pool, entry, period, inside)
            except NoRate:
                return Own(0, number, (), {nobody(self.project, "no_rate"): Fraction(1)})
            kept = {
                receiver: weight
                for receiver, weight in (weights or {}).items()
                if not self._is_removed(at, self.owner(receiver, period))
            }
            total = sum(kept.values())
            if total > 0:
                shares = {receiver: weight / total for receiver, weight in kept.items() if weight}
                return Own(number, number, tuple(inside.items()), shares)
        return Own(0, len(pool["split"]), (), {nobody(self.project, "zero_driver"): Fraction(1)})

    def owner(self, receiver: Receiver, period: str) -> int | None:
        """The pool to which a receiver belongs."""
        return belongs(self.drivers, values_of(self.project, receiver), period)

    def _is_removed(self, at: int, owner: int | None) -> bool:
        if owner is None:
            return False
        removed = {"direct": True, "step-down": owner <= at, "reciprocal": owner == at}
        return removed[self.kind]

    # Final receivers (R19)

    def final(self, at: int, period: str, within: Mapping[str, Any]) -> Weights:
        """F(i): own final receivers, and those of the pools passed on to."""
        if "owner" in self.settings[at]:
            return self._of_owners(period)[at]
        found: Weights = {}
        for receiver, share in self.own(at, period, within).shares.items():
            passed = self.owner(receiver, period)
            onward = {receiver: Fraction(1)} if passed is None else self._of_owners(period)[passed]
            for last, part in onward.items():
                found[last] = found.get(last, Fraction(0)) + share * part
        return found

    def _of_owners(self, period: str) -> dict[int, Weights]:
        """F of each pool with an owner: one each period."""
        if period not in self._finals:
            passing: dict[int, dict[int, Fraction]] = {}
            ending: dict[int, Weights] = {}
            for at, pool in enumerate(self.settings):
                if "owner" not in pool or not holds_in(pool, period):
                    continue
                passing[at], ending[at] = {}, {}
                for receiver, share in self.own(at, period, {}).shares.items():
                    owner = self.owner(receiver, period)
                    if owner is None:
                        ending[at][receiver] = share
                    else:
                        passing[at][owner] = passing[at].get(owner, Fraction(0)) + share
            outlet = nobody(self.project, "no_outlet")
            self._finals[period] = solved(passing, ending, outlet)
        return self._finals[period]

    # What comes out

    @cached_property
    def _reached(self) -> dict[Any, tuple[int, str, Row]]:
        """Pool, period and `within` values of all lines, and of pools passed on to from there."""
        found: dict[Any, tuple[int, str, Row]] = {}
        waiting = [(line.pool, line.key["x_Period"], self._values(line)) for line in self.lines]
        while waiting:
            at, period, within = one = waiting.pop()
            key = (at, period, tuple(within.items()))
            if key in found:
                continue
            found[key] = one
            owners = {self.owner(r, period) for r in self.own(at, period, within).shares}
            waiting += [(owner, period, {}) for owner in owners if owner is not None]
        return found

    def _values(self, line: Line) -> Row:
        return {column: line.key[column] for column in self.within(line.pool)}

    def shares(self) -> list[Row]:
        """Own and composed weights of every pool with lines, or passed on to."""
        found: dict[str, list[Row]] = {}
        for at, period, within in self._reached.values():
            own, name = self.own(at, period, within), self.settings[at]["pool"]
            if own.entry:
                share = self._share(name, own, period, dict(own.within))
                found[share["x_ShareId"]] = self._rows(share, own.shares)
            share = self._share(name, own, period, within, composed=True)
            found[share["x_ShareId"]] = self._rows(share, self.final(at, period, within))
        return [row for rows in found.values() for row in rows]

    def _rows(self, share: Row, weights: Weights) -> list[Row]:
        return share_rows(self.project, share, integers(weights))

    def _share(
        self, name: str, own: Own, period: str, within: Row, *, composed: bool = False
    ) -> Row:
        share_id = hash_of([name, 0 if composed else own.entry, period, filled(within)])
        kind = "composed" if composed else "own"
        return {"x_ShareId": share_id, "x_Rule": name, "x_Level": own.tried, "x_Kind": kind}

    def split(self) -> Iterable[tuple[Line, str, dict[Receiver, int]]]:
        """Each pool line with its share and the weights that split it, once."""
        for line in self.lines:
            period, within = line.key["x_Period"], self._values(line)
            weights = integers(self.final(line.pool, period, within))
            own = self.own(line.pool, period, within)
            share = self._share(line.key["x_Pool"], own, period, within, composed=True)
            yield line, share["x_ShareId"], weights

    def members(self) -> list[Row]:
        """The relation `pool_members`."""
        return [
            {
                "x_PoolLineId": line.id,
                "x_GroupId": part.group["x_GroupId"],
                "x_Receiver": receiver_text(part.receiver),
                **part.measures,
            }
            for line in self.lines
            for part in line.members
        ]
