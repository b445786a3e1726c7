"""`everyline compare`: what each owner's cost changed by between two months or runs, and why."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

import click

from everyline import runs
from everyline.books import read
from everyline.cli import booked_table, compare_table, figures, options
from everyline.cli.booked_table import Booked
from everyline.cli.screen import Screen
from everyline.cli.written import put
from everyline.comparing import Side, compared, summed
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, did_you_mean, exit_code

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


class _Wanted(NamedTuple):
    """What the command line asks for."""

    words: Sequence[str]
    other: Path | None
    by: str | None
    period: str | None


@click.command(
    options_metavar="[OPTIONS]",
    epilog=options.example(
        "everyline compare 2026-09 2026-10",
        "everyline compare 2026-09 2026-10 --by team,use_case --as csv",
    ),
    help="What each owner's cost changed by, and why.\n\nA and B are two months of the last run;"
    " or two runs, each named by a project's folder, which means its last run, or by how a run id"
    " begins: the last five runs of a project are kept. `--with FILE` runs the project with"
    " another configuration, beside and without publishing it, and shows who would gain and who"
    " would lose.\n\nEach change is split into causes that sum to it exactly: price, quantity, new"
    " and ended cost of the bill; owner evidence, where who owns something was found otherwise;"
    " weights of splits; rules; corrections; currency. What can't be told is `other`.",
)
@options.project
@click.option(
    "--with",
    "other",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What if this were everyline.yaml? Paths in it begin at the project's folder.",
)
@click.option("--by", metavar="KEY,...", help="Keys of an owner.  [default: the first key]")
@options.period
@options.form("table", "csv", "json")
@click.argument("words", nargs=-1, metavar="[A B]")
def compare(project: Path, form: str, **wanted: object) -> int:
    screen = Screen()
    asked = _Wanted(**wanted)  # type: ignore[arg-type]
    with _sides(screen, project, asked) as found:
        if isinstance(found, int):
            return found
        before, after = found
        by = _keys(before, after, asked.by)
        folder = before.run.folder.parent.parent
        with closing(Engine(folder / "spill")) as engine, screen.progress() as progress:
            progress("comparing")
            sql = summed(compared(engine, before, after), by)
            if form != "table":
                put(engine, sql, form, None)
                return EXIT_WELL
            rows = engine.rows(sql)
    compare_table.show(screen, (before.name, after.name), by, rows)
    _say_booked(screen, found)
    return EXIT_WELL


def _say_booked(screen: Screen, sides: tuple[Side, Side]) -> None:
    """Says what the books have of the months that are compared, and no run computes (R25)."""
    months: set[str] = set()
    for side in sides:
        periods = {one["period"] for one in side.run.manifest["control"]}
        months |= periods if side.month is None else {side.month}
    for project in dict.fromkeys(side.run.folder.parents[2] for side in sides):
        damaged, lines = read.opened(project)
        screen.problems([replace(problem, level="warn") for problem in damaged])
        corrections = [line for line in lines if line.corrects and line.period in months]
        for booked in booked_table.summed(corrections):
            screen.line(fill(_of_books(booked), screen.width))


def _of_books(booked: Booked) -> str:
    sums = figures.amount(booked.costs[1], booked.currency)
    lines = "1 line that corrects" if booked.lines == 1 else f"{booked.lines:,} lines that correct"
    return (
        f"not compared: {booked.period} has {lines} {booked.corrects}, {sums}"
        f" {booked.currency} in sum, as booked at its close. They are in its statements; here each"
        " month is what a run computes for it."
    )


@contextmanager
def _sides(screen: Screen, project: Path, asked: _Wanted) -> Iterator[tuple[Side, Side] | int]:
    """What is compared; an exit code where there is none, which has been said."""
    if asked.other is not None:
        with _what_if(screen, _folder(project, asked.words), asked.other) as made:
            yield made if isinstance(made, int) else _in_period(screen, made, asked.period)
        return
    if len(asked.words) != 2:
        raise click.UsageError("name two months or runs, A and B; or one file, `--with FILE`")
    found = _two(project, asked.words)
    problems = [one for one in found if isinstance(one, Problem)]
    if problems:
        screen.problems(problems)
        yield exit_code(problems)
        return
    sides = tuple(one for one in found if isinstance(one, Side))
    yield _in_period(screen, (sides[0], sides[1]), asked.period)


def _folder(project: Path, words: Sequence[str]) -> Path:
    if not words:
        return project
    if len(words) > 1 or not Path(words[0]).is_dir():
        raise click.UsageError("beside `--with` stands at most the folder of one project")
    return Path(words[0])


@contextmanager
def _what_if(screen: Screen, project: Path, other: Path) -> Iterator[tuple[Side, Side] | int]:
    from everyline import pipeline

    last = runs.current(project)
    if isinstance(last, Problem):
        screen.problems([last])
        yield exit_code([last])
        return
    if not pipeline.is_up_to_date(project, last):
        problem = _changed(project)
        screen.problems([problem])
        yield exit_code([problem])
        return
    with ExitStack() as stack:
        with screen.progress() as progress:
            made = pipeline.what_if(project, other, progress=progress)
            outcome = stack.enter_context(made)
        if outcome.run is None:
            screen.problems(_placed(outcome.problems, other))
            yield exit_code(outcome.problems) or EXIT_STOP
            return
        yield Side("now", last), Side(other.name, outcome.run)


def _changed(project: Path) -> Problem:
    return Problem(
        name="inputs-changed",
        level="stop",
        sentence="bills, telemetry or everyline.yaml have changed since the last run",
        place=str(project / "everyline.yaml"),
        subject="everyline.yaml",
        hint="`everyline run` first, so that nothing but the other file makes a difference",
    )


def _placed(problems: Sequence[Problem], other: Path) -> list[Problem]:
    """Problems of the other file, at their places in it."""
    return [
        replace(one, place=re.sub(r"^everyline\.yaml", lambda _: str(other), one.place))
        for one in problems
    ]


def _two(project: Path, words: Sequence[str]) -> list[Side | Problem]:
    months = [bool(_MONTH.fullmatch(word)) for word in words]
    if all(months):
        run = runs.current(project)
        return [run if isinstance(run, Problem) else Side(word, run, word) for word in words]
    if any(months):
        raise click.UsageError(f"`{words[months.index(True)]}` is a month: name another one")
    return [_run(project, word) for word in words]


def _run(project: Path, word: str) -> Side | Problem:
    is_folder = Path(word).is_dir()
    run = runs.current(Path(word)) if is_folder else runs.kept(project, word)
    return run if isinstance(run, Problem) else Side(word[:12] if not is_folder else word, run)


def _in_period(
    screen: Screen, found: tuple[Side, Side], period: str | None
) -> tuple[Side, Side] | int:
    """The sides, of one month if it is asked for; an exit code where they have no such month."""
    before, after = found
    if period is not None:
        if before.month is not None:
            raise click.UsageError("`--period` narrows runs; months are compared as they are")
        before, after = replace(before, month=period), replace(after, month=period)
    known = [{one["period"] for one in side.run.manifest["control"]} for side in (before, after)]
    wanted = [side.month for side in (before, after)]
    missing = [
        month
        for month, has in zip(wanted, known, strict=True)
        if month is not None and month not in (known[0] | known[1] if period else has)
    ]
    if missing:
        hint = did_you_mean(missing[0], known[0] | known[1])
        screen.note(f"there is no cost in `{missing[0]}`\n\nhint: {hint}")
        return EXIT_STOP
    if before.keys[0] != after.keys[0]:
        screen.note(
            f"owners can't be compared: the first key is `{before.keys[0]}` in {before.name},"
            f" `{after.keys[0]}` in {after.name}"
        )
        return EXIT_STOP
    return before, after


def _keys(before: Side, after: Side, by: str | None) -> list[str]:
    known = [key for key in before.keys if key in after.keys]
    named = known[:1] if by is None else [name.strip() for name in by.split(",")]
    for name in named:
        if name not in known:
            raise click.UsageError(f"`{name}` is no key of both; {did_you_mean(name, known)}")
    return list(dict.fromkeys(named))


commands = {"compare": compare}
