"""One user, on this machine: who reaches the server sees all."""

from collections.abc import Collection

from starlette.requests import Request

from everyline.web.asked import Refused
from everyline.web.visible import EVERYBODY, Viewer

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-user")


class Loopback:
    """The gate where no identity is configured, and only this machine reaches the server."""

    secret: Collection[str] = ()

    def admit(self, request: Request) -> Viewer:
        """The one user.

        Raises:
            Refused: a proxy stands between, so others ask, and nobody says who.
        """
        if any(name in request.headers for name in _FORWARDED):
            hint = "name the proxy in everyline.yaml: `serve: {identity: {proxy: ...}}`"
            raise Refused(403, "a proxy asks for others, and this server has one user", hint)
        return EVERYBODY
