"""Tables as people see them: figures by hand, widths, colour, text that a terminal might obey."""

import os
import pty
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from conftest import PROGRAM, Command, Said, call, clean_environment
from everyline.cli import figures
from everyline.cli.layout import Column, Table, lines, shortened
from everyline.cli.screen import plain


def rows(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]


def block(text: str, heading: str) -> list[list[str]]:
    """The lines of the block that begins with a heading, up to an empty line."""
    listed = text.splitlines()
    start = next(n for n, line in enumerate(listed) if line.startswith(heading))
    end = next((n for n in range(start, len(listed)) if not listed[n]), len(listed))
    return rows("\n".join(listed[start:end]))


def test_run_shows_bill_scope_methods_and_a_difference_of_nothing(ran: Said) -> None:
    shown = block(ran.out, "2026-10, USD")
    assert ["bill", "1,001,980.00", "100.0", "%", "1,001,980.00"] in shown
    assert ["model", "1,980.00", "0.2", "%", "▏", "1,980.00"] in shown
    assert [
        "none:",
        "not",
        "AI",
        "1,000,000.00",
        "99.8",
        "%",
        "███████████▉",
        "1,000,000.00",
    ] in shown
    assert ["in", "scope", "1,980.00", "100.0", "%", "1,980.00"] in shown
    assert ["direct", "1,680.00", "84.8", "%", "██████████▏", "1,680.00"] in shown
    assert ["traced", "0.00", "0.0", "%", "0.00"] in shown
    assert ["unallocated", "300.00", "15.2", "%", "█▊", "300.00"] in shown
    assert ["difference", "0", "0"] in shown
    assert "tag coverage: team 85.0 % (90 % wanted), use_case 60.0 %" in ran.out


def test_run_shows_yen_without_decimals(ran: Said) -> None:
    assert ["bill", "1,500", "100.0", "%", "1,500"] in block(ran.out, "2026-10, JPY")


def test_run_says_what_to_do_next(ran: Said) -> None:
    assert ["Model", "API", "-", "300.00", "USD"] in rows(ran.out)
    assert "everyline worklist" in ran.out
    assert "everyline problems" in ran.out


def test_run_as_csv_says_the_same_exactly(everyline: Command) -> None:
    said = everyline("run", "--as", "csv").out.splitlines()
    assert said[0] == "x_Period,BillingCurrency,x_Estimated,x_Part,EffectiveCost,BilledCost"
    assert "2026-10,USD,false,unallocated,300,300" in said
    assert "2026-10,USD,false,difference,0,0" in said


def test_coverage_is_worked_out_from_sums(everyline: Command) -> None:
    # tagged 1,200 + 500; FOCUS + 299.875 `serach`; the -20 counts as 0; of 2,000.
    said = everyline("coverage", "--period", "2026-10").out
    shown = block(said, "2026-10, USD")
    assert " ".join(shown[3]) == "team 2,000.00 85.0 % ██████▊ 90 % >99.9 % 85.0 % 85.0 %"
    assert " ".join(shown[5]) == "use_case 2,000.00 60.0 % ████▊ 60.0 % 60.0 % 60.0 %"
    assert "without a team: 300.00 of 2,000.00 in scope, 15.0 % (at most 5 % wanted)" in said


def test_statements_show_owners_that_sum_to_the_bill(everyline: Command) -> None:
    shown = block(everyline("statements").out, "2026-10, USD")
    assert [row[:2] for row in shown[3:5]] == [["search", "1,200.00"], ["support", "480.00"]]
    assert shown[5][:3] == ["(nobody", "yet)", "300.00"]
    assert shown[-1] == ["total", "1,980.00", "100.0", "%", "1,980.00"]


def test_statements_of_one_owner_show_its_lines(everyline: Command) -> None:
    said = everyline("statements", "--where", "team=search").out
    assert said.startswith("team = search\n")
    assert "1,200.00 USD" in said
    assert ["total", "1,250.00", "USD"] in rows(said)


def test_scope_shows_what_is_in_and_out_by_rule(everyline: Command) -> None:
    said = everyline("scope", "--period", "2026-10").out
    assert "2026-10, USD: in scope" in said
    assert ["Web", "shop", "everyline.yaml:8", "1", "1,000,000.00", "99.8", "%"] in rows(said)


def test_problems_are_texts_and_counts(everyline: Command) -> None:
    said = everyline("problems").out
    assert said.startswith("warn[undeclared-value]: `team` has the value `serach`")
    assert "   = 1 charge, 299.875 USD, 2026-10\n" in said
    assert ["undeclared-value", "warn", "1", "299.88", "USD"] in rows(said)


TABLES = (
    ["groups"],
    ["owned_groups"],
    ["allocations"],
    ["allocations", "--by", "ServiceName,team,use_case,x_Method"],
    ["coverage"],
    ["statements"],
    ["statements", "--where", "team=search"],
    ["charges"],
    ["scope"],
)


@pytest.mark.parametrize("arguments", TABLES)
@pytest.mark.parametrize("columns", ["80", "100", "200"])
def test_a_table_fits_the_terminal_and_obeys_nothing_in_the_data(
    arguments: list[str], columns: str, everyline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    said = everyline(*arguments)
    assert said.code == 0
    for line in (*said.out.splitlines(), *said.err.splitlines()):
        assert line.isprintable()
        assert line == line.rstrip()
        assert cell_len(line) <= max(int(columns), 84 if "layers" in said.err else 0)


def test_figures_are_never_cut_however_narrow_the_terminal(
    everyline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    said = everyline("groups").out
    assert "1,000,000.00 USD" in said
    assert "1,002,030.00 USD" in said


def test_an_output_that_knows_no_blocks_gets_ascii(project: Path, ran: Said) -> None:
    said = call("statements", "--project", str(project), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert said.code == 0
    assert said.out.isascii()
    assert "#######" in said.out
    assert "-----" in said.out


def in_a_terminal(*arguments: str, **environment: str) -> str:
    """What a command says to a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=clean_environment() | {"TERM": "xterm-256color", "COLUMNS": "80"} | environment,
    ) as running:
        os.close(slave)
        said = b""
        try:
            while part := os.read(master, 65536):
                said += part
        except OSError:
            pass  # how a terminal ends whose other side is closed
        assert running.wait(timeout=20) == 0
    os.close(master)
    return said.decode()


def test_a_terminal_gets_colour_and_progress_unless_told_otherwise(
    project: Path, ran: Said
) -> None:
    arguments = ("statements", "--project", str(project))
    assert "\x1b[" in in_a_terminal(*arguments)
    assert "\x1b" not in in_a_terminal(*arguments, NO_COLOR="1")
    assert "\x1b" not in call(*arguments).out


def test_the_data_never_reaches_a_terminal_as_an_escape(project: Path, ran: Said) -> None:
    said = in_a_terminal("charges", "--project", str(project), COLUMNS="200")
    assert "\x1b]0;" not in said
    assert "\x07" not in said
    assert "\\x1b]0;owned\\x07\\u202estore" in said


@given(st.fractions(0, 1), st.integers(1, 40), st.booleans())
def test_a_bar_has_room_and_shows_whatever_there_is(
    share: Fraction, width: int, ascii_only: bool
) -> None:
    drawn = figures.bar(share, width, ascii_only=ascii_only)
    assert cell_len(drawn) <= width
    assert (drawn == "") == (share == 0)


@given(st.text(), st.integers(1, 30), st.booleans())
def test_a_shortened_text_fits_and_keeps_both_ends(text: str, width: int, ascii_only: bool) -> None:
    harmless = plain(text)
    short = shortened(harmless, width, ascii_only=ascii_only)
    assert cell_len(short) <= width
    if cell_len(harmless) <= width:
        assert short == harmless


@given(st.text())
def test_nothing_a_terminal_might_obey_is_left(text: str) -> None:
    assert plain(text).isprintable()
    if text.isprintable():
        assert plain(text) == text


@given(
    st.lists(
        st.tuples(st.text(max_size=30).map(plain), st.integers(-(10**12), 10**12)), max_size=5
    ),
    st.integers(20, 90),
)
def test_a_table_is_no_wider_than_asked_and_holds_every_figure(
    cells: list[tuple[str, int]], width: int
) -> None:
    rows = [[text, f"{number:,}"] for text, number in cells]
    table = Table((Column("ServiceName"), Column("cost", "figure")), rows)
    drawn = ["".join(text for text, _ in line) for line in lines(table, width, ascii_only=False)]
    assert all(cell_len(line) <= max(width, 30) for line in drawn)
    for (_, figure), line in zip(rows, drawn[-len(rows) :] if rows else [], strict=True):
        assert line.endswith(figure)
