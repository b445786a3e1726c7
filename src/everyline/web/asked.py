"""What a request asks for: a run, a month, a cost, a currency, and what its page takes besides.

Everything is in the address. What is unknown or can't be is answered with a sentence and 400, never
passed over. Links of a page name its run, so that whoever goes on from a figure finds the same.
"""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, TypeVar
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from everyline import config, pipeline
from everyline.answers.covered import NO_TARGETS, Targets, targets
from everyline.answers.parts import Block
from everyline.config.configuration import Configuration
from everyline.config.reading import FILE
from everyline.engines.duckdb import Engine, Rows, literal
from everyline.problems import Problem, did_you_mean
from everyline.web.shelf import Opened
from everyline.web.visible import SeenRun, Viewer

T = TypeVar("T")

FORMS = ("html", "csv", "xlsx", "json")
COSTS: Mapping[str, tuple[str, str]] = {
    "effective": ("EffectiveCost", "x_EffectiveAmount"),
    "billed": ("BilledCost", "x_BilledAmount"),
}
"""Cost as an address has it, to the exact column and that in minor units."""

_STEP = re.compile(r"/*\.{1,2}")
"""What a browser takes for a step in an address, quoted or not, and what is written for it."""

COMMON = ("run", "period", "cost", "currency", "estimated", "as", "table")


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that gets a sentence in place of a page."""

    def __init__(self, status: int, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, understood.

    Attributes:
        path: the page's address without the query.
        opened: the run that it is about.
        viewer: who asks.
        engine: a connection of this thread's own.
        run: the run as the viewer sees it; all that a page may read.
        block: month, currency, and whether estimates are asked for.
        cost: `effective` or `billed`.
        more: what this page takes besides, by name.
        repeated: what may be given more than once, by name, in the order given.
        form: html, csv, xlsx or json.
        table: the table asked for; None for the page's own.
        frozen: whether the address names the run.
        files: what changes whenever a file of the project does; None where that can't be told.
    """

    path: str
    opened: Opened
    viewer: Viewer
    engine: Engine
    run: SeenRun
    block: Block
    cost: Literal["effective", "billed"]
    more: Mapping[str, str]
    form: str = "html"
    table: str | None = None
    frozen: bool = False
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Hashable | None = None

    def configured(self) -> Configuration | Sequence[Problem]:
        """The configuration as the run had it, or the problems why it is not that."""
        project, run = self.opened.project, self.opened.run
        return self._of_files("configured", lambda: pipeline.configured(project, run))

    def configuration(self) -> Configuration | None:
        """The configuration as it is now; None if it can't be read."""
        project = self.opened.project
        return self._of_files("configuration", lambda: config.load(project).configuration)

    def _of_files(self, name: str, find: Callable[[], T]) -> T:
        """What files of the project say, read again when any has changed."""
        return find() if self.files is None else self.opened.hold(name, self.files, find)

    @property
    def keys(self) -> list[str]:
        """The taxonomy keys, the lead key first."""
        return self.opened.keys

    @property
    def lead(self) -> str:
        """The key that owners are values of."""
        return self.keys[0]

    @property
    def exact(self) -> str:
        """The cost column with every digit."""
        return COSTS[self.cost][0]

    @property
    def amount(self) -> str:
        """The column of `told` that ties to the bill in minor units (R23)."""
        return COSTS[self.cost][1]

    @property
    def before(self) -> Block | None:
        """The same block of the last month before it that the run has."""
        earlier = [
            block
            for block in self.opened.blocks
            if block.period < self.block.period and block[1:] == self.block[1:]
        ]
        return max(earlier, default=None)

    def of_block(self, block: Block | None = None) -> str:
        """SQL: whether a row with x_Period, BillingCurrency and x_Basis is of the block."""
        one = block or self.block
        return (
            f"x_Period = {literal(one.period)} AND BillingCurrency = {literal(one.currency)}"
            f" AND (x_Basis = 'estimated') = {one.estimated}"
        )

    @property
    def targets(self) -> Targets:
        """The targets of the project, for who sees all; read again when it has others."""
        if not self.viewer.sees_all:
            return NO_TARGETS
        project = self.opened.project
        written = (project / FILE).stat().st_mtime_ns if (project / FILE).exists() else 0
        return self.opened.hold("targets", written, lambda: targets(project))

    def held(self, name: str, find: Callable[[], T]) -> T:
        """What `find` tells of the run as the viewer sees it, found out once for each viewer."""
        owners = self.viewer.owners
        seen = "" if owners is None else repr(sorted(owners))
        return self.opened.hold(f"{name} {seen}", None, find)

    def rows(self, sql: str, values: Sequence[object] = ()) -> Rows:
        """All rows of a query over `run.relation(...)`."""
        return self.engine.rows(sql, values)

    def link(self, path: str, *, keep: bool = False, **more: str | Sequence[str] | None) -> str:
        """An address in the same run, month, cost and currency; `None` leaves a name out.

        Args:
            path: of a page; values in it are quoted by `at`.
            keep: whether what this page was asked besides goes with it.
            more: names and values of the query; of a common name the one given here stands. A
                list is a name that is given more than once.
        """
        common = _common(self.opened.short, self.block, self.cost)
        if not keep and not more.keys() & set(COMMON):
            # Most links of a page are of this kind, and a large page has thousands.
            parts = [f"{path}?{common}"]
            for name, value in more.items():
                values = (value,) if isinstance(value, str) else value or ()
                parts += [f"{_plus(name.rstrip('_'))}={_plus(one)}" for one in values]
            return "&".join(parts)
        said: dict[str, str | Sequence[str] | None] = {}
        said.update(parse_qsl(common))
        if keep:
            said |= {**self.more, **self.repeated}
        said |= {name.rstrip("_"): value for name, value in more.items()}
        told = {name: value for name, value in said.items() if value is not None}
        return f"{path}?{urlencode(told, doseq=True)}"

    def here(self, **more: str | Sequence[str] | None) -> str:
        """This page with other values of its query."""
        return self.link(self.path, keep=True, **more)

    def lines(self, columns: Mapping[str, str | None]) -> str:
        """The bill lines behind a figure: of parts that have these values; None is none."""
        return self.link("/charges", where=_where(columns))

    def explain(self, columns: Mapping[str, str | None]) -> str:
        """Where a figure is taken apart: cost that has these values of keys and of ServiceName."""
        return self.link("/explain", where=_where(columns))


@lru_cache
def _common(run: str, block: Block, cost: str) -> str:
    """What links of a page have in common, as part of an address."""
    said = {"run": run, "period": block.period}
    if cost != "effective":
        said["cost"] = cost
    said["currency"] = block.currency
    if block.estimated:
        said["estimated"] = "true"
    return urlencode(said)


_plus = lru_cache(4096)(quote_plus)
"""The same names are in many links of a page."""


def _where(columns: Mapping[str, str | None]) -> list[str]:
    return [f"{column}={value or ''}" for column, value in columns.items()]


def at(folder: str, value: str) -> str:
    """The address of one value's page, such as `/owners/search`.

    Browsers take `.` and `..` for steps, so these have one `/` more: `/owners/%2F..`.
    """
    said = f"/{value}" if _STEP.fullmatch(value) else value
    return f"{folder}/{quote(said, safe='')}"


def value_at(said: str) -> str:
    """The value that the end of an address, unquoted, is of: what `at` was given."""
    return said[1:] if said.startswith("/") and _STEP.fullmatch(said) else said


def every(ask: Ask) -> bool:
    """Whether all rows of a long table are asked for.

    Raises:
        Refused: `all` is something else than 1.
    """
    said = ask.more.get("all")
    if said not in (None, "1"):
        raise Refused(400, f"`all` can't be `{said}`", "`all=1` lists every one")
    return said is not None


def asked(
    ask: tuple[str, Opened, Viewer, Engine],
    query: Sequence[tuple[str, str]],
    takes: Sequence[str] = (),
    repeats: Sequence[str] = (),
) -> Ask:
    """The request that `query` means.

    Args:
        ask: the path, the run, who asks, and a connection.
        query: names and values as sent.
        takes: the names that this page takes besides the common ones.
        repeats: those that it takes more than once.

    Raises:
        Refused: a name that the page does not take, or given twice, or a value that can't be.
    """
    path, opened, viewer, engine = ask
    said, repeated = named(query, (*COMMON, *takes), repeats)
    cost = _one_of(said, "cost", tuple(COSTS))
    form = _one_of(said, "as", FORMS)
    return Ask(
        path=path,
        opened=opened,
        viewer=viewer,
        engine=engine,
        run=opened.seen_by(viewer),
        block=_block(opened, said),
        cost="billed" if cost == "billed" else "effective",
        more={name: said[name] for name in takes if name in said},
        form=form,
        table=said.get("table"),
        frozen="run" in said,
        repeated=repeated,
    )


def named(
    query: Sequence[tuple[str, str]], takes: Sequence[str], repeats: Sequence[str]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The values of a query by name; of names that are repeated, all of them in order.

    Raises:
        Refused: a name that is not taken, or given twice.
    """
    said: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    known = (*takes, *repeats)
    for name, value in query:
        if name not in known:
            raise Refused(400, f"this page takes no `{name}`", did_you_mean(name, known))
        if name in repeats:
            repeated[name] = (*repeated.get(name, ()), value)
            continue
        if name in said:
            raise Refused(400, f"`{name}` is given twice")
        said[name] = value
    return said, repeated


def _one_of(said: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    value = said.get(name, known[0])
    if value not in known:
        raise Refused(400, f"`{name}` can't be `{value}`", did_you_mean(value, known))
    return value


def _block(opened: Opened, said: Mapping[str, str]) -> Block:
    blocks = opened.blocks
    if not blocks:
        raise Refused(404, "this run has no cost", "`everyline init` recognises bills")
    months = list(dict.fromkeys(block.period for block in blocks))
    period = said.get("period", months[0])
    if period not in months:
        hint = did_you_mean(period, months) or f"the last month is {months[0]}"
        raise Refused(400, f"the run has no month `{period}`", hint)
    estimated = _one_of(said, "estimated", ("false", "true")) == "true"
    of_month = [block for block in blocks if block.period == period]
    currency = said.get("currency")
    if currency is None:
        return next((b for b in of_month if b.estimated == estimated), of_month[0])
    found = Block(period, currency, estimated)
    if found in of_month:
        return found
    if found[1:] in {block[1:] for block in blocks}:
        return found  # a month without cost in a currency that others have: zero, not a mistake
    known = sorted({block.currency for block in blocks if block.estimated == estimated})
    raise Refused(400, f"the run has no cost in `{currency}`", did_you_mean(currency, known))


def without_form(ask: Ask) -> Ask:
    """The same request as a page."""
    return replace(ask, form="html", table=None)
