"""`everyline worklist`: what nobody owns, by cost, as a registry with the owner cells to fill."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from everyline import config, runs, starting
from everyline.answers.unowned import VALIDITY, names_of, registry, why
from everyline.cli import figures, hints, layout, options
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen, plain
from everyline.cli.written import replaced
from everyline.config.configuration import Configuration
from everyline.control import EXACT
from everyline.engines.duckdb import Engine
from everyline.owners.tags import is_taxonomy_tag
from everyline.problems import (
    EXIT_CONFIGURATION,
    EXIT_STOP,
    EXIT_WELL,
    Problem,
    did_you_mean,
    exit_code,
)
from everyline.proposing import adopting
from everyline.proposing.suggestions import Seen, Suggestion, Suggestions
from everyline.runs import Run
from everyline.worklist import Unowned
from everyline.worklist import worklist as found_by

_ROWS_MAX = 15
_VALUES_MAX = 12
_SUGGESTED_MAX = 500
_ESTIMATED = "used at list price"


@click.command(
    epilog=options.example(
        "everyline worklist > owners/todo.csv",
        "everyline worklist --period 2026-10 --top 20",
        "everyline worklist --suggest > todo.csv",
    ),
    help="Identities without an owner, by cost, as a registry CSV with the owner cells left to"
    " fill.\n\nThe CSV goes to stdout; cost and reasons go to stderr, since a registry has no"
    " column for them. Fill in owners, add the file to `owners` in everyline.yaml, and run."
    " Cost that was split by usage without an owner is listed by the keys, people and deployments"
    " of that usage.\n\n`--suggest` adds columns that say who may own it, and why: a name that"
    " holds a team's, how the account's other cost is tagged, who called last. Owner cells stay"
    " empty: copy what is right into them, and `--adopt FILE` appends those rows to the registry"
    " of `owners` that has their columns. Of a very long list the 500 largest are looked at.",
)
@options.project
@options.period
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N of most cost.")
@click.option("--suggest", is_flag=True, help="Say who may own what, with the evidence.")
@click.option(
    "--adopt",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Append the rows of a filled-in worklist to the registries, all of them or none.",
)
@options.form("csv", "table", "json")
def worklist(project: Path, form: str, *, adopt: Path | None, suggest: bool, **asked: Any) -> int:
    screen = Screen()
    if adopt is not None:
        return _adopt(screen, project, adopt)
    return _list(screen, project, form, suggest=suggest, **asked)


def _list(screen: Screen, project: Path, form: str, *, suggest: bool, **asked: Any) -> int:
    period: str | None = asked["period"]
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        if period is not None and (months := _months(engine, run)) and period not in months:
            screen.note(f"there is no cost in `{period}`\n\nhint: {did_you_mean(period, months)}")
            return EXIT_STOP
        configuration = config.load(project).configuration
        listed = found_by(engine, run, configuration, period=period, top=asked["top"])
        suggestions: dict[int, Suggestion] = {}
        if suggest and configuration is not None:
            with screen.progress() as progress:
                found = suggested_for(engine, project, run, listed, progress)
            if not isinstance(found, dict):
                screen.problems(found)
                return exit_code(found)
            suggestions = found
    keys: list[str] = list(run.manifest["keys"])
    nameable = [one for one in listed if one.identity]
    if form == "json":
        rows = [_as_json(one, suggestions.get(id(one))) for one in listed]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return EXIT_WELL
    if listed:
        show(screen, listed, keys[0], aside=form == "csv")
        if suggest:
            show_suggested(screen, listed, suggestions, aside=form == "csv")
        if nameable:
            _say_how(screen, project, keys, suggest=suggest)
    else:
        screen.note(f"nothing to do: every line in scope has a {keys[0]}")
    if form == "csv":
        sys.stdout.write(registry(nameable, keys, suggestions if suggest else None))
    return EXIT_WELL


def suggested_for(
    engine: Engine,
    project: Path,
    run: Run,
    listed: Sequence[Unowned],
    progress: Callable[[str], None],
) -> dict[int, Suggestion] | Sequence[Problem]:
    """What is suggested for each, by its `id`; or why the bills of the run can't be read.

    Of a very long list only the largest are looked at.
    """
    from everyline import pipeline

    progress("looking for owners")
    configuration = config.load(project).configuration
    charges = pipeline.charges_relation(engine, project, of=run)
    if configuration is None or not isinstance(charges, str):
        return () if isinstance(charges, str) else charges
    usage = starting.tagged_usage(engine, project, configuration, progress).relation
    taxonomy = configuration.taxonomy
    seen = Seen(f"({charges})", usage, lambda key: is_taxonomy_tag(taxonomy, key))
    found = Suggestions(engine, run, configuration, seen)
    looked_at = [one for one in listed if one.identity][:_SUGGESTED_MAX]
    return {id(one): found.of(one.identity) for one in looked_at}


def show_suggested(
    screen: Screen,
    listed: Sequence[Unowned],
    suggestions: Mapping[int, Suggestion],
    *,
    aside: bool,
    most: int = _ROWS_MAX,
) -> None:
    """Prints who may own each of the largest, and why."""
    counted = [one for one in listed if not one.is_shield][:most]
    names = names_of(counted)
    say = screen.note if aside else screen.line
    lines = []
    for one in counted:
        found = suggestions.get(id(one))
        if found is not None and found.because:
            owner = f"{found.owner}? " if found.owner else ""
            said = f"{names[id(one)]}: {owner}{found.because}"
            lines += fill(plain(said), screen.width - 2, subsequent_indent="  ").split("\n")
    say("")
    say("who may own it; nothing is filled in" if lines else "nothing tells who may own these")
    for line in lines:
        say(f"  {line}")


def _adopt(screen: Screen, project: Path, file: Path) -> int:
    """Appends what is filled in to the registries, and says where."""
    loaded = config.load(project)
    if loaded.configuration is None or loaded.problems:
        screen.problems(loaded.problems)
        return exit_code(loaded.problems)
    since = _since(project, loaded.configuration)
    raw = file.read_bytes()
    made = adopting.adopt(project, loaded.configuration, str(file), raw, since)
    if made.problems:
        screen.problems(made.problems)
    if made.missing:
        screen.note(_no_registry(project, loaded.configuration, made.missing))
    if made.problems or made.missing:
        screen.note("nothing is written")
        return EXIT_CONFIGURATION
    for name, content in made.files.items():
        try:
            replaced(project / name, content)
        except OSError as error:
            raise click.UsageError(f"`{name}` can't be written: {error.strerror}") from error
    for name, count in made.rows.items():
        screen.note(f"{name}: {count:,} {'row' if count == 1 else 'rows'} appended")
    if made.left:
        screen.note(f"{made.left:,} without an owner yet")
    if made.rows:
        screen.note(f"`{hints.command('run', project=project)}` brings all figures up to date")
    return EXIT_WELL


def _since(project: Path, configuration: Configuration) -> adopting.Since:
    """The first day of the first month in which an identity had no owner, else today."""
    run = runs.current(project)
    first: dict[tuple[tuple[str, str], ...], date] = {}
    if not isinstance(run, Problem):
        with closing(Engine(project / runs.FOLDER / "spill")) as engine:
            for one in found_by(engine, run, configuration):
                day = date.fromisoformat(f"{one.since}-01")
                first[tuple(sorted(one.identity.items()))] = day
    today = datetime.now(tz=UTC).date()
    return lambda identity: first.get(tuple(sorted(identity.items())), today)


def _no_registry(project: Path, configuration: Configuration, columns: Sequence[str]) -> str:
    """That no registry has the columns that rows need, and what to add."""
    file = _free(project, "adopted")
    within = "`owners` in " if configuration.owners else ""
    lines = [*([] if configuration.owners else ["owners:"]), f"  - {{registry: {file}}}"]
    return "\n".join(
        (
            f"no registry of `owners` has all of {', '.join(f'`{name}`' for name in columns)}",
            "",
            f"hint: make the file {file} of the one line",
            ",".join((*columns, *VALIDITY)),
            f"and add to {within}everyline.yaml",
            *lines,
            "",
        )
    )


def _free(project: Path, name: str) -> str:
    """The file of that name below `owners` that is not there yet."""
    number = 1
    while (project / (file := f"owners/{name}{'' if number == 1 else f'-{number}'}.csv")).exists():
        number += 1
    return file


def _months(engine: Engine, run: Run) -> list[str]:
    rows = engine.rows(f"SELECT DISTINCT x_Period FROM {run.relation('groups')} ORDER BY ALL")
    return [period for (period,) in rows]


def show(
    screen: Screen, listed: Sequence[Unowned], lead: str, *, aside: bool, most: int = _ROWS_MAX
) -> None:
    """Prints the largest: who, cost and why; and what all come to."""
    counted = [one for one in listed if not one.is_shield]
    names = names_of(counted)
    rows = []
    for one in counted[:most]:
        lines = f"{one.lines:,}" if one.lines else figures.NOTHING
        rows.append([names[id(one)], _costs(one.costs), _costs(one.estimated), lines, why(one)])
    rest = counted[most:]
    if rest:
        mark = "..." if screen.ascii_only else "…"
        many = f"{mark} {len(rest):,} more"
        rows.append([many, _costs(_summed(rest)), "", f"{sum(one.lines for one in rest):,}", ""])
    totals = [
        ["total", _costs({currency: cost}), "", "", ""]
        for currency, cost in _summed(counted).items()
    ]
    kinds = (
        Column("cost", "figure"),
        Column(_ESTIMATED, "figure"),
        Column("lines", "figure"),
        Column("why"),
    )
    table = Table((Column(f"without a {lead}"), *kinds), rows, totals)
    if not any(one.estimated for one in counted):
        table = layout.without(table, _ESTIMATED)
    screen.table(table, aside=aside)


def _summed(listed: Sequence[Unowned]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for one in listed:
        for currency, cost in one.costs.items():
            sums[currency] = EXACT.add(sums.get(currency, Decimal(0)), cost)
    return dict(sorted(sums.items()))


def _costs(costs: Mapping[str, Decimal]) -> str:
    return ", ".join(
        f"{figures.amount(cost, currency)} {currency}" for currency, cost in costs.items()
    )


def _say_how(screen: Screen, project: Path, keys: Sequence[str], *, suggest: bool) -> None:
    """What to do with the CSV."""
    if suggest:
        lead = adopting.suggested(keys[0])
        screen.note(f"\n1. {hints.command('worklist', '--suggest', project=project)} > todo.csv")
        step = f"copy what is right from {lead} to {keys[0]}, or fill in another"
        screen.note(fill(f"2. {step}", screen.width, subsequent_indent="   "))
        screen.note(f"3. {hints.command('worklist', '--adopt', 'todo.csv', project=project)}")
        screen.note(f"4. {hints.command('run', project=project)}")
        return
    file = _free(project, "todo")
    others = f" (and {', '.join(keys[1:])}, where you know it)" if keys[1:] else ""
    line = f"{hints.command('worklist', project=project)} > {file}"
    fields = f"fill in {keys[0]}{others}{_declared(project)}"
    entry = f"add `- {{registry: {file}}}` as the last entry of `owners` in everyline.yaml"
    screen.note(f"\n1. {line}")
    for n, step in enumerate((fields, entry), start=2):
        screen.note(fill(step, screen.width, initial_indent=f"{n}. ", subsequent_indent="   "))
    screen.note(f"4. {hints.command('run', project=project)}")


def _declared(project: Path) -> str:
    """The values of the lead key, if they are declared and few."""
    configuration = config.load(project).configuration
    values = configuration.lead.values if configuration else None
    if values is None or len(values.values) > _VALUES_MAX:
        return ""
    return ": one of " + ", ".join(values.values)


def _as_json(one: Unowned, found: Suggestion | None) -> dict[str, object]:
    said = {} if found is None else {"suggested": found.owner, "because": found.because}
    return said | {
        "identity": dict(one.identity),
        "EffectiveCost": {currency: figures.exact(cost) for currency, cost in one.costs.items()},
        "x_EstimatedCost": {c: figures.exact(cost) for c, cost in one.estimated.items()},
        "x_LineCount": one.lines,
        "services": list(one.services),
        "reasons": list(one.reasons),
        "is_shield": one.is_shield,
    }


commands = {"worklist": worklist}
