"""The site of a project with the door before it that its configuration asks for."""

from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from everyline.config.configuration import Configuration
from everyline.config.serve import Serve
from everyline.web.access.audit import Audit
from everyline.web.access.door import Door, viewer_of
from everyline.web.access.gate import Clock, Gate, is_loopback, names
from everyline.web.access.loopback import Loopback
from everyline.web.access.proxy import ByProxy
from everyline.web.access.roles import Roles
from everyline.web.app import Site

NO_IDENTITY = "nobody would say who asks"
HINT = (
    "`serve` shows all to whoever reaches it: on other addresses than this machine's own,"
    " everyline.yaml needs `serve: {identity: ..., roles: ...}`"
)


class Unguarded(Exception):  # noqa: N818 - it is an answer, not a fault
    """Others would reach the pages, and nobody would say who they are."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs.

    Attributes:
        project: the folder of everyline.yaml.
        host: the address that it listens on.
        secret: of the OIDC client; None for a public one, or without OIDC.
        clock: tells the time.
        prepares: whether slow pages are worked out before they are asked for.
    """

    project: Path
    host: str
    secret: str | None
    clock: Clock
    prepares: bool = False


def guarded(place: Place, configuration: Configuration) -> ASGIApp:
    """What to serve.

    Raises:
        Unguarded: nobody says who asks, and others than this machine's user could.
        ImportError: OIDC is configured, and its packages are not installed.
    """
    serve = configuration.serve or Serve()
    gate = _gate(place, configuration, serve)
    audit = None if serve.audit is None else Audit(place.project / serve.audit)
    besides = None if serve.audit is None else place.project / serve.audit
    site = Site(place.project, viewer_of, besides, prepares=place.prepares, clock=place.clock)
    return Door(site.app(), gate, names(place.host, serve.url), (place.clock, audit))


def _gate(place: Place, configuration: Configuration, serve: Serve) -> Gate:
    identity, roles = serve.identity, Roles(serve.roles or (), configuration.lead)
    if identity is not None and identity.proxy is not None:
        return ByProxy(identity.proxy, roles)
    if identity is not None and identity.oidc is not None and serve.url is not None:
        from everyline.web.access.oidc import ByOidc

        return ByOidc(identity.oidc, roles, (serve.url, place.secret), place.clock)
    if identity is not None or not is_loopback(place.host):
        raise Unguarded(NO_IDENTITY)
    return Loopback()
