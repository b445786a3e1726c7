"""`/explain` and `/explain/{charge}`: compared with `everyline explain --as json`."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner
from marked import MARKS, MINE
from marked import write as marked_project
from sites import Rows, table
from starlette.testclient import TestClient

import stated
from everyline.cli import everyline
from everyline.explain import Node
from everyline.web.app import Site
from everyline.web.visible import EVERYBODY, Viewer, told_to

KATE = Viewer("kate", frozenset((MINE,)))


def _printed(project: Path, *words: str) -> str:
    asked = ["explain", *words, "--project", str(project), "--as", "json"]
    found = CliRunner().invoke(everyline, asked)
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("team=search", ["--team", "search"]),
        ("where=team%3Dsupport", ["--team", "support"]),
        ("team=", ["--team", ""]),
        ("", []),
        ("team=search&service=OpenAI+API", ["--team", "search", "--service", "OpenAI API"]),
        ("where=team%3Dsearch&where=ServiceName%3DOpenAI+API",
         ["--team", "search", "--service", "OpenAI API"]),
    ],
)  # fmt: skip
def test_json_is_what_the_command_gives(
    worked: Path, worked_site: TestClient, query: str, words: list[str]
) -> None:
    found = worked_site.get(f"/explain?period=2026-10&as=json&{query}")
    assert found.status_code == 200, found.text
    assert found.text == _printed(worked, "--period", "2026-10", *words)


@pytest.mark.parametrize("more", ["", "&lines=1", "&most=1", "&lines=1&most=2"])
def test_every_level_of_the_page_sums_to_the_one_above(worked_site: TestClient, more: str) -> None:
    page = worked_site.get(f"/explain?team=search&period=2026-10{more}").text
    count = _sums(page)
    assert count > 5


def _sums(page: str) -> int:
    """How many levels were looked at; each sums to what it is in."""
    tokens = re.findall(
        r'(<ul class="nodes">|</ul>|<li>|</li>)|<span class="n">([^<]*)</span>', page
    )
    levels: list[list[Decimal]] = [[]]
    within: list[Decimal] = []
    checked = 0
    for tag, amount in tokens:
        if tag == '<ul class="nodes">':
            levels.append([])
            within.append(levels[-2][-1])
        elif tag == "</ul>" and len(levels) > 1:
            assert sum(levels.pop()) == within.pop()
            checked += 1
        elif amount:
            levels[-1].append(Decimal(unescape(amount).replace(",", "").replace("−", "-")))
    return checked


def test_the_first_level_reads_no_bills(tmp_path: Path) -> None:
    stated.worked(tmp_path)
    site = TestClient(Site(tmp_path).app(), base_url="http://127.0.0.1")
    (tmp_path / "bills" / "bill.csv").unlink()
    page = site.get("/explain?team=search&period=2026-10")
    assert page.status_code == 200
    assert "1 line" in page.text
    gone = site.get("/explain?team=search&period=2026-10&lines=1")
    assert gone.status_code == 409
    assert "can&#39;t be explained any more" in gone.text


def test_the_groups_sum_to_the_figure(
    worked: Path, worked_site: TestClient, printed: Callable[..., Rows]
) -> None:
    rows = table(worked_site, "/explain?team=search&period=2026-10")
    of = printed(worked, "allocations", "--period", "2026-10", "--where", "team=search")
    wanted = sum(Decimal(row["EffectiveCost"]) for row in of)
    assert sum(Decimal(row["EffectiveCost"]) for row in rows) == wanted


def test_each_group_leads_to_lines_that_sum_to_it(worked_site: TestClient) -> None:
    page = worked_site.get("/explain?period=2026-10").text
    links = [unescape(one) for one in re.findall(r'<a href="(/charges\?[^"]*)">bill lines', page)]
    rows = table(worked_site, "/explain?period=2026-10")
    costs = []
    for link in links:
        found = table(worked_site, link)
        costs.append(sum(Decimal(row.get("x_Part", row["EffectiveCost"])) for row in found))
    assert len(costs) == len(rows) > 5
    wanted = sorted(Decimal(row["EffectiveCost"]) for row in rows)
    assert all(abs(a - b) < Decimal("1e-15") for a, b in zip(sorted(costs), wanted, strict=True))


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("team=serach", 404, "did you mean `search`?"),
        ("where=team", 400, "has no second `=`"),
        ("where=x_Method%3Ddirect", 400, "`x_Method` is none"),
        ("lines=2", 400, "`lines` can't be `2`"),
        ("most=0", 400, "`most` can't be `0`"),
        ("most=", 400, "`most` can't be"),
        ("nope=1", 400, "this page takes no `nope`"),
        ("period=2026-09&team=support", 404, "no cost in 2026-09 has the team `support`"),
    ],
)
def test_what_cannot_be_is_said(
    worked_site: TestClient, query: str, status: int, says: str
) -> None:
    found = worked_site.get(f"/explain?{query}")
    text = re.sub("</?code>", "`", unescape(found.text))
    assert (found.status_code, says in text) == (status, True), text


@pytest.mark.parametrize("name", stated.HOSTILE)
def test_hostile_names_are_shown_as_they_are(odd_site: TestClient, name: str) -> None:
    answer = odd_site.get(f"/explain?{urlencode({'team': name})}")
    assert answer.status_code in (200, 404)
    assert "<script>alert" not in answer.text


# One line


def test_a_line_is_what_the_command_shows(
    worked: Path, worked_site: TestClient, printed: Callable[..., Rows]
) -> None:
    for line in printed(worked, "charges"):
        charge = line["x_ChargeId"]
        found = worked_site.get(f"/explain/{charge}?as=json")
        assert found.text == _printed(worked, charge)
        near = {"amount": line["EffectiveCost"], "service": line["ServiceName"]}
        page = worked_site.get(f"/explain/{charge[:12]}?{urlencode(near)}")
        assert page.status_code == 200
        assert charge in page.text
        _sums(page.text)


def test_a_link_that_knows_the_line_wrongly_finds_it_still(
    worked_site: TestClient, worked: Path, printed: Callable[..., Rows]
) -> None:
    charge = printed(worked, "charges")[0]["x_ChargeId"]
    assert worked_site.get(f"/explain/{charge}?amount=123&service=Nothing").status_code == 200


@pytest.mark.parametrize("beginning", ["zz", "0" * 65, "' OR 1", "ffffffffffffffff", "<b>"])
def test_no_such_line_is_said(worked_site: TestClient, beginning: str) -> None:
    found = worked_site.get(f"/explain/{quote(beginning, safe='')}")
    assert found.status_code == 404
    assert "no bill line has an id" in found.text
    assert "<b>" not in found.text


@pytest.mark.parametrize("amount", ["x", "NaN", "1e999999999", "9" * 65])
def test_an_amount_that_is_none_is_said(worked_site: TestClient, amount: str) -> None:
    found = worked_site.get(f"/explain/ab?amount={amount}")
    assert found.status_code == 400
    assert "can&#39;t be" in found.text


# Who sees some


@pytest.fixture(scope="module")
def kates(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder = tmp_path_factory.mktemp("marked")
    marked_project(folder)
    return TestClient(Site(folder, lambda request: KATE).app())


@pytest.mark.parametrize("query", ["", "lines=1", "as=json", "as=csv", "team=kiwi&service=Model"])
def test_who_sees_some_owners_learns_of_no_other(kates: TestClient, query: str) -> None:
    answer = kates.get(f"/explain?period=2026-10&currency=USD&{query}")
    assert answer.status_code == 200, answer.text
    for mark in (*MARKS[:3], "x_WeightTotal", "x_QuantityTotal", "x_Of", "900.00", "1000000"):
        assert mark not in answer.text, mark


@pytest.mark.parametrize("query", ["team=rivalfox", "team=", "team=nobody-there"])
def test_a_figure_of_another_is_refused_alike(kates: TestClient, query: str) -> None:
    answer = kates.get(f"/explain?{query}")
    assert answer.status_code == 403
    assert "that is yours" in answer.text


def test_a_line_that_is_not_wholly_theirs_is_as_if_it_were_not(
    tmp_path: Path, printed: Callable[..., Rows]
) -> None:
    marked_project(tmp_path)
    kate = TestClient(Site(tmp_path, lambda request: KATE).app())
    for line in printed(tmp_path, "charges", "--period", "2026-10"):
        found = kate.get(f"/explain/{line['x_ChargeId']}")
        mine = line["ServiceName"].startswith("Kiwi") and line["EffectiveCost"] in (
            "1003.07",
            "507.19",
        )
        assert found.status_code == (200 if mine else 404), line


_WHOLE = {"x_WeightTotal": "9", "x_QuantityTotal": "77", "x_Of": "1000", "x_Part": "1/9"}


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for below in (*node.parts, *node.shares, *node.usage):
        yield from _walk(below)


def test_told_to_removes_every_whole_and_keeps_what_is_ones_own() -> None:
    line = Node("line", "their job", Decimal(3), "USD", 1, {"x_ChargeId": "ab", **_WHOLE})
    own = Node("line", "my job", Decimal(2), "USD", 1, {"x_ChargeId": "cd"})
    hop = Node("share", "other: 1 of 9 to rival", Decimal(3), "USD", 0, {**_WHOLE, "receiver": "r"})
    share = Node("share", "pool: 1 of 9", Decimal(3), "USD", 0, {**_WHOLE, "x_Rule": "pool"},
                 (), (hop,))  # fmt: skip
    split = Node("group", "g", Decimal(3), "USD", 1, {"tags_": "{}", **_WHOLE}, (line,), (share,))
    whole = Node("group", "h", Decimal(2), "USD", 1, {"ServiceName": "S"}, (own,))
    figure = Node("figure", "f", Decimal(5), "USD", 2, {}, (split, whole))
    told = told_to(figure, KATE)
    for node in _walk(told):
        assert not (node.facts.keys() & {*_WHOLE, "tags_", "receiver"})
    labels = [node.label for node in _walk(told)]
    assert "my job" in labels
    assert "their job" not in labels
    assert not any("9" in x for x in labels)
    assert told.cost == 5
    assert [part.cost for part in told.parts] == [3, 2]
    assert sum(part.cost for part in told.parts[0].parts) == 3
    assert told_to(figure, EVERYBODY) is figure


def test_json_of_a_figure_is_a_tree_that_sums(worked_site: TestClient) -> None:
    def check(node: dict[str, Any]) -> None:
        for name in ("children", "shares", "usage"):
            if below := node.get(name):
                assert sum(Decimal(one["amount"]) for one in below) == Decimal(node["amount"])
                for one in below:
                    check(one)

    for figure in json.loads(worked_site.get("/explain?period=2026-10&as=json").text):
        check(figure)
