"""`everyline init`: bills recognised by content, patterns that lose and repeat nothing, a run."""

import gzip
import json
import re
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from everyline import config, runs, starting
from everyline.cli import main
from everyline.engines.duckdb import Engine
from everyline.problems import Problem
from everyline.starting.tag_keys import chosen

FOCUS_HEADER = (
    "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,"
    "ServiceName,ServiceProviderName,InvoiceIssuerName,ServiceCategory,ServiceSubcategory,"
    "ChargeCategory,SubAccountId,Tags"
)


def _focus(cost: str, *, month: str = "2026-10", tags: str = "{}", account: str = "a1") -> str:
    """A FOCUS file of one line of a model service."""
    doubled = tags.replace('"', '""')
    return (
        f"{FOCUS_HEADER}\n{cost},{cost},USD,{month}-01T00:00:00Z,{month}-01T00:00:00Z,"
        f"{month}-02T00:00:00Z,Model API,Acme,Acme,AI and Machine Learning,Generative AI,Usage,"
        f'{account},"{doubled}"\n'
    )


def _openai(*, more: bool = False, results: bool = True) -> str:
    amount = {"value": 1.25, "currency": "usd"}
    row = {"object": "organization.costs.result", "amount": amount, "project_id": "p1"}
    bucket = {"start_time": 1790812800, "end_time": 1790899200, "results": [row] * results}
    return json.dumps({"object": "page", "data": [bucket], "has_more": more})


def _usage(*projects: str, hours: int = 24, tokens: int = 100, more: bool = False) -> str:
    """A page of OpenAI's usage: input tokens of each project on 1 October 2026."""
    rows = [
        {
            "object": "organization.usage.completions.result",
            "project_id": one,
            "model": "gpt-4o-2024-08-06",
            "input_tokens": tokens,
            "output_tokens": 0,
            "num_model_requests": 1,
        }
        for one in projects or ("p1",)
    ]
    end = 1790812800 + 3600 * hours
    bucket = {"object": "bucket", "start_time": 1790812800, "end_time": end, "results": rows}
    return json.dumps({"object": "page", "data": [bucket], "has_more": more, "next_page": None})


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _found(folder: Path) -> starting.Found:
    return starting.found(folder, starting.below(folder))


def _bill(run_in: Path) -> dict[str, str]:
    """EffectiveCost of the last run by currency."""
    run = runs.current(run_in)
    assert not isinstance(run, Problem)
    rows = Engine().rows(
        "SELECT BillingCurrency, sum(EffectiveCost)::VARCHAR"
        f" FROM {run.relation('groups')} GROUP BY 1"
    )
    return {currency: cost.rstrip("0").rstrip(".") for currency, cost in rows}


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        (["aws/2026-09/a.csv", "aws/2026-10/b.csv"], "aws/{period}/*.csv"),
        (["aws/202609/a.csv", "aws/202610/b.csv"], "aws/{period}/*.csv"),
        (["aws/BILLING_PERIOD=2026-10/a.csv"], "aws/BILLING_PERIOD={period}/*.csv"),
        (["aws/20261001-20261101/a.csv"], "aws/{period}/*.csv"),
        (["2026-10/a.csv"], "{period}/*.csv"),
        (["github/2026-09.csv", "github/2026-10.csv"], "github/{period}.csv"),
        (["aws/2026-10/v1/a.csv", "aws/2026-10/v2/a.csv"], "aws/{period}/{version}/*.csv"),
        (
            ["aws/2026-10/20261103T060944Z/a.csv", "aws/2026-10/20261104T060944Z/a.csv"],
            "aws/{period}/{version}/*.csv",
        ),
        (["aws/2026-10/v1/a.csv"], "aws/{period}/*/*.csv"),
        (["aws/2026-09/v1/a.csv", "aws/2026-10/v1/a.csv"], "aws/{period}/*/*.csv"),
        (["aws/v1/a.csv", "aws/v2/a.csv"], None),  # no period: the newest of all would win
        (["aws/2026-10/01/a.csv", "aws/2026-10/02/a.csv"], "aws/{period}/*/*.csv"),  # days
        (["aws/2026-10/2026-10-01/a.csv", "aws/2026-10/2026-10-02/a.csv"], "aws/{period}/*/*.csv"),
        (["costs.csv"], "costs.csv"),
        (["focus-1.csv", "focus-2.csv"], "focus-*.csv"),
        (["odd [1]/a*.csv"], "odd [[]1]/*.csv"),
    ],
)
def test_folders_become_a_pattern(tmp_path: Path, files: list[str], pattern: str | None) -> None:
    _write(tmp_path, {file: _focus(str(n)) for n, file in enumerate(files, 1)})
    bills = _found(tmp_path).bills
    assert sorted(file for bill in bills for file in bill.files) == sorted(files)
    if pattern is None:
        assert all("{version}" not in bill.path for bill in bills)
    else:
        assert [bill.path for bill in bills] == [pattern]


def test_a_pattern_means_no_file_of_another_kind(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "in/costs_page1.json": _openai(more=True),
            "in/costs_page2.json": _openai(),
            "in/costs_page3.json": _openai(results=False),
            "in/manifest.json": '{"made": "by hand"}',
            "in/usage.json": _usage(),
        },
    )
    found = _found(tmp_path)
    (bill,) = found.bills
    assert bill.path == "in/costs_page*.json"
    assert bill.layer == "model"
    assert [one.file for one in found.files if one.telemetry] == ["in/usage.json"]


def test_bills_are_recognised_in_archives_and_packed_files(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "packed.csv.gz", "wt", encoding="utf-8") as file:
        file.write(_focus("1"))
    with zipfile.ZipFile(tmp_path / "parts.zip", "w") as archive:
        archive.writestr("part-1.csv", _focus("2"))
    target = tmp_path / "columns.parquet"
    Engine().write("SELECT 1.5 AS BilledCost, 'x' AS ChargePeriodStart", target)
    assert {bill.path for bill in _found(tmp_path).bills} == {
        "packed.csv.gz",
        "parts.zip",
        "columns.parquet",
    }


def test_money_that_lies_there_twice_is_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, {"acme/a.csv": _focus("10"), "copies/a.csv": _focus("10")})
    _write(tmp_path, {"parts/part-1.csv": _focus("3"), "parts/part-2.csv": _focus("4")})
    with zipfile.ZipFile(tmp_path / "parts/all.zip", "w") as archive:
        for name in ("part-1.csv", "part-2.csv"):
            archive.write(tmp_path / "parts" / name, name)
    assert main(["init", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert "left out: copies/a.csv holds what acme/a.csv does" in told
    assert "left out: parts/all.zip holds what parts/part-1.csv does" in told
    assert _bill(tmp_path) == {"USD": "17"}


def test_it_runs_and_shows_total_scope_coverage_and_who_has_no_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(
        tmp_path,
        {
            "bills/acme/2026-09/focus.csv": _focus("40", month="2026-09", tags='{"owner": "ann"}'),
            "bills/acme/2026-10/focus.csv": _focus("60", tags='{"Team": "search", "env": "prod"}'),
            "bills/openai/costs.json": _openai(),
        },
    )
    assert main(["init", str(tmp_path)]) == 0
    said = capsys.readouterr()
    words = " ".join(said.out.split())
    assert "acme focus 2 bills/acme/{period}/*.csv" in words
    assert "openai openai-costs 1 bills/openai/*.json" in words
    assert "bill 61.25" in words
    assert "tag coverage, 2026-10, USD" in words
    assert "p1 1.25 USD 1 untagged" in words
    assert "written: " in said.err
    loaded = config.load(tmp_path)
    assert loaded.problems == ()
    assert loaded.configuration is not None
    keys = {key.name: key.tags for key in loaded.configuration.taxonomy}
    assert keys == {"team": ("team", "owner"), "use_case": ("use_case",), "environment": ("env",)}
    text = (tmp_path / "everyline.yaml").read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=./everyline.schema.json\n")
    assert json.loads((tmp_path / "everyline.schema.json").read_text("utf-8"))["properties"]


def test_a_configuration_that_is_there_is_written_over_only_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, {"acme/focus.csv": _focus("1"), "everyline.yaml": "mine"})
    assert main(["init", str(tmp_path)]) == 2
    assert (tmp_path / "everyline.yaml").read_text("utf-8") == "mine"
    assert "`--force` makes a new one" in capsys.readouterr().err
    assert main(["init", "--force", "--project", str(tmp_path)]) == 0
    assert _bill(tmp_path) == {"USD": "1"}


def test_files_that_are_named_are_the_only_ones_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(
        tmp_path, {"mine/one.csv": _focus("1"), "mine/two.csv": _focus("2"), "x.csv": _focus("4")}
    )
    monkeypatch.chdir(tmp_path)
    assert main(["init", "mine", "x.csv"]) == 2
    assert "`x.csv` does not lie below `mine`: put it there" in capsys.readouterr().err
    assert not Path("mine/everyline.yaml").exists()
    assert main(["init", "mine", "mine/one.csv"]) == 0
    assert _bill(tmp_path / "mine") == {"USD": "1"}
    assert main(["init", "nowhere"]) == 2


def test_a_table_of_no_known_format_is_proposed_and_runs_once_the_marks_are_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(
        tmp_path,
        {
            "seats.csv": "Invoice No,usageDate,Net Amount,Currency,Seat Type\n"
            "i1,2026-10-01T00:00:00Z,38.00,EUR,on\n",
            "owners.csv": "SubAccountId,team\na1,search\n",
        },
    )
    assert main(["init", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "proposed, not read: seats.csv looks like a bill of no format known here" in said.err
    assert "nothing of these: owners.csv" in said.err
    path = tmp_path / "everyline.yaml"
    path.write_text(re.sub(r"(?m)^  # (?=- name|  |# )", "  ", path.read_text("utf-8")), "utf-8")
    assert config.load(tmp_path).problems == ()
    assert main(["run", "--project", str(tmp_path)]) == 0
    assert _bill(tmp_path) == {"EUR": "38"}


def test_two_groupings_of_the_same_money_stop_the_run_after_the_yaml_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ungrouped = _openai().replace('"project_id": "p1"', '"project_id": null')
    _write(tmp_path, {"openai/by_project.json": _openai(), "openai/whole.json": ungrouped})
    assert main(["init", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "stop[two-groupings]" in told
    assert "everyline.yaml is written. Mend what is said above" in told
    assert config.load(tmp_path).problems == ()


def test_where_nothing_is_a_bill_it_says_what_would_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, {"notes.csv": "a,b\n1,2\n", ".hidden/focus.csv": _focus("1")})
    assert main(["init", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert f"none of the 1 files below `{tmp_path}` looks like one" in told
    assert "openai-costs: OpenAI organisation costs" in told
    assert not (tmp_path / "everyline.yaml").exists()


def test_unreadable_files_are_left_to_the_run_to_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme/cut.parquet").write_bytes(b"PAR1 cut off")
    (tmp_path / "acme/cut.zip").write_bytes(b"PK\x03\x04 cut off")
    (tmp_path / "acme/cut.csv.gz").write_bytes(b"\x1f\x8b\x08 cut off")
    _write(tmp_path, {"acme/focus.csv": _focus("1")})
    assert main(["init", str(tmp_path)]) == 0
    assert "nothing of these: acme/cut.csv.gz, acme/cut.parquet, acme/cut.zip" in (
        capsys.readouterr().err
    )


def test_tag_keys_that_mean_a_key_outright_go_first_then_those_of_most_cost() -> None:
    share = {
        "cost-center": Fraction(9, 10),
        "owner": Fraction(1, 2),
        "squad": Fraction(1, 10),
        "team": Fraction(1, 5),
        "feature": Fraction(0),
        "cluster": Fraction(1, 3),
    }
    tags = chosen(share)
    assert tags.chosen["team"] == ("team", "squad", "owner", "cost-center")
    assert tags.chosen["use_case"] == ("feature",)
    assert "product" not in tags.chosen
    assert tags.others == ["cluster"]


def test_a_tag_on_little_of_the_cost_is_not_on_none_of_it(tmp_path: Path) -> None:
    files = {"a.csv": _focus("1", tags='{"env": "prod"}'), "b.csv": _focus("999", tags='{"a": ""}')}
    _write(tmp_path, files)
    assert main(["init", str(tmp_path)]) == 0
    text = (tmp_path / "everyline.yaml").read_text("utf-8")
    assert re.search(r"tags: \[env\] +# on <1 % of the cost", text)


def test_names_in_files_cannot_break_the_yaml(tmp_path: Path) -> None:
    name = 'odd: {name}, #1 "quoted" é\n- x'
    _write(tmp_path, {f"{name}/focus.csv": _focus("1", tags='{"a: b # \\" c": "x", "team": "t"}')})
    assert main(["init", str(tmp_path)]) == 0
    assert _bill(tmp_path) == {"USD": "1"}
