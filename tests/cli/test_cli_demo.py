"""`everyline demo`: one invented company, the same each time, never over somebody's work."""

import re
import socket
import subprocess
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest

from conftest import PROGRAM, Said, call, clean_environment
from everyline.cli import main
from everyline.cli.demo import DEFAULT, TEAM


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("here") / DEFAULT


@pytest.fixture(scope="module")
def first(folder: Path) -> Said:
    """The first demo, in a process of its own, 80 columns wide."""
    return call("demo", str(folder))


def _bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, caches left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "cache" not in path.parts
    }


def test_it_tells_the_whole_story_on_three_screens(first: Said, folder: Path) -> None:
    assert (first.code, first.err) == (0, "")
    lines = first.out.splitlines()
    assert len(lines) < 160
    assert all(len(line) <= 80 for line in lines if str(folder) not in line)
    captions = [line for line in lines if re.match(r"\d\. ", line)]
    assert [line[0] for line in captions] == ["1", "2", "3", "4", "5"]
    assert f"everyline explain --team {TEAM}" in first.out


def test_the_statement_adds_up(first: Said) -> None:
    statement = first.out.partition("\n4. ")[2].partition("\n5. ")[0]
    found = re.findall(r"^(\S.*?)  .*?(-?[\d,]+\.\d\d) +[\d.]+ %", statement, re.MULTILINE)
    amounts = {name: Decimal(text.replace(",", "")) for name, text in found}
    total = amounts.pop("total")
    assert len(amounts) > 2
    assert sum(amounts.values()) == total


def test_reasons_sum_to_what_has_no_owner(first: Said) -> None:
    said = " ".join(first.out.split())
    listed = re.search(r"unallocated, by reason: (.*?)\. unseen", said)
    whole = re.search(r" unallocated ([\d,.]+) ", said)
    assert listed
    assert whole
    amounts = re.findall(r"[a-z_]+ ([\d,]+\.\d\d)", listed[1])
    assert len(amounts) == 4
    total = sum(Decimal(text.replace(",", "")) for text in amounts)
    assert total == Decimal(whole[1].replace(",", ""))


def test_what_it_proposes_to_try_works(first: Said, folder: Path) -> None:
    proposed = re.findall(r"^  everyline (.*?)(?:  |$)", first.out.partition("\nnext\n")[2], re.M)
    assert len(proposed) > 3
    # `explain` is in the story itself, `run` came before it, and `serve` does not end.
    for line in proposed:
        name, *words = line.split()
        if name not in ("explain", "run", "serve"):
            # Nobody has approved the month yet, which `check --gate` says by its exit code.
            wanted = 3 if "--gate" in words else 0
            assert main([name, *words, "--project", str(folder)]) == wanted


def test_made_again_it_is_the_same_to_the_last_byte_and_its_pages_are_shown(
    first: Said, folder: Path
) -> None:
    before = _bytes(folder)
    words = [*PROGRAM, "demo", str(folder), "--serve", "--port", "0"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), text=True
    ) as shown:
        try:
            assert shown.stdout is not None
            assert shown.stderr is not None
            said = shown.stderr.readline()  # after the story
            found = re.search(r"(http://127\.0\.0\.1:\d+/) shows its pages", said)
            assert found
            with urllib.request.urlopen(found[1]) as answer:
                assert "<h1>Where the money went</h1>" in answer.read().decode()
        finally:
            shown.terminate()
        assert shown.stdout.read() == first.out
    assert _bytes(folder) == before
    assert not list(folder.parent.glob(".*making"))


def test_what_it_can_not_serve_it_says_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["demo", str(tmp_path / "new"), "--serve", "--port", port]) == 2
    assert f"port {port} of 127.0.0.1 can't be had" in capsys.readouterr().err
    assert main(["demo", str(tmp_path / "new"), "--port", port]) == 2
    assert "`--port` is of the pages that `--serve` shows" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_somebody_changed_is_left_as_it_is(
    first: Said, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    todo = folder / "owners/todo.csv"
    todo.write_text("SubAccountId,team\n", encoding="utf-8")
    assert main(["demo", str(folder)]) == 2
    assert "has been changed since demo made it, and is left as it is: `owners/todo.csv`" in (
        capsys.readouterr().err
    )
    assert todo.exists()
    todo.unlink()


def test_a_folder_of_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    assert main(["demo", str(tmp_path)]) == 2
    assert "nothing was changed" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]
