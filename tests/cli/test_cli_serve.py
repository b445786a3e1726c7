"""`everyline serve`: where it listens, what it refuses, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

import three_months
from everyline import pipeline
from everyline.cli import main


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "bills").mkdir()
    three_months.write(tmp_path)
    (tmp_path / "everyline.yaml").write_text(
        "taxonomy: {team: {required: true, values: [search]}}\n"
        "bills: [{name: all, format: table, path: 'bills/*.csv'}]\n",
        "utf-8",
    )
    assert pipeline.run(tmp_path).run is not None
    return tmp_path


@pytest.fixture
def refused(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What `everyline serve` says where it does not serve."""

    def served(*words: str) -> str:
        assert main(["serve", "--project", str(project), *words]) == 2
        return capsys.readouterr().err

    return served


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_addresses_need_an_identity(refused: Callable[..., str], host: str) -> None:
    said = refused("--host", host)
    assert f"`--host {host}`: nobody would say who asks" in said
    assert "identity" in said


def test_a_port_that_is_taken_is_said(refused: Callable[..., str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refused("--port", port)
    assert f"port {port} of 127.0.0.1 can't be had" in said
    assert "`--port 0` takes a free one" in said


def test_a_secret_that_is_not_set_is_said(
    project: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUR_SECRET", raising=False)
    with (project / "everyline.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "serve: {url: 'https://cost.example.com', roles: roles.csv, identity: {oidc:"
            " {issuer: 'https://id.example.com', client_id: a, client_secret_env: OUR_SECRET}}}\n"
        )
    (project / "roles.csv").write_text("user,role\nada,all\n", "utf-8")
    assert "names `OUR_SECRET`, which is not set here" in refused()


def test_a_mistake_in_the_configuration_stops_it(
    project: Path, refused: Callable[..., str]
) -> None:
    with (project / "everyline.yaml").open("a", encoding="utf-8") as file:
        file.write("serve: {identitty: {}}\n")
    assert "identitty" in refused()


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_says_where_it_is_and_ends_by_ctrl_c(project: Path, host: str) -> None:
    words = ["serve", "--project", str(project), "--port", "0", "--host", host]
    served = subprocess.Popen(
        [sys.executable, "-m", "everyline", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        assert served.stderr is not None
        address, _, rest = served.stderr.readline().partition(" ")
        assert rest == "shows the last run; Ctrl-C ends it\n"
        with urllib.request.urlopen(f"{address}owners?as=csv", timeout=30) as answer:
            assert b"12.5" in answer.read()
        served.send_signal(signal.SIGINT)
        said = served.communicate(timeout=30)[1]
        assert served.returncode in (0, 130)
        assert said == ""
    finally:
        served.kill()
        served.communicate()
