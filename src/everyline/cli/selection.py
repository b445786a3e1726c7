"""What was asked of a relation: some rows, perhaps summed. Values are bound, never spelt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from click import UsageError

from everyline.cli.written import text
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import did_you_mean
from everyline.relations import COSTS, MEASURES

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for, as written on the command line.

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
        UsageError: a column that the relation does not have, or no `=`.
    """
    wanted: dict[str, list[str]] = {}
    months = [f"{_PERIOD}={asked.period}"] if asked.period and _PERIOD in kinds else []
    for entry in (*asked.where, *months):
        column, sign, value = entry.partition("=")
        if not sign:
            raise UsageError(f"`--where {entry}` has no `=`; it is `--where COLUMN=VALUE`")
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
        UsageError: a column that the relation does not have.
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


def known(column: str, kinds: Mapping[str, str], relation: str) -> None:
    """Raises UsageError, with the nearest names, where there is no such column."""
    if column not in kinds:
        hint = did_you_mean(column, kinds) or "`--as csv` shows all columns in its first line"
        raise UsageError(f"`{relation}` has no column `{column}`; {hint}")


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
