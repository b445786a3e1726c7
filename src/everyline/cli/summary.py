"""What a run came to: bill, scope, methods and the difference, by period and currency (R26)."""

from collections.abc import Sequence
from decimal import Decimal
from textwrap import fill
from typing import NamedTuple

from everyline.answers.covered import Covered, Targets
from everyline.answers.parts import Block, Parts
from everyline.cli import coverage_table, figures
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.engines.duckdb import Engine, quoted
from everyline.relations import LAYERS, METHODS
from everyline.runs import Run

NOT_AI = "none: not AI"
"""How the layer `none` is called on a screen."""

_UNOWNED_MAX = 3


class Unowned(NamedTuple):
    """An identity that nobody owns, and its EffectiveCost over all periods."""

    provider: str
    service: str
    account: str
    currency: str
    cost: Decimal


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
    difference = [figures.separated(cost) for cost in parts["difference"]]
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
        share = figures.percent(figures.share(row.tagged, row.eligible))
        said.append(f"{row.key} {share}{wanted}".replace(" ", "\N{NO-BREAK SPACE}"))
    text = fill("tag coverage: " + ", ".join(said), screen.width)
    screen.line(text.replace("\N{NO-BREAK SPACE}", " "))


def _cost(parts: Parts, part: str) -> Decimal:
    return parts[part][0] if part in parts else Decimal(0)


def _row(
    screen: Screen, block: Block, name: str, costs: tuple[Decimal, Decimal] | None, whole: Decimal
) -> list[str]:
    effective, billed = costs or (Decimal(0), Decimal(0))
    share = figures.share(effective, whole)
    return [
        name,
        figures.amount(effective, block.currency),
        figures.percent(share),
        screen.bar(share) if name.startswith(" ") else "",
        figures.amount(billed, block.currency),
    ]
