"""First-stage parts (R16): direct groups whole, and the parts that traces made of the others.

Written nowhere: a view over groups with their owners and the parts of traces.
"""

from collections.abc import Sequence

from everyline.allocation.receiver import receiver_sql
from everyline.config.taxonomy import Key
from everyline.engines.duckdb import literal, quoted
from everyline.relations import MEASURES

CARRIED = (
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
"""What a part has of its group."""


def tags(keys: Sequence[str]) -> list[str]:
    """The columns of what tags said, which a part has of its group as well."""
    return [f"{key}_tag" for key in keys]


def first_stage(
    owned: str, keys: Sequence[str], *, traced: str = "", split: str = "", untraced: str = ""
) -> str:
    """SELECT of first-stage parts, before defaults.

    Args:
        owned: SQL of owned_groups.
        keys: the taxonomy keys.
        traced: SQL of the parts that traces made: x_GroupId, x_Receiver, keys, x_Rule, x_ShareId,
            MEASURES; empty where there are no traces.
        split: SQL of the x_GroupId of the groups that these are parts of, where that is quicker to
            read than `traced`.
        untraced: SQL of x_GroupId and `reason`, of groups that a trace took and no level split.

    Returns:
        SQL of x_GroupId, x_Receiver, CARRIED, keys with evidence, `k_tag`, x_Rule, x_ShareId,
        is_traced and MEASURES.
    """
    tags = [quoted(f"{key}_tag") for key in keys]
    shared = [*(f"o.{name}" for name in CARRIED)]
    if not traced:
        return _direct(f"(SELECT * FROM {owned})", keys, shared, tags)
    whole = (
        f"(SELECT o.* REPLACE ({', '.join(_reasons(keys))}) FROM {owned} AS o"
        f" LEFT JOIN {untraced} AS u ON u.x_GroupId = o.x_GroupId"
        f" ANTI JOIN {split or traced} AS t ON t.x_GroupId = o.x_GroupId)"
    )
    owners = [f"t.{quoted(f'{key}{end}')}" for key in keys for end in ("", "_evidence")]
    split = ", ".join(
        [
            "t.x_GroupId",
            "t.x_Receiver",
            *shared,
            *owners,
            *(f"o.{tag}" for tag in tags),
            "t.x_Rule",
            "t.x_ShareId",
            "true AS is_traced",
            *(f"t.{measure}" for measure in MEASURES),
        ]
    )
    return (
        f"{_direct(whole, keys, shared, tags)} UNION ALL BY NAME"
        f" SELECT {split} FROM {traced} AS t JOIN {owned} AS o USING (x_GroupId)"
    )


def _direct(owned: str, keys: Sequence[str], shared: Sequence[str], tags: Sequence[str]) -> str:
    columns = [
        "o.x_GroupId",
        f"{receiver_sql(keys)} AS x_Receiver",
        *shared,
        *(f"o.{quoted(f'{key}{end}')}" for key in keys for end in ("", "_evidence")),
        *(f"o.{tag}" for tag in tags),
        "NULL::VARCHAR AS x_Rule",
        "NULL::VARCHAR AS x_ShareId",
        "false AS is_traced",
        *(f"o.{measure}" for measure in MEASURES),
    ]
    return f"SELECT {', '.join(columns)} FROM {owned} AS o"


def _reasons(keys: Sequence[str]) -> list[str]:
    """What stands for a missing key of a group that a trace took and did not split (R14)."""
    return [
        f"CASE WHEN u.reason IS NOT NULL AND o.{quoted(key)} IS NULL THEN u.reason"
        f" ELSE o.{quoted(f'{key}_evidence')} END AS {quoted(f'{key}_evidence')}"
        for key in keys
    ]


def allocations(staying: str, shared: str = "") -> str:
    """SELECT of `allocations`: what no pool takes, and what pools give instead, where there are."""
    return f"{staying} UNION ALL {shared}" if shared else staying


def staying(parts: str, taxonomy: Sequence[Key], members: str = "") -> str:
    """SELECT of the rows of `allocations` that no pool takes: first-stage parts at their end (R20).

    Args:
        parts: SQL of first-stage parts.
        taxonomy: the keys, the lead key first.
        members: SQL of pool_members; empty where there are no pools.
    """
    taken = f" ANTI JOIN {members} AS m USING (x_GroupId, x_Receiver)" if members else ""
    told = "x_GroupId AS x_LineId, NULL::VARCHAR AS x_Pool"
    return _finished(f"SELECT *, {told} FROM ({parts}) AS p{taken}", taxonomy)


def shared(pooled: str, taxonomy: Sequence[Key]) -> str:
    """SELECT of the other rows of `allocations`: what pool lines were split into (R20).

    Args:
        pooled: SQL of x_LineId, x_Receiver, CARRIED, keys with evidence, `k_tag`, x_Pool, x_ShareId
            and MEASURES.
        taxonomy: the keys, the lead key first.
    """
    return _finished(f"SELECT *, NULL::VARCHAR AS x_Rule FROM {pooled}", taxonomy)


def _finished(parts: str, taxonomy: Sequence[Key]) -> str:
    """SELECT of parts as rows of `allocations`, defaults filled in, with their method."""
    names = [key.name for key in taxonomy]
    finished = [
        "x_LineId",
        "x_Receiver",
        *CARRIED,
        *(sql for key in taxonomy for sql in _ended(key)),
        *map(quoted, tags(names)),
        f"{_method(names)} AS x_Method",
        *("x_Rule", "x_Pool", "x_ShareId", *MEASURES),
    ]
    return f"SELECT {', '.join(finished)} FROM ({parts})"


def _method(names: Sequence[str]) -> str:
    """SQL of x_Method; `traced` where a trace has touched any key (R20)."""
    by_trace = " OR ".join(
        f"{quoted(f'{name}_evidence')} IN ('traced', 'unseen', 'rest', 'driver_unowned')"
        for name in names
    )
    return (
        f"CASE WHEN {quoted(names[0])} IS NULL THEN 'unallocated'"
        f" WHEN x_Pool IS NOT NULL THEN 'shared'"
        f" WHEN x_Rule IS NOT NULL AND ({by_trace}) THEN 'traced' ELSE 'direct' END"
    )


def _ended(key: Key) -> list[str]:
    """A key's value and evidence; a default fills what is empty at the end (R20)."""
    name, evidence = quoted(key.name), quoted(f"{key.name}_evidence")
    if key.default is None:
        return [name, evidence]
    declared = key.values.declared(key.default) if key.values else None
    return [
        f"coalesce({name}, {literal(declared or key.default)}) AS {name}",
        f"CASE WHEN {name} IS NULL THEN 'default' ELSE {evidence} END AS {evidence}",
    ]
