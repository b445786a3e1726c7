"""`everyline run`: makes all relations of all periods found, and says what they come to."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from everyline.answers import covered as bill_coverage
from everyline.answers import parts as bill_parts
from everyline.answers.parts import Block
from everyline.cli import (
    booked_table,
    figures,
    options,
    seen_table,
    stack_table,
    summary,
)
from everyline.cli.layout import Column, Table
from everyline.cli.screen import PROBLEMS_MAX, Screen
from everyline.cli.written import put
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_STOP, exit_code
from everyline.runs import Run

if TYPE_CHECKING:
    from everyline.pipeline import Outcome

_METERS_MAX = 5


@click.command(
    epilog=options.example("everyline run", "everyline run --as csv"),
    help="Makes all relations of all periods found.\n\nPrints for each period and currency the"
    " bill, what of it is AI cost, how its owners were found, and the difference, which is 0; then"
    " each use case by layer, its own cost (direct and traced) and what it bears of pools apart."
    " Problems go to stderr. All is published or nothing is: after a problem that stops, the last"
    " good run still reads.",
)
@options.project
@options.form("table", "csv", "json")
def run(project: Path, form: str) -> int:
    from everyline import pipeline

    screen = Screen()
    with screen.progress() as progress:
        outcome = pipeline.run(project, progress=progress)
    left = screen.problems(outcome.problems, PROBLEMS_MAX)
    if left:
        more = "everyline problems" if outcome.run else "everyline check --as csv"
        screen.note(f"… and {left:,} more: `{more}`\n")
    if outcome.run is None:
        screen.note("nothing was published")
        return exit_code(outcome.problems) or EXIT_STOP
    found = replace(outcome.run, instead={"allocations": outcome.run.file("stack")})
    with closing(Engine()) as engine:
        if form == "table":
            _show(screen, engine, replace(outcome, run=found), project)
        else:
            put(engine, bill_parts.parts_sql(found), form, None)
    return exit_code(outcome.problems)


def _show(screen: Screen, engine: Engine, outcome: "Outcome", project: Path) -> None:
    """Prints what a run came to, and what to do next."""
    run = outcome.run
    assert run is not None, "nothing was published"
    keys = run.manifest["keys"]
    aims = bill_coverage.targets_of(outcome.configuration)
    covered = bill_coverage.covered(engine, run.relation("coverage"), keys)
    found = bill_parts.parts(engine, run)
    for block, parts in found.items():
        summary.show(screen, block, parts)
        rows = [c for c in covered if (c.period, c.currency, c.layer) == (*block[:2], None)]
        if rows and not block.estimated:
            summary.show_coverage(screen, rows, aims)
        screen.line()
        _show_stack(screen, engine, run, block)
    seen_table.say_invoices(screen, engine, run)
    booked_table.say(screen, engine, run, project)
    _next(screen, engine, run, keys[0])


def _show_stack(screen: Screen, engine: Engine, run: Run, block: Block) -> None:
    """Prints each use case by layer, and how much of the bill the telemetry has seen."""
    found = stack_table.stack(engine, run, block, run.manifest["keys"])
    if found.rows:
        stack_table.show(screen, block, found)
        screen.line()
    if not block.estimated:
        seen = [
            row
            for row in seen_table.by_meter(engine, run.relation("reconciliation"))
            if (row.period, row.currency) == block[:2]
        ]
        if seen_table.say(screen, seen, _METERS_MAX):
            screen.line()


def _next(screen: Screen, engine: Engine, run: Run, lead: str) -> None:
    unowned = summary.unowned(engine, run, lead)
    if unowned:
        rows = [
            [
                each.service or each.provider or figures.NOTHING,
                each.account or figures.NOTHING,
                f"{figures.amount(each.cost, each.currency)} {each.currency}",
            ]
            for each in unowned
        ]
        columns = (Column(f"largest without a {lead}"), Column("account"), Column("cost", "figure"))
        screen.table(Table(columns, rows))
        screen.line()
    (problems,) = engine.one(f"SELECT count(*) FROM {run.relation('problems')}")
    (unsure,) = engine.one(
        f"SELECT count(*) FROM {run.relation('groups')} WHERE {bill_parts.candidate()}"
    )
    hints = (
        ("everyline worklist", "what to fill in so that it finds its owner", bool(unowned)),
        ("everyline problems", "what is odd in the bills", bool(problems)),
        ("everyline scope", "which cost counts as AI, and which no rule is sure of", bool(unsure)),
        ("everyline coverage", "how much is tagged, by key and layer", True),
        ("everyline statements", f"what each {lead} gets", True),
    )
    shown = [[name, does] for name, does, applies in hints if applies]
    screen.table(Table((Column("next"), Column("")), shown))


commands = {"run": run}
