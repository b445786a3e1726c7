"""The few places that read a run as it is, and what they say to somebody who may see some of it."""

import ast
import re
import shutil
from pathlib import Path

import marked
import pytest
from starlette.testclient import TestClient

from everyline.web.app import Site
from everyline.web.pages import ROUTES
from everyline.web.visible import Viewer
from source_trees import PACKAGE, at, functions, python_files, texts

KIWI = Viewer("kate", frozenset((marked.MINE,)))

WHOLE = ("whole", "gathered", "unseen", "project")
"""What of an `Opened` is not filtered for its viewer: the run as it is, and the project's files."""


def _readers(path: Path) -> list[str]:
    """The function of every read of what is not filtered."""
    tree = ast.parse(path.read_text("utf-8"))
    around = {id(node): one.name for one in functions(tree) for node in ast.walk(one)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in WHOLE:
            of = ast.unparse(node.value).rpartition(".")[2]
            if of == "opened":
                found.append(around[id(node)])
    return found


READERS = {
    (
        "api/rows.py",
        "_configuration",
    ): "is for what is worked out below, and refuses by `problem_to`",
    ("api/rows.py", "_of_month"): "which rows are of a month; the rows are those of `call.run`",
    ("api/rows.py", "_source"): "the name of what is held, with the owners that it is of",
    ("api/rows.py", "_worked_out"): "lines, `filtered` at once; causes are refused who sees some",
    ("api/runs.py", "listed"): "ids of runs, which say nothing of anybody",
    ("asked.py", "configuration"): "what files of the project say, and no run",
    (
        "asked.py",
        "configured",
    ): "whether files are as the run had them; why not, `problem_to` tells",
    ("asked.py", "targets"): "for who sees all",
    ("fresh.py", "_reach"): "for who sees all",
    ("line_file.py", "charges"): "all lines, which `lines.py` and `rows.py` filter",
    ("line_file.py", "filed"): "the same of a month, which `lines.py` filters",
    ("lines.py", "bills"): "a folder to work in",
    ("lines.py", "of_month"): "files of a month, which `ask.run` filters like the run's own",
    ("pages/explain.py", "_figures"): "a figure of the viewer's own, told by `told_to`",
    ("pages/explain.py", "reading"): "the same, down to lines",
    ("pages/owner.py", "_reached"): "for who sees all",
    ("pages/owner.py", "_statement"): "disputes, of which a statement has those of its owner",
    ("pages/search.py", "_models"): "for who sees all",
    ("prepared.py", "__call__"): "pages of who sees all",
    ("prepared.py", "hold"): "pages of who sees all",
}
"""Functions that pages for some owners go through, by file in `web/`, and why they may read it."""

TABLES = re.compile(r"\b(?:FROM|JOIN) (?:statements|told|coverage|covered|problems|allocated)\b")
"""What the engine has in memory, read past `run.relation`."""


def _web_files() -> list[Path]:
    """Those of the pages and the API, but for pages that only who sees all gets."""
    modules: dict[str, list[bool]] = {}
    for route in ROUTES:
        modules.setdefault(route.make.__module__, []).append(route.for_all_only)
    whole = {f"{name.replace('.', '/')}.py" for name, for_all in modules.items() if all(for_all)}
    return [
        path
        for path in python_files()
        if path.is_relative_to(PACKAGE / "web")
        and path.relative_to(PACKAGE.parent).as_posix() not in whole
    ]


def test_a_run_as_it_is_is_read_in_few_places() -> None:
    """A page that reads it in another one tells of others; or it is listed, with the reason."""
    found = {
        (path.relative_to(PACKAGE / "web").as_posix(), function)
        for path in _web_files()
        for function in _readers(path)
    }
    assert found == READERS.keys()


def test_no_query_reads_past_what_the_viewer_sees() -> None:
    shelf = PACKAGE / "web" / "shelf.py"  # it makes these tables
    assert [
        at(path, node, text)
        for path in _web_files()
        if path != shelf
        for node, text in texts(ast.parse(path.read_text("utf-8")))
        if TABLES.search(text)
    ] == []


# What they say


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project `marked`, with objections of everybody, and run."""
    folder = tmp_path_factory.mktemp("marked")
    marked.write(folder)
    (folder / "books").mkdir()
    head = "who,period,owner,charge,rule,BillingCurrency,amount,reason,state,settled_by\n"
    row = "{0}-person,2026-10,{0},,commons,USD,{1},too much for {0},open,\n"
    rows = row.format(marked.MINE, 12) + row.format(marked.OTHERS[0], "4321.98")
    (folder / "books" / "disputes.csv").write_text(head + rows, "utf-8")
    return folder


def _asked(project: Path, viewer: Viewer, address: str) -> tuple[int, str]:
    answer = TestClient(Site(project, lambda request: viewer).app()).get(address)
    return answer.status_code, answer.text


def _marks(text: str) -> list[str]:
    return re.findall("|".join(marked.MARKS), text)


def test_objections_of_others_are_not_told(project: Path) -> None:
    status, text = _asked(project, KIWI, f"/owners/{marked.MINE}")
    assert status == 200
    assert "too much for kiwi" in text
    assert _marks(text) == []
    assert "4,321.98" not in text


@pytest.mark.parametrize(
    ("file", "more", "named"),
    [
        ("bills/a-rival.csv", "", "a-rival.csv"),
        ("teams.csv", "rival new\nrival new\n", "rival new"),
    ],
)
def test_why_nothing_can_be_explained_any_more_names_nothing_of_others(
    project: Path, tmp_path: Path, file: str, more: str, named: str
) -> None:
    """Neither the file of theirs that has changed, nor the value of theirs that is wrong."""
    copy = tmp_path / "copy"
    shutil.copytree(project, copy)
    shutil.rmtree(copy / ".everyline" / "cache" / "lines", ignore_errors=True)
    with (copy / file).open("a", encoding="utf-8") as opened:
        opened.write(more or (copy / "bills" / "all.csv").read_text("utf-8") + "\n")
    status, text = _asked(copy, Viewer("ada"), "/explain?where=team%3Dkiwi&lines=1")
    assert status == 409
    assert named in text
    said = []
    for path in (
        "/explain?where=team%3Dkiwi&lines=1",
        "/explain/abc",
        "/charges?where=team%3Dkiwi",
    ):
        said.append(_asked(copy, KIWI, path)[1])
    for path in ("charges", "shares?period=2026-10"):
        said.append(_asked(copy, KIWI, f"/api/relations/{path}")[1])
    assert [_marks(text) for text in said] == [[]] * 5
    assert ["not those of the run any more" in text for text in said[:4]] == [True] * 4
