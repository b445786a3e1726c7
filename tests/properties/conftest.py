"""Many tiny projects: one thread each, since workers run beside one another."""

import os
from collections.abc import Iterator

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
