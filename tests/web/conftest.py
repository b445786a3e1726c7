"""Sites over small projects, and what the command line says of them."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sites import Rows, site
from starlette.testclient import TestClient

import stated
from everyline.cli import everyline


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages say whether files have changed however long the looking takes on a busy machine."""
    monkeypatch.setattr("everyline.web.outdated.SOON_S", 60)


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project `worked` of `stated`, run."""
    return stated.worked(tmp_path_factory.mktemp("worked"))


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project `odd` of `stated`, run: hostile names, two currencies, credits."""
    return stated.odd(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="session")
def worked_site(worked: Path) -> TestClient:
    return site(worked)


@pytest.fixture(scope="session")
def odd_site(odd: Path) -> TestClient:
    return site(odd)


@pytest.fixture(scope="session")
def printed() -> Callable[..., Rows]:
    """Rows that the command line prints as csv: `printed(project, "statements", ...)`."""

    def command(project: Path, *words: str) -> Rows:
        found = CliRunner().invoke(everyline, [*words, "--project", str(project), "--as", "csv"])
        assert found.exit_code == 0, found.output
        return list(csv.DictReader(io.StringIO(found.stdout)))

    return command
