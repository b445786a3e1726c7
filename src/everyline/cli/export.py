"""`everyline export`: what a run says, as files that need no server."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from everyline.cli import options
from everyline.cli.screen import Screen
from everyline.engines.duckdb import quoted
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, did_you_mean, exit_code

if TYPE_CHECKING:
    from everyline.web.filed import SiteOfFiles
    from everyline.web.shelf import Opened

_INDEX = "index.html"


@click.group(
    epilog=options.example("everyline export site --out pages"),
    help="What the last run says, as files that need no server.",
)
def export() -> None:
    """A group: each command writes something else."""


@export.command(
    context_settings={"ignore_unknown_options": True},
    options_metavar="--out DIR [OPTIONS]",
    epilog=options.example(
        "everyline export site --out pages",
        "everyline export site --out search-pages --team search --period 2026-10",
    ),
    help="The pages of `everyline serve` as files that open from disk, can be mailed and kept,"
    " and need no script: everything but bill lines, with the tables beside them as CSV, XLSX and"
    " JSON. Without more it is the last month, in each of its currencies.\n\nWith a value of the"
    " first key of the taxonomy, such as `--team search`, only what that one may see.",
)
@options.project
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="A folder that is not there yet, or empty; it is written whole or not at all.",
)
@click.option("--period", metavar="P", help="This month, like 2026-10, in place of the last one.")
@click.option("--all-periods", is_flag=True, help="Every month of the run.")
@click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help="The key, where its name is an option of its own, such as `project`.",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="")
def site(
    project: Path, out: Path, *, period: str | None, all_periods: bool, **rest: Sequence[str]
) -> int:
    screen = Screen()
    if period is not None and all_periods:
        raise click.UsageError("`--period` and `--all-periods` don't go together")
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise click.UsageError(f"`{out}` is there already, and not empty")
    try:
        from everyline.web.filed import SiteOfFiles
        from everyline.web.shelf import Shelf
    except ImportError as error:
        hint = "`pip install 'everyline[web]'`"
        raise click.UsageError(f"`export site` needs more packages: {hint}") from error
    opened = Shelf(project).last()
    if isinstance(opened, Problem):
        screen.problems([opened])
        return exit_code([opened])
    owner = _owner(rest["words"], rest["where"], opened.keys[0])
    with closing(opened.engine.beside()) as engine:
        whole = SiteOfFiles.of(opened, engine, owner)
        last = whole.blocks[0].period if whole.blocks else None
        wanted = period or last
        blocks = [one for one in whole.blocks if all_periods or one.period == wanted]
        if not blocks:
            screen.note(_nothing(opened, owner, period))
            return EXIT_STOP
        count = _write(screen, replace(whole, blocks=blocks), out)
    screen.note(f"{count:,} pages, beginning with {out.joinpath(_INDEX)}")
    return EXIT_WELL


def _write(screen: Screen, made: "SiteOfFiles", out: Path) -> int:
    """Writes the site aside, and puts it in its place when it is whole; how many pages it has."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".everyline-", dir=out.parent) as aside,
            screen.progress() as progress,
        ):
            folder = Path(aside) / "made"
            folder.mkdir()
            count = made.write(folder, lambda at, of: progress(f"writing {at:,} of {of:,} pages"))
            if out.exists():
                out.rmdir()
            folder.rename(out)
    except OSError as error:
        raise click.UsageError(f"`{out}` can't be written: {error.strerror}") from error
    return count


def _owner(words: Sequence[str], where: Sequence[str], lead: str) -> str | None:
    """The owner whose site it is; None where it is everybody's.

    Raises:
        UsageError: an option that is not the lead key, or has no value, or is given twice.
    """
    said = options.keyed(words, where, options.only(lead, "a site"), of=lead)
    if said.words:
        raise click.UsageError(f"`{said.words[0]}` is not expected")
    owners = [value for _, value in said.values]
    if "" in owners:
        raise click.UsageError(f"`--{lead.replace('_', '-')}` takes a value")
    if len(owners) > 1:
        raise click.UsageError("a site is for one owner, or for all")
    return owners[0] if owners else None


def _nothing(opened: "Opened", owner: str | None, period: str | None) -> str:
    """That there is nothing to write, and the nearest that there is."""
    months = list(dict.fromkeys(one.period for one in opened.blocks))
    if not months:
        return "there is nothing to write: no cost is in the run"
    if period is not None and period not in months:
        hint = did_you_mean(period, months) or f"the last is {months[0]}"
        return f"the run has no month {period}\n\nhint: {hint}"
    lead = opened.keys[0]
    rows = opened.engine.rows(
        f"SELECT DISTINCT {quoted(lead)} FROM {opened.run.relation('statements')}"
        f" WHERE {quoted(lead)} IS NOT NULL"
    )
    hint = did_you_mean(owner or "", [value for (value,) in rows])
    of = f" of {period}" if period else ""
    return f"no cost{of} has the {lead} `{owner}`" + (f"\n\nhint: {hint}" if hint else "")


commands = {"export": export}
