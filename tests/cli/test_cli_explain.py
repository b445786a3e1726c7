"""`everyline explain`: a figure taken apart, every level summing to the one above (R23, R26)."""

import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import Command, Said
from everyline.cli import main

HEADER = (
    "BilledCost,BillingCurrency,ServiceName,SubAccountId,ChargePeriodStart,ChargePeriodEnd,team"
)


@pytest.fixture(scope="module")
def cents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven lines of a third of a cent to search in two accounts, and 0.10 to nobody.

    Search has 7 x 0.00333 = 0.02331, which is 0.02; its accounts have 4 x 0.00333 = 0.01332 and
    3 x 0.00333 = 0.00999. Rounded by itself each would be 0.01, and each line 0.00.
    """
    return _project(
        tmp_path_factory.mktemp("cents"),
        "taxonomy:\n  team: {tags: [team], values: [search, support]}\n"
        "  service: {tags: [service]}\n",
        [
            *("0.00333,USD,Model API,a1,2026-10-01,2026-10-02,search" for _ in range(4)),
            *("0.00333,USD,Model API,a2,2026-10-01,2026-10-02,search" for _ in range(3)),
            "0.10,USD,Model API,a3,2026-10-01,2026-10-02,serach",
        ],
    )


def _project(folder: Path, taxonomy: str, lines: list[str]) -> Path:
    yaml = (
        f"{taxonomy}bills:\n  - {{name: acme, format: table, path: bills.csv, layer: model, set:"
        " {ChargeCategory: Usage, ServiceProviderName: Acme, InvoiceIssuerName: Acme}}\n"
    )
    (folder / "everyline.yaml").write_text(yaml, encoding="utf-8")
    (folder / "bills.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    assert main(["run", "--project", str(folder)]) == 0
    return folder


def _ties(node: dict[str, Any]) -> int:
    """Asserts that every level below sums to the one above; returns how many nodes there are."""
    below = [node[name] for name in ("children", "shares", "usage") if name in node]
    for parts in below:
        assert sum(Decimal(part["amount"]) for part in parts) == Decimal(node["amount"])
    if "children" in node and node["kind"] != "share":
        assert sum(part["x_LineCount"] for part in node["children"]) == node["x_LineCount"]
    return 1 + sum(_ties(part) for parts in below for part in parts)


def _shown(text: str) -> list[tuple[int, int, str]]:
    """Depth, cents and text of each line of a printed tree that has an amount."""
    found = []
    for line in text.splitlines():
        if match := re.match(r"\s*(?:[-\d.]+ %)?\s+(-?[\d,]+\.\d\d)\s+[\d,]+  ([│├└ ]*)(.*)", line):
            cents = int(match[1].replace(",", "").replace(".", ""))
            found.append((len(match[2]) // 2, cents, match[3]))
    return found


def _assert_shown_ties(shown: list[tuple[int, int, str]]) -> None:
    for at, (depth, cents, _) in enumerate(shown):
        below = []
        for other in shown[at + 1 :]:
            if other[0] <= depth:
                break
            if other[0] == depth + 1:
                below.append(other[1])
        assert not below or sum(below) == cents


@pytest.mark.parametrize("asked", [["--team", "search"], ["--team", ""], ["--team="], []])
def test_every_level_sums_to_the_one_above_exactly(everyline: Command, asked: list[str]) -> None:
    said = everyline("explain", "--period", "2026-10", *asked, "--as", "json")
    assert said.code == 0, said.err
    for figure in json.loads(said.out):
        assert _ties(figure) > 3


def test_a_figure_is_that_of_the_statements(everyline: Command) -> None:
    (figure,) = json.loads(everyline("explain", "--team", "", "--as", "json").out)
    assert figure["amount"] == "300"  # 299.875 tagged `serach` + 0.125 without a tag
    assert figure["facts"]["x_EffectiveAmount"] == "300"
    assert [part["amount"] for part in figure["children"]] == ["299.875", "0.125"]
    assert figure["children"][0]["facts"]["team_evidence"] == "unknown_value"
    assert figure["children"][0]["children"][0]["tags"]["Tags.team"] == "serach"


def test_amounts_that_are_shown_add_up_at_every_level(
    cents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["explain", "--project", str(cents), "--team", "search"]) == 0
    shown = _shown(capsys.readouterr().out)
    assert shown[0][:2] == (0, 2)
    assert len([line for line in shown if line[0] == 3]) > 2
    _assert_shown_ties(shown)


def test_what_rounding_hides_is_said(cents: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    main(["explain", "--project", str(cents), "--team", "search"])
    said = capsys.readouterr().out
    assert "Exactly 0.02331 USD" in said
    assert "exactly 0.00333 in bills.csv row 1" in said


def test_a_long_level_is_cut_and_its_last_line_carries_the_rest(
    cents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["explain", "--project", str(cents), "--team", "search", "--most", "1"]) == 0
    said = capsys.readouterr().out
    shown = _shown(said)
    assert "… 3 more lines" in said
    _assert_shown_ties(shown)


def test_a_misspelt_option_or_value_names_the_nearest(everyline: Command) -> None:
    said = everyline("explain", "--taem", "search")
    assert said.code == 2
    assert "there is no option `--taem`; did you mean `--team`" in said.err
    said = everyline("explain", "--team", "serch")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "nothing to explain: no cost in 2026-10 has the team `serch`\n\n"
        "hint: did you mean `search`?\n"
    )
    said = everyline("explain", "--period", "2026-11")
    assert "did you mean `2026-10`" in said.err
    assert everyline("explain", "--team").err.endswith("`--team` takes a value\n")


def test_what_exists_apart_but_not_together_lists_what_there_is(everyline: Command) -> None:
    said = everyline("explain", "--period", "2026-09", "--team", "support")
    assert said.code == 1
    assert "no cost in 2026-09 has the team `support`" in said.err
    assert "known here: `search`" in said.err


def test_the_last_month_is_explained_where_none_is_named(everyline: Command) -> None:
    assert everyline("explain", "--team", "search").out.startswith("2026-10, USD: team search\n")


def test_a_key_named_like_an_option_is_asked_with_where(
    cents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    arguments = [
        "explain",
        "--project",
        str(cents),
        "--where",
        "service=",
        "--service",
        "Model API",
    ]
    assert main(arguments) == 0
    assert "2026-10, USD: no service, Model API" in capsys.readouterr().out


def test_a_charge_shows_its_fields_group_layer_and_what_was_found(everyline: Command) -> None:
    (figure,) = json.loads(everyline("explain", "--team", "", "--as", "json").out)
    line = figure["children"][0]["children"][0]["children"][0]["facts"]
    said = everyline("explain", line["x_ChargeId"][:12])
    assert said.code == 0, said.err
    words = " ".join(said.out.split())
    assert f"charge {line['x_ChargeId']}" in words
    assert "lies in bills/all.csv row 4" in words
    assert "BilledCost 299.875 USD" in words
    assert "layer model: so says its bill" in words
    assert "team - unknown_value undeclared team" in words
    told = json.loads(everyline("explain", line["x_ChargeId"], "--as", "json").out)
    assert json.loads(told["charge"]["Tags"]) == {"team": "serach"}
    assert told["group"]["x_LineCount"] == 1
    assert told["owner"][0] == {
        "key": "team",
        "value": None,
        "evidence": "unknown_value",
        "tag": "undeclared",
        "rule": "team",
    }


def test_a_charge_out_of_scope_says_so(everyline: Command) -> None:
    rows = json.loads(everyline("charges", "--where", "x_Layer=none", "--as", "json").out)
    said = everyline("explain", rows[0]["x_ChargeId"])
    assert said.code == 0
    assert "It is out of scope" in said.out


def test_a_beginning_that_several_lines_share_lists_them(everyline: Command) -> None:
    said = everyline("explain", "")
    assert (said.code, said.out) == (1, "")
    assert "5 or more bill lines begin with ``; write more of one:" in said.err
    assert "bills/all.csv row" in said.err


def test_a_word_that_is_no_id_but_a_value_is_pointed_to_its_option(everyline: Command) -> None:
    said = everyline("explain", "search")
    assert said.code == 1
    assert "did you mean `everyline explain --team search`?" in said.err


def test_bills_that_changed_since_the_run_are_not_explained(
    cents: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path_factory.mktemp("changed") / "project"
    shutil.copytree(cents, copy)
    with (copy / "bills.csv").open("a", encoding="utf-8") as file:
        file.write("1,USD,Model API,a1,2026-10-01,2026-10-02,search\n")
    assert main(["explain", "--project", str(copy), "--team", "search"]) == 1
    assert "stop[inputs-changed]" in capsys.readouterr().err


def test_without_a_run_it_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "--project", str(tmp_path)]) == 1
    assert "`everyline run` makes all relations" in capsys.readouterr().err


def test_nothing_from_a_bill_is_obeyed_by_a_terminal(everyline: Command) -> None:
    said: Said = everyline("explain", "--team", "support", "--period", "2026-10")
    assert "\x1b" not in said.out
    assert "\\x1b]0;owned" in said.out


def test_where_nothing_is_in_scope_there_is_nothing_to_explain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "1,USD,Web shop,a1,2026-10-01,2026-10-02,search"
    project = _project(tmp_path, "taxonomy: {team: {tags: [team]}}\n", [line])
    yaml = project / "everyline.yaml"
    yaml.write_text(yaml.read_text("utf-8").replace("layer: model", "layer: none"), "utf-8")
    main(["run", "--project", str(project)])
    capsys.readouterr()
    assert main(["explain", "--project", str(project)]) == 1
    assert capsys.readouterr().err == "nothing to explain: no cost is in scope\n"


def test_equal_lines_are_explained_one_by_one(
    cents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    main(["explain", "--project", str(cents), "--team", "search", "--as", "json"])
    (figure,) = json.loads(capsys.readouterr().out)
    facts = [
        line["facts"]
        for owner in figure["children"]
        for group in owner["children"]
        for line in group["children"]
    ]
    assert len({fact["x_ChargeId"] for fact in facts}) == 7
    for fact in facts[:4]:
        assert main(["explain", "--project", str(cents), fact["x_ChargeId"]]) == 0
        assert f"bills.csv row {fact['x_SourceRow']}\n" in capsys.readouterr().out
