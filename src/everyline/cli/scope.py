"""`everyline scope`: what counts as AI cost, what does not, and what no rule is sure about (R4)."""

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from everyline import runs
from everyline.answers import parts as bill_parts
from everyline.answers import selection
from everyline.answers.selection import Asked
from everyline.cli import figures, options
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.cli.written import put
from everyline.engines.duckdb import Engine, literal
from everyline.problems import EXIT_WELL, Problem, exit_code
from everyline.relations import LAYERS

_ROWS_MAX = 15
_SECTIONS = {
    "in": "in scope",
    "candidate": "no rule is sure: kept out of scope until `layers` places it",
    "out": "out of scope",
}


@click.command(
    epilog=options.example("everyline scope", "everyline scope --period 2026-10 --as csv"),
    help="What counts as AI cost, what does not, and what no rule is sure about, by cost.\n\nA tax"
    " or support line that serves AI and other cost alike stays out of scope until an entry of"
    " `layers` places it.",
)
@options.project
@options.period
@options.form("table", "csv", "json")
def scope(project: Path, period: str | None, form: str) -> int:
    screen = Screen()
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    with closing(Engine()) as engine:
        source = run.relation("groups")
        wanted = selection.filters(Asked(period=period), engine.columns(source), "groups")
        chosen = selection.chosen(engine, source, wanted)
        if form == "table":
            _show(screen, engine, chosen)
        else:
            put(engine, _sql(chosen, "x_Period"), form, None)
    return EXIT_WELL


def _sql(groups: str, *apart: str) -> str:
    """SELECT of cost by scope, layer, rule and service, the largest first."""
    section = (
        f"CASE WHEN x_Layer <> 'none' THEN 'in' WHEN {bill_parts.candidate()} THEN 'candidate'"
        " ELSE 'out' END AS x_Scope"
    )
    told = "x_Layer, x_LayerRule, ServiceProviderName, ServiceName"
    by = ", ".join((*apart, "BillingCurrency"))
    sums = ", ".join(f"sum({c})::DECIMAL(38,18) AS {c}" for c in ("EffectiveCost", "BilledCost"))
    scopes, layers = (", ".join(map(literal, names)) for names in (_SECTIONS, LAYERS))
    return (
        f"SELECT {by}, x_Scope, {told}, sum(x_LineCount)::BIGINT AS x_LineCount, {sums}"
        f" FROM (SELECT {by}, {section}, {told}, x_LineCount, EffectiveCost, BilledCost"
        f" FROM ({groups})) AS scoped_ GROUP BY {by}, x_Scope, {told}"
        f" ORDER BY {by}, list_position([{scopes}], x_Scope), list_position([{layers}], x_Layer),"
        f" EffectiveCost DESC, {told}"
    )


def _show(screen: Screen, engine: Engine, groups: str) -> None:
    first, last = engine.one(f"SELECT min(x_Period), max(x_Period) FROM ({groups})")
    if first is None:
        screen.note("no rows")
        return
    months = first if first == last else f"{first} to {last}"
    rows = engine.rows(
        "SELECT BillingCurrency, x_Scope, x_Layer, ServiceName, x_LayerRule, x_LineCount,"
        f" EffectiveCost, sum(EffectiveCost) OVER (PARTITION BY BillingCurrency),"
        " sum(EffectiveCost) OVER (PARTITION BY BillingCurrency, x_Scope)"
        f" FROM ({_sql(groups)}) ORDER BY EffectiveCost DESC, ServiceName, x_LayerRule"
    )
    for currency in sorted({row[0] for row in rows}):
        for section, heading in _SECTIONS.items():
            found = [row for row in rows if row[:2] == (currency, section)]
            if found:
                _section(screen, f"{months}, {currency}: {heading}", found)
    screen.note(
        "An entry of `layers` in everyline.yaml goes before all built-in rules. Tax and\n"
        "support that serve AI and other cost alike stay out of scope until one places them."
    )


def _section(screen: Screen, heading: str, rows: list[tuple[Any, ...]]) -> None:
    """One table, largest cost first; its total is over all rows, also those not shown."""
    currency, section, *_, bill, whole = rows[0]
    in_scope = section == "in"
    columns = (
        *((Column("layer"),) if in_scope else ()),
        Column("service"),
        Column("rule"),
        Column("lines", "figure"),
        Column("EffectiveCost", "figure"),
        Column("of bill", "figure"),
    )
    cells = [
        [
            *([layer] if in_scope else []),
            service or figures.NOTHING,
            rule or figures.NOTHING,
            *_figures(lines, cost, bill, currency),
        ]
        for _, _, layer, service, rule, lines, cost, *_ in rows[:_ROWS_MAX]
    ]
    lines = sum(row[5] for row in rows)
    total = ["total", *([""] if in_scope else []), "", *_figures(lines, whole, bill, currency)]
    screen.line(heading, "bold")
    screen.table(Table(columns, cells, [total]))
    screen.more(len(rows) - _ROWS_MAX)
    screen.line()


def _figures(lines: int, cost: Decimal, bill: Decimal, currency: str) -> list[str]:
    share = figures.percent(figures.share(cost, bill))
    return [f"{lines:,}", figures.amount(cost, currency), share]


commands = {"scope": scope}
