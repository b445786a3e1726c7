"""A statement as a workbook whose totals are formulas over its lines, and which checks itself.

Formulas carry their values, for readers that calculate nothing; they compare texts with EXACT, to
which a `*` is no wildcard and case matters.
"""

import shlex
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from everyline import figures
from everyline.exports import spreadsheet
from everyline.exports import statement_words as words
from everyline.exports.spreadsheet import Sheet, letters
from everyline.exports.statement import Amount, Block, Line, Row, Statement, total

_LINE_COLUMNS = ("layer", "service", "method", "pool", "issuer", "basis", "corrects")
_PART, _LAYER, _SERVICE, _METHOD, _POOL, _ISSUER = range(6)
_AMOUNTS_AT = 8


class _Lines(NamedTuple):
    """Where the lines of a block stand: rows from 2 to `last` of a sheet; and what sums are of."""

    sheet: str
    last: int
    heads: tuple[str, ...]

    def column(self, at: int) -> str:
        name = letters(at)
        return f"'{self.sheet}'!${name}$2:${name}${self.last}"

    def sum(self, amount: int, names: Sequence[tuple[int, str]] = ()) -> str:
        """A formula: the sum of an amount over lines whose columns say what cells say."""
        if not names:
            return f"SUM({self.column(amount)})"
        tests = "*".join(f"EXACT({self.column(at)},{cell})" for at, cell in names)
        return f"SUMPRODUCT({tests}*{self.column(amount)})"


def workbook(statement: Statement) -> bytes:
    """The workbook, the same bytes for the same statement."""
    sheets = []
    for block in statement.blocks:
        name = f"{block.currency} estimated" if block.estimated else block.currency
        digits = figures.digits_of(block.currency)
        heads = (statement.period, statement.before or "before", "change")
        lines = _Lines(f"{name} lines", len(block.lines) + 1, heads)
        sheets += [Sheet(name, digits), Sheet(lines.sheet, digits)]
        _block(sheets[-2], statement, block, lines)
        _lines(sheets[-1], statement, block)
    sheets.append(Sheet("about"))
    _about(sheets[-1], statement)
    return spreadsheet.workbook(words.title(statement), f"{statement.period}-01", sheets)


def _lines(sheet: Sheet, statement: Statement, block: Block) -> None:
    heads = [statement.part_key or statement.key, *_LINE_COLUMNS, *_amount_heads(statement)]
    sheet.widths(3, len(heads) - 3)
    sheet.heads(*heads)
    sheet.freeze()
    for line in block.lines:
        names = (line.part, line.layer, line.service, line.method, line.pool, line.issuer)
        for column, name in enumerate((*names, line.basis, line.corrects)):
            sheet.text(column, name)
        for column, amount in enumerate(_amounts(line), _AMOUNTS_AT):
            sheet.number(column, amount.shown)
        sheet.row += 1


def _amount_heads(statement: Statement) -> list[str]:
    before = statement.before or "before"
    return [
        f"EffectiveCost {statement.period}",
        f"EffectiveCost {before}",
        f"BilledCost {statement.period}",
    ]


def _amounts(line: Line) -> tuple[Amount, ...]:
    return line.now, line.before, line.billed


def _block(sheet: Sheet, statement: Statement, block: Block, lines: _Lines) -> None:
    sheet.widths(3, 4)
    sheet.paper()
    sheet.say(words.title(statement), bold=True)
    sheet.say(words.standing(statement))
    for sentence in words.summary(statement, block):
        sheet.say(sentence)
    sheet.row += 1
    sheet.heads(words.heading(block), "", "", *lines.heads)
    at = sheet.row
    sheet.text(0, "EffectiveCost")
    for column, amount in ((3, block.total.now), (4, block.total.before)):
        sheet.formula(column, lines.sum(_AMOUNTS_AT + column - 3), amount.shown, is_sum=True)
    sheet.difference(5, block.total.change.shown)
    sheet.row += 1
    sheet.text(0, "BilledCost")
    sheet.formula(3, lines.sum(_AMOUNTS_AT + 2), block.billed.now.shown)
    sheet.row += 1
    check_at = sheet.row
    sheet.row += 2
    by_layer = ((_PART, statement.part_key or statement.key), (_LAYER, "layer"))
    service, by_method = (_SERVICE, "service"), ((_METHOD, "method"), (_POOL, "pool"))
    totals = [
        _table(sheet, lines, _Asked("Why it changed", (*by_layer, service), block.changes)),
        _table(sheet, lines, _Asked("By layer", by_layer, block.parts)),
        _table(
            sheet,
            lines,
            _Asked("How it came to you", by_method, [way.row for way in block.ways]),
            [" ".join(way.words) for way in block.ways],
        ),
    ]
    _issuers(sheet, block, lines)
    _near(sheet, statement, block)
    sheet.row = check_at
    sheet.text(0, "check: tables less lines, must be 0", bold=True)
    digits = figures.digits_of(block.currency)
    for column in (3, 4):
        top = f"{letters(column)}{at + 1}"
        parts = "+".join(f"ABS({letters(column)}{row + 1}-{top})" for row in totals)
        sheet.formula(column, f"ROUND({parts},{digits})", Decimal(0), is_sum=True)


class _Asked(NamedTuple):
    title: str
    columns: tuple[tuple[int, str], ...]
    rows: Sequence[Row]


def _table(sheet: Sheet, lines: _Lines, asked: _Asked, notes: Sequence[str] = ()) -> int:
    """A table whose figures are sums over the lines; gives the row of its total."""
    sheet.say(asked.title, bold=True)
    names = [name for _, name in asked.columns]
    sheet.heads(*names, *[""] * (3 - len(names)), *lines.heads)
    first = sheet.row
    for at, row in enumerate(asked.rows):
        tests = []
        for column, name in enumerate(row.names):
            sheet.text(column, name)
            tests.append((asked.columns[column][0], f"${letters(column)}{sheet.row + 1}"))
        for column, amount in ((3, row.now), (4, row.before)):
            sheet.formula(column, lines.sum(_AMOUNTS_AT + column - 3, tests), amount.shown)
        sheet.difference(5, row.change.shown)
        if notes:
            sheet.text(6, notes[at])
        sheet.row += 1
    return _total(sheet, first, (3, 4, 5), [_of(asked.rows, pick) for pick in _PICKS])


_PICKS: tuple[Callable[[Row], Amount], ...] = (
    lambda row: row.now,
    lambda row: row.before,
    lambda row: row.change,
)


def _of(rows: Sequence[Row], pick: Callable[[Row], Amount]) -> Decimal:
    return total(map(pick, rows)).shown


def _total(sheet: Sheet, first: int, columns: Sequence[int], sums: Sequence[Decimal]) -> int:
    """A row of sums over the rows from `first`; gives its own row."""
    sheet.text(0, "total", bold=True)
    for column, value in zip(columns, sums, strict=True):
        name = letters(column)
        formula = f"SUM({name}{first + 1}:{name}{sheet.row})"
        sheet.formula(column, formula, value, is_sum=True)
    sheet.row += 2
    return sheet.row - 2


def _issuers(sheet: Sheet, block: Block, lines: _Lines) -> None:
    sheet.say("Who bills it", bold=True)
    sheet.heads("issuer", "", "", "EffectiveCost", "BilledCost", "billed to all in scope")
    first = sheet.row
    for one in block.issuers:
        sheet.text(0, one.name)
        tests = [(_ISSUER, f"$A{sheet.row + 1}")]
        sheet.formula(3, lines.sum(_AMOUNTS_AT, tests), one.effective.shown)
        sheet.formula(4, lines.sum(_AMOUNTS_AT + 2, tests), one.billed.shown)
        sheet.number(5, one.billed_of_all.shown)
        sheet.row += 1
    sums = [block.total.now.shown, block.billed.now.shown]
    _total(sheet, first, (3, 4), sums)


def _near(sheet: Sheet, statement: Statement, block: Block) -> None:
    if not block.near:
        return
    sheet.say("Near you, and nobody's yet: in no total", bold=True)
    sheet.say(words.near(statement.key))
    sheet.heads("account", "service", "why nobody's", block.currency)
    first = sheet.row
    for one in block.near:
        for column, text in enumerate((one.account, one.service, words.reason(one.evidence))):
            sheet.text(column, text)
        sheet.number(3, one.cost.shown)
        sheet.row += 1
    _total(sheet, first, (3,), [total(one.cost for one in block.near).shown])


def _about(sheet: Sheet, statement: Statement) -> None:
    sheet.widths(1, 2)
    sheet.say("How fresh the data are", bold=True)
    for one in statement.fresh:
        sheet.text(0, one.source)
        sheet.text(1, one.kind)
        sheet.text(2, words.until(one, statement.period))
        sheet.row += 1
    for dispute in statement.disputes:
        sheet.say(f"Objection of {dispute.who}: {dispute.about}, {dispute.reason}, {dispute.state}")
    sheet.row += 1
    sheet.say("If a figure is wrong", bold=True)
    sheet.say(words.OBJECT.format(words.DISPUTES))
    sheet.say(shlex.join(["everyline", *words.explains(statement)]))
    sheet.row += 1
    sheet.say(words.ROUNDING)
    sheet.say(f"Run {statement.run}")
