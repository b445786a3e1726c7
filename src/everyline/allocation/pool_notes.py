"""What pools have to say: noted by pot, and told with the cost of the pool lines touched."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from everyline.config.pools import Pool
from everyline.control import EXACT
from everyline.problems import Problem

Costs = Mapping[int, Mapping[str, Decimal]]
"""Pot and currency to EffectiveCost of its pool lines."""


class Note(NamedTuple):
    """Something to be said of the pots of one period."""

    name: str
    sentence: str
    place: str
    subject: str
    hint: str


class Notes:
    """Notes, each with the pots it touches."""

    def __init__(self) -> None:
        self._pots: dict[tuple[Note, str], set[int]] = {}

    def add(self, note: Note, period: str, pots: Iterable[int]) -> None:
        """Notes something of `pots`, all of `period`."""
        self._pots.setdefault((note, period), set()).update(pots)

    def problems(self, costs: Costs) -> list[Problem]:
        """One warning a note, period and currency; without cost where no pool line is touched."""
        found = []
        for (note, period), pots in sorted(self._pots.items()):
            sums: dict[str | None, Decimal] = {}
            for pot in pots:
                for currency, cost in costs.get(pot, {}).items():
                    sums[currency] = EXACT.add(sums.get(currency, Decimal(0)), cost)
            touched: list[tuple[str | None, Decimal | None]] = [*sums.items()]
            found += [
                Problem(
                    name=note.name,
                    level="warn",
                    sentence=note.sentence,
                    place=note.place,
                    subject=note.subject,
                    period=period,
                    currency=currency,
                    cost=cost,
                    hint=note.hint,
                )
                for currency, cost in touched or [(None, None)]
            ]
        return found


def value_not_valid(pool: Pool, where: str, named: tuple[str, str], place: str) -> Note:
    """A value that a pool names is none on the first day of the period (R10)."""
    key, text = named
    return Note(
        "value-not-valid",
        f"`{text}` is no valid value of `{key}` on the first day of the period, and"
        f" `{where}` of the pool `{pool.pool}` names it",
        place,
        f"{pool.pool}: {key}: {text}",
        "give it a successor in its list, or date the entry with valid_from and valid_to",
    )


def units_differ(pool: Pool, units: Iterable[str], place: str) -> Note:
    """Usage of more than one unit or currency can't be weighed together (R17)."""
    listed = " and ".join(f"`{unit}`" for unit in sorted(units))
    return Note(
        "pool-usage-differs",
        f"the usage that splits the pool `{pool.pool}` is in {listed}, so it does not weigh",
        place,
        f"{pool.pool}: {listed}",
        "narrow the condition to one meter, or weigh by one currency's estimated cost",
    )


def capacity_differs(pool: Pool, unit: str, place: str) -> Note:
    """Capacity in another unit than the usage counts nothing (R15)."""
    return Note(
        "pool-capacity-differs",
        f"capacity of the pool `{pool.pool}` is in `{unit}`, and its usage is not,"
        " so it counts nothing",
        place,
        f"{pool.pool}: {unit}",
        "let `usage` and `capacity` name meters of one unit",
    )


def usage_without_cost(pool: Pool, quantity: str, place: str) -> Note:
    """Usage whose price is unknown weighs nothing."""
    return Note(
        "usage-without-estimated-cost",
        f"usage of `{quantity}` has no estimated cost, so it has no weight in the"
        f" pool `{pool.pool}`",
        place,
        pool.pool,
        "add its price to `prices`, or weigh by quantity",
    )


def rate_missing(pool: Pool, currency: str, period: str, place: str) -> Note:
    """Cost in several currencies has no common measure without rates (R21)."""
    return Note(
        "pool-rate-missing",
        f"the cost that splits the pool `{pool.pool}` is in several currencies, and there is no"
        f" rate for `{currency}` in {period}, so the pool has no owner",
        place,
        f"{pool.pool}: {currency}",
        "set `currency`, and add the rate to `rates`; or narrow `of` to one currency",
    )


def without_weight(pool: Pool) -> Note:
    """No entry of `split` has a weight (R18)."""
    return Note(
        "pool-without-weight",
        f"nothing weighs in any `split` of the pool `{pool.pool}`, so its cost has no owner",
        pool.place,
        pool.pool,
        "add an entry that always weighs, such as `by: fixed` or `by: even`",
    )


def without_outlet(pool: Pool) -> Note:
    """Pools that serve nobody but each other (R19)."""
    return Note(
        "pool-without-outlet",
        f"the pool `{pool.pool}` passes cost on to pools that serve nobody but each other, so that"
        " cost has no owner",
        pool.place,
        pool.pool,
        "split one of these pools to somebody who owns no pool",
    )
