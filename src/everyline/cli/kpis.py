"""`everyline kpis`: the FinOps Foundation's KPIs of each month, with what they are made of."""

from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from textwrap import fill

import click

from everyline import config, runs
from everyline.cli import figures, options
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.cli.written import put
from everyline.engines.duckdb import Engine
from everyline.kpis.compute import kpis as kpis_of
from everyline.kpis.library import OF_COST, OF_USAGE, PERCENT, UNANSWERED, Kpi
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, did_you_mean, exit_code

_DECIMALS = 10
_DECIMALS_SHOWN = 6
_COLUMNS = (
    "x_Period",
    "BillingCurrency",
    "x_Kpi",
    "x_Formula",
    "x_Numerator",
    "x_Denominator",
    "x_Value",
    "x_Unit",
    "x_Missing",
)


@click.command(
    epilog=options.example("everyline kpis --period 2026-10", "everyline kpis --as csv"),
    help="KPIs of the FinOps Foundation that bills, telemetry and books answer, by month and"
    " currency: name, formula, numerator, denominator and value, and what is missing where one"
    " can't be computed.\n\nNumerators and denominators are exact; a value has at most ten"
    " decimals, half-even. `docs/guides/kpis.md` says which cost each of them is.",
)
@options.project
@options.period
@options.form("table", "csv", "json")
@options.out
def kpis(project: Path, period: str | None, form: str, out: Path | None) -> int:
    if form == "table" and out is not None:
        raise click.UsageError("`--out` takes `--as csv` or `--as json`")
    screen = Screen()
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    loaded = config.load(project)
    if loaded.configuration is None:
        screen.problems(loaded.problems)
        return exit_code(loaded.problems)
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        found = kpis_of(engine, project, run, loaded.configuration)
        months = sorted({one.period for one in found})
        if period is not None and period not in months:
            screen.note(f"there is no cost in `{period}`\n\nhint: {did_you_mean(period, months)}")
            return EXIT_STOP
        shown = [one for one in found if period in (None, one.period)]
        if form == "table":
            _show(screen, shown)
        else:
            engine.table("kpis_", dict.fromkeys(_COLUMNS, "VARCHAR"), _rows(shown))
            with engine.in_order():
                put(engine, "SELECT * FROM kpis_", form, out)
    return EXIT_WELL


def _rows(found: Sequence[Kpi]) -> list[tuple[str | None, ...]]:
    rows: list[tuple[str | None, ...]] = [
        (
            one.period,
            one.currency,
            one.definition.name,
            one.definition.formula,
            None if one.numerator is None else figures.exact(one.numerator),
            None if one.denominator is None else figures.exact(one.denominator),
            _rounded(one, _DECIMALS),
            _unit(one),
            one.missing or None,
        )
        for one in found
    ]
    nothing = (None,) * 4
    return rows + [(None, None, name, None, *nothing, what) for name, what in UNANSWERED.items()]


def _rounded(one: Kpi, decimals: int) -> str | None:
    """The value with at most so many decimals, half-even."""
    if one.value is None:
        return None
    return figures.exact(Decimal(f"{round(one.value * 10**decimals)}E-{decimals}"))


def _unit(one: Kpi) -> str | None:
    return PERCENT if one.definition.unit == PERCENT else one.currency


def _show(screen: Screen, found: Sequence[Kpi]) -> None:
    """A table for each month and currency, and once what is missing."""
    for block in dict.fromkeys((one.period, one.currency) for one in found):
        of = [one for one in found if (one.period, one.currency) == block]
        rows = [_row(one) for one in of if one.value is not None]
        if not rows:
            continue
        columns = (
            Column(f"{block[0]}, {block[1] or 'telemetry'}"),
            Column("value", "figure"),
            Column("numerator", "figure"),
            Column("denominator", "figure"),
        )
        screen.table(Table(columns, rows))
        screen.line()
    screen.line("not computed, and what is missing", "bold")
    computed = {one.definition.name for one in found if one.value is not None}
    needs = {one.name: one.needs for one in (*OF_COST, *OF_USAGE) if one.name not in computed}
    for name, what in {**needs, **UNANSWERED}.items():
        screen.line(fill(f"{name}: {what}", screen.width, subsequent_indent="  "))
    screen.note("formulas: --as csv, and docs/guides/kpis.md")


def _row(one: Kpi) -> list[str]:
    numerator, denominator = one.numerator or Decimal(0), one.denominator or Decimal(0)
    value = Decimal(_rounded(one, _DECIMALS_SHOWN) or 0)
    if one.definition.unit == PERCENT:
        text = f"{figures.amount(value, None)} %"
    else:
        text = f"{figures.separated(value)} {one.currency}"
    is_cost = one.currency is not None
    over = figures.amount if is_cost and one.definition.unit == PERCENT else _count
    under = figures.amount if is_cost else _count
    return [
        one.definition.name,
        text,
        under(numerator, one.currency),
        over(denominator, one.currency),
    ]


def _count(value: Decimal, _currency: str | None) -> str:
    return figures.quantity(value)


commands = {"kpis": kpis}
