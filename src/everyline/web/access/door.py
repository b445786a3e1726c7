"""The door: every request passes it, and nothing is answered before the audit has its line."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from everyline.web.access.audit import Audit
from everyline.web.access.gate import Clock, Gate, check_name
from everyline.web.app import SEEN, refusal
from everyline.web.asked import Refused
from everyline.web.visible import Viewer

_VIEWER = "everyline.viewer"
_METHODS = ("GET", "HEAD")
_FREE = "/static/"
"""Files that say nothing of anybody's cost: they need no name, and no line in the audit."""


def viewer_of(request: Request) -> Viewer:
    """Who asks, as the door has found out; a request that did not pass it has nobody."""
    found = request.scope[_VIEWER]
    assert isinstance(found, Viewer)
    return found


class Door:
    """An ASGI application around the site."""

    def __init__(
        self,
        inner: ASGIApp,
        gate: Gate,
        hosts: frozenset[str] | None,
        log: tuple[Clock, Audit | None],
    ) -> None:
        """Puts a door before `inner`.

        Args:
            inner: the site; it asks `viewer_of` who asks.
            gate: how that is found out.
            hosts: the names that it goes by; None for any.
            log: the clock, and where accesses are noted.
        """
        self._inner = inner
        self._gate = gate
        self._hosts = hosts
        self._clock, self._audit = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        try:
            found = await self._admitted(request)
            if isinstance(found, Viewer):
                scope[_VIEWER] = found
                await self._inner(scope, receive, hold)
            else:
                await found(scope, receive, hold)
        finally:
            # What the site could not make has an answer too: our own fault, told as such.
            if held:
                if (instead := self._noted(request, held)) is None:
                    for message in held:
                        await send(message)
                else:
                    await instead(scope, receive, send)

    async def _admitted(self, request: Request) -> Viewer | Response:
        try:
            check_name(request, self._hosts)
            if request.method not in _METHODS:
                raise Refused(405, "pages are only read")
            if request.url.path.startswith(_FREE):
                return Viewer("", frozenset())
            return await run_in_threadpool(self._gate.admit, request)
        except Refused as refused:
            return refusal(request, refused)

    def _noted(self, request: Request, held: list[Message]) -> Response | None:
        """Notes an access; what is answered in its place, if it can't be noted."""
        path = request.url.path
        if self._audit is None or path.startswith(_FREE):
            return None
        viewer, seen = request.scope.get(_VIEWER), request.scope.get(SEEN, {})
        query = "" if path in self._gate.secret else request.url.query
        try:
            self._audit.note(
                {
                    "time": self._clock().isoformat(timespec="milliseconds"),
                    "who": viewer.name if isinstance(viewer, Viewer) else None,
                    "from": request.client.host if request.client else None,
                    "method": request.method,
                    "path": f"{path}?{query}" if query else path,
                    "run": seen.get("run"),
                    "status": next(m["status"] for m in held if "status" in m),
                    "rows": seen.get("rows"),
                    "bytes": sum(len(m.get("body", b"")) for m in held),
                }
            )
        except OSError as error:
            what = f"the audit can't be written ({error.strerror}), so nothing is shown"
            return refusal(request, Refused(503, what, "ask whoever serves these pages"))
        return None
