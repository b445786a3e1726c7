"""Usage that gave a split its weights: identities, largest first, with the hours they used."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from everyline import conditions, money
from everyline.conditions import Condition, SqlColumn
from everyline.config.columns import column_type
from everyline.config.configuration import Configuration
from everyline.config.pools import Pool, UsageSplit
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain.nodes import Node, amount, facts, in_order, text, units
from everyline.names import with_provider_names
from everyline.runs import Run
from everyline.tag_columns import by_name

IDENTITY = (
    "x_Source",
    "ServiceProviderName",
    "SubAccountId",
    "x_CredentialId",
    "x_PrincipalId",
    "ResourceId",
    "x_Model",
    "x_Meter",
)
_NAMED_BY = ("x_CredentialId", "x_PrincipalId", "ResourceId", "SubAccountId")
_HOUR = "hour"
_HASH_LENGTH = 40
_HASH_SHOWN = 12


class Used(NamedTuple):
    """What one identity used.

    Attributes:
        of: what it used it for: the values of the keys, or the number of a split.
        identity: column to text.
        unit: of the quantity; the currency of an estimated cost.
    """

    of: tuple[Any, ...]
    identity: Mapping[str, str]
    unit: str | None
    quantity: Decimal
    hours: int


class Telemetry:
    """The usage of one run, as traces and pools look at it."""

    def __init__(self, engine: Engine, run: Run, configuration: Configuration) -> None:
        self._engine = engine
        self._run = run
        self._configuration = configuration
        self._pools: dict[tuple[Any, ...], list[Used]] = {}

    @property
    def is_there(self) -> bool:
        """Whether the run has any."""
        return "usage_hours" in self._run.manifest["files"]

    @cached_property
    def _has(self) -> Mapping[str, str]:
        return by_name(self._engine.columns(self._run.relation("usage_identities")))

    def _rows(self, condition: Condition) -> str:
        """SQL of hours with their identities that meet a condition."""
        both = {name: quoted(column) for name, column in self._has.items()} | {_HOUR: _HOUR}

        def column(name: str) -> SqlColumn | None:
            return SqlColumn(both[name], column_type(name) or "text") if name in both else None

        test = conditions.sql(with_provider_names(condition), column)
        hours = self._run.relation("usage_hours")
        identities = self._run.relation("usage_identities")
        if _HOUR in conditions.columns(condition):
            return f"(SELECT * FROM {hours} JOIN {identities} USING (id_) WHERE {test})"
        return f"(SELECT * FROM {hours} JOIN (SELECT * FROM {identities} WHERE {test}) USING (id_))"

    def _text(self, name: str) -> str:
        """SQL of a column of usage as text; null where it has none of that name."""
        return f"u.{quoted(self._has[name])}::VARCHAR" if name in self._has else "NULL::VARCHAR"

    def _sums(self, weight: str) -> str:
        """SQL: what an identity used, after whatever tells it for what."""
        unit, quantity = "x_Unit", "x_Quantity"
        if weight == "estimated_cost":
            unit, quantity = "x_EstimatedCurrency", "x_EstimatedCost"
        identity = ", ".join(f"u.{quoted(name)}" for name in IDENTITY)
        return (
            f"{identity}, u.{unit}, sum(u.{quantity})::DECIMAL(38,18) AS quantity_,"
            " count(DISTINCT u.hour)"
        )

    def _used(self, sql: str, count: int) -> list[Used]:
        """Rows of `count` columns that say for what, then those of `_sums`, as `Used`."""
        end = count + len(IDENTITY)
        return [
            Used(tuple(row[:count]), facts(IDENTITY, row[count:end]), *row[end:])
            for row in self._engine.rows(f"{sql} GROUP BY ALL HAVING quantity_ > 0 ORDER BY ALL")
        ]

    # Traces

    def traced(self, keys: Sequence[str]) -> dict[tuple[int, str], list[Used]]:
        """What gave each split of the pieces in `explained` its weight, by group_ and x_ShareId."""
        found: dict[tuple[int, str], list[Used]] = defaultdict(list)
        if not self.is_there or "traced" not in self._run.manifest["files"]:
            return found
        evidence = [f"{key}_evidence" for key in keys]
        columns = ", ".join(f"s.{quoted(name)}" for name in (*keys, *evidence))
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE asked_splits AS SELECT DISTINCT e.group_, r.x_ShareId,"
            f" s.x_Rule, s.x_Level, any_value(r.x_GroupId) AS x_GroupId, {columns}"
            " FROM explained AS e JOIN first_receivers AS r ON r.x_GroupId = e.x_GroupId"
            f" AND r.x_Receiver = e.first_receiver_ JOIN {self._run.relation('shares')} AS s"
            " ON s.x_ShareId = r.x_ShareId AND s.x_Receiver = r.share_receiver_"
            " WHERE e.x_Pool IS NULL GROUP BY ALL"
        )
        for rule, level in self._engine.rows(
            "SELECT DISTINCT x_Rule, x_Level FROM asked_splits ORDER BY ALL"
        ):
            for used in self._traced(rule, level, keys):
                group, share = used.of
                found[group, share].append(used)
        return found

    def _traced(self, rule: str, number: int, keys: Sequence[str]) -> list[Used]:
        trace = next(one for one in self._configuration.trace if one.rule == rule)
        level = trace.split[number - 1]
        groups = self._run.relation("owned_groups")
        has = by_name(self._engine.columns(groups))
        on = [
            f"g.{quoted(has[name])}::VARCHAR = {self._text(name)}" if name in has else "false"
            for name in level.on
        ]
        tests = [*on, "u.hour >= g.x_WindowStart", "u.hour < g.x_WindowEnd"]
        tests += [self._agrees(key) for key in keys]
        return self._used(
            f"SELECT s.group_, s.x_ShareId, {self._sums(level.weight)} FROM"
            f" (SELECT * FROM asked_splits WHERE x_Rule = {literal(rule)} AND x_Level = {number})"
            f" AS s JOIN {groups} AS g ON g.x_GroupId = s.x_GroupId"
            f" JOIN {self._rows(trace.usage)} AS u ON {' AND '.join(tests)}",
            2,
        )

    def _agrees(self, key: str) -> str:
        """SQL: whether usage belongs to a receiver, by one key (R14)."""
        own, found = f"u.{quoted(key)}", f"s.{quoted(key)}"
        known = "true"
        if self._configuration.key(key).default is None:
            known = f"({own} IS NULL OR {own} = {found})"
        return (
            f"CASE s.{quoted(f'{key}_evidence')} WHEN 'known' THEN {known} WHEN 'traced' THEN"
            f" {own} = {found} WHEN 'driver_unowned' THEN {own} IS NULL ELSE false END"
        )

    # Pools

    def of_pool(
        self, pool: Pool, level: int, period: str, within: Mapping[str, str]
    ) -> Sequence[Used]:
        """What gave a pool its weights in a month, by the keys of `over`; nothing if not by usage.

        `within` has the pool's own columns, what is null left out, as text.
        """
        split = pool.split[level - 1]
        if not self.is_there or not isinstance(split, UsageSplit):
            return []
        at = (pool.pool, level, period, tuple(within.items()))
        if at not in self._pools:
            over = ", ".join(f"u.{quoted(key)}" for key in self.over(split))
            tests = [f"strftime(u.hour, '%Y-%m') = {literal(period)}"]
            tests += [
                f"{self._text(name)} IS NOT DISTINCT FROM "
                + (literal(within[name]) if name in within else "NULL")
                for name in split.within
            ]
            self._pools[at] = self._used(
                f"SELECT {over}, {self._sums(split.weight)} FROM {self._rows(split.usage)} AS u"
                f" WHERE {' AND '.join(tests)}",
                len(self.over(split)),
            )
        return self._pools[at]

    def over(self, split: UsageSplit) -> Sequence[str]:
        """The keys of its receivers."""
        return split.over or tuple(key.name for key in self._configuration.taxonomy)


def nodes(
    costs: Iterable[tuple[int, Sequence[Used]]], currency: str, most: int | None
) -> list[Node]:
    """Costs in units of 10^-18 as the usage that earned them: one node an identity, `most` alone.

    The hours of an identity are summed over the splits: their windows do not overlap, or they are
    of other meters.
    """
    parts: dict[tuple[str, ...], int] = defaultdict(int)
    quantities: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    hours: dict[tuple[str, ...], int] = defaultdict(int)
    said: dict[tuple[str, ...], Mapping[str, str]] = {}
    for cost, used in costs:
        weights = {str(n): Fraction(one.quantity) for n, one in enumerate(used)}
        split = money.split(cost, money.whole_weights(weights))
        for n, one in enumerate(used):
            at = (*(one.identity.get(name, "") for name in IDENTITY), one.unit or "")
            parts[at] += split.get(str(n), 0)
            quantities[at] += one.quantity
            hours[at] += one.hours
            said[at] = one.identity
    made = [
        Node(
            "usage",
            name(said[at]),
            amount(part),
            currency,
            0,
            {
                **said[at],
                "x_Quantity": text(quantities[at]),
                **({"x_Unit": at[-1]} if at[-1] else {}),
                "hours": str(hours[at]),
            },
        )
        for at, part in parts.items()
    ]
    return _cut(in_order(made), currency, most)


def _cut(made: list[Node], currency: str, most: int | None) -> list[Node]:
    if most is None or len(made) <= most + 1:
        return made
    rest = made[most:]
    cost = amount(sum(units(node.cost) for node in rest))
    quantity = sum((Decimal(node.facts["x_Quantity"]) for node in rest), Decimal(0))
    said = {"x_Quantity": text(quantity)}
    if len(found := {node.facts.get("x_Unit") for node in rest}) == 1 and (unit := found.pop()):
        said["x_Unit"] = unit
    return [*made[:most], Node("rest", f"{len(rest):,} more", cost, currency, 0, said)]


def name(identity: Mapping[str, str]) -> str:
    """An identity in words: who, else where the telemetry comes from."""
    told = [identity[column] for column in _NAMED_BY if column in identity]
    shown = [t if len(t) < _HASH_LENGTH else f"{t[:_HASH_SHOWN]}…" for t in told]
    meter = [identity["x_Meter"]] if "x_Meter" in identity else []
    return ", ".join(shown or [identity["x_Source"], *meter])
