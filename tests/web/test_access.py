"""Who is let in: this machine's user, or whom a proxy names; over real HTTP."""

import http.client
import json
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import marked
import pytest
from served import Clock, configured, listening, running, site
from starlette.testclient import TestClient

from everyline import config
from everyline.web.access.gate import is_loopback, names
from everyline.web.access.guarded import Place, Unguarded, guarded
from everyline.web.app import HEADERS

Answer = tuple[int, str, Mapping[str, str]]
PROXY = (
    "serve: {roles: roles.csv, audit: audit.jsonl, identity: {proxy:"
    " {peers: [127.0.0.1, '10.0.0.0/8', '2001:db8::/32'], groups: X-Forwarded-Groups}}}\n"
)
ADA = ("X-Forwarded-User", "ada")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("access")
    marked.write(folder)
    return folder


class Server:
    """A site that is served, asked with headers as they are written."""

    def __init__(self, project: Path, address: str) -> None:
        self.project = project
        self.address = address.removeprefix("http://")

    def ask(
        self, path: str = "/owners", *headers: tuple[str, str], method: str = "GET", host: str = ""
    ) -> Answer:
        """Status, text and headers of an answer; a header may be given twice."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.putrequest(method, path, skip_host=True)
        for name, value in (("Host", host or self.address), *headers):
            connection.putheader(name, value.encode())
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    def audit(self) -> list[dict[str, object]]:
        """The audit so far."""
        file = self.project / "audit.jsonl"
        text = file.read_text("ascii") if file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]


def _served(project: Path, folder: Path, serve: str) -> Iterator[Server]:
    copy = configured(project, folder, serve)
    opened, address = listening()
    with running(site(copy, Clock()), opened):
        yield Server(copy, address)


@pytest.fixture(scope="module")
def behind_proxy(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _served(project, tmp_path_factory.mktemp("proxy"), PROXY)


@pytest.fixture(scope="module")
def local(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _served(project, tmp_path_factory.mktemp("local"), "serve: {audit: audit.jsonl}\n")


# One user on this machine


def test_the_user_of_this_machine_sees_all(local: Server) -> None:
    status, text, _ = local.ask()
    assert status == 200
    assert "rivalfox" in text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8420"])
def test_this_machine_goes_by_its_own_names(local: Server, host: str) -> None:
    assert local.ask(host=host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "localhost.", "0.0.0.0"]
)
def test_a_name_that_somebody_else_has_led_here_gets_nothing(local: Server, host: str) -> None:
    """DNS rebinding."""
    for path in ("/owners", "/static/everyline.css", "/nowhere"):
        status, text, _ = local.ask(path, host=host)
        assert status == 421
        assert marked.MINE not in text
    assert local.ask("/owners", ("Host", "localhost"))[0] in (400, 421), "nor one of two names"


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Forwarded-User"])
def test_a_server_of_one_user_is_not_for_a_proxy(local: Server, name: str) -> None:
    status, text, _ = local.ask("/owners", (name, "ada"))
    assert status == 403
    assert marked.MINE not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_is_written(local: Server, method: str) -> None:
    assert local.ask(method=method)[0] == 405
    assert local.ask("/nowhere", method=method)[0] == 405


def test_a_head_is_a_page_without_its_body(local: Server) -> None:
    status, text, headers = local.ask(method="HEAD")
    assert (status, text) == (200, "")
    assert int(headers["content-length"]) > 1000


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *(("/", "GET"), ("/nowhere", "GET"), ("/static/icon.svg", "GET"), ("/static/x", "GET")),
        *(("/owners?period=x", "GET"), ("/", "POST"), ("/owners?as=xlsx", "HEAD")),
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(
    local: Server, path: str, method: str
) -> None:
    headers = local.ask(path, method=method)[2]
    for name, value in HEADERS.items():
        if not (name == "Cache-Control" and path == "/static/icon.svg"):
            assert headers[name.lower()] == value
    assert "server" not in headers


# Behind a proxy


def test_a_proxy_says_who_asks(behind_proxy: Server) -> None:
    assert "rivalfox" in behind_proxy.ask("/owners", ADA)[1]
    fruit = (("X-Forwarded-User", "gus"), ("X-Forwarded-Groups", "vegetables, fruit"))
    status, text, _ = behind_proxy.ask("/owners", *fruit)
    assert status == 200
    assert marked.MINE in text
    assert "rival" not in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 401),
        ((("X-Forwarded-User", ""),), 401),
        ((ADA, ADA), 400),
        ((("X-Forwarded-User", "mallory"), ADA), 400),
        ((("X-Forwarded-User", "mallory, ada"),), 400),
        ((ADA, ("X-Forwarded-Groups", "a"), ("x-forwarded-groups", "fruit")), 400),
        ((("X-Forwarded-User", "ada\u202e"),), 400),
        ((("X_Forwarded_User", "ada"),), 401),
        ((("X-Forwarded-User", "mallory"),), 403),
        ((("X-Forwarded-User", "mallory"), ("X-Forwarded-Groups", "fruit")), 403),
        ((("X-Forwarded-User", "ADA"),), 403),
        ((("X-Forwarded-User", "nobody"),), 403),
        ((("X-Forwarded-Groups", "fruit"),), 401),
    ],
)
def test_who_is_not_named_once_and_plainly_sees_nothing(
    behind_proxy: Server, headers: Sequence[tuple[str, str]], status: int
) -> None:
    found, text, _ = behind_proxy.ask("/owners", *headers)
    assert found == status
    assert marked.MINE not in text


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("10.1.2.3", 200),
        ("::ffff:10.1.2.3", 200),
        ("2001:db8::7", 200),
        ("127.0.0.2", 403),
        ("11.0.0.1", 403),
        ("2001:db9::7", 403),
        ("", 403),
        ("unix:", 403),
    ],
)
def test_only_listed_addresses_count_as_the_proxy(
    project: Path, tmp_path: Path, peer: str, status: int
) -> None:
    app = site(configured(project, tmp_path, PROXY), Clock())
    client = TestClient(app, base_url="http://127.0.0.1", client=(peer, 5))
    answer = client.get(
        "/owners", headers={"X-Forwarded-User": "ada", "X-Forwarded-For": "10.0.0.1"}
    )
    assert answer.status_code == status
    assert ("rivalfox" in answer.text) == (status == 200)


def test_what_stands_in_forwarded_for_does_not_make_a_peer(project: Path, tmp_path: Path) -> None:
    """The server itself must not believe it either: here no listed address is this machine's."""
    serve = PROXY.replace("127.0.0.1, ", "")
    for server in _served(project, tmp_path, serve):
        assert server.ask("/owners", ADA, ("X-Forwarded-For", "10.1.2.3"))[0] == 403


# The audit


def test_each_access_has_its_line(behind_proxy: Server) -> None:
    before = len(behind_proxy.audit())
    behind_proxy.ask("/owners?period=2026-10&as=csv", ADA)
    behind_proxy.ask("/owners/%22%E2%80%AErivalfox", ("X-Forwarded-User", "no\u00ebl"))
    behind_proxy.ask("/static/everyline.css")
    behind_proxy.ask("/", method="POST")
    first, second, third = behind_proxy.audit()[before:]
    assert first["who"] == "ada"
    assert (first["method"], first["path"]) == ("GET", "/owners?period=2026-10&as=csv")
    assert (first["status"], first["rows"], first["from"]) == (200, 4, "127.0.0.1")
    assert len(str(first["run"])) == 64
    assert int(str(first["bytes"])) > 100
    assert (second["who"], second["status"], second["rows"]) == ("no\u00ebl", 403, None)
    assert (third["who"], third["method"], third["status"]) == (None, "POST", 405)


def test_nobody_else_reads_the_audit(behind_proxy: Server) -> None:
    behind_proxy.ask("/", ADA)
    file = behind_proxy.project / "audit.jsonl"
    file.chmod(0o644)
    behind_proxy.ask("/", ADA)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_can_not_be_noted_is_not_shown(project: Path, tmp_path: Path) -> None:
    for server in _served(project, tmp_path, PROXY):
        (server.project / "audit.jsonl").mkdir()
        status, text, headers = server.ask("/owners", ADA)
        assert status == 503
        assert marked.MINE not in text
        assert "content-security-policy" in headers


# What is served at all


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "cost.example.com"])
def test_others_reach_nothing_without_an_identity(project: Path, host: str) -> None:
    configuration = config.load(project).configuration
    assert configuration is not None
    with pytest.raises(Unguarded):
        guarded(Place(project, host, None, Clock()), configuration)


def test_names_of_a_server() -> None:
    assert [is_loopback(host) for host in ("127.0.0.9", "::1", "localhost", "0.0.0.0")] == [
        *(True, True, True, False)
    ]
    assert names("0.0.0.0", None) is None
    assert names("0.0.0.0", "https://cost.example.com:8443") == frozenset(["cost.example.com"])
    assert "127.0.0.9" in (names("127.0.0.9", None) or ())
