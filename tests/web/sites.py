"""A site of a project, and its tables."""

import csv
import io
from pathlib import Path

from starlette.testclient import TestClient

from everyline.web.app import Site

Rows = list[dict[str, str]]


def site(project: Path) -> TestClient:
    """What answers requests for a project, asked as a browser on this machine does."""
    return TestClient(Site(project).app(), base_url="http://127.0.0.1")


def table(site: TestClient, address: str, name: str | None = None) -> Rows:
    """A page's table as its CSV has it."""
    sign = "&" if "?" in address else "?"
    answer = site.get(f"{address}{sign}as=csv" + (f"&table={name}" if name else ""))
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))
