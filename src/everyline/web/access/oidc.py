"""Signing in by an OpenID provider: authorization code with PKCE, state and nonce."""

import hmac
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.common.security import generate_token  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from everyline.config.serve import Oidc
from everyline.web.access.cookies import Cookies
from everyline.web.access.gate import Clock
from everyline.web.access.provider import Provider
from everyline.web.access.roles import Roles
from everyline.web.app import HEADERS, refusal
from everyline.web.asked import Refused
from everyline.web.visible import Viewer

SIGN_IN, SIGNED_IN, SIGN_OUT = "/sign-in", "/signed-in", "/sign-out"
_SEE_OTHER = 303
_TOKEN_CHARACTERS = 48
_TIME_TO_SIGN_IN = timedelta(minutes=10)
_AGAIN = f"begin again at `{SIGN_IN}`"


class ByOidc:
    """The gate where people sign in."""

    secret: Collection[str] = (SIGNED_IN,)

    def __init__(self, oidc: Oidc, roles: Roles, at: tuple[str, str | None], clock: Clock) -> None:
        """The gate to one provider.

        Args:
            oidc: as configured.
            roles: what each may see.
            at: where browsers find the pages, and the client's secret.
            clock: for the ends of sessions.
        """
        url, secret = at
        self._oidc = oidc
        self._roles = roles
        self._provider = Provider(oidc, secret, url + SIGNED_IN, clock)
        self._cookies = Cookies(clock, secure=url.startswith("https:"))

    def admit(self, request: Request) -> Viewer | Response:
        """Who is signed in, or the way to do so.

        Raises:
            Refused: nobody is, and what asks is no browser; or the provider is not to be trusted.
        """
        path = request.url.path
        if path == SIGN_IN:
            return self._sign_in(request)
        if path == SIGNED_IN:
            return self._signed_in(request)
        if path == SIGN_OUT:
            return self._sign_out(request)
        session = self._cookies.read(request, "session")
        if session is not None:
            return self._roles.viewer(session["user"], session["groups"])
        if path.startswith("/api/") or request.query_params.get("as", "html") != "html":
            raise Refused(401, "nobody is signed in", f"sign in with a browser at `{SIGN_IN}`")
        to = f"{path}?{request.url.query}" if request.url.query else path
        return _to(f"{SIGN_IN}?{urlencode({'to': to})}")

    def _sign_in(self, request: Request) -> Response:
        state, nonce, verifier = (generate_token(_TOKEN_CHARACTERS) for _ in range(3))
        response = _to(self._provider.sign_in(state, nonce, verifier))
        says = {"state": state, "nonce": nonce, "verifier": verifier}
        says["to"] = _within(request.query_params.get("to", "/"))
        self._cookies.set(response, "signing-in", says, _TIME_TO_SIGN_IN)
        return response

    def _signed_in(self, request: Request) -> Response:
        begun = self._cookies.read(request, "signing-in")
        query = request.query_params
        if begun is None or not hmac.compare_digest(
            begun["state"].encode(), query.get("state", "").encode()
        ):
            raise Refused(400, "this browser did not begin to sign in, or too long ago", _AGAIN)
        if query.get("iss", self._oidc.issuer) != self._oidc.issuer:
            raise Refused(400, "another provider answers than was asked", _AGAIN)
        if "code" not in query:
            raise Refused(403, "the provider did not let you in", _AGAIN)
        claims = self._provider.claims(query["code"], begun["verifier"], begun["nonce"])
        response = _to(begun["to"])
        says = {"user": self._user(claims), "groups": self._groups(claims)}
        self._cookies.take(response, "signing-in")
        self._cookies.set(response, "session", says, timedelta(hours=self._oidc.hours))
        return response

    def _sign_out(self, request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") == "cross-site":
            raise Refused(400, "another site asks to sign you out", "sign out on these pages")
        address = self._provider.sign_out()
        told = Refused(200, "you are signed out", f"sign in at `{SIGN_IN}`")
        response = _to(address) if address else refusal(request, told)
        self._cookies.take(response, "session")
        self._cookies.take(response, "signing-in")
        return response

    def _user(self, claims: Mapping[str, Any]) -> str:
        name = self._oidc.user
        user = claims.get(name)
        if not isinstance(user, str) or not user.strip() or not user.isprintable():
            raise Refused(403, f"the provider does not give your `{name}`")
        if name == "email" and claims.get("email_verified") is not True:
            hint = "ask whoever serves these pages for another claim: `oidc: {user: ...}`"
            raise Refused(403, "the provider has not verified your `email`", hint)
        return user

    def _groups(self, claims: Mapping[str, Any]) -> list[str]:
        """The groups that some role asks for: others would only fill the cookie."""
        listed = claims.get(self._oidc.groups, [])
        groups = listed if isinstance(listed, list) else [listed]
        return sorted({one for one in groups if isinstance(one, str)} & self._roles.groups)


def _to(address: str) -> Response:
    return RedirectResponse(address, _SEE_OTHER, headers=dict(HEADERS))


def _within(address: str) -> str:
    """An address on these pages; the overview in place of any other."""
    own = address.startswith("/") and not address.startswith(("//", "/\\"))
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return address if own and address.isprintable() and not parts.netloc else "/"
