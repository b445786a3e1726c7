"""`everyline journal` on a project that was run and closed.

September in USD: 1,200.555 of search (R23: 1,200.56), 500 billed and 300 used of support, less 20;
99.25 of nobody; in JPY 1,500 of support. October in USD: 70 of search.
"""

import csv
import io
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from everyline.cli import main

_YAML = """\
organisation: Acme
taxonomy: {team: {required: true, tags: [team], values: [search, support, new]}}
bills:
  - {name: vendors, format: table, path: "bills/*.csv", layer: model,
     set: {ChargeCategory: Usage, InvoiceIssuerName: Clouds, ServiceProviderName: Clouds}}
chargeback:
  gate: {unallocated: 0.07}
  journal: {accounts: finance/accounts.csv, clearing: 6400-AI, format: netsuite}
"""
_ACCOUNTS = """\
team,legal_entity,cost_centre,account_model
search,INC,CC-100,6401
support,GMBH,CC-200,6401
"""
_BILL = """\
BilledCost,EffectiveCost,BillingCurrency,InvoiceId,month,team
1200.555,1200.555,USD,1,2026-09-01,search
500,300,USD,1,2026-09-01,support
-20,-20,USD,1,2026-09-01,support
99.25,99.25,USD,1,2026-09-01,
1500,1500,JPY,2,2026-09-01,support
70,70,USD,3,2026-10-01,search
"""

Said = tuple[int, str, str]
Command = Callable[..., Said]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with September closed."""
    folder = tmp_path_factory.mktemp("acme")
    for name in ("bills", "finance"):
        (folder / name).mkdir()
    text = _YAML.replace("layer: model,", "layer: model, columns: {ChargePeriodStart: month},")
    (folder / "everyline.yaml").write_text(text, encoding="utf-8")
    (folder / "finance/accounts.csv").write_text(_ACCOUNTS, encoding="utf-8")
    (folder / "bills/all.csv").write_text(_BILL, encoding="utf-8")
    assert main(["run", "--project", str(folder)]) == 0
    assert _close(folder, "2026-09", "2026-10-05") == 0
    return folder


@pytest.fixture
def project(closed: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(closed, tmp_path / "acme")


@pytest.fixture
def everyline(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Command:
    monkeypatch.setenv("COLUMNS", "80")

    def command(*arguments: str) -> Said:
        capfdbinary.readouterr()
        code = main([*arguments, "--project", str(project)])
        captured = capfdbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    return command


def _close(folder: Path, period: str, day: str) -> int:
    return main(["close", period, "--by", "Ada", "--on", day, "--project", str(folder)])


def change(project: Path, file: str, old: str, new: str) -> None:
    path = project / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_closed_month_is_written_in_the_form_of_the_project(everyline: Command) -> None:
    code, out, err = everyline("journal", "2026-09")
    assert code == 0
    found = [
        (row["Subsidiary"], row["Currency"], row["Journal Entry - Line: Debit"])
        for row in rows(out)
        if row["Journal Entry - Line: Department"]
    ]
    assert found == [
        ("GMBH", "JPY", "1500.00"),
        ("GMBH", "USD", "280.00"),
        ("INC", "USD", "1200.56"),
    ]
    assert err == (
        "legal entity  documents  lines     debit    credit\n"
        "───────────────────────────────────────────────────────\n"
        "GMBH                  1      2     1,500     1,500  JPY\n"
        "GMBH                  1      2    280.00    280.00  USD\n"
        "INC                   1      2  1,200.56  1,200.56  USD\n"
        "\n"
        "6400-AI\n"
        "─────────────────────────────────────────────────\n"
        "billed                                 1,500  JPY\n"
        "charged to owners                     -1,500  JPY\n"
        "billed                              1,779.81  USD\n"
        "charged to owners                  -1,480.56  USD\n"
        "stays: nobody owns it yet              99.25  USD\n"
        "stays: BilledCost - EffectiveCost     200.00  USD\n"
    )


def test_where_one_entity_pays_for_all_the_others_owe_it(everyline: Command, project: Path) -> None:
    between = "format: generic, between: {payer: HOLD, due_to: '2100', due_from: '1300'}"
    change(project, "everyline.yaml", "format: netsuite", between)
    code, out, _ = everyline("journal", "2026-09")
    assert code == 0
    found = [
        (row["LegalEntity"], row["AccountNumber"], row["DebitAmount"], row["CreditAmount"])
        for row in rows(out)
        if row["Currency"] == "USD"
    ]
    assert found == [
        ("GMBH", "6401", "280.00", ""),
        ("GMBH", "2100", "", "280.00"),
        ("HOLD", "1300", "280.00", ""),
        ("HOLD", "1300", "1200.56", ""),
        ("HOLD", "6400-AI", "", "1480.56"),
        ("INC", "6401", "1200.56", ""),
        ("INC", "2100", "", "1200.56"),
    ]


def test_a_second_journal_is_the_same_bytes(everyline: Command, project: Path) -> None:
    for name in ("one.csv", "two.csv"):
        file = project / name
        assert everyline("journal", "2026-09", "--as", "oracle", "--out", str(file))[:2] == (0, "")
    assert (project / "one.csv").read_bytes() == (project / "two.csv").read_bytes()
    assert (
        everyline("journal", "2026-09", "--as", "oracle")[1].encode()
        == (project / "one.csv").read_bytes()
    )


def test_one_legal_entity_can_be_asked_for_and_dynamics_must(
    everyline: Command, project: Path
) -> None:
    change(project, "finance/accounts.csv", "CC-", "CC")
    change(project, "everyline.yaml", "6400-AI", "6400")
    code, out, err = everyline("journal", "2026-09", "--as", "dynamics")
    assert (code, out) == (2, "")
    assert "`GMBH`, `INC`" in err
    assert "--entity" in err
    code, out, err = everyline("journal", "2026-09", "--as", "dynamics", "--entity", "INC")
    assert (code, {row["ACCOUNTDISPLAYVALUE"] for row in rows(out)}) == (0, {"6401-CC100", "6400-"})
    assert "accounts.csv has changed since 2026-09 was closed" in err
    code, out, err = everyline("journal", "2026-09", "--entity", "IMC")
    assert (code, out) == (2, "")
    assert "did you mean `INC`?" in err


def test_corrections_of_a_closed_month_name_its_first_document(
    everyline: Command, project: Path
) -> None:
    first = {row["Document"] for row in rows(everyline("journal", "2026-09", "--as", "generic")[1])}
    change(project, "bills/all.csv", "01,search", "01,new")
    assert everyline("run")[0] == 0
    assert _close(project, "2026-10", "2026-11-05") == 0
    code, out, err = everyline("journal", "2026-10")
    assert (code, out) == (2, "")
    assert err.count("cost-centre-missing") == 2
    assert "1,200.56 USD, 2026-09" in err
    assert "70.00 USD, 2026-10" in err
    with (project / "finance/accounts.csv").open("a", encoding="utf-8") as file:
        file.write("new,INC,CC-300,6401\n")
    code, out, err = everyline("journal", "2026-10", "--as", "generic")
    corrections = [row for row in rows(out) if row["Corrects"]]
    assert [
        (row["CostCentre"], row["DebitAmount"], row["CreditAmount"]) for row in corrections
    ] == [
        ("CC-300", "1200.56", ""),
        ("CC-100", "", "1200.56"),
    ]
    assert {row["Reverses"] for row in corrections} <= first
    assert not {row["Document"] for row in rows(out)} & first


def test_late_cost_of_a_month_that_had_none_corrects_no_document(
    everyline: Command, project: Path
) -> None:
    change(project, "bills/all.csv", "2026-10-01", "2026-11-01")
    assert everyline("run")[0] == 0
    assert _close(project, "2026-11", "2026-12-05") == 0
    with (project / "bills/all.csv").open("a", encoding="utf-8") as file:
        file.write("5,5,USD,4,2026-10-01,search\n6,6,USD,5,2026-12-01,search\n")
    assert everyline("run")[0] == 0
    assert _close(project, "2026-12", "2027-01-05") == 0
    code, out, _ = everyline("journal", "2026-12", "--as", "generic")
    found = [
        (row["Corrects"], row["Reverses"], row["DebitAmount"])
        for row in rows(out)
        if row["CostCentre"]
    ]
    assert (code, found) == (0, [("", "", "6.00"), ("2026-10", "", "5.00")])


@pytest.mark.parametrize("period", ["2026-10", "2027-01"])
def test_a_month_that_is_not_closed_has_no_journal(everyline: Command, period: str) -> None:
    code, out, err = everyline("journal", period)
    assert (code, out) == (3, "")
    assert f"fail[period-not-closed]: {period} is not closed" in err


def test_what_does_not_pass_the_gate_has_no_journal(everyline: Command, project: Path) -> None:
    """99.25 of 1,579.81 is 6.3 percent."""
    change(project, "everyline.yaml", "0.07", "0.06")
    code, out, err = everyline("journal", "2026-09")
    assert (code, out) == (3, "")
    assert "fail[gate-not-passed]: `unallocated` of the gate has not passed" in err
    assert "= 99.25 USD, 2026-09" in err


def test_books_that_were_changed_have_no_journal(everyline: Command, project: Path) -> None:
    change(project, "books/2026-09/statements.csv", "99.25", "99.26")
    code, out, err = everyline("journal", "2026-09")
    assert (code, out) == (1, "")
    assert "stop[books-damaged]" in err


def test_what_the_system_does_not_take_is_named_and_nothing_is_written(
    everyline: Command, project: Path
) -> None:
    change(project, "finance/accounts.csv", "GMBH", "Acme GmbH")
    file = project / "out.csv"
    code, out, err = everyline("journal", "2026-09", "--as", "sap", "--out", str(file))
    assert (code, out, file.exists()) == (2, "", False)
    assert err.count("journal-cannot-say") == 2, "one for each currency"
    assert "= 280.00 USD, 2026-09" in err


def test_a_project_without_a_chart_of_accounts_is_told_what_to_add(
    everyline: Command, project: Path
) -> None:
    text = (project / "everyline.yaml").read_text(encoding="utf-8")
    (project / "everyline.yaml").write_text(text.partition("chargeback:")[0], encoding="utf-8")
    code, out, err = everyline("journal", "2026-09")
    assert (code, out) == (2, "")
    assert "error[missing-setting]" in err
    assert everyline("journal", "september")[0] == 2


def test_all_amounts_of_the_journal_are_those_of_the_statements(everyline: Command) -> None:
    code, out, _ = everyline("statements", "--period", "2026-09", "--as", "csv")
    owned = [row for row in rows(out) if row["team"]]
    assert code == 0
    _, out, _ = everyline("journal", "2026-09", "--as", "generic")
    for team, currency in {(row["team"], row["BillingCurrency"]) for row in owned}:
        stated = [
            Decimal(row["x_EffectiveAmount"])
            for row in owned
            if (row["team"], row["BillingCurrency"]) == (team, currency)
        ]
        booked = [
            Decimal(row["DebitAmount"] or 0) - Decimal(row["CreditAmount"] or 0)
            for row in rows(out)
            if (row["Owner"], row["Currency"]) == (team, currency)
        ]
        assert sum(booked) == sum(stated)
