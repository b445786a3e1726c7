"""What pools are weighed by, summed in SQL: usage, capacity and cost, by pot and keys (R17)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from everyline.allocation.pool_members import Members, condition_sql
from everyline.conditions import Condition, columns
from everyline.config.configuration import Configuration
from everyline.config.pools import CostSplit, UsageSplit
from everyline.engines.duckdb import Engine, quoted
from everyline.tag_columns import by_name

_HOUR = "hour"


class Pot(NamedTuple):
    """One period of a pool, and one combination of its `within` values.

    Attributes:
        pool: its number, in the order of the configuration.
        within: the values that are there, by column, as canonical JSON has them.
    """

    number: int
    pool: int
    period: str
    within: Mapping[str, object]

    @property
    def day(self) -> date:
        """The day as of which pools are read (R10)."""
        return first_day(self.period)


class Driver(NamedTuple):
    """Drivers of one pot with equal values of the keys of `over`, summed.

    Attributes:
        values: in the order of `over`; None where the driver has none.
        unit: of usage as written, or the currency of a cost.
        amount: None where no row has any.
        unpriced: quantity of usage whose cost is wanted and not known.
    """

    values: tuple[str | None, ...]
    unit: str | None
    amount: Decimal | None
    unpriced: Decimal


Found = dict[int, list[Driver]]
"""Number of the pot to its drivers; a pot without any has no entry."""


def first_day(period: str) -> date:
    """The first day of a month such as `2026-10`."""
    return date.fromisoformat(f"{period}-01")


class Drivers:
    """Finds drivers of pots."""

    def __init__(self, engine: Engine, configuration: Configuration, members: Members) -> None:
        self._engine = engine
        self._members = members
        self._splits = _usage_splits(configuration)
        self._has: Mapping[str, str] = {}

    def take(self, descriptions: str, hours: str) -> None:
        """Makes `pool_usage`: usage by month; by hour only where something names the hour."""
        by_hour = any(_HOUR in _columns(split) for split in self._splits)
        hour = f"{_HOUR}, " if by_hour else ""
        wanted = "true" if self._splits else "false"
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE pool_usage AS SELECT d.*, h.* EXCLUDE (id_)"
            f" FROM {descriptions} AS d JOIN (SELECT id_, {hour}strftime(hour, '%Y-%m') AS month_,"
            " sum(x_Quantity)::DECIMAL(38,18) AS quantity_,"
            " sum(x_EstimatedCost)::DECIMAL(38,18) AS cost_,"
            " coalesce(sum(x_Quantity) FILTER (x_EstimatedCost IS NULL), 0)::DECIMAL(38,18)"
            f" AS unpriced_ FROM {hours} WHERE {wanted} GROUP BY ALL) AS h USING (id_)"
        )
        self._has = by_name(self._engine.columns("pool_usage"))

    def usage(
        self, split: UsageSplit, condition: Condition, over: Sequence[str], pots: Sequence[Pot]
    ) -> Found:
        """Usage rows that meet `condition`: quantity by x_Unit, or estimated cost by currency."""
        unit, amount, unpriced = "x_Unit", "quantity_", "0"
        if split.weight == "estimated_cost":
            unit, amount, unpriced = "x_EstimatedCurrency", "cost_", "unpriced_"
        drivers = (
            f"SELECT *, month_ AS period_, {unit} AS unit_, {amount} AS amount_,"
            f" {unpriced} AS lost_ FROM pool_usage WHERE {condition_sql(condition, self._has)}"
        )
        within = {name: quoted(self._has[name]) for name in split.within if name in self._has}
        return self._sums(drivers, over, self._same(split.within, within), pots)

    def cost(self, split: CostSplit, over: Sequence[str], pots: Sequence[Pot]) -> Found:
        """Cost outside all pools that meets `of`, net, by currency."""
        drivers = (
            "SELECT *, x_Period AS period_, BillingCurrency AS unit_, cost_ AS amount_, 0 AS lost_"
            f" FROM pool_costs WHERE {self._members.of(split)}"
        )
        within = {name: self._members.within(name) for name in split.within}
        return self._sums(drivers, over, self._same(split.within, within), pots)

    def _same(self, within: Sequence[str], columns: Mapping[str, str]) -> str:
        """SQL: whether a driver has the `within` values of a pot; null equals null (R17)."""
        return "".join(
            f" AND p.{self._members.within(name)} IS NOT DISTINCT FROM "
            f"{f'd.{columns[name]}' if name in columns else 'NULL'}"
            for name in within
        )

    def _sums(self, drivers: str, over: Sequence[str], within: str, pots: Sequence[Pot]) -> Found:
        keys = "".join(f"d.{quoted(key)}, " for key in over)
        rows = self._engine.rows(
            f"SELECT p.pot_, {keys}d.unit_, sum(d.amount_)::DECIMAL(38,18),"
            f" sum(d.lost_)::DECIMAL(38,18) FROM ({drivers}) AS d"
            f" JOIN (SELECT * FROM pool_pots WHERE pot_ IN (SELECT unnest(?::BIGINT[]))) AS p"
            f" ON d.period_ = p.x_Period{within} GROUP BY ALL",
            [[pot.number for pot in pots]],
        )
        found: Found = {}
        for pot, *values, unit, amount, unpriced in rows:
            found.setdefault(pot, []).append(Driver(tuple(values), unit, amount, unpriced))
        return found


def _usage_splits(configuration: Configuration) -> list[UsageSplit]:
    splits = [split for pool in configuration.pools for split in pool.split]
    return [split for split in splits if isinstance(split, UsageSplit)]


def _columns(split: UsageSplit) -> set[str]:
    """All columns of usage that a split looks at."""
    capacity = columns(split.capacity) if split.capacity else frozenset()
    return {*columns(split.usage), *capacity, *split.within}
