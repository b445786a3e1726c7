"""Which pages a site of files has, what their files are called, and which file an address means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from everyline.answers.parts import Block
from everyline.engines.duckdb import quoted
from everyline.exports.folder import file_names
from everyline.web.asked import Ask, at
from everyline.web.page import Route
from everyline.web.pages import ROUTES, charge, charges, explain, owner, problems, search, use_case
from everyline.web.pages.use_cases import key_of

NOT_FILED = (charges.ROUTE, charge.ROUTE, search.ROUTE)
"""Pages that read bills, or answer what somebody types."""

INDEX = "index.html"
_VALUE = "{value}"


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the site.

    Attributes:
        value: of a route that has one.
        where: what `/explain` takes apart, as its address has it.
        file: relative to the site.
    """

    block: Block
    route: Route
    value: str | None
    where: tuple[str, ...]
    file: str

    @property
    def path(self) -> str:
        """The address, as pages have it."""
        folder = self.route.path.removesuffix(f"/{_VALUE}")
        return folder if self.value is None else at(folder, self.value)

    def twin(self, form: str, table: str | None) -> str:
        """The file of one of its tables."""
        stem = self.file.removesuffix(".html")
        return f"{stem}.{form}" if table is None else f"{stem}.{table}.{form}"


class Meant(NamedTuple):
    """What an address means: a page, and the form and the table of it that are asked for."""

    place: Place
    form: str
    table: str | None


class Places:
    """The pages of a site."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        """`blocks` are months and currencies; the overview of the first is the first page."""
        self._first = blocks[0]
        self._folders = dict(zip(blocks, _folders(blocks), strict=True))
        self._found: dict[tuple[Block, str, tuple[str, ...]], Place] = {}

    def __iter__(self) -> Iterator[Place]:
        return iter(self._found.values())

    @property
    def routes(self) -> set[Route]:
        """Kinds of pages that there are."""
        return {place.route for place in self}

    def add(self, ask: Ask) -> None:
        """The pages of the month and currency of `ask`, for its viewer."""
        for route in ROUTES:
            if route in NOT_FILED or (route.for_all_only and not ask.viewer.sees_all):
                continue
            if _VALUE not in route.path:
                self._add(ask.block, route, _plain(route))
                continue
            folder = route.path.removesuffix(f"/{_VALUE}").strip("/")
            for value, file in file_names(_values(ask, route), "html").items():
                self._add(ask.block, route, f"{folder}/{file}", value)
        for value, file in file_names(_explained(ask), "html").items():
            self._add(ask.block, explain.ROUTE, f"explain/{file}", where=(f"{ask.lead}={value}",))

    def _add(
        self,
        block: Block,
        route: Route,
        file: str,
        value: str | None = None,
        where: tuple[str, ...] = (),
    ) -> None:
        is_first = block == self._first and route.path == "/"
        file = INDEX if is_first else f"{self._folders[block]}/{file}"
        made = Place(block, route, value, where, file)
        self._found[block, made.path, where] = made

    def meant(self, address: str, block: Block, before: str | None) -> Meant | None:
        """The page that an address means; None where the site does not have it.

        Args:
            address: as pages have it.
            block: of the page that it stands on.
            before: the month that a comparison is with, unless another is asked for.
        """
        parts = urlsplit(address)
        query = parse_qsl(parts.query, keep_blank_values=True)
        said = {name: value for name, value in query if name != "where"}
        where = tuple(value for name, value in query if name == "where")
        asked = Block(
            said.pop("period", block.period),
            said.pop("currency", block.currency),
            said.pop("estimated", "false") == "true" if parts.query else block.estimated,
        )
        form, table = said.pop("as", "html"), said.pop("table", None)
        said.pop("run", None)
        if said.get("before") == before:
            said.pop("before", None)
        place = self._found.get((asked, parts.path, where))
        return None if said or place is None else Meant(place, form, table)


def _folders(blocks: Sequence[Block]) -> list[str]:
    """A folder for each month and currency, all different on any system."""
    names = [
        f"{one.period}-{one.currency}" + ("-estimated" if one.estimated else "") for one in blocks
    ]
    small = [name.lower() for name in names]
    found = file_names(small if len(set(small)) == len(small) else names, "")
    return [file.rstrip(".") for file in found.values()]


def _plain(route: Route) -> str:
    return f"{route.path.strip('/') or 'overview'}.html"


def _values(ask: Ask, route: Route) -> list[str]:
    """Values that have a page of their own."""
    before = f" OR ({ask.of_block(ask.before)})" if ask.before else ""
    of_months = f"({ask.of_block()}){before}"
    if route is owner.ROUTE:
        return _distinct(ask, "told", ask.lead, f"{quoted(ask.lead)} IS NOT NULL AND ({of_months})")
    if route is use_case.ROUTE:
        return _distinct(ask, "told", key_of(ask), of_months)
    return _distinct(ask, "problems", "x_Problem", "true") if route is problems.ONE else []


def _explained(ask: Ask) -> list[str]:
    """Values of the lead key with a figure; the empty one is of what nobody owns."""
    return _distinct(ask, "allocations", ask.lead, ask.of_block())


def _distinct(ask: Ask, relation: str, column: str, test: str) -> list[str]:
    rows = ask.rows(
        f"SELECT DISTINCT {quoted(column)} FROM {ask.run.relation(relation)}"
        f" WHERE {test} ORDER BY 1"
    )
    return [value or "" for (value,) in rows]


def other_blocks(ask: Ask, blocks: Sequence[Block], places: Places) -> list[Mapping[str, object]]:
    """The same page of every month and currency, or its overview, for the head of a page."""
    made: list[Mapping[str, object]] = []
    for one in blocks if len(blocks) > 1 else ():
        estimated = "true" if one.estimated else None
        here, first = (
            ask.link(
                path, period=one.period, currency=one.currency, estimated=estimated, where=where
            )
            for path, where in ((ask.path, ask.repeated.get("where")), ("/", None))
        )
        found = places.meant(here, ask.block, None) is not None
        href = here if found else first
        made.append({"block": one, "href": href, "is_this": one == ask.block})
    return made
