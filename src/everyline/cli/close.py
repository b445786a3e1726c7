"""`everyline close`: books a month's statements, for ever (R25)."""

import getpass
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from everyline import config, runs
from everyline.books import close as booking
from everyline.books import read
from everyline.books.lines import Line, stated
from everyline.books.read import Close
from everyline.cli import booked_table, hints, options
from everyline.cli.booked_table import Booked
from everyline.cli.screen import PROBLEMS_MAX, Screen
from everyline.cli.written import put
from everyline.config.cells import MONTH
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, exit_code

_COLUMNS = {
    "x_Period": "VARCHAR",
    "x_CorrectsPeriod": "VARCHAR",
    "BillingCurrency": "VARCHAR",
    "x_Estimated": "BOOLEAN",
    "x_LineCount": "BIGINT",
    "BilledCost": "DECIMAL(38,18)",
    "EffectiveCost": "DECIMAL(38,18)",
    "x_BilledAmount": "DECIMAL(38,4)",
    "x_EffectiveAmount": "DECIMAL(38,4)",
}


def _utf8(_context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    try:
        return text and text.encode().decode().strip()
    except UnicodeEncodeError as error:
        raise click.BadParameter("it is not UTF-8", param=option) from error


@click.command(
    epilog=options.example('everyline close 2026-10 --by "Ada Finance" --note "as agreed 5 Nov"'),
    help="Books the statements of month P, for ever.\n\nWrites `books/P/`, two text files to commit"
    " and review. Months are closed in order, and none is opened again: what is found out later"
    " about a closed month is booked by the next close, as a correction. Statements of P and of"
    " months before it must be those of the last run; where a file has changed since, this runs"
    " first, and closes nothing if they have changed with it.",
)
@options.project
@click.argument("period", metavar="P")
@click.option(
    "--note", default="", metavar="TEXT", callback=_utf8, help="What there is to say to it."
)
@click.option("--by", metavar="NAME", callback=_utf8, help="Who closes.  [default: this user]")
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="The day of the close, like 2026-11-05.  [default: today, UTC]",
)
@options.form("table", "csv", "json")
def close(project: Path, period: str, form: str, **asked: Any) -> int:
    if MONTH.fullmatch(period) is None:
        raise click.UsageError(f"`{period}` is no month like 2026-10")
    screen = Screen()
    found = _unchanged(screen, project, period)
    if isinstance(found, int):
        return found
    run, lines = found
    facts = _facts(project, run, period, asked)
    try:
        made = booking.book(project, lines, facts)
    except OSError as error:
        raise click.UsageError(f"`books` can't be written: {error.strerror}") from error
    if not isinstance(made, Close):
        screen.problems(made)
        return exit_code(made)
    _say(screen, project, made, form)
    return EXIT_WELL


def _unchanged(screen: Screen, project: Path, period: str) -> tuple[runs.Run, list[Line]] | int:
    """The run to close by and its lines; an exit code where there is none to close by.

    A file that has changed makes a new run, which may differ in later months only.
    """
    from everyline import pipeline

    before = runs.current(project)
    if isinstance(before, Problem):
        screen.problems([before])
        return exit_code([before])
    old = _lines(before)
    if pipeline.is_up_to_date(project, before):
        return before, old
    with screen.progress() as progress:
        outcome = pipeline.run(project, progress=progress)
    if outcome.run is None:
        screen.problems(outcome.problems, PROBLEMS_MAX)
        screen.note("nothing was closed")
        return exit_code(outcome.problems) or EXIT_STOP
    new = _lines(outcome.run)
    if changed := booking.changed(old, new, period):
        screen.problems([changed])
        return exit_code([changed])
    return outcome.run, new


def _lines(run: runs.Run) -> list[Line]:
    with closing(Engine()) as engine:
        return stated(engine, run)


def _facts(project: Path, run: runs.Run, period: str, asked: dict[str, Any]) -> booking.Facts:
    settings = {path.relative_to(project).as_posix() for path in config.load(project).files}
    inputs: dict[str, str] = run.manifest["inputs"]
    return booking.Facts(
        period=period,
        by=asked["by"] or _user(),
        note=asked["note"],
        closed_on=_day(asked["day"]),
        run=run.id,
        version=run.manifest["version"],
        keys=run.manifest["keys"],
        configuration={name: sha for name, sha in inputs.items() if name in settings},
        inputs={name: sha for name, sha in inputs.items() if name not in settings},
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise click.UsageError("this user has no name: say who closes, with `--by NAME`") from error


def _day(asked: datetime | None) -> date:
    return (asked or datetime.now(UTC)).date()


def _say(screen: Screen, project: Path, made: Close, form: str) -> None:
    """What was booked, and what to do with it."""
    booked = booked_table.summed(read.booked(project, made.period))
    if form != "table":
        _put(booked, form)
        return
    booked_table.show(screen, f"closed: {made.period}", booked)
    screen.line()
    screen.line(f"statements  {made.statements}")
    screen.line(f"close       {made.sha256}")
    screen.line()
    if f"{made.closed_on:%Y-%m}" <= made.period:
        screen.note(f"on {made.closed_on} {made.period} was not over; late cost is booked later\n")
    folder = f"{read.FOLDER}/{made.period}"
    hints.show(
        screen,
        [
            hints.Hint(f"git add {read.FOLDER}", f"commit {folder}: it never changes again"),
            hints.Hint(
                hints.command("check", "--gate", "--period", made.period, project=project),
                "whether it may be charged back",
            ),
        ],
    )


def _put(booked: list[Booked], form: str) -> None:
    rows = [(b.period, b.corrects, b.currency, b.estimated, b.lines, *b.costs) for b in booked]
    with closing(Engine()) as engine:
        engine.table("booked_", _COLUMNS, rows)
        put(engine, "SELECT * FROM booked_ ORDER BY ALL NULLS FIRST", form, None)


commands = {"close": close}
