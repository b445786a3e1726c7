"""Two closes at once, by two processes: the books stay one chain (R25)."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from stated_lines import facts, line, rounded

from everyline.books import close, read
from everyline.books.lines import Line
from everyline.books.read import Close

KEYS = ("team", "use_case")
ROUNDS = 25
SECONDS_MAX = 60


def _lines() -> list[Line]:
    """Enough of them that a close takes some time."""
    made = [line(f"2026-{month}", "1.005", f"team-{n}") for month in (10, 11) for n in range(40)]
    return rounded(made, KEYS)


def _closes(folder: Path, who: int, month: str, start: Barrier) -> None:
    """Closes `month` in each of many empty projects; writes what came of it beside each."""
    lines = _lines()
    for number in range(ROUNDS):
        project = folder / str(number)
        start.wait(SECONDS_MAX)
        made = close.book(project, lines, facts(month))
        said = "closed" if isinstance(made, Close) else made[0].name
        (folder / f"{number}-{who}").write_text(said, encoding="utf-8")


def _at_once(folder: Path, *months: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(len(months))
    processes = [
        spawn.Process(target=_closes, args=(folder, who, month, start))
        for who, month in enumerate(months)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS_MAX)
        assert process.exitcode == 0


@pytest.mark.parametrize(
    ("months", "lawful"),
    [
        (
            ("2026-10", "2026-11"),
            {
                ("closed", "closed"): ["2026-10", "2026-11"],
                ("close-out-of-order", "closed"): ["2026-11"],
            },
        ),
        (
            ("2026-10", "2026-10"),
            {("closed", "closed-already"): ["2026-10"], ("closed-already", "closed"): ["2026-10"]},
        ),
    ],
)
def test_two_first_closes_at_once_are_one_chain(
    tmp_path: Path, months: tuple[str, str], lawful: dict[tuple[str, str], list[str]]
) -> None:
    """Of different months the later one may come first: then the books begin with it."""
    for number in range(ROUNDS):
        (tmp_path / str(number)).mkdir()
    _at_once(tmp_path, *months)
    for number in range(ROUNDS):
        project = tmp_path / str(number)
        first, other = ((tmp_path / f"{number}-{who}").read_text("utf-8") for who in (0, 1))
        assert read.verified(project) == []
        closed = [one.period for one in read.closed(project)]
        assert closed == lawful[first, other]
        left = sorted(path.name for path in project.glob("books/*"))
        assert left == [".gitattributes", *closed]


def test_a_close_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    made = close.book(tmp_path, _lines(), facts("2026-09"))
    assert isinstance(made, list)
    assert [problem.name for problem in made] == ["nothing-to-close"]
    assert list(tmp_path.iterdir()) == []
