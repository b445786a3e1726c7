"""Writes the site: every page made as the server makes it, then led from file to file."""

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from everyline.answers.parts import Block
from everyline.engines.duckdb import Engine
from everyline.web import answer
from everyline.web.app import STATIC, frame, static_file
from everyline.web.asked import Ask, Refused, asked
from everyline.web.filed.places import Place, Places, other_blocks
from everyline.web.filed.rewritten import rewritten
from everyline.web.page import Page
from everyline.web.pages import ROUTES, explain
from everyline.web.shelf import Opened
from everyline.web.visible import Viewer

_STATIC = "static"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SiteOfFiles:
    """The pages of a run for one viewer.

    Attributes:
        opened: the run as the viewer sees it.
        engine: a connection of this thread's own.
        blocks: months and currencies to write; the first is what the site opens with.
    """

    opened: Opened
    viewer: Viewer
    engine: Engine
    blocks: Sequence[Block]

    @classmethod
    def of(cls, opened: Opened, engine: Engine, owner: str | None) -> "SiteOfFiles":
        """All that there is to write, for everybody or for one owner's eyes."""
        owners = None if owner is None else frozenset((owner,))
        viewer = Viewer("export", owners)
        seen = opened.to(viewer, engine)
        return cls(seen, viewer, engine, seen.blocks)

    def write(self, folder: Path, progress: Progress) -> int:
        """Writes all files into an empty folder; returns how many pages there are."""
        places = Places(self.blocks)
        for block in self.blocks:
            places.add(self._ask("/", block))
        listed = list(places)
        for at, place in enumerate(listed, 1):
            progress(at, len(listed))
            self._page(folder, place, places)
        for name in STATIC:
            if not name.endswith(".js"):
                _put(folder, f"{_STATIC}/{name}", static_file(name) or b"")
        return len(listed)

    def _ask(self, path: str, block: Block, where: Sequence[str] = ()) -> Ask:
        query = [("period", block.period), ("currency", block.currency)]
        query += [("estimated", "true")] if block.estimated else []
        query += [("where", one) for one in where]
        return asked((path, self.opened, self.viewer, self.engine), query, repeats=("where",))

    def _page(self, folder: Path, place: Place, places: Places) -> None:
        """Writes a page and the files of its tables that it leads to."""
        ask = self._ask(place.path, place.block, place.where)
        routes = [one for one in ROUTES if one.name and one in places.routes]
        others = other_blocks(ask, self.blocks, places)
        around = frame(ask, place.route) | {"routes": routes, "filed": {"blocks": others}}
        twins: dict[tuple[str, str | None], str] = {}
        link = partial(_led, place, places, ask, twins)
        page = None
        try:
            page = place.route.page(ask, place.value)
            html = answer.html(page, ask, around)
        except Refused as refused:
            template = answer.templates().get_template("refused.html")
            html = template.render(refused=refused, ask=ask, **around).encode()
        _put(folder, place.file, rewritten(html.decode(), link).encode())
        if page is not None:
            if any(table.more for table in page.tables):
                # Files have rows that a page has no room for.
                page = place.route.page(replace(ask, form="csv"), place.value)
            for (form, table), file in twins.items():
                _put(folder, file, _twin(page, form, table))


def _led(
    place: Place,
    places: Places,
    ask: Ask,
    twins: dict[tuple[str, str | None], str],
    address: str,
) -> str | None:
    """The file that an address means, from a page; those of its own tables are noted in `twins`."""
    path = urlsplit(address).path
    if path.startswith(f"/{_STATIC}/"):
        return _relative(place, path.strip("/"))
    meant = places.meant(address, place.block, ask.before.period if ask.before else None)
    if meant is None:
        return None
    if meant.form == "html":
        return _relative(place, meant.place.file)
    # A figure as a tree needs the bills; the site has it as the groups it is made of.
    if meant.place is not place or (place.route is explain.ROUTE and meant.form == "json"):
        return None
    file = place.twin(meant.form, meant.table)
    twins[meant.form, meant.table] = file
    return _relative(place, file)


def _relative(place: Place, file: str) -> str:
    return quote(posixpath.relpath(file, posixpath.dirname(place.file) or "."))


def _twin(page: Page, form: str, table: str | None) -> bytes:
    """A table as a file."""
    if form in page.files and page.table(table) is page.table(None):
        return page.files[form]
    grid = page.table(table)
    assert grid is not None, "a page leads to a table that it does not have"
    forms = {"csv": answer.as_csv, "json": answer.as_json, "xlsx": answer.as_xlsx}
    return forms[form](grid)


def _put(folder: Path, file: str, content: bytes) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
