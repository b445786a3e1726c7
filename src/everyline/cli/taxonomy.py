"""`everyline taxonomy`: every tag key and value found, by cost, and what could be added."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from textwrap import fill

import click

from everyline import config, runs, starting
from everyline.cli import figures, hints, options
from everyline.cli.hints import Hint
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.cli.written import put
from everyline.config.asked import named_tags
from everyline.config.configuration import Configuration
from everyline.control import EXACT
from everyline.engines.duckdb import Engine
from everyline.owners.tags import speaks_for
from everyline.problems import EXIT_STOP, EXIT_WELL, Problem, did_you_mean, exit_code
from everyline.proposing import aliases, pasting, vocabulary
from everyline.proposing.aliases import Proposal
from everyline.proposing.vocabulary import Found, Reader
from everyline.runs import Run
from everyline.tag_columns import PREFIX

_KEYS_MAX = 15
_VALUES_MAX = 12
_PROPOSED_MAX = 15
_BETWEEN = "|"
_CALLS = "calls or hours"
_RULES = "rules"
_COLUMNS = {
    "x_Of": "VARCHAR",
    "x_Source": "VARCHAR",
    "x_Period": "VARCHAR",
    "BillingCurrency": "VARCHAR",
    "x_TagKey": "VARCHAR",
    "x_Value": "VARCHAR",
    "EffectiveCost": "DECIMAL(38,18)",
    "x_EstimatedCost": "DECIMAL(38,18)",
    "x_Count": "BIGINT",
    "x_Key": "VARCHAR",
    "x_State": "VARCHAR",
    "x_Means": "VARCHAR",
    "x_Proposed": "VARCHAR",
    "x_Into": "VARCHAR",
    "x_Because": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found, and what is proposed for it.

    `in_rules` are columns `Tags.<key>` that conditions name, though no key reads them.
    """

    configuration: Configuration
    found: Sequence[Found]
    proposals: Sequence[Proposal]
    in_rules: Container[str]
    left_out: Sequence[str]


@click.command(
    epilog=options.example(
        "everyline taxonomy",
        "everyline taxonomy --period 2026-10 --as csv",
        "everyline taxonomy --for owners/teams.csv",
    ),
    help="Every tag key and value found in bills and telemetry, by cost in scope: which key of"
    " the taxonomy reads it, and whether its value is declared.\n\nProposes aliases for misspelt"
    " values, and tag keys to read; nothing is written. `--for FILE` prints what is proposed for"
    " a file as it would stand there. In csv and json each tag key sums to the bill in scope: an"
    " empty x_Value is what does not carry it. What telemetry used is worth x_EstimatedCost at"
    " list prices, and no cost.",
)
@options.project
@options.period
@options.form("table", "csv", "json")
@click.option(
    "--for", "file", metavar="FILE", help="Print what is proposed for this file, to be pasted."
)
def taxonomy(project: Path, form: str, *, period: str | None, file: str | None) -> int:
    screen = Screen()
    run = runs.current(project)
    if isinstance(run, Problem):
        screen.problems([run])
        return exit_code([run])
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        with screen.progress() as progress:
            looked = _look(engine, project, run, period, progress)
        if not isinstance(looked, _Looked):
            screen.problems(looked)
            return exit_code(looked)
        if period is not None and not looked.found:
            months = _months(engine, run)
            screen.note(f"there is no tag in `{period}`\n\nhint: {did_you_mean(period, months)}")
            return EXIT_STOP
        if file is not None:
            return _paste(screen, project, looked, file)
        if form == "table":
            _show(screen, project, looked)
        else:
            _put(engine, looked, form)
    return EXIT_WELL


def _look(
    engine: Engine,
    project: Path,
    run: Run,
    period: str | None,
    progress: Callable[[str], None],
) -> _Looked | Sequence[Problem]:
    from everyline import pipeline

    progress("reading bills")
    charges = pipeline.charges_relation(engine, project, of=run)
    configuration = config.load(project).configuration
    if not isinstance(charges, str) or configuration is None:
        return charges if not isinstance(charges, str) else ()
    found = vocabulary.of_bills(engine, configuration, f"({charges})", _readers(configuration))
    vocabulary.balanced(engine, found, run.relation("groups"))
    tagged = starting.tagged_usage(engine, project, configuration, progress)
    if tagged.relation:
        readers = _readers(configuration)
        found += vocabulary.of_usage(engine, configuration, tagged.relation, readers)
    found = [one for one in found if period in (None, one.period)]
    left_out = [
        f"tag `{key}` of {source} has {count:,} values, so it says which call, and not whose"
        for source, keys in tagged.left_out.items()
        for key, count in keys.items()
    ]
    proposals = aliases.proposals(configuration, found)
    return _Looked(configuration, found, proposals, named_tags(configuration), left_out)


def _readers(configuration: Configuration) -> vocabulary.Readers:
    """Which keys read a tag key (R7)."""
    entries = [Reader(key.name, entry) for key in configuration.taxonomy for entry in key.tags]
    known: dict[str, list[Reader]] = {}

    def readers(tag: str) -> Sequence[Reader]:
        if tag not in known:
            known[tag] = [one for one in entries if speaks_for(tag, one.entry)]
        return known[tag]

    return readers


def _months(engine: Engine, run: Run) -> list[str]:
    rows = engine.rows(f"SELECT DISTINCT x_Period FROM {run.relation('groups')} ORDER BY ALL")
    return [period for (period,) in rows]


def _paste(screen: Screen, project: Path, looked: _Looked, file: str) -> int:
    known = pasting.files(looked.proposals)
    if file not in known:
        hint = did_you_mean(file, known)
        screen.note(f"nothing is proposed for `{file}`" + (f"\n\nhint: {hint}" if hint else ""))
        return EXIT_WELL
    text = pasting.lines_for(file, project, looked.configuration, looked.proposals)
    click.echo(text, nl=False)
    return EXIT_WELL


def _put(engine: Engine, looked: _Looked, form: str) -> None:
    """All rows on stdout, exact."""
    of_values: dict[tuple[str, str], Proposal] = {}
    of_tags: dict[str, Proposal] = {}
    for proposal in looked.proposals:
        is_value = proposal.kind in ("alias", "value") or not _is_tag(looked, proposal)
        if is_value:
            of_values[proposal.key, proposal.text] = proposal
        else:
            of_tags[proposal.text] = proposal
    rows = []
    for one in looked.found:
        said = (
            [] if one.value is None else [of_values.get((k, one.value.strip())) for k in one.keys]
        )
        said += [] if one.keys else [of_tags.get(one.tag_key)]
        state = _BETWEEN.join(one.states) or (_RULES if _in_rules(looked, one) else None)
        rows.append(_row(one, state, [proposal for proposal in said if proposal is not None]))
    engine.table("tags_found", _COLUMNS, rows)
    put(engine, "SELECT * FROM tags_found ORDER BY ALL", form, None)


def _is_tag(looked: _Looked, proposal: Proposal) -> bool:
    return proposal.kind == "tag" or any(
        one.tag_key == proposal.text and not one.keys for one in looked.found
    )


def _in_rules(looked: _Looked, one: Found) -> bool:
    return not one.keys and PREFIX + one.tag_key in looked.in_rules


def _row(one: Found, state: str | None, said: Sequence[Proposal]) -> tuple[object, ...]:
    is_bill = one.of == vocabulary.BILLS
    is_priced = not is_bill and one.currency is not None
    return (
        one.of,
        one.source or None,
        one.period,
        one.currency,
        one.tag_key,
        one.value,
        one.amount if is_bill else None,
        one.amount if is_priced else None,
        one.lines,
        _BETWEEN.join(one.keys) or None,
        state,
        _BETWEEN.join(filter(None, one.means)) or None,
        _BETWEEN.join(p.value or p.key for p in said if p.into) or None,
        _BETWEEN.join(p.into for p in said if p.into) or None,
        "; ".join(p.because for p in said) or None,
    )


def _show(screen: Screen, project: Path, looked: _Looked) -> None:
    """Tag keys by cost, values that nobody declared, and what could be added."""
    if not looked.found:
        screen.note("no line of the bills and no telemetry carries a tag")
        return
    bills = [one for one in looked.found if one.of == vocabulary.BILLS]
    usage = [one for one in looked.found if one.of == vocabulary.USAGE]
    for currency in dict.fromkeys(one.currency or "" for one in bills):
        of_it = [one for one in bills if one.currency == currency]
        title = f"tags of bills, {_span(of_it)}, {currency}"
        _show_keys(screen, looked, of_it, title=title, currency=currency)
    for source in dict.fromkeys(one.source for one in usage):
        of_it = [one for one in usage if one.source == source]
        title = f"tags of {source}, {_span(of_it)}"
        _show_keys(screen, looked, of_it, title=title, currency=None)
    _show_undeclared(screen, looked)
    for note in looked.left_out:
        screen.note(fill(note, screen.width))
    _show_proposed(screen, project, looked.proposals)


def _span(found: Iterable[Found]) -> str:
    months = sorted({one.period for one in found})
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _show_keys(
    screen: Screen, looked: _Looked, found: Sequence[Found], *, title: str, currency: str | None
) -> None:
    """A row for each tag key: who reads it, its values, and how much carries it."""
    by_key: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_key[one.tag_key].append(one)
    size = _cost if currency else _count
    carried = {key: size(one for one in of if one.value is not None) for key, of in by_key.items()}
    whole = {key: size(of) for key, of in by_key.items()}
    rows = []
    for key in sorted(by_key, key=lambda key: (-carried[key], key)):
        of = by_key[key]
        if all(one.value is None for one in of):
            continue  # another currency's
        values = {one.value for one in of if one.value is not None}
        bad = {one.value for one in of if one.is_undeclared}
        share = figures.share(Decimal(carried[key]), Decimal(whole[key]))
        shown = figures.amount(carried[key], currency) if currency else f"{carried[key]:,}"
        by_rules = _RULES if _in_rules(looked, of[0]) else figures.NOTHING
        read_by = ", ".join(of[0].keys) or by_rules
        undeclared = f"{len(bad):,}" if bad else figures.NOTHING
        rows.append([key, read_by, f"{len(values):,}", undeclared, shown, figures.percent(share)])
    columns = (
        Column("tag key"),
        Column("read by"),
        Column("values", "figure"),
        Column("not declared", "figure"),
        Column("EffectiveCost" if currency else _CALLS, "figure"),
        Column("share", "figure"),
    )
    largest = max(whole.values())
    total = figures.amount(largest, currency) if currency else f"{largest:,}"
    name = "bill in scope" if currency else "all"
    screen.line(title, "bold")
    screen.table(Table(columns, rows[:_KEYS_MAX], [[name, "", "", "", total, "100.0 %"]]))
    screen.more(len(rows) - _KEYS_MAX)
    screen.line()


def _cost(found: Iterable[Found]) -> Decimal:
    total = Decimal(0)
    for one in found:
        total = EXACT.add(total, one.amount)
    return total


def _count(found: Iterable[Found]) -> Decimal:
    return Decimal(sum(one.lines for one in found))


def _show_undeclared(screen: Screen, looked: _Looked) -> None:
    """Values that a key reads and that are none of its list, the largest first."""
    costs: dict[tuple[str, str, str], dict[str, Decimal]] = defaultdict(dict)
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in looked.found:
        for key, state in zip(one.keys, one.states, strict=False):
            if one.value is None or state not in ("undeclared", "not valid"):
                continue
            at = (one.value.strip(), key, state)
            counts[at] += one.lines
            if one.of == vocabulary.BILLS and one.currency:
                before = costs[at].get(one.currency, Decimal(0))
                costs[at][one.currency] = EXACT.add(before, one.amount)
    if not counts:
        return
    order = sorted(counts, key=lambda at: (-max(costs[at].values(), default=Decimal(0)), at))
    rows = [[*at, _costs(costs[at]), f"{counts[at]:,}"] for at in order]
    columns = (
        Column("value"),
        Column("of", "word"),
        Column("state", "word"),
        Column("EffectiveCost", "figure"),
        Column("lines, calls or hours", "figure"),
    )
    screen.line("values that give no owner", "bold")
    screen.table(Table(columns, rows[:_VALUES_MAX]))
    screen.more(len(rows) - _VALUES_MAX)
    screen.line()


def _costs(costs: dict[str, Decimal]) -> str:
    listed = [f"{figures.amount(cost, currency)} {currency}" for currency, cost in costs.items()]
    return ", ".join(listed) or figures.NOTHING


def _show_proposed(screen: Screen, project: Path, proposals: Sequence[Proposal]) -> None:
    """What could be added, with its evidence; and how to have it as lines to paste."""
    shown = [one for one in proposals if one.kind != "value"]
    if not shown:
        screen.note("nothing to propose")
        return
    screen.line("proposed, and added by nobody but you", "bold")
    for one in shown[:_PROPOSED_MAX]:
        what = {
            "alias": f"`{one.text}` means {one.key} `{one.value}`",
            "tag": f"tag `{one.text}` says {one.key}",
            "look": f"look at `{one.text}`, {one.key}",
        }[one.kind]
        text = f"{what}: {one.because}; {_costs(dict(one.costs))}"
        for line in fill(text, screen.width - 2, subsequent_indent="  ").split("\n"):
            screen.line(f"  {line}")
    screen.more(len(shown) - _PROPOSED_MAX)
    screen.line()
    lists = {one.into: one.key for one in proposals if one.kind == "value"}
    hints.show(
        screen,
        [
            Hint(
                hints.command("taxonomy", "--for", file, project=project),
                f"a new list: `values: {file}` of {lists[file]}"
                if file in lists
                else "the lines as they would stand there",
            )
            for file in pasting.files(proposals)
        ],
    )


commands = {"taxonomy": taxonomy}
