"""Weights of pools (R15, R17): what one entry of `split` says of pots, by receiver."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import lcm
from typing import Any, NamedTuple

from everyline import units
from everyline.allocation import pool_notes
from everyline.allocation.pool_drivers import Asked, Asking, Drivers, Pot
from everyline.allocation.pool_notes import Note, Notes
from everyline.allocation.pool_receivers import PoolOwners, Receivers, on_day
from everyline.config.configuration import Configuration
from everyline.config.pools import CostSplit, EvenSplit, FixedSplit, Pool, Split, UsageSplit
from everyline.control import EXACT


class Weighed(NamedTuple):
    """What an entry says of one pot.

    Attributes:
        weights: receiver to weight, none below 0; whole numbers of one measure, as is `rest`.
        lacking: receivers without a required key that the entry should give.
        rest: R of R15.
        driver: what weighs, in words.
        no_rate: that a rate is missing, so that nothing weighs and nothing else is asked (R21).
    """

    weights: Mapping[int, int]
    lacking: Collection[int]
    driver: str
    rest: int = 0
    no_rate: bool = False


class Weighing:
    """Weighs the pots of one run."""

    def __init__(
        self, configuration: Configuration, asking: Asking, receivers: Receivers, notes: Notes
    ) -> None:
        self._configuration = configuration
        self._asking = asking
        self._receivers = receivers
        self._notes = notes
        self._rates = {(r.period, r.currency): Fraction(r.rate) for r in configuration.rates}

    def over(self, split: Split) -> tuple[str, ...]:
        """The keys of the receivers."""
        return split.over or self._receivers.keys

    def weigh(
        self, asked: Sequence[tuple[Pool, Split, Sequence[Pot]]], owners: Mapping[str, PoolOwners]
    ) -> dict[int, Weighed]:
        """What an entry says of each pot of its pool; nothing where it does not apply."""
        found: dict[int, Weighed] = {}
        by_drivers: list[tuple[Pool, Asked]] = []
        for pool, split, pots in asked:
            if isinstance(split, UsageSplit | CostSplit):
                condition = split.usage if isinstance(split, UsageSplit) else split.of
                by_drivers.append((pool, Asked(split, condition, self.over(split), pots)))
            else:
                found |= self._by_period(pool, split, pots, owners)
        return found | self._by_drivers(by_drivers)

    def _by_period(
        self,
        pool: Pool,
        split: FixedSplit | EvenSplit,
        pots: Sequence[Pot],
        owners: Mapping[str, PoolOwners],
    ) -> dict[int, Weighed]:
        by_period: dict[str, list[Pot]] = {}
        for pot in pots:
            by_period.setdefault(pot.period, []).append(pot)
        found: dict[int, Weighed] = {}
        for period, alike in by_period.items():
            weighed = (
                self._fixed(pool, split, alike)
                if isinstance(split, FixedSplit)
                else self._even(pool, split, alike, owners[period])
            )
            found |= {pot.number: weighed for pot in alike}
        return found

    def _by_drivers(self, asked: Sequence[tuple[Pool, Asked]]) -> dict[int, Weighed]:
        capacities = {
            at: one._replace(condition=one.split.capacity, over=())
            for at, (_, one) in enumerate(asked)
            if isinstance(one.split, UsageSplit) and one.split.capacity
        }
        drivers = self._asking.found([*(one for _, one in asked), *capacities.values()])
        capacity = dict(zip(capacities, drivers[len(asked) :], strict=True))
        found: dict[int, Weighed] = {}
        for at, (pool, one) in enumerate(asked):
            for pot in one.pots:
                rows = drivers[at].get(pot.number, [])
                if isinstance(one.split, CostSplit):
                    found[pot.number] = self._by_cost(pool, one.split, pot, rows)
                    continue
                size = capacity.get(at, {}).get(pot.number)
                weighed = self._by_usage(pool, one.split, pot, rows, size)
                if weighed is not None:
                    found[pot.number] = weighed
        return found

    def _weighed(
        self,
        split: Split,
        pot: Pot,
        weights: Iterable[tuple[Iterable[tuple[Any, ...]], int]],
        driver: str,
    ) -> Weighed:
        """Of rows of values with their amount behind them, and what the amounts are times."""
        numbers, found = self._receivers.shared(self.over(split), pot.day), dict[int, int]()
        for rows, times in weights:
            for *values, amount in rows:
                number = numbers[tuple(values)]
                found[number] = found.get(number, 0) + (amount or 0) * times
        net = {number: max(weight, 0) for number, weight in found.items()}
        return Weighed(net, numbers.lacking, driver)

    def _say(self, note: Note, pot: Pot) -> None:
        self._notes.add(note, pot.period, [pot.number])

    # By usage

    def _by_usage(
        self,
        pool: Pool,
        split: UsageSplit,
        pot: Pot,
        rows: Sequence[Drivers],
        capacity: Sequence[Drivers] | None,
    ) -> Weighed | None:
        by = self._by_estimated_cost if split.weight == "estimated_cost" else self._by_quantity
        weighed = by(pool, split, pot, rows)
        if weighed is None or capacity is None:
            return weighed
        size = self._capacity(pool, split, pot, {_unit(row.unit)[1] for row in rows}, capacity)
        return weighed._replace(rest=max(size - sum(weighed.weights.values()), 0))

    def _by_quantity(
        self, pool: Pool, split: UsageSplit, pot: Pot, rows: Sequence[Drivers]
    ) -> Weighed | None:
        names = {_unit(row.unit)[1] for row in rows}
        if len(names) > 1:
            self._say(pool_notes.units_differ(pool, names, split.place), pot)
            return None
        shown = min((units.unit(row.unit).text for row in rows if row.unit), default="")
        weights = [(row.amounts, _unit(row.unit)[0]) for row in rows]
        return self._weighed(split, pot, weights, f"usage quantity {shown}".rstrip())

    def _by_estimated_cost(
        self, pool: Pool, split: UsageSplit, pot: Pot, rows: Sequence[Drivers]
    ) -> Weighed | None:
        unpriced = Decimal(0)
        for row in rows:
            unpriced = EXACT.add(unpriced, row.unpriced)
        if unpriced:
            quantity = f"{unpriced:f}".rstrip("0").rstrip(".")
            self._say(pool_notes.usage_without_cost(pool, quantity, split.place), pot)
        priced = {row.unit or "" for row in rows if any(one[-1] is not None for one in row.amounts)}
        if len(priced) > 1:
            self._say(pool_notes.units_differ(pool, priced, split.place), pot)
            return None
        weights = [(row.amounts, 1) for row in rows]
        driver = f"usage estimated_cost {''.join(priced)}".rstrip()
        return self._weighed(split, pot, weights, driver)

    def _capacity(
        self,
        pool: Pool,
        split: UsageSplit,
        pot: Pot,
        names: Collection[str],
        rows: Sequence[Drivers],
    ) -> int:
        """B of R15; where there is no usage all of it is idle, whatever its unit."""
        size = 0
        for row in rows:
            times, name = _unit(row.unit)
            if not names or name in names:
                size += row.total * times
            else:
                self._say(pool_notes.capacity_differs(pool, row.unit or "", split.place), pot)
        return size

    # By cost, fixed shares, even parts

    def _by_cost(self, pool: Pool, split: CostSplit, pot: Pot, rows: Sequence[Drivers]) -> Weighed:
        currencies = {row.unit or "" for row in rows}
        rates = dict.fromkeys(currencies, Fraction(1))
        if len(currencies) > 1:
            rates = {c: rate for c in currencies if (rate := self._rate(pot.period, c))}
        for currency in sorted(currencies - rates.keys()):
            note = pool_notes.rate_missing(pool, currency, pot.period, split.place)
            self._say(note, pot)
        if len(rates) < len(currencies):
            return Weighed({}, frozenset(), "cost", no_rate=True)
        common = lcm(*(rate.denominator for rate in rates.values()))
        weights = [(row.amounts, int(rates[row.unit or ""] * common)) for row in rows]
        return self._weighed(split, pot, weights, "cost")

    def _rate(self, period: str, currency: str) -> Fraction | None:
        """Reporting units for one unit of a currency (R21)."""
        if currency == self._configuration.currency:
            return Fraction(1)
        return self._rates.get((period, currency))

    def _fixed(self, pool: Pool, split: FixedSplit, pots: Sequence[Pot]) -> Weighed:
        day = pots[0].day
        shares: list[tuple[tuple[str | None, ...], tuple[int, int]]] = []
        for share in split.receivers:
            if share.validity.holds(day):
                named = {k: v for k, v in zip(split.over, share.values, strict=True) if v}
                found = self._on_day(pool, split, pots, named, share.place)
                values = tuple(map(found.get, split.over))
                shares.append((values, share.percent.as_integer_ratio()))
        common = lcm(*{parts for _, (_, parts) in shares})
        rows = [(*values, whole * (common // parts)) for values, (whole, parts) in shares]
        return self._weighed(split, pots[0], [(rows, 1)], "fixed")

    def _even(
        self, pool: Pool, split: EvenSplit, pots: Sequence[Pot], owners: PoolOwners
    ) -> Weighed:
        (key,), day = split.over, pots[0].day
        listed = self._configuration.key(key).values
        assert listed is not None, "even parts need a list of values"
        values: Iterable[str] = listed.valid_on(day)
        if split.among is not None:
            found = [
                self._on_day(pool, split, pots, {key: text}, split.place) for text in split.among
            ]
            among = {one[key] for one in found if one}
            values = [value for value in values if value in among]
        rows = [(value, 1) for value in values]
        every = self._weighed(split, pots[0], [(rows, 1)], "even")
        weights = {
            number: weight
            for number, weight in every.weights.items()
            if owners.pool_of(self._receivers.listed[number].values) is None
        }
        return every._replace(weights=weights)

    def _on_day(
        self,
        pool: Pool,
        split: FixedSplit | EvenSplit,
        pots: Sequence[Pot],
        named: Mapping[str, str],
        place: str,
    ) -> dict[str, str]:
        """The values as they are on the first day; what has none there is said of all `pots`."""

        def stale(key: str, text: str) -> None:
            note = pool_notes.value_not_valid(pool, split.by, (key, text), place)
            self._notes.add(note, pots[0].period, [pot.number for pot in pots])

        return on_day(self._configuration, named, pots[0].day, stale)


@cache
def _unit(text: str | None) -> tuple[int, str]:
    """The multiple in a unit of usage, and the unit as it is compared; none is one of its own."""
    found = units.unit(text or "")
    return found.multiple, found.name
