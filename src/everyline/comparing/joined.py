"""The tables of one comparison: things of both sides, who has what of them, and of pools.

A *thing* is what groups of one kind are, whenever they were billed: the columns of the group key
that both sides have, less those that say when (`sides.CHANGING`). A *unit* is a thing that both
sides have; or all things that only one side has, and that differ in nothing but tags.
"""

from collections.abc import Sequence

from everyline.comparing import sides
from everyline.comparing.sides import Side
from everyline.engines.duckdb import Engine

_SIDES = (("a", "false"), ("b", "true"))
_BLOCK = ("BillingCurrency", "estimated_")
_DEC = "::DECIMAL(38,18)"


def join(engine: Engine, before: Side, after: Side, keys: Sequence[str]) -> None:
    """Makes the tables; months of one side are told apart where no single month is compared.

    Of each side `compare_groups_a` and `_b`, `compare_owned_a` and `_b`. `compare_units`: unit_,
    block, how_ (both, left, currency, correction), changed_, holders_, quantities.
    `compare_first`: parts, and what led to them. `compare_parts`: unit_, kind_ and name_ of the
    holder, before_, after_.
    `compare_pooled`: the same of owners and pools. `compare_totals`: of owners, in the end.
    """
    compared = (before, after)
    period = "x_Period" if before.month is None else "NULL::VARCHAR"
    columns = sides.identity(engine, compared)
    for (name, _), side in zip(_SIDES, compared, strict=True):
        _make(engine, f"groups_{name}", sides.groups(side, columns, period))
        _make(engine, f"owned_{name}", sides.owned(side, keys, period))
    groups, owned = (
        [f"compare_{table}_{name}" for name, _ in _SIDES] for table in ("groups", "owned")
    )
    _make(engine, "things", _things())
    _make(engine, "numbered", _numbered())
    parts = [sides.parts(*one) for one in zip(compared, owned, groups, strict=True)]
    _make(engine, "first", _first(parts))
    _make(engine, "parts", _two_sided("compare_first", ("unit_", "kind_", "name_")))
    _make(engine, "units", _units())
    pooled = [f"SELECT * FROM {table} WHERE x_Pool IS NOT NULL" for table in owned]
    _make(engine, "pooled", _two_sided(_both(pooled), ("pool_", "x_Pool", "name_", *_BLOCK)))
    totals = [sides.totals(*one) for one in zip(owned, groups, strict=True)]
    _make(engine, "totals", _two_sided(_both(totals), ("kind_", "name_", *_BLOCK)))


def _make(engine: Engine, table: str, sql: str) -> None:
    engine.run(f"CREATE OR REPLACE TEMP TABLE compare_{table} AS {sql}")


def _both(selects: Sequence[str]) -> str:
    """SQL of rows of both sides; after_ says of which."""
    united = " UNION ALL ".join(
        f"SELECT *, {after} AS after_ FROM ({select})"
        for (_, after), select in zip(_SIDES, selects, strict=True)
    )
    return f"({united})"


def _two_sided(rows: str, columns: Sequence[str]) -> str:
    listed = ", ".join(columns)
    return (
        f"SELECT {listed}, {_sum('EffectiveCost', 'NOT after_')} AS before_,"
        f" {_sum('EffectiveCost', 'after_')} AS after_ FROM {rows} GROUP BY {listed}"
    )


def _sum(column: str, where: str) -> str:
    return f"coalesce(sum({column}) FILTER ({where}), 0){_DEC}"


def _things() -> str:
    """SELECT of things by currency, what they cost, and how much was billed of them."""
    figures = []
    for name, after in _SIDES:
        where = f"after_ = {after}"
        figures += [
            f"count(*) FILTER ({where}) AS count_{name}",
            f"{_sum('EffectiveCost', where)} AS cost_{name}",
            _quantity("ConsumedQuantity", where, f"consumed_{name}"),
            _quantity("PricingQuantity", where, f"priced_{name}"),
        ]
    rows = _both(["SELECT * FROM compare_groups_a", "SELECT * FROM compare_groups_b"])
    return (
        "SELECT thing_, BillingCurrency, any_value(base_) AS base_,"
        " any_value(estimated_) AS estimated_, any_value(is_bare_) AS is_bare_,"
        f" any_value(is_correction_) AS is_correction_, {', '.join(figures)}"
        f" FROM {rows} GROUP BY thing_, BillingCurrency"
    )


def _quantity(column: str, where: str, name: str) -> str:
    """The sum of a quantity that every group of a side has; null where one lacks it."""
    return (
        f"CASE WHEN count(*) FILTER ({where}) = count({column}) FILTER ({where})"
        f" THEN sum({column}) FILTER ({where}){_DEC} END AS {name}"
    )


def _numbered() -> str:
    """SELECT of things with the number of their unit.

    `is_left_`: only one side has the thing. What has no tags joins those of its kind where it
    changed the other way: cost that was tagged, or is tagged no more.
    """
    alone = "(count_a = 0) <> (count_b = 0) AND NOT is_correction_"
    kind = "PARTITION BY base_, BillingCurrency"
    found = (
        f"SELECT *, bool_or(alone_) OVER ({kind}) AS has_alone_,"
        f" coalesce(sum(cost_b - cost_a) FILTER (alone_) OVER ({kind}), 0) AS net_,"
        f" sum(count_a) OVER ({kind}) AS here_a, sum(count_b) OVER ({kind}) AS here_b,"
        " sum(count_a) OVER (PARTITION BY base_) AS any_a,"
        " sum(count_b) OVER (PARTITION BY base_) AS any_b"
        f" FROM (SELECT *, {alone} AS alone_ FROM compare_things)"
    )
    joins = "is_bare_ AND NOT is_correction_ AND has_alone_ AND sign(cost_b - cost_a) = -sign(net_)"
    moved = "(here_a = 0 AND any_a > 0) OR (here_b = 0 AND any_b > 0)"
    how = (
        "CASE WHEN is_correction_ THEN 'correction' WHEN NOT is_left_ THEN 'both'"
        f" WHEN {moved} THEN 'currency' ELSE 'left' END"
    )
    unit = "CASE WHEN is_left_ THEN base_ ELSE thing_ END"
    return (
        f"SELECT dense_rank() OVER (ORDER BY BillingCurrency, is_left_, {unit})::BIGINT AS unit_,"
        f" {how} AS how_, * FROM (SELECT *, alone_ OR ({joins} AND net_ <> 0) AS is_left_"
        f" FROM ({found}))"
    )


def _first(parts: Sequence[str]) -> str:
    """SELECT of first-stage parts, those alike in all that is told summed."""
    told = "unit_, kind_, name_, x_Receiver, evidence_, x_Rule, x_Pool, x_Layer"
    return " UNION ALL ".join(
        f"SELECT {told}, {after} AS after_, sum(p.EffectiveCost){_DEC} AS EffectiveCost"
        f" FROM ({of_side}) AS p JOIN compare_groups_{name} AS g USING (x_GroupId)"
        f" JOIN compare_numbered AS n USING (thing_, BillingCurrency) GROUP BY {told}"
        for (name, after), of_side in zip(_SIDES, parts, strict=True)
    )


def _units() -> str:
    """SELECT of units, and how many hold parts; what is left has no quantity of its own."""
    quantities = [f"{kind}_{name}" for kind in ("consumed", "priced") for name, _ in _SIDES]
    shown = ", ".join(
        f"CASE WHEN any_value(how_) = 'both' THEN any_value({q}) END AS {q}" for q in quantities
    )
    other = " OR ".join(
        f"coalesce({kind}_a IS DISTINCT FROM {kind}_b, false)" for kind in ("consumed", "priced")
    )
    held = (
        "SELECT unit_, count(*) AS holders_, bool_or(before_ <> after_) AS moved_"
        " FROM compare_parts GROUP BY unit_"
    )
    return (
        f"SELECT * EXCLUDE moved_, moved_ OR {other} AS changed_ FROM (SELECT unit_,"
        " any_value(how_) AS how_, any_value(BillingCurrency) AS BillingCurrency,"
        f" any_value(estimated_) AS estimated_, {shown} FROM compare_numbered GROUP BY unit_)"
        f" JOIN ({held}) USING (unit_)"
    )
