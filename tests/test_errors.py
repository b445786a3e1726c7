"""The catalogue of bad input: what is said of it, letter by letter, and nothing published.

`errors/<problem>/`, or `errors/<problem>/<a sentence>/`, holds the smallest project that provokes
the problem: its files, `errors/everyline.yaml` where it has no everyline.yaml, and where files are
no text a recipe, a Python file with a function `write(folder)`. A recipe may also say with
`problems(folder)` whom else than `check` and `run` to ask.

`expected.txt` has the exit code and the problems as `everyline check` prints them; where only `run`
finds them all, the first line says so. `REWRITE=1 pytest tests/test_errors.py` writes these files
anew; what then differs is there to be reviewed.
"""

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from everyline import pipeline
from everyline.cli.screen import problem_text
from everyline.problems import EXIT_WELL, Problem, exit_code, in_order
from source_trees import PACKAGE

CATALOGUE = Path(__file__).parent / "errors"
EXPECTED = "expected.txt"
USUAL = CATALOGUE / "everyline.yaml"
REWRITE = os.environ.get("REWRITE") == "1"

# What is wrong with a whole file, or with a file that is not there, has no line.
WITHOUT_LINE = {
    "books-damaged",
    "configuration-missing",
    "gap-between-files",
    "inputs-changed",
    "missing-page",
    "no-charges",
    "no-rows",
    "no-run",
    "policy-too-long",
    "repeated-file",
    "run-damaged",
    "series-in-two-files",
    "two-groupings",
}
WITHOUT_COST = {
    "no-currency",
    "null-cost",
    "repeated-header",
    "unreadable-date",
    "unreadable-number",
}
LINES = {".csv", ".json", ".jsonl", ".yaml"}

# Hints are not needed where the sentence says what is wanted instead.
WANTED = re.compile(r" takes | must be |no regex")
OF_THE_WHOLE = re.compile("can't be opened|name of the file|kind of line end")
BANNED = re.compile(r"\b(?:invalid|failed to|please|simply)\b|Traceback", re.IGNORECASE)


def _cases() -> list[Path]:
    """Folders of the catalogue that hold a case: those with files, and no case within."""
    given = [CATALOGUE / path.relative_to(CATALOGUE).parts[0] for path in CATALOGUE.glob("*/*")]
    found = []
    for folder in sorted(set(given)):
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and _is_case(path))
        assert not (inner and _is_case(folder)), f"{folder.name} is a case and holds cases"
        found += [folder] if _is_case(folder) else inner
    return found


def _is_case(folder: Path) -> bool:
    return (folder / EXPECTED).exists()


def _name(case: Path) -> str:
    return case.relative_to(CATALOGUE).as_posix()


def _recipe(case: Path) -> dict[str, Any]:
    recipe = next(iter(case.glob("*.py")), None)
    return runpy.run_path(str(recipe)) if recipe else {}


def _project(case: Path, folder: Path, recipe: dict[str, Any]) -> None:
    """The case's own files in `folder`, beside an empty folder `bills` and what a recipe makes."""
    wanted = case.name if case.parent == CATALOGUE else case.parent.name
    shutil.copytree(case, folder, ignore=shutil.ignore_patterns(EXPECTED, "*.py", "__pycache__"))
    if wanted != "configuration-missing" and not (folder / USUAL.name).exists():
        shutil.copy(USUAL, folder)
    (folder / "bills").mkdir(exist_ok=True)
    write: Callable[[Path], None] | None = recipe.get("write")
    if write:
        write(folder)


def _said(folder: Path, recipe: dict[str, Any]) -> tuple[str, Sequence[Problem]]:
    """First line of the expected text, and the problems."""
    if ask := recipe.get("problems"):
        found: Sequence[Problem] = in_order(ask(folder))
        return f"exit {exit_code(found)}", found
    checked = pipeline.check(folder).problems
    assert not (folder / ".everyline").exists(), "check has written into the project"
    outcome = pipeline.run(folder)
    code = exit_code(outcome.problems)
    published = (folder / ".everyline" / "current").exists()
    assert published == (code == EXIT_WELL) == (outcome.run is not None)
    if not published:
        assert not list(folder.glob(".everyline/runs/*/*")), "a run is left half-written"
    more = set(outcome.problems) - set(checked)
    assert set(checked) <= set(outcome.problems)
    return f"exit {code}" + (", found by `run`" if more else ""), outcome.problems


def _text(first: str, problems: Sequence[Problem], folder: Path) -> str:
    texts = "\n\n".join([first, *map(problem_text, problems)]) + "\n"
    # Where the project lies and what a run is called tells the reader nothing.
    return re.sub(r"\b[0-9a-f]{64}\b", "<run>", texts.replace(str(folder), "<project>"))


@pytest.mark.parametrize("case", _cases(), ids=_name)
def test_bad_input_ends_in_a_named_problem_and_nothing_is_published(
    case: Path, tmp_path: Path
) -> None:
    folder, recipe = tmp_path / "project", _recipe(case)
    _project(case, folder, recipe)
    first, problems = _said(folder, recipe)
    text = _text(first, problems, folder)
    if REWRITE:
        (case / EXPECTED).write_text(text, encoding="utf-8")
    assert text == (case / EXPECTED).read_text(encoding="utf-8")
    assert _name(case).split("/")[0] in {problem.name for problem in problems}
    assert not BANNED.search(text)
    assert str(tmp_path) not in text
    for problem in problems:
        _complete(problem)


def _complete(problem: Problem) -> None:
    """It says where, how much and what to do, as far as that can be known."""
    assert problem.place
    assert not problem.place.startswith("/")
    assert problem.hint or WANTED.search(problem.sentence)
    assert not problem.sentence.endswith(".")
    if problem.name not in WITHOUT_COST and problem.count:
        assert problem.cost is not None
    file, _, line = problem.place.partition(":")
    in_lines = Path(file).suffix in LINES and not OF_THE_WHOLE.search(problem.sentence)
    if problem.name not in WITHOUT_LINE and in_lines:
        assert re.fullmatch(r"\d+(:\d+)?", line), f"{problem.place} has no line"


def test_every_problem_that_the_code_can_name_has_its_folder() -> None:
    named = set(_problem_names())
    folders = {case.name if case.parent == CATALOGUE else case.parent.name for case in _cases()}
    assert named - folders == set()
    assert folders - named == set()


def _problem_names() -> Iterator[str]:
    """Texts of two words and more that stand where the code puts the names of problems."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for value in _given(node):
                text = value.value if isinstance(value, ast.Constant) else None
                if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", text):
                    yield text


def _given(node: ast.AST) -> Iterator[ast.AST | None]:
    """What `node` gives as the name of a problem."""
    settings = ("custom_error_type", "name", "problem")
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2]
        if called in ("Note", "Notice", "_Check", "_stop", "note", "refuse", "report"):
            yield from node.args[:1]
        if called == "_found":
            yield from node.args[1:2]
        if called not in ("Format", "Telemetry"):
            yield from (word.value for word in node.keywords if word.arg in settings)
    elif isinstance(node, ast.arguments):
        words = zip(node.kwonlyargs, node.kw_defaults, strict=True)
        yield from (default for word, default in words if word.arg in settings)
    elif isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in settings:
        yield node.value
    elif isinstance(node, ast.Dict):  # of a test in SQL to a name, and what else is said
        for value in node.values:
            yield from value.elts[:1] if isinstance(value, ast.Tuple) else ()
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_NAMES":
        yield from ast.walk(node.value)


def test_the_command_prints_the_same_and_no_traceback(tmp_path: Path) -> None:
    case = CATALOGUE / "unreadable-number" / "a-thousands-separator"
    folder = tmp_path / "project"
    _project(case, folder, {})
    done = subprocess.run(
        [sys.executable, "-m", "everyline", "check", "--project", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    code, _, text = (case / EXPECTED).read_text(encoding="utf-8").partition("\n\n")
    assert (f"exit {done.returncode}", done.stdout) == (code, "")
    assert text.strip() in done.stderr
    assert "Traceback" not in done.stderr


# What looks bad and is not


def _bills(folder: Path, **texts: str) -> Path:
    """A project with a FOCUS bill for each text: costs, one a line."""
    (folder / "bills").mkdir(parents=True)
    shutil.copy(USUAL, folder)
    head = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd\n"
    for name, costs in texts.items():
        rows = "".join(f"{cost},USD,2026-10-01,2026-10-02\n" for cost in costs.split())
        (folder / "bills" / f"{name}.csv").write_text(head + rows, encoding="utf-8")
    return folder


def _billed(outcome: pipeline.Outcome) -> str:
    assert outcome.run is not None
    (line,) = [one for one in outcome.run.manifest["control"] if one["cost"] == "BilledCost"]
    return str(line["charges"])


def test_a_number_of_28_decimals_is_rounded_half_even_and_what_that_took_away_is_kept(
    tmp_path: Path,
) -> None:
    """R2: 12.345678901234567890|1234567890 keeps 18 decimals and loses 1234567890 x 10^-28.

    In the second file 0.0000000000000000005 is halfway to 0 and to 10^-18; 0 is even, so 5 x 10^-19
    is lost. Lost in all: 0.0000000000000000001234567890 + 0.0000000000000000005.
    """
    long = "12.3456789012345678901234567890"
    outcome = pipeline.run(_bills(tmp_path / "project", a=long, b="0.0000000000000000005 1"))
    assert outcome.run is not None
    assert outcome.problems == []
    assert _billed(outcome) == "13.345678901234567890"
    manifest = json.loads((outcome.run.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["rounded"] == {"cloud": {"BilledCost": [2, "0.0000000000000000006234567890"]}}


def test_signs_of_a_glob_in_a_file_name_lead_to_no_other_file(tmp_path: Path) -> None:
    """1 + 2 + 4 + 8: were names taken as globs, `*` would be read as all four files."""
    texts = {"a[1]": "1", "a1": "2", "*": "4", "?1": "8"}
    assert _billed(pipeline.run(_bills(tmp_path / "project", **texts))) == "15.000000000000000000"


def test_names_of_folders_are_no_columns(tmp_path: Path) -> None:
    folder = _bills(tmp_path / "project")
    parquet = folder / "bills" / "team=search" / "october.parquet"
    parquet.parent.mkdir()
    day = "TIMESTAMP '2026-10-01'"
    duckdb.sql(
        f"COPY (SELECT 1::DECIMAL(9,2) AS BilledCost, 'USD' AS BillingCurrency, {day} AS"
        f" ChargePeriodStart, {day} + INTERVAL 1 DAY AS ChargePeriodEnd) TO '{parquet}'"
    )
    (folder / USUAL.name).write_text(USUAL.read_text().replace("bills/*", "bills/**/*"))
    outcome = pipeline.run(folder)
    assert outcome.problems == []
    assert _billed(outcome) == "1.000000000000000000"


def test_calls_of_very_many_tags_are_read_and_summed_by_the_ones_that_matter(
    tmp_path: Path,
) -> None:
    """Two calls of 5,000 tags each, 1,000 tokens a call; all tags but `team` differ."""
    folder = _bills(tmp_path / "project", october="1")
    usage = '\nusage:\n  - {name: langfuse, format: langfuse, path: "usage/*"}\n'
    (folder / USUAL.name).write_text(USUAL.read_text() + usage)
    calls = []
    for number in range(2):
        tags = [f"key-{number}-{at}:value" for at in range(5_000)]
        call: dict[str, Any] = {"id": str(number), "traceId": "a", "type": "GENERATION"}
        call |= {
            "model": "gpt-5",
            "startTime": "2026-10-01T09:00:00Z",
            "usageDetails": {"input": 1000},
        }
        calls.append(json.dumps(call | {"tags": ["team:search", *tags]}))
    (folder / "usage").mkdir()
    (folder / "usage" / "calls.jsonl").write_text("\n".join(calls), encoding="utf-8")
    outcome = pipeline.run(folder)
    assert outcome.problems == []
    assert outcome.run is not None
    sql = outcome.run.relation("usage")
    query = f"SELECT Tags, x_Meter, x_Quantity FROM {sql} ORDER BY ALL"
    rows = duckdb.connect().execute(query).fetchall()
    assert [(tags, meter, int(quantity)) for tags, meter, quantity in rows] == [
        ('{"team":"search"}', "input_tokens", 2000),
        ('{"team":"search"}', "requests", 2),
    ]
