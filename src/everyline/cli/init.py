"""`everyline init`: recognises bills, writes a configuration that runs, and shows the result."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from everyline import config, runs, starting
from everyline.answers import covered as bill_coverage
from everyline.answers import parts as bill_parts
from everyline.cli import coverage_table, hints, options, summary
from everyline.cli import worklist as worklist_table
from everyline.cli.hints import Hint
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.config.reading import FILE
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_CONFIGURATION, EXIT_STOP, exit_code
from everyline.runs import Run
from everyline.starting import Found, Used
from everyline.worklist import Unowned, worklist

SCHEMA = "everyline.schema.json"

_PROBLEMS_MAX = 3
_UNOWNED_MAX = 5
_OTHERS_MAX = 5
_LEFT_MAX = 12


@click.command(
    epilog=options.example("everyline init", "everyline init acme", "everyline init --force acme"),
    help="Recognises bills by their content and writes everyline.yaml for them.\n\nLooks at all"
    " files below DIR (default: here), or at the FILEs named, which must lie below it; nothing is"
    " copied. Then runs, and prints total, scope, coverage and the largest identities without an"
    " owner.",
)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The same as DIR.",
)
@click.option("--force", is_flag=True, help="Write over an everyline.yaml that is there.")
@click.argument("places", nargs=-1, metavar="[DIR] [FILE]...", type=click.Path(path_type=Path))
def init(project: Path | None, *, force: bool, places: tuple[Path, ...]) -> int:
    folder, files = _folder_and_files(project, places)
    screen = Screen()
    if (folder / FILE).exists() and not force:
        screen.note(
            f"there is a {FILE} in `{folder}` already, and init does not write over it\n\n"
            f"hint: `{hints.command('run', project=folder)}` uses it; `--force` makes a new one"
        )
        return EXIT_CONFIGURATION
    with screen.progress() as progress, closing(Engine()) as engine:
        progress("looking at files")
        found = starting.found(folder, _wanted(folder, files))
        tags = starting.tags_of(engine, folder, found.bills, progress)
        if not found.bills and not found.tables:
            screen.note(_nothing(folder, found))
            return EXIT_STOP
        progress("looking at telemetry")
        telemetry = starting.telemetry_of(engine, folder, found)
        sources = [one.source for one in telemetry.sources]
        of_usage = starting.shares_of_usage(engine, folder, sources, progress)
        tags = starting.with_used(tags, of_usage)
        configuration = starting.configuration_of(found, tags)
        used = starting.used(engine, folder, configuration, telemetry, progress)
    (folder / FILE).write_text(starting.configuration_text(found, tags, used), encoding="utf-8")
    write_schema(folder)
    _say_found(screen, found, used)
    _say_used(screen, used)
    screen.note(f"written: {folder / FILE}, {folder / SCHEMA}\n")
    if not found.bills:
        screen.note(f"Nothing to run yet: take the `#` off what is a bill in {folder / FILE}.")
        return EXIT_STOP
    return _run(screen, folder)


def write_schema(folder: Path) -> None:
    """Writes the JSON Schema that the first line of everyline.yaml names."""
    text = json.dumps(config.json_schema(), indent=2) + "\n"
    (folder / SCHEMA).write_text(text, encoding="utf-8")


def _folder_and_files(
    project: Path | None, places: Sequence[Path]
) -> tuple[Path, tuple[Path, ...]]:
    """DIR and the FILEs.

    Raises:
        UsageError: a place that does not exist, or a FILE that does not lie below DIR.
    """
    folder, files = project, tuple(places)
    if folder is None and files and files[0].is_dir():
        folder, *rest = files
        files = tuple(rest)
    folder = folder or Path()
    found = []
    for file in files:
        here = file if file.exists() else folder / file
        if not here.exists():
            raise click.UsageError(f"there is no file or folder `{file}`")
        if not here.resolve().is_relative_to(folder.resolve()):
            raise click.UsageError(
                f"`{file}` does not lie below `{folder}`: put it there, since bills are read where"
                " they lie and init copies nothing"
            )
        found.append(folder / here.resolve().relative_to(folder.resolve()))
    return folder, tuple(found)


def _wanted(folder: Path, files: Sequence[Path]) -> list[Path]:
    """The files to look at: those named, or all, less what a configuration there names."""
    paths = [path for file in files or (folder,) for path in _files_of(file)]
    if not (folder / FILE).exists():
        return paths
    own = {path.resolve() for path in config.load(folder).files}
    return [path for path in paths if path.resolve() not in own]


def _files_of(place: Path) -> list[Path]:
    return list(starting.below(place)) if place.is_dir() else [place]


def _nothing(folder: Path, found: Found) -> str:
    """That nothing was recognised, and what could have been."""
    from everyline.sources import formats

    looked = f"none of the {len(found.others):,} files" if found.others else "no file"
    known = "\n".join(f"  {one.name}: {one.title}" for one in formats().values())
    return (
        f"no bill recognised: {looked} below `{folder}` looks like one\n\n"
        f"hint: bills that everyline reads:\n{known}"
    )


def _say_found(screen: Screen, found: Found, used: Used) -> None:
    rows = [[bill.name, bill.format, f"{len(bill.files):,}", bill.path] for bill in found.bills]
    if rows:
        columns = (
            Column("bill"),
            Column("format", "word"),
            Column("files", "figure"),
            Column("path"),
        )
        screen.table(Table(columns, rows))
    for table in found.tables:
        screen.note(f"proposed, not read: {table.path} looks like a bill of no format known here")
    for file, original in found.copies.items():
        screen.note(f"left out: {file} holds what {original} does")
    # An empty page says of no report that it is its own, and belongs to one all the same.
    read = {file for source in used.telemetry.sources for file in source.files}
    if others := [file for file in found.others if file not in read]:
        listed = ", ".join(others[:_OTHERS_MAX])
        more = f" and {len(others) - _OTHERS_MAX:,} more" if others[_OTHERS_MAX:] else ""
        screen.note(f"nothing of these: {listed}{more}")


def _say_used(screen: Screen, used: Used) -> None:
    rows = [
        [one.name, one.format, f"{len(one.files):,}", one.path] for one in used.telemetry.sources
    ]
    if rows:
        columns = (
            Column("usage"),
            Column("format", "word"),
            Column("files", "figure"),
            Column("path"),
        )
        screen.table(Table(columns, rows))
    for trace in used.traces:
        screen.note(f"trace: {trace.provider} by {', '.join(trace.sources)}")
    left = list(used.telemetry.left_out.items())
    for file, why in left[:_LEFT_MAX]:
        screen.note(f"left out: {file}: {why}")
    if (more := len(left) - _LEFT_MAX) > 0:
        screen.note(f"… and {more:,} more files of telemetry: {FILE} names them")


def _run(screen: Screen, folder: Path) -> int:
    from everyline import pipeline

    with screen.progress() as progress:
        outcome = pipeline.run(folder, progress=progress)
    left = screen.problems(outcome.problems, _PROBLEMS_MAX)
    if left:
        named = "problems" if outcome.run else "check"
        screen.note(f"… and {left:,} more: `{hints.command(named, project=folder)}`\n")
    if outcome.run is None:
        again = hints.command("run", project=folder)
        screen.note(
            f"{FILE} is written. Mend what is said above, or change it there; then `{again}`"
        )
        return exit_code(outcome.problems) or EXIT_STOP
    with closing(Engine(folder / runs.FOLDER / "spill")) as engine:
        _show(screen, engine, outcome.run, folder)
    return exit_code(outcome.problems)


def _show(screen: Screen, engine: Engine, run: Run, folder: Path) -> None:
    """Total, scope and coverage of one month; the largest identities without an owner."""
    keys = run.manifest["keys"]
    found = bill_parts.parts(engine, run)
    if not found:
        screen.note("no line was billed")
        return
    months = sorted({block.period for block in found})
    # The last month is often not over yet; the one of the largest bill says more.
    month = max(found, key=lambda block: (found[block]["bill"][0], block.period)).period
    for block in (block for block in found if block.period == month):
        summary.show(screen, block, found[block])
        screen.line()
    covered = bill_coverage.covered(engine, run.relation("coverage"), keys)
    for currency in dict.fromkeys(row.currency for row in covered if row.period == month):
        rows = [row for row in covered if (row.period, row.currency) == (month, currency)]
        screen.line(f"tag coverage, {month}, {currency}", "bold")
        coverage_table.show_rows(screen, rows, bill_coverage.NO_TARGETS)
        screen.line()
    listed = worklist(engine, run)
    if listed:
        worklist_table.show(screen, listed, keys[0], aside=False, most=_UNOWNED_MAX)
        _suggest(screen, engine, folder, run, listed)
        screen.line()
    hints.show(screen, _next(folder, months, has_unowned=bool(listed)))


def _suggest(
    screen: Screen, engine: Engine, folder: Path, run: Run, listed: Sequence[Unowned]
) -> None:
    """Who may own the largest, where anything tells; nothing of it is written."""
    largest = [one for one in listed if not one.is_shield][:_UNOWNED_MAX]
    with screen.progress() as progress:
        found = worklist_table.suggested_for(engine, folder, run, largest, progress)
    if isinstance(found, dict) and any(one.because for one in found.values()):
        worklist_table.show_suggested(screen, largest, found, aside=False, most=_UNOWNED_MAX)


def _next(folder: Path, months: Sequence[str], *, has_unowned: bool) -> list[Hint]:
    def hint(name: str, does: str) -> Hint:
        return Hint(hints.command(name, project=folder), does)

    return [
        *([hint("worklist", "who these are, as a registry to fill in")] if has_unowned else []),
        hint("taxonomy", "what tags say, and what could be added"),
        hint("scope", "which cost counts as AI, and why"),
        hint("explain", "where the figures come from"),
        *([hint("run", f"the same of all {len(months)} months")] if len(months) > 1 else []),
    ]


commands = {"init": init}
