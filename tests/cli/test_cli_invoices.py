"""Invoices on the screen: what ties, what does not, and what is missing."""

import shutil
from pathlib import Path

import pytest

from everyline.cli import main

CASES = Path(__file__).parent.parent / "cases"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "80")
    case = CASES / "an-invoice-needs-lines-and-lines-their-invoice"
    shutil.copytree(case / "project", tmp_path / "acme")
    return tmp_path / "acme"


def said(project: Path, capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> str:
    assert main([*arguments, "--project", str(project)]) == 0
    return capfdbinary.readouterr().out.decode()


def test_run_says_how_many_invoices_tie(
    project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert """\
invoices: 1 of 8 tie to the bill
  Acme Inc. A-1: -40.00 USD, no lines
  Acme Inc. A-2: -40.00 USD, no lines
  Other Inc. A-1: 40.00 USD, not listed
  why: everyline causes

""" in said(project, capfdbinary, "run")


def test_invoices_come_first_and_of_them_what_does_not_tie(
    project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    said(project, capfdbinary, "run")
    shown = said(project, capfdbinary, "reconciliation")
    headings = [line for line in shown.splitlines() if line.endswith("invoices")]
    assert headings == [
        "2026-10, EUR, invoices",
        "2026-10, USD, invoices",
        "no month, USD, invoices",
    ]
    assert (
        """\
2026-10, USD, invoices
issuer      invoice  listed  billed  difference  within
───────────────────────────────────────────────────────
Acme Inc.   A-1       40.00       -      -40.00  no
Other Inc.  A-1           -   40.00       40.00  no
Acme Inc.   A-4           -    7.00        7.00  no
Acme Inc.   A-5        0.00       -        0.00  no
-           A-9           -    0.00        0.00  no
Acme Inc.   A-3       12.00   12.00        0.00  yes
───────────────────────────────────────────────────────
total                 52.00   59.00        7.00

"""
        in shown
    )


def test_nothing_is_said_to_be_left_undone(
    project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["run", "--project", str(project)]) == 0
    assert b"invoices`" not in capfdbinary.readouterr().err


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("command", ["reconciliation", "causes", "kpis"])
def test_tables_fit_and_obey_nothing_in_the_data(
    command: str,
    columns: str,
    project: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile = "Acme \x1b]0;owned\x07\u202estore with a very long name, " * 3
    bill = project / "bills/bill.csv"
    text = bill.read_text("utf-8")
    bill.write_text(text + f'"{hostile}",Acme API,A-7,2026-10-02,7\n', encoding="utf-8")
    monkeypatch.setenv("COLUMNS", columns)
    said(project, capfdbinary, "run")
    for line in said(project, capfdbinary, command).splitlines():
        assert line.isprintable()
        assert line == line.rstrip()
        assert len(line) <= int(columns)
