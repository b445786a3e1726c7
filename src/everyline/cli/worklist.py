"""`everyline worklist`: what nobody owns, by cost, as a registry with the owner cells to fill."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from textwrap import fill

import click

from everyline import config, runs
from everyline.cli import figures, hints, layout, options
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.control import EXACT
from everyline.engines.duckdb import Engine
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, did_you_mean, exit_code
from everyline.runs import Run
from everyline.worklist import IDENTITIES, Unowned
from everyline.worklist import worklist as found_by

_ROWS_MAX = 15
_VALUES_MAX = 12
_ESTIMATED = "used at list price"
_VALIDITY = ("valid_from", "valid_to")
_REASONS = {
    "unknown_value": "no declared value",
    "conflict": "tags contradict each other",
    "driver_unowned": "usage unowned",
    "unseen": "unseen",
}


@click.command(
    epilog=options.example(
        "everyline worklist > owners/todo.csv", "everyline worklist --period 2026-10 --top 20"
    ),
    help="Identities without an owner, by cost, as a registry CSV with the owner cells left to"
    " fill.\n\nThe CSV goes to stdout; cost and reasons go to stderr, since a registry has no"
    " column for them. Fill in owners, add the file to `owners` in everyline.yaml, and run."
    " Cost that was split by usage without an owner is listed by the keys, people and deployments"
    " of that usage.",
)
@options.project
@options.period
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N of most cost.")
@options.form("csv", "table", "json")
def worklist(project: Path, form: str, *, period: str | None, top: int | None) -> int:
    screen = Screen()
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        if period is not None and (months := _months(engine, run)) and period not in months:
            screen.note(f"there is no cost in `{period}`\n\nhint: {did_you_mean(period, months)}")
            return EXIT_STOP
        configuration = config.load(project).configuration
        listed = found_by(engine, run, configuration, period=period, top=top)
    keys: list[str] = list(run.manifest["keys"])
    nameable = [one for one in listed if one.identity]
    if form == "json":
        click.echo(json.dumps([_as_json(one) for one in listed], ensure_ascii=False, indent=1))
        return EXIT_WELL
    if listed:
        show(screen, listed, keys[0], aside=form == "csv")
        if nameable:
            _say_how(screen, project, keys)
    else:
        screen.note(f"nothing to do: every line in scope has a {keys[0]}")
    if form == "csv":
        _put(nameable, keys)
    return EXIT_WELL


def _months(engine: Engine, run: Run) -> list[str]:
    rows = engine.rows(f"SELECT DISTINCT x_Period FROM {run.relation('groups')} ORDER BY ALL")
    return [period for (period,) in rows]


def show(
    screen: Screen, listed: Sequence[Unowned], lead: str, *, aside: bool, most: int = _ROWS_MAX
) -> None:
    """Prints the largest: who, cost and why; and what all come to."""
    counted = [one for one in listed if not one.is_shield]
    names = _names(counted)
    rows = []
    for one in counted[:most]:
        why = ", ".join(_REASONS.get(reason, reason.replace("_", " ")) for reason in one.reasons)
        lines = f"{one.lines:,}" if one.lines else figures.NOTHING
        rows.append([names[id(one)], _costs(one.costs), _costs(one.estimated), lines, why])
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


def _names(listed: Sequence[Unowned]) -> dict[int, str]:
    """The id of each that tells most; with its provider where another has the same id."""
    told = {id(one): [*one.identity.values()][::-1] for one in listed}
    count = Counter(texts[0] for texts in told.values() if texts)
    return {
        key: ", ".join(texts if count[texts[0]] > 1 else texts[:1])
        if texts
        else "(nothing to name)"
        for key, texts in told.items()
    }


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


def _say_how(screen: Screen, project: Path, keys: Sequence[str]) -> None:
    """What to do with the CSV."""
    number = 1
    while (project / (file := f"owners/todo{'' if number == 1 else f'-{number}'}.csv")).exists():
        number += 1
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


def _put(listed: Sequence[Unowned], keys: Sequence[str]) -> None:
    """The registry on stdout; columns that no row fills are left out."""
    filled = {name for one in listed for name in one.identity} or {
        "ServiceProviderName",
        "SubAccountId",
    }
    names = [name for name in IDENTITIES if name in filled]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*names, *keys, *_VALIDITY])
    for one in listed:
        empty = [""] * (len(keys) + len(_VALIDITY))
        writer.writerow([*(one.identity.get(name, "") for name in names), *empty])


def _as_json(one: Unowned) -> dict[str, object]:
    return {
        "identity": dict(one.identity),
        "EffectiveCost": {currency: figures.digits(cost) for currency, cost in one.costs.items()},
        "x_EstimatedCost": {c: figures.digits(cost) for c, cost in one.estimated.items()},
        "x_LineCount": one.lines,
        "services": list(one.services),
        "reasons": list(one.reasons),
        "is_shield": one.is_shield,
    }


commands = {"worklist": worklist}
