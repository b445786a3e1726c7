"""`everyline worklist`: a registry to fill in, whose rows speak for just their own cost (R8)."""

import csv
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from conftest import Command
from everyline import runs
from everyline.cli import main
from everyline.engines.duckdb import Engine
from everyline.problems import Problem

HEADER = (
    "BilledCost,BillingCurrency,ServiceName,ServiceProviderName,BillingAccountId,SubAccountId,"
    "ChargePeriodStart,team"
)
DAY = "2026-10-01T00:00:00Z"
LINES = (
    f"100,USD,Model API,Acme,b1,a1,{DAY},",  # nobody
    f"40,USD,Model API,Acme,b1,a1,{DAY},serach",  # undeclared
    f"30,USD,Model API,Acme,b1,a1,{DAY},search",  # owned by its tag
    f"500,USD,Model API,Acme,b1,,{DAY},",  # no account: its service, which a1 shares
    f"7,USD,Vectors,Acme,b1,a2,{DAY},",
    f"3,EUR,Vectors,Acme,b1,a2,{DAY},",
    f"-5,USD,Model API,Acme,b1,a3,{DAY},",  # a credit
    "11,USD,Model API,Other,,a1,2026-09-01T00:00:00Z,",  # another provider's account of that name
)
"""Unowned: a1 140, Model API without an account 500, a2 7 USD and 3 EUR, a3 -5, Other 11."""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "owners").mkdir()
    (folder / "bills.csv").write_text("\n".join([HEADER, *LINES]) + "\n", encoding="utf-8")
    _configure(folder, "")
    _run(folder)
    return folder


@pytest.fixture
def acme(once: Path, tmp_path: Path) -> Path:
    """The project as it has been run, for a test to change."""
    return shutil.copytree(once, tmp_path, dirs_exist_ok=True)


def _configure(project: Path, owners: str) -> None:
    (project / "everyline.yaml").write_text(
        "taxonomy:\n  team: {tags: [team], values: [search, support]}\n  use_case: {}\n"
        "bills:\n  - {name: acme, format: table, path: bills.csv, layer: model,"
        " set: {ChargeCategory: Usage, InvoiceIssuerName: Acme}}\n" + owners,
        encoding="utf-8",
    )


def _run(project: Path) -> None:
    assert main(["run", "--project", str(project)]) == 0


def _listed(project: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[list[str]]:
    capsys.readouterr()
    assert main(["worklist", "--project", str(project), *options]) == 0
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))


def _unowned(project: Path) -> dict[str, Decimal]:
    """EffectiveCost without a team, by currency."""
    run = runs.current(project)
    assert not isinstance(run, Problem)
    rows = Engine().rows(
        f"SELECT BillingCurrency, sum(EffectiveCost) FROM {run.relation('allocations')}"
        " WHERE x_Method = 'unallocated' GROUP BY 1"
    )
    return {currency: cost for currency, cost in rows if cost}


def _fill(project: Path, rows: list[list[str]], which: list[int]) -> None:
    """Writes the worklist as a registry, `support` in the rows of these numbers, and runs."""
    header, *listed = rows
    for n in which:
        listed[n][header.index("team")] = "support"
    with (project / "owners/todo.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *listed])
    _configure(project, "owners:\n  - {registry: owners/todo.csv}\n")
    _run(project)


def test_identities_are_listed_by_cost_with_the_owner_cells_left_to_fill(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _listed(acme, capsys) == [
        [
            *("ServiceProviderName", "BillingAccountId", "SubAccountId", "ServiceName"),
            *("team", "use_case", "valid_from", "valid_to"),
        ],
        # a1 and a3 of Acme name their billing account, or the service's row had as many cells.
        ["", "b1", "", "Model API", "", "", "", ""],
        ["Acme", "b1", "a1", "", "", "", "", ""],
        ["Other", "", "a1", "", "", "", "", ""],
        ["Acme", "", "a2", "", "", "", "", ""],
        ["Acme", "b1", "a3", "", "", "", "", ""],
    ]


def test_filling_in_everything_leaves_nothing_unallocated(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _unowned(acme) == {"USD": Decimal(653), "EUR": Decimal(3)}  # 140 + 500 + 7 - 5 + 11
    _fill(acme, _listed(acme, capsys), [0, 1, 2, 3, 4])
    assert _unowned(acme) == {}
    assert main(["worklist", "--project", str(acme)]) == 0
    assert "nothing to do: every line in scope has a team" in capsys.readouterr().err


@pytest.mark.parametrize("n", range(5))
def test_filling_in_one_row_allocates_just_its_own_cost(
    acme: Path, capsys: pytest.CaptureFixture[str], n: int
) -> None:
    capsys.readouterr()
    assert main(["worklist", "--project", str(acme), "--as", "json"]) == 0
    row = json.loads(capsys.readouterr().out)[n]
    before = _unowned(acme)
    _fill(acme, _listed(acme, capsys), [n])
    after = _unowned(acme)
    for currency in ("USD", "EUR"):
        fallen = before.get(currency, Decimal(0)) - after.get(currency, Decimal(0))
        assert fallen == Decimal(row["EffectiveCost"].get(currency, "0"))


def test_what_a_tag_says_stays_what_a_registry_row_of_its_account_says_else(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(acme, _listed(acme, capsys), [1])
    run = runs.current(acme)
    assert not isinstance(run, Problem)
    rows = Engine().rows(
        f"SELECT team, team_evidence, sum(EffectiveCost) FROM {run.relation('allocations')}"
        " WHERE SubAccountId = 'a1' AND ServiceProviderName = 'Acme' GROUP BY ALL ORDER BY ALL"
    )
    assert rows == [("search", "tag", Decimal(30)), ("support", "registry", Decimal(140))]


def test_a_short_list_keeps_rows_that_its_less_telling_ones_would_speak_for(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _listed(acme, capsys, "--top", "1")
    assert [row[:4] for row in rows[1:]] == [
        ["", "b1", "", "Model API"],
        ["Acme", "b1", "a1", ""],
        ["Acme", "b1", "a3", ""],
    ]
    _fill(acme, rows, [0])
    assert _unowned(acme) == {"USD": Decimal(153), "EUR": Decimal(3)}


def test_cost_and_reasons_go_to_stderr_where_the_csv_goes_to_stdout(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["worklist", "--project", str(acme)]) == 0
    told = capsys.readouterr().err
    words = " ".join(told.split())
    assert "a1, b1, Acme 140.00 USD 2 no declared value, untagged" in words
    assert "a1, Other 11.00 USD 1 untagged" in words
    assert "a2 3.00 EUR, 7.00 USD 2 untagged" in words
    assert "total 3.00 EUR total 653.00 USD" in words
    assert "one of search, support" in told
    assert "add `- {registry: owners/todo.csv}` as the last entry of `owners`" in told


def test_only_cost_of_the_month_asked_for_is_listed(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _listed(acme, capsys, "--period", "2026-09")
    assert [row[:2] for row in rows] == [["ServiceProviderName", "SubAccountId"], ["Other", "a1"]]
    assert main(["worklist", "--project", str(acme), "--period", "2026-08"]) == 1
    assert "did you mean `2026-10` or `2026-09`?" in capsys.readouterr().err


def test_a_second_worklist_does_not_take_the_name_of_the_first(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (acme / "owners/todo.csv").write_text("SubAccountId,team\na1,search\n", encoding="utf-8")
    capsys.readouterr()
    main(["worklist", "--project", str(acme)])
    assert "> owners/todo-2.csv" in capsys.readouterr().err


def test_as_a_table_it_goes_to_stdout(everyline: Command) -> None:
    said = everyline("worklist", "--as", "table")
    assert said.code == 0
    assert said.out.startswith("without a team")
    assert "300.00 USD" in said.out
