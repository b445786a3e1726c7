"""Pages may be asked for all day: what serves them takes no more memory for it."""

import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from visited import addresses

import stated
from everyline.web.app import Site
from everyline.web.kept import Answers

REQUESTS, SETTLED = 10_000, 2_000
GROWTH_MAX_MB = 15


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")
def test_ten_thousand_requests_take_no_memory(odd: Path) -> None:
    """Half of the addresses were never asked for before, so that answers are let go of too."""
    site = Site(odd)
    site._kept = Answers(2**20)
    client = TestClient(site.app(), base_url="http://127.0.0.1")
    known = [
        *addresses(client).values(),
        *(f"/owners/{quote(owner, safe='')}" for owner in stated.HOSTILE),
    ]
    settled = 0.0
    for n in range(REQUESTS):
        if n == SETTLED:
            settled = resident_mb()
        address = f"/search?q={n}" if n % 2 else known[n // 2 % len(known)]
        answer = client.get(address)
        assert answer.status_code == 200, address
    assert site._kept.bytes <= 2**20
    assert resident_mb() - settled < GROWTH_MAX_MB


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 2**20
