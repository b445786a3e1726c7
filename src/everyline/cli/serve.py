"""`everyline serve`: the last run as pages, for browsers on this machine or behind an identity."""

import os
import socket
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from everyline import config
from everyline.cli import options
from everyline.cli.screen import Screen
from everyline.config.configuration import Configuration

PORT = 8420
LOOPBACK = "127.0.0.1"
_BACKLOG = 128
_GRACE_S = 1
_CONFIGURATION = 2
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@click.command(
    epilog=options.example("everyline serve", "everyline serve --port 9000 --open"),
    help="Shows the last run in a browser: every figure one click from its explanation. Only this"
    " machine reaches it, unless everyline.yaml says who may ask and what they see.",
)
@options.project
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option("--open", "shall_open", is_flag=True, help="Open it in a browser.")
def serve(project: Path, host: str, port: int, shall_open: bool) -> int:
    loaded = config.load(project)
    if loaded.configuration is None or loaded.problems:
        Screen().problems(loaded.problems)
        return _CONFIGURATION
    app = _app(project, host, loaded.configuration)
    opened = listening(host, port)
    address = _address(opened)
    Screen().note(f"{address} shows the last run; Ctrl-C ends it")
    if shall_open:
        webbrowser.open(address)
    _serve(app, opened)
    return 0


def show(project: Path, opened: socket.socket) -> None:
    """Shows the last run of a project to this machine on a socket of `listening`, until Ctrl-C."""
    configuration = config.load(project).configuration
    assert configuration is not None, "a project that has just been run is well formed"
    app = _app(project, LOOPBACK, configuration)
    Screen().note(f"{_address(opened)} shows its pages; Ctrl-C ends it")
    _serve(app, opened)


def check_packages() -> None:
    """That there is what pages need, before something long is done to show it.

    Raises:
        click.UsageError: it has to be installed.
    """
    try:
        import everyline.web.access.guarded  # noqa: F401
    except ImportError as error:
        raise click.UsageError(_missing("web")) from error


def _app(project: Path, host: str, configuration: Configuration) -> Any:
    try:
        from everyline.web.access import guarded
    except ImportError as error:
        raise click.UsageError(_missing("web")) from error
    secret = _secret(configuration)
    place = guarded.Place(project, host, secret, lambda: datetime.now(UTC), prepares=True)
    try:
        return guarded.guarded(place, configuration)
    except guarded.Unguarded as error:
        raise click.UsageError(f"`--host {host}`: {error}; {guarded.HINT}") from error
    except ImportError as error:
        raise click.UsageError(_missing("oidc")) from error


def _missing(extra: str) -> str:
    return f"`serve` needs more packages: `pip install 'everyline[{extra}]'`"


def _secret(configuration: Configuration) -> str | None:
    """What the environment has as the secret of the OIDC client."""
    identity = configuration.serve.identity if configuration.serve else None
    name = identity.oidc.client_secret_env if identity and identity.oidc else None
    if name is None:
        return None
    secret = os.environ.get(name)
    if not secret:
        raise click.UsageError(f"`client_secret_env` names `{name}`, which is not set here")
    return secret


def listening(host: str, port: int) -> socket.socket:
    """A socket that browsers can reach already: they wait until the pages are served.

    Raises:
        click.UsageError: the address or the port can't be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise click.UsageError(f"`--host {host}` is no address here: {error.strerror}") from error
    if os.name != "nt":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        hint = "`--port 0` takes a free one"
        raise click.UsageError(
            f"port {port} of {host} can't be had ({error.strerror}); {hint}"
        ) from error
    return made


def _address(opened: socket.socket) -> str:
    host, port = opened.getsockname()[:2]
    named = _ANYWHERE.get(host, host)
    return f"http://[{named}]:{port}/" if ":" in named else f"http://{named}:{port}/"


def settings(app: Any) -> Any:
    """How `app` is served, as a `uvicorn.Config`."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        # Nobody's header says where a request comes from: the gate looks at the address itself.
        proxy_headers=False,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_S,
    )


def _serve(app: Any, opened: socket.socket) -> None:
    import uvicorn

    with opened:
        uvicorn.Server(settings(app)).run(sockets=[opened])


commands = {"serve": serve}
