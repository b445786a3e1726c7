"""`everyline check --gate`: each check, whether it has passed, and what to mend."""

import json
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import click

from everyline import config, runs
from everyline.books import gate, read
from everyline.books.gate import Check
from everyline.books.lines import stated
from everyline.cli import figures
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.cli.written import put
from everyline.config.cells import MONTH
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_GATE, EXIT_WELL, Problem, exit_code

_ROWS_MAX = 10
_COLUMNS = {
    "x_Period": "VARCHAR",
    "x_Check": "VARCHAR",
    "x_Passed": "BOOLEAN",
    "BillingCurrency": "VARCHAR",
    "x_Found": "DECIMAL(38,18)",
    "x_Whole": "DECIMAL(38,18)",
    "x_Limit": "DECIMAL(38,18)",
    "x_RowCount": "BIGINT",
    "says": "VARCHAR",
}


def check(screen: Screen, project: Path, form: str, period: str | None) -> int:
    """Judges the gate of one month, by the last run.

    Without a month it is the first one that is not closed, else the one closed last; the latest
    where nothing is closed yet.
    """
    loaded = config.load(project)
    problems: Sequence[Problem] = loaded.problems or read.verified(project)
    run = runs.current(project)
    if not problems and isinstance(run, Problem):
        problems = [run]
    if problems or loaded.configuration is None or isinstance(run, Problem):
        screen.problems(problems)
        return exit_code(problems)
    chargeback = loaded.configuration.chargeback
    if chargeback is None or chargeback.gate is None:
        raise click.UsageError("everyline.yaml has no `chargeback: {gate: ...}` to judge by")
    with closing(Engine()) as engine:
        month = _month(project, {line.period for line in stated(engine, run)}, period)
        checks = gate.judged(engine, run, project, loaded.configuration, month)
        sha256 = gate.statement_hash(engine, run, project, month)
    if form == "table":
        _show(screen, month, checks, sha256)
    elif form == "json":
        click.echo(json.dumps([_as_json(month, one) for one in checks], indent=1))
    else:
        _put(month, checks, form)
    return EXIT_WELL if gate.passed(checks) else EXIT_GATE


def _month(project: Path, months: set[str], asked: str | None) -> str:
    if asked is not None and MONTH.fullmatch(asked) is None:
        raise click.UsageError(f"`{asked}` is no month like 2026-10")
    closes = [close.period for close in read.closed(project)]
    if asked is not None:
        if asked not in (*months, *closes):
            known = ", ".join(sorted(months)) or "none"
            raise click.UsageError(f"no statement is about {asked}; months of the run: {known}")
        return asked
    if not closes:
        if not months:
            raise click.UsageError("the last run has no statements, so there is nothing to judge")
        return max(months)
    return min((month for month in months if month > closes[-1]), default=closes[-1])


def _show(screen: Screen, month: str, checks: Sequence[Check], sha256: str) -> None:
    rows = [
        [one.name, _found(one), _ratio(one), _limit(one), "passed" if one.passed else "NOT PASSED"]
        for one in checks
    ]
    columns = (
        Column(f"gate, {month}", "word"),
        Column("found"),
        Column("share", "figure"),
        Column("limit", "figure"),
        Column("", "word"),
    )
    screen.table(Table(columns, rows))
    screen.line()
    for one in checks:
        if not one.passed and one.rows:
            heading = f"to mend: {one.name}" + (f", {one.currency}" if one.currency else "")
            screen.line(heading, "bold")
            _show_rows(screen, one)
            screen.line()
    screen.line(f"statements  {sha256}")


def _show_rows(screen: Screen, one: Check) -> None:
    """What to mend."""
    if one.name == "approved":
        # A hash is copied from here, so it is never shortened.
        for cells in one.rows:
            screen.line("  ".join(map(str, cells)))
        return
    columns = tuple(
        Column(name, "figure" if any(isinstance(row[n], Decimal) for row in one.rows) else "text")
        for n, name in enumerate(one.columns)
    )
    shown = [[_cell(cell, one.currency) for cell in row] for row in one.rows[:_ROWS_MAX]]
    screen.table(Table(columns, shown))
    left = len(one.rows) - len(shown)
    if left > 0:
        screen.line(f"{left:,} more; --as json prints all", "dim")


def _found(one: Check) -> str:
    """What was found, in one cell: `300.00 of 2,000.00 USD`."""
    if one.found is None:
        return one.says
    if one.whole is None:
        return f"{figures.separated(one.found)} {one.says}"
    whole = f"{figures.amount(one.whole, one.currency)} {one.currency}"
    return f"{figures.amount(one.found, one.currency)} of {whole}"


def _cell(value: object, currency: str | None) -> str:
    if value is None:
        return figures.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return figures.amount(value, currency) if isinstance(value, Decimal) else str(value)


def _ratio(one: Check) -> str:
    if one.found is None or one.whole is None:
        return ""
    return figures.percent(figures.share(one.found, abs(one.whole)))


def _limit(one: Check) -> str:
    if one.limit is None:
        return ""
    if one.name == "showback_periods":
        return figures.separated(one.limit)
    return f"{figures.separated(one.limit * 100)} %"


def _as_json(month: str, one: Check) -> dict[str, object]:
    rows = [dict(zip(one.columns, map(_plain, row), strict=True)) for row in one.rows]
    return {
        "x_Period": month,
        "x_Check": one.name,
        "x_Passed": one.passed,
        "BillingCurrency": one.currency,
        "x_Found": _plain(one.found),
        "x_Whole": _plain(one.whole),
        "x_Limit": _plain(one.limit),
        "says": one.says,
        "rows": rows,
    }


def _plain(value: object) -> object:
    return figures.exact(value) if isinstance(value, Decimal) else value


def _put(month: str, checks: Sequence[Check], form: str) -> None:
    rows = [
        (
            month,
            one.name,
            one.passed,
            one.currency,
            one.found,
            one.whole,
            one.limit,
            len(one.rows),
            one.says,
        )
        for one in checks
    ]
    with closing(Engine()) as engine:
        engine.table("checks_", _COLUMNS, rows)
        put(engine, "SELECT * FROM checks_", form, None)
