"""Nobody learns what is another's: whatever is asked for, of every page, in every form.

In the project `marked` whatever is somebody's bears a mark. Probes are drawn from all routes that
there are, so a page that is new is probed as well.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from html import escape
from itertools import combinations
from pathlib import Path
from urllib.parse import quote, urlencode

import marked
import pytest
from httpx2 import Response
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from everyline import pipeline, runs
from everyline.engines.duckdb import Engine
from everyline.relations import RELATIONS
from everyline.web.api import SERVICES
from everyline.web.api.call import Service
from everyline.web.app import Site
from everyline.web.asked import FORMS
from everyline.web.pages import ROUTES
from everyline.web.visible import SeenRun, Viewer, told_of

KIWI = Viewer("kate", frozenset((marked.MINE,)))
NOBODY = Viewer("noel", frozenset())
ALL = Viewer("ada")
NONSENSE = "zzyzzx"
_BLOCK = ("x_Period", "BillingCurrency")
_GROUPED = ("x_Layer", "x_Method", "ServiceName", "team", "x_Pool")

_WORDS = (
    *(marked.MINE, *marked.OTHERS, NONSENSE),
    *("RivalService", "RivalStore", "KiwiService", "KiwiStore", "nobodysService", "Commons"),
    *("kiwi-case", "rivalfox-case", "rivalowl-case", "nobodys-case", "kiwi-product", "commons"),
    *("acct-rivalfox", "INV-rivalfox", "by-gateway", "rival", "kiwi", "Service", "a", "key-ivalf"),
    *("direct", "shared", "traced", "unallocated", "platform", "model", "data", "untagged"),
    *("team", "use_case", "product", "1", "0", "2", "true", "1000", "tagged", "owner", "2026-09"),
    *("'; DROP TABLE x --", "", "%", "*", "\u202e", "70177.31"),
)
_CONDITIONS = tuple(
    f"{column}={word}"
    for column in (
        "team",
        "use_case",
        "ServiceName",
        "x_Method",
        "x_Layer",
        "x_Pool",
        "SubAccountId",
    )
    for word in (*_WORDS[:12], "acct-rivalfox", "shared", "")
)
_PERIODS = ("2026-10", "2026-09", "2026-08", "2020-01")
_NOW = re.compile(r"\d{4}-\d\d-\d\dT[0-9:]+Z|\d+ \w{3} \d{4}, [0-9:]+ UTC")
"""When a run was made, and when something was asked."""

_CURRENCIES = ("USD", "CHF", "TWD", "XTS")


class World:
    """The project of `marked`, a site for each viewer, and what must not be told."""

    def __init__(self, folder: Path, amounts: Sequence[str] = marked.AMOUNTS) -> None:
        marked.write(folder, amounts)
        found = runs.current(folder)
        assert isinstance(found, runs.Run)
        self.run = found
        self.folder = folder
        self.engine = Engine()
        self._viewer = KIWI
        self._client = TestClient(Site(folder, lambda request: self._viewer).app())

    def get(self, viewer: Viewer, address: str) -> Response:
        """What a viewer is answered."""
        self._viewer = viewer
        return self._client.get(address)

    def ids(self) -> list[str]:
        """Beginnings of ids of groups, lines of pools, shares, and bill lines."""
        listed = f"SELECT DISTINCT x_LineId FROM {self.run.relation('allocations')}"
        listed += f" UNION SELECT x_ShareId FROM {self.run.relation('shares')} ORDER BY 1"
        charges = pipeline.charges_relation(self.engine, self.folder)
        lines = f"SELECT x_ChargeId FROM ({charges}) ORDER BY x_SourceRow"
        rows = [*self.engine.rows(listed), *self.engine.rows(lines)]
        return [row[0][:12] for row in rows]

    def amounts(self) -> set[Decimal]:
        """All amounts of others, and all totals by up to two columns that have others in them."""
        whole, found = self.run.relation("allocations"), set[Decimal]()
        for n in range(3):
            for columns in combinations(_GROUPED, n):
                by = ", ".join((*columns, *_BLOCK))
                where = f"bool_or(team IS DISTINCT FROM '{marked.MINE}')"
                for cost in ("EffectiveCost", "ConsumedQuantity"):
                    sql = f"SELECT sum({cost}) FROM {whole} GROUP BY {by} HAVING {where}"
                    found |= {row[0] for row in self.engine.rows(sql) if row[0]}
        for relation, key in (("groups", "x_GroupId"), ("allocations", "x_LineId, team")):
            sql = f"SELECT sum(EffectiveCost) FROM {self.run.relation(relation)} GROUP BY {key}"
            found |= {row[0] for row in self.engine.rows(sql)}
        return found - self.own()

    def own(self) -> set[Decimal]:
        """All amounts and totals of kiwi alone, which may be told."""
        found = set[Decimal]()
        whole = f"(SELECT * FROM {self.run.relation('allocations')} WHERE team = '{marked.MINE}')"
        for n in range(4):
            for columns in combinations((*_GROUPED, "x_LineId"), n):
                by = ", ".join((*columns, *_BLOCK))
                sql = f"SELECT sum(EffectiveCost) FROM {whole} GROUP BY {by}"
                found |= {row[0] for row in self.engine.rows(sql)}
        return found


def _forms(amount: Decimal) -> Iterator[str]:
    """An amount as pages, files and minor units have it, rounded up or down."""
    for rounding in (ROUND_FLOOR, ROUND_CEILING):
        cents = abs(amount).quantize(Decimal("0.01"), rounding)
        yield f"{cents:,}"
        yield f"{cents}"
        yield f"{cents}".replace(".", "")
    if abs(amount) >= 1000:
        yield f"{abs(amount).normalize():f}"
        yield f"{int(abs(amount)):,}"
        yield f"{int(abs(amount))}"


def _any(forms: set[str]) -> str:
    return "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))


class Leaks:
    """What must not be told, found in the bytes of an answer."""

    def __init__(self, amounts: set[Decimal]) -> None:
        forms = {form for amount in amounts if abs(amount) > 99 for form in _forms(amount)}
        grouped = {form for form in forms if "," in form}
        # Whole numbers, not pieces of longer ones; in a CSV a comma is no part of a number.
        self._amounts = re.compile(
            rf"(?<![\w.#])(?:(?<!\d,)(?:{_any(grouped)})(?!,\d)|(?:{_any(forms - grouped)}))"
            r"(?!\w|\.\d)"
        )
        self._marks = re.compile("|".join(marked.MARKS))

    def of(self, response: Response, words: Sequence[str] = ()) -> list[str]:
        """All of them, those left out that the address itself has."""
        text = "\n".join(text_of(response))
        spelt = {spelling for word in words for spelling in _spellings(word)}
        for spelling in sorted(spelt, key=len, reverse=True):
            text = text.replace(spelling, "")
        return [*self._marks.findall(text), *self._amounts.findall(text)]


def text_of(response: Response) -> list[str]:
    """An answer as text, head and body; of a workbook all its parts."""
    # A length and a tag are of the whole body, in which runs bear their names; times are chance.
    left_out = ("content-length", "etag", "server-timing")
    head = f"{ {name: one for name, one in response.headers.items() if name not in left_out} }"
    if not response.content.startswith(b"PK"):
        return [head, response.content.decode()]
    with zipfile.ZipFile(io.BytesIO(response.content)) as book:
        parts = [book.read(name).decode() for name in sorted(book.namelist())]
    return [head, *parts]


def _spellings(word: str) -> Iterator[str]:
    """A word of an address as an answer may repeat it."""
    for part in {word, word.partition("=")[2]} - {""}:
        yield from (part, escape(part), str(escape(part)).replace("&quot;", "&#34;"))
        yield from (quote(part), quote(part, safe=""), urlencode({"": part})[1:])
        yield part.replace('"', '\\"')


@pytest.fixture(scope="module", autouse=True)
def large() -> Iterator[None]:
    """Every run is read as one of many lines is: from files of a month, where there are any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("everyline.web.month.LINES_MAX", 0)
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("marked"))


@pytest.fixture(scope="module")
def other_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same but for what others have."""
    return World(tmp_path_factory.mktemp("other"), marked.OTHER_AMOUNTS)


@pytest.fixture(scope="module")
def leaks(world: World) -> Leaks:
    return Leaks(world.amounts())


@pytest.fixture(scope="module")
def ids(world: World) -> list[str]:
    return world.ids()


@st.composite
def probes(draw: st.DrawFn) -> tuple[str, Sequence[tuple[str, str]]]:
    """A path and a query of some route; `@n` stands for the id of that number."""
    route = draw(st.sampled_from([one for one in ROUTES if not one.for_all_only]))
    word = st.one_of(st.sampled_from(_WORDS), st.integers(0, 40).map(lambda n: f"@{n}"))
    path = route.path.replace("{value}", draw(word.filter(bool)))
    query = [("period", draw(st.sampled_from(_PERIODS)))] if draw(st.booleans()) else []
    if draw(st.integers(0, 3)) == 0:
        query.append(("currency", draw(st.sampled_from(_CURRENCIES))))
    keys = ("team", "use_case", "product") if route.takes_keys else ()
    for name in (*route.takes, *keys):
        if draw(st.integers(0, 2)) == 0:
            query.append((name, draw(word)))
    for name in route.repeats:
        query += [(name, one) for one in draw(st.lists(st.sampled_from(_CONDITIONS), max_size=2))]
    query += [("as", draw(st.sampled_from(FORMS)))]
    if draw(st.integers(0, 4)) == 0:
        query.append(("cost", "billed"))
    return path, query


def _address(
    path: str, query: Sequence[tuple[str, str]], ids: Sequence[str]
) -> tuple[str, list[str]]:
    """The address of a probe, and the words in it."""

    def known(word: str) -> str:
        return ids[int(word[1:]) % len(ids)] if re.fullmatch("@[0-9]+", word) else word

    folder, slash, last = path.rpartition("@")
    made = quote(f"{folder}{known(slash + last)}" if slash else path, safe="/")
    said = [(name, known(value)) for name, value in query]
    words = [path, *filter(None, path.split("/", 2)), *(value for _, value in said)]
    return f"{made}?{urlencode(said)}", words


@settings(max_examples=120)
@given(probe=probes())
def test_no_probe_tells_a_viewer_of_some_what_others_have(
    world: World, leaks: Leaks, ids: list[str], probe: tuple[str, Sequence[tuple[str, str]]]
) -> None:
    address, words = _address(*probe, ids)
    answer = world.get(KIWI, address)
    assert answer.status_code < 500, address
    assert leaks.of(answer, words) == [], address


@settings(max_examples=30)
@given(probe=probes())
def test_what_others_have_changes_no_answer(
    world: World, other_world: World, ids: list[str], probe: tuple[str, Sequence[tuple[str, str]]]
) -> None:
    """The same address, asked of two projects that differ in others' cost alone."""
    address, _ = _address(*probe, ids)
    found = []
    for one in (world, other_world):
        answer = one.get(KIWI, address)
        text = "\n".join(text_of(answer)).replace(one.run.id, "RUN").replace(one.run.id[:12], "RUN")
        found.append((answer.status_code, _NOW.sub("NOW", text)))
    assert found[0] == found[1], address


def _plain(route_path: str) -> str:
    return route_path.replace("{value}", marked.MINE)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
@pytest.mark.parametrize("form", FORMS)
def test_every_page_as_it_is_first_asked_for(
    world: World, leaks: Leaks, route: object, form: str
) -> None:
    """Of some owners nothing else; of no owner nothing at all; and who sees all is not hindered."""
    path = _plain(getattr(route, "path"))  # noqa: B009 - its type is the site's own
    for_all = bool(getattr(route, "for_all_only"))  # noqa: B009
    address = f"{path}?as={form}"
    some = world.get(KIWI, address)
    assert some.status_code == 403 if for_all else some.status_code < 500, address
    assert leaks.of(some) == [], address
    none = world.get(NOBODY, address)
    assert none.status_code == 403, address
    assert leaks.of(none) == []
    assert marked.MINE not in "".join(text_of(none)).replace(f"/{marked.MINE}", ""), address
    assert world.get(ALL, address).status_code < 500, address


def test_who_sees_all_is_told_what_the_probes_look_for(world: World, leaks: Leaks) -> None:
    """Else a probe that finds nothing would say nothing."""
    for form in FORMS:
        found = leaks.of(world.get(ALL, f"/owners?as={form}&table=owners"))
        assert "rival" in found, form
        assert set(found) - set(marked.MARKS), form


@pytest.mark.parametrize("path", ["/owners/rivalfox", "/owners/zzyzzx"])
def test_others_are_as_unknown_as_who_does_not_exist(world: World, path: str) -> None:
    answer = world.get(KIWI, path)
    assert answer.status_code == 404
    name = path.rpartition("/")[2]
    nowhere = world.get(KIWI, "/owners/nonsense")
    assert answer.text.replace(name, "nonsense") == nowhere.text


@pytest.mark.parametrize(("name", "theirs"), [("period", "2026-08"), ("currency", "CHF")])
def test_a_month_or_currency_of_others_is_as_unknown_as_none(
    world: World, name: str, theirs: str
) -> None:
    other = {"period": "2026-07", "currency": "CHE"}[name]
    found = [world.get(KIWI, f"/?{name}={value}") for value in (theirs, other)]
    assert [one.status_code for one in found] == [400, 400]
    assert found[0].text.replace(theirs, other) == found[1].text


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.path)
def test_no_answer_of_the_api_tells_what_others_have(
    world: World, leaks: Leaks, ids: list[str], service: Service
) -> None:
    values = [one.name for one in RELATIONS] if "relations" in service.path else ids[::9]
    named = {one.name for one in service.takes}
    queries: list[list[tuple[str, str]]] = [[], [("where", "team=rivalfox")]]
    queries += [[("by", "team,x_Method")], [("period", "2026-08")], [("sort", "-EffectiveCost")]]
    queries += [[("team", "rivalfox")], [("team", marked.MINE), ("service", "Commons")]]
    for value in values if "{value}" in service.path else [""]:
        for query in queries:
            if {name for name, _ in query} <= named | {"team"}:
                path = service.path.replace("{value}", value)
                answer = world.get(KIWI, f"{path}?{urlencode(query)}")
                assert answer.status_code < 500, (path, query)
                assert leaks.of(answer, [word for _, word in query]) == [], (path, query)
                assert world.get(NOBODY, f"{path}?{urlencode(query)}").status_code == 403


# What the choke point itself gives


def _seen(world: World, name: str) -> list[Mapping[str, object]]:
    run = SeenRun(world.run.id, world.run.folder, told_of(world.run.manifest, KIWI), {}, KIWI)
    sql = f"(SELECT x_ChargeId, x_GroupId, BilledCost FROM {_charges(world)})"
    relation = run.filtered("charges", sql) if name == "charges" else run.relation(name)
    columns = world.engine.columns(relation)
    rows = world.engine.rows(f"SELECT * FROM {relation}")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _charges(world: World) -> str:
    return f"({pipeline.charges_relation(world.engine, world.folder)})"


def test_cost_and_usage_are_seen_by_final_owner(world: World) -> None:
    for name in ("allocations", "statements", "usage", "shares"):
        rows = _seen(world, name)
        assert rows, name
        assert {row["team"] for row in rows} == {marked.MINE}, name
    assert {row["x_WeightTotal"] for row in _seen(world, "shares")} == {None}
    split = [row for row in _seen(world, "allocations") if row["x_ShareId"]]
    assert len(split) == 4  # of the model, and of three lines of the pool
    assert {row["SubAccountId"] for row in split} == {None}


def test_a_line_is_seen_where_all_of_it_is_the_viewers_in_the_end(world: World) -> None:
    """4,321.09 is tagged with their name, and the pool gives others 70 % of it."""
    costs = [Decimal(text) for text in ("507.19", "911.23", "1003.07")]
    for name in ("groups", "owned_groups", "charges"):
        assert sorted(row["BilledCost"] for row in _seen(world, name)) == costs, name  # type: ignore[type-var]


def test_what_has_no_owner_is_not_seen(world: World) -> None:
    for name in ("pool_members", "coverage", "reconciliation", "problems"):
        assert _seen(world, name) == [], name


def test_a_manifest_tells_no_totals(world: World) -> None:
    told = told_of(world.run.manifest, KIWI)
    assert {"control", "relations", "lines", "configured"} & told.keys() == set()
    assert told_of(world.run.manifest, ALL) == world.run.manifest
