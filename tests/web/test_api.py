"""The JSON API: rows as the command line has them, a page at a time, and what it says of itself."""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

import stated
from everyline.cli import everyline
from everyline.relations import RELATIONS
from everyline.web.app import Site
from everyline.web.visible import Viewer
from made import run

NAMES = [one.name for one in RELATIONS if one.name != "resources"]
Json = Any
_LINES = ["--period", "2026-09", "--where", "x_Model=", "--where", "ServiceName=Models"]


def _command(project: Path, *words: str) -> Json:
    found = CliRunner().invoke(everyline, [*words, "--project", str(project), "--as", "json"])
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def _pages(site: TestClient, address: str) -> Iterator[Json]:
    at: str | None = address
    while at is not None:
        answer = site.get(at)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        at = answer.json()["next"]


def _rows(site: TestClient, address: str) -> list[Json]:
    return [row for page in _pages(site, address) for row in page["rows"]]


@pytest.fixture(scope="module")
def described(odd_site: TestClient) -> Json:
    return odd_site.get("/api/openapi.json").json()


def test_the_description_is_valid_openapi(described: Json, worked_site: TestClient) -> None:
    for one in (described, worked_site.get("/api/openapi.json").json()):
        assert one["openapi"].startswith("3.1")
        OpenAPIV31SpecValidator(one).validate()


@pytest.mark.parametrize("name", NAMES)
def test_pages_of_rows_are_the_rows_of_the_command_line(
    name: str, odd: Path, odd_site: TestClient, described: Json
) -> None:
    pages = list(_pages(odd_site, f"/api/relations/{name}?limit=7"))
    rows = [row for page in pages for row in page["rows"]]
    assert rows == _command(odd, name)
    assert {page["count"] for page in pages} == {len(rows)}
    schema = {"$ref": f"#/components/schemas/{name}_rows", "components": described["components"]}
    for page in pages:
        Draft202012Validator(schema).validate(page)


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("statements", "period=2026-10&by=x_Method", ["--period", "2026-10", "--by", "x_Method"]),
        ("statements", "where=BillingCurrency=JPY", ["--where", "BillingCurrency=JPY"]),
        ("groups", "by=ServiceName,x_Layer", ["--by", "ServiceName,x_Layer"]),
        ("charges", "period=2026-09&where=x_Model=&where=ServiceName=Models", _LINES),
        ("charges", "by=ServiceName", ["--by", "ServiceName"]),
        ("shares", "period=2026-10", ["--period", "2026-10"]),
        ("pool_members", "period=2026-10", ["--period", "2026-10"]),
        ("usage", "period=2026-10", ["--period", "2026-10"]),
        ("causes", "by=x_Cause", ["--by", "x_Cause"]),
        (
            "coverage",
            "where=x_Key=team&where=x_Key=use_case",
            ["--where", "x_Key=team", "--where", "x_Key=use_case"],
        ),
    ],
)
def test_filters_and_sums_are_those_of_the_command_line(
    name: str, query: str, words: list[str], odd: Path, odd_site: TestClient
) -> None:
    assert _rows(odd_site, f"/api/relations/{name}?{query}&limit=3") == _command(odd, name, *words)


@pytest.mark.parametrize("value", stated.HOSTILE)
def test_hostile_names_are_asked_for_and_told_as_they_are(
    value: str, odd: Path, odd_site: TestClient
) -> None:
    answer = odd_site.get("/api/relations/statements", params={"where": f"team={value}"})
    assert {row["team"] for row in answer.json()["rows"]} == {value}
    assert answer.headers["content-type"] == "application/json"
    address = {"where": f"team={value}", "period": "2026-10"}
    told = odd_site.get("/api/explain", params=address).json()
    words = ["explain", "--period", "2026-10", "--where", f"team={value}"]
    assert told == _command(odd, *words)


def test_a_figure_and_a_line_are_explained_as_on_the_command_line(
    worked: Path, worked_site: TestClient
) -> None:
    told = worked_site.get("/api/explain?where=team=support").json()
    assert told == _command(worked, "explain", "--team", "support")
    # 300,000 of 1,000,000 tokens of 10.00, 50 of 120 seconds of 100.00, and of what serves others
    # by their cost (20.00 and 10 of 120 seconds) 3 of 40.
    exact = 3 + Fraction(5000, 120) + (20 + Fraction(1000, 120)) * Fraction(3, 40)
    assert exact == Fraction(1123, 24)
    assert [one["amount"] for one in told] == ["46.791666666666666667"]
    for charge in _command(worked, "charges"):
        beginning = charge["x_ChargeId"][:12]
        one = worked_site.get(f"/api/explain/{beginning}").json()
        assert one == _command(worked, "explain", beginning)


def test_relations_are_listed_with_their_columns(odd_site: TestClient) -> None:
    listed = odd_site.get("/api/relations").json()["relations"]
    assert [one["relation"] for one in listed] == [one.name for one in RELATIONS]
    by_name = {one["relation"]: one for one in listed}
    assert by_name["resources"]["rows"] is None
    columns = [one["column"] for one in by_name["allocations"]["columns"]]
    assert {"team", "team_evidence", "use_case", "use_case_evidence"} <= set(columns)
    for one in listed:
        if one["rows"] is not None:
            assert odd_site.get(f"{one['rows']}?limit=1").status_code == 200


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/api/relations/resources", 404, "a run has no rows of `resources`"),
        ("/api/relations/statement", 404, "there is no relation `statement`"),
        ("/api/relations/statements?limit=0", 400, "`limit` can't be `0`"),
        ("/api/relations/statements?limit=10001", 400, "`limit` can't be `10001`"),
        ("/api/relations/statements?limt=1", 400, "this page takes no `limt`"),
        ("/api/relations/statements?by=x&by=y", 400, "`by` is given twice"),
        ("/api/relations/statements?by=x_Laier", 400, "has no column `x_Laier`"),
        ("/api/relations/statements?where=team", 400, "`team` has no `=`"),
        ("/api/relations/statements?where=x'%20OR%201=1", 400, "has no column"),
        ("/api/relations/statements?period=October", 400, "`October` is no month"),
        ("/api/relations/statements?after=5", 400, "does not go on from an answer"),
        ("/api/relations/statements?run=ffff", 404, "no run that is kept begins with `ffff`"),
        ("/api/explain?where=ServiceNam=x", 400, "`ServiceNam` is no key"),
        ("/api/explain?period=2020-01", 400, "the run has no month `2020-01`"),
        ("/api/explain?where=team=nobody-at-all", 404, "no cost in 2026-10"),
        ("/api/explain/zzz", 404, "no bill line"),
        ("/api/", 404, "there is no page"),
        ("/api/nothing", 404, "there is no page"),
    ],
)
def test_what_is_refused_has_one_shape(
    address: str, status: int, says: str, odd_site: TestClient, described: Json
) -> None:
    answer = odd_site.get(address)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert says in error["says"]
    assert error["status"] == status
    Draft202012Validator(described["components"]["schemas"]["error"]).validate(answer.json())


def test_a_cursor_goes_on_with_its_own_question_alone(odd_site: TestClient) -> None:
    after = odd_site.get("/api/relations/statements?limit=5").json()["next"].partition("after=")[2]
    for other in ("groups?", "statements?period=2026-10&", "statements?by=team&"):
        assert odd_site.get(f"/api/relations/{other}after={after}").status_code == 400
    assert odd_site.get(f"/api/relations/statements?limit=9&after={after}").status_code == 200


def test_only_reading_is_answered(odd_site: TestClient) -> None:
    head = odd_site.head("/api/relations/statements")
    assert head.status_code == 200
    assert head.content == b""
    posted = odd_site.post("/api/relations/statements")
    assert posted.status_code == 405
    assert posted.json()["error"]["says"] == "pages are only read"


def test_a_fault_is_told_in_the_same_shape(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = TestClient(Site(odd).app(), raise_server_exceptions=False)
    monkeypatch.setattr("everyline.runs.kept_ids", lambda project: 1 / 0)
    answer = site.get("/api/runs")
    assert answer.status_code == 500
    assert answer.json()["error"]["status"] == 500


@pytest.mark.parametrize("address", ["/api/relations/statements", "/", "/owners?as=csv"])
def test_who_has_an_answer_already_is_told_so(address: str, odd_site: TestClient) -> None:
    first = odd_site.get(address)
    tag = first.headers["etag"]
    again = odd_site.get(address, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["content-security-policy"]
    other = odd_site.get(address, headers={"If-None-Match": 'W/"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_answers_go_on_in_their_run_while_a_new_one_is_published(tmp_path: Path) -> None:
    project = stated.worked(tmp_path)
    site = TestClient(Site(project).app())
    before, billed = _command(project, "statements"), _command(project, "charges")
    first = site.get("/api/relations/statements?limit=2").json()
    lines = site.get("/api/relations/charges?limit=2").json()
    bill = project / "bills" / "bill.csv"
    bill.write_text(bill.read_text("utf-8").replace("USD,30,", "USD,31,"), "utf-8")
    run(project)
    assert first["rows"] + _rows(site, first["next"]) == before
    assert lines["rows"] + _rows(site, lines["next"]) == billed != _command(project, "charges")
    assert _rows(site, "/api/relations/statements") == _command(project, "statements") != before
    listed = site.get("/api/runs").json()["runs"]
    assert [one["current"] for one in listed] == [True, False]
    assert listed[1]["run"] == first["run"]
    # Lines that were asked for are kept with their run; those of a run whose bills are gone, not.
    kept = site.get(f"/api/relations/charges?run={first['run']}&where=ServiceName=GPU cluster")
    assert [one["BilledCost"] for one in kept.json()["rows"]] == ["100"]
    bill.write_text(bill.read_text("utf-8").replace("USD,31,", "USD,32,"), "utf-8")
    other = site.get("/api/relations/charges")
    assert other.status_code == 409
    assert "can't be worked out any more" in other.json()["error"]["says"]


def test_who_sees_some_owners_gets_their_rows_and_no_totals(worked: Path) -> None:
    seen = frozenset(("search",))
    site = TestClient(Site(worked, lambda request: Viewer("ann", seen)).app())
    mine = [one for one in _command(worked, "statements") if one["team"] == "search"]
    assert mine
    assert _rows(site, "/api/relations/statements") == mine
    charges = _rows(site, "/api/relations/charges")
    assert {one["ServiceName"] for one in charges} == {"Amazon Bedrock"}
    for name in ("coverage", "problems", "reconciliation", "causes", "pool_members"):
        assert site.get(f"/api/relations/{name}").status_code == 403
    assert site.get("/api/explain?where=team=support").status_code == 403
    nobody = TestClient(Site(worked, lambda request: Viewer("bob", frozenset())).app())
    assert nobody.get("/api/relations/statements").status_code == 403
    everything = TestClient(Site(worked, lambda request: Viewer("ada")).app())
    assert len(_rows(everything, "/api/relations/charges")) > len(charges)


def test_rows_keep_their_kind(
    odd_site: TestClient, printed: Callable[..., list[dict[str, str]]], odd: Path
) -> None:
    """Amounts are text with every digit, counts are numbers, moments are UTC, nulls are null."""
    groups = _rows(odd_site, "/api/relations/groups")
    for row, line in zip(groups, printed(odd, "groups"), strict=True):
        assert row["EffectiveCost"] == line["EffectiveCost"]
        assert row["x_LineCount"] == int(line["x_LineCount"])
        assert (row["team" if "team" in row else "Tags.team"] or "") in line.values()
        assert row["x_WindowStart"].endswith("Z")
        assert row["InvoiceId"] is None
