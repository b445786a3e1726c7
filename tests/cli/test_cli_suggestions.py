"""`everyline worklist --suggest` and `--adopt`: who may own what, and what becomes of it."""

import csv
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from everyline import config, runs
from everyline.cli import main
from everyline.engines.duckdb import Engine
from everyline.problems import Problem

ODD = '=a,"6'
"""An account that a spreadsheet takes for a formula, with a comma and a quote in it."""

_TEAMS = "value,aliases\nsearch,find\nsupport,\nпоиск,\n"
_LINES = (
    # account, its name, cost, team, a tag that no key reads
    ("a1", "", "60", "search", ""),
    ("a1", "", "20", "support", ""),
    ("a1", "", "20", "", ""),  # 75 % of the 80 that are tagged is search's
    ("a2", "SupportBot prod", "10", "", ""),
    ("a3", "", "30", "search", ""),
    ("a3", "", "30", "support", ""),
    ("a3", "", "5", "", ""),  # a tie
    (ODD, '=SUM(A1),"поиск-2"', "7", "", ""),
    ("a5", "sandbox", "3", "", ""),
    ("a6", "search & support", "4", "", ""),  # names two
    ("a7", "", "8", "", "find"),  # an alias, in a tag
    ("a8", "support", "2", "", ""),  # its name says support, what is tagged says search
    ("a8", "", "9", "search", ""),
    ("a9", "researchers", "1", "", ""),  # no word of it is search
)
_YAML = """\
taxonomy:
  team: {tags: [team], values: owners/teams.csv}
bills:
  - {name: acme, format: table, path: bills.csv, layer: model,
     set: {ChargeCategory: Usage, InvoiceIssuerName: Acme, ServiceProviderName: Acme,
           ServiceName: Model API, BillingCurrency: USD}}
"""
_OWNERS = "owners:\n  - {registry: owners/accounts.csv}\n"
_HEADER = "team,SubAccountId,ServiceProviderName,valid_to,valid_from"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "owners").mkdir()
    (folder / "owners/teams.csv").write_text(_TEAMS, encoding="utf-8")
    # Another order of columns, another line end, and none after the last row.
    old = f"{_HEADER}\r\nsearch,b1,Acme,,"
    (folder / "owners/accounts.csv").write_bytes(old.encode())
    (folder / "everyline.yaml").write_text(_YAML + _OWNERS, encoding="utf-8")
    with (folder / "bills.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        columns = ("SubAccountId", "SubAccountName", "BilledCost", "team", "workspace")
        writer.writerow((*columns, "ChargePeriodStart"))
        writer.writerows((*line, "2026-10-02T00:00:00Z") for line in _LINES)
    _run(folder)
    return folder


@pytest.fixture
def acme(once: Path, tmp_path: Path) -> Path:
    """The project as it has been run, for a test to change."""
    return shutil.copytree(once, tmp_path, dirs_exist_ok=True)


def _run(project: Path) -> None:
    assert main(["run", "--project", str(project)]) == 0


def _suggested(project: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    capsys.readouterr()
    assert main(["worklist", "--project", str(project), "--suggest"]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def _write(project: Path, rows: list[dict[str, str]]) -> str:
    with (project / "filled.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return str(project / "filled.csv")


def _adopt(project: Path, file: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["worklist", "--project", str(project), "--adopt", file])
    return code, capsys.readouterr().err


def _owned(project: Path) -> dict[str | None, Decimal]:
    run = runs.current(project)
    assert not isinstance(run, Problem)
    relation = run.relation("allocations")
    return dict(Engine().rows(f"SELECT team, sum(EffectiveCost) FROM {relation} GROUP BY 1"))


def test_an_owner_is_suggested_with_its_evidence_and_no_owner_cell_is_filled(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _suggested(acme, capsys)
    assert {row["team"] for row in rows} == {""}
    assert {row["SubAccountId"]: (row["suggested_team"], row["because"]) for row in rows} == {
        "a1": ("search", "75 % of the tagged cost of `a1` (80 % of it is tagged)"),
        "a2": ("support", "named in `SupportBot prod`"),
        "a3": (
            "",
            (
                "open: search 50 % of the tagged cost of `a3` (92 % of it is tagged);"
                " support 50 % of the tagged cost of `a3` (92 % of it is tagged)"
            ),
        ),
        ODD: ("поиск", 'named in `=SUM(A1),"поиск-2"`'),
        "a5": ("", ""),
        "a6": (
            "",
            (
                "open: search named in `search & support`, 50 % of what names an owner;"
                " support named in `search & support`, 50 % of what names an owner"
            ),
        ),
        "a7": ("search", "named in `find`"),
        "a8": (
            "support",
            (
                "named in `support`;"
                " but search: 100 % of the tagged cost of `a8` (81 % of it is tagged)"
            ),
        ),
        "a9": ("", ""),
    }


def test_without_suggest_the_worklist_is_a_registry_as_before(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["worklist", "--project", str(acme)]) == 0
    header = capsys.readouterr().out.splitlines()[0]
    assert header == "ServiceProviderName,SubAccountId,team,valid_from,valid_to"


def test_suggestions_fit_the_screen_and_stand_in_json(
    acme: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    assert main(["worklist", "--project", str(acme), "--suggest", "--as", "table"]) == 0
    said = capsys.readouterr().out
    assert "  a1: search? 75 % of the tagged cost of `a1` (80 % of it is tagged)" in said
    assert all(len(line) <= 80 for line in said.splitlines())
    assert main(["worklist", "--project", str(acme), "--suggest", "--as", "json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["suggested"], first["identity"]["SubAccountId"]) == ("search", "a1")


def test_what_is_adopted_becomes_dated_rows_and_owns_just_its_own_cost(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _owned(acme)
    rows = _suggested(acme, capsys)
    for row in rows:
        row["team"] = row["suggested_team"]
    code, said = _adopt(acme, _write(acme, rows), capsys)
    assert code == 0
    assert "owners/accounts.csv: 5 rows appended" in said
    assert "4 without an owner yet" in said
    assert (acme / "owners/accounts.csv").read_bytes().decode() == (
        f"{_HEADER}\r\nsearch,b1,Acme,,\r\n"
        "search,a1,Acme,,2026-10-01\r\n"
        "support,a2,Acme,,2026-10-01\r\n"
        "search,a7,Acme,,2026-10-01\r\n"
        'поиск,"=a,""6",Acme,,2026-10-01\r\n'
        "support,a8,Acme,,2026-10-01\r\n"
    )
    assert config.load(acme).problems == ()
    _run(acme)
    after = _owned(acme)
    assert after["search"] - before["search"] == 20 + 8
    assert after["support"] - before["support"] == 10 + 2
    assert after["поиск"] == 7
    assert after[None] == 5 + 3 + 4 + 1


def test_a_day_that_is_stated_stands_and_what_no_run_knows_begins_today(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"SubAccountId": "a1", "team": "search", "valid_from": "2026-10-15", "valid_to": ""},
        {"SubAccountId": "new", "team": "support", "valid_from": "", "valid_to": ""},
    ]
    assert _adopt(acme, _write(acme, rows), capsys)[0] == 0
    *_, first, last = (acme / "owners/accounts.csv").read_text("utf-8").splitlines()
    assert first == "search,a1,,,2026-10-15"
    assert last.startswith("support,new,,,20")


def test_one_row_that_can_not_stand_keeps_all_from_being_written(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (acme / "owners/accounts.csv").read_bytes()
    row = {"ServiceProviderName": "Acme", "SubAccountId": "a1", "team": "search"}
    file = _write(
        acme,
        [
            row,
            row | {"SubAccountId": "b1"},  # is there already
            row | {"SubAccountId": "a2", "team": "serach"},
            row | {"SubAccountId": "a1", "team": "support"},  # twice in the file
            {"ServiceProviderName": "", "SubAccountId": "", "team": "search"},
        ],
    )
    code, said = _adopt(acme, file, capsys)
    assert code == 2
    assert "`Acme`, `b1` stands on owners/accounts.csv:2 already" in said
    assert "hint: write `team` search there" in said
    assert "`team` has the value `serach`, which owners/teams.csv does not declare" in said
    assert f"`Acme`, `a1` stands on {file}:2 already" in said
    assert "this row has no identity" in said
    assert "nothing is written" in said
    assert (acme / "owners/accounts.csv").read_bytes() == before


def test_without_a_registry_for_its_columns_it_says_what_to_add(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (acme / "everyline.yaml").write_text(_YAML, encoding="utf-8")
    rows = _suggested_by_hand()
    code, said = _adopt(acme, _write(acme, rows), capsys)
    assert code == 2
    assert (
        "hint: make the file owners/adopted.csv of the one line\n"
        "ServiceProviderName,SubAccountId,team,valid_from,valid_to\n"
        "and add to everyline.yaml\n"
        "owners:\n"
        "  - {registry: owners/adopted.csv}\n"
    ) in said
    header = "ServiceProviderName,SubAccountId,team,valid_from,valid_to\n"
    (acme / "owners/adopted.csv").write_text(header, encoding="utf-8")
    owners = "owners:\n  - {registry: owners/adopted.csv}\n"
    (acme / "everyline.yaml").write_text(_YAML + owners, encoding="utf-8")
    assert _adopt(acme, _write(acme, rows), capsys)[0] == 0
    assert (acme / "owners/adopted.csv").read_text(
        "utf-8"
    ) == f"{header}Acme,a1,search,2026-10-01,\n"


def _suggested_by_hand() -> list[dict[str, str]]:
    return [{"ServiceProviderName": "Acme", "SubAccountId": "a1", "team": "search"}]


def test_a_registry_without_days_is_not_given_rows_that_have_one(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "ServiceProviderName,SubAccountId,team\n"
    (acme / "owners/accounts.csv").write_text(text, encoding="utf-8")
    code, said = _adopt(acme, _write(acme, _suggested_by_hand()), capsys)
    assert code == 2
    assert "owners/accounts.csv lacks the column `valid_from`" in said
    assert (acme / "owners/accounts.csv").read_text("utf-8") == text


def test_a_column_that_nothing_knows_is_named(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row | {"SubAcountId": "a1"} for row in _suggested_by_hand()]
    code, said = _adopt(acme, _write(acme, rows), capsys)
    assert code == 2
    assert "has the column `SubAcountId`, which is not known here" in said


def test_a_key_with_two_accounts_goes_by_what_both_of_them_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """k1 called under b1 and b2, where 10 are tagged search and 30 support: 30 of 40.

    Of the 8 that b1's calls are billed with, k1 and k2 bear 4 each, and k1 has no owner.
    """
    day = "2026-10-02T00:00:00Z"
    files = {
        "bills.csv": "SubAccountId,BilledCost,team,ChargePeriodStart\n"
        f"b1,8,,{day}\nb1,10,search,{day}\nb2,30,support,{day}\n",
        "usage.csv": "hour,SubAccountId,x_CredentialId,x_Quantity,x_RequestCount,team\n"
        f"{day},b1,k1,100,1,\n{day},b2,k1,100,3,\n2026-10-03T05:00:00Z,b1,k2,100,2,support\n",
        "everyline.yaml": _YAML.replace("owners/teams.csv", "[search, support]")
        + "usage:\n  - {name: calls, format: table, path: usage.csv,\n"
        "     set: {ServiceProviderName: Acme, x_Meter: tokens, x_Unit: tokens}}\n"
        "trace:\n  - rule: by-calls\n    charges: {ServiceProviderName: Acme}\n"
        "    usage: {x_Source: calls}\n    split: [{on: [SubAccountId], weight: quantity}]\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    _run(tmp_path)
    (row,) = _suggested(tmp_path, capsys)
    assert (row["x_CredentialId"], row["suggested_team"]) == ("k1", "support")
    assert row["because"] == (
        "75 % of the tagged cost of `b2`, `b1` (83 % of it is tagged);"
        " 100 % of 2 calls that have an owner, the last on 2026-10-03"
    )
