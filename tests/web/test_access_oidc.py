"""Signing in by a real OpenID provider, over real HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import marked
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from provider import CLIENT, SECRET, Provider
from served import Clock, configured, listening, running, site


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oidc")
    marked.write(folder)
    return folder


@dataclass
class Places:
    """A provider, a site, and a browser."""

    provider: Provider
    site: str
    browser: httpx2.Client
    clock: Clock
    folder: Path

    def sign_in(self, path: str = "/owners", **claims: object) -> httpx2.Response:
        self.provider.claims = {"email": "ada", **claims}
        return self.browser.get(path)


@pytest.fixture
def places(project: Path, tmp_path: Path) -> Iterator[Places]:
    yield from _places(project, tmp_path, SECRET)


def _places(project: Path, folder: Path, secret: str | None) -> Iterator[Places]:
    provided, issuer = listening()
    opened, address = listening()
    provider, clock = Provider(issuer, secret), Clock()
    named = ", client_secret_env: SECRET" if secret else ""
    oidc = f"{{issuer: '{issuer}', client_id: {CLIENT}{named}}}"
    serve = f"serve: {{url: '{address}', roles: roles.csv, audit: logs/audit.jsonl,"
    served = configured(project, folder, f"{serve} identity: {{oidc: {oidc}}}}}\n")
    app = site(served, clock, secret)
    browser = httpx2.Client(base_url=address, follow_redirects=True, timeout=30)
    with running(provider.app(), provided), running(app, opened), browser:
        yield Places(provider, address, browser, clock, served)


def test_somebody_signs_in_and_sees_the_page_that_they_asked_for(places: Places) -> None:
    answer = places.sign_in("/owners?period=2026-10")
    assert answer.status_code == 200
    assert answer.url == f"{places.site}/owners?period=2026-10"
    assert "rivalfox" in answer.text
    places.browser.get("/")
    assert places.provider.codes == 1, "the session is kept"


def test_the_cookie_is_for_this_server_alone(places: Places) -> None:
    answer = places.sign_in()
    given = answer.history[-1].headers.get_list("set-cookie")
    session = next(one for one in given if one.startswith("everyline-session="))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/" in session
    assert "Domain" not in session


def test_groups_decide_what_is_seen(places: Places) -> None:
    answer = places.sign_in(email="gus", groups=["vegetables", "fruit"])
    assert answer.status_code == 200
    assert marked.MINE in answer.text
    assert "rival" not in answer.text


@pytest.mark.parametrize("email", ["mallory", "Ada", "nobody"])
def test_who_has_no_role_sees_nothing(places: Places, email: str) -> None:
    answer = places.sign_in(email=email)
    assert answer.status_code == 403
    assert marked.MINE not in answer.text


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"iss": "https://elsewhere.example.com"}, 502),
        ({"aud": "another"}, 502),
        ({"aud": [CLIENT, "another"]}, 502),
        ({"azp": "another"}, 502),
        ({"exp": 1}, 502),
        ({"exp": None}, 502),
        ({"nbf": 99_999_999_999}, 502),
        ({"nonce": "of another sign-in"}, 502),
        ({"nonce": None}, 502),
        ({"email_verified": False}, 403),
        ({"email_verified": None}, 403),
        ({"email": None}, 403),
        ({"email": ["ada"]}, 403),
        ({"email": "ada\n"}, 403),
    ],
)
def test_a_token_that_is_not_right_lets_nobody_in(
    places: Places, claims: dict[str, object], status: int
) -> None:
    assert places.sign_in("/owners", **claims).status_code == status
    assert "everyline-session" not in places.browser.cookies


def test_a_token_that_somebody_else_has_signed_lets_nobody_in(places: Places) -> None:
    stranger = Provider(places.provider.issuer, whose="theirs")
    places.provider.key = stranger.key  # of the same name, and not published
    assert places.sign_in().status_code == 502
    assert "everyline-session" not in places.browser.cookies


def test_keys_that_are_new_are_asked_for(places: Places) -> None:
    assert places.sign_in().status_code == 200
    places.browser.cookies.clear()
    places.provider.change_key()
    assert places.sign_in().status_code == 200


def test_a_code_counts_only_in_the_browser_that_began(places: Places) -> None:
    places.provider.claims = {"email": "ada"}
    with httpx2.Client(base_url=places.site, timeout=30) as attacker:
        away = attacker.get("/sign-in").headers["location"]
        back = attacker.get(away).headers["location"]
    assert places.browser.get(back).status_code == 400
    places.browser.get("/sign-in", follow_redirects=False)
    assert places.browser.get(back).status_code == 400, "and its state must be the same"
    assert places.provider.codes == 0


def test_each_sign_in_has_a_state_a_nonce_and_a_challenge_of_its_own(places: Places) -> None:
    for _ in range(2):
        places.sign_in()
        places.browser.cookies.clear()
    first, second = places.provider.asked
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


def test_a_session_ends(places: Places) -> None:
    places.sign_in()
    places.clock.ahead = timedelta(hours=7, minutes=59)
    assert places.browser.get("/", follow_redirects=False).status_code == 200
    places.clock.ahead = timedelta(hours=8, seconds=1)
    assert places.browser.get("/", follow_redirects=False).status_code == 303


def test_a_cookie_that_we_did_not_make_is_none(places: Places) -> None:
    claims = {"user": "ada", "groups": [], "kind": "session", "exp": 99_999_999_999}
    forged = jwt.encode({"alg": "HS256"}, claims, OctKey.generate_key(256))
    unsigned = "eyJhbGciOiJub25lIn0.eyJ1c2VyIjoiYWRhIn0."
    for text in (forged, unsigned, "x", ""):
        cookie = {"cookie": f"everyline-session={text}"}
        answer = places.browser.get("/", headers=cookie, follow_redirects=False)
        assert answer.status_code == 303, text


def test_a_cookie_of_a_sign_in_is_no_session(places: Places) -> None:
    begun = places.browser.get("/sign-in", follow_redirects=False).cookies["everyline-signing-in"]
    cookie = {"cookie": f"everyline-session={begun}"}
    assert places.browser.get("/", headers=cookie, follow_redirects=False).status_code == 303


def test_who_is_no_browser_gets_a_sentence(places: Places) -> None:
    answer = places.browser.get("/owners?as=csv")
    assert answer.status_code == 401
    assert answer.json()["error"]["says"] == "nobody is signed in"


def test_signing_out_ends_the_session_here_and_at_the_provider(places: Places) -> None:
    places.sign_in()
    crossed = places.browser.get("/sign-out", headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 400
    answer = places.browser.get("/sign-out")
    assert str(answer.url) == f"{places.provider.issuer}/bye?client_id={CLIENT}"
    assert places.browser.get("/", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "x"])
def test_signing_in_leads_nowhere_else(places: Places, to: str) -> None:
    places.provider.claims = {"email": "ada"}
    answer = places.browser.get("/sign-in", params={"to": to})
    assert str(answer.url) == f"{places.site}/"


def test_no_secret_is_in_the_audit(places: Places) -> None:
    places.sign_in("/owners?period=2026-10")
    text = (places.folder / "logs" / "audit.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["who"] for line in lines] == [None, None, None, "ada"]
    assert lines[-1]["path"] == "/owners?period=2026-10"
    cookie = places.browser.cookies["everyline-session"]
    asked = places.provider.asked[0]
    for secret in (SECRET, cookie, asked["state"], asked["nonce"], "code-1"):
        assert secret not in text


def test_a_public_client_needs_no_secret(project: Path, tmp_path: Path) -> None:
    for places in _places(project, tmp_path, None):
        assert places.sign_in().status_code == 200


def test_a_provider_that_is_away_is_said(places: Places) -> None:
    places.provider.issuer += "/other"
    answer = places.sign_in()
    assert answer.status_code == 502
    assert "the provider calls itself otherwise" in answer.text
