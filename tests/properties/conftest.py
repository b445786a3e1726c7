"""Many tiny projects: one thread each, since workers run beside one another."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = os.environ.get("EVERYLINE_THREADS")
    os.environ["EVERYLINE_THREADS"] = "1"
    yield
    if before is None:
        del os.environ["EVERYLINE_THREADS"]
    else:
        os.environ["EVERYLINE_THREADS"] = before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Properties of whole runs take minutes each: `make soak` runs them, `make test` does not."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.soak)
