"""The project's own Python files as syntax trees, for tests of the house rules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "everyline"

Trees = dict[Path, ast.Module]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_IS_PATH = re.compile(r"(?:^|[._])(?:cache|entry|folder|parent|path|project|root|runs|target)$")


def python_files() -> list[Path]:
    """Every Python file of the project."""
    folders = (PACKAGE, ROOT / "tests", ROOT / "benchmarks", ROOT / "docs")
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def written_files() -> list[Path]:
    """Every text that people of the project write."""
    endings = {".csv", ".md", ".py", ".sql", ".toml", ".txt", ".yaml", ".yml"}
    folders = (ROOT / name for name in ("src", "tests", "docs", "benchmarks"))
    found = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in endings and path.is_file()
    ]
    at_the_root = (ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob("*.md"))
    return sorted({*found, *(path for path in at_the_root if path.exists())})


def at(path: Path, node: ast.AST | int, what: str) -> str:
    """`file:line: what`."""
    line = node if isinstance(node, int) else getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT).as_posix()}:{line}: {what}"


def name_in_package(path: Path) -> str:
    """`owners/tags.py`."""
    return path.relative_to(PACKAGE).as_posix()


def part(path: Path) -> str:
    """The part of the package that a file belongs to: its folder, or its name at the top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def parts_imported(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every import of a part of the package, wherever it stands."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{name.name}" for name in node.names]
        for words in (name.split(".") for name in names):
            if words[0] == "everyline" and len(words) > 1:
                yield node, words[1]


def functions(tree: ast.Module) -> Iterator[FunctionNode]:
    """Every function, methods and those within others too."""
    for node in ast.walk(tree):
        if isinstance(node, FunctionNode):
            yield node


def line_count(function: FunctionNode) -> int:
    """How many lines a function has, its docstring left out."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def calls(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every call, and what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def texts(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every text that is no docstring: it may be a message, or SQL."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node, node.value


def inexact(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Uses of `float` and divisions: the place, and the name of the function around it."""
    around = {
        id(node): function.name for function in functions(tree) for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        is_float = isinstance(node, ast.Name) and node.id == "float"
        divides = (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _joins_a_path(node)
        )
        if is_float or divides:
            yield node, around.get(id(node), "")


def _joins_a_path(node: ast.BinOp) -> bool:
    """Whether a `/` joins a path, going by what stands first: a Path, or named like one."""
    if isinstance(node.right, ast.JoinedStr):
        return True  # nothing is divided by a text
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        left = left.left
    text = ast.unparse(left)
    return bool(_IS_PATH.search(text)) or text.startswith(("Path(", "files("))


def undocumented(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Public functions, classes and methods without a docstring.

    A command of click has its help text instead, and the methods of a class that is a shape of a
    library (`click.Group`) have the library's documentation.
    """
    for node in tree.body:
        if not isinstance(node, FunctionNode | ast.ClassDef) or node.name.startswith("_"):
            continue
        helped = any("help=" in ast.unparse(one) for one in node.decorator_list)
        if ast.get_docstring(node) is None and not helped:
            yield node, node.name
        if isinstance(node, ast.ClassDef) and not any("." in ast.unparse(b) for b in node.bases):
            methods = (one for one in node.body if isinstance(one, FunctionNode))
            for method in methods:
                if not method.name.startswith("_") and ast.get_docstring(method) is None:
                    yield method, f"{node.name}.{method.name}"
