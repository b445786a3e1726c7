"""One command for each relation: its rows as last run, some of them, or sums."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from everyline import runs
from everyline.answers import months, selection
from everyline.answers.selection import Asked, Unclear
from everyline.cli import (
    cause_table,
    coverage_table,
    listing,
    member_table,
    options,
    problem_list,
    seen_table,
    share_table,
    statement_table,
)
from everyline.cli import view as views
from everyline.cli.screen import Screen
from everyline.cli.view import View
from everyline.cli.written import put
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_WELL, Problem, exit_code
from everyline.relations import RELATIONS, Relation

FORMS = ("table", "csv", "json", "parquet")


SUMMARIES: Mapping[str, Callable[[View], bool]] = {
    "causes": cause_table.show,
    "coverage": coverage_table.show,
    "pool_members": member_table.show,
    "problems": problem_list.show,
    "reconciliation": seen_table.show,
    "shares": share_table.show,
    "statements": statement_table.show,
}
"""Relations that a table sums up; False where the question asks for rows."""


def _charges(project: Path, run: runs.Run, engine: Engine) -> str | Sequence[Problem]:
    from everyline import pipeline

    found = pipeline.charges_relation(engine, project)
    return f"({found})" if isinstance(found, str) else found


def _source(relation: Relation) -> views.Source:
    """Where a relation's rows come from."""
    if relation.name == "causes":
        return cause_table.source
    if not relation.stored:
        return _charges
    return lambda project, run, engine: run.relation(relation.name)


def _print(relation: Relation, project: Path, *, asked: Asked, form: str, out: Path | None) -> int:
    screen = Screen()
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        with screen.progress() as progress:
            progress(f"reading {relation.name}")
            source = _source(relation)(project, run, engine)
        if isinstance(source, str) and asked.period is not None:
            source = months.of(engine, project, run, (relation.name, source, asked.period))
        if not isinstance(source, str):
            screen.problems(source)
            return exit_code(source)
        kinds = engine.columns(source)
        wanted = selection.filters(asked, kinds, relation.name)
        view = View(
            screen=screen,
            engine=engine,
            project=project,
            relation=relation,
            sql=selection.chosen(engine, source, wanted),
            kinds=kinds,
            wanted=wanted,
            by=asked.by,
            keys=tuple(run.manifest["keys"]),
        )
        _show(view) if form == "table" else _write(view, form, out)
    return EXIT_WELL


def _show(view: View) -> None:
    summary = SUMMARIES.get(view.relation.name)
    if view.by is not None or summary is None or not summary(view):
        listing.show(view)


def _write(view: View, form: str, out: Path | None) -> None:
    sql = view.ordered
    if view.by is not None:
        sql = selection.summed(view.engine, view.sql, view.by, view.relation.name)
    try:
        put(view.engine, sql, form, out)
    except OSError as error:
        if out is None or isinstance(error, BrokenPipeError):
            raise
        raise click.UsageError(f"`{out}` can't be written: {error.strerror}") from error


def _command(relation: Relation) -> click.Command:
    @click.command(
        relation.name,
        help=_help(relation),
        epilog=options.example(*_EXAMPLES.get(relation.name, (f"everyline {relation.name}",))),
    )
    @options.project
    @options.period
    @options.where
    @options.by
    @options.form(*FORMS)
    @options.out
    def command(project: Path, form: str, *, out: Path | None, **asked: Any) -> int:
        if form == "table" and out is not None:
            raise click.UsageError("`--out` takes `--as csv`, `--as json` or `--as parquet`")
        if form == "parquet" and out is None:
            raise click.UsageError("`--as parquet` takes `--out FILE`")
        try:
            return _print(relation, project, asked=Asked(**asked), form=form, out=out)
        except Unclear as error:
            hint = error.hint or "`--as csv` shows all columns in its first line"
            raise click.UsageError(f"{error}; {hint}") from error

    return command


def _help(relation: Relation) -> str:
    grain = relation.grain[0].upper() + relation.grain[1:]
    return f"{grain}, as last run.\n\n{_MORE.get(relation.name, '')}"


_MORE = {
    "charges": "Worked out from the bills as they lie now; they can be many.",
    "usage": "`--period` asks for the hours of a month, UTC.",
    "shares": "The table shows, for each split, what each receiver gets of it; `composed` means"
    " through all pools that pass it on.",
    "pool_members": "The table shows what went into each pool, by service.",
    "reconciliation": "The table shows what issuers ask for beside the bill, and how much of what"
    " was billed the telemetry has seen.",
    "causes": "Three ways to one amount: metered quantity at list prices, the lines of the bill,"
    " and the invoice. The table takes the difference of each invoice apart, with the largest rows"
    " behind it; `docs/guides/reconciliation.md` defines each cause.",
    "coverage": "The table shows, in percent of the cost that can be tagged: `tagged`, the bill"
    " line carries a declared value; `FOCUS`, it carries any value; `direct`, an owner was found"
    " for the line itself; `allocated`, directly or by a share.",
    "statements": "The table shows each owner's total; `--where` with an owner shows its lines.",
    "problems": "Warnings of the last good run, the largest amount first.",
}
_EXAMPLES = {
    "charges": (
        "everyline charges --period 2026-10 --as csv --out charges.csv",
        "everyline charges --where x_Layer=none --by ServiceName",
    ),
    "groups": ("everyline groups --period 2026-10 --by ServiceName,x_Layer",),
    "usage": (
        "everyline usage --period 2026-10 --by x_Model,x_Meter,x_Unit",
        "everyline usage --where x_Source=gateway --as csv",
    ),
    "shares": (
        "everyline shares --period 2026-10",
        "everyline shares --where x_Kind=composed --as csv",
    ),
    "pool_members": ("everyline pool_members --period 2026-10",),
    "reconciliation": (
        "everyline reconciliation --period 2026-10",
        "everyline reconciliation --where x_Within=false",
        "everyline reconciliation --where x_Measure=ConsumedQuantity --as csv",
    ),
    "causes": (
        "everyline causes --period 2026-10",
        "everyline causes --where InvoiceId=INV-77 --by x_Cause",
    ),
    "owned_groups": ("everyline owned_groups --where x_Layer=model --as json",),
    "allocations": ("everyline allocations --where x_Method=unallocated --by ServiceName",),
    "coverage": (
        "everyline coverage --period 2026-10",
        "everyline coverage --by x_Evidence --as csv",
    ),
    "statements": (
        "everyline statements --period 2026-10",
        "everyline statements --where x_Layer=model --by x_Method",
    ),
    "problems": ("everyline problems --as csv",),
}
commands = {relation.name: _command(relation) for relation in RELATIONS}
