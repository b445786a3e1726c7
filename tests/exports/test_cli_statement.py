"""`everyline statement`: one owner's, or everybody's as a folder; nothing half done."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from pages import Page

import stated
from everyline.cli import main
from everyline.exports.folder import file_names


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def everyline(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Calls `everyline statement` on a project, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")

    def command(project: Path, *arguments: str) -> Said:
        code = main(["statement", *arguments, "--project", str(project)])
        captured = capfdbinary.readouterr()
        return Said(code, captured.out.decode(), captured.err.decode())

    return command


def test_the_text_of_the_worked_case(everyline: Call, worked: Path) -> None:
    said = everyline(worked, "2026-10", "--team", "search")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "AI cost of team search in 2026-10"
    assert "86.50 USD" in lines
    rows = [line.split() for line in lines]
    assert ["total", "86.50", "20.00", "+66.50"] in rows
    assert ["direct", "30.00", "20.00", "+10.00"] in rows
    assert ["shared:", "gpu-cluster", "32.50", "0.00", "+32.50"] in rows
    assert ["total", "1.00"] in rows
    assert "everyline explain --period 2026-10 --team search" in said.out


def test_the_month_is_the_last_one_and_the_key_may_be_asked_for_by_where(
    everyline: Call, worked: Path
) -> None:
    whole = everyline(worked, "2026-10", "--team", "search")
    assert everyline(worked, "--team=search") == whole
    assert everyline(worked, "--where", "team=search") == whole


@pytest.mark.parametrize("owner", stated.HOSTILE)
def test_no_name_is_obeyed_by_a_terminal(everyline: Call, odd: Path, owner: str) -> None:
    said = everyline(odd, f"--team={owner}")
    assert said.code == 0
    assert re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e]", said.out) is None


def test_json_has_every_figure_exact(everyline: Call, worked: Path) -> None:
    found = json.loads(everyline(worked, "--team", "support", "--as", "json").out)
    (usd,) = found["blocks"]
    assert usd["total"]["now"] == {
        "x_EffectiveAmount": "46.79",
        "EffectiveCost": "46.791666666666666667",
    }
    assert usd["total"]["change"] == usd["total"]["now"]
    shared = next(way for way in usd["ways"] if way["x_Pool"] == "gpu-cluster")
    assert shared["now"]["EffectiveCost"] == "42.291666666666666667"
    assert [row["x_Layer"] for row in usd["parts"]] == ["model", "platform", "data"]
    assert found["fresh"][1] == {
        "kind": "usage",
        "x_Source": "gateway",
        "until": "2026-10-20T12:00:00Z",
    }
    assert found["explain"] == "everyline explain --period 2026-10 --team support"


@pytest.mark.parametrize("form", ["text", "html", "xlsx", "json"])
def test_a_file_is_written_whole(everyline: Call, worked: Path, tmp_path: Path, form: str) -> None:
    file = tmp_path / f"search.{form}"
    file.write_text("before", encoding="utf-8")
    said = everyline(worked, "--team", "search", "--as", form, "--out", str(file))
    assert (said.code, said.out, said.err) == (0, "", "")
    assert file.read_bytes().startswith(
        {"text": b"AI cost", "html": b"<!DOCTYPE html>", "xlsx": b"PK", "json": b"{\n"}[form]
    )
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("2026-10",), "say whose statement, such as `--team search`, or `--all`"),
        (("--all",), "`--all` takes `--out DIR`"),
        (("--all", "--team", "search", "--out", "x"), "say whose statement"),
        (("--team", "search", "--as", "xlsx"), "`--as xlsx` takes `--out FILE`"),
        (("--product", "x"), "there is no option `--product`; a statement is for a `--team`"),
        (("--team",), "`--team` takes a value"),
        (("--team", ""), "`everyline explain --team ''` takes it apart"),
        (("--where", "team"), "it is `--where team=VALUE`"),
        (("october", "--team", "search"), "`october` is no month like 2026-10"),
        (("--team", "search", "--out", "."), "`.` is a folder"),
    ],
)
def test_what_does_not_go_together_is_said(
    everyline: Call, worked: Path, arguments: tuple[str, ...], says: str
) -> None:
    said = everyline(worked, *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_what_there_is_not_is_said_with_what_there_is(everyline: Call, worked: Path) -> None:
    said = everyline(worked, "2026-10", "--team", "serach")
    assert said.code == 1
    assert "no cost of 2026-10 has the team `serach`" in said.err
    assert "did you mean `search`?" in said.err
    said = everyline(worked, "2026-11", "--team", "search")
    assert said.code == 1
    assert "there is no statement of 2026-11" in said.err


def test_a_run_is_needed(everyline: Call, tmp_path: Path) -> None:
    said = everyline(tmp_path, "--team", "search")
    assert said.code == 1
    assert "[no-run]" in said.err


def test_objections_stand_on_the_statement(everyline: Call, tmp_path: Path) -> None:
    project = stated.worked(tmp_path)
    (project / "books").mkdir()
    (project / "books" / "disputes.csv").write_text(
        "who,period,owner,charge,rule,BillingCurrency,amount,reason,state,settled_by\n"
        "Ada,2026-10,search,,gpu-cluster,USD,12.50,=not ours,open,\n"
        "Ada,2026-10,search,,gpu-cluster,USD,1,never mind,withdrawn,\n"
        "Bob,2026-09,search,,gpu-cluster,USD,3,earlier,open,\n",
        encoding="utf-8",
    )
    text = everyline(project, "--team", "search").out
    assert "12.50 of the total is disputed (open)." in " ".join(text.split())
    found = json.loads(everyline(project, "--team", "search", "--as", "json").out)
    assert [(one["who"], one["reason"], one["amount"]) for one in found["disputes"]] == [
        ("Ada", "=not ours", "12.5")
    ]
    assert "=not ours" in everyline(project, "--team", "search", "--as", "html").out


def test_damaged_books_are_not_told(everyline: Call, tmp_path: Path) -> None:
    project = stated.worked(tmp_path)
    (project / "books" / "2026-10").mkdir(parents=True)
    said = everyline(project, "--team", "search")
    assert (said.code, said.out) == (1, "")
    assert "[books-damaged]" in said.err


# All owners


@pytest.mark.parametrize("form", ["html", "xlsx", "json", "text"])
def test_a_folder_has_a_file_for_each_owner_and_an_index(
    everyline: Call, odd: Path, tmp_path: Path, form: str
) -> None:
    folder = tmp_path / "deep" / "statements"
    said = everyline(odd, "2026-10", "--all", "--as", form, "--out", str(folder))
    assert said.code == 0
    assert "12 statements, listed in" in said.err
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert len(files) == len(stated.HOSTILE) + 2
    index = (folder / "index.html").read_text("utf-8")
    assert {*re.findall('href="([^"]+)"', index), "index.html"} == files
    assert [path.name for path in folder.parent.iterdir()] == ["statements"]


def test_the_index_sums_to_the_bill_in_scope(everyline: Call, worked: Path, tmp_path: Path) -> None:
    """160.00: search 86.50, support 46.79, nobody 26.71."""
    everyline(worked, "--all", "--as", "html", "--out", str(tmp_path / "all"))
    assert Page((tmp_path / "all" / "index.html").read_text("utf-8")).rows == [
        ["team", "2026-10, USD", "2026-09", "change", "of before"],
        ["search", "86.50", "20.00", "+66.50", "+332.5 %"],
        ["support", "46.79", "0.00", "+46.79", ""],
        ["(nobody yet)", "26.71", "0.00", "+26.71", ""],
        ["total", "160.00", "20.00", "+140.00", "+700.0 %"],
    ]
    assert sum(map(Decimal, ("86.50", "46.79", "26.71"))) == 160


def test_a_folder_that_holds_something_is_left_alone(
    everyline: Call, worked: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("mine", encoding="utf-8")
    said = everyline(worked, "--all", "--out", str(tmp_path))
    assert said.code == 2
    assert "is there already, and not empty" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_file_names_differ_on_any_system_and_stay_in_the_folder() -> None:
    owners = ["search", "Search", "SEARCH", "con", "index", "..", "/etc/passwd", "a/b", "a b", "ü"]
    owners += ["x" * 300, "x" * 301, "", "team.html", "-", *stated.HOSTILE]
    names = file_names(owners, "html")
    assert names["search"] != "search.html"  # another differs from it only in case
    assert len({name.casefold() for name in names.values()}) == len(owners)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]*\.html", name) for name in names.values())
    assert all(len(name) < 100 for name in names.values())
    assert not {"con.html", "index.html"} & set(names.values())
    assert file_names(["search", "support"], "xlsx") == {
        "search": "search.xlsx",
        "support": "support.xlsx",
    }
