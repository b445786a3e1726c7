"""`/worklist`: the registry to fill in, as `everyline worklist` prints it."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from sites import table
from starlette.testclient import TestClient

from everyline.cli import everyline
from everyline.web.app import Site
from everyline.web.visible import Viewer


def _printed(project: Path, period: str, form: str) -> str:
    words = ["worklist", "--project", str(project), "--period", period, "--as", form]
    found = CliRunner().invoke(everyline, words)
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.mark.parametrize("period", ["2026-09", "2026-10"])
@pytest.mark.parametrize("name", ["", "&table=worklist"])
def test_the_csv_is_the_registry_of_the_command_byte_for_byte(
    worked: Path, worked_site: TestClient, period: str, name: str
) -> None:
    found = worked_site.get(f"/worklist?period={period}&as=csv{name}")
    assert found.status_code == 200
    assert found.text == _printed(worked, period, "csv")


def test_costs_are_those_of_the_command_and_sum_to_what_nobody_has(
    worked: Path, worked_site: TestClient
) -> None:
    """Nobody has 1.00 of OpenAI, 25.00 of the cluster, and what ai-platform passes on to nobody."""
    rows = json.loads(worked_site.get("/worklist?period=2026-10&as=json").text)
    wanted = json.loads(_printed(worked, "2026-10", "json"))
    costs = sorted(Decimal(row["EffectiveCost"]) for row in rows)
    assert costs == sorted(Decimal(one["EffectiveCost"]["USD"]) for one in wanted)
    page = worked_site.get("/worklist?period=2026-10").text
    nobodys = table(worked_site, "/explain?team=&period=2026-10")
    total = sum(Decimal(row["EffectiveCost"]) for row in nobodys)
    assert sum(costs) == total
    assert f'class="kpi">{total:,.2f}<' in page


def test_hostile_names_are_shown_as_they_are(odd_site: TestClient) -> None:
    page = odd_site.get("/worklist")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_only_who_sees_all_gets_it(worked: Path) -> None:
    viewer = Viewer("kate", frozenset(("search",)))
    site = TestClient(Site(worked, lambda request: viewer).app())
    for form in ("html", "csv", "json", "xlsx"):
        assert site.get(f"/worklist?as={form}").status_code == 403
