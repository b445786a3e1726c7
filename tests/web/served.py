"""Applications behind a real server on this machine, and a site with a configuration of its own."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from everyline import config
from everyline.cli.serve import settings
from everyline.web.access.guarded import Place, guarded

ROLES = """\
user,group,role,owners
ada,,all,
mallory,,none,
,fruit,teams,kiwi
"""


class Clock:
    """A clock that a test may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def configured(project: Path, folder: Path, serve: str, roles: str = ROLES) -> Path:
    """A copy of a project that has been run, with a section `serve`."""
    copy = folder / "served"
    shutil.copytree(project, copy)
    with (copy / "everyline.yaml").open("a", encoding="utf-8") as file:
        file.write(serve)
    (copy / "roles.csv").write_text(roles, "utf-8")
    return copy


def site(project: Path, clock: Clock, secret: str | None = None) -> ASGIApp:
    """What `everyline serve` would serve on 127.0.0.1."""
    loaded = config.load(project)
    assert loaded.configuration is not None
    assert loaded.problems == ()
    return guarded(Place(project, "127.0.0.1", secret, clock), loaded.configuration)


def listening() -> tuple[socket.socket, str]:
    """A socket on a free port, and its address."""
    opened = socket.socket()
    opened.bind(("127.0.0.1", 0))
    opened.listen()
    return opened, f"http://127.0.0.1:{opened.getsockname()[1]}"


@contextmanager
def running(app: ASGIApp, opened: socket.socket) -> Iterator[None]:
    """A server in a thread, as `everyline serve` has it."""
    server = uvicorn.Server(settings(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        opened.close()
