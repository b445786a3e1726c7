"""`everyline check`: what a run would say of configuration and data, nothing written."""

import json
from contextlib import closing
from pathlib import Path

import click

from everyline.cli import options
from everyline.cli.run import PROBLEMS_MAX
from everyline.cli.screen import Screen
from everyline.problems import EXIT_WELL, Problem, exit_code

_KINDS = {"text": "VARCHAR", "integer": "BIGINT", "decimal": "DECIMAL(38,18)"}


@click.command(
    epilog=options.example(
        "everyline check", "everyline check --as csv", "everyline check --schema"
    ),
    help="Validates configuration and data, and writes nothing.\n\nPrints the problems as text on"
    " stderr; with `--as csv` or `--as json` on stdout, all of them.",
)
@options.project
@options.form("table", "csv", "json")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of everyline.yaml instead.")
def check(project: Path, form: str, schema: bool) -> int:
    if schema:
        from everyline import config

        click.echo(json.dumps(config.json_schema(), indent=2))
        return EXIT_WELL
    from everyline import pipeline

    screen = Screen()
    with screen.progress() as progress:
        outcome = pipeline.check(project, progress=progress)
    if form == "table":
        left = screen.problems(outcome.problems, PROBLEMS_MAX)
        if left:
            screen.note(f"… and {left:,} more: `everyline check --as csv`")
        elif not outcome.problems:
            screen.note("nothing to mend")
    else:
        _put(list(outcome.problems), form)
    return exit_code(outcome.problems)


def _put(problems: list[Problem], form: str) -> None:
    """Prints problems as rows of the relation of that name."""
    from everyline.cli.written import put
    from everyline.engines.duckdb import Engine
    from everyline.relations import PROBLEMS

    columns = {column.name: _KINDS[column.kind] for column in PROBLEMS.columns}
    rows = [
        {
            "x_Problem": p.name,
            "x_Place": p.place,
            "x_Subject": p.subject,
            "level": p.level,
            "sentence": p.sentence,
            "x_Period": p.period,
            "BillingCurrency": p.currency,
            "EffectiveCost": p.cost,
            "x_LineCount": p.count,
            "hint": p.hint,
        }
        for p in problems
    ]
    with closing(Engine()) as engine:
        engine.table("found_", columns, [[row[name] for name in columns] for row in rows])
        listed = ", ".join(f'"{name}"' for name in columns)
        put(engine, f"SELECT {listed} FROM found_ ORDER BY ALL", form, None)


commands = {"check": check}
