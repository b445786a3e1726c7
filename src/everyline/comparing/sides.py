"""One side of a comparison: a run, or one month of it; and its first-stage parts with holders.

A *holder* is who has a part of a group after the first stage (R16): an owner, which is one value
for each key; a pool, by account and kind of charge; or nobody, where the group is out of scope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from everyline.comparing.configured import Configured, definitions
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.relations import MEASURES
from everyline.runs import Run
from everyline.tag_columns import is_tag

CHANGING = frozenset(
    (
        "x_Period",
        "x_WindowStart",
        "x_WindowEnd",
        "InvoiceId",
        "x_LayerRule",
        "x_Layer",
        "x_Eligible",
        "x_Basis",
        "BillingCurrency",
    )
)
"""Columns of the group key that say when, on which invoice and by which rule, but not what for."""

ESTIMATED = "x_Basis = 'estimated'"
_OF_POOL = ("InvoiceIssuerName", "BillingAccountId", "SubAccountId", "ChargeCategory")
"""What tells lines of a pool apart: pools are split `within` such columns, and credits mirror."""

_NOT_KEY = frozenset({"x_GroupId", "x_LineCount", *MEASURES})


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared.

    Attributes:
        name: what a person called it.
        month: the only month that counts, `2026-10`; None means all of the run.
    """

    name: str
    run: Run
    month: str | None = None

    @property
    def keys(self) -> list[str]:
        """The taxonomy keys, in order."""
        return list(self.run.manifest["keys"])

    @property
    def defined(self) -> Mapping[tuple[str, str], str] | None:
        """Kind and name of each rule to the hash of what it says; None where the run kept none."""
        rules: Configured | None = self.run.manifest.get("configured")
        return None if rules is None else definitions(rules, self.month)

    def relation(self, name: str) -> str:
        """SQL of a relation of the run; of this month, where it has one."""
        sql = self.run.relation(name)
        if self.month is None:
            return sql
        return f"(SELECT * FROM {sql} WHERE x_Period = {literal(self.month)})"


def identity(engine: Engine, sides: Sequence[Side]) -> tuple[list[str], list[str]]:
    """The columns that say what a group is on both sides: those that are no tags, and tags."""
    found = [engine.columns(side.run.relation("groups")).keys() - _NOT_KEY for side in sides]
    both = sorted(set.intersection(*map(set, found)) - CHANGING)
    return [name for name in both if not is_tag(name)], [name for name in both if is_tag(name)]


def groups(side: Side, columns: tuple[Sequence[str], Sequence[str]], period: str) -> str:
    """SELECT of the groups of one side, scope none too.

    Columns: x_GroupId, estimated_, period_, `base_` and `thing_`, which name what the group is
    without and with its tags, is_bare_ (it has none), is_correction_, and the figures.

    Args:
        side: whose groups.
        columns: as `identity` says.
        period: SQL of the month, where months are told apart.
    """
    base, tags = columns
    bare = " AND ".join(f"{quoted(tag)} IS NULL" for tag in tags) or "true"
    correction = "coalesce(ChargeClass = 'Correction', false)" if "ChargeClass" in base else "false"
    listed = [f"{quoted(name)}::VARCHAR" for name in ("period_", "estimated_", *base)]
    texts = ", ".join(f"{quoted(tag)}::VARCHAR" for tag in tags)
    return (
        "SELECT x_GroupId, BillingCurrency, estimated_, period_, x_Layer, base_,"
        f" {f'sha256(to_json([base_, {texts}])::VARCHAR)' if tags else 'base_'} AS thing_,"
        f" {bare} AS is_bare_, {correction} AS is_correction_,"
        " EffectiveCost, ConsumedQuantity, PricingQuantity FROM"
        f" (SELECT *, sha256(to_json([{', '.join(listed)}])::VARCHAR) AS base_"
        f" FROM (SELECT *, {ESTIMATED} AS estimated_, {period} AS period_"
        f" FROM {side.relation('groups')}))"
    )


def owned(side: Side, keys: Sequence[str], period: str) -> str:
    """SELECT of `allocations` as they are compared: name_ of the owner, pool_ they came through."""
    pool = f"to_json([x_Pool, {', '.join(_OF_POOL)}, {period}])::VARCHAR"
    return (
        f"SELECT x_LineId, x_Receiver, x_Rule, x_Pool, BillingCurrency, {ESTIMATED} AS estimated_,"
        f" CASE WHEN x_Pool IS NOT NULL THEN {pool} END AS pool_,"
        f" to_json([{', '.join(map(quoted, keys))}])::VARCHAR AS name_, EffectiveCost"
        f" FROM {side.relation('allocations')}"
    )


def parts(side: Side, owned: str, groups: str) -> str:
    """SELECT of first-stage parts: x_GroupId, kind_ and name_ of the holder, and what led to it.

    Args:
        side: whose parts.
        owned: a table of `owned` of this side.
        groups: a table of `groups` of this side.
    """
    evidence = "json_extract(x_Receiver, '$[1]')::VARCHAR AS evidence_"
    whole = (
        f"SELECT x_LineId AS x_GroupId, 'owner' AS kind_, name_, x_Receiver, {evidence}, x_Rule,"
        f" x_Pool, EffectiveCost FROM {owned} WHERE x_Pool IS NULL"
    )
    out = (
        "SELECT x_GroupId, 'out' AS kind_, '' AS name_, NULL AS x_Receiver, NULL AS evidence_,"
        f" NULL AS x_Rule, NULL AS x_Pool, EffectiveCost FROM {groups} WHERE x_Layer = 'none'"
    )
    selects = [whole, out]
    files = side.run.manifest["files"]
    if "pool_members" in files:
        rule, join = "NULL", ""
        if "traced_lines" in files:
            traced = f"(SELECT x_GroupId, x_Rule FROM {side.run.relation('traced_lines')})"
            rule, join = "x_Rule", f" LEFT JOIN {traced} USING (x_GroupId)"
        lines = f"SELECT DISTINCT x_LineId AS x_PoolLineId, x_Pool, pool_ FROM {owned}"
        selects.append(
            f"SELECT x_GroupId, 'pool' AS kind_, pool_ AS name_, x_Receiver, {evidence},"
            f" {rule} AS x_Rule, x_Pool, EffectiveCost FROM {side.run.relation('pool_members')}"
            f" JOIN ({lines} WHERE x_Pool IS NOT NULL) USING (x_PoolLineId){join}"
        )
    return " UNION ALL ".join(selects)


def totals(owned: str, groups: str) -> str:
    """SELECT of what each owner has in the end, and what is out of scope."""
    block = "BillingCurrency, estimated_"
    return (
        f"SELECT {block}, 'owner' AS kind_, name_, EffectiveCost FROM {owned} UNION ALL"
        f" SELECT {block}, 'out', '', EffectiveCost FROM {groups} WHERE x_Layer = 'none'"
    )
