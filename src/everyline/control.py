"""The control equation (R26): money in equals money out at every stage, or nothing is published."""

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import NamedTuple

from everyline.engines.duckdb import Engine
from everyline.relations import COSTS

# Sums of DECIMAL(38,18) need up to 38 digits; Python's default context would round at 28.
EXACT = Context(prec=60)

Totals = dict[tuple[str, str], dict[str, Decimal]]


class Unbalanced(AssertionError):  # noqa: N818
    """A stage lost or made money: our own fault, never the data's."""


class Balance(NamedTuple):
    """One period, currency and cost as each stage sums it; all exact.

    Attributes:
        charges: over every bill line, scope none too, read apart from all stages.
        out_of_scope: groups whose layer is none.
        allocated: allocations.
    """

    period: str
    currency: str
    cost: str
    charges: Decimal
    out_of_scope: Decimal
    allocated: Decimal


def totals(engine: Engine, relation: str, costs: Sequence[str] = COSTS) -> tuple[Totals, int]:
    """Sums of `costs` by period and currency, and how many rows `relation` has."""
    sums = ", ".join(f"sum({cost})::DECIMAL(38,18)" for cost in costs)
    rows = engine.rows(
        f"SELECT x_Period, BillingCurrency, count(*), {sums} FROM {relation}"
        " GROUP BY ALL ORDER BY ALL"
    )
    found = {(p, c): dict(zip(costs, values, strict=True)) for p, c, _, *values in rows}
    return found, sum(row[2] for row in rows)


def scoped_totals(engine: Engine, groups: str) -> tuple[Totals, Totals, int]:
    """Sums of groups by period and currency: all of them, those of scope none, and their count."""
    sums = ", ".join(f"sum({cost})::DECIMAL(38,18)" for cost in COSTS)
    outside = ", ".join(
        f"coalesce(sum({cost}) FILTER (WHERE x_Layer = 'none'), 0)::DECIMAL(38,18)"
        for cost in COSTS
    )
    every: Totals = {}
    none: Totals = {}
    count = 0
    for period, currency, rows, *values in engine.rows(
        f"SELECT x_Period, BillingCurrency, count(*), {sums}, {outside} FROM {groups}"
        " GROUP BY ALL ORDER BY ALL"
    ):
        every[period, currency] = dict(zip(COSTS, values[: len(COSTS)], strict=True))
        none[period, currency] = dict(zip(COSTS, values[len(COSTS) :], strict=True))
        count += rows
    return every, none, count


def balanced(charges: Totals, groups: Totals, none: Totals, allocated: Totals) -> list[Balance]:
    """The balances of all periods, currencies and costs.

    Raises:
        Unbalanced: where charges, groups, or allocations and scope none differ by any amount.
    """
    found = []
    for period, currency in sorted(charges.keys() | groups.keys() | allocated.keys()):
        for cost in COSTS:
            billed, grouped, out, owned = (
                sums.get((period, currency), {}).get(cost, Decimal(0))
                for sums in (charges, groups, none, allocated)
            )
            where = f"{period} {currency} {cost}"
            if billed != grouped:
                raise Unbalanced(f"{where}: charges sum to {billed}, groups to {grouped}")
            if grouped != EXACT.add(owned, out):
                raise Unbalanced(
                    f"{where}: groups sum to {grouped}, owners and none to {EXACT.add(owned, out)}"
                )
            found.append(Balance(period, currency, cost, billed, out, owned))
    return found


def refuse_unequal(name: str, expected: Totals, found: Totals) -> None:
    """Raises `Unbalanced` where a relation does not sum to the one it was made from."""
    for key, sums in found.items():
        for cost, value in sums.items():
            if expected[key][cost] != value:
                where = " ".join((*key, cost))
                raise Unbalanced(f"{where}: {name} sums to {value}, not {expected[key][cost]}")
    if expected.keys() != found.keys():
        raise Unbalanced(f"{name} lacks {sorted(expected.keys() ^ found.keys())}")
