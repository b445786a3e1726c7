"""Cookies that only this server could have made, and that end by themselves."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.requests import Request
from starlette.responses import Response

from everyline.web.access.gate import Clock

_ALGORITHM = "HS256"
_KEY_BITS = 256


class Cookies:
    """Signed cookies of one server; its key is made when it starts, and is nowhere else.

    They are HttpOnly and SameSite=Lax, and for https Secure, with a name (`__Host-`) that no other
    server of the domain can set.
    """

    def __init__(self, clock: Clock, *, secure: bool) -> None:
        self._key = OctKey.generate_key(_KEY_BITS)
        self._clock = clock
        self._secure = secure

    def set(self, response: Response, kind: str, says: Mapping[str, Any], lasts: timedelta) -> None:
        """Gives the browser a cookie of one kind."""
        ends = self._clock() + lasts
        claims = {**says, "kind": kind, "exp": int(ends.timestamp())}
        text = jwt.encode({"alg": _ALGORITHM}, claims, self._key)
        response.set_cookie(
            self._name(kind),
            text,
            max_age=int(lasts.total_seconds()),
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def take(self, response: Response, kind: str) -> None:
        """Takes a cookie away."""
        response.delete_cookie(self._name(kind), secure=self._secure, httponly=True, samesite="lax")

    def read(self, request: Request, kind: str) -> Mapping[str, Any] | None:
        """What a cookie says; None where none is there that is ours and not past its end."""
        text = request.cookies.get(self._name(kind))
        if text is None:
            return None
        try:
            says = jwt.decode(text, self._key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        is_past = says.get("exp", 0) <= self._clock().timestamp()
        return None if is_past or says.get("kind") != kind else says

    def _name(self, kind: str) -> str:
        return f"{'__Host-' if self._secure else ''}everyline-{kind}"
