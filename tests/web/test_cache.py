"""What is kept of answers: the same bytes as made anew, and never those of another question."""

import gzip
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

import stated
from everyline.cli import everyline
from everyline.web.app import Site
from everyline.web.kept import Answers, Given, Watch
from everyline.web.visible import EVERYBODY, Viewer

MINE = stated.HOSTILE[0]


@pytest.fixture
def project(odd: Path, tmp_path: Path) -> Path:
    """A copy of the project `odd` that a test may change."""
    copy = tmp_path / "project"
    shutil.copytree(odd, copy)
    return copy


class Asked:
    """A site that is asked as anybody, and how often a page was worked out for it."""

    def __init__(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.viewer = EVERYBODY
        self.made = 0
        self.site = Site(project, lambda request: self.viewer)
        self.client = TestClient(self.site.app())
        once = Site._given

        def counted(site: Site, *of: object) -> Given:
            self.made += 1
            return once(site, *of)  # type: ignore[arg-type]

        monkeypatch.setattr(Site, "_given", counted)

    def get(self, address: str, viewer: Viewer = EVERYBODY) -> str:
        self.viewer = viewer
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(project, monkeypatch)


def test_a_page_is_worked_out_once(asked: Asked) -> None:
    first = asked.get("/owners?currency=USD")
    assert asked.get("/owners?currency=USD") == first
    assert asked.made == 1
    assert asked.get("/owners?currency=JPY") != first
    assert asked.get("/owners?currency=USD&as=csv") != first
    assert asked.made == 3


def test_what_one_viewer_got_no_other_gets(asked: Asked) -> None:
    """Each sees what they see with nothing kept, whoever asked before, in whatever order."""
    mine = Viewer("kate", frozenset((MINE,)))
    other = Viewer("kate", frozenset((stated.HOSTILE[1],)))
    alone = {}
    for viewer in (EVERYBODY, mine, other):
        asked.viewer = viewer
        alone[viewer] = TestClient(Site(asked.site._shelf.project, asked.site._who).app()).get("/")
    assert len({answer.text for answer in alone.values()}) == 3
    for viewer in (mine, EVERYBODY, other, EVERYBODY, mine, other):
        assert asked.get("/", viewer) == alone[viewer].text


def test_a_run_that_is_published_is_shown_at_once(asked: Asked, project: Path) -> None:
    before = asked.get("/owners?currency=USD")
    bill = next((project / "bills").glob("*.csv"))
    head, first, rest = bill.read_text("utf-8").split("\n", 2)
    bill.write_text("\n".join([head, first, first, rest]), "utf-8")
    run(project)
    after = asked.get("/owners?currency=USD")
    assert short(after) != short(before)
    assert asked.get(f"/owners?currency=USD&run={short(before)}") != after


def test_what_files_say_now_is_told(asked: Asked, project: Path) -> None:
    """The worklist says that the configuration is another; so it can't be the page from before."""
    asked.get("/worklist")
    file = project / "everyline.yaml"
    file.write_text(file.read_text("utf-8") + "\n# a remark\n", "utf-8")
    asked.get("/worklist")
    assert asked.made == 2
    dispute = project / "books"
    dispute.mkdir(exist_ok=True)
    (dispute / "disputes.csv").write_text("", "utf-8")
    asked.get("/worklist")
    assert asked.made == 3


def test_nothing_is_kept_where_a_change_could_not_be_seen(
    asked: Asked, project: Path, tmp_path: Path
) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (project / "link").symlink_to(beside, target_is_directory=True)
    for _ in range(2):
        asked.get("/owners?currency=USD")
    assert asked.made == 2


def test_the_audit_is_no_change(asked: Asked, project: Path) -> None:
    opened = asked.site._shelf.last()
    audit = project / "audit.jsonl"
    audit.write_text("{}\n", "utf-8")
    watch = Watch(project, audit)
    before = watch.mark(opened.run)  # type: ignore[union-attr]
    assert before is not None
    audit.write_text("{}\n{}\n", "utf-8")
    assert watch.mark(opened.run) == before  # type: ignore[union-attr]
    assert Watch(project).mark(opened.run) != before  # type: ignore[union-attr]


def test_refusals_are_not_kept(asked: Asked) -> None:
    for _ in range(2):
        assert asked.client.get("/owners?perid=2026-10").status_code == 400
    assert asked.made == 2


def test_answers_come_packed_to_who_can_unpack_them(asked: Asked) -> None:
    plain = asked.client.get("/owners", headers={"Accept-Encoding": "identity"})
    packed = asked.client.get("/owners", headers={"Accept-Encoding": "br, gzip"})
    refused = asked.client.get("/owners", headers={"Accept-Encoding": "gzip;q=0, *"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in refused.headers
    assert plain.text == packed.text == refused.text
    assert plain.headers["etag"] == packed.headers["etag"]
    assert {answer.headers["vary"] for answer in (plain, packed)} == {"Accept-Encoding"}
    again = asked.client.get("/owners", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_each_answer_says_how_long_it_took(asked: Asked) -> None:
    for address in ("/owners", "/owners", "/owners?perid=1"):
        told = asked.client.get(address).headers["server-timing"]
        assert re.fullmatch(r"app;dur=[0-9]+\.[0-9]", told)


def test_what_is_kept_has_a_limit() -> None:
    kept = Answers(20_000)
    for n in range(100):
        kept.put(n, given(1_000))
        kept.get(0)  # what is asked for stays
    assert kept.bytes <= 20_000
    assert kept.get(0) is not None
    assert kept.get(1) is None
    assert kept.get(99) is not None
    kept.put("large", given(19_000))
    assert kept.get("large") is None
    kept.put(0, given(1_000))
    assert kept.bytes <= 20_000


def given(size: int) -> Given:
    return Given(gzip.compress(os.urandom(size)), "text/plain", 'W/"x"', {})


def short(page: str) -> str:
    found = re.search(r"run=([0-9a-f]{12})", page)
    assert found is not None
    return found[1]


def run(project: Path) -> None:
    done = CliRunner().invoke(everyline, ["run", "--project", str(project)])
    assert done.exit_code in (0, 1), done.output
