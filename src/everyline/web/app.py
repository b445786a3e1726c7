"""The site as an ASGI application."""

import gzip
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path_

from everyline.drawing.palette import custom_properties
from everyline.engines.duckdb import Engine
from everyline.figures import digits_of
from everyline.problems import Problem
from everyline.runs import made_on
from everyline.web import answer
from everyline.web.api import SERVICES
from everyline.web.api.call import Service
from everyline.web.asked import Ask, Refused, asked, value_at
from everyline.web.kept import Answers, Given, Watch
from everyline.web.outdated import Clock, Outdated
from everyline.web.page import Page, Route
from everyline.web.pages import ROUTES
from everyline.web.prepared import Preparing
from everyline.web.shelf import Opened, Shelf
from everyline.web.visible import EVERYBODY, Viewer

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PATH = "/%:@!$&'()*+,;=~-._"
"""What stands in a path as it is."""

STATIC: Mapping[str, str] = {
    "everyline.css": "text/css; charset=utf-8",
    "charts.css": "text/css; charset=utf-8",
    "palette.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "everyline.js": "text/javascript; charset=utf-8",
}
_FOLDERS = (answer.HERE.joinpath("static"), answer.HERE.parent / "drawing" / "static")

SEEN = "everyline.seen"
"""Where a request keeps what its answer holds, for the audit: the run, and how many rows."""

_SLOW = frozenset(("/compare",))
"""Pages that take seconds if nobody has prepared them: who wants one waits for who asked before."""

_OF_LINES = frozenset(("/charges", "/explain/{value}"))
"""Pages of bill lines, which are read for one at a time, and for no other page meanwhile."""

_AT_ONCE = 4
"""How many other pages are made at the same time: more at once would all be done later."""

_LEVEL = 1
"""How hard answers are packed: tables shrink to a tenth, in a hundredth of a second a megabyte."""

Who = Callable[[Request], Viewer]
"""Who asks; raises `Refused` where they may not."""


class Site:
    """What answers requests for one project."""

    def __init__(
        self,
        project: Path,
        who: Who = lambda request: EVERYBODY,
        besides: Path | None = None,
        *,
        prepares: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """`besides` is a file in the project that no page tells of, such as the audit.

        `prepares` is for who serves for long: slow pages are worked out before they are asked for.
        Without a `clock` nothing is said of how old something is.
        """
        self._clock = clock
        self._outdated = Outdated(project, clock)
        self._shelf = Shelf(project, Preparing() if prepares else None)
        self._watch = Watch(project, besides)
        self._kept = Answers()
        self._who = who
        self._quick, self._slow = CapacityLimiter(_AT_ONCE), CapacityLimiter(1)
        self._of_lines = CapacityLimiter(1)

    def app(self) -> Starlette:
        """The application."""
        routes: list[Route | Service] = [*SERVICES, *ROUTES]
        pages = [
            Path_(_starlette(route.path), self._endpoint(route), methods=["GET"])
            for route in routes
        ]
        static = Path_("/static/{name}", _static, methods=["GET"])
        return Starlette(
            routes=[static, *pages],
            exception_handlers={404: _no_page, 405: _no_page, Exception: _fault},
        )

    def _endpoint(self, route: Route | Service) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            start = time.perf_counter()
            response = await run_in_threadpool(self._answer, request, route, False)
            if response is None:
                making = partial(self._answer, request, route, True)
                limit = self._limit(route, request)
                response = await to_thread.run_sync(making, limiter=limit)
            assert response is not None
            taken_ms = (time.perf_counter() - start) * 1000
            response.headers["Server-Timing"] = f"app;dur={taken_ms:.1f}"
            return response

        return endpoint

    def _limit(self, route: Route | Service, request: Request) -> CapacityLimiter:
        """What a request waits for."""
        # An explanation goes down to lines where that is asked for, and in files.
        goes_down = route.path == "/explain" and {"lines", "as"} & request.query_params.keys()
        if isinstance(route, Service) or route.path in _OF_LINES or goes_down:
            return self._of_lines
        return self._slow if route.path in _SLOW else self._quick

    def _answer(
        self, request: Request, route: Route | Service, shall_make: bool
    ) -> Response | None:
        """An answer that is kept, or a refusal; None where it has to be made, and shall not be."""
        try:
            viewer = self._who(request)
            opened = self._opened(request)
            if isinstance(opened, Problem):
                raise Refused(404, opened.sentence, opened.hint)
            _check_rights(route, viewer)
            key = self._key(request, opened, viewer)
            given = None if key is None else self._kept.get(key)
            if given is None and not shall_make:
                return None
            if given is None:
                with _engine(opened) as engine:
                    given = self._given(request, route, (opened, viewer, engine))
                # A file may have changed while it was read: what can't be told apart is not kept.
                if key is not None and key == self._key(request, opened, viewer):
                    self._kept.put(key, given)
            request.scope.setdefault(SEEN, {}).update(given.seen)
            return _sent(request, given)
        except Refused as refused:
            return refusal(request, refused)

    def _key(self, request: Request, opened: Opened, viewer: Viewer) -> Hashable | None:
        """What an answer hangs on; None where that can't be told."""
        mark = self._watch.mark(opened.run)
        if mark is None:
            return None
        scope = request.scope
        newest = self._shelf.last()
        last = newest.number if isinstance(newest, Opened) else None
        outdated = last == opened.number and self._outdated.tells(mark, opened.run)
        state = (opened.number, last, mark, outdated, self._today())
        return *state, viewer, scope["raw_path"], scope["query_string"]

    def _today(self) -> date | None:
        return None if self._clock is None else self._clock().date()

    def _given(
        self, request: Request, route: Route | Service, of: tuple[Opened, Viewer, Engine]
    ) -> Given:
        """Works an answer out."""
        opened, viewer, engine = of
        files = self._watch.mark(opened.run)
        opened = opened.to(viewer, engine)
        where = (_asked_for(request), opened, viewer, engine)
        query = request.query_params.multi_items()
        if isinstance(route, Service):
            body, rows = _served(request, route, where)
            kind = answer.TYPES["json"]
        else:
            takes = [*route.takes, *(opened.keys if route.takes_keys else ())]
            ask = replace(asked(where, query, takes, route.repeats), files=files)
            said = request.path_params.get("value")
            page = route.page(ask, None if said is None else value_at(said))
            body, rows = self._formed(page, ask, route), _rows(page, ask)
            kind = answer.TYPES[ask.form]
        seen = {"run": opened.run.id, "rows": rows}
        tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        return Given(gzip.compress(body, _LEVEL, mtime=0), kind, tag, seen)

    def _opened(self, request: Request) -> Opened | Problem:
        run = request.query_params.get("run")
        return self._shelf.last() if run is None else self._shelf.named(run)

    def _formed(self, page: Page, ask: Ask, route: Route) -> bytes:
        if ask.form == "html":
            return answer.html(page, ask, self._frame(ask, route))
        if ask.form in page.files and page.table(ask.table) is page.table(None):
            return page.files[ask.form]
        grid = answer.table_of(page, ask)
        forms = {"csv": answer.as_csv, "json": answer.as_json, "xlsx": answer.as_xlsx}
        return forms[ask.form](grid)

    def _frame(self, ask: Ask, route: Route) -> Mapping[str, object]:
        last = self._shelf.last()
        newer = isinstance(last, Opened) and last.run.id != ask.opened.run.id
        found = {"newer": newer, "today": self._today(), "made": made_on(ask.opened.run)}
        if not newer:
            mark = self._watch.mark(ask.opened.run)
            found["outdated"] = self._outdated.tells(mark, ask.opened.run)
        return frame(ask, route) | found


@contextmanager
def _engine(opened: Opened) -> Iterator[Engine]:
    """A connection to the run's tables that nobody else uses meanwhile."""
    try:
        engine = opened.spare.pop()
    except IndexError:
        engine = opened.engine.beside()
    try:
        yield engine
    finally:
        opened.spare.append(engine)


def frame(ask: Ask, route: Route) -> dict[str, object]:
    """What is around a page."""
    return {
        "routes": [one for one in ROUTES if one.name],
        "route": route,
        "organisation": ask.run.manifest.get("organisation", ""),
        "newer": False,
        "outdated": False,
        "today": None,
        "made": None,
        "digits": digits_of(ask.block.currency),
        "static": static_address,
        "linked": answer.linked,
    }


def _served(
    request: Request, service: Service, where: tuple[str, Opened, Viewer, Engine]
) -> tuple[bytes, int]:
    """The answer of the API, and how many rows it holds."""
    value = request.path_params.get("value", "")
    made = service.make(service.call(where, value, request.query_params.multi_items()))
    rows = len(made.get("rows") or ()) if isinstance(made, dict) else 0
    body = made if isinstance(made, bytes) else f"{json.dumps(made, ensure_ascii=False)}\n".encode()
    return body, rows


def _sent(request: Request, given: Given) -> Response:
    """An answer with a tag of its bytes; without them, where the asker has the same already."""
    headers = {**HEADERS, "ETag": given.tag, "Vary": "Accept-Encoding"}
    had = request.headers.get("if-none-match", "")
    if given.tag in (one.strip() for one in had.split(",")):
        return Response(None, 304, headers=headers)
    if _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return Response(given.packed, media_type=given.kind, headers=headers)
    return Response(given.body(), media_type=given.kind, headers=headers)


def _takes_gzip(request: Request) -> bool:
    """Whether the asker says so, and does not say `gzip;q=0`."""
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
    return False


def _check_rights(route: Route | Service, viewer: Viewer) -> None:
    """Refuses a page whose figures the viewer may not see; before anything is read for them.

    Raises:
        Refused: they see nothing, or not all, and the page has totals of all.
    """
    ask_for_it = "ask whoever keeps the roles of these pages"
    if viewer.owners is not None and not viewer.owners:
        raise Refused(403, f"no role lets `{viewer.name}` see any owner", ask_for_it)
    if isinstance(route, Route) and route.for_all_only and not viewer.sees_all:
        raise Refused(403, "this page has totals of all owners, which you may not see", ask_for_it)


def _rows(page: Page, ask: Ask) -> int:
    """How many rows an answer holds."""
    tables = page.tables if ask.form == "html" else [page.table(ask.table)]
    return sum(len(table.rows) for table in tables if table is not None)


def _asked_for(request: Request) -> str:
    """The path, quoted as it came: a value in it may hold `?`, `#` or `%`, and links repeat it."""
    raw: bytes = request.scope["raw_path"]
    return quote(raw, safe=_PATH)


def _starlette(path: str) -> str:
    return path.replace("{value}", "{value:path}")


@cache
def static_file(name: str) -> bytes | None:
    """What a file of the pages holds."""
    if name == "palette.css":
        return custom_properties().encode()
    for folder in _FOLDERS:
        if (folder / name).is_file():
            return (folder / name).read_bytes()
    return None


@cache
def static_address(name: str) -> str:
    """Where a file of the pages lies, with its hash, so that a browser may keep it for ever."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name) or b'').hexdigest()[:12]}"


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    content = static_file(name) if name in STATIC else None
    if content is None:
        return refusal(request, Refused(404, "there is no such file"))
    keep = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=STATIC[name], headers={**HEADERS, **keep})


async def _no_page(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    sentence = "pages are only read" if status == 405 else f"there is no page `{request.url.path}`"
    return refusal(request, Refused(status, sentence, "the overview is at `/`"))


async def _fault(request: Request, error: Exception) -> Response:
    hint = "what serves these pages has said more where it runs"
    return refusal(request, Refused(500, "this is a fault of everyline's own", hint))


def refusal(request: Request, refused: Refused) -> Response:
    """The one shape of an answer that is no page."""
    if request.query_params.get("as", "html") != "html" or request.url.path.startswith("/api/"):
        told = {"error": {"status": refused.status, "says": str(refused), "hint": refused.hint}}
        body, kind = json.dumps(told, ensure_ascii=False) + "\n", answer.TYPES["json"]
    else:
        template = answer.templates().get_template("refused.html")
        routes = [one for one in ROUTES if one.name]
        body = template.render(refused=refused, routes=routes, static=static_address)
        kind = answer.TYPES["html"]
    return Response(body, refused.status, media_type=kind, headers=dict(HEADERS))
