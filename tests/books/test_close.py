"""Closing (R25): what is refused, what is written, and that what was written is guarded."""

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from stated_lines import facts, line, rounded

from everyline.books import close, read
from everyline.books.lines import Line
from everyline.books.read import Close
from everyline.problems import Problem

KEYS = ("team", "use_case")
LINES = rounded([line("2026-10", "10.005", "search"), line("2026-11", "3", "search")], KEYS)


def _close(project: Path, month: str, lines: list[Line] = LINES) -> Close:
    made = close.book(project, lines, facts(month))
    assert isinstance(made, Close), made
    return made


def _refused(project: Path, month: str, lines: list[Line] = LINES) -> Problem:
    made = close.book(project, lines, facts(month))
    assert isinstance(made, list)
    (problem,) = made
    assert problem.level == "stop"
    return problem


def test_a_close_is_two_files_that_name_each_other(tmp_path: Path) -> None:
    first = _close(tmp_path, "2026-10")
    second = _close(tmp_path, "2026-11")
    folder = tmp_path / "books" / "2026-11"
    assert sorted(file.name for file in folder.iterdir()) == ["close.json", "statements.csv"]
    told = json.loads((folder / "close.json").read_text("utf-8"))
    before = (tmp_path / "books/2026-10/close.json").read_bytes()
    assert told["previous"] == hashlib.sha256(before).hexdigest() == first.sha256
    statements = (folder / "statements.csv").read_bytes()
    assert told["statements"] == hashlib.sha256(statements).hexdigest() == second.statements
    own = told.pop("hash")
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert own == hashlib.sha256(text.encode()).hexdigest()
    assert (first.previous, first.by, first.closed_on) == (None, "Ada", date(2027, 1, 5))
    assert read.closed(tmp_path) == [first, second]
    assert "* -text" in (tmp_path / "books/.gitattributes").read_text("utf-8")


def test_months_are_closed_in_order_and_once(tmp_path: Path) -> None:
    lines = [*LINES, line("2026-12", "1", "search"), line("2026-09", "1", "search")]
    _close(tmp_path, "2026-10", lines)  # earlier months without a close are not in the books
    assert _refused(tmp_path, "2026-10", lines).name == "closed-already"
    assert _refused(tmp_path, "2026-09", lines).name == "close-out-of-order"
    early = _refused(tmp_path, "2026-12", lines)
    assert (early.name, early.hint) == ("close-out-of-order", "`everyline close 2026-11` first")
    empty = _refused(tmp_path, "2027-01", lines)
    assert empty.name == "nothing-to-close"
    assert empty.hint == "months of the last run: 2026-09, 2026-10, 2026-11, 2026-12"
    assert [one.period for one in read.closed(tmp_path)] == ["2026-10"]


def test_a_month_without_lines_may_be_passed_over(tmp_path: Path) -> None:
    lines = [line("2026-10", "1", "search"), line("2026-12", "1", "search")]
    _close(tmp_path, "2026-10", lines)
    _close(tmp_path, "2026-12", lines)
    assert _refused(tmp_path, "2026-11", lines).name == "close-out-of-order"


def test_damaged_books_are_not_added_to(tmp_path: Path) -> None:
    _close(tmp_path, "2026-10")
    file = tmp_path / "books/2026-10/statements.csv"
    file.write_bytes(file.read_bytes().replace(b"10.005", b"10.006"))
    problem = _refused(tmp_path, "2026-11")
    assert (problem.name, problem.place) == ("books-damaged", "books/2026-10/statements.csv")
    assert not (tmp_path / "books/2026-11").exists()


def test_a_close_that_was_forged_whole_does_not_fit_the_next(tmp_path: Path) -> None:
    """With all hashes of its own right, it is still not the one that the next was closed after."""
    _close(tmp_path, "2026-10")
    _close(tmp_path, "2026-11")
    file = tmp_path / "books/2026-10/close.json"
    file.write_bytes(read.written_close(json.loads(file.read_bytes()) | {"by": "Eve"}))
    (problem,) = read.verified(tmp_path)
    assert problem.place == "books/2026-10/close.json"
    assert "2026-11 was closed after another close" in problem.sentence


@pytest.mark.parametrize(
    "change",
    [
        {"keys": "team"},
        {"inputs": []},
        {"previous": 1},
        {"closed_on": "soon"},
        {"closed_on": 1},
        {"note": None},
        {"more": ""},
        {"period": "2026-12"},
    ],
    ids=json.dumps,
)
def test_a_close_of_another_shape_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    _close(tmp_path, "2026-10")
    file = tmp_path / "books/2026-10/close.json"
    members = json.loads(file.read_bytes()) | change
    forged = read.written_close(members) if "more" not in change else json.dumps(members).encode()
    file.write_bytes(forged)
    assert [problem.place for problem in read.verified(tmp_path)] == ["books/2026-10/close.json"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b"[" * 99999, b'{"by": NaN}'], ids=lambda raw: raw[:9]
)
def test_what_is_no_close_is_named(tmp_path: Path, content: bytes) -> None:
    _close(tmp_path, "2026-10")
    (tmp_path / "books/2026-10/close.json").write_bytes(content)
    assert [problem.place for problem in read.verified(tmp_path)] == ["books/2026-10/close.json"]


def test_folders_and_files_of_other_names_are_no_closes(tmp_path: Path) -> None:
    assert read.verified(tmp_path) == []
    assert read.closed(tmp_path) == []
    _close(tmp_path, "2026-10")
    for name in ("2026-13", "notes", ".closing-1"):
        (tmp_path / "books" / name).mkdir()
    (tmp_path / "books/disputes.csv").write_text("who\n", encoding="utf-8")
    assert read.verified(tmp_path) == []
    (tmp_path / "books/2026-12").write_text("no folder", encoding="utf-8")
    assert [problem.place for problem in read.verified(tmp_path)] == ["books/2026-12/close.json"]


def test_a_folder_that_cant_be_written_closes_nothing(tmp_path: Path) -> None:
    (tmp_path / "books").write_text("in the way", encoding="utf-8")
    with pytest.raises(OSError, match="books"):
        close.book(tmp_path, LINES, facts("2026-10"))
