"""Pools (R16 to R21): shared cost is summed to pool lines, and each is split once, by F.

Membership, sums and splits of lines are SQL; weights, pools by receivers, are exact numbers here.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from everyline.allocation import between, pool_notes
from everyline.allocation.between import Own, Weights
from everyline.allocation.compact import Same
from everyline.allocation.pool_drivers import Asking, Pot, first_day
from everyline.allocation.pool_members import Members
from everyline.allocation.pool_notes import Notes
from everyline.allocation.pool_parts import Decided, write_pool_parts
from everyline.allocation.pool_receivers import PoolOwners, Receivers, on_day
from everyline.allocation.pool_weights import Weighed, Weighing
from everyline.config.configuration import Configuration
from everyline.config.pools import Pool, Split
from everyline.engines.duckdb import Engine
from everyline.problems import Problem

_SCRATCH = ("pool_groups", "pool_parts", "pool_costs", "pool_usage")


class Pooled(NamedTuple):
    """What is to be said of pools, and which measures of their parts are always equal."""

    problems: list[Problem]
    same: Same


def pooled(
    engine: Engine, configuration: Configuration, parts: str, owned: str, *usage: str
) -> Pooled:
    """Takes parts into pools and splits the pools.

    Leaves the temporary relations pool_lines, pool_members, pooled_parts (before defaults) and
    pool_shares (the rows of `shares`), empty where no pool takes anything; `pool_parts.files` says
    what a run keeps of them.

    Args:
        parts: SQL of first-stage parts, as `parts.first_stage` makes them.
        owned: SQL of owned_groups.
        usage: SQL of identities with their owners (id_), and of their hours (id_, hour).
    """
    relations = [_relation(sql) for sql in (parts, owned, *usage)]
    if not configuration.pools:
        relations = [f"(SELECT * FROM {relation} LIMIT 0)" for relation in relations]
    return _Pools(engine, configuration).made(*relations)


def _relation(sql: str) -> str:
    """A query, or what stands behind FROM already."""
    return f"({sql})" if sql.startswith(("SELECT", "WITH")) else sql


class _Pools:
    """The pools of one run."""

    def __init__(self, engine: Engine, configuration: Configuration) -> None:
        self._engine = engine
        self._configuration = configuration
        self._notes = Notes()
        self._receivers = Receivers(configuration)
        self._members = Members(engine, configuration)
        self._asking = Asking(engine, configuration, self._members)
        self._weighing = Weighing(configuration, self._asking, self._receivers, self._notes)
        self._owners: dict[str, PoolOwners] = {}
        self._owned: dict[str, dict[int, int]] = {}
        self._seen: dict[str, int] = {}
        self._pots: dict[int, Pot] = {}
        self._decided: dict[int, Decided] = {}
        self._own: dict[int, Own] = {}
        self._pot_of_owner: dict[tuple[int, str], Pot] = {}

    def made(self, parts: str, owned: str, descriptions: str, hours: str) -> Pooled:
        """Makes the four relations."""
        for (period,) in self._engine.rows(f"SELECT DISTINCT x_Period FROM {owned} ORDER BY ALL"):
            self._owners[period] = self._owners_of(period)
        self._members.take(parts, owned, self._owners)
        self._asking.take(descriptions, hours)
        self._find_pots()
        self._decide_all()
        self._members.lines()
        self._members.write_pool_members()
        pots, composed = self._pots.values(), self._composed()
        shared = [(pot, self._decided[pot.number], composed[pot.number]) for pot in pots]
        same = write_pool_parts(self._engine, self._configuration.pools, self._receivers, shared)
        for table in _SCRATCH:
            self._engine.run(f"DROP TABLE {table}")
        return Pooled(self._notes.problems(self._costs()), same)

    def _owners_of(self, period: str) -> PoolOwners:
        def stale(pool: Pool, key: str, text: str) -> None:
            note = pool_notes.value_not_valid(pool, "owner", (key, text), pool.place)
            self._notes.add(note, period, [])

        return PoolOwners(self._configuration, first_day(period), stale)

    def _find_pots(self) -> None:
        within = self._members.within_json()
        rows = self._engine.rows(f"SELECT pot_, pool_, x_Period, {within} FROM pool_pots")
        for number, pool, period, values in rows:
            pot = self._pots[number] = Pot(number, pool, period, json.loads(values))
            if self._configuration.pools[pot.pool].owner is not None:
                self._pot_of_owner[pot.pool, pot.period] = pot

    def _pot_of(self, pool: int, period: str) -> Pot:
        """The one pot of a pool with `owner`; a new one if no part went into it."""
        pot = self._pot_of_owner.get((pool, period))
        if pot is None:
            pot = Pot(len(self._pots) + 1, pool, period, {})
            self._pots[pot.number] = self._pot_of_owner[pool, period] = pot
            self._engine.rows(
                "INSERT INTO pool_pots (pot_, pool_, x_Period) VALUES (?, ?, ?)", pot[:3]
            )
        return pot

    # Weights

    def _decide_all(self) -> None:
        """Decides on all pots that have parts, and on those that they pass on to."""
        waiting = list(self._pots.values())
        while waiting:
            by_pool: dict[int, list[Pot]] = {}
            for pot in waiting:
                by_pool.setdefault(pot.pool, []).append(pot)
            level = 0
            while by_pool:
                by_pool = self._decide(level, by_pool)
                level += 1
            for pot in waiting:
                self._own[pot.number] = self._given(pot)
            waiting = [pot for pot in self._pots.values() if pot.number not in self._decided]

    def _decide(self, level: int, by_pool: Mapping[int, list[Pot]]) -> dict[int, list[Pot]]:
        """Asks each pool's entry of `split` at `level`, from 0; the pots not weighed so (R18)."""
        pools = {number: self._configuration.pools[number] for number in by_pool}
        weighed = self._weighing.weigh(
            [(pool, pool.split[level], by_pool[number]) for number, pool in pools.items()],
            self._owners,
        )
        left: dict[int, list[Pot]] = {}
        for number, pool in pools.items():
            for pot in by_pool[number]:
                found = weighed.get(pot.number)
                weights = found and self._receiving(pool, pool.split[level], pot, found)
                if found and weights:
                    driver = "" if found.no_rate else found.driver
                    self._decided[pot.number] = Decided(level + 1, driver, between.whole(weights))
                elif level + 1 < len(pool.split):
                    left.setdefault(number, []).append(pot)
                else:
                    nobody = {self._receivers.empty("zero_driver"): 1}
                    self._decided[pot.number] = Decided(level + 1, "", nobody)
                    self._notes.add(pool_notes.without_weight(pool), pot.period, [pot.number])
        return left

    def _receiving(self, pool: Pool, split: Split, pot: Pot, weighed: Weighed) -> Weights:
        """The weights above 0 of all who may receive; empty where the next entry is asked."""
        if weighed.no_rate:
            return {self._receivers.empty("no_rate"): 1}
        return self._after_removal(pot, self._with_rest(pool, split, pot, weighed))

    def _with_rest(self, pool: Pool, split: Split, pot: Pot, weighed: Weighed) -> Weights:
        """The weights with the rest, and with what lacks a required key, where they go (R15)."""
        over = self._weighing.over(split)
        if pool.rest == "unallocated":
            rest = self._receivers.rest({}, over, pot.day)
            return {**weighed.weights, rest: weighed.rest}
        kept = {r: w for r, w in weighed.weights.items() if r not in weighed.lacking}
        if pool.rest == "spread":
            return kept
        lost = sum(weighed.weights.values()) - sum(kept.values()) + weighed.rest

        def stale(key: str, text: str) -> None:
            note = pool_notes.value_not_valid(pool, "rest", (key, text), pool.place)
            self._notes.add(note, pot.period, [pot.number])

        assert isinstance(pool.rest, Mapping)
        named = on_day(self._configuration, pool.rest, pot.day, stale)
        rest = self._receivers.rest(named, over, pot.day)
        return {**kept, rest: kept.get(rest, 0) + lost}

    def _after_removal(self, pot: Pot, weights: Weights) -> dict[int, int]:
        """The weights above 0 of receivers that may still receive (R19)."""
        owned = self._owned_by_pools(pot.period)
        return {
            receiver: weight
            for receiver, weight in weights.items()
            if weight and not (receiver in owned and self._is_removed(pot.pool, owned[receiver]))
        }

    def _is_removed(self, pool: int, other: int) -> bool:
        method = self._configuration.between_pools
        return {
            "direct": True,
            "step-down": other <= pool,
            "reciprocal": other == pool,
        }[method]

    def _owned_by_pools(self, period: str) -> Mapping[int, int]:
        """Receivers known so far that belong to a pool, and which."""
        owned = self._owned.setdefault(period, {})
        for number in range(self._seen.get(period, 0), len(self._receivers.listed)):
            pool = self._owners[period].pool_of(self._receivers.listed[number].values)
            if pool is not None:
                owned[number] = pool
        self._seen[period] = len(self._receivers.listed)
        return owned

    # Between pools

    def _given(self, pot: Pot) -> Own:
        """What a pot gives to final receivers, and what it passes on to pots of owners."""
        final: dict[int, int] = {}
        passed: dict[int, int] = {}
        owned = self._owned_by_pools(pot.period)
        for receiver, weight in self._decided[pot.number].weights.items():
            pool = owned.get(receiver)
            if pool is None:
                final[receiver] = weight
            else:
                other = self._pot_of(pool, pot.period).number
                passed[other] = passed.get(other, 0) + weight
        return Own(final, passed)

    def _composed(self) -> dict[int, Weights]:
        """F of every pot, in whole weights."""
        lost = self._receivers.empty("no_outlet")
        found: dict[int, Weights] = {}
        for period in self._owners:
            pots = [pot for pot in self._pots.values() if pot.period == period]
            own = {pot.number: self._own[pot.number] for pot in pots}
            composed = between.composed(own, lost)
            for pot in pots:
                weights = found[pot.number] = composed[pot.number]
                if set(weights) == {lost}:
                    note = pool_notes.without_outlet(self._configuration.pools[pot.pool])
                    self._notes.add(note, period, [pot.number])
        return found

    def _costs(self) -> pool_notes.Costs:
        found: dict[int, dict[str, Decimal]] = {}
        for pot, currency, cost in self._engine.rows(
            "SELECT pot_, BillingCurrency, sum(EffectiveCost)::DECIMAL(38,18) FROM pool_sums"
            " GROUP BY ALL ORDER BY ALL"
        ):
            found.setdefault(pot, {})[currency] = cost
        return found
