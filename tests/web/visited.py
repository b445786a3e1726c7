"""Addresses of all pages of a site: each route once, with a value where it takes one."""

import csv
import io
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from starlette.testclient import TestClient

from everyline.answers.meanings import known
from everyline.web.pages import ROUTES

_LISTED = {
    "/owners/{value}": "/owners",
    "/use-cases/{value}": "/use-cases",
    "/explain/{value}": "/charges",
    "/problems/{value}": "/problems",
}
"""Where the values of a route are listed: the first column of that page's table has them."""


def addresses(site: TestClient) -> Mapping[str, str]:
    """An address by route; a route is left out where the run has no value for it."""
    found = {}
    for route in ROUTES:
        if "{value}" not in route.path:
            found[route.path] = route.path + ("?q=a" if route.path == "/search" else "")
        elif (value := next(_values(site, route.path), None)) is not None:
            found[route.path] = route.path.replace("{value}", quote(value, safe=""))
    return found


def _values(site: TestClient, route: str) -> Iterator[str]:
    answer = site.get(_LISTED[route], params={"as": "csv"})
    assert answer.status_code == 200, answer.text
    for row in csv.reader(io.StringIO(answer.text).readlines()[1:]):
        if row[0]:
            yield row[0]
    if route == "/problems/{value}":
        yield known()[0]["problem"]
