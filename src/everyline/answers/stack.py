"""What a run ends with: cost by owner and layer, and whose cost nobody owns, summed once for it."""

from collections.abc import Sequence

from everyline.engines.duckdb import quoted

USE_CASE = "use_case"
"""The taxonomy key that names use cases, where there is one."""

_UNOWNED = ("ServiceProviderName", "ServiceName", "SubAccountId", "BillingAccountId")
_COSTS = ("EffectiveCost", "BilledCost")


def row_key(keys: Sequence[str]) -> str:
    """The taxonomy key whose values are rows: the lead key where there is no `use_case`."""
    return USE_CASE if USE_CASE in keys else keys[0]


def summed(allocations: str, keys: Sequence[str]) -> str:
    """SELECT of few rows that stand for allocations where only these columns are asked for.

    Identities are told apart where the lead key has no value, pools not at all: x_Pool is empty or
    null.

    Args:
        allocations: SQL of the relation, or of its sums by at least these columns.
        keys: the taxonomy keys, the lead key first.
    """
    lead = quoted(keys[0])
    told = ["x_Period", "BillingCurrency", "x_Basis", "x_Layer", "x_Method"]
    told += dict.fromkeys((lead, quoted(row_key(keys))))
    told += (f"CASE WHEN {lead} IS NULL THEN {c} END AS {c}" for c in _UNOWNED)
    sums = (f"sum({cost})::DECIMAL(38,18) AS {cost}" for cost in _COSTS)
    return (
        "SELECT CASE WHEN x_Pool IS NOT NULL THEN '' END AS x_Pool,"
        f" {', '.join((*told, *sums))} FROM {allocations} GROUP BY ALL"
    )
