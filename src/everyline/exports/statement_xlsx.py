"""A statement as a workbook whose totals are formulas over its lines, and which checks itself.

Texts are written as texts with the mark of one, so that none becomes a formula, not even when
somebody edits the cell. Formulas carry their values, for readers that calculate nothing; they
compare texts with EXACT, to which a `*` is no wildcard and case matters. Needs xlsxwriter.
"""

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell  # type: ignore[import-untyped]

from everyline.exports import figures
from everyline.exports import statement_words as words
from everyline.exports.statement import Amount, Block, Line, Row, Statement, total

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_TEXT_MAX = 32_767
_WIDE, _NARROW = 34, 16
_LINE_COLUMNS = ("layer", "service", "method", "pool", "issuer", "basis", "corrects")
_PART, _LAYER, _SERVICE, _METHOD, _POOL, _ISSUER = range(6)
_AMOUNTS_AT = 8


class _Book(NamedTuple):
    book: Any
    text: Any
    bold: Any


class _Sheet:
    """A sheet that is written from the top; amounts in the format of its currency."""

    def __init__(self, book: _Book, name: str, currency: str) -> None:
        self.name = name
        self._book = book
        self._sheet = book.book.add_worksheet(name)
        digits = figures.digits_of(currency)
        form = "#,##0" + ("." + "0" * digits if digits else "")
        self._digits = digits
        self._money = book.book.add_format({"num_format": form})
        self._sum = book.book.add_format({"num_format": form, "bold": True, "top": 1})
        self.row = 0

    def widths(self, first: int, others: int) -> None:
        """Columns wide enough for names, then for figures."""
        self._sheet.set_column(0, first - 1, _WIDE)
        self._sheet.set_column(first, first + others - 1, _NARROW)

    def say(self, text: str, *, bold: bool = False) -> None:
        """A line of text."""
        self.text(0, text, bold=bold)
        self.row += 1

    def heads(self, *names: str) -> None:
        """Headings; an empty one leaves its cell empty."""
        for column, name in enumerate(names):
            self.text(column, name or None, bold=True)
        self.row += 1

    def text(self, column: int, text: str | None, *, bold: bool = False) -> None:
        """A text as it is; nothing where there is none."""
        if text is not None:
            form = self._book.bold if bold else self._book.text
            self._sheet.write_string(self.row, column, text[:_TEXT_MAX], form)

    def number(self, column: int, value: Decimal) -> None:
        """An amount, without the zeros that a spreadsheet would not write."""
        self._sheet.write_number(self.row, column, Decimal(figures.exact(value)), self._money)

    def formula(self, column: int, formula: str, value: Decimal, *, is_sum: bool = False) -> None:
        """A formula, and the value that it has."""
        form = self._sum if is_sum else self._money
        self._sheet.write_formula(self.row, column, formula, form, figures.exact(value))

    def difference(self, column: int, value: Decimal) -> None:
        """What the second cell to the left has more than the first, rounded: cells are binary."""
        more, less = (xl_rowcol_to_cell(self.row, column - back) for back in (2, 1))
        self.formula(column, f"=ROUND({more}-{less},{self._digits})", value)

    def freeze(self) -> None:
        """Keeps what stands above this row in sight."""
        self._sheet.freeze_panes(self.row, 0)

    def paper(self) -> None:
        """Prints on A4, one page wide."""
        self._sheet.set_paper(9)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)


class _Lines(NamedTuple):
    """Where the lines of a block stand: rows from 2 to `last` of a sheet; and what sums are of."""

    sheet: str
    last: int
    heads: tuple[str, ...]

    def column(self, at: int) -> str:
        letters = xl_col_to_name(at)
        return f"'{self.sheet}'!${letters}$2:${letters}${self.last}"

    def sum(self, amount: int, names: Sequence[tuple[int, str]] = ()) -> str:
        """A formula: the sum of an amount over lines whose columns say what cells say."""
        if not names:
            return f"=SUM({self.column(amount)})"
        tests = "*".join(f"EXACT({self.column(at)},{cell})" for at, cell in names)
        return f"=SUMPRODUCT({tests}*{self.column(amount)})"


def workbook(statement: Statement) -> bytes:
    """The workbook, the same bytes for the same statement."""
    made = BytesIO()
    book = xlsxwriter.Workbook(made, _OPTIONS)
    created = datetime.fromisoformat(f"{statement.period}-01")
    book.set_properties({"title": words.title(statement)[:_TEXT_MAX], "created": created})
    made_of = _Book(
        book,
        book.add_format({"quote_prefix": True}),
        book.add_format({"quote_prefix": True, "bold": True}),
    )
    for block in statement.blocks:
        name = f"{block.currency} estimated" if block.estimated else block.currency
        sheet = _Sheet(made_of, name, block.currency)
        heads = (statement.period, statement.before or "before", "change")
        lines = _Lines(f"{name} lines", len(block.lines) + 1, heads)
        _block(sheet, statement, block, lines)
        _lines(_Sheet(made_of, lines.sheet, block.currency), statement, block)
    _about(_Sheet(made_of, "about", ""), statement)
    book.close()
    return made.getvalue()


def _lines(sheet: _Sheet, statement: Statement, block: Block) -> None:
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


def _block(sheet: _Sheet, statement: Statement, block: Block, lines: _Lines) -> None:
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
    _difference(sheet, block.total)
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
        top = f"{xl_col_to_name(column)}{at + 1}"
        parts = "+".join(f"ABS({xl_col_to_name(column)}{row + 1}-{top})" for row in totals)
        sheet.formula(column, f"=ROUND({parts},{digits})", Decimal(0), is_sum=True)


class _Asked(NamedTuple):
    title: str
    columns: tuple[tuple[int, str], ...]
    rows: Sequence[Row]


def _table(sheet: _Sheet, lines: _Lines, asked: _Asked, notes: Sequence[str] = ()) -> int:
    """A table whose figures are sums over the lines; gives the row of its total."""
    sheet.say(asked.title, bold=True)
    names = [name for _, name in asked.columns]
    sheet.heads(*names, *[""] * (3 - len(names)), *lines.heads)
    first = sheet.row
    for at, row in enumerate(asked.rows):
        tests = []
        for column, name in enumerate(row.names):
            sheet.text(column, name)
            tests.append((asked.columns[column][0], f"${xl_col_to_name(column)}{sheet.row + 1}"))
        for column, amount in ((3, row.now), (4, row.before)):
            sheet.formula(column, lines.sum(_AMOUNTS_AT + column - 3, tests), amount.shown)
        if notes:
            sheet.text(6, notes[at])
        _difference(sheet, row)
    return _total(sheet, first, (3, 4, 5), [_of(asked.rows, pick) for pick in _PICKS])


_PICKS: tuple[Callable[[Row], Amount], ...] = (
    lambda row: row.now,
    lambda row: row.before,
    lambda row: row.change,
)


def _of(rows: Sequence[Row], pick: Callable[[Row], Amount]) -> Decimal:
    return total(map(pick, rows)).shown


def _difference(sheet: _Sheet, row: Row) -> None:
    sheet.difference(5, row.change.shown)
    sheet.row += 1


def _total(sheet: _Sheet, first: int, columns: Sequence[int], sums: Sequence[Decimal]) -> int:
    """A row of sums over the rows from `first`; gives its own row."""
    sheet.text(0, "total", bold=True)
    for column, value in zip(columns, sums, strict=True):
        letters = xl_col_to_name(column)
        formula = f"=SUM({letters}{first + 1}:{letters}{sheet.row})"
        sheet.formula(column, formula, value, is_sum=True)
    sheet.row += 2
    return sheet.row - 2


def _issuers(sheet: _Sheet, block: Block, lines: _Lines) -> None:
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


def _near(sheet: _Sheet, statement: Statement, block: Block) -> None:
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


def _about(sheet: _Sheet, statement: Statement) -> None:
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
