"""What one owner's showback says for a month: by use and layer; it ties to the statement (R23)."""

from decimal import Decimal

from everyline.answers.parts import Block
from everyline.cli import figures
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.relations import LAYERS
from everyline.runs import Run

_BAR = 8


def show(screen: Screen, engine: Engine, run: Run, block: Block, owner: str) -> None:
    """Prints EffectiveCost of `owner`, a value of the lead key, by use case and layer.

    Where the taxonomy has no `use_case`, its second key stands in its place.
    """
    keys: list[str] = list(run.manifest["keys"])
    lead, *others = keys
    by = "use_case" if "use_case" in others else (others or [lead])[0]
    rows = engine.rows(
        f"SELECT {quoted(by)}, x_Layer, sum(x_EffectiveAmount) FROM {run.relation('statements')}"
        f" WHERE {quoted(lead)} = {literal(owner)} AND x_Period = {literal(block.period)}"
        f" AND BillingCurrency = {literal(block.currency)}"
        f" AND (x_Basis = 'estimated') = {block.estimated} GROUP BY ALL ORDER BY ALL"
    )
    layers = [layer for layer in LAYERS if any(row[1] == layer for row in rows)]
    cells: dict[str | None, dict[str, Decimal]] = {}
    for value, layer, cost in rows:
        cells.setdefault(value, {})[layer] = cost
    sums = {value: sum(costs.values(), Decimal(0)) for value, costs in cells.items()}
    whole = sum(sums.values(), Decimal(0))

    def line(name: str, costs: dict[str, Decimal], total: Decimal) -> list[str]:
        share = figures.share(total, whole)
        by_layer = [
            figures.amount(costs[layer], block.currency) if layer in costs else ""
            for layer in layers
        ]
        bar = "" if name == "total" else screen.bar(share, _BAR)
        return [name, *by_layer, figures.amount(total, block.currency), figures.percent(share), bar]

    ordered = sorted(cells, key=lambda value: (value is None, -sums[value], value or ""))
    totals = {
        layer: sum((costs.get(layer, Decimal(0)) for costs in cells.values()), Decimal(0))
        for layer in layers
    }
    heads = [*layers, "total", "share"]
    columns = (Column(by), *(Column(head, "figure") for head in heads), Column("", "bar"))
    listed = [line(value or f"(no {by} yet)", cells[value], sums[value]) for value in ordered]
    screen.table(Table(columns, listed, [line("total", totals, whole)]))
