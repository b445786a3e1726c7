"""What was asked of a relation: some rows, perhaps summed. Values are bound, never spelt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from everyline.answers.texts import text
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import did_you_mean
from everyline.relations import COSTS, KEYS, MEASURES, Relation

ROWS = "x_RowCount"
"""How many rows of the relation a sum holds."""

_APART = ("BillingCurrency", "x_Key", "x_Kind", "x_Measure", "x_EstimatedCurrency")
"""Columns across which nothing may be summed (R21), or every row would count more than once."""

_UNITS = {
    "ConsumedQuantity": "ConsumedUnit",
    "PricingQuantity": "PricingUnit",
    "x_Quantity": "x_Unit",
}
SUMMED = (
    *MEASURES,
    "x_EffectiveAmount",
    "x_BilledAmount",
    "x_Quantity",
    "x_EstimatedCost",
    "x_Expected",
    "x_Found",
    "x_Difference",
    "x_Amount",
)
COUNTED = ("x_LineCount", "x_RequestCount")
_ASKED = "asked_"
_PERIOD = "x_Period"


class Unclear(Exception):  # noqa: N818 - it is an answer, not a fault
    """A question that a relation has no answer to; the hint is empty where there is none."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for, as written on the command line or in an address.

    Attributes:
        where: `COLUMN=VALUE` each.
        by: `COLUMN,...`.
    """

    period: str | None = None
    where: tuple[str, ...] = ()
    by: str | None = None


def filters(asked: Asked, kinds: Mapping[str, str], relation: str) -> dict[str, list[str]]:
    """Column to the texts that its value may have; the empty one stands for null.

    Raises:
        Unclear: a column that the relation does not have, or no `=`.
    """
    wanted: dict[str, list[str]] = {}
    months = [f"{_PERIOD}={asked.period}"] if asked.period and _PERIOD in kinds else []
    for entry in (*asked.where, *months):
        column, sign, value = entry.partition("=")
        if not sign:
            raise Unclear(f"`{entry}` has no `=`", "it is `COLUMN=VALUE`")
        known(column, kinds, relation)
        wanted.setdefault(column, []).append(value)
    return wanted


def chosen(engine: Engine, source: str, wanted: Mapping[str, Sequence[str]]) -> str:
    """SELECT of the rows of `source` that have the `wanted` values."""
    kinds = engine.columns(source)
    rows = [(n, value) for n, values in enumerate(wanted.values()) for value in values]
    engine.table(_ASKED, {"number_": "INTEGER", "value_": "VARCHAR"}, rows)
    tests = [
        f"coalesce({text(column, kinds[column])}, '') IN"
        f" (SELECT value_ FROM {_ASKED} WHERE number_ = {n})"
        for n, column in enumerate(wanted)
    ]
    listed = ", ".join(map(quoted, kinds))
    return f"SELECT {listed} FROM {source} AS source_" + (
        " WHERE " + " AND ".join(tests) if tests else ""
    )


def summed(engine: Engine, sql: str, by: str, relation: str) -> str:
    """SELECT of the rows of `sql` summed by the columns `by`, in their order, nulls last.

    Raises:
        Unclear: a column that the relation does not have.
    """
    kinds = engine.columns(f"({sql})")
    named = [name.strip() for name in by.split(",")]
    for name in named:
        known(name, kinds, relation)
    apart = [name for name in _APART if name in kinds]
    if "x_Basis" in kinds and _has_estimates(engine, sql):
        apart.append("x_Basis")
    columns = list(dict.fromkeys((*named, *apart)))
    sums = [
        f"sum({quoted(name)}) AS {quoted(name)}"
        for name in kinds
        if name in SUMMED and name not in columns and _of_one_unit(name, columns)
    ]
    counts = [
        f"CAST(sum({quoted(name)}) AS BIGINT) AS {quoted(name)}"
        for name in COUNTED
        if name in kinds and name not in columns
    ]
    listed = ", ".join(map(quoted, columns))
    order = ", ".join(f"{quoted(name)} NULLS LAST" for name in columns)
    return (
        f"SELECT {', '.join([listed, *sums, *counts, f'count(*) AS {ROWS}'])}"
        f" FROM ({sql}) AS chosen_ GROUP BY {listed} ORDER BY {order}"
    )


def expanded(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Column names with the taxonomy keys in place of KEYS."""
    return [n for name in names for n in (keys if name == KEYS else [name])]


def order(relation: Relation, keys: Sequence[str], kinds: Mapping[str, str]) -> list[str]:
    """The columns of a relation's key that its rows have: its order."""
    return [name for name in expanded(relation.key, keys) if name in kinds]


def known(column: str, kinds: Mapping[str, str], relation: str) -> None:
    """Raises Unclear, with the nearest names, where there is no such column."""
    if column not in kinds:
        raise Unclear(f"`{relation}` has no column `{column}`", did_you_mean(column, kinds))


def is_cost(column: str) -> bool:
    """Whether a column is money, in BillingCurrency or x_EstimatedCurrency."""
    amounts = ("x_CoverageCost", "x_BilledAmount", "x_EffectiveAmount", "x_EstimatedCost")
    return column in (*COSTS, *amounts, "x_Amount")


def _of_one_unit(column: str, by: Sequence[str]) -> bool:
    return column not in _UNITS or _UNITS[column] in by


def _has_estimates(engine: Engine, sql: str) -> bool:
    """Whether there are charges made from telemetry, which stand apart in every sum (R3)."""
    found = engine.one(f"SELECT count(*) FROM ({sql}) AS chosen_ WHERE x_Basis = 'estimated'")
    return bool(found[0])
