"""`everyline compare` as a person calls it: which two are meant, and what is shown of them."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from everyline import runs
from everyline.cli import main

YAML = """\
taxonomy:
  team: {required: true, tags: [team]}
  use_case: {tags: [use_case]}
bills:
  - {name: vendors, format: table, path: "bills/*.csv", layer: model,
     set: {ChargeCategory: Usage, InvoiceIssuerName: Acme, BillingCurrency: USD}}
"""
RULE = "owners:\n  - {rule: seats, when: {ServiceName: Seats}, set: {team: ads}}\n"
HOSTILE = "=1+1\x1b]0;owned\x07"
HEADER = "BilledCost,ServiceName,ChargePeriodStart,ChargePeriodEnd,team,use_case,ConsumedQuantity,"
BILL = f"""\
{HEADER}ConsumedUnit
100,Model,2026-09-01,2026-09-02,search,chat,10,tokens
180,Model,2026-10-01,2026-10-02,search,chat,15,tokens
25,Seats,2026-09-01,2026-09-02,,,,
25,Seats,2026-10-01,2026-10-02,,,,
0.001,Model,2026-10-01,2026-10-02,{HOSTILE},chat,1,tokens
"""


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return _written(tmp_path / "acme")


def _written(folder: Path) -> Path:
    (folder / "bills").mkdir(parents=True)
    (folder / "everyline.yaml").write_text(YAML)
    (folder / "bills" / "all.csv").write_text(BILL)
    return folder


@pytest.fixture
def everyline(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("COLUMNS", "80")

    def command(*arguments: object) -> Said:
        code = main([str(argument) for argument in arguments])
        return Said(code, *capfd.readouterr())

    return command


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _written(tmp_path_factory.mktemp("once") / "acme")
    assert main(["run", "--project", str(folder)]) == 0
    return folder


@pytest.fixture
def ran(once: Path, tmp_path: Path) -> Path:
    """The project as it has been run, for a test to change."""
    return shutil.copytree(once, tmp_path / "acme")


def run_id(project: Path) -> str:
    found = runs.current(project)
    assert isinstance(found, runs.Run)
    return found.id


def test_two_months_in_eighty_columns(ran: Path, everyline: Command) -> None:
    said = everyline("compare", "2026-09", "2026-10", "--project", ran)
    assert said.code == 0, said.err
    assert said.out == (
        "2026-09 to 2026-10, USD\n"
        "125.00 to 205.00: +80.00\n"
        "team                  change   price  quantity    new\n"
        "─────────────────────────────────────────────────────\n"
        "search                +80.00  +30.00    +50.00      -\n"
        "=1+1\\x1b]0;owned\\x07   +0.00       -         -  +0.00\n"
        "─────────────────────────────────────────────────────\n"
        "total                 +80.00  +30.00    +50.00  +0.00\n"
        "\n"
    )


def test_data_have_every_digit_and_tie_to_the_bill(ran: Path, everyline: Command) -> None:
    said = everyline(
        "compare", "2026-09", "2026-10", "--by", "team,use_case", "--as", "csv", "--project", ran
    )
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [row["team"] for row in rows] == ["search", HOSTILE, ""]
    assert rows[1]["x_ByNew"] == rows[1]["x_Change"] == "0.001"
    assert rows[0]["use_case"] == "chat"
    assert sum(Decimal(row["x_Change"]) for row in rows) == Decimal("80.001")
    said = everyline("compare", "2026-09", "2026-10", "--as", "json", "--project", ran)
    assert [row["x_Change"] for row in json.loads(said.out)] == ["80", "0.001", "0"]


def test_many_causes_are_summed_to_the_bill_and_shown_apart(
    project: Path, everyline: Command
) -> None:
    """Six figures a column have no room in 80: price, quantity, new and ended become one."""
    lines = [HEADER + "ConsumedUnit"]
    for month, cost, quantity in (("09", "1000000", "10"), ("10", "1800000", "15")):
        for team in ("search-and-discovery", "support"):
            lines.append(
                f"{cost},Model,2026-{month}-01,2026-{month}-02,{team},chat,{quantity},tokens"
            )
    lines += [
        "1234567.89,Old,2026-09-01,2026-09-02,support,,,",
        "7654321.98,New,2026-10-01,2026-10-02,support,,,",
    ]
    (project / "bills" / "all.csv").write_text("\n".join(lines) + "\n")
    everyline("run", "--project", project)
    said = everyline("compare", "2026-09", "2026-10", "--by", "team,use_case", "--project", project)
    assert max(map(len, said.out.splitlines())) <= 80
    assert "of the bill\n" in said.out
    totals = [line.split()[1:] for line in said.out.splitlines() if line.startswith("total")]
    assert totals[0] == ["+8,019,754.09"]
    assert totals[1] == [
        "+600,000.00",
        "+1,000,000.00",
        "+7,654,321.98",
        "-1,234,567.89",
    ]


def test_what_if_shows_who_gains_and_who_loses_and_publishes_nothing(
    ran: Path, everyline: Command, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(YAML + RULE)
    pointer = (ran / ".everyline" / "current").read_bytes()
    said = everyline("compare", ran, "--with", other)
    assert said.code == 0, said.err
    assert "now to other.yaml, USD\n330.00: the bill is the same\n" in said.out
    assert [line.split() for line in said.out.splitlines()[4:6]] == [
        ["ads", "+50.00", "+50.00"],
        ["(nobody", "yet)", "-50.00", "-50.00"],
    ]
    only = everyline("compare", "--with", other, "--project", ran, "--period", "2026-10")
    assert "+25.00" in only.out
    assert (ran / ".everyline" / "current").read_bytes() == pointer
    assert len(list((ran / ".everyline" / "runs").iterdir())) == 1


def test_what_if_says_where_the_other_file_is_wrong(
    ran: Path, everyline: Command, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("bills: 3\n")
    said = everyline("compare", "--with", other, "--project", ran)
    assert said.code == 2
    assert f"--> {other}:1:8" in said.err
    assert said.out == ""


def test_what_if_wants_a_run_of_what_lies_there_now(
    ran: Path, everyline: Command, tmp_path: Path
) -> None:
    """Else a new bill would look like the other rule's doing."""
    (ran / "bills" / "more.csv").write_text(BILL.replace("100,", "101,"))
    other = tmp_path / "other.yaml"
    other.write_text(YAML + RULE)
    said = everyline("compare", "--with", other, "--project", ran)
    assert said.code == 1
    assert "stop[inputs-changed]" in said.err


def test_kept_runs_and_folders(ran: Path, everyline: Command, tmp_path: Path) -> None:
    before = run_id(ran)
    (ran / "everyline.yaml").write_text(YAML + RULE)
    everyline("run", "--project", ran)
    after = run_id(ran)
    said = everyline("compare", before[:10], after, "--project", ran, "--as", "csv")
    assert said.code == 0, said.err
    rows = {row["team"]: row["x_ByRules"] for row in csv.DictReader(io.StringIO(said.out))}
    assert rows == {"ads": "50", "": "-50", "search": "0", HOSTILE: "0"}
    again = everyline("compare", before, ran, "--project", ran, "--as", "csv")
    assert again.out == said.out


def test_an_earlier_run_that_was_damaged_is_refused(ran: Path, everyline: Command) -> None:
    before = run_id(ran)
    (ran / "everyline.yaml").write_text(YAML + RULE)
    everyline("run", "--project", ran)
    folder = ran / ".everyline" / "runs" / before
    for file in ("grouped.parquet", "manifest.json"):
        data = (folder / file).read_bytes()
        (folder / file).write_bytes(data[: len(data) // 2])
        said = everyline("compare", before, ran, "--project", ran)
        assert said.code == 1
        assert "stop[run-damaged]" in said.err
        assert file in said.err


def test_a_month_without_cost_and_a_run_that_is_not_kept(ran: Path, everyline: Command) -> None:
    said = everyline("compare", "2026-09", "2026-11", "--project", ran)
    assert said.code == 1
    assert "did you mean `2026-10`" in said.err
    said = everyline("compare", "5f3a90c1", run_id(ran), "--project", ran)
    assert said.code == 1
    assert f"here `{run_id(ran)[:12]}`" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name two months or runs"),
        (("2026-09",), "name two months or runs"),
        (("2026-09", "ffff"), "is a month: name another one"),
        (("2026-09", "2026-10", "--by", "teem"), "did you mean `team`?"),
        (("2026-09", "2026-10", "--period", "2026-09"), "months are compared as they are"),
    ],
)
def test_what_is_asked_for_wrongly(
    ran: Path, everyline: Command, arguments: tuple[str, ...], said: str
) -> None:
    found = everyline("compare", *arguments, "--project", ran)
    assert found.code == 2
    assert said in found.err


def test_owners_of_other_keys_are_not_compared(
    ran: Path, everyline: Command, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(YAML.replace("team: {required: true, tags: [team]}", "unit: {tags: [team]}"))
    said = everyline("compare", "--with", other, "--project", ran)
    assert said.code == 1
    assert "the first key is `team` in now, `unit` in other.yaml" in said.err


_GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "compare.md"
_GUIDE_YAML = """\
taxonomy:
  team: {required: true, tags: [team]}
bills:
  - {name: bill, format: table, path: "bills/*.csv", layer: model,
     set: {ChargeCategory: Usage, BillingCurrency: USD}}
owners:
  - {registry: owners/accounts.csv}
pools:
  - pool: observability
    charges: {ServiceName: Observability}
    split: [{by: cost, of: {ServiceName: [Model API, Seats]}}]
"""
_GUIDE_BILL = """\
ServiceName,SubAccountId,team,BilledCost,ConsumedQuantity,ConsumedUnit,ChargePeriodStart
Model API,,search,120,10000000,tokens,2026-09-01
Model API,,search,180,12000000,tokens,2026-10-01
Seats,acct-1,,40,,,2026-09-01
Seats,acct-1,,20,,,2026-10-01
Observability,,,40,,,2026-09-01
Observability,,,60,,,2026-10-01
Images,,,5,,,2026-10-01
"""
_GUIDE_ACCOUNTS = """\
SubAccountId,team,valid_from,valid_to
acct-1,support,,2026-10-01
acct-1,help,2026-10-01,
"""


def test_the_example_of_the_guide_is_what_is_printed(tmp_path: Path, everyline: Command) -> None:
    for name, text in {
        "everyline.yaml": _GUIDE_YAML,
        "bills/bill.csv": _GUIDE_BILL,
        "owners/accounts.csv": _GUIDE_ACCOUNTS,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    everyline("run", "--project", tmp_path)
    said = everyline("compare", "2026-09", "2026-10", "--project", tmp_path)
    assert said.out.rstrip() in _GUIDE.read_text("utf-8"), said.out


def test_corrections_that_were_booked_are_said_and_not_compared(
    ran: Path, everyline: Command
) -> None:
    """7.25 of September came late: October's books have it, and compare has it in September."""
    asked = ("compare", "2026-09", "2026-10", "--project", ran)
    closed = ("--by", "Ada", "--on", "2026-11-05", "--project", ran)
    assert everyline("close", "2026-09", *closed).code == 0
    assert "not compared" not in everyline(*asked).out
    late = "7.25,Model,2026-09-01,2026-09-02,search,chat,1,tokens\n"
    (ran / "bills" / "late.csv").write_text(f"{HEADER}ConsumedUnit\n{late}")
    assert everyline("run", "--project", ran).code == 0
    assert everyline("close", "2026-10", *closed).code == 0
    said = everyline(*asked)
    assert "132.25 to 205.00: +72.75" in said.out
    *_, first, second, third = said.out.rstrip().splitlines()
    assert " ".join((first, second, third)) == (
        "not compared: 2026-10 has 1 line that corrects 2026-09, 7.25 USD in sum, as booked at its"
        " close. They are in its statements; here each month is what a run computes for it."
    )
    assert max(map(len, said.out.splitlines())) <= 80
    assert "not compared" not in everyline(*asked, "--as", "csv").out


def test_damaged_books_are_named_by_compare(ran: Path, everyline: Command) -> None:
    closed = ("--by", "Ada", "--on", "2026-11-05", "--project", ran)
    assert everyline("close", "2026-09", *closed).code == 0
    with (ran / "books/2026-09/statements.csv").open("a") as file:
        file.write("\n")
    said = everyline("compare", "2026-09", "2026-10", "--project", ran)
    assert said.code == 0
    assert "warn[books-damaged]" in said.err
