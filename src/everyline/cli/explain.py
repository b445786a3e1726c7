"""`everyline explain`: a figure taken apart down to bill lines, or what became of one line."""

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import click

from everyline import config, runs
from everyline.answers import explained
from everyline.cli import charge_table, hints, options, tree
from everyline.cli.hints import Hint
from everyline.cli.screen import Screen
from everyline.engines.duckdb import Engine, quoted
from everyline.explain import Asked, Charge, Explanation, Node, Unknown, unknown
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, did_you_mean, exit_code
from everyline.runs import Run

_MOST = 3
_ALIKE_MAX = 5
_INSTEAD_MAX = 8
_ID = re.compile("[0-9a-f]{0,64}")
_OWN = ("project", "period", "service", "where", "most", "as", "help")


class _Wanted(NamedTuple):
    """What the command line asks for, its keys not yet known to the run."""

    period: str | None
    service: str | None
    where: Sequence[str]
    words: Sequence[str]


@click.command(
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS] [--KEY VALUE]...",
    epilog=options.example(
        "everyline explain --period 2026-10 --team search",
        "everyline explain --team support --service 'Model API'",
        "everyline explain --team '' --as json",
    ),
    help="Takes a figure apart down to bill lines, every level summing to the one above.\n\nWhat a"
    " trace or a pool has split tells by which weight of what, through which pools, and by whose"
    " usage.\n\nEach"
    " key of the taxonomy is an option, `_` written `-`: `--team search`, `--use-case chat`. An"
    " empty value asks for what nobody was found for. A CHARGE_ID, or how it begins, as in"
    " `everyline explain 5f3a90c1`, shows one bill line and what became of it.",
)
@options.project
@click.option("--period", metavar="P", help="The month, like 2026-10.  [default: the last one]")
@click.option("--service", metavar="S", help="Only this ServiceName.")
@click.option(
    "--where",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key whose name is an option of its own, such as `project`.",
)
@click.option(
    "--most",
    type=click.IntRange(1),
    default=_MOST,
    show_default=True,
    metavar="N",
    help="How many parts of each level the table shows; the others are summed.",
)
@options.form("table", "json")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[CHARGE_ID]")
def explain(project: Path, form: str, *, most: int, **wanted: str) -> int:
    screen = Screen()
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    keys: list[str] = list(run.manifest["keys"])
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        asked = _asked(_Wanted(**wanted), keys)
        if isinstance(asked, str):
            return _charge(_Shown(screen, project, run, form), engine, asked)
        if (last := _last(engine, run)) is None:
            screen.note("nothing to explain: no cost is in scope")
            return EXIT_STOP
        lines_max = max(1, most - 1) if form == "table" else None
        asked = Asked(asked.period or last, asked.values, asked.service, lines_max)
        if (missing := unknown(engine, run, asked)) is not None:
            screen.note(_no_figure(missing, asked))
            return EXIT_STOP
        explanation = _explanation(_Shown(screen, project, run, form), engine)
        if isinstance(explanation, int):
            return explanation
        with screen.progress() as progress:
            progress("reading charges")
            found = explanation.figures(asked)
    if form == "json":
        click.echo(explained.as_json([explained.tree(node) for node in found]))
        return EXIT_WELL
    for node in found:
        tree.show(screen, node, keys=keys, most=most)
        screen.line()
    main = max(found, key=lambda node: node.lines)
    hints.show(screen, next_steps(main, asked, keys, project))
    return EXIT_WELL


class _Shown(NamedTuple):
    """Where it goes, and what it is of."""

    screen: Screen
    project: Path
    run: Run
    form: str


def _explanation(shown: _Shown, engine: Engine) -> Explanation | int:
    """What takes figures apart; an exit code where the bills can't be read as the run read them."""
    from everyline import pipeline

    with shown.screen.progress() as progress:
        progress("reading bills")
        charges = pipeline.charges_where(engine, shown.project, of=shown.run)
    configuration = config.load(shown.project).configuration
    if callable(charges) and configuration is not None:
        return Explanation(engine, shown.run, configuration, charges)
    assert not callable(charges), "charges were read by a configuration that is not there"
    shown.screen.problems(charges)
    return exit_code(charges)


def _last(engine: Engine, run: Run) -> str | None:
    last: str | None = engine.one(f"SELECT max(x_Period) FROM {run.relation('allocations')}")[0]
    return last


def _asked(wanted: _Wanted, keys: Sequence[str]) -> Asked | str:
    """What is asked for: figures, or the beginning of an x_ChargeId.

    Raises:
        UsageError: an option that is no key, or has no value.
    """
    said = options.keyed(wanted.words, wanted.where, lambda name: _key(name, keys))
    values, rest = dict(said.values), said.words
    if not rest:
        return Asked(wanted.period, values, wanted.service)
    if len(rest) > 1 or values or wanted.period or wanted.service:
        raise click.UsageError("explain takes one CHARGE_ID, or `--period` and keys, not both")
    return rest[0].removesuffix("…").removesuffix("...")


def _key(name: str, keys: Sequence[str]) -> str:
    for key in keys:
        if name in (key, key.replace("_", "-")):
            return key
    known = [key.replace("_", "-") for key in keys]
    hint = did_you_mean(f"--{name}", [f"--{option}" for option in (*known, *_OWN)])
    hint = hint or "keys of the taxonomy: " + ", ".join(f"`--{option}`" for option in known)
    raise click.UsageError(f"there is no option `--{name}`; {hint}")


def _no_figure(missing: Unknown, asked: Asked) -> str:
    """That there is no such figure, and the nearest that there is."""
    of = f" in {asked.period}" if asked.period and missing.column != "x_Period" else ""
    if not missing.value:
        return f"nothing to explain: every line asked for{of} has a {missing.column}"
    name = {"x_Period": "period", "ServiceName": "service"}.get(missing.column, missing.column)
    known = [value for value in missing.instead if value]
    hint = did_you_mean(missing.value, known)
    if not hint:
        hint = "the largest: " + ", ".join(f"`{value}`" for value in known[:_INSTEAD_MAX])
    return f"nothing to explain: no cost{of} has the {name} `{missing.value}`\n\nhint: {hint}"


def next_steps(figure: Node, asked: Asked, keys: Sequence[str], project: Path) -> list[Hint]:
    """Command lines that go on from a figure: its largest part and line, or the worklist."""
    found = []
    words = ["explain", *(["--period", asked.period] if asked.period else [])]
    for key, value in asked.values.items():
        words += _asking(key, value)
    if asked.service is not None:
        words += ["--service", asked.service]
    largest = figure.parts[0]
    narrower = next((k for k in keys if k not in asked.values and k in largest.facts), None)
    if narrower is not None:
        more = _asking(narrower, largest.facts[narrower])
        does = f"only {narrower} {largest.facts[narrower]}"
        found.append(Hint(hints.command(*words, *more, project=project), does))
    line = next((node for group in largest.parts for node in group.parts), None)
    if line is not None and line.kind == "line":
        beginning = line.facts["x_ChargeId"][:8]
        does = "that line, with all its fields"
        found.append(Hint(hints.command("explain", beginning, project=project), does))
    if asked.values.get(keys[0]) == "":
        does = "who these are, as a registry to fill in"
        found.append(Hint(hints.command("worklist", project=project), does))
    return found


def _asking(key: str, value: str) -> list[str]:
    """How a command line asks for a value of a key."""
    option = key.replace("_", "-")
    return ["--where", f"{key}={value}"] if option in _OWN else [f"--{option}", value]


def _charge(shown: _Shown, engine: Engine, beginning: str) -> int:
    if _ID.fullmatch(beginning) is None:
        shown.screen.note(_no_id(shown.run, engine, beginning))
        return EXIT_STOP
    explanation = _explanation(shown, engine)
    if isinstance(explanation, int):
        return explanation
    with shown.screen.progress() as progress:
        progress("looking for the line")
        found = explanation.charges(beginning, _ALIKE_MAX)
    if len(found) != 1:
        shown.screen.note(_not_one(beginning, found))
        return EXIT_STOP
    if shown.form == "json":
        click.echo(explained.as_json(explained.charge_tree(found[0])))
    else:
        charge_table.show(shown.screen, found[0])
    return EXIT_WELL


def _no_id(run: Run, engine: Engine, word: str) -> str:
    """That a word can't be how an id begins, and the key that has it as a value."""
    hint = "a figure is asked for with keys, such as `--team`; `everyline charges` lists ids"
    for key in run.manifest["keys"]:
        if engine.rows(
            f"SELECT 1 FROM {run.relation('allocations')} WHERE {quoted(key)} = ? LIMIT 1", [word]
        ):
            hint = f"did you mean `{hints.command('explain', *_asking(key, word))}`?"
            break
    return f"nothing to explain: no x_ChargeId begins with `{word}`\n\nhint: {hint}"


def _not_one(beginning: str, found: Sequence[Charge]) -> str:
    if not found:
        hint = "hint: `everyline charges` lists ids"
        return f"nothing to explain: no x_ChargeId begins with `{beginning}`\n\n{hint}"
    listed = [
        f"  {one.fields['x_ChargeId'][:16]}  {one.fields['x_SourceFile']}"
        f" row {one.fields['x_SourceRow']}"
        for one in found
    ]
    many = f"{len(found)} or more" if len(found) == _ALIKE_MAX else str(len(found))
    return "\n".join([f"{many} bill lines begin with `{beginning}`; write more of one:", *listed])


commands = {"explain": explain}
