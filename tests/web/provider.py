"""A small OpenID provider with real keys, which signs in whom a test says, as well as it says."""

import base64
import hashlib
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "everyline", "s3cret:of-a-test"


class Provider:
    """Authorization code with PKCE.

    Attributes:
        claims: what the next token says; it goes over what is right.
        key: what signs it.
        asked: queries of every sign-in.
        codes: how often a code was exchanged.
    """

    def __init__(self, issuer: str, secret: str | None = SECRET, whose: str = "ours") -> None:
        self.issuer = issuer
        self.claims: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.codes = 0
        self.key = _key("one", whose)
        self.published = [self.key]
        self.algorithm = "RS256"
        self._secret = secret
        self._begun: dict[str, dict[str, str]] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._facts),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/bye", lambda request: Response("bye")),
            ]
        )

    def change_key(self) -> None:
        """From now on another key signs, and is published."""
        self.key = _key("two", "ours")
        self.published = [self.key]

    async def _facts(self, request: Request) -> Response:
        names = {"authorization": "authorize", "token": "token", "end_session": "bye"}
        facts = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in names.items()}
        return JSONResponse({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **facts})

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(KeySet(list(self.published)).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        self.asked.append(asked)
        code = f"code-{len(self.asked)}"
        self._begun[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        begun = self._begun.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        known = begun is not None and challenge == begun["code_challenge"]
        if begun is None or not known or not self._is_client(request, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        assert form["redirect_uri"] == begun["redirect_uri"]
        self.codes += 1
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
            "email_verified": True,
        }
        said = {name: one for name, one in (right | self.claims).items() if one is not None}
        header = {"alg": self.algorithm, "kid": str(self.key.kid)}
        token = jwt.encode(header, said, self.key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        if self._secret is None:
            return form.get("client_id") == CLIENT and "authorization" not in request.headers
        named = f"{CLIENT}:{self._secret}".encode()
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        return base64.b64decode(given) == named


@cache
def _key(name: str, whose: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, auto_kid=False)
