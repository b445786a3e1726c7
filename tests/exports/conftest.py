"""The projects of these tests, each run once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import stated
from everyline.exports.statement import Statement


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stated.worked(tmp_path_factory.mktemp("worked"))


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stated.odd(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="session")
def worked_statements(worked: Path) -> Mapping[str, Statement]:
    return stated.statements(worked)


@pytest.fixture(scope="session")
def odd_statements(odd: Path) -> Mapping[str, Statement]:
    return stated.statements(odd)
