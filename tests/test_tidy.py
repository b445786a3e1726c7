"""The house rules that a script can see. Each test lists every place that breaks its rule.

The rules and their reasons stand in CONTRIBUTING.md. A rule that must be broken in one place is
broken by an entry of a list below, with the reason beside it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from everyline.relations import RELATIONS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "everyline"

STAGES = ("sources", "charges", "owners", "allocation", "coverage", "statements")
EDGES = ("cli", "demo", "engines", "sources")
"""Parts that may read the clock and the environment, or ask for chance; `demo` asks for none."""

LINES_MAX = 400
FUNCTION_LINES_MAX = 50
PARAMETERS_MAX = 5
POSITIONAL_MAX = 5
SQL_LINES_MAX = 80
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "misc", "core", "base", "manager"}

Trees = dict[Path, ast.Module]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def _python_files() -> list[Path]:
    folders = (PACKAGE, ROOT / "tests", ROOT / "benchmarks", ROOT / "docs")
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


@pytest.fixture(scope="module")
def trees() -> Trees:
    """Every Python file of the project, parsed once."""
    return {path: ast.parse(path.read_text("utf-8")) for path in _python_files()}


@pytest.fixture(scope="module")
def product(trees: Trees) -> Trees:
    """The Python files of the package."""
    return {path: tree for path, tree in trees.items() if path.is_relative_to(PACKAGE)}


def _at(path: Path, node: ast.AST | int, what: str) -> str:
    line = node if isinstance(node, int) else getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT).as_posix()}:{line}: {what}"


def _part(path: Path) -> str:
    """The part of the package that a file belongs to: its folder, or its name at the top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every import of the package, wherever it stands: its place, and the full name imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node, f"{node.module}.{name.name}") for name in node.names)


def _parts_imported(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node, name in _imports(tree):
        words = name.split(".")
        if words[0] == "everyline" and len(words) > 1:
            yield node, words[1]


def _functions(tree: ast.Module) -> Iterator[FunctionNode]:
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            yield node


def _lines_without_docstring(function: FunctionNode) -> int:
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


# Layering


def test_stages_never_import_each_other(product: Trees) -> None:
    found = [
        _at(path, node, f"`{_part(path)}` imports `{part}`")
        for path, tree in product.items()
        if _part(path) in STAGES
        for node, part in _parts_imported(tree)
        if part in STAGES and part != _part(path)
    ]
    assert found == []


def test_only_the_pipeline_and_the_edges_know_stages(product: Trees) -> None:
    """What all stages share must not know one of them; else two stages meet there unseen."""
    known = {*STAGES, "pipeline", "cli", "demo", "docs"}
    found = [
        _at(path, node, f"`{_part(path)}` imports `{part}`")
        for path, tree in product.items()
        if _part(path) not in known
        for node, part in _parts_imported(tree)
        if part in STAGES
    ]
    assert found == []


def test_nothing_imports_the_command_line_and_nothing_below_it_the_pipeline(
    product: Trees,
) -> None:
    allowed = {"cli": {"cli", "__main__"}, "pipeline": {"cli"}, "demo": {"cli", "demo"}}
    found = [
        _at(path, node, f"`{_part(path)}` imports `{part}`")
        for path, tree in product.items()
        for node, part in _parts_imported(tree)
        if part in allowed and _part(path) not in allowed[part]
    ]
    assert found == []


def test_configuration_and_engines_know_no_stage_and_not_each_other(product: Trees) -> None:
    found = [
        _at(path, node, f"`{_part(path)}` imports `{part}`")
        for path, tree in product.items()
        if _part(path) in ("config", "engines")
        for node, part in _parts_imported(tree)
        if part != _part(path) and part in ("config", "engines", *STAGES)
    ]
    assert found == []


def test_each_relation_is_made_by_the_one_part_that_the_data_dictionary_names(
    product: Trees,
) -> None:
    """A function makes a relation if it is called `NAME` and gives SQL, or `write_NAME`."""
    makers: dict[str, set[str]] = {relation.name: set() for relation in RELATIONS}
    for path, tree in product.items():
        if _part(path) not in (*STAGES, "pipeline"):
            continue
        for function in (node for node in tree.body if isinstance(node, FunctionNode)):
            gives_sql = function.returns is not None and ast.unparse(function.returns) == "str"
            name = function.name.lstrip("_")
            written = name.removeprefix("write_")
            if written in makers and (written != name or gives_sql):
                makers[written].add(_part(path))
    assert makers == {relation.name: {relation.maker} for relation in RELATIONS}


def test_every_stage_says_what_it_takes_gives_and_keeps(product: Trees) -> None:
    found = []
    for stage in STAGES:
        path = PACKAGE / stage / "__init__.py"
        said = ast.get_docstring(product[path]) if path in product else None
        lacking = [
            word for word in ("In:", "Out:", "Grain:", "Conserves:") if word not in (said or "")
        ]
        found += [f"{stage}/__init__.py lacks `{word}`" for word in lacking]
    assert found == []


# Size and names


def test_files_are_short(trees: Trees) -> None:
    counts = {path: len(path.read_text("utf-8").splitlines()) for path in trees}
    found = [_at(path, 1, f"{count} lines") for path, count in counts.items() if count > LINES_MAX]
    assert found == []


def test_functions_are_short(trees: Trees) -> None:
    found = [
        _at(path, function, f"`{function.name}` has {lines} lines")
        for path, tree in trees.items()
        for function in _functions(tree)
        if (lines := _lines_without_docstring(function)) > FUNCTION_LINES_MAX
    ]
    assert found == []


def test_functions_take_few_parameters(product: Trees) -> None:
    found = []
    for path, tree in product.items():
        for function in _functions(tree):
            names = function.args
            given = [*names.posonlyargs, *names.args, *names.kwonlyargs]
            own = [one for one in given if one.arg not in ("self", "cls")]
            if len(own) > PARAMETERS_MAX:
                found.append(_at(path, function, f"`{function.name}` takes {len(own)}"))
    assert found == []


def test_files_are_named_after_what_they_hold() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (*_python_files(), *PACKAGE.rglob("*/"))
        if path.stem in BANNED_NAMES
    ]
    assert found == []


def test_sql_files_hold_one_short_statement_and_each_is_used(product: Trees) -> None:
    code = "\n".join(path.read_text("utf-8") for path in product)
    found = []
    for path in PACKAGE.rglob("*.sql"):
        text = path.read_text("utf-8")
        if len(text.splitlines()) > SQL_LINES_MAX:
            found.append(_at(path, 1, "is too long"))
        if ";" in text.rstrip().rstrip(";"):
            found.append(_at(path, 1, "holds more than one statement"))
        if path.stem not in code:
            found.append(_at(path, 1, "is used nowhere"))
    assert found == []


# Exactness and safety

INEXACT_IN_PYTHON = {
    ("sources/workbook.py", "_as_shown"): "compares with the double that a workbook holds",
    ("cli/figures.py", "ratio"): "an exact Fraction, for a percentage on the screen",
}
"""Functions that may use `float` or divide with `/`, and why."""

INEXACT_IN_SQL = {
    "statements/round.py": "`//` of two HUGEINTs is exact, and proven equal to money.cascade",
}
"""Files whose SQL may divide, and why."""

_INEXACT_SQL = re.compile(r"\b(?:avg|mean|stddev)\(|\b(?:DOUBLE|FLOAT|REAL)\b| //? ")
_IS_PATH = re.compile(r"(?:^|[._])(?:cache|entry|folder|parent|path|project|root|target)$")


def _is_joined_path(node: ast.BinOp) -> bool:
    """Whether a `/` joins a path: to text, or beginning with something called like a folder."""
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        left = left.left
    text = ast.unparse(left)
    return bool(_IS_PATH.search(text)) or text in ("files(__package__)", "Path(__file__)")


def _inexact(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Uses of `float` and divisions: the place, and the name of the function around it."""
    around = {
        id(node): function.name for function in _functions(tree) for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        is_float = isinstance(node, ast.Name) and node.id == "float"
        divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        if is_float or (divides and not _is_joined_path(node)):  # type: ignore[arg-type]
            yield node, around.get(id(node), "")


def _texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every text of the code that is no docstring, and so may be SQL."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in said:
            yield node  # type: ignore[misc]


def _bears_money(path: Path) -> bool:
    return _part(path) != "demo"  # its figures are invented, and Decimal or whole all the same


def test_money_is_never_a_float_and_never_divided_outside_its_one_place(product: Trees) -> None:
    found = [
        _at(path, node, ast.unparse(node))
        for path, tree in product.items()
        if _bears_money(path)
        for node, function in _inexact(tree)
        if (path.relative_to(PACKAGE).as_posix(), function) not in INEXACT_IN_PYTHON
    ]
    assert found == []


def test_no_sql_takes_money_through_floating_point(product: Trees) -> None:
    """`/` and `avg` of DECIMAL are DOUBLE in the engine, and so is `//` of two DECIMALs."""
    texts = [
        (path, node.lineno, node.value)
        for path, tree in product.items()
        for node in _texts(tree)
        if isinstance(node.value, str)
    ]
    texts += [(path, 1, path.read_text("utf-8")) for path in PACKAGE.rglob("*.sql")]
    found = [
        _at(path, line, text.strip())
        for path, line, text in texts
        if _bears_money(path) and _INEXACT_SQL.search(text)
        if path.relative_to(PACKAGE).as_posix() not in INEXACT_IN_SQL
    ]
    assert found == []


def test_every_exception_to_the_exactness_rules_is_needed(product: Trees) -> None:
    used = {
        (path.relative_to(PACKAGE).as_posix(), function)
        for path, tree in product.items()
        for _, function in _inexact(tree)
    }
    assert INEXACT_IN_PYTHON.keys() <= used


def _calls(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_nothing_is_evaluated_and_nothing_unpickled(product: Trees) -> None:
    banned = {"eval", "exec", "compile", "__import__", "pickle.load", "pickle.loads", "yaml.load"}
    found = [
        _at(path, node, name)
        for path, tree in product.items()
        for node, name in _calls(tree)
        if name in banned
    ]
    assert found == []


def test_no_clock_no_chance_and_no_environment_below_the_edges(product: Trees) -> None:
    """What a run gives hangs on files and configuration alone."""
    banned = re.compile(
        r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.\w+|random\.\w+|uuid\.\w+"
        r"|secrets\.\w+|os\.(?:urandom|environ|getenv)|locale\.\w+|socket\.\w+)\b"
    )
    found = [
        _at(path, node, ast.unparse(node))
        for path, tree in product.items()
        if _part(path) not in EDGES
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and banned.fullmatch(ast.unparse(node))
    ]
    assert found == []


def test_only_the_command_line_prints(product: Trees) -> None:
    found = [
        _at(path, node, name)
        for path, tree in product.items()
        if _part(path) != "cli"
        for node, name in _calls(tree)
        if name in ("print", "sys.stdout.write", "sys.stderr.write", "click.echo")
    ]
    assert found == []


def test_exceptions_are_caught_by_name(product: Trees) -> None:
    """All of them only at the very edge, where a fault of ours becomes exit code 70."""
    found = [
        _at(path, node, "catches every exception")
        for path, tree in product.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and path != PACKAGE / "cli" / "__init__.py"
    ]
    assert found == []


# Words


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _undocumented(tree: ast.Module, *, of_methods: bool) -> Iterator[tuple[ast.AST, str]]:
    """Public functions and classes without a docstring; a command of click has its help text."""
    for node in tree.body:
        if isinstance(node, FunctionNode | ast.ClassDef) and _is_public(node.name):
            helped = any("help=" in ast.unparse(one) for one in node.decorator_list)
            if ast.get_docstring(node) is None and not helped:
                yield node, node.name
            if of_methods and isinstance(node, ast.ClassDef) and not _overrides(node):
                for method in node.body:
                    if isinstance(method, FunctionNode) and _is_public(method.name):
                        if ast.get_docstring(method) is None:
                            yield method, f"{node.name}.{method.name}"


def _overrides(node: ast.ClassDef) -> bool:
    """Whether a class is a shape of a library, whose documentation its methods have."""
    return any(
        "." in ast.unparse(base) or ast.unparse(base) == "GenerateJsonSchema" for base in node.bases
    )


def test_every_module_says_what_it_is(trees: Trees) -> None:
    found = [
        _at(path, 1, "has no docstring")
        for path, tree in trees.items()
        if ast.get_docstring(tree) is None and path.read_text("utf-8").strip()
    ]
    assert found == []


def test_everything_public_says_what_it_is(product: Trees) -> None:
    found = [
        _at(path, node, f"`{name}` has no docstring")
        for path, tree in product.items()
        for node, name in _undocumented(tree, of_methods=True)
    ]
    assert found == []


def _written_files() -> list[Path]:
    """Every text that people of the project write."""
    folders = ("src", "tests", "docs", "benchmarks")
    endings = {".py", ".md", ".sql", ".csv", ".toml", ".yaml", ".yml", ".txt"}
    found = [p for folder in folders for p in (ROOT / folder).rglob("*") if p.suffix in endings]
    at_the_root = [ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob("*.md")]
    return sorted({*found, *(path for path in at_the_root if path.exists())})


def _lines(find: Callable[[str], object]) -> list[str]:
    found = []
    for path in _written_files():
        if "__pycache__" in path.parts or path == Path(__file__):
            continue
        text = path.read_text("utf-8", errors="replace")
        if find(text):  # most files are done with one look
            found += [
                _at(path, number, line.strip())
                for number, line in enumerate(text.splitlines(), 1)
                if find(line)
            ]
    return found


def test_nothing_is_left_to_do_later() -> None:
    assert _lines(re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b").search) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    place = r"(?<![\w.:/*}~-])/(?:home|Users|root|tmp|work|mnt|opt|srv)/\w"
    assert _lines(re.compile(place).search) == []


def test_no_message_begs_blames_or_belittles(product: Trees) -> None:
    banned = re.compile(r"\b(?:[Ii]nvalid|[Ff]ailed to|[Pp]lease|[Ss]imply)\b")
    found = [
        _at(path, node, str(node.value).strip())
        for path, tree in product.items()
        for node in _texts(tree)
        if banned.search(str(node.value))
    ]
    assert found == []
