"""The books from bills to closes, through the command line: `close`, `run`, `check --gate`."""

import csv
import io
import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stated_lines import sums

from everyline import runs
from everyline.books import read
from everyline.books.lines import stated
from everyline.cli import main
from everyline.engines.duckdb import Engine

_YAML = """\
taxonomy:
  team: {required: true, tags: [team], values: [search, support, ops]}
  use_case: {tags: [use_case]}
invoices: finance/invoices.csv
bills:
  - {name: vendors, format: table, path: "bills/*.csv", layer: model,
     set: {ChargeCategory: Usage, InvoiceIssuerName: Acme, ServiceProviderName: Acme}}
pools:
  - {pool: shared, charges: {ServiceName: Shared},
     split: [{by: cost, over: [team], of: {ServiceName: API}}]}
chargeback:
  gate: {unallocated: 0.05, reconciled: 0.005, showback_periods: 1,
    approved: finance/approvals.csv, disputes: 0.01}
"""
_HEADER = "BilledCost,BillingCurrency,ServiceName,ChargePeriodStart,ChargePeriodEnd,InvoiceId,team"
_BILLS = {
    "2026-09": (("50", "API", "", "search"),),
    "2026-10": (
        ("600.005", "API", "I-1", "search"),
        ("300", "API", "I-1", "support"),
        ("99.995", "API", "I-1", ""),
        ("30", "Shared", "I-2", ""),
    ),
}


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("bills", "finance"):
        (tmp_path / folder).mkdir()
    (tmp_path / "everyline.yaml").write_text(_YAML, encoding="utf-8")
    _write(tmp_path, "finance/approvals.csv", "period,statement_hash,name,date")
    _write(
        tmp_path,
        "finance/invoices.csv",
        "InvoiceIssuerName,InvoiceId,period,BillingCurrency,amount",
        "Acme,I-1,2026-10,USD,1000",
        "Acme,I-2,2026-10,USD,31",
    )
    for month, lines in _BILLS.items():
        _bill(tmp_path, month, *lines)
    return tmp_path


@pytest.fixture
def everyline(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Command:
    monkeypatch.setenv("COLUMNS", "80")

    def command(*arguments: str) -> Said:
        code = main([*arguments, "--project", str(project)])
        captured = capfdbinary.readouterr()
        return Said(code, captured.out.decode(), captured.err.decode())

    return command


def _write(project: Path, file: str, *lines: str) -> None:
    (project / file).write_text("\n".join((*lines, "")), encoding="utf-8")


def _bill(project: Path, month: str, *lines: tuple[str, str, str, str], name: str = "") -> None:
    days = f"{month}-01T00:00:00Z,{month}-02T00:00:00Z"
    rows = [f"{cost},USD,{service},{days},{bill},{team}" for cost, service, bill, team in lines]
    _write(project, f"bills/{month}{name}.csv", _HEADER, *rows)


def _bytes(project: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in (project / "books").glob("20*/*")}


def _is_tied(project: Path) -> None:
    """booked(P) = recomputed(P), exactly, for every month of the books."""
    run = runs.current(project)
    assert isinstance(run, runs.Run)
    with closing(Engine()) as engine:
        lines = stated(engine, run)
    last = read.closed(project)[-1].period
    assert sums(read.all_booked(project)) == sums(x for x in lines if x.period <= last)


def _checks(said: Said) -> dict[str, Any]:
    return {check["x_Check"]: check for check in json.loads(said.out)}


def test_late_lines_and_changed_owners_are_booked_by_the_next_close(
    project: Path, everyline: Command
) -> None:
    """October: API 600.005 search, 300 support, 99.995 nobody; Shared 30 split by these.

    Then support's 300 turn out to be search's, and 7.005 more come late for September.
    """
    everyline("run")
    assert everyline("close", "2026-09", "--by", "Ada", "--on", "2026-10-05").code == 0
    said = everyline("close", "2026-10", "--by", "Ada", "--note", "as agreed", "--as", "csv")
    (row,) = csv.DictReader(io.StringIO(said.out))
    assert (row["x_Period"], row["EffectiveCost"], row["x_EffectiveAmount"]) == (
        "2026-10",
        "1030",
        "1030",
    )
    _is_tied(project)
    assert "books: 2026-09 to 2026-10 closed, nothing to correct" in everyline("run").out
    before = _bytes(project)
    _bill(
        project, "2026-10", ("600.005", "API", "I-1", "search"), ("300", "API", "I-1", "search"),
        ("99.995", "API", "I-1", ""), ("30", "Shared", "I-2", ""),
    )  # fmt: skip
    _bill(project, "2026-09", ("7.005", "API", "", "search"), name="-late")
    _bill(project, "2026-11", ("1", "API", "I-3", "ops"))
    said = everyline("run")
    assert said.code == 0
    told = [re.split(r" {2,}", line.strip()) for line in said.out.splitlines()]
    assert ["corrects 2026-09", "1", "7.01", "0.00", "7.01 USD", "7.01 USD"] in told
    # API: -300 support, +300 search. Shared: support's 9 of 30 go with them.
    assert ["corrects 2026-10", "4", "309.00", "-309.00", "0.00 USD", "0.00 USD"] in told
    assert everyline("close", "2026-11").code == 0
    assert {name: raw for name, raw in _bytes(project).items() if name in before} == before
    _is_tied(project)
    booked = read.booked(project, "2026-11")
    late = [one for one in booked if one.corrects == "2026-09"]
    assert [(str(x.billed.normalize()), str(x.billed_amount)) for x in late] == [("7.005", "7.01")]
    close = read.closed(project)[1]
    assert (close.by, close.note, close.keys) == ("Ada", "as agreed", ("team", "use_case"))
    assert set(close.configuration) == {
        "everyline.yaml",
        "finance/approvals.csv",
        "finance/invoices.csv",
    }
    assert set(close.inputs) == {"bills/2026-09.csv", "bills/2026-10.csv"}


def test_a_month_whose_bills_are_gone_is_told_apart(project: Path, everyline: Command) -> None:
    everyline("run")
    everyline("close", "2026-09")
    (project / "bills/2026-09.csv").unlink()
    assert "this run has nothing of 2026-09 any more" in everyline("run").out
    assert everyline("close", "2026-10").code == 0
    assert sums(x for x in read.all_booked(project) if x.about == "2026-09") == {}
    _is_tied(project)


def test_changed_statements_are_closed_at_the_second_try(project: Path, everyline: Command) -> None:
    """What changes only later months is no hindrance; the new run is what is booked."""
    everyline("run")
    _bill(project, "2026-09", ("51", "API", "", "search"))
    said = everyline("close", "2026-10")
    assert said.code == 1
    assert "statements-changed" in said.err
    assert "2026-09" in said.err
    assert not (project / "books").exists()
    _bill(project, "2026-11", ("1", "API", "", "ops"))
    _write(
        project,
        "finance/approvals.csv",
        "period,statement_hash,name,date",
        "2026-10,x,A,2026-11-01",
    )
    assert everyline("close", "2026-10").code == 0
    run = runs.current(project)
    assert isinstance(run, runs.Run)
    assert read.closed(project)[0].run == run.id
    assert "bills/2026-11.csv" in read.closed(project)[0].inputs


def test_the_gate_names_what_to_mend_and_passes_when_it_is_mended(
    project: Path, everyline: Command
) -> None:
    """Unallocated: 99.995 and 30 x 99.995 / 1000 = 2.99985 of 1030, 10.0 %. Invoices: 30 - 31."""
    everyline("run")
    said = everyline("check", "--gate", "--as", "json")
    assert said.code == 3
    found = _checks(said)
    assert [(name, one["x_Passed"]) for name, one in found.items()] == [
        ("unallocated", False),
        ("reconciled", True),
        ("showback_periods", False),
        ("approved", False),
        ("disputes", True),
    ]
    none = found["unallocated"]
    assert (none["x_Found"], none["x_Whole"], none["x_Limit"]) == ("102.99485", "1030", "0.05")
    assert [(row["service"], row["reason"], row["cost"]) for row in none["rows"]] == [
        ("API", "untagged", "99.995"),
        ("Shared", "driver_unowned", "2.99985"),
    ]
    invoices = found["reconciled"]
    assert (invoices["x_Found"], invoices["x_Whole"]) == ("1", "1031")
    assert [(row["invoice"], row["difference"]) for row in invoices["rows"]] == [("I-2", "-1")]
    assert found["showback_periods"]["rows"] == [{"month": "2026-09", "why": "not closed"}]
    everyline("close", "2026-09")
    table = everyline("check", "--gate")
    assert table.code == 3
    assert all(len(line) <= 80 for line in table.out.splitlines() if "NAME,DAY" not in line)
    assert re.search(r"unallocated +102.99 of 1,030.00 USD +10.0 % +5 % +NOT PASSED", table.out)
    assert re.search(r"showback_periods +1 closed in a row before it +1 +passed", table.out)
    _bill(project, "2026-10", *_BILLS["2026-10"][:2], ("99.995", "API", "I-1", "ops"),
          _BILLS["2026-10"][3])  # fmt: skip
    everyline("run")
    row = next(x for x in everyline("check", "--gate").out.splitlines() if x.endswith("NAME,DAY"))
    approval = row.split()[-1].replace("NAME,DAY", "Bo,2026-11-03")
    _write(project, "finance/approvals.csv", "period,statement_hash,name,date", approval)
    assert everyline("check", "--gate").code == 0
    assert everyline("close", "2026-10").code == 0
    assert approval.split(",")[1] == read.closed(project)[-1].statements
    passed = everyline("check", "--gate", "--as", "csv")
    assert passed.code == 0
    assert {row["x_Period"] for row in csv.DictReader(io.StringIO(passed.out))} == {"2026-10"}


def test_open_disputes_and_missing_invoices_stop_at_the_gate(
    project: Path, everyline: Command
) -> None:
    """10.31 of 1030 is more than 1 %; 10.30 is not. September has no invoice at all."""
    everyline("run")
    everyline("close", "2026-09")
    header = "who,period,owner,charge,rule,BillingCurrency,amount,reason,state,settled_by"
    rows = (
        "Bo,2026-10,search,,shared,USD,10.3,too much,open,",
        "Bo,2026-10,search,,shared,USD,500,settled,settled,shared",
    )
    _write(project, "books/disputes.csv", header, *rows)
    assert _checks(everyline("check", "--gate", "--as", "json"))["disputes"]["x_Passed"]
    _write(project, "books/disputes.csv", header, *rows, rows[0].replace("10.3", "0.01"))
    found = _checks(everyline("check", "--gate", "--as", "json"))["disputes"]
    assert (found["x_Passed"], found["x_Found"], found["x_Whole"]) == (False, "10.31", "1030")
    assert [one["where"] for one in found["rows"]] == [
        "books/disputes.csv:2",
        "books/disputes.csv:4",
    ]
    _write(project, "books/disputes.csv", header, rows[0].replace("open", "opened"))
    assert not _checks(everyline("check", "--gate", "--as", "json"))["disputes"]["x_Passed"]
    said = everyline("check")
    assert said.code == 2
    assert "books/disputes.csv:2" in said.err
    september = _checks(everyline("check", "--gate", "--period", "2026-09", "--as", "json"))
    assert not september["reconciled"]["x_Passed"]
    assert september["reconciled"]["says"] == "no invoice of this month is listed or billed"


def test_tampered_books_are_named_by_every_command(project: Path, everyline: Command) -> None:
    """A run does not rest on the books, so it warns; all else refuses to go on."""
    everyline("run")
    everyline("close", "2026-09")
    file = project / "books/2026-09/statements.csv"
    file.write_bytes(file.read_bytes().replace(b"50.00", b"51.00"))
    for arguments, code in ((("run",), 0), (("check",), 1), (("check", "--gate"), 1),
                            (("close", "2026-10"), 1)):  # fmt: skip
        said = everyline(*arguments)
        assert (said.code, "books/2026-09/statements.csv" in said.err) == (code, True), arguments


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("close", "2026-13"), 2, "no month like 2026-10"),
        (("close", "october"), 2, "no month like 2026-10"),
        (("close", "2026-10", "--on", "soon"), 2, "soon"),
        (("close", "2026-10", "--note", "\udcff"), 2, "UTF-8"),
        (("close", "2026-10"), 1, "nothing has been run here yet"),
        (("check", "--gate"), 1, "nothing has been run here yet"),
        (("check", "--gate", "--as", "sarif"), 2, "sarif"),
        (("check", "--period", "2026-10"), 2, "--gate"),
    ],
)
def test_what_was_asked_wrongly_is_said(
    everyline: Command, arguments: tuple[str, ...], code: int, told: str
) -> None:
    said = everyline(*arguments)
    assert said.code == code
    assert told in said.err


def test_a_month_without_statements_and_a_project_without_gate_are_usage_errors(
    project: Path, everyline: Command
) -> None:
    everyline("run")
    assert everyline("check", "--gate", "--period", "2027-01").code == 2
    assert everyline("close", "2027-01").code == 1
    text = (project / "everyline.yaml").read_text("utf-8")
    _write(project, "everyline.yaml", text[: text.index("chargeback")])
    assert everyline("check", "--gate").code == 2
