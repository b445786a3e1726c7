"""`everyline demo`: makes a complete invented company, runs it, and shows what comes of it."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from textwrap import fill

import click

from everyline import config, money, pipeline, runs
from everyline.answers import covered as bill_coverage
from everyline.answers import parts as bill_parts
from everyline.answers.parts import Block
from everyline.cli import (
    coverage_table,
    figures,
    hints,
    init,
    options,
    owner_table,
    serve,
    share_words,
    stack_table,
    summary,
    tree,
)
from everyline.cli.hints import Hint
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain import Asked, Explanation
from everyline.problems import EXIT_CONFIGURATION, EXIT_STOP, EXIT_WELL
from everyline.runs import Run

DEFAULT = "everyline-demo"
TEAM = "search"
"""Whose statement is shown: it has cost in every layer, found in every way."""
SERVICE = "Amazon Elastic Compute Cloud"
"""Whose cost of it is explained: GPU nodes of its own, shared ones, and idle ones passed on."""

_MARK = "demo.json"
_CHANGED_MAX = 3
_PROBLEMS_MAX = 3
_MOST = 2
_WIDTH = 80
_DIGITS = 2


@click.command(
    epilog=options.example("everyline demo", "everyline demo halcyon --serve"),
    help="Makes a complete invented company in DIR, runs it, and shows what comes of it.\n\nTwo"
    " months of bills as vendors deliver them, about 200,000 lines, with tags missing, misspelt and"
    " contradicting each other. A DIR that demo made is made again, unless somebody changed it.",
)
@click.argument(
    "folder", metavar="[DIR]", default=DEFAULT, type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--serve", "shall_serve", is_flag=True, help="Then show its pages in a browser.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"The port of its pages; 0 takes a free one.  [default: {serve.PORT}]",
)
def demo(folder: Path, shall_serve: bool, port: int | None) -> int:
    if not shall_serve:
        if port is not None:
            raise click.UsageError("`--port` is of the pages that `--serve` shows")
        return _demo(folder)
    serve.check_packages()
    with serve.listening(serve.LOOPBACK, serve.PORT if port is None else port) as opened:
        code = _demo(folder)
        if code == EXIT_WELL:
            serve.show(folder, opened)
    return code


def _demo(folder: Path) -> int:
    """Makes the company and tells what comes of it."""
    screen = Screen()
    if (changed := _changed(folder)) is not None:
        screen.note(changed)
        return EXIT_CONFIGURATION
    with screen.progress() as progress:
        progress("making the bills of Halcyon Parcel")
        _make(folder)
        outcome = pipeline.run(folder, progress=progress)
    if outcome.run is None:
        screen.problems(outcome.problems)
        return EXIT_STOP
    with closing(Engine(folder / runs.FOLDER / "spill")) as engine:
        _Story(screen, engine, outcome.run, folder).tell()
    return EXIT_WELL


def _changed(folder: Path) -> str | None:
    """Why a folder is not made again: it holds what demo did not write."""
    if not folder.exists() or not any(folder.iterdir()):
        return None
    try:
        made: dict[str, str] = json.loads((folder / runs.FOLDER / _MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return (
            f"`{folder}` has something in it that demo did not make, and nothing was changed\n\n"
            "hint: name a folder that does not exist yet: `everyline demo DIR`"
        )
    found = _hashes(folder)
    other = sorted(n for n in found.keys() | made.keys() if found.get(n) != made.get(n))
    if not other:
        return None
    named = ", ".join(f"`{name}`" for name in other[:_CHANGED_MAX])
    more = f" and {len(other) - _CHANGED_MAX} more" if len(other) > _CHANGED_MAX else ""
    return (
        f"`{folder}` has been changed since demo made it, and is left as it is: {named}{more}\n\n"
        f"hint: `{hints.command('run', project=folder)}` runs it as it is now; for a new one name"
        " another folder, or take this one away"
    )


def _make(folder: Path) -> None:
    """Makes the company beside and moves it in, so that half of one is never taken for a whole."""
    from everyline import demo as company

    here = folder.resolve()
    aside = here.parent / f".{here.name}.making"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        company.make(aside)
        init.write_schema(aside)
        mark = aside.joinpath(runs.FOLDER, _MARK)
        mark.parent.mkdir()
        made = json.dumps(_hashes(aside), indent=1, sort_keys=True) + "\n"
        mark.write_text(made, encoding="utf-8")
        if folder.exists():
            for entry in folder.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            for entry in sorted(aside.iterdir()):
                entry.rename(folder / entry.name)
        else:
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _hashes(folder: Path) -> dict[str, str]:
    """Every file to the SHA-256 of its bytes, save those that runs make."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(f"{runs.FOLDER}/"):
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _briefly(sentence: str) -> str:
    """How a sentence begins; the problem's name and `everyline problems` say the rest."""
    return re.split(", which|, but", sentence.replace("`", ""))[0].replace(" on one line", "")


class _Story:
    """What is shown, one thing after the other, of the last month in its main currency."""

    def __init__(self, screen: Screen, engine: Engine, run: Run, folder: Path) -> None:
        self._screen = screen
        self._engine = engine
        self._run = run
        self._folder = folder
        self._keys = run.manifest["keys"]
        self._parts = bill_parts.parts(engine, run)
        last = max(block.period for block in self._parts)
        of_last = [block for block in self._parts if block.period == last]
        self._block: Block = max(of_last, key=lambda block: self._parts[block]["bill"][0])

    def tell(self) -> None:
        chapters: tuple[tuple[str, Callable[[], None]], ...] = (
            ("The bill, what of it is AI cost, and how its owners were found", self._bill),
            ("How much of the AI cost is tagged, and how much has an owner", self._coverage),
            ("What each use case costs, its own cost and its part of what is shared", self._stack),
            (f"What {self._keys[0]} {TEAM} gets, by use case and layer", self._statement),
            ("One figure of it, through the pools down to bill lines", self._explanation),
        )
        self._say(self._opening())
        for number, (caption, show) in enumerate(chapters, start=1):
            self._screen.line()
            self._screen.line(f"{number}. {caption}", "bold")
            show()
        self._screen.line()
        hints.show(self._screen, self._next())

    def _say(self, text: str) -> None:
        for line in text.split("\n"):
            self._screen.line(line)

    def _opening(self) -> str:
        lines, files = self._run.manifest["lines"], self._run.manifest["inputs"]
        bills = sum(name.startswith("bills/") for name in files)
        (calls,) = self._engine.one(
            f"SELECT sum(x_RequestCount) FROM {self._run.relation('usage')}"
        )
        return (
            "Halcyon Parcel is an invented parcel carrier that pays for AI in many places:\n"
            "models at OpenAI, Anthropic and Bedrock, GPU clusters, a vector store, coding\n"
            f"assistants, labelling. Its bills of two months, {lines:,} lines in {bills} files as\n"
            f"vendors deliver them, now lie in {self._folder}/bills,\n"
            f"its telemetry in usage/: {calls:,} calls of a model gateway that missed some, GPU\n"
            "hours, seats. everyline.yaml beside them says how they are read and split, and\n"
            f"is there to be copied. What follows is {self._block.heading}."
        )

    def _bill(self) -> None:
        summary.show(self._screen, self._block, self._parts[self._block])
        self._say(fill(f"unallocated, by reason: {', '.join(self._reasons())}.", _WIDTH))
        self._say("unseen is what was billed for calls that the gateway missed.")

    def _reasons(self) -> list[str]:
        """Why cost has no owner, and how much; the amounts sum to what is shown of all of it."""
        lead, currency = self._keys[0], self._block.currency
        rows = self._engine.rows(
            f"SELECT {quoted(f'{lead}_evidence')} AS reason, sum(EffectiveCost) AS cost"
            f" FROM {self._run.relation('allocations')} WHERE {quoted(lead)} IS NULL"
            f" AND x_Period = {literal(self._block.period)}"
            f" AND BillingCurrency = {literal(currency)} GROUP BY ALL ORDER BY cost DESC, reason"
        )
        exact = [(reason, share_words.units(cost)) for reason, cost in rows]
        total = money.floor_half_up(sum(cost for _, cost in exact), _DIGITS)
        amounts = money.cascade(total, exact, _DIGITS)
        return [
            f"{reason} {figures.amount(Decimal(amounts[reason]).scaleb(-_DIGITS), currency)}"
            for reason, _ in exact
        ]

    def _coverage(self) -> None:
        aims = bill_coverage.targets(self._folder)
        covered = bill_coverage.covered(self._engine, self._run.relation("coverage"), self._keys)
        wanted = (self._block.period, self._block.currency, None)
        rows = [row for row in covered if (row.period, row.currency, row.layer) == wanted]
        coverage_table.show_rows(self._screen, rows, aims)
        self._say(
            "tagged: a declared value on the bill line. FOCUS: any text there. direct: found\n"
            "for the line, by tags, registries, rules and who used it. allocated: through\n"
            "pools of shared cost as well. What is odd in the tags, by the cost it touches:"
        )
        self._problems()

    def _stack(self) -> None:
        found = stack_table.stack(self._engine, self._run, self._block, self._keys)
        stack_table.show(self._screen, self._block, found)
        self._say("model, platform, data: direct is its own cost, shared what it bears of pools.")

    def _problems(self) -> None:
        currency = self._block.currency
        problems = self._run.relation("problems")
        rows = self._engine.rows(
            f"SELECT x_Problem, sentence, x_LineCount, EffectiveCost FROM {problems}"
            f" WHERE x_Period = {literal(self._block.period)}"
            f" AND BillingCurrency = {literal(currency)}"
            f" ORDER BY EffectiveCost DESC, sentence LIMIT {_PROBLEMS_MAX}"
        )
        counted = (Column("lines", "figure"), Column(currency, "figure"))
        columns = (Column("problem", "word"), Column("what is odd"), *counted)
        cells = [
            [name, _briefly(sentence), f"{count:,}", figures.amount(cost, currency)]
            for name, sentence, count, cost in rows
        ]
        self._screen.table(Table(columns, cells))

    def _statement(self) -> None:
        owner_table.show(self._screen, self._engine, self._run, self._block, TEAM)

    def _explanation(self) -> None:
        with self._screen.progress() as progress:
            progress("reading charges")
            charges = pipeline.charges_where(self._engine, self._folder, of=self._run)
            if not callable(charges):
                self._screen.problems(charges)
                return
            # No other team has the use case, so that it stands for the team's in a short title.
            asked = Asked(self._block.period, self._largest_use(), SERVICE, lines_max=1)
            configuration = config.load(self._folder).configuration
            assert configuration is not None, "the demo's own configuration is well formed"
            explanation = Explanation(self._engine, self._run, configuration, charges)
            nodes = explanation.figures(asked)
        node = next(node for node in nodes if node.currency == self._block.currency)
        tree.show(self._screen, node, keys=self._keys, most=_MOST)

    def _largest_use(self) -> dict[str, str]:
        """The use case of most cost of the team there, as a figure to be asked for."""
        is_owner = f"{quoted(self._keys[0])} = {literal(TEAM)}"
        rows = self._engine.rows(
            f"SELECT use_case FROM {self._run.relation('statements')} WHERE {is_owner}"
            f" AND x_Period = {literal(self._block.period)} AND ServiceName = {literal(SERVICE)}"
            " AND use_case IS NOT NULL"
            " GROUP BY use_case ORDER BY sum(EffectiveCost) DESC, use_case LIMIT 1"
        )
        return {"use_case": rows[0][0]}

    def _next(self) -> list[Hint]:
        return [
            Hint(f"cd {self._folder}", "look around: everyline.yaml, bills/, usage/"),
            Hint("everyline serve", "all of it as pages, in a browser"),
            Hint(f"everyline statement --team {TEAM}", "what it is told: total, change, rules"),
            Hint(f"everyline explain --team {TEAM}", "all of it, down to bill lines"),
            Hint("everyline worklist", "what has no owner, as a registry to fill in"),
            Hint("everyline compare 2026-09 2026-10", "why a month cost more than another"),
            Hint("everyline check --gate", "what charging it back still lacks"),
            Hint("everyline run", "after you changed something"),
        ]


commands = {"demo": demo}
