"""A statement as text: tables of a width, most important first."""

import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from textwrap import wrap
from typing import NamedTuple

from everyline.cli import figures, layout
from everyline.cli.layout import Column, Line, Table
from everyline.exports import statement_words as words
from everyline.exports.statement import Block, Row, Statement, by_first_name, together, total
from everyline.figures import MINUS

_CHANGES_MAX = 6
_PARTS_MAX = 8
_NEAR_MAX = 5
_BAR = 6
_INDENT = "  "


class Paper(NamedTuple):
    """How wide a line may be, and whether only ASCII can be shown."""

    width: int
    ascii_only: bool


def lines(statement: Statement, paper: Paper) -> Iterator[Line]:
    """The statement, line by line, each of pieces in their styles."""
    yield [(words.title(statement), "bold")]
    yield from _said(words.standing(statement), paper)
    for block in statement.blocks:
        yield []
        yield from _block(statement, block, paper)
    yield []
    yield from _disputes(statement, paper)
    yield from _fresh(statement, paper)
    yield []
    yield from _said(words.OBJECT.format(words.DISPUTES), paper)
    yield [(_INDENT + shlex.join(["everyline", *words.explains(statement)]), "")]


def _block(statement: Statement, block: Block, paper: Paper) -> Iterator[Line]:
    whole = figures.amount(block.total.now.shown, block.currency)
    yield [(f"{whole} {words.heading(block)}", "bold")]
    said = " ".join(words.summary(statement, block)).replace(MINUS, "-")
    yield from _said(said, paper)
    tables = [_changes, _parts, _ways, _issuers]
    for make in tables:
        if (table := make(statement, block, paper)) is not None:
            yield []
            yield from layout.lines(table, paper.width, ascii_only=paper.ascii_only)
            if make is _ways:
                yield from _rules(block, paper)
    if block.near:
        yield []
        near = _near(block)
        yield from layout.lines(near, paper.width, ascii_only=paper.ascii_only)
        yield from _said(words.near(statement.key), paper)


def _changes(statement: Statement, block: Block, paper: Paper) -> Table | None:
    if statement.before is None:
        return None
    changed = [row for row in block.changes if row.change.shown]
    still = [row for row in block.changes if row.now.shown and not row.change.shown]
    rest = changed[_CHANGES_MAX:]
    parts = [statement.part_key] if statement.part_key else []
    blank = [""] * (len(parts) + 1)
    rows = [
        [*_named(statement, row), *_figures(statement, block, row)]
        for row in changed[:_CHANGES_MAX]
    ]
    for others, said in ((rest, "changed less"), (still, "equal")):
        if others:
            sums = _figures(statement, block, together(others))
            rows.append([f"{len(others):,} {said}", *blank, *sums])
    columns = [*map(Column, parts), Column("layer", "word"), Column("service")]
    totals = [["total", *blank, *_figures(statement, block, block.total)]]
    return Table((*columns, *_heads(statement, block)), rows, totals)


def _parts(statement: Statement, block: Block, paper: Paper) -> Table:
    groups = list(by_first_name(block.parts).items())
    named = [(part or words.nobody(statement.part_key), rows) for part, rows in groups]
    rows = named[:_PARTS_MAX]
    if rest := named[_PARTS_MAX:]:
        rows.append((words.others(len(rest)), [row for _, others in rest for row in others]))
    columns = (
        Column(statement.part_key or statement.key),
        *(Column(layer, "figure") for layer in block.layers),
        Column("total", "figure"),
        Column("share", "figure"),
        Column("", "bar"),
    )
    whole = block.total.now.shown
    cells = [_part(block, name, found, whole, paper) for name, found in rows]
    total_row = _part(block, "total", block.parts, whole, paper)
    return Table(columns, cells, [[*total_row[:-1], ""]])


def _part(block: Block, name: str, rows: Sequence[Row], whole: Decimal, paper: Paper) -> list[str]:
    by_layer = (
        together([row for row in rows if row.names[1] == layer]).now.shown for layer in block.layers
    )
    amount = together(rows).now.shown
    share = figures.share(amount, whole)
    return [
        name,
        *(figures.amount(one, block.currency) if one else figures.NOTHING for one in by_layer),
        figures.amount(amount, block.currency),
        figures.percent(share),
        figures.bar(share, _BAR, ascii_only=paper.ascii_only),
    ]


def _ways(statement: Statement, block: Block, paper: Paper) -> Table:
    rows = [[_way(way.row), *_figures(statement, block, way.row)] for way in block.ways]
    totals = [["total", *_figures(statement, block, block.total)]]
    return Table((Column("how it came to you"), *_heads(statement, block)), rows, totals)


def _way(row: Row) -> str:
    method, pool = row.names
    return words.METHODS[method or ""] + (f": {pool}" if pool else "")


def _rules(block: Block, paper: Paper) -> Iterator[Line]:
    for way in block.ways:
        for sentence in way.words:
            yield from _said(f"{_way(way.row)}. {sentence}", paper, hang=_INDENT)


def _issuers(statement: Statement, block: Block, paper: Paper) -> Table:
    currency = block.currency
    rows = [
        [
            one.name or figures.NOTHING,
            figures.amount(one.effective.shown, currency),
            figures.amount(one.billed.shown, currency),
            figures.amount(one.billed_of_all.shown, currency),
        ]
        for one in block.issuers
    ]
    both = (block.total.now.shown, block.billed.now.shown)
    totals = [["total", *(figures.amount(amount, currency) for amount in both), ""]]
    heads = ("EffectiveCost", "BilledCost", "billed to all")
    return Table((Column("who bills it"), *(Column(h, "figure") for h in heads)), rows, totals)


def _near(block: Block) -> Table:
    listed, rest = block.near[:_NEAR_MAX], block.near[_NEAR_MAX:]
    rows = [
        [
            one.account or figures.NOTHING,
            one.service or figures.NOTHING,
            words.reason(one.evidence),
            figures.amount(one.cost.shown, block.currency),
        ]
        for one in listed
    ]
    if rest:
        cost = total(one.cost for one in rest).shown
        rows.append([words.others(len(rest)), "", "", figures.amount(cost, block.currency)])
    whole = total(one.cost for one in block.near).shown
    columns = (Column("near you, nobody's"), Column("service"), Column("why", "word"))
    return Table(
        (*columns, Column(block.currency, "figure")),
        rows,
        [["total", "", "", figures.amount(whole, block.currency)]],
    )


def _disputes(statement: Statement, paper: Paper) -> Iterator[Line]:
    if not statement.disputes:
        return
    rows = [
        [
            one.who,
            one.about,
            one.reason,
            one.state,
            f"{figures.amount(one.amount, one.currency)} {one.currency}",
        ]
        for one in statement.disputes
    ]
    columns = (*map(Column, ("objection of", "about", "reason", "state")), Column("", "figure"))
    yield from layout.lines(Table(columns, rows), paper.width, ascii_only=paper.ascii_only)
    yield []


def _fresh(statement: Statement, paper: Paper) -> Iterator[Line]:
    rows = [[one.source, one.kind, words.until(one, statement.period)] for one in statement.fresh]
    columns = (Column("source"), Column("what", "word"), Column("has data until", "word"))
    yield from layout.lines(Table(columns, rows), paper.width, ascii_only=paper.ascii_only)


def _heads(statement: Statement, block: Block) -> list[Column]:
    now = Column(f"{statement.period} {block.currency}", "figure")
    if statement.before is None:
        return [now]
    return [now, Column(statement.before, "figure"), Column("change", "figure")]


def _figures(statement: Statement, block: Block, row: Row) -> list[str]:
    texts = [figures.amount(row.now.shown, block.currency)]
    if statement.before is not None:
        change = row.change.shown
        sign = "+" if change > 0 else ""
        texts.append(figures.amount(row.before.shown, block.currency))
        texts.append(sign + figures.amount(change, block.currency))
    return texts


def _named(statement: Statement, row: Row) -> list[str]:
    part, layer, service = row.names
    names = [layer or figures.NOTHING, service or figures.NOTHING]
    return [part or words.nobody(statement.part_key), *names] if statement.part_key else names


def _said(text: str, paper: Paper, hang: str = "") -> Iterator[Line]:
    for line in wrap(text, paper.width, subsequent_indent=hang, break_on_hyphens=False):
        yield [(line, "")]
