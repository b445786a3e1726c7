"""The frame: help, exit codes, faults, interrupts, closed pipes."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click
import pytest

from conftest import PROGRAM, Command, Said, call, clean_environment
from everyline.cli import COMMANDS, TRACEBACK, main, relation

Captured = pytest.CaptureFixture[str]


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from everyline.cli import main; main(['--help']);"
        "print(sorted({'duckdb', 'pydantic', 'rich', 'yaml', 'decimal'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    listed = done.stdout.splitlines()
    assert listed[-1] == "[]"
    for name, command in COMMANDS.items():
        assert any(line.split() == [name, *command.does.split()] for line in listed)


@pytest.mark.parametrize(
    "name",
    # What begins a project or books a month changes the one that all tests look at; `serve` does
    # not end.
    [n for n, one in COMMANDS.items() if one.section not in ("Begin", "Books") and n != "serve"],
)
def test_the_help_of_a_command_ends_in_examples_that_run(
    name: str, everyline: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = '{"terraform_version": "1.11.4", "planned_values": {}}'
    (tmp_path / "plan.json").write_text(plan, encoding="utf-8")
    words = (name, "site") if name == "export" else (name,)
    _, told, examples = everyline(*words, "--help").out.partition("Example")
    lines = [line.strip() for line in examples.splitlines()[1:] if line.strip()]
    assert told
    assert lines
    for line in lines:
        program, command, *arguments = shlex.split(re.split(" [|>] ", line)[0])
        assert (program, command) == ("everyline", name)
        assert everyline(command, *arguments).code == 0


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["grops"], "Did you mean 'groups'?"),
        (["groups", "--perod", "2026-10"], "'--period'"),
        (["groups", "--as", "xml"], "'csv'"),
        (["groups", "--project", "nowhere"], "'nowhere' does not exist"),
        (["groups", "--as", "parquet"], "takes `--out FILE`"),
        (["groups", "--out", "x.csv"], "`--out` takes `--as csv`"),
    ],
)
def test_wrong_usage_is_exit_2_with_what_was_meant(
    arguments: list[str], hint: str, capsys: Captured
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert hint in said.err
    assert said.out == ""


def test_without_a_run_a_relation_says_what_to_do_first(tmp_path: Path, capsys: Captured) -> None:
    assert main(["groups", "--project", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "hint: `everyline run` makes all relations" in said.err


def test_a_run_without_a_configuration_is_exit_2_and_publishes_nothing(
    tmp_path: Path, capsys: Captured
) -> None:
    assert main(["run", "--project", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "error[configuration-missing]" in said.err
    assert said.err.endswith("nothing was published\n")
    assert said.out == ""


def test_a_stop_in_the_data_is_exit_1(tmp_path: Path, project: Path, capsys: Captured) -> None:
    (tmp_path / "everyline.yaml").write_bytes((project / "everyline.yaml").read_bytes())
    (tmp_path / "bills").mkdir()
    bill = (project / "bills" / "all.csv").read_text(encoding="utf-8").replace("299.875", "2,9")
    (tmp_path / "bills" / "all.csv").write_text(bill.replace("2,9", '"2,9"'), encoding="utf-8")
    for command in ("run", "check"):
        assert main([command, "--project", str(tmp_path)]) == 1
        said = capsys.readouterr()
        assert "stop[" in said.err
        assert said.out == ""


def test_check_prints_problems_as_data_where_asked(everyline: Command) -> None:
    said = everyline("check", "--as", "json")
    assert said.code == 0
    names = [problem["x_Problem"] for problem in json.loads(said.out)]
    assert set(names) <= {"undeclared-value"}  # owners are looked for by `run`
    assert everyline("check").out == ""


def test_check_prints_the_schema(everyline: Command) -> None:
    said = everyline("check", "--schema")
    assert "taxonomy" in json.loads(said.out)["properties"]


def _put_in_place(monkeypatch: pytest.MonkeyPatch, does: Callable[[], NoReturn]) -> None:
    """Makes `groups` a command that `does`."""
    monkeypatch.setitem(relation.commands, "groups", click.Command("groups", callback=does))


def _wrong() -> NoReturn:
    raise ZeroDivisionError("a \x1b[31mred fault\nand more")


def test_a_fault_of_ours_is_exit_70_in_a_few_lines_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv(TRACEBACK, raising=False)
    _put_in_place(monkeypatch, _wrong)
    assert main(["groups"]) == 70
    said = capsys.readouterr()
    assert said.out == ""
    assert "a fault of everyline's own" in said.err
    assert "ZeroDivisionError: a \\x1b[31mred fault" in said.err
    assert TRACEBACK in said.err
    assert "Traceback" not in said.err
    assert len(said.err.splitlines()) <= 4


def test_a_run_that_takes_more_memory_than_it_may_says_how_to_give_it_more(
    everyline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERYLINE_MEMORY", "1MB")
    said = everyline("groups", "--as", "csv")
    assert (said.code, said.out) == (70, "")
    assert "`EVERYLINE_MEMORY=50%`" in said.err


def test_a_fault_shows_its_traceback_where_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(TRACEBACK, "1")
    _put_in_place(monkeypatch, _wrong)
    assert main(["groups"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_during_a_query_is_exit_130_and_quiet() -> None:
    script = """\
import signal, sys, click
signal.signal(signal.SIGINT, signal.default_int_handler)
from everyline.cli import main, relation
from everyline.engines.duckdb import Engine
def long():
    print("started", flush=True)
    Engine().run("SELECT count(*) FROM range(1000000000000) AS r(n) WHERE hash(n) % 7 = 1")
relation.commands["groups"] = click.Command("groups", callback=long)
sys.argv[1:] = ["groups"]
sys.exit(main())
"""
    # What a shell starts in the background ignores Ctrl-C, and hands that on.
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == b"started\n"
            time.sleep(0.2)
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=20)
        finally:
            running.kill()
    assert running.returncode == 130
    assert err == b""


@pytest.mark.parametrize("command", ["groups --as csv", "groups", "--help", "run"])
def test_a_closed_pipe_is_no_error(command: str, project: Path, ran: Said) -> None:
    where = "" if command == "--help" else f"--project {shlex.quote(str(project))}"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, *shlex.split(f"{command} {where}")],
        stdout=write,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        check=False,
    )
    os.close(write)
    assert done.returncode == 0
    assert b"Broken" not in done.stderr


def test_every_problem_is_on_stderr_and_every_figure_on_stdout(ran: Said) -> None:
    assert "undeclared-value" in ran.err
    assert "undeclared-value" not in ran.out
    assert "difference" in ran.out


def test_the_version_is_one_line() -> None:
    assert call("--version").out.startswith("everyline ")
