"""Writes docs/reference/ from code and data, and runs what pages show: `python docs/generate.py`.

Every page is made of what the program itself uses, so it can't say anything else; a test fails
where a page in the repository is not what this script would write.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from markdown import code, fenced, page, table
from settings_page import page_of_settings
from transcript import played
from usage_formats import usage_section

from everyline import money, resource_types
from everyline.answers.meanings import known
from everyline.charges.grouping import BASE
from everyline.charges.naming import built_in
from everyline.cli import COMMANDS, everyline
from everyline.config.columns import FOCUS
from everyline.relations import ABSENT, PRESENT, RELATIONS, TAG_STATES, Column, Relation
from everyline.sources import formats

PLAYED = ("start.md", "guides/when-a-run-stops.md")
"""Pages whose command lines are run, from the top, and shown with what they print."""

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "tests" / "errors"

_HELP_WIDTH = 100
_SPELLINGS_SHOWN = 4


def pages() -> dict[str, str]:
    """The text of every page of docs/reference/, by file name."""
    makers: dict[str, Callable[[], str]] = {
        "commands.md": commands,
        "currencies.md": currencies,
        "formats.md": formats_page,
        "layers.md": layers,
        "names.md": names,
        "planned.md": planned,
        "problems.md": problems,
        "relations.md": relations,
        "settings.md": page_of_settings,
    }
    return {name: make() for name, make in makers.items()}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def commands() -> str:
    """What `--help` says of everything."""
    shown = [fenced(_help(everyline, "everyline"))]
    context = click.Context(everyline, info_name="everyline")
    seen: dict[str, str] = {}
    for name, command in _all_commands(context):
        text = _help(command, f"everyline {name}")
        options = text[text.index("\nOptions:\n") :].partition("\n\n")[0]
        alike = seen.setdefault(options, name)
        shown += [f"## {name}", fenced(text if alike == name else text.replace(options, ""))]
        shown += [] if alike == name else [f"Options: as of [{alike}](#{alike})."]
    return page(
        "Commands",
        "Data goes to stdout, everything else to stderr. No colour and no progress where either is"
        " no terminal, or where `NO_COLOR` is set.",
        table(
            ("exit code", "means"),
            (
                ("0", "well; warnings included"),
                ("1", "a problem of level `stop` in the data; nothing was published"),
                ("2", "a mistake in the command line or in the configuration"),
                ("3", "a gate or a check at provisioning was not passed"),
                ("70", "a fault of everyline's own; nothing was published"),
            ),
        ),
        table(
            ("environment variable", "does"),
            (
                ("`EVERYLINE_THREADS`", "how many threads the engine uses"),
                (
                    "`EVERYLINE_MEMORY`",
                    "how much memory it may use, `4GB` or `50%`; a quarter if not set",
                ),
                ("`EVERYLINE_TRACEBACK`", "if set, shows all of a traceback of exit code 70"),
                ("`NO_COLOR`", "if set, no colour and no progress"),
            ),
        ),
        *shown,
    )


def _all_commands(context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command by its name, and those of a group after it."""
    for name in COMMANDS:
        command = everyline.get_command(context, name)
        assert command is not None, name
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())


def _help(command: click.Command, name: str) -> str:
    # A command keeps the first names of its help option that it is asked by.
    context = click.Context(
        command,
        info_name=name,
        terminal_width=_HELP_WIDTH,
        max_content_width=_HELP_WIDTH,
        help_option_names=everyline.context_settings["help_option_names"],
    )
    return command.get_help(context)


_STAND_INS = (
    ("`KEYS`", "for each taxonomy key `k` a column `k` and a column `k_evidence`"),
    ("`K_TAG`", "for each taxonomy key `k` a column `k_tag`"),
    ("`K_RULE`", "for each taxonomy key `k` a column `k_rule`"),
    (
        "`GROUP_KEY`",
        (
            f"{', '.join(map(code, BASE))}, and every column and tag that the configuration names"
            " where it reads charges (R5)"
        ),
    ),
    ("`*`", "the columns of FOCUS 1.4 that the bills have"),
)


def relations() -> str:
    """The data dictionary, and the words of evidence."""
    parts = [
        (
            "Measures are DECIMAL(38,18), exact and signed; times are UTC. In CSV and JSON they are"
            " written in full. Column names stand for several where they are one of these:"
        ),
        table(("name", "stands for"), _STAND_INS),
        "## Evidence",
        "`k_evidence` is never empty. It says how the value was found: "
        + ", ".join(map(code, PRESENT))
        + ". Or why there is none: "
        + ", ".join(map(code, ABSENT))
        + ". `k_tag` says how the bill was tagged: "
        + ", ".join(map(code, TAG_STATES))
        + ".",
    ]
    for relation in RELATIONS:
        parts += [f"## {relation.name}", *_relation(relation)]
    return page("Relations", *parts)


def _relation(relation: Relation) -> list[str]:
    where = f"One row is {relation.grain}. Made by `{relation.maker}`"
    where += ", in each run." if relation.stored else ", where somebody asks for it."
    columns = [_column(column, column.name in relation.key) for column in relation.columns]
    return [where, table(("column", "type", "meaning"), columns)]


def _column(column: Column, is_key: bool) -> tuple[str, str, str]:
    mark = " (key)" if is_key else ""
    return f"{code(column.name)}{mark}", column.kind, column.meaning


def problems() -> str:
    """Every problem: its level, what it means, and an example where the tests have one."""
    parts = [
        (
            "A problem says what is wrong, where, how much money it touches, and what to do. `stop`"
            " publishes nothing (exit 1), `configuration` neither (exit 2), `fail` does not pass a"
            " check of what is planned (exit 3), `warn` is told and goes on (exit 0)."
        )
    ]
    for row in sorted(known(), key=lambda row: row["problem"]):
        parts += [f"## {row['problem']}", f"Level: {row['level']}. {row['meaning']}"]
        if example := _example(row["problem"]):
            parts.append(fenced(example))
    return page("Problems", *parts)


def _example(problem: str) -> str:
    """The first text of the catalogue of bad input that says this problem; empty if none does."""
    said = re.compile(rf"^\w+\[{problem}\].*?(?=\n\w+\[|\Z)", re.MULTILINE | re.DOTALL)
    for path in sorted((EXAMPLES / problem).rglob("expected.txt")):
        if found := said.search(path.read_text("utf-8")):
            return found[0]
    return ""


def formats_page() -> str:
    """Every format of bills and usage: which field is which column, and what replaces what."""
    parts = [
        (
            "Cells are trimmed, an empty one is absent, and every number is read from its text"
            " (R2). A natural key says which later row replaces an earlier one; without one every"
            " row counts (R1)."
        ),
        "## Formats of bills",
        "A bill is an entry of `bills` with one of these formats.",
    ]
    for name, one in formats().items():
        parts += [f"### {name}", one.title[0].upper() + one.title[1:] + "."]
        if one.natural_key:
            parts.append("Natural key: " + ", ".join(map(code, one.natural_key)) + ".")
        if one.null_words:
            parts.append("Also absent: the words " + ", ".join(map(code, one.null_words)) + ".")
        rows = _rows(DOCS / "formats" / f"{name}.csv")
        parts.append(
            table(
                ("in the file", "in charges", "note"),
                [(row["native"], row["ours"] or "-", row["note"]) for row in rows],
            )
        )
        if one.constants:
            constants = [(code(column), text) for column, text in one.constants.items()]
            parts.append(table(("constant column", "value"), constants))
    kinds = [(code(name), kind) for name, kind in FOCUS.items()]
    parts += usage_section()
    parts += ["## Columns of FOCUS 1.4", table(("column", "type"), sorted(kinds))]
    return page("Formats", *parts)


def layers() -> str:
    """The built-in rules of R4."""
    rows = []
    for row in built_in():
        tests = [
            f"{column} {code(cell)}"
            for column, cell in row.items()
            if cell and column not in ("name", "layer", "candidate", "source")
        ]
        layer = row["layer"] if not row["candidate"] else f"{row['layer']} (candidate)"
        rows.append((code(row["name"]), layer, ", ".join(tests), row["source"]))
    return page(
        "Layers",
        "A line's layer is that of the first entry of `layers` in everyline.yaml that matches, else"
        " the bill's own `layer`, else that of the first rule below whose filled cells all match,"
        " else `none` (R4). Texts are compared trimmed and without case; `*` is any text, and `|`"
        " stands between alternatives. `x_LayerRule` of every line keeps what decided."
        " A *candidate* is `none` until you decide; `everyline scope` lists it.",
        table(("rule", "layer", "matches", "why"), rows),
    )


def names() -> str:
    """The tables of R27."""
    parts = [
        (
            "Vendors spell one thing in many ways. Names are looked up trimmed and without case"
            " (R27). The tables are CSV files in the package, `everyline/names/`; the project's own"
            " files `models` and `meters` go before them."
        )
    ]
    for title, file, column, shown in (
        ("Providers", "providers.csv", "ServiceProviderName", None),
        ("Meters", "meters.csv", "x_Meter", _SPELLINGS_SHOWN),
        ("Models", "models.csv", "x_Model", _SPELLINGS_SHOWN),
    ):
        spellings = _spellings(file, column)
        count = sum(map(len, spellings.values()))
        rows = [
            (code(name), str(len(all_)), _some(all_, shown)) for name, all_ in spellings.items()
        ]
        parts += [
            f"## {title}",
            f"{len(spellings)} names for {count:,} spellings, in `everyline/names/{file}`.",
            table((column, "spellings", "such as" if shown else "all of them"), rows),
        ]
    return page("Names", *parts)


def _spellings(file: str, column: str) -> dict[str, list[str]]:
    text = (files("everyline.names") / file).read_text("utf-8")
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row[column], []).append(row["name"])
    return dict(sorted(found.items(), key=lambda pair: (pair[0].casefold(), pair[0])))


def _some(spellings: Sequence[str], shown: int | None) -> str:
    return ", ".join(map(code, list(spellings)[:shown]))


_TOOLS = {
    "terraform": "Terraform and OpenTofu",
    "cloudformation": "CloudFormation",
    "arm": "ARM and Bicep",
    "kubernetes": "Kubernetes",
}


def planned() -> str:
    """Which planned things are known to cost AI money."""
    parts = [
        (
            "What `everyline check --plan` and `--manifests` judge. A type costs AI money always,"
            " or where a condition holds: a path into its properties and what lies there, `|`"
            " between alternatives, `*` for any text, case aside; a path alone where anything does."
            " The tables are CSV files in the package, `everyline/provisioning/types/`."
        )
    ]
    for tool, title in _TOOLS.items():
        whens: dict[tuple[str, ...], list[str]] = {}
        for kinds in resource_types.known(tool).values():
            for kind in kinds:
                tags = ", ".join(map(code, kind.tags)) or "takes none"
                row = (code(kind.type), kind.layer, tags, kind.source)
                tests = [f"{p} = {'|'.join(g)}" if g else p for p, g in kind.when.items()]
                whens.setdefault(row, []).append(" and ".join(map(code, tests)))
        parts += [
            f"## {title}",
            table(
                ("type", "layer", "where", "tags that reach the bill", "why"),
                [
                    (type_, layer, " or ".join(filter(None, when)), tags, source)
                    for (type_, layer, tags, source), when in sorted(whens.items())
                ],
            ),
        ]
    return page("Planned types", *parts)


def currencies() -> str:
    """Minor units, by which statements are rounded."""
    by_digits: dict[int, list[str]] = {}
    for currency, digits in sorted(money.currencies().items()):
        by_digits.setdefault(digits, []).append(currency)
    return page(
        "Currencies",
        "Statements are rounded to the minor unit of the currency (R23, ISO 4217). A bill in a"
        " code that is not listed here stops the run.",
        table(
            ("digits", "currencies"),
            [(str(digits), " ".join(found)) for digits, found in sorted(by_digits.items())],
        ),
    )


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / "reference" / name).write_text(text, encoding="utf-8")
    for path in (DOCS / name for name in PLAYED):
        with TemporaryDirectory() as folder:
            shown = played(path.read_text("utf-8"), Path(folder))
        path.write_text(shown, encoding="utf-8")
