"""`everyline statement`: what one owner is told of a month; or all owners, as a folder of files."""

import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import click

from everyline import config, runs
from everyline.books.disputes import Dispute, disputes
from everyline.books.read import opened, verified
from everyline.cli import hints, options, statement_text
from everyline.cli.screen import WIDTH, Screen, plain
from everyline.cli.statement_text import Paper
from everyline.engines.duckdb import Engine, Unreadable
from everyline.exports import folder, reading
from everyline.exports.reading import Sourced
from everyline.exports.statement import Statement
from everyline.exports.told import disputes_of, told
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, did_you_mean, exit_code, in_order
from everyline.runs import Run

FORMS = ("text", "html", "xlsx", "json")
_ENDINGS = {"text": "txt", "html": "html", "xlsx": "xlsx", "json": "json"}
_INSTEAD_MAX = 8
_PERIOD = re.compile("[0-9]{4}-[0-9]{2}")


@click.command(
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS] --KEY VALUE",
    epilog=options.example(
        "everyline statement 2026-10 --team search",
        "everyline statement 2026-10 --team search --as html --out search.html",
        "everyline statement 2026-10 --all --as html --out statements",
    ),
    help="What one owner is told of a month P, the last one by default: total and change, why it"
    " changed, by use case and layer, what is direct, traced and shared and by which rule, what is"
    " nobody's near it, how fresh the data are, and how to object.\n\nThe option is called as the"
    " first key of the taxonomy, `_` written `-`: `--team search`. Amounts are those of `everyline"
    " statements`, so all statements sum to the bill; a closed month is told as it was booked."
    " `--all` writes a file for each owner, and `index.html`, into a folder that is made for it.",
)
@options.project
@click.option(
    "--as",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="html and xlsx are one file each, to be mailed; json has every figure exact as well.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it there, whole or not at all; with `--all` a folder that is not there yet.",
)
@click.option("--all", "every", is_flag=True, help="A statement for each owner of the month.")
@click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help="The key, where its name is an option of its own, such as `project`.",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[P]")
def statement(
    project: Path, form: str, *, out: Path | None, every: bool, **rest: Sequence[str]
) -> int:
    screen = Screen()
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    asked = _asked(rest["words"], rest["where"], run.manifest["keys"][0])
    _refuse(asked, every=every, form=form, out=out)
    wanted = _Wanted(screen, asked, form, out)
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        with screen.progress() as progress:
            progress("reading statements")
            source = _source(engine, run, project)
            rows = _disputes(project)
        faults = [*(source if isinstance(source, list) else []), *rows[1]]
        if not isinstance(source, Sourced) or faults:
            screen.problems(in_order(faults))
            return exit_code(faults)
        months = reading.periods(source)
        period = asked.period or (months[-1] if months else "")
        if period not in months:
            screen.note(_no_month(period, months))
            return EXIT_STOP
        found = reading.statements(source, period, asked.owner, disputes_of(rows[0], period))
        if asked.owner is not None and not found:
            screen.note(_no_owner(source, asked.owner, period))
            return EXIT_STOP
        return _all(wanted, found, source) if every else _one(wanted, found)


class _Asked(NamedTuple):
    period: str | None
    owner: str | None


class _Wanted(NamedTuple):
    screen: Screen
    asked: _Asked
    form: str
    out: Path | None


def _refuse(asked: _Asked, *, every: bool, form: str, out: Path | None) -> None:
    """Raises UsageError where options don't go together."""
    if every == (asked.owner is not None):
        raise click.UsageError("say whose statement, such as `--team search`, or `--all`")
    if every and out is None:
        raise click.UsageError("`--all` takes `--out DIR`, a folder that is not there yet")
    if every and out is not None and (out.is_file() or (out.is_dir() and any(out.iterdir()))):
        raise click.UsageError(f"`{out}` is there already, and not empty")
    if not every and form == "xlsx" and out is None:
        raise click.UsageError("`--as xlsx` takes `--out FILE`")
    if not every and out is not None and out.is_dir():
        raise click.UsageError(f"`{out}` is a folder; `--out` names a file")


def _asked(words: Sequence[str], where: Sequence[str], lead: str) -> _Asked:
    """What is asked for: a month, and a value of the lead key."""
    said = options.keyed(words, where, options.only(lead, "a statement"), of=lead)
    for n, word in enumerate(said.words):
        if n or not _PERIOD.fullmatch(word):
            raise click.UsageError(f"`{word}` is no month like 2026-10")
    period = said.words[0] if said.words else None
    owner = said.values[-1][1] if said.values else None
    if owner == "":
        line = hints.command("explain", f"--{lead.replace('_', '-')}", "")
        raise click.UsageError(f"what is nobody's has no statement; `{line}` takes it apart")
    return _Asked(period, owner)


def _source(engine: Engine, run: Run, project: Path) -> Sourced | list[Problem]:
    """What statements are read from; the problems of the books where they are damaged."""
    if damaged := opened(project, with_lines=False)[0]:
        return damaged
    try:
        return Sourced(engine, run, *told(engine, run, project))
    except Unreadable:
        if damaged := verified(project):
            return damaged
        raise


def _disputes(project: Path) -> tuple[list[Dispute], list[Problem]]:
    loaded = config.load(project)
    if loaded.configuration is None:
        return [], list(loaded.problems)
    return disputes(project, loaded.configuration)


def _no_month(period: str, months: Sequence[str]) -> str:
    if not months:
        return "there is no statement: no cost is in scope"
    hint = did_you_mean(period, months)
    return f"there is no statement of {period}\n\nhint: {hint or f'the last is {months[-1]}'}"


def _no_owner(source: Sourced, owner: str, period: str) -> str:
    lead, known = source.keys[0], reading.owners(source, period)
    hint = did_you_mean(owner, known)
    hint = hint or "such as " + ", ".join(f"`{name}`" for name in known[:_INSTEAD_MAX])
    return f"no cost of {period} has the {lead} `{owner}`\n\nhint: {hint}"


def _one(wanted: _Wanted, found: Mapping[str, Statement]) -> int:
    screen, _, form, out = wanted
    (only,) = found.values()
    if out is not None:
        _write(out, _content(only, form))
    elif form == "text":
        for line in statement_text.lines(only, Paper(screen.width, screen.ascii_only)):
            screen.pieces(line)
    else:
        sys.stdout.buffer.write(_content(only, form))
        sys.stdout.buffer.flush()
    return EXIT_WELL


def _all(wanted: _Wanted, found: Mapping[str, Statement], source: Sourced) -> int:
    screen, _, form, out = wanted
    assert out is not None
    if not found:
        screen.note(f"there is no statement: nobody has cost; try `{hints.command('worklist')}`")
        return EXIT_STOP
    names = folder.file_names(found, _ENDINGS[form])
    nobodys = reading.unowned(source, next(iter(found.values())).period)
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".everyline-", dir=out.parent) as aside,
        screen.progress() as progress,
    ):
        made = Path(aside) / "made"
        made.mkdir()
        for at, (owner, one) in enumerate(found.items(), 1):
            progress(f"writing {at:,} of {len(found):,} statements")
            made.joinpath(names[owner]).write_bytes(_content(one, form))
        page = folder.index(found, names, nobodys)
        made.joinpath(folder.INDEX).write_text(page, encoding="utf-8", newline="\n")
        if out.exists():
            out.rmdir()
        made.rename(out)
    screen.note(f"{len(found):,} statements, listed in {out.joinpath(folder.INDEX)}")
    return EXIT_WELL


def _content(one: Statement, form: str) -> bytes:
    """The bytes of a statement in a form."""
    if form == "html":
        from everyline.exports.statement_html import html

        return html(one).encode()
    if form == "xlsx":
        from everyline.exports.statement_xlsx import workbook

        return workbook(one)
    if form == "json":
        from everyline.exports.statement_json import as_json

        return as_json(one).encode()
    lines = statement_text.lines(one, Paper(WIDTH, ascii_only=False))
    return "".join("".join(plain(text) for text, _ in line) + "\n" for line in lines).encode()


def _write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    try:
        with tempfile.TemporaryDirectory(prefix=".everyline-", dir=path.resolve().parent) as aside:
            made = Path(aside) / "made"
            made.write_bytes(content)
            os.replace(made, path)
    except OSError as error:
        raise click.UsageError(f"`{path}` can't be written: {error.strerror}") from error


commands = {"statement": statement}
