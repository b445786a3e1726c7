"""`everyline check`: what a run would say of configuration and data, or of what is planned."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from everyline.cli import options
from everyline.cli.screen import PROBLEMS_MAX, Screen
from everyline.problems import EXIT_WELL, Problem, exit_code, in_order

_PATH = click.Path(exists=True, allow_dash=True, path_type=Path)
_KINDS = {"text": "VARCHAR", "integer": "BIGINT", "decimal": "DECIMAL(38,18)"}


@click.command(
    epilog=options.example(
        "everyline check",
        "everyline check --as csv",
        "everyline check --plan plan.json --as sarif > everyline.sarif",
        "everyline check --schema",
    ),
    help="Validates configuration and data, and writes nothing.\n\nPrints the problems as text on"
    " stderr; with `--as csv` or `--as json` on stdout, all of them.\n\nWith `--plan`,"
    " `--manifests` or `--keys` no bill is read: whatever these files plan, and is known to cost AI"
    " money, must have a value for each required key, and no tag that the taxonomy does not"
    " declare; else the exit code is 3. Each takes `-` for what is piped in.\n\nWith `--gate` the"
    " chargeback gate of one month is judged by the last run and the books; a check that has not"
    " passed lists what to mend, and the exit code is 3.",
)
@options.project
@options.form("table", "csv", "json", "sarif", "junit")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of everyline.yaml instead.")
@click.option(
    "--plan",
    multiple=True,
    type=_PATH,
    metavar="FILE",
    help="`terraform show -json`, also of OpenTofu; a CloudFormation or ARM template. Repeatable.",
)
@click.option(
    "--manifests",
    multiple=True,
    type=_PATH,
    metavar="DIR",
    help="Kubernetes objects, or what `helm template` prints: a folder or a file. Repeatable.",
)
@click.option(
    "--keys",
    multiple=True,
    type=_PATH,
    metavar="FILE",
    help="LiteLLM's config.yaml, keys or teams. Repeatable.",
)
@click.option("--gate", is_flag=True, help="Judge `chargeback: gate:` of everyline.yaml.")
@click.option(
    "--period",
    metavar="P",
    help="The month of `--gate`, like 2026-10.  [default: the first one not closed]",
)
@click.option("--all-types", is_flag=True, help="Judge everything planned that takes tags.")
@click.option("--list", "listed", is_flag=True, help="Print what was planned, in csv and json.")
@options.day
def check(project: Path, form: str, *, schema: bool, **asked: Any) -> int:
    if schema:
        from everyline import config

        click.echo(json.dumps(config.json_schema(), indent=2))
        return EXIT_WELL
    screen = Screen()
    if asked["gate"]:
        if form in ("sarif", "junit"):
            raise click.UsageError(f"`--gate` has no form {form}: ask for csv or json")
        from everyline.cli import gate_table

        return gate_table.check(screen, project, form, asked["period"])
    if asked["period"] is not None:
        raise click.UsageError("`--period` goes with `--gate`")
    if any(asked[name] for name in ("plan", "manifests", "keys")):
        from everyline.cli import planned_things

        return planned_things.check(screen, project, form, asked)
    if form in ("sarif", "junit") or asked["all_types"] or asked["listed"]:
        raise click.UsageError("that takes `--plan`, `--manifests` or `--keys`")
    from everyline import pipeline

    with screen.progress() as progress:
        outcome = pipeline.check(project, progress=progress)
    problems = in_order((*outcome.problems, *_of_books(project)))
    if form == "table":
        left = screen.problems(problems, PROBLEMS_MAX)
        if left:
            screen.note(f"… and {left:,} more: `everyline check --as csv`")
        elif not problems:
            screen.note("nothing to mend")
    else:
        put_problems(problems, form)
    return exit_code(problems)


def _of_books(project: Path) -> list[Problem]:
    """What is wrong with the books and with `disputes.csv`."""
    from everyline import config
    from everyline.books.disputes import disputes
    from everyline.books.read import verified

    configuration = config.load(project).configuration
    mistakes = disputes(project, configuration)[1] if configuration else []
    return [*verified(project), *mistakes]


def put_problems(problems: Sequence[Problem], form: str) -> None:
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
