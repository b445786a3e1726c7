"""Runs that are open for reading: the last one, and earlier ones that a link names.

A run is opened once, its files verified, and what pages ask for most is held in memory. While a new
run is being opened, whoever asks gets the one before; what was opened stays readable, whatever
happens to its files.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from everyline import runs
from everyline.answers import parts as bill_parts
from everyline.answers.parts import Block
from everyline.books.read import verified
from everyline.engines.duckdb import Engine, quoted
from everyline.exports.reading import part_key
from everyline.exports.told import told
from everyline.problems import Problem
from everyline.runs import Run
from everyline.web.gathered import gathered, in_memory
from everyline.web.visible import SeenRun, Viewer, told_of

_HELD = ("statements", "coverage", "problems", "reconciliation")
_ALLOCATED = (
    *("x_Period", "BillingCurrency", "x_Basis", "x_Layer", "ServiceProviderName"),
    *("BillingAccountId", "SubAccountId", "ServiceName", "x_Eligible"),
    *("x_Method", "x_Rule", "x_Pool", "x_ShareId"),
)
_COVERED = (
    "SELECT x_Period, BillingCurrency, x_Key, x_Layer, x_Tag, x_Evidence, x_Eligible,"
    " sum(x_CoverageCost)::DECIMAL(38,18) AS x_CoverageCost FROM coverage GROUP BY ALL"
)
_OWNED = (
    *("x_Period", "BillingCurrency", "x_Basis", "x_Layer", "ServiceProviderName"),
    *("BillingAccountId", "SubAccountId", "ServiceName"),
    *("x_Method", "x_Rule", "x_Pool", "x_ShareId"),
)
_SHARES = "pool_shares"
_SUMMED = ("EffectiveCost", "BilledCost", "x_CoverageCost")
_OPEN_MAX = 3
_DESCRIBED_MAX = 256
_SHORT = 12
_NUMBERS = count()

T = TypeVar("T")

Mark = tuple[str, str]
"""Which run, and the state of the books."""


@dataclass(frozen=True)
class Opened:
    """A run with its small relations in memory.

    Attributes:
        engine: its tables; `beside()` it another thread reads.
        gathered: the run as it is, whoever asks, its groups summed over their windows: for pages of
            who sees all, and for explanations as `whole` is.
        tables: SQL of what is held in memory.
        closed: the day on which each closed month was closed.
        damaged: what is wrong with the books; their months are then told as the run has them.
        parts: the bill, its layers and methods, by month and currency.
        blocks: months and currencies: the last month first, and of it the currency of most lines.
        unseen: where `run` is what a viewer sees of it, the run as it is.
        held: what was found out about the whole run, whoever asks. Amounts in it are for pages
            of who sees all.
        holding: what is being found out now, so that nobody else finds it out meanwhile.
        described: columns of relations of the run, which never change.
        spare: connections to its tables that nobody uses now.
        number: no other that was ever opened has it.
    """

    project: Path
    engine: Engine
    run: Run
    gathered: Run
    tables: Mapping[str, str]
    closed: Mapping[str, str]
    damaged: tuple[Problem, ...]
    parts: Mapping[Block, bill_parts.Parts]
    blocks: Sequence[Block]
    unseen: Run | None = None
    held: dict[str, Any] = field(default_factory=dict)
    holding: dict[str, threading.Lock] = field(default_factory=dict)
    described: dict[str, Mapping[str, str]] = field(default_factory=dict)
    spare: list[Engine] = field(default_factory=list)
    number: int = field(default_factory=_NUMBERS.__next__)

    @property
    def short(self) -> str:
        """How links name the run."""
        return self.run.id[:_SHORT]

    @property
    def keys(self) -> list[str]:
        """The taxonomy keys, the lead key first."""
        return list(self.run.manifest["keys"])

    @property
    def whole(self) -> Run:
        """The run as it is, whoever asks: for explanations alone.

        What takes a figure apart needs weights and lines of which others have a part; the figure
        has to be the viewer's, and `visible.told_to` takes away what it tells of others.
        """
        return self.unseen or self.run

    def hold(self, name: str, of: object, find: Callable[[], T]) -> T:
        """What `find` tells of the whole run, found out once as long as `of` is the same."""
        with self.holding.setdefault(name, threading.Lock()):
            if name not in self.held or self.held[name][0] != of:
                self.held[name] = (of, find())
            found: T = self.held[name][1]
            return found

    def columns(self, engine: Engine, relation: str) -> Mapping[str, str]:
        """Column name to type of SQL over the run, found out once."""
        if relation not in self.described:
            if len(self.described) >= _DESCRIBED_MAX:
                self.described.clear()
            self.described[relation] = engine.columns(relation)
        return self.described[relation]

    def seen_by(self, viewer: Viewer) -> SeenRun:
        """The run as somebody may see it."""
        if isinstance(self.run, SeenRun):
            assert self.run.viewer == viewer, "what one viewer sees is asked for by another"
            return self.run
        manifest = told_of(self.run.manifest, viewer)
        return SeenRun(self.run.id, self.run.folder, manifest, self.tables, viewer)

    def to(self, viewer: Viewer, engine: Engine) -> "Opened":
        """The run with nothing in it that the viewer may not see: not even months of others.

        Args:
            viewer: who asks.
            engine: a connection of this thread's own.
        """
        if viewer.sees_all:
            return self
        run = self.seen_by(viewer)
        relation = run.relation("told")
        sums = "sum(EffectiveCost)::DECIMAL(38,18), sum(BilledCost)::DECIMAL(38,18)"
        blocks: dict[Block, bill_parts.Parts] = {
            Block(period, currency, estimated): {"bill": (effective, billed)}
            for period, currency, estimated, effective, billed in engine.rows(
                f"SELECT x_Period, BillingCurrency, x_Basis = 'estimated', {sums}"
                f" FROM {relation} GROUP BY ALL"
            )
        }
        months = {block.period for block in blocks}
        return replace(
            self,
            engine=engine,
            run=run,
            tables={name: run.relation(name) for name in self.tables},
            closed={period: day for period, day in self.closed.items() if period in months},
            parts=blocks,
            blocks=_blocks(engine, blocks, relation),
            unseen=self.run,
        )


Prepare = Callable[[Opened], None]
"""What begins to prepare pages of a run, and gives up those of an earlier one."""


class Shelf:
    """The runs of one project."""

    def __init__(self, project: Path, prepare: Prepare | None = None) -> None:
        """`prepare` is called with each run that is the last one now."""
        self.project = project
        self._prepare = prepare
        self._lock = threading.Lock()
        self._opened: OrderedDict[Mark, Opened] = OrderedDict()
        self._last: tuple[Mark, Opened] | None = None

    def last(self) -> Opened | Problem:
        """The last good run; while it is being opened, the one before it."""
        mark = self._mark()
        held = self._last
        if held is not None and held[0] == mark:
            return held[1]
        if not self._lock.acquire(blocking=held is None):
            assert held is not None
            return held[1]
        try:
            if self._last is not None and self._last[0] == mark:
                return self._last[1]
            found = runs.current(self.project)
            if isinstance(found, Problem):
                return found
            opened = self._open(found, mark)
            self._last = (mark, opened)
            if self._prepare is not None:
                self._prepare(opened)
            return opened
        finally:
            self._lock.release()

    def named(self, beginning: str) -> Opened | Problem:
        """A run by how its id begins: one that is open, or one of those that are kept."""
        last = self.last()
        if isinstance(last, Opened) and last.run.id.startswith(beginning):
            return last
        books = self._books()
        with self._lock:
            for mark, opened in reversed(self._opened.items()):
                if mark[1] == books and opened.run.id.startswith(beginning):
                    return opened
            found = runs.kept(self.project, beginning)
            return found if isinstance(found, Problem) else self._open(found, (found.id, books))

    def _mark(self) -> Mark:
        """What changes when another run is published or a month is closed."""
        folder = self.project / runs.FOLDER / "current"
        try:
            pointer = folder.read_text("utf-8")
        except OSError:
            pointer = ""
        return pointer, self._books()

    def _books(self) -> str:
        books = self.project / "books"
        seen = [
            f"{path.name} {path.stat().st_mtime_ns}"
            for path in (books, *sorted(books.glob("*")))
            if path.exists()
        ]
        return "\n".join(seen)

    def _open(self, run: Run, mark: Mark) -> Opened:
        engine = Engine(self.project / runs.FOLDER / "spill", compressed=True)
        # The files of a run never change, and each has a name of its own. Their bytes the system
        # keeps at hand; the engine would hold on to all that anybody has ever asked for.
        engine.run("SET GLOBAL parquet_metadata_cache = true")
        engine.run("SET GLOBAL enable_external_file_cache = false")
        tables = {}
        summed = in_memory(engine, gathered(self.project, run))
        held = {name: f"SELECT * FROM {run.relation(name)}" for name in _HELD}
        held |= {"allocated": _allocated(summed), "drivers": _drivers(run), "covered": _COVERED}
        held["owned"] = _owned(run)
        for name, sql in held.items():
            engine.run(f"CREATE TABLE {quoted(name)} AS {sql}")
            tables[name] = quoted(name)
        summed = replace(summed, instead={**summed.instead, **_in_memory(engine, summed)})
        damaged = tuple(verified(self.project))
        sql, closed = ("", {}) if damaged else told(engine, run, self.project)
        tables["told"] = tables["statements"]
        if closed:
            engine.run(f"CREATE TABLE told AS SELECT * FROM {sql}")
            tables["told"] = "told"
        keys = run.manifest["keys"]
        for at, key in enumerate(dict.fromkeys((keys[0], part_key(keys) or keys[0]))):
            # Most pages are of one owner or use case, a few of very many rows.
            engine.run(f"CREATE INDEX told_by_{at} ON {tables['told']} ({quoted(key)})")
        names = ", ".join(map(quoted, (*keys, "ServiceName", "x_Pool")))
        engine.run(f"CREATE TABLE named AS SELECT DISTINCT {names} FROM {tables['told']}")
        tables["named"] = "named"
        quick = {**summed.instead, "allocations": tables["allocated"]}
        parts = bill_parts.parts(engine, replace(run, instead=quick))
        engine.compress()
        # Readers are many: each asks on a core of its own, and no question waits for two.
        engine.run("SET threads=1")
        opened = Opened(
            self.project,
            engine,
            run,
            summed,
            tables,
            closed,
            damaged,
            parts,
            _blocks(engine, parts, "statements"),
        )
        self._opened[mark] = opened
        while len(self._opened) > _OPEN_MAX:
            self._opened.popitem(last=False)
        return opened


def _in_memory(engine: Engine, run: Run) -> Mapping[str, str]:
    """Of what explanations ask a few rows, again and again: statements, and shares of pools."""
    found = {"statements": quoted("statements")}
    if _SHARES in run.manifest["views"]:
        engine.run(
            f"CREATE TABLE {_SHARES} AS SELECT * FROM {run.relation(_SHARES)}"
            " ORDER BY x_ShareId, x_Receiver"
        )
        engine.run(f"CREATE INDEX shares_by_receiver ON {_SHARES} (x_Receiver)")
        found[_SHARES] = quoted(_SHARES)
    return found


def _allocated(run: Run) -> str:
    """SELECT of `allocations` by all that pages ask of them but lines, a month beside itself."""
    keys = (key + end for key in run.manifest["keys"] for end in ("", "_evidence", "_tag"))
    columns = ", ".join(map(quoted, (*_ALLOCATED, *keys)))
    sums = ", ".join(f"sum({cost})::DECIMAL(38,18) AS {cost}" for cost in _SUMMED)
    return (
        f"SELECT {columns}, {sums} FROM {run.relation('allocations')} GROUP BY {columns}"
        " ORDER BY x_Period, x_Layer, ServiceName"
    )


def _owned(run: Run) -> str:
    """SELECT of the table `allocated` by what statements of owners tell of it."""
    lead = run.manifest["keys"][0]
    columns = ", ".join(map(quoted, (*_OWNED, lead, f"{lead}_evidence")))
    costs = ", ".join(f"sum({cost})::DECIMAL(38,18) AS {cost}" for cost in _SUMMED[:2])
    return f"SELECT {columns}, {costs} FROM allocated GROUP BY {columns} ORDER BY x_Period"


def _drivers(run: Run) -> str:
    """SELECT of what each split was by, for each value of the lead key that has a part of it."""
    lead = quoted(run.manifest["keys"][0])
    return (
        f"SELECT DISTINCT {lead}, x_ShareId, x_Driver FROM {run.relation('shares')}"
        " WHERE x_Driver IS NOT NULL"
    )


def _blocks(engine: Engine, parts: Iterable[Block], relation: str) -> list[Block]:
    """Amounts of two currencies can't be compared; how much there is to say can."""
    lines = {
        Block(*row[:3]): row[3]
        for row in engine.rows(
            "SELECT x_Period, BillingCurrency, x_Basis = 'estimated', count(*)"
            f" FROM {relation} GROUP BY ALL"
        )
    }
    found = sorted(parts, key=lambda one: (one.estimated, -lines.get(one, 0), one.currency))
    return sorted(found, key=lambda one: one.period, reverse=True)
