"""Documentation that can't rot: pages made of code, commands that run, links that lead somewhere.

`python docs/generate.py` writes anew what the first tests compare.
"""

import csv
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from everyline import config
from everyline.cli import COMMANDS
from everyline.cli import everyline as command_line
from everyline.config.columns import FOCUS, USAGE
from everyline.config.sources import BILL_FORMATS, USAGE_FORMATS
from everyline.sources import formats, usage_formats
from source_trees import PACKAGE, ROOT

DOCS = ROOT / "docs"
ERRORS = ROOT / "tests" / "errors"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
ANEW = "python docs/generate.py"

NO_PROBLEMS = {*BILL_FORMATS, *USAGE_FORMATS, "step-down", "github-copilot", "x-ai"}
NO_PROBLEMS |= {"no-op", "system-out"}
"""Words joined by hyphens in the code that are no name of a problem; so are encodings."""


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    """The script docs/generate.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield importlib.import_module("generate")


@pytest.fixture(scope="module")
def transcript(generate: ModuleType) -> ModuleType:
    """The module docs/transcript.py."""
    return importlib.import_module("transcript")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


page = pytest.mark.parametrize("path", PAGES, ids=_name)


def _prose(text: str) -> str:
    """A page without its fences."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


# Pages that are made


def test_reference_pages_are_what_code_and_data_say(generate: ModuleType) -> None:
    made = generate.pages()
    written = {path.name: path.read_text("utf-8") for path in (DOCS / "reference").glob("*.md")}
    assert written.keys() == made.keys()
    assert [name for name in made if made[name] != written[name]] == [], f"run `{ANEW}`"


@pytest.mark.parametrize("name", ["start.md", "guides/when-a-run-stops.md"])
def test_commands_in_pages_print_what_the_pages_show(
    name: str, generate: ModuleType, transcript: ModuleType, tmp_path: Path
) -> None:
    assert name in generate.PLAYED
    shown = (DOCS / name).read_text("utf-8")
    assert transcript.played(shown, tmp_path) == shown, f"run `{ANEW}`"


def test_every_page_with_console_output_is_played(
    generate: ModuleType, transcript: ModuleType
) -> None:
    consoles = {
        path.relative_to(DOCS).as_posix()
        for path in DOCS.rglob("*.md")
        if any(fence.language == "console" for fence in transcript.fences(path.read_text("utf-8")))
    }
    assert consoles == set(generate.PLAYED)


# Names that must be documented


def test_every_name_of_a_problem_in_the_code_is_documented_and_no_other() -> None:
    quoted = re.compile(r'"([a-z]+(?:-[a-z0-9]+)+)"')
    code = "\n".join(
        path.read_text("utf-8")
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in ("cli", "demo", "drawing", "starting", "web")
    )
    named = {name for name in quoted.findall(code) if not name.startswith("utf-")} - NO_PROBLEMS
    assert {row["problem"] for row in _rows(PACKAGE / "problems.csv")} == named


def test_a_problem_has_the_level_that_its_page_says() -> None:
    levels = {row["problem"]: row["level"].split(" or ") for row in _rows(PACKAGE / "problems.csv")}
    wrong = []
    for path in ERRORS.rglob("expected.txt"):
        for level, name in re.findall(
            r"^(error|stop|fail|warn)\[([a-z-]+)\]", path.read_text("utf-8"), re.M
        ):
            said = "configuration" if level == "error" else level
            if said not in levels[name]:
                wrong.append(f"{_name(path)}: {name} is {said}")
    assert wrong == []


@pytest.mark.parametrize("name", formats())
def test_every_column_that_a_format_gives_is_in_its_table(name: str) -> None:
    table = _rows(DOCS / "formats" / f"{name}.csv")
    module = PACKAGE / "sources" / f"{name.replace('-', '_')}.py"
    columns = getattr(
        importlib.import_module(f"everyline.sources.{module.stem}"), "_COLUMNS", tuple[str]()
    )
    ours = {row["ours"] for row in table}
    spelt = {word for word in ours if " " not in word and word}
    assert set(columns) <= ours
    assert {word for word in spelt if not word.startswith("x_")} <= FOCUS.keys()
    natives = {row["native"].rpartition(".")[2] for row in table if row["native"].isascii()}
    code = module.read_text("utf-8")
    assert [word for word in natives if re.fullmatch(r"[a-z_]+", word) and word not in code] == []


@pytest.mark.parametrize("name", [name for name in usage_formats() if name != "table"])
def test_a_format_of_usage_says_in_its_docstring_what_becomes_of_which_field(name: str) -> None:
    """The page of formats shows that docstring, so it has to name every column and no other."""
    module = importlib.import_module(f"everyline.sources.{name.replace('-', '_')}")
    said = module.__doc__ or ""
    rows = re.findall(r"^\| (.+) \| (.+) \|$", said, re.MULTILINE)
    assert rows
    ours = " ".join(cells[-1] for cells in rows)
    columns = set(re.findall(r"\b(?:x_\w+|[A-Z][a-z]+[A-Z]\w+)\b", re.sub("`[^`]*`", "", ours)))
    assert columns <= USAGE.keys()
    given = {name for name in ("HEADER", "_COLUMNS") if hasattr(module, name)}
    header = {column for name in given for column in getattr(module, name)}
    by_amount = {"x_Meter", "x_Unit", "x_Quantity", "x_RequestCount", "x_EstimatedCurrency"}
    assert header
    assert [
        c for c in (header & USAGE.keys()) - by_amount if not re.search(rf"\b{c}\b", said)
    ] == []
    meters = usage_formats()[name].meters
    assert [meter for meter in meters if meter not in ours] == []


def test_the_page_of_formats_has_every_format_and_its_key(generate: ModuleType) -> None:
    made = generate.pages()["formats.md"]
    of_usage = made[made.index("\n## Formats of usage\n") :]
    assert [name for name in formats() if f"\n### {name}\n" not in made] == []
    for name, one in usage_formats().items():
        heading = "table of usage" if name == "table" else name
        text = of_usage.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
        assert "\n| --- | --- |" in text, name
        assert [c for c in one.natural_key if f"`{c}`" not in text] == [], name
        assert one.title[1:] in text


def test_every_command_relation_and_setting_has_its_place(generate: ModuleType) -> None:
    """A generated page that left one out would still be equal to itself."""
    made = generate.pages()
    assert [name for name in COMMANDS if f"\n## {name}\n" not in made["commands.md"]] == []
    settings = {name for kind in _kinds(config.json_schema()) for name in kind}
    assert [name for name in settings if f"| `{name}` |" not in made["settings.md"]] == []


def _kinds(schema: dict[str, object]) -> Iterator[list[str]]:
    named = dict(schema["$defs"])  # type: ignore[call-overload]
    parts = [schema, *(part for name, part in named.items() if name not in ("Condition", "Right"))]
    yield from (list(part["properties"]) for part in parts)


# What pages say


@page
def test_a_page_has_one_title_and_it_stands_first(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", _prose(text), re.MULTILINE)) == 1


@page
def test_links_lead_somewhere(path: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(path.read_text("utf-8"))):
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        other = (path.parent / file).resolve() if file else path
        if not other.exists() or (anchor and anchor not in _anchors(other)):
            dead.append(target)
    assert dead == []


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", _prose(path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _said(text: str) -> list[str]:
    """Every command line of everyline that a page has: in shell fences, or between backticks."""
    shells = re.findall(r"^```(?:sh|yml|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for shell in shells for line in shell.splitlines()]
    lines += re.findall(r"`(everyline [^`]+)`", _prose(text))
    found = (re.search(r"(?:^|[ $])(everyline [a-z_][^|>;&]*)", line) for line in lines)
    return [match[1] for match in found if match]


@page
def test_commands_and_options_that_a_page_names_exist(path: Path) -> None:
    context = click.Context(command_line)
    wrong = []
    for line in _said(path.read_text("utf-8")):
        words = line.split()[1:]
        command = command_line.get_command(context, words[0])
        if command is None:
            wrong.append(line)
            continue
        if isinstance(command, click.Group):
            command = command.get_command(context, words.pop(1))
            assert command is not None, line
        known = {"--help", *(opt for one in command.params for opt in one.opts)}
        keys = words[0] in (
            "explain",
            "statement",
            "export",
        )  # whose options are the keys of the taxonomy as well
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        wrong += [line for option in options if option not in known and not keys]
    assert wrong == []


def test_every_rule_that_code_and_pages_name_by_number_is_explained() -> None:
    explained = re.findall(r"^\| (R\d+) \|", (DOCS / "concepts/rules.md").read_text("utf-8"), re.M)
    sources = [*PACKAGE.rglob("*.py"), *PAGES]
    named = {rule for path in sources for rule in re.findall(r"\bR\d+\b", path.read_text("utf-8"))}
    assert named <= set(explained)
    assert len(explained) == len(set(explained))


@pytest.mark.parametrize(
    "name",
    ["docs/ARCHITECTURE.md", "docs/DECISIONS.md", "docs/concepts/rules.md", "CONTRIBUTING.md"],
)
def test_code_that_a_page_names_exists(name: str) -> None:
    text = _prose((ROOT / name).read_text("utf-8"))
    paths = re.findall(r"`((?:[\w*]+/)*[\w*]+(?:\.py|\.csv|\.md|/))`", text)
    gone = [
        path
        for path in paths
        if not any([*PACKAGE.glob(path.rstrip("/")), *ROOT.glob(path.rstrip("/"))])
    ]
    code = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    functions = re.findall(r"`(\w+)\(\)`", text)
    gone += [name for name in functions if not re.search(rf"^\s*def {name}\(", code, re.MULTILINE)]
    assert gone == []


@page
def test_settings_that_a_page_shows_exist(
    path: Path, transcript: ModuleType, tmp_path: Path
) -> None:
    """A fragment is read as the whole that it would be part of; its files need not be there."""
    allowed = {"file-missing", "unknown-value"}
    for number, fence in enumerate(transcript.fences(path.read_text("utf-8"))):
        if fence.language != "yaml":
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        text = fence.text
        if "taxonomy:" not in text:
            text = "taxonomy: {team: {tags: [team]}, use_case: {tags: [use_case]}}\n" + text
        (folder / "everyline.yaml").write_text(text, encoding="utf-8")
        said = [one for one in config.load(folder).problems if one.name not in allowed]
        assert said == [], fence.text
