"""Weights of pools (R15, R17): what one entry of `split` says of pots, by receiver."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from everyline import units
from everyline.allocation import pool_notes
from everyline.allocation.pool_drivers import Driver, Drivers, Pot
from everyline.allocation.pool_notes import Note, Notes
from everyline.allocation.pool_receivers import PoolOwners, Receivers, Values, on_day
from everyline.config.configuration import Configuration
from everyline.config.pools import CostSplit, EvenSplit, FixedSplit, Pool, Split, UsageSplit
from everyline.control import EXACT

_NOTHING = Fraction(0)


class Weighed(NamedTuple):
    """What an entry says of one pot.

    Attributes:
        weights: receiver to weight, none below 0.
        lacking: receivers without a required key that the entry should give.
        rest: R of R15.
        driver: what weighs, in words.
        no_rate: that a rate is missing, so that nothing weighs and nothing else is asked (R21).
    """

    weights: Mapping[int, Fraction]
    lacking: frozenset[int]
    driver: str
    rest: Fraction = _NOTHING
    no_rate: bool = False


class Weights:
    """Weighs the pots of one run."""

    def __init__(
        self, configuration: Configuration, drivers: Drivers, receivers: Receivers, notes: Notes
    ) -> None:
        self._configuration = configuration
        self._drivers = drivers
        self._receivers = receivers
        self._notes = notes
        self._rates = {(r.period, r.currency): Fraction(r.rate) for r in configuration.rates}

    def over(self, split: Split) -> tuple[str, ...]:
        """The keys of the receivers."""
        return split.over or self._receivers.keys

    def weigh(
        self, pool: Pool, split: Split, pots: Sequence[Pot], owners: Mapping[str, PoolOwners]
    ) -> dict[int, Weighed]:
        """What `split` says of the pool's `pots`; nothing of those to which it does not apply."""
        if isinstance(split, UsageSplit):
            return self._by_usage(pool, split, pots)
        if isinstance(split, CostSplit):
            drivers = self._drivers.cost(split, self.over(split), pots)
            return {
                p.number: self._by_cost(pool, split, p, drivers.get(p.number, ())) for p in pots
            }
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

    def _weighed(
        self,
        split: Split,
        pot: Pot,
        weights: Iterable[tuple[Values, Fraction]],
        driver: str,
    ) -> Weighed:
        over, found, lacking = self.over(split), dict[int, Fraction](), set()
        for values, weight in weights:
            number = self._receivers.shared(over, values, pot.day)
            found[number] = found[number] + weight if number in found else weight
            if self._receivers.lacks(over, values):
                lacking.add(number)
        net = {n: weight if weight.numerator > 0 else _NOTHING for n, weight in found.items()}
        return Weighed(net, frozenset(lacking), driver)

    def _say(self, note: Note, pot: Pot) -> None:
        self._notes.add(note, pot.period, [pot.number])

    # By usage

    def _by_usage(self, pool: Pool, split: UsageSplit, pots: Sequence[Pot]) -> dict[int, Weighed]:
        over, found = self.over(split), dict[int, Weighed]()
        drivers = self._drivers.usage(split, split.usage, over, pots)
        capacity = self._drivers.usage(split, split.capacity, (), pots) if split.capacity else {}
        for pot in pots:
            rows = drivers.get(pot.number, [])
            if split.weight == "estimated_cost":
                weighed = self._by_estimated_cost(pool, split, pot, rows)
            else:
                weighed = self._by_quantity(pool, split, pot, rows)
            if weighed is not None:
                found[pot.number] = weighed
                if pot.number in capacity:
                    names = {_unit(row.unit)[1] for row in rows}
                    size = self._capacity(pool, split, pot, (names, capacity[pot.number]))
                    rest = max(size - sum(weighed.weights.values()), _NOTHING)
                    found[pot.number] = weighed._replace(rest=rest)
        return found

    def _by_quantity(
        self, pool: Pool, split: UsageSplit, pot: Pot, rows: Sequence[Driver]
    ) -> Weighed | None:
        names = {_unit(row.unit)[1] for row in rows}
        if len(names) > 1:
            self._say(pool_notes.units_differ(pool, names, split.place), pot)
            return None
        shown = min((units.unit(row.unit).text for row in rows if row.unit), default="")
        weights = ((row.values, _amount(row) * _unit(row.unit)[0]) for row in rows)
        return self._weighed(split, pot, weights, f"usage quantity {shown}".rstrip())

    def _by_estimated_cost(
        self, pool: Pool, split: UsageSplit, pot: Pot, rows: Sequence[Driver]
    ) -> Weighed | None:
        unpriced = Decimal(0)
        for row in rows:
            unpriced = EXACT.add(unpriced, row.unpriced)
        if unpriced:
            quantity = f"{unpriced:f}".rstrip("0").rstrip(".")
            self._say(pool_notes.usage_without_cost(pool, quantity, split.place), pot)
        priced = {row.unit or "" for row in rows if row.amount is not None}
        if len(priced) > 1:
            self._say(pool_notes.units_differ(pool, priced, split.place), pot)
            return None
        weights = ((row.values, _amount(row)) for row in rows)
        driver = f"usage estimated_cost {''.join(priced)}".rstrip()
        return self._weighed(split, pot, weights, driver)

    def _capacity(
        self,
        pool: Pool,
        split: UsageSplit,
        pot: Pot,
        found: tuple[set[str], Sequence[Driver]],
    ) -> Fraction:
        """B of R15; where there is no usage all of it is idle, whatever its unit."""
        names, rows = found
        counted = [row for row in rows if not names or _unit(row.unit)[1] in names]
        for row in rows:
            if row not in counted:
                self._say(pool_notes.capacity_differs(pool, row.unit or "", split.place), pot)
        return sum((_amount(row) * _unit(row.unit)[0] for row in counted), _NOTHING)

    # By cost, fixed shares, even parts

    def _by_cost(self, pool: Pool, split: CostSplit, pot: Pot, rows: Sequence[Driver]) -> Weighed:
        currencies = {row.unit or "" for row in rows}
        rates = dict.fromkeys(currencies, Fraction(1))
        if len(currencies) > 1:
            rates = {c: rate for c in currencies if (rate := self._rate(pot.period, c))}
        for currency in sorted(currencies - rates.keys()):
            note = pool_notes.rate_missing(pool, currency, pot.period, split.place)
            self._say(note, pot)
        if len(rates) < len(currencies):
            return Weighed({}, frozenset(), "cost", no_rate=True)
        weights = ((row.values, _amount(row) * rates[row.unit or ""]) for row in rows)
        return self._weighed(split, pot, weights, "cost")

    def _rate(self, period: str, currency: str) -> Fraction | None:
        """Reporting units for one unit of a currency (R21)."""
        if currency == self._configuration.currency:
            return Fraction(1)
        return self._rates.get((period, currency))

    def _fixed(self, pool: Pool, split: FixedSplit, pots: Sequence[Pot]) -> Weighed:
        day = pots[0].day
        weights = []
        for share in split.receivers:
            if share.validity.holds(day):
                named = {k: v for k, v in zip(split.over, share.values, strict=True) if v}
                found = self._on_day(pool, split, pots, named, share.place)
                weights.append((tuple(map(found.get, split.over)), Fraction(share.percent)))
        return self._weighed(split, pots[0], weights, "fixed")

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
        one = Fraction(1)
        every = self._weighed(split, pots[0], (((value,), one) for value in values), "even")
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


def _amount(row: Driver) -> Fraction:
    return _NOTHING if row.amount is None else Fraction(row.amount)


@cache
def _unit(text: str | None) -> tuple[int, str]:
    """The multiple in a unit of usage, and the unit as it is compared; none is one of its own."""
    found = units.unit(text or "")
    return found.multiple, found.name
