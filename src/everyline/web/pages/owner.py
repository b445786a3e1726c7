"""`/owners/{value}`: one owner's statement, every amount with the rule behind it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from everyline.books.disputes import disputes
from everyline.drawing.bars import Bars, Change, changes
from everyline.exports import reading
from everyline.exports import statement_words as words
from everyline.exports.reaching import Reached, reached
from everyline.exports.reading import Sourced
from everyline.exports.statement import Block, Row, Statement, together
from everyline.exports.told import disputes_of
from everyline.web.asked import Ask, Refused
from everyline.web.grid import Cell, Grid, Head
from everyline.web.page import Page, Route

_WIDTH = 1220


class _Told(NamedTuple):
    """A statement, and the block of it that is shown."""

    ask: Ask
    statement: Statement
    block: Block

    def heads(self) -> list[Head]:
        """Columns of amounts: now, before, and the change."""
        before = self.statement.before
        now = Head(self.ask.exact, self.statement.period, "money")
        if before is None:
            return [now]
        return [now, Head("x_Before", before, "money"), Head("x_Change", "change", "change")]

    def cells(self, row: Row, href: str | None = None) -> list[Cell]:
        """The amounts of a row under `heads`."""
        now = Cell(row.now.shown, href if row.now.shown else None)
        if self.statement.before is None:
            return [now]
        return [now, Cell(row.before.shown), Cell(row.change.shown)]

    def lines(self, columns: Mapping[str, str | None]) -> str:
        """The bill lines behind a figure of this owner."""
        return self.ask.lines({self.statement.key: self.statement.owner} | dict(columns))

    def part(self, name: str | None) -> Cell:
        """A value of the statement's own key."""
        return Cell(name, None, None if name is not None else words.nobody(self.statement.part_key))


def page(ask: Ask, value: str) -> Page:
    """The statement of one owner: EffectiveCost, as showback is."""
    statement = _statement(ask, value)
    wanted = (ask.block.currency, ask.block.estimated)
    block = next((one for one in statement.blocks if (one.currency, one.estimated) == wanted), None)
    if block is None:
        known = ", ".join(dict.fromkeys(one.currency for one in statement.blocks))
        raise Refused(404, f"`{value}` has no cost in {ask.block.currency}", f"it has {known}")
    told = _Told(ask, statement, block)
    tables = [_parts(told), _ways(told), _changes(told), _issuers(told)]
    if ask.viewer.sees_all:
        tables.append(_near(told))
    return Page(
        cost="EffectiveCost",
        title=value,
        says=f"The statement of {statement.key} {value}",
        template="owner.html",
        tables=[*tables, _lines(told)],
        content={
            "statement": statement,
            "block": block,
            "summary": words.summary(statement, block),
            "standing": words.standing(statement),
            "bars": _bars(told),
            "fresh": [(one, words.until(one, statement.period)) for one in statement.fresh],
            "words": words,
        },
    )


def _statement(ask: Ask, value: str) -> Statement:
    source = Sourced(
        ask.engine,
        ask.run,
        ask.run.relation("told"),
        ask.opened.closed,
        ask.run.relation("owned"),
        ask.run.relation("drivers"),
        _reached(ask),
        ask.held,
    )
    configuration = ask.configuration()
    listed = disputes(ask.opened.project, configuration)[0] if configuration else []
    period = ask.block.period
    found = reading.statements(source, period, value, disputes_of(listed, period))
    if not found:
        raise Refused(404, f"no cost of {period} has the {ask.lead} `{value}`", "see `/owners`")
    return found[value]


def _reached(ask: Ask) -> Reached:
    """Read once for each viewer: days and names of sources, no amounts."""
    run = ask.opened.gathered if ask.viewer.sees_all else ask.run
    return ask.held("reached", lambda: reached(ask.engine, run))


def _parts(told: _Told) -> Grid:
    """By the statement's own key and layer."""
    key = told.statement.part_key or told.statement.key
    heads = [Head(key, key), Head("x_Layer", "layer", "word"), *told.heads()]
    rows = [
        [
            told.part(row.names[0]),
            Cell(row.names[1]),
            *told.cells(row, told.lines({key: row.names[0], "x_Layer": row.names[1]})),
        ]
        for row in told.block.parts
    ]
    return _table(told, ("parts", f"By {key} and layer"), heads, rows)


def _ways(told: _Told) -> Grid:
    """By method and pool, with the rule in words."""
    heads = [
        Head("x_Method", "how it came to you", "word"),
        Head("x_Pool", "pool"),
        *told.heads(),
        Head("rule", "rule"),
    ]
    rows = []
    for way in told.block.ways:
        method, pool = way.row.names
        said = " ".join(way.words)
        if pool is not None and not told.ask.viewer.sees_all:
            said = f"A part of pool {pool}."  # which part would tell what the others have
        href = told.lines({"x_Method": method, "x_Pool": pool})
        rows.append([Cell(method), Cell(pool), *told.cells(way.row, href), Cell(said)])
    return _table(told, ("ways", "Direct, traced and shared"), heads, rows, after=1)


def _changes(told: _Told) -> Grid:
    """What moved since the month before, the largest change first."""
    key = told.statement.part_key or told.statement.key
    heads = [
        Head(key, key),
        Head("x_Layer", "layer", "word"),
        Head("ServiceName", "service"),
        *told.heads(),
    ]
    rows = [
        [
            told.part(row.names[0]),
            Cell(row.names[1]),
            Cell(row.names[2]),
            *told.cells(
                row,
                told.lines(dict(zip((key, "x_Layer", "ServiceName"), row.names, strict=True))),
            ),
        ]
        for row in told.block.changes
    ]
    return _table(told, ("changes", "Why it changed"), heads, rows)


def _issuers(told: _Told) -> Grid:
    """Who bills it: both costs."""
    heads = [
        Head("InvoiceIssuerName", "invoice issuer"),
        Head("x_EffectiveAmount", "effective", "money"),
        Head("x_BilledAmount", "billed", "money"),
    ]
    rows = [
        [Cell(one.name), Cell(one.effective.shown), Cell(one.billed.shown)]
        for one in told.block.issuers
    ]
    block = told.block
    total = [Cell("total"), Cell(block.total.now.shown), Cell(block.billed.now.shown)]
    return Grid("issuers", "Who bills it", heads, rows, block.currency, total)


def _near(told: _Told) -> Grid:
    """What has no owner where this owner has cost."""
    heads = [
        Head("ServiceProviderName", "provider"),
        Head("account", "account"),
        Head("ServiceName", "service"),
        Head("reason", "why nobody's"),
        Head("EffectiveCost", "cost", "money"),
    ]
    rows = [
        [
            Cell(one.provider),
            Cell(one.account),
            Cell(one.service),
            Cell(one.evidence, None, words.reason(one.evidence)),
            Cell(one.cost.shown),
        ]
        for one in told.block.near
    ]
    return Grid(
        "near",
        f"Nobody's yet, near this {told.statement.key}",
        heads,
        rows,
        told.block.currency,
        empty="Nothing without an owner in the accounts and services used here",
        notes=[words.near(told.statement.key)] if rows else [],
    )


def _lines(told: _Told) -> Grid:
    """What everything above is summed from: the lines of `statements`."""
    names = ("layer", "service", "method", "pool", "issuer", "basis", "corrects")
    key = told.statement.part_key or told.statement.key
    heads = [Head(key, key), *(Head(name, name) for name in names), *told.heads()]
    rows = [
        [
            told.part(line.part),
            *(Cell(getattr(line, name)) for name in names),
            *told.cells(Row((), line.now, line.before)),
        ]
        for line in told.block.lines
    ]
    return _table(told, ("lines", "Lines of the statement"), heads, rows)


def _table(
    told: _Told,
    named: tuple[str, str],
    heads: Sequence[Head],
    rows: Sequence[Sequence[Cell]],
    after: int = 0,
) -> Grid:
    """A table that sums to the statement's total; `after` columns stand behind its amounts."""
    figures = len(told.heads())
    names = len(heads) - figures - after
    total = [
        *(Cell("total" if n == 0 else None) for n in range(names)),
        *told.cells(told.block.total),
        *(Cell(None) for _ in range(after)),
    ]
    return Grid(*named, heads, rows, told.block.currency, total)


def _bars(told: _Told) -> Bars | None:
    """The change by service and layer, as parts that sum to it."""
    if told.statement.before is None or not told.block.changes:
        return None
    by_service: dict[str | None, list[Row]] = {}
    for row in told.block.changes:
        by_service.setdefault(row.names[2], []).append(row)
    rows = [together(found, name) for name, found in by_service.items()]
    rows.sort(key=lambda row: -abs(row.change.shown))
    made = [
        Change(
            row.names[0] or "(no service)",
            row.change.shown,
            told.lines({"ServiceName": row.names[0]}),
        )
        for row in rows
        if row.change.shown
    ]
    total = told.block.total
    sums = (total.before.shown, total.now.shown)
    return changes(made, sums, told.block.currency, _WIDTH, told.ask.here()) if made else None


ROUTE = Route("/owners/{value}", "", page)
