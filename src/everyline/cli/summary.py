"""What a run came to: bill, scope, methods and the difference, by period and currency (R26)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from textwrap import fill
from typing import NamedTuple

from everyline.charges.naming import built_in
from everyline.cli import coverage_table, figures
from everyline.cli.coverage_table import Covered, Targets
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.relations import LAYERS, METHODS
from everyline.runs import Run

NOT_AI = "none: not AI"
"""How the layer `none` is called on a screen."""

_COSTS = ("EffectiveCost", "BilledCost")
_UNOWNED_MAX = 3


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


class Unowned(NamedTuple):
    """An identity that nobody owns, and its EffectiveCost over all periods."""

    provider: str
    service: str
    account: str
    currency: str
    cost: Decimal


def candidate() -> str:
    """SQL over `groups`: whether no rule is sure that a row is AI cost, or that it is not (R4)."""
    names = ", ".join(literal(row["name"]) for row in built_in() if row["candidate"])
    return f"(x_Layer = 'none' AND coalesce(x_LayerRule IN ({names}), false))"


def parts_sql(run: Run) -> str:
    """SELECT of x_Period, BillingCurrency, x_Estimated, x_Part and the two costs, in order.

    The parts of a bill: `bill`, its layers (`none` is out of scope), `candidate` (within `none`),
    `in_scope`, the four methods, and `difference`: bill - `none` - all methods, which is 0.
    """
    groups, allocations = run.relation("groups"), run.relation("allocations")
    parts = [
        _part(groups, "'bill'"),
        _part(groups, "x_Layer"),
        _part(groups, "'candidate'", candidate()),
        _part(groups, "'in_scope'", "x_Layer <> 'none'"),
        _part(allocations, "x_Method"),
        _part(groups, "'difference'"),
        _part(groups, "'difference'", "x_Layer = 'none'", sign="-"),
        _part(allocations, "'difference'", sign="-"),
    ]
    sums = ", ".join(f"sum({cost})::DECIMAL(38,18) AS {cost}" for cost in _COSTS)
    order = ("bill", *LAYERS, "candidate", "in_scope", *METHODS, "difference")
    listed = ", ".join(map(literal, order))
    return (
        f"SELECT x_Period, BillingCurrency, x_Estimated, x_Part, {sums}"
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


def unowned(engine: Engine, run: Run, lead: str) -> list[Unowned]:
    """The identities of most cost without a value of the lead key."""
    rows = engine.rows(
        "SELECT ServiceProviderName, ServiceName, coalesce(SubAccountId, BillingAccountId),"
        f" BillingCurrency, sum(EffectiveCost) AS cost_ FROM {run.relation('allocations')}"
        f" WHERE {quoted(lead)} IS NULL GROUP BY ALL HAVING cost_ > 0"
        f" ORDER BY cost_ DESC, 1, 2, 3, 4 LIMIT {_UNOWNED_MAX}"
    )
    return [Unowned(*row) for row in rows]


def show(screen: Screen, block: Block, parts: Parts) -> None:
    """Prints one block."""
    bill, scope = _cost(parts, "bill"), _cost(parts, "in_scope")
    rows = [_row(screen, block, "bill", parts.get("bill"), bill)]
    layers = [layer for layer in LAYERS if layer in parts]
    for layer in layers:
        name = NOT_AI if layer == "none" else layer
        rows.append(_row(screen, block, f"  {name}", parts[layer], bill))
    if "candidate" in parts:
        rows.append(_row(screen, block, "    no rule is sure", parts["candidate"], bill))
    rows.append(_row(screen, block, "in scope", parts.get("in_scope"), scope))
    rows += [_row(screen, block, f"  {m}", parts.get(m), scope) for m in METHODS]
    difference = [figures.exact(cost) for cost in parts["difference"]]
    totals = [["difference", difference[0], "", "", difference[1]]]
    columns = (
        Column(block.heading),
        Column("EffectiveCost", "figure"),
        Column("share", "figure"),
        Column("", "bar"),
        Column("BilledCost", "figure"),
    )
    screen.table(Table(columns, rows, totals))


def show_coverage(screen: Screen, rows: Sequence[Covered], aims: Targets) -> None:
    """Prints tag coverage of all keys in a sentence."""
    said = []
    for row in rows:
        aim = aims.tag_coverage.get(row.key)
        wanted = f" ({coverage_table.percent_of(aim)} wanted)" if aim is not None else ""
        share = figures.percent(figures.ratio(row.tagged, row.eligible))
        said.append(f"{row.key} {share}{wanted}".replace(" ", "\N{NO-BREAK SPACE}"))
    text = fill("tag coverage: " + ", ".join(said), screen.width)
    screen.line(text.replace("\N{NO-BREAK SPACE}", " "))


def _part(relation: str, part: str, condition: str = "true", *, sign: str = "") -> str:
    costs = ", ".join(f"{sign}{cost} AS {cost}" for cost in _COSTS)
    return (
        f"SELECT x_Period, BillingCurrency, x_Basis = 'estimated' AS x_Estimated, {part} AS x_Part,"
        f" {costs} FROM {relation} WHERE {condition}"
    )


def _cost(parts: Parts, part: str) -> Decimal:
    return parts[part][0] if part in parts else Decimal(0)


def _row(
    screen: Screen, block: Block, name: str, costs: tuple[Decimal, Decimal] | None, whole: Decimal
) -> list[str]:
    effective, billed = costs or (Decimal(0), Decimal(0))
    share = figures.ratio(effective, whole)
    return [
        name,
        figures.amount(effective, block.currency),
        figures.percent(share),
        screen.bar(share) if name.startswith(" ") else "",
        figures.amount(billed, block.currency),
    ]
