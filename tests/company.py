"""The demo's company, made once a worker for all tests of it."""

from pathlib import Path

import pytest

from everyline.demo import make


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder; who runs or changes it does so with a copy."""
    folder = tmp_path_factory.mktemp("halcyon") / "project"
    make(folder)
    return folder
