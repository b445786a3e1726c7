"""Coverage (R22): cost by how it was tagged, and by how its owner was found, or why not."""

from collections.abc import Sequence

from everyline.engines.duckdb import literal, quoted

_BY = (
    "x_Period",
    "BillingCurrency",
    "x_Layer",
    "ServiceProviderName",
    "BillingAccountId",
    "SubAccountId",
)


def looked_at(keys: Sequence[str]) -> tuple[str, ...]:
    """The columns of allocations by which coverage sums."""
    told = (f"{key}{end}" for key in keys for end in ("_tag", "_evidence"))
    return (*_BY, "x_Eligible", "x_Basis", *told)


def coverage(allocations: str, keys: Sequence[str]) -> str:
    """SELECT of `coverage`, sorted by its key; estimated cost is left out.

    Args:
        allocations: SQL of the relation, or of its sums by what is `looked_at`.
        keys: the taxonomy keys.
    """
    # All keys are summed in one pass; the few rows that come out are then told apart by key.
    told = ", ".join(quoted(f"{key}{end}") for key in keys for end in ("_tag", "_evidence"))
    sums = ", ".join(
        f"sum({c})::DECIMAL(38,18) AS {c}" for c in ("EffectiveCost", "x_CoverageCost")
    )
    once = (
        f"SELECT {', '.join(_BY)}, x_Eligible, {told}, {sums} FROM {allocations}"
        " WHERE x_Basis <> 'estimated' GROUP BY ALL"
    )
    parts = "\nUNION ALL\n".join(
        f"SELECT x_Period, BillingCurrency, {literal(key)} AS x_Key, x_Layer, ServiceProviderName,"
        f" BillingAccountId, SubAccountId, {quoted(f'{key}_tag')} AS x_Tag,"
        f" {quoted(f'{key}_evidence')} AS x_Evidence, x_Eligible, {sums} FROM once GROUP BY ALL"
        for key in keys
    )
    return f"WITH once AS MATERIALIZED ({once}) SELECT * FROM ({parts}) ORDER BY ALL"
