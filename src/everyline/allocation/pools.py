"""Pools (R16 to R21): shared cost is summed to pool lines, and each is split once, by F.

Membership, sums and splits of lines are SQL; weights, pools by receivers, are exact numbers here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from everyline.allocation import between, pool_notes
from everyline.allocation.between import Own
from everyline.allocation.parts import CARRIED
from everyline.allocation.pool_drivers import Drivers, Pot, first_day
from everyline.allocation.pool_members import Members, within_of, within_of_split
from everyline.allocation.pool_notes import Notes
from everyline.allocation.pool_receivers import PoolOwners, Receivers, on_day
from everyline.allocation.pool_weights import Weighed, Weights
from everyline.allocation.split import split as split_lines
from everyline.config.configuration import Configuration
from everyline.config.pools import Pool, Split
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import Problem
from everyline.relations import MEASURES

_SCRATCH = ("pool_groups", "pool_parts", "pool_costs", "pool_usage", "pool_weights")


class Decided(NamedTuple):
    """a(i, r) of one pot after removal (R19).

    Attributes:
        level: the entry of `split` that applied, from 1; the last one if none did.
        driver: what weighed, in words; empty if nothing did, and then there is no split of its own.
        weights: receiver to whole weight, above 0.
    """

    level: int
    driver: str
    weights: Mapping[int, int]


def pooled(
    engine: Engine, configuration: Configuration, parts: str, owned: str, *usage: str
) -> list[Problem]:
    """Takes parts into pools and splits the pools; returns what is to be said of them.

    Leaves the temporary tables pool_lines, pool_members, pooled_parts (before defaults) and
    pool_shares (the rows of `shares`), empty where no pool takes anything.

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
        self._drivers = Drivers(engine, configuration, self._members)
        self._weights = Weights(configuration, self._drivers, self._receivers, self._notes)
        self._owners: dict[str, PoolOwners] = {}
        self._pots: dict[int, Pot] = {}
        self._decided: dict[int, Decided] = {}
        self._own: dict[int, Own] = {}
        self._pot_of_owner: dict[tuple[int, str], Pot] = {}

    def made(self, parts: str, owned: str, descriptions: str, hours: str) -> list[Problem]:
        """Makes the four tables."""
        for (period,) in self._engine.rows(f"SELECT DISTINCT x_Period FROM {owned} ORDER BY ALL"):
            self._owners[period] = self._owners_of(period)
        self._members.take(parts, owned, self._owners)
        self._drivers.take(descriptions, hours)
        self._find_pots()
        self._decide_all()
        self._members.lines()
        self._members.write_pool_members()
        self._write(self._composed())
        for table in _SCRATCH:
            self._engine.run(f"DROP TABLE {table}")
        return self._notes.problems(self._costs())

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
            for pool, pots in by_pool.items():
                self._decide(self._configuration.pools[pool], pots)
            for pot in waiting:
                self._own[pot.number] = self._given(pot)
            waiting = [pot for pot in self._pots.values() if pot.number not in self._decided]

    def _decide(self, pool: Pool, pots: Sequence[Pot]) -> None:
        """The first entry of `split` with a weight, for each of a pool's pots (R18)."""
        for level, split in enumerate(pool.split, 1):
            weighed = self._weights.weigh(pool, split, pots, self._owners)
            for pot in pots:
                if pot.number in weighed:
                    weights = self._receiving(pool, split, pot, weighed[pot.number])
                    if weights:
                        found = weighed[pot.number]
                        driver = "" if found.no_rate else found.driver
                        self._decided[pot.number] = Decided(level, driver, between.whole(weights))
            pots = [pot for pot in pots if pot.number not in self._decided]
            if not pots:
                return
        nobody = {self._receivers.empty("zero_driver"): 1}
        for pot in pots:
            self._decided[pot.number] = Decided(len(pool.split), "", nobody)
            self._notes.add(pool_notes.without_weight(pool), pot.period, [pot.number])

    def _receiving(
        self, pool: Pool, split: Split, pot: Pot, weighed: Weighed
    ) -> Mapping[int, Fraction]:
        """The weights above 0 of all who may receive; empty where the next entry is asked."""
        if weighed.no_rate:
            return {self._receivers.empty("no_rate"): Fraction(1)}
        return self._after_removal(pot, self._with_rest(pool, split, pot, weighed))

    def _with_rest(
        self, pool: Pool, split: Split, pot: Pot, weighed: Weighed
    ) -> Mapping[int, Fraction]:
        """The weights with the rest, and with what lacks a required key, where they go (R15)."""
        over = self._weights.over(split)
        if pool.rest == "unallocated":
            rest = self._receivers.rest({}, over, pot.day)
            return {**weighed.weights, rest: weighed.rest}
        kept = {r: w for r, w in weighed.weights.items() if r not in weighed.lacking}
        if pool.rest == "spread":
            return kept
        lost = sum((weighed.weights[r] for r in weighed.lacking), weighed.rest)

        def stale(key: str, text: str) -> None:
            note = pool_notes.value_not_valid(pool, "rest", (key, text), pool.place)
            self._notes.add(note, pot.period, [pot.number])

        assert isinstance(pool.rest, Mapping)
        named = on_day(self._configuration, pool.rest, pot.day, stale)
        rest = self._receivers.rest(named, over, pot.day)
        return {**kept, rest: kept.get(rest, Fraction(0)) + lost}

    def _after_removal(self, pot: Pot, weights: Mapping[int, Fraction]) -> dict[int, Fraction]:
        """The weights above 0 of receivers that may still receive (R19)."""
        found = {}
        for receiver, weight in weights.items():
            pool = self._pool_of(receiver, pot.period) if weight else None
            if weight and not self._is_removed(pot.pool, pool):
                found[receiver] = weight
        return found

    def _is_removed(self, pool: int, other: int | None) -> bool:
        if other is None:
            return False
        method = self._configuration.between_pools
        return {
            "direct": True,
            "step-down": other <= pool,
            "reciprocal": other == pool,
        }[method]

    def _pool_of(self, receiver: int, period: str) -> int | None:
        return self._owners[period].pool_of(self._receivers.listed[receiver].values)

    # Between pools

    def _given(self, pot: Pot) -> Own:
        """What a pot gives to final receivers, and what it passes on to pots of owners."""
        final: dict[int, int] = {}
        passed: dict[int, int] = {}
        for receiver, weight in self._decided[pot.number].weights.items():
            pool = self._pool_of(receiver, pot.period)
            if pool is None:
                final[receiver] = weight
            else:
                other = self._pot_of(pool, pot.period).number
                passed[other] = passed.get(other, 0) + weight
        return Own(final, passed)

    def _composed(self) -> dict[int, dict[int, int]]:
        """F of every pot, in whole weights."""
        lost = self._receivers.empty("no_outlet")
        found: dict[int, dict[int, int]] = {}
        for period in self._owners:
            pots = [pot for pot in self._pots.values() if pot.period == period]
            own = {pot.number: self._own[pot.number] for pot in pots}
            composed = between.composed(own, lost)
            for pot in pots:
                weights = found[pot.number] = between.whole(composed[pot.number])
                if set(weights) == {lost}:
                    note = pool_notes.without_outlet(self._configuration.pools[pot.pool])
                    self._notes.add(note, period, [pot.number])
        return found

    # Tables

    def _write(self, composed: Mapping[int, Mapping[int, int]]) -> None:
        splits: list[tuple[object, ...]] = []
        weights: list[tuple[object, ...]] = []
        own_ids: set[str] = set()
        for pot in self._pots.values():
            pool, decided = self._configuration.pools[pot.pool], self._decided[pot.number]
            for level, found in ((decided.level, decided.weights), (0, composed[pot.number])):
                share = self._share_id(pool, pot, level)
                if level and (not decided.driver or share in own_ids):
                    continue  # pots whose entry looks at no `within` have one split together
                own_ids.add(share)
                number, total = len(splits), str(sum(found.values()))
                kind, driver = "own" if level else "composed", decided.driver or "none"
                splits.append(
                    (number, pot.number, share, pool.pool, decided.level, kind, total, driver)
                )
                weights += [(number, receiver, str(weight)) for receiver, weight in found.items()]
        keys = [f"{key}{end}" for key in self._receivers.keys for end in ("", "_evidence")]
        columns = {"receiver_": "BIGINT", **dict.fromkeys(("x_Receiver", *keys), "VARCHAR")}
        receivers = [
            (number, one.text, *(text for pair in zip(*one, strict=True) for text in pair))
            for number, one in enumerate(self._receivers.listed)
        ]
        self._engine.table("pool_receivers", columns, receivers)
        self._engine.table("pool_splits", _SPLITS, splits)
        self._engine.table("pool_weights", _WEIGHTS, weights)
        listed = ", ".join(map(quoted, keys))
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE pool_shares AS SELECT x_ShareId, x_Receiver, x_Rule,"
            f" x_Level, x_Kind, {listed}, x_Weight, x_WeightTotal, x_Driver FROM pool_weights"
            " JOIN pool_splits USING (split_) JOIN pool_receivers USING (receiver_)"
        )
        self._split(listed)
        self._engine.run("DROP VIEW pool_split")
        self._engine.run("DROP TABLE pool_split_split")

    def _share_id(self, pool: Pool, pot: Pot, level: int) -> str:
        """SHA-256 of the canonical JSON array of pool, entry, period and its `within` values.

        Entry 0 is F, for all `within` values of the pool (R12).
        """
        names = within_of(pool) if level == 0 else within_of_split(pool.split[level - 1])
        within = {name: pot.within[name] for name in names if name in pot.within}
        ordered = dict(sorted(within.items(), key=lambda item: item[0].encode("utf-16-be")))
        key = [pool.pool, level, pot.period, ordered]
        text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _split(self, keys: str) -> None:
        measures = ", ".join(MEASURES)
        split_lines(
            self._engine,
            f"(SELECT x_LineId AS line_, pot_ AS share_, {measures} FROM pool_sums)",
            "(SELECT pot_ AS share_, x_Receiver AS receiver_, x_Weight AS weight_ FROM pool_weights"
            " JOIN pool_splits USING (split_) JOIN pool_receivers USING (receiver_)"
            " WHERE x_Kind = 'composed' AND pot_ IN (SELECT pot_ FROM pool_sums))",
            "pool_split",
        )
        tags = ", ".join(f"{key}_tag" for key in self._receivers.keys)
        parts = ", ".join(f"t.{measure}" for measure in MEASURES)
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE pooled_parts AS SELECT x_LineId, x_Receiver, {keys},"
            f" x_Pool, x_ShareId, {', '.join(CARRIED)}, {tags}, {parts} FROM pool_split AS t"
            " JOIN pool_sums AS l ON l.x_LineId = t.line_"
            " JOIN pool_receivers AS r ON r.x_Receiver = t.receiver_"
            " JOIN pool_splits AS s ON s.pot_ = l.pot_ AND s.x_Kind = 'composed'"
        )

    def _costs(self) -> pool_notes.Costs:
        found: dict[int, dict[str, Decimal]] = {}
        for pot, currency, cost in self._engine.rows(
            "SELECT pot_, BillingCurrency, sum(EffectiveCost)::DECIMAL(38,18) FROM pool_sums"
            " GROUP BY ALL ORDER BY ALL"
        ):
            found.setdefault(pot, {})[currency] = cost
        return found


_SPLITS = {
    "split_": "BIGINT",
    "pot_": "BIGINT",
    "x_ShareId": "VARCHAR",
    "x_Rule": "VARCHAR",
    "x_Level": "BIGINT",
    "x_Kind": "VARCHAR",
    "x_WeightTotal": "VARCHAR",
    "x_Driver": "VARCHAR",
}
_WEIGHTS = {"split_": "BIGINT", "receiver_": "BIGINT", "x_Weight": "VARCHAR"}
