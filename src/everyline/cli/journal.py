"""`everyline journal P`: the journal of a closed period, for the ERP."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import click

from everyline import config, runs
from everyline.books import gate, read
from everyline.books.journal import FORMS, bookable
from everyline.books.journal.chart import Chart, chart
from everyline.books.journal.entries import (
    Asked,
    Document,
    Group,
    Left,
    Made,
    amount,
    journal,
    own_groups,
)
from everyline.books.journal.form import written
from everyline.books.read import Close
from everyline.cli import figures, options
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.config.cells import MONTH
from everyline.config.configuration import Configuration
from everyline.config.reading import FILE
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_WELL, Problem, did_you_mean, exit_code, in_order


@click.command(
    name="journal",
    epilog=options.example(
        "everyline journal 2026-10 --out october.csv",
        "everyline journal 2026-10 --as sap --entity 1000 --out october-1000.csv",
    ),
    help="Writes the journal of a closed month: debit the owners' cost centres, credit clearing."
    "\n\nP must be closed and pass the gate. There is a balanced document for each legal"
    " entity, currency and corrected month; its id is the same each time, so the ERP can tell a"
    " second import. What has no owner stays on clearing; amounts go to stderr. An owner without"
    " a row or an account in the chart of accounts is a problem, and nothing is written.",
)
@options.project
@click.argument("period", metavar="P")
@click.option(
    "--as",
    "form",
    type=click.Choice(list(FORMS)),
    help="The importing system.  [default: `format` in everyline.yaml]",
)
@click.option("--entity", metavar="NAME", help="Only the documents of this legal entity.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write there, whole or not at all.  [default: stdout]",
)
def command(
    project: Path, period: str, form: str | None, entity: str | None, out: Path | None
) -> int:
    screen = Screen()
    if MONTH.fullmatch(period) is None:
        raise click.UsageError(f"`{period}` is no month like 2026-10")
    loaded = config.load(project)
    if loaded.configuration is None or loaded.problems:
        return _refused(screen, loaded.problems)
    configuration = loaded.configuration
    accounts = chart(configuration)
    if accounts is None:
        return _refused(screen, [_unset()])
    close = _bookable(project, configuration, period)
    if not isinstance(close, Close):
        return _refused(screen, close)
    name = form or accounts.settings.format
    made = _made(project, accounts, period, FORMS[name].lines_max)
    documents = _wanted(made.documents, entity)
    _check_entities(documents, name)
    text, unsaid = written(FORMS[name], documents, close.closed_on)
    if problems := [*made.problems, *unsaid]:
        return _refused(screen, problems)
    if out is None:
        click.echo(text, nl=False)
    else:
        _save(out, text)
    _show(screen, documents, made.left, accounts)
    _say_changed(screen, project, accounts, close)
    return EXIT_WELL


def _refused(screen: Screen, problems: Iterable[Problem]) -> int:
    listed = in_order(problems)
    screen.problems(listed)
    return exit_code(listed)


def _unset() -> Problem:
    return Problem(
        name="missing-setting",
        level="configuration",
        sentence="a journal needs a chart of accounts, and `chargeback` has no `journal`",
        place=FILE,
        subject="chargeback.journal",
        hint="add `journal: {accounts: finance/accounts.csv, clearing: ..., format: ...}`",
    )


def _bookable(
    project: Path, configuration: Configuration, period: str
) -> Close | Sequence[Problem]:
    """The close of a month that is closed and passes the gate; else why not (R25)."""
    close = bookable.closed(project, period)
    gated = configuration.chargeback is not None and configuration.chargeback.gate is not None
    if not gated or not isinstance(close, Close):
        return close
    run = runs.current(project)
    if isinstance(run, Problem):
        return [run]
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        checks = gate.judged(engine, run, project, configuration, period)
    return bookable.not_passed(checks, period) or close


def _made(project: Path, accounts: Chart, period: str, lines_max: int | None) -> Made:
    """The journal, with references to the documents of the months that it corrects."""
    lines = read.booked(project, period)
    closed = {close.period for close in read.closed(project)}
    earlier: set[Group] = set()
    for corrected in {line.corrects for line in lines if line.corrects in closed}:
        asked = Asked(str(corrected))
        earlier |= own_groups(read.booked(project, asked.period), accounts, asked)
    return journal(lines, accounts, Asked(period, lines_max, earlier))


def _wanted(documents: Sequence[Document], entity: str | None) -> Sequence[Document]:
    entities = {document.entity for document in documents}
    if entity is None or entity in entities:
        return [one for one in documents if entity in (None, one.entity)]
    what = f"the journal has no legal entity `{entity}`"
    hint = did_you_mean(entity, entities)
    raise click.UsageError(f"{what}\n\nhint: {hint}" if hint else what)


def _check_entities(documents: Sequence[Document], name: str) -> None:
    entities = sorted({document.entity for document in documents})
    if FORMS[name].one_entity and len(entities) > 1:
        listed = ", ".join(f"`{entity}`" for entity in entities)
        what = f"{FORMS[name].title} imports into one legal entity at a time, and this has {listed}"
        raise click.UsageError(f"{what}\n\nhint: name one with `--entity`")


def _save(out: Path, text: str) -> None:
    """Writes a file whole or not at all; a pipe or a device is written to."""
    try:
        if out.exists() and not out.is_file():
            out.write_text(text, encoding="utf-8", newline="")
            return
        out = out.resolve()
        with tempfile.TemporaryDirectory(prefix=".everyline-", dir=out.parent) as folder:
            made = Path(folder) / "made"
            made.write_text(text, encoding="utf-8", newline="")
            os.replace(made, out)
    except OSError as error:
        raise click.UsageError(f"`{out}` can't be written: {error.strerror}") from error


def _show(
    screen: Screen, documents: Sequence[Document], left: Sequence[Left], accounts: Chart
) -> None:
    """Says what is moved and what stays on clearing, on stderr."""
    columns = (
        Column("legal entity"),
        Column("documents", "figure"),
        Column("lines", "figure"),
        Column("debit", "figure"),
        Column("credit", "figure"),
        Column("", "word"),
    )
    groups: dict[tuple[str, str], list[Document]] = {}
    for document in documents:
        groups.setdefault((document.entity, document.currency), []).append(document)
    rows = [_group(entity, currency, own) for (entity, currency), own in groups.items()]
    if rows:
        screen.table(Table(columns, rows), aside=True)
    else:
        screen.note("nothing to book: no owner has cost in this month")
    screen.note("")
    clearing = (Column(accounts.settings.clearing), Column("", "figure"), Column("", "word"))
    screen.table(Table(clearing, [row for one in left for row in _left(one)]), aside=True)


def _group(entity: str, currency: str, documents: Sequence[Document]) -> list[str]:
    postings = [posting.units for document in documents for posting in document.postings]
    debit = amount(sum(units for units in postings if units > 0), documents[0].digits)
    credit = amount(-sum(units for units in postings if units < 0), documents[0].digits)
    sums = [figures.amount(value, currency) for value in (debit, credit)]
    return [entity, f"{len(documents):,}", f"{len(postings):,}", *sums, currency]


def _left(left: Left) -> list[list[str]]:
    """How the clearing account of one currency comes to what stays on it."""
    said = [
        ("billed", left.billed),
        ("charged to owners", -left.moved),
        ("stays: nobody owns it yet", left.unallocated),
        ("stays: BilledCost - EffectiveCost", left.prepaid),
        ("not booked: used at list price", left.estimated),
    ]
    return [
        [words, figures.amount(amount(units, left.digits), left.currency), left.currency]
        for words, units in said
        if units or words == "billed"
    ]


def _say_changed(screen: Screen, project: Path, accounts: Chart, close: Close) -> None:
    """Says so where the chart of accounts is not the one that the month was closed with."""
    file = accounts.file
    before = close.configuration.get(file)
    now = hashlib.sha256((project / file).read_bytes()).hexdigest()
    if before not in (None, now):
        screen.note(
            f"\n{file} has changed since {close.period} was closed:\n"
            "a journal that was written before may name other accounts"
        )


commands = {"journal": command}
