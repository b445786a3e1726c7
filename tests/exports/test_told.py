"""Which statements are told: what a close has booked is read as it was written."""

import json
import shutil
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline import runs
from everyline.books import close, read
from everyline.books.lines import Line
from everyline.cli import main
from everyline.control import EXACT
from everyline.engines.duckdb import Engine
from everyline.exports.told import told
from everyline.problems import Problem
from everyline.runs import Run

TEXTS = st.none() | st.text(
    st.sampled_from("a,\"\r\n\t \ufeff\x00\x1b\u2028\\'=é💥") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=6,
)
COSTS = st.integers(-(10**24), 10**24).map(lambda units: Decimal(f"{units}E-18"))
AMOUNTS = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(f"{cents}E-2"))
LINES = st.builds(
    lambda team, texts, costs, amounts: Line(
        *("2026-10", None, "USD", "invoiced", (("team", team),) if team else (), "direct"),
        *(*texts, *costs, *amounts),
    ),
    TEXTS,
    st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    st.tuples(COSTS, COSTS),
    st.tuples(AMOUNTS, AMOUNTS),
)


def _run(project: Path) -> Run:
    run = runs.current(project)
    assert not isinstance(run, Problem)
    return run


def _facts(run: Run) -> close.Facts:
    return close.Facts(
        period="2026-10",
        by="Ada",
        note="",
        closed_on=date(2026, 11, 5),
        run=run.id,
        version="1",
        keys=["team"],
        configuration={},
        inputs={},
    )


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=20))
def test_booked_lines_are_told_as_they_were_written(worked: Path, lines: list[Line]) -> None:
    """The books know the key `team` alone; the run, whose September is open, has a newer one."""
    run, engine = _run(worked), Engine()
    with TemporaryDirectory() as folder:
        made = close.book(Path(folder), lines, _facts(run))
        assert isinstance(made, read.Close)
        sql, closed = told(engine, run, Path(folder))
        rows = engine.rows(f"SELECT * FROM {sql} WHERE x_Period = '2026-10'")
    engine.close()
    wanted = [
        (*line[:4], line.value("team"), None, line.method, *line[6:11], *line[11:])
        for line in lines
    ]
    assert closed == {"2026-10": "2026-11-05"}
    assert sorted(rows, key=repr) == sorted(_typed(wanted), key=repr)


def _typed(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Amounts with the digits of their columns, as the engine gives them."""
    ticks = [Decimal("1E-18")] * 2 + [Decimal("1E-4")] * 2
    return [
        (*row[:-4], *(EXACT.quantize(v, t) for v, t in zip(row[-4:], ticks, strict=True)))
        for row in rows
    ]


def test_what_is_no_line_is_named_even_where_all_hashes_fit(
    worked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    shutil.copytree(worked, project)
    assert main(["close", "2026-09", "--by", "Ada", "--project", str(project)]) == 0
    folder = project / "books/2026-09"
    forged = (folder / "statements.csv").read_bytes().replace(b",20,", b",twenty,")
    (folder / "statements.csv").write_bytes(forged)
    members = json.loads((folder / "close.json").read_bytes())
    members |= {"statements": read.sha256(forged)}
    (folder / "close.json").write_bytes(read.written_close(members))
    capsys.readouterr()
    assert main(["statement", "2026-10", "--team", "search", "--project", str(project)]) == 1
    assert "can't be trusted: `twenty` is no amount" in capsys.readouterr().err
