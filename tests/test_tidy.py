"""The house rules that a script can see. Each test lists every place that breaks its rule.

The rules and their reasons stand in CONTRIBUTING.md. Where one must be broken, a list below says
where and why.
"""

import ast
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from everyline.relations import RELATIONS
from source_trees import (
    PACKAGE,
    Trees,
    at,
    calls,
    functions,
    inexact,
    line_count,
    name_in_package,
    part,
    parts_imported,
    python_files,
    texts,
    undocumented,
    written_files,
)

STAGES = (
    "sources",
    "charges",
    "usage",
    "owners",
    "allocation",
    "coverage",
    "reconciliation",
    "statements",
)
PIPELINE = ("pipeline", "reading", "making")
"""The order of the stages, and nothing else."""
PROVISIONING = "provisioning"
"""A pipeline of its own: readers of plans and the owners stage meet there, and no bill does."""

EDGES = ("cli", "engines", "people", "sources", "web")
"""Parts that may read the clock and the environment, or ask for chance."""

LINES_MAX = 400
FUNCTION_LINES_MAX = 50
PARAMETERS_MAX = 5
SQL_LINES_MAX = 80
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "misc", "core", "base", "manager"}

INEXACT_IN_PYTHON = {
    ("starting/tag_keys.py", "shares"): "exact Fractions, by which `init` ranks tag keys",
    ("sources/workbook.py", "_as_typed"): "asks whether two texts spell one double; no figure",
}
"""Functions that use `float` or divide with `/`, and why."""

INEXACT_IN_SQL = {
    "statements/round.py": "`//` of two HUGEINTs is exact, and tested equal to money.cascade",
    "allocation/split.py": "`//` of HUGEINTs within proven bounds, and tested equal to money.split",
    "sources/litellm_query.py": "asks which digits DOUBLE loses; no figure comes of it",
    "allocation/weighing.py": "`//` of a whole weight by the divisor that all of them have",
}
"""Files whose SQL divides, and why."""

CATCHES_ALL = {
    "cli/__init__.py": "the last edge: what comes here is our own fault, and exit code 70",
    "sources/archive.py": "takes back a half-written file, and raises again",
}
"""Files that catch every exception, and why."""


@pytest.fixture(scope="module")
def trees() -> Trees:
    """Every Python file of the project, parsed once."""
    return {path: ast.parse(path.read_text("utf-8")) for path in python_files()}


@pytest.fixture(scope="module")
def product(trees: Trees) -> Trees:
    """The Python files of the package."""
    return {path: tree for path, tree in trees.items() if path.is_relative_to(PACKAGE)}


def _nowhere(found: Sequence[str]) -> None:
    assert not found, "\n" + "\n".join(found)


def _lines_with(pattern: str) -> list[str]:
    """Every line of a written file with `pattern`; this file, which must spell it, left out."""
    find, found = re.compile(pattern).search, []
    for path in written_files():
        text = path.read_text("utf-8", errors="replace") if path != Path(__file__) else ""
        if find(text):  # most files are done with one look
            lines = enumerate(text.splitlines(), 1)
            found += [at(path, number, line.strip()) for number, line in lines if find(line)]
    return found


# Who may know whom


def test_stages_never_import_each_other(product: Trees) -> None:
    _nowhere(
        [
            at(path, node, f"`{part(path)}` imports `{other}`")
            for path, tree in product.items()
            if part(path) in STAGES
            for node, other in parts_imported(tree)
            if other in STAGES and other != part(path)
        ]
    )


def test_only_the_pipeline_and_the_edges_know_stages(product: Trees) -> None:
    """What all stages share must not know one of them, or two stages meet there unseen."""
    _nowhere(
        [
            at(path, node, f"`{part(path)}` imports `{other}`")
            for path, tree in product.items()
            if part(path) not in (*STAGES, *PIPELINE, PROVISIONING, "answers", "cli", "starting")
            for node, other in parts_imported(tree)
            if other in STAGES
        ]
    )


def test_only_edges_know_the_pipeline_and_nothing_knows_the_command_line(
    product: Trees,
) -> None:
    knowing = {"cli": {"cli", "__main__"}, "pipeline": {"cli", "web"}, "demo": {"cli", "demo"}}
    _nowhere(
        [
            at(path, node, f"`{part(path)}` imports `{other}`")
            for path, tree in product.items()
            for node, other in parts_imported(tree)
            if other in knowing and part(path) not in knowing[other]
        ]
    )


def test_configuration_and_engines_do_not_know_each_other(product: Trees) -> None:
    _nowhere(
        [
            at(path, node, f"`{part(path)}` imports `{other}`")
            for path, tree in product.items()
            for node, other in parts_imported(tree)
            if {part(path), other} == {"config", "engines"}
        ]
    )


def test_each_relation_is_made_by_the_one_part_that_the_data_dictionary_names(
    product: Trees,
) -> None:
    """A function makes a relation if it is called `NAME` and gives SQL, or `write_NAME`."""
    makers: dict[str, set[str]] = {relation.name: set() for relation in RELATIONS}
    for path, tree in product.items():
        maker = "pipeline" if part(path) in PIPELINE else part(path)
        if maker not in (*STAGES, "pipeline", PROVISIONING):
            continue
        for function in functions(tree):
            gives_sql = function.returns is not None and ast.unparse(function.returns) == "str"
            name = function.name.lstrip("_")
            made = name.removeprefix("write_")
            if made in makers and (made != name or gives_sql):
                makers[made].add(maker)
    assert makers == {relation.name: {relation.maker} for relation in RELATIONS}


def test_every_stage_says_what_it_takes_gives_and_keeps(product: Trees) -> None:
    found = []
    for stage in STAGES:
        file = PACKAGE / stage / "__init__.py"
        said = (ast.get_docstring(product[file]) if file in product else None) or ""
        words = ("In:", "Out:", "Grain:", "Conserves:")
        found += [f"{stage}/__init__.py lacks `{word}`" for word in words if word not in said]
    _nowhere(found)


# Size and names


def test_files_are_short(trees: Trees) -> None:
    counts = {path: len(path.read_text("utf-8").splitlines()) for path in trees}
    _nowhere([at(path, 1, f"{n} lines") for path, n in counts.items() if n > LINES_MAX])


def test_functions_are_short(trees: Trees) -> None:
    _nowhere(
        [
            at(path, function, f"`{function.name}` has {line_count(function)} lines")
            for path, tree in trees.items()
            for function in functions(tree)
            if line_count(function) > FUNCTION_LINES_MAX
        ]
    )


def test_functions_take_few_parameters(product: Trees) -> None:
    found = []
    for path, tree in product.items():
        for function in functions(tree):
            given = function.args
            names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            if count > PARAMETERS_MAX:
                found.append(at(path, function, f"`{function.name}` takes {count}"))
    _nowhere(found)


def test_files_are_named_after_what_they_hold() -> None:
    paths = (*python_files(), *(path for path in PACKAGE.rglob("*") if path.is_dir()))
    _nowhere([at(path, 1, "says nothing") for path in paths if path.stem in BANNED_NAMES])


def test_sql_files_hold_one_short_statement_and_each_is_used(product: Trees) -> None:
    code = "\n".join(path.read_text("utf-8") for path in product)
    found = []
    for path in sorted(PACKAGE.rglob("*.sql")):
        text = path.read_text("utf-8")
        statements = "\n".join(line.partition("--")[0] for line in text.splitlines())
        if len(text.splitlines()) > SQL_LINES_MAX:
            found.append(at(path, 1, "is too long"))
        if ";" in statements.strip().removesuffix(";"):
            found.append(at(path, 1, "holds more than one statement"))
        if path.stem not in code:
            found.append(at(path, 1, "is used nowhere"))
    _nowhere(found)


# Exactness and safety


def _bears_money(path: Path) -> bool:
    return part(path) != "demo"  # its figures are invented, and none of them a float


def test_money_is_never_a_float_and_divided_only_in_its_one_place(product: Trees) -> None:
    _nowhere(
        [
            at(path, node, ast.unparse(node))
            for path, tree in product.items()
            for node, function in inexact(tree)
            if _bears_money(path) and (name_in_package(path), function) not in INEXACT_IN_PYTHON
        ]
    )


def test_no_sql_takes_money_through_floating_point(product: Trees) -> None:
    """`/` and `avg` of DECIMAL are DOUBLE in the engine, and so is `//` of two DECIMALs."""
    inexact_sql = re.compile(r"\b(?:avg|mean|stddev)\(|\b(?:DOUBLE|FLOAT|REAL)\b| //? ")
    _nowhere(
        [
            at(path, node, text.strip())
            for path, tree in product.items()
            for node, text in texts(tree)
            if _bears_money(path) and inexact_sql.search(text)
            if name_in_package(path) not in INEXACT_IN_SQL
        ]
    )


def test_every_exception_from_exactness_is_needed_still(product: Trees) -> None:
    found = {
        (name_in_package(path), function)
        for path, tree in product.items()
        for _, function in inexact(tree)
    }
    assert INEXACT_IN_PYTHON.keys() - found == set()


def test_nothing_is_evaluated_and_nothing_unpickled(product: Trees) -> None:
    banned = {"eval", "exec", "compile", "__import__", "pickle.load", "pickle.loads", "yaml.load"}
    _nowhere(
        [
            at(path, node, name)
            for path, tree in product.items()
            for node, name in calls(tree)
            if name in banned
        ]
    )


def test_no_clock_no_chance_and_no_environment_below_the_edges(product: Trees) -> None:
    """What a run gives hangs on files and configuration alone."""
    banned = re.compile(
        r"datetime\.(?:now|utcnow|today)|date\.today|os\.(?:urandom|environ|getenv)"
        r"|(?:time|random|uuid|secrets|locale|socket)\.\w+"
    )
    _nowhere(
        [
            at(path, node, ast.unparse(node))
            for path, tree in product.items()
            if part(path) not in EDGES
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and banned.fullmatch(ast.unparse(node))
        ]
    )


def test_only_the_command_line_prints(product: Trees) -> None:
    banned = {"print", "sys.stdout.write", "sys.stderr.write", "click.echo"}
    _nowhere(
        [
            at(path, node, name)
            for path, tree in product.items()
            for node, name in calls(tree)
            if part(path) != "cli" and name in banned
        ]
    )


def test_exceptions_are_caught_by_name(product: Trees) -> None:
    _nowhere(
        [
            at(path, node, "catches every exception")
            for path, tree in product.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler)
            if node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            if name_in_package(path) not in CATCHES_ALL
        ]
    )


# Words


def test_every_module_says_what_it_is(trees: Trees) -> None:
    _nowhere(
        [
            at(path, 1, "has no docstring")
            for path, tree in trees.items()
            if tree.body and ast.get_docstring(tree) is None
        ]
    )


def test_everything_public_says_what_it_is(product: Trees) -> None:
    _nowhere(
        [
            at(path, node, f"`{name}` has no docstring")
            for path, tree in product.items()
            for node, name in undocumented(tree)
        ]
    )


def test_no_message_begs_blames_or_belittles(product: Trees) -> None:
    banned = re.compile(r"\b(?:invalid|failed to|please|simply)\b", re.IGNORECASE)
    _nowhere(
        [
            at(path, node, text.strip())
            for path, tree in product.items()
            for node, text in texts(tree)
            if banned.search(text)
        ]
    )


def test_nothing_is_left_to_do_later() -> None:
    _nowhere(_lines_with(r"\b(?:TODO|FIXME|XXX|HACK)\b"))


def test_no_file_names_a_place_on_one_machine() -> None:
    _nowhere(_lines_with(r"(?<![\w.:/*}~-])/(?:home|Users|root|tmp|work|mnt|opt|srv)/\w"))
