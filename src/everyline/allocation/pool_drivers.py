"""What pools are weighed by, summed in SQL: usage, capacity and cost, by pot and keys (R17)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from everyline.allocation.pool_members import Members, condition_sql
from everyline.allocation.split import units
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


class Asked(NamedTuple):
    """What one entry asks for some pots of its pool.

    Attributes:
        condition: of the rows that weigh; None for all.
        over: the keys of the receivers.
    """

    split: UsageSplit | CostSplit
    condition: Condition | None
    over: tuple[str, ...]
    pots: Sequence[Pot]


class Drivers(NamedTuple):
    """Drivers of one pot in one unit.

    Attributes:
        unit: of usage as written, or the currency of a cost.
        amounts: for each combination of values, which come first in the order of `over`, None where
            the driver has none, the sum in 10^-18 of the unit; None where no row has any.
        unpriced: quantity of usage whose cost is wanted and not known.
    """

    unit: str | None
    amounts: Sequence[tuple[Any, ...]]
    unpriced: Decimal

    @property
    def total(self) -> int:
        """The sum of the amounts, in 10^-18."""
        return sum(amount for *_, amount in self.amounts if amount is not None)


Found = dict[int, list[Drivers]]
"""Number of the pot to its drivers; a pot without any has no entry."""


def first_day(period: str) -> date:
    """The first day of a month such as `2026-10`."""
    return date.fromisoformat(f"{period}-01")


class Asking:
    """Finds drivers of pots, for all pools at once."""

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

    def found(self, asked: Sequence[Asked]) -> list[Found]:
        """The drivers that each of `asked` asks for; those of one form are one query."""
        found: list[Found] = [{} for _ in asked]
        forms: dict[tuple[object, ...], list[int]] = {}
        for at, one in enumerate(asked):
            forms.setdefault((*self._rows(one), one.over, one.split.within), []).append(at)
        for alike in forms.values():
            self._sums([asked[at] for at in alike], [found[at] for at in alike])
        return found

    def _rows(self, asked: Asked) -> tuple[str, str]:
        """SQL of the columns period_, unit_, amount_ and lost_, and what they are taken from."""
        if isinstance(asked.split, CostSplit):
            named = "x_Period AS period_, BillingCurrency AS unit_, cost_ AS amount_, 0 AS lost_"
            return named, "pool_costs"
        if asked.split.weight == "estimated_cost":
            named = "x_EstimatedCurrency AS unit_, cost_ AS amount_, unpriced_ AS lost_"
        else:
            named = "x_Unit AS unit_, quantity_ AS amount_, 0 AS lost_"
        return f"month_ AS period_, {named}", "pool_usage"

    def _meets(self, asked: Asked) -> str:
        """SQL of whether a row weighs."""
        if isinstance(asked.split, CostSplit):
            return self._members.of(asked.split)
        return "true" if asked.condition is None else condition_sql(asked.condition, self._has)

    def _column(self, split: UsageSplit | CostSplit, name: str) -> str | None:
        """The column of a driver that must equal that of a pot; None where drivers have none."""
        if isinstance(split, CostSplit):
            return self._members.within(name)
        return quoted(self._has[name]) if name in self._has else None

    def _sums(self, asked: Sequence[Asked], found: Sequence[Found]) -> None:
        """Adds what is found for each of `asked`, which differ in conditions and pots alone."""
        first = asked[0]
        within = [
            (self._members.within(n), self._column(first.split, n)) for n in first.split.within
        ]
        same = "".join(
            f" AND p.{ours} IS NOT DISTINCT FROM {f'd.{its}' if its else 'NULL'}"
            for ours, its in within
        )
        keys = "".join(f"{quoted(key)}, " for key in first.over)
        of_drivers = "".join(f"d.{quoted(key)}, " for key in first.over)
        named, source = self._rows(first)
        meets = ", ".join(
            f"CASE WHEN {self._meets(one)} THEN {at} END" for at, one in enumerate(asked)
        )
        entries = [at for at, one in enumerate(asked) for _ in one.pots]
        for at, pot, unit, amounts, unpriced in self._engine.rows(
            f"SELECT entry_, pot_, unit_, list(row({keys}{units('amount_')})),"
            f" sum(lost_)::DECIMAL(38,18) FROM (SELECT d.entry_, p.pot_, {of_drivers}d.unit_,"
            " sum(d.amount_)::DECIMAL(38,18) AS amount_, sum(d.lost_)::DECIMAL(38,18) AS lost_"
            f" FROM (SELECT unnest(list_filter([{meets}], lambda n: n IS NOT NULL)) AS entry_, *,"
            f" {named} FROM {source}) AS d JOIN"
            " (SELECT unnest(?::INTEGER[]) AS entry_, unnest(?::BIGINT[]) AS pot_) AS e"
            " ON e.entry_ = d.entry_ JOIN pool_pots AS p"
            f" ON p.pot_ = e.pot_ AND p.x_Period = d.period_{same} GROUP BY ALL) GROUP BY ALL",
            [entries, [pot.number for one in asked for pot in one.pots]],
        ):
            found[at].setdefault(pot, []).append(Drivers(unit, amounts, unpriced))


def _usage_splits(configuration: Configuration) -> list[UsageSplit]:
    splits = [split for pool in configuration.pools for split in pool.split]
    return [split for split in splits if isinstance(split, UsageSplit)]


def _columns(split: UsageSplit) -> set[str]:
    """All columns of usage that a split looks at."""
    capacity = columns(split.capacity) if split.capacity else frozenset()
    return {*columns(split.usage), *capacity, *split.within}
