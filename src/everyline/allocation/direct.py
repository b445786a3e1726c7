"""Direct and unallocated cost: each group whole, to the owner that was found for it (R20)."""

from collections.abc import Sequence

from everyline.allocation.receiver import receiver_sql
from everyline.config.taxonomy import Key
from everyline.engines.duckdb import literal, quoted
from everyline.relations import MEASURES

_CARRIED = (
    "x_Period",
    "BillingCurrency",
    "x_Basis",
    "x_Layer",
    "ServiceProviderName",
    "InvoiceIssuerName",
    "InvoiceId",
    "BillingAccountId",
    "SubAccountId",
    "ServiceName",
    "ChargeCategory",
    "x_Eligible",
    "ConsumedUnit",
    "PricingUnit",
)


def allocations(owned: str, taxonomy: Sequence[Key]) -> str:
    """SELECT of `allocations` of groups that nothing splits: one part each, as `owned` lies.

    Args:
        owned: SQL of owned_groups.
        taxonomy: the keys, the lead key first.
    """
    names = [key.name for key in taxonomy]
    owners = [sql for key in taxonomy for sql in _finished(key)]
    tags = [quoted(f"{name}_tag") for name in names]
    lead = quoted(names[0])
    columns = [
        "x_GroupId AS x_LineId",
        f"{receiver_sql(names)} AS x_Receiver",
        *map(quoted, _CARRIED),
        *owners,
        *tags,
        f"CASE WHEN {lead} IS NULL THEN 'unallocated' ELSE 'direct' END AS x_Method",
        "NULL::VARCHAR AS x_Rule",
        "NULL::VARCHAR AS x_Pool",
        "NULL::VARCHAR AS x_ShareId",
        *MEASURES,
    ]
    return f"SELECT {', '.join(columns)} FROM {owned}"


def _finished(key: Key) -> list[str]:
    """A key's value and evidence; a default fills what is empty at the end (R20)."""
    name, evidence = quoted(key.name), quoted(f"{key.name}_evidence")
    if key.default is None:
        return [name, evidence]
    declared = key.values.declared(key.default) if key.values else None
    return [
        f"coalesce({name}, {literal(declared or key.default)}) AS {name}",
        f"CASE WHEN {name} IS NULL THEN 'default' ELSE {evidence} END AS {evidence}",
    ]
