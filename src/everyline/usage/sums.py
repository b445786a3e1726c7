"""Sums of hours (R11): their SQL, and types with no more digits than the numbers have.

Numbers of few digits are summed, sorted and written in half the time of those of 38.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from everyline import money
from everyline.engines.duckdb import Engine, quoted
from everyline.usage_rows import UsageRows

_WHOLE_DIGITS = 38 - money.SCALE
_SHORT_DIGITS = 18  # of a number that is kept in 8 bytes


class Kinds(NamedTuple):
    """The SQL types of quantities and of costs."""

    quantity: str
    cost: str


def is_native(source: Any) -> bool:
    """Whether a source of telemetry states its own cost."""
    return bool(source.estimated_cost == "native")


def sums(rows: UsageRows) -> str:
    """SQL of the sums of one source: a column for each meter of calls, else x_Quantity."""
    has = rows.columns
    counted = "x_RequestCount" in has
    if not rows.meters:
        count = "sum(x_RequestCount)" if counted else "0"
        found = {"x_Quantity": "coalesce(sum(x_Quantity), 0)"}
    else:
        count = "sum(coalesce(x_RequestCount, 1))" if counted else "count(*)"
        found = {}
        for column in rows.meters:
            missing = count if column == "requests" else "0"
            sum_ = f"coalesce(sum({quoted(column)}), 0)" if column in has else missing
            found[f"sum_{column}"] = sum_
    native = is_native(rows.source) and "x_EstimatedCost" in has
    found["native_cost_"] = "sum(x_EstimatedCost)" if native else "NULL::DECIMAL(38,0)"
    found["x_RequestCount"] = f"({count})::BIGINT"
    return ", ".join(f"{sql} AS {quoted(name)}" for name, sql in found.items())


def exact(engine: Engine, tables: Iterable[str], *, priced: bool) -> Kinds:
    """The types that hold the sums in `tables`, all of their decimals; a larger sum raises.

    `priced` says that quantities are multiplied by prices, so that costs have all decimals.
    """
    quantity, cost = 0, money.SCALE if priced else 0
    for table in tables:
        for name, kind in engine.columns(table).items():
            if name == "native_cost_":
                cost = max(cost, _decimals(kind))
            else:
                quantity = max(quantity, _decimals(kind))
    return Kinds(*(f"DECIMAL({_WHOLE_DIGITS + found},{found})" for found in (quantity, cost)))


def measure(engine: Engine) -> None:
    """The table `measured`: of each identity its first day and largest numbers.

    It looks at all hours, so a sum that has too many digits raises here.
    """
    engine.run(
        "CREATE OR REPLACE TEMP TABLE measured AS SELECT id_, min(hour)::DATE AS first_,"
        " max(x_Quantity) AS x_Quantity, max(abs(native_cost_)) AS x_EstimatedCost"
        " FROM summed GROUP BY id_"
    )


def shortest(engine: Engine, *, priced: bool) -> Kinds:
    """The types in which `usage_hours` is kept; `priced` as in `exact`."""
    columns = engine.columns("usage_hours")
    found = []
    for name in ("x_Quantity", "x_EstimatedCost"):
        asked = f"max(abs({name})) FROM {'usage_hours' if priced else 'measured'}"
        (most,) = engine.one(f"SELECT {asked}")
        decimals = _decimals(columns[name])
        fits = int(most or 0) < 10 ** (_SHORT_DIGITS - decimals)
        found.append(f"DECIMAL({_SHORT_DIGITS if fits else 38},{decimals})")
    return Kinds(*found)


def _decimals(kind: str) -> int:
    """The decimals of an SQL type; whole numbers have none."""
    return int(kind.rpartition(",")[2].rstrip(")")) if kind.startswith("DECIMAL") else 0


def by_meter(at: int, rows: UsageRows, kinds: Kinds, *, multiplied: bool) -> str:
    """SELECT of a source's hours under final identities, a row for each meter of a call.

    `multiplied` says that a quantity of any source is told in multiples of its unit.
    """
    joined = (
        f"FROM native_hours_{at} AS h JOIN identity_of AS o"
        f" ON o.source_ = {at} AND o.native_ = h.native_"
    )
    cost = f"native_cost_::{kinds.cost} AS native_cost_"
    if not rows.meters:
        quantity = f"x_Quantity::{kinds.quantity}"
        if multiplied:
            quantity = f"({quantity} * multiple_::DECIMAL(19,0))::{kinds.quantity}"
        # Reports state zeros; a row stands for something that was used (R11).
        used = (
            "" if rows.source.format == "table" else " WHERE x_Quantity > 0 OR x_RequestCount > 0"
        )
        return f"SELECT id_, hour, {quantity} AS x_Quantity, {cost}, x_RequestCount {joined}{used}"
    found = []
    for column in rows.meters:
        is_call = column == "requests"
        # Each call makes a `requests` row, and one for each class of tokens above 0 (R11).
        above = "" if is_call else f" AND h.{quoted(f'sum_{column}')} > 0"
        found.append(
            f"SELECT id_, hour, {quoted(f'sum_{column}')}::{kinds.quantity} AS x_Quantity,"
            f" {cost if is_call else f'NULL::{kinds.cost} AS native_cost_'},"
            f" {'x_RequestCount' if is_call else '0::BIGINT'} AS x_RequestCount"
            f" {joined} AND o.meter_ = '{column}'{above}"
        )
    return " UNION ALL BY NAME ".join(found)
