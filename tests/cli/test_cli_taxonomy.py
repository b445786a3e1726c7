"""`everyline taxonomy`: tags by cost, worked by hand, and proposals that mend what they say."""

import csv
import io
import json
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from everyline import config, runs
from everyline.cli import main
from everyline.engines.duckdb import Engine
from everyline.problems import Problem

FORMULA = "=cmd|calc"

_YAML = """\
taxonomy:
  team: {tags: [team], values: owners/teams.csv}
  product: {tags: [product], values: [shop, help-centre]}
  environment:
    tags: [env]
    values: [production, staging]
    aliases: {prod: production}
bills:
  - {name: acme, format: table, path: bills.csv, layer: model,
     set: {ChargeCategory: Usage, InvoiceIssuerName: Acme, ServiceProviderName: Acme}}
layers:
  - {when: {ServiceName: Web shop}, layer: none}
  - {when: {Tags.cluster: gpu}, layer: platform}
"""
_TEAMS = "value,aliases,valid_to\nsearch,find,\nstarch,,\ndepots,,2026-10-01\n"
_TAGS = ("team", "user:Team", "env", "product", "project", "stack", "cluster")
_LINES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("100", "USD", "10", {"team": "search"}),
    ("-20", "USD", "10", {"team": "search"}),
    ("40", "USD", "10", {"team": "serach"}),
    ("30", "USD", "10", {"user:Team": " SEARCH "}),
    ("7", "USD", "10", {"team": "sarch"}),  # as near to search as to starch
    ("5", "USD", "10", {"team": FORMULA}),
    ("8", "USD", "10", {"team": "depots"}),  # not valid any more
    ("9", "USD", "09", {"team": "depots"}),
    ("50", "USD", "09", {"team": "find"}),
    ("3", "USD", "10", {"env": "prd"}),
    ("2", "USD", "10", {"env": "prod"}),
    ("11", "USD", "10", {"product": "help center"}),
    ("13", "USD", "10", {"project": "shop"}),
    ("17", "USD", "10", {"project": "help-centre"}),
    ("4", "USD", "10", {"stack": "production", "cluster": "gpu"}),
    ("6.000000000000000001", "USD", "10", {"stack": "staging"}),
    ("1500", "JPY", "10", {"team": "поиск"}),
    ("1000000", "USD", "10", {"team": "search", "service": "Web shop"}),  # no AI
)
OCTOBER = Decimal("226.000000000000000001")
"""100 - 20 + 40 + 30 + 7 + 5 + 8 + 3 + 2 + 11 + 13 + 17 + 4 + 6.000000000000000001"""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "owners").mkdir()
    (folder / "owners/teams.csv").write_text(_TEAMS, encoding="utf-8")
    (folder / "everyline.yaml").write_text(_YAML, encoding="utf-8")
    with (folder / "bills.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("BilledCost", "BillingCurrency", "ServiceName", "ChargePeriodStart", *_TAGS)
        )
        for cost, currency, month, tags in _LINES:
            service = tags.get("service", "Model API")
            cells = [tags.get(name, "") for name in _TAGS]
            writer.writerow((cost, currency, service, f"2026-{month}-02T00:00:00Z", *cells))
    assert main(["run", "--project", str(folder)]) == 0
    return folder


@pytest.fixture
def acme(once: Path, tmp_path: Path) -> Path:
    """The project as it has been run, for a test to change."""
    return shutil.copytree(once, tmp_path, dirs_exist_ok=True)


def _said(project: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    capsys.readouterr()
    assert main(["taxonomy", "--project", str(project), *options]) == 0
    return capsys.readouterr().out


def _rows(
    project: Path, capfdbinary: pytest.CaptureFixture[bytes], *options: str
) -> list[dict[str, str]]:
    capfdbinary.readouterr()
    assert main(["taxonomy", "--project", str(project), "--as", "csv", *options]) == 0
    return list(csv.DictReader(io.StringIO(capfdbinary.readouterr().out.decode())))


def test_each_tag_key_sums_to_the_bill_in_scope_exactly(
    acme: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in _rows(acme, capfdbinary):
        at = (row["x_TagKey"], row["x_Period"], row["BillingCurrency"])
        sums[at] += Decimal(row["EffectiveCost"])
    bill = {("2026-10", "USD"): OCTOBER, ("2026-09", "USD"): Decimal(59)}
    bill["2026-10", "JPY"] = Decimal(1500)
    assert sums == {(tag, *at): cost for tag in _TAGS for at, cost in bill.items()}


def test_a_value_says_what_it_costs_and_what_is_made_of_it(
    acme: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    rows = _rows(acme, capfdbinary, "--period", "2026-10")
    found = {
        row["x_Value"]: (
            row["EffectiveCost"],
            row["x_Count"],
            row["x_State"],
            row["x_Means"],
            row["x_Proposed"],
            row["x_Into"],
        )
        for row in rows
        if row["x_TagKey"] == "team" and row["BillingCurrency"] == "USD"
    }
    assert found == {
        "search": ("80", "2", "declared", "search", "", ""),
        "serach": ("40", "1", "undeclared", "", "search", "owners/teams.csv"),
        "sarch": ("7", "1", "undeclared", "", "", ""),
        FORMULA: ("5", "1", "undeclared", "", "", ""),
        "depots": ("8", "1", "not valid", "", "", ""),
        # 226.000000000000000001 - 80 - 40 - 7 - 5 - 8, 8 of 14 lines
        "": ("86.000000000000000001", "8", "", "", "", ""),
    }
    (tie,) = [row for row in rows if row["x_Value"] == "sarch"]
    assert tie["x_Because"] == "one typing error away, as near to `search` as to `starch`"
    (prefixed,) = [row for row in rows if row["x_Value"].strip() == "SEARCH"]
    assert (prefixed["x_TagKey"], prefixed["x_Key"], prefixed["x_State"]) == (
        "user:Team",
        "team",
        "declared",
    )
    (alias,) = [row for row in rows if row["x_Value"] == "prod"]
    assert (alias["x_State"], alias["x_Means"]) == ("alias", "production")
    assert {row["x_State"] for row in rows if row["x_TagKey"] == "cluster"} == {"rules"}


def test_what_is_not_valid_in_one_month_is_declared_in_another(
    acme: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    rows = [row for row in _rows(acme, capfdbinary) if row["x_Value"] == "depots"]
    assert [(row["x_Period"], row["x_State"]) for row in rows] == [
        ("2026-09", "declared"),
        ("2026-10", "not valid"),
    ]


def test_proposals_stand_as_they_would_in_their_file(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _said(acme, capsys, "--for", "owners/teams.csv") == (
        "value,aliases,valid_to\nsearch,find|serach,\n"
    )
    assert _said(acme, capsys, "--for", "everyline.yaml") == (
        "taxonomy:\n"
        "  product:\n"
        "    tags: [product, project]\n"
        '    aliases: {"help center": help-centre}\n'
        "  environment:\n"
        "    tags: [env, stack]\n"
        "    aliases: {prod: production, prd: production}\n"
    )
    assert _said(acme, capsys, "--for", "owners/other.csv") == ""


def test_what_is_pasted_gives_owners_to_just_what_it_says(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, row = _said(acme, capsys, "--for", "owners/teams.csv").splitlines()
    settings = _said(acme, capsys, "--for", "everyline.yaml")
    (acme / "owners/teams.csv").write_text(_TEAMS.replace("search,find,", row), encoding="utf-8")
    own = {
        "taxonomy:": "  team: {tags: [team], values: owners/teams.csv}",
        "  product:": "    values: [shop, help-centre]",
        "  environment:": "    values: [production, staging]",
    }
    for line, more in own.items():
        settings = settings.replace(f"{line}\n", f"{line}\n{more}\n")
    rest = _YAML[_YAML.index("bills:") :]
    (acme / "everyline.yaml").write_text(settings + rest, encoding="utf-8")
    assert config.load(acme).problems == ()
    assert main(["run", "--project", str(acme)]) == 0
    run = runs.current(acme)
    assert not isinstance(run, Problem)
    owned = run.relation("owned_groups")
    where = "WHERE x_Period = '2026-10' AND BillingCurrency = 'USD'"

    def by(key: str) -> list[tuple[str | None, Decimal]]:
        sql = f"SELECT {key}, sum(EffectiveCost) FROM {owned} {where} AND x_Layer <> 'none'"
        return [row for row in Engine().rows(f"{sql} GROUP BY 1 ORDER BY 1") if row[0]]

    assert by("team") == [("search", Decimal(150))]  # 80 + 30 as before, and 40 of `serach`
    assert by("product") == [("help-centre", Decimal(28)), ("shop", Decimal(13))]  # 17 + 11
    assert by("environment") == [
        ("production", Decimal(9)),  # 2 as before, 3 of `prd`, 4 by the tag `stack`
        ("staging", Decimal("6.000000000000000001")),
    ]


def test_nothing_is_written(once: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in once.rglob("*") if path.is_file()}
    _said(once, capsys)
    after = {path: path.read_bytes() for path in once.rglob("*") if path.is_file()}
    assert after == before


def test_the_table_fits_and_says_what_could_be_added(
    acme: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = _said(acme, capsys, "--period", "2026-10")
    assert all(len(line) <= 80 for line in said.splitlines() if "--for" not in line)
    assert "tags of bills, 2026-10, USD" in said
    assert "tags of bills, 2026-10, JPY" in said
    words = " ".join(said.split())
    assert "`serach` means team `search`: one typing error away; 40.00 USD" in words
    assert "tag `stack` says environment: 2 of its 2 values are values of `environment`" in words
    assert "look at `sarch`, team: one typing error away, as near to" in words
    assert "поиск team undeclared 1,500 JPY 1" in words


def test_json_has_every_digit(acme: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["taxonomy", "--project", str(acme), "--as", "json"]) == 0
    rows = json.loads(capfdbinary.readouterr().out)
    costs = [r["EffectiveCost"] for r in rows if r["x_TagKey"] == "stack" and r["x_Value"]]
    assert sorted(costs) == ["4", "6.000000000000000001"]


def test_a_month_without_tags_and_a_project_without_a_run_are_said(
    acme: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["taxonomy", "--project", str(acme), "--period", "2026-11"]) == 1
    assert "did you mean `2026-10`" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["taxonomy", "--project", str(empty)]) == 1
    assert "nothing has been run here yet" in capsys.readouterr().err


def test_bills_that_changed_since_the_run_are_not_mixed_with_it(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (acme / "bills.csv").open("a", encoding="utf-8") as file:
        file.write("1,USD,Model API,2026-10-02T00:00:00Z,search,,,,,,\n")
    assert main(["taxonomy", "--project", str(acme)]) == 1
    assert "inputs-changed" in capsys.readouterr().err


def test_without_a_list_a_list_is_proposed_where_values_are_alike(
    acme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yaml = _YAML.replace(", values: owners/teams.csv", "")
    (acme / "everyline.yaml").write_text(yaml, encoding="utf-8")
    assert main(["run", "--project", str(acme)]) == 0
    # By cost: поиск, search (80), find, SEARCH (30) and serach (40) are search, and sarch too.
    assert _said(acme, capsys, "--for", "owners/team.csv") == (
        f"value,aliases\nпоиск,\nsearch,serach|sarch\nfind,\ndepots,\n{FORMULA},\n"
    )
