"""What each way to know who asks has in common, and the names that a server goes by."""

from collections.abc import Collection, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from everyline.web.asked import Refused
from everyline.web.visible import Viewer

LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))


class Clock(Protocol):
    """What tells the time, in UTC."""

    def __call__(self) -> datetime:
        """The time now."""
        ...


class Gate(Protocol):
    """A way to know who asks.

    Attributes:
        secret: paths whose queries no audit may hold.
    """

    secret: Collection[str]

    def admit(self, request: Request) -> Viewer | Response:
        """Who asks, or what they get in place of what they asked for.

        Raises:
            Refused: nobody knows who asks.
        """
        ...


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def names(host: str, url: str | None) -> frozenset[str] | None:
    """The names that requests may ask for; None for any.

    A page of somebody else's name that leads to this address (DNS rebinding) asks for that name,
    and gets nothing.

    Args:
        host: what the server listens on.
        url: where browsers find it, if that is known.
    """
    if url is not None:
        return frozenset((_name(urlsplit(url).netloc),))
    if is_loopback(host):
        return LOOPBACK | {f"[{host}]" if ":" in host else host.lower()}
    return None


def check_name(request: Request, allowed: frozenset[str] | None) -> None:
    """Refuses a request for another server's name.

    Raises:
        Refused: the name is not one of `allowed`, or there are several, or none.
    """
    asked = request.headers.getlist("host")
    if len(asked) != 1 or (allowed is not None and _name(asked[0]) not in allowed):
        known = " or ".join(f"`{name}`" for name in sorted(allowed or ()))
        hint = f"it goes by {known}" if known else ""
        raise Refused(421, "no server of this name is here", hint)


def only(values: Sequence[str], name: str) -> str | None:
    """The one value of a header; None where it is not there.

    Raises:
        Refused: it is there twice, or is no text.
    """
    if len(values) > 1:
        raise Refused(400, f"the header `{name}` is there {len(values)} times")
    if not values:
        return None
    try:
        text = values[0].encode("latin-1").decode("utf-8").strip()
    except UnicodeDecodeError:
        text = "\N{REPLACEMENT CHARACTER}"
    if not text.isprintable() or "\N{REPLACEMENT CHARACTER}" in text:
        raise Refused(400, f"the header `{name}` is no text")
    return text or None


def _name(host: str) -> str:
    """A name without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
