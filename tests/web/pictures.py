"""Makes pictures of all pages in every state: `make pictures`.

Its words are `DIR [STATE ...]`, and `tests` has to be on the path: PYTHONPATH=tests.

Each page is taken light on a desktop; those of the states `demo`, `worked` and `odd` also dark and
on a phone. `demo=PROJECT` takes a project that has been run already. With `--readme FILE` in place
of DIR only the README's picture is made, a WebP: how the overview of the state begins.
"""

import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import states
from playwright.sync_api import sync_playwright
from served import listening, running
from starlette.testclient import TestClient
from visited import addresses

import programs
from browser import DESKTOP, PHONE, opened
from everyline.web.app import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"width": PHONE},
}
_EVERY_LOOK = ("worked", "odd", "demo")
_README_HEIGHT = 906
_QUALITY = 88


def main(words: Sequence[str]) -> None:
    """Makes the pictures that the command line asks for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs.chromium())
        with TemporaryDirectory() as made:
            if words[0] == "--readme":
                for _, project in _projects(words[2:] or ["demo"], Path(made)):
                    _readme(browser, project, Path(words[1]))
            else:
                for name, project in _projects(words[1:], Path(made)):
                    _pictures(browser, name, project, Path(words[0]))
        browser.close()


def _projects(names: Sequence[str], folder: Path) -> Iterator[tuple[str, Path]]:
    for name in names or states.STATES:
        known, _, place = name.partition("=")
        yield known, Path(place) if place else states.STATES[known](folder / known)


def _pictures(browser: "Browser", name: str, project: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    app = Site(project).app()
    pages = addresses(TestClient(app, base_url="http://127.0.0.1"))
    looks = _LOOKS if name in _EVERY_LOOK else {"light": {}}
    listened, base = listening()
    with running(app, listened):
        for look, options in looks.items():
            with opened(browser, **options) as window:
                for route, address in pages.items():
                    window.go(base + address)
                    called = route.strip("/").replace("/{value}", "-one") or "overview"
                    file = folder / f"{name}-{called}-{look}.png"
                    window.page.screenshot(path=file, full_page=True)
                    sys.stdout.write(f"{file}\n")
                    sys.stdout.writelines(f"  {said}\n" for said in window.said)


def _readme(browser: "Browser", project: Path, file: Path) -> None:
    listened, base = listening()
    with running(Site(project).app(), listened), opened(browser, color_scheme="light") as window:
        window.go(base)
        window.page.set_viewport_size({"width": DESKTOP, "height": _README_HEIGHT})
        session = window.page.context.new_cdp_session(window.page)
        taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
        file.write_bytes(b64decode(taken["data"]))


if __name__ == "__main__":
    main(sys.argv[1:])
