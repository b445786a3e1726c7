"""The parts of a bill: layers, scope, methods, and the difference, which is 0 (R26)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from everyline.charges.naming import built_in
from everyline.engines.duckdb import Engine, literal
from everyline.relations import LAYERS, METHODS
from everyline.runs import Run

_COSTS = ("EffectiveCost", "BilledCost")


class Block(NamedTuple):
    """What is summed apart: a month, a currency, and whether telemetry made the cost (R3, R21)."""

    period: str
    currency: str
    estimated: bool

    @property
    def heading(self) -> str:
        """What stands above a table of it: `2026-10, USD`."""
        return f"{self.period}, {self.currency}" + (", estimated" if self.estimated else "")


Parts = Mapping[str, tuple[Decimal, Decimal]]
"""EffectiveCost and BilledCost by part; the parts are those of `parts_sql`."""


def candidate() -> str:
    """SQL over `groups`: whether no rule is sure that a row is AI cost, or that it is not (R4)."""
    names = ", ".join(literal(row["name"]) for row in built_in() if row["candidate"])
    return f"(x_Layer = 'none' AND coalesce(x_LayerRule IN ({names}), false))"


def parts_sql(run: Run) -> str:
    """SELECT of x_Period, BillingCurrency, x_Estimated, x_Part and the two costs, in order.

    The parts of a bill: `bill`, its layers (`none` is out of scope), `candidate` (within `none`),
    `in_scope`, the four methods, and `difference`: bill - `none` - all methods, which is 0.
    """
    groups = _summed(run.relation("groups"), "x_Layer", f"{candidate()} AS candidate")
    methods = _summed(run.relation("allocations"), "x_Method")
    parts = [
        _part("groups_", "'bill'"),
        _part("groups_", "x_Layer"),
        _part("groups_", "'candidate'", "candidate"),
        _part("groups_", "'in_scope'", "x_Layer <> 'none'"),
        _part("methods_", "x_Method"),
        _part("groups_", "'difference'"),
        _part("groups_", "'difference'", "x_Layer = 'none'", sign="-"),
        _part("methods_", "'difference'", sign="-"),
    ]
    order = ("bill", *LAYERS, "candidate", "in_scope", *METHODS, "difference")
    listed = ", ".join(map(literal, order))
    return (
        f"WITH groups_ AS MATERIALIZED ({groups}), methods_ AS MATERIALIZED ({methods})"
        f" SELECT x_Period, BillingCurrency, x_Estimated, x_Part, {_sums()}"
        f" FROM ({' UNION ALL '.join(parts)}) AS parts_"
        " GROUP BY x_Period, BillingCurrency, x_Estimated, x_Part"
        f" ORDER BY x_Period, BillingCurrency, x_Estimated, list_position([{listed}], x_Part)"
    )


def parts(engine: Engine, run: Run) -> dict[Block, dict[str, tuple[Decimal, Decimal]]]:
    """The parts of `parts_sql` by block."""
    found: dict[Block, dict[str, tuple[Decimal, Decimal]]] = {}
    for period, currency, estimated, part, effective, billed in engine.rows(parts_sql(run)):
        found.setdefault(Block(period, currency, estimated), {})[part] = (effective, billed)
    return found


def _summed(relation: str, *by: str) -> str:
    """SELECT of a relation, read once and summed by all that tells parts."""
    told = ", ".join(("x_Period", "BillingCurrency", "x_Basis = 'estimated' AS x_Estimated", *by))
    return f"SELECT {told}, {_sums()} FROM {relation} GROUP BY ALL"


def _sums() -> str:
    return ", ".join(f"sum({cost})::DECIMAL(38,18) AS {cost}" for cost in _COSTS)


def _part(sums: str, part: str, condition: str = "true", *, sign: str = "") -> str:
    costs = ", ".join(f"{sign}{cost} AS {cost}" for cost in _COSTS)
    return (
        f"SELECT x_Period, BillingCurrency, x_Estimated, {part} AS x_Part, {costs}"
        f" FROM {sums} WHERE {condition}"
    )
