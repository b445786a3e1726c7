"""A comparison as tables: owners by the size of their change, causes as columns."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from everyline.cli import figures, layout
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.cli.statement_table import NOBODY
from everyline.comparing import CAUSES
from everyline.control import EXACT

OUT_OF_SCOPE = "(out of scope)"
_ROWS_MAX = 15
_CHANGE = (0,)
_BILL = ("price", "quantity", "new", "ended")
_WORDS = {"evidence": "owner evidence"}


class Row(NamedTuple):
    """One line: who, and their change with its causes."""

    owner: Sequence[str]
    before: Decimal
    after: Decimal
    amounts: Sequence[Decimal]

    @property
    def change(self) -> Decimal:
        """After less before."""
        return self.amounts[0]


def show(
    screen: Screen, names: tuple[str, str], by: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Prints a table for each currency and basis, as `comparing.summed` has them."""
    for (currency, basis), block in groupby(rows, key=lambda row: row[:2]):
        listed = [_row(row, len(by)) for row in block]
        total = _summed(["total", *_blank(by)], listed)
        title = ", ".join([currency, *(["estimated"] if basis == "estimated" else [])])
        screen.line(f"{names[0]} to {names[1]}, {title}", "bold")
        screen.line(_said(total, currency))
        _block(screen, _Block(currency, by, listed, total))
        screen.line()
    if not rows:
        screen.note("no rows")


def _said(total: Row, currency: str) -> str:
    before, after = (figures.amount(one, currency) for one in (total.before, total.after))
    if not total.change:
        return f"{after}: the bill is the same"
    return f"{before} to {after}: {_signed(total.change, currency)}"


def _row(row: tuple[Any, ...], keys: int) -> Row:
    scope, owner = row[2], row[3 : 3 + keys]
    before, after, *amounts = row[3 + keys :]
    named = [figures.NOTHING if value is None else value for value in owner]
    if scope == "out":
        named = [OUT_OF_SCOPE, *([""] * (keys - 1))]
    elif owner[0] is None:
        named[0] = NOBODY
    return Row(named, before, after, amounts)


def _summed(owner: Sequence[str], rows: Sequence[Row]) -> Row:
    return Row(
        owner,
        _added(row.before for row in rows),
        _added(row.after for row in rows),
        [_added(values) for values in zip(*(row.amounts for row in rows), strict=True)],
    )


class _Block(NamedTuple):
    """What is shown of one currency and basis."""

    currency: str
    by: Sequence[str]
    rows: Sequence[Row]
    total: Row


def _block(screen: Screen, block: _Block) -> None:
    changed = [row for row in block.rows if any(row.amounts)]
    if not changed:
        screen.line("nothing changed")
        return
    shown = changed[:_ROWS_MAX]
    if rest := changed[_ROWS_MAX:]:
        mark = "..." if screen.ascii_only else "…"
        shown.append(_summed([f"{mark} {len(rest):,} more", *_blank(block.by)], rest))
    block = block._replace(rows=shown)
    at = {
        _WORDS.get(cause, cause): (n,)
        for n, cause in enumerate(CAUSES, start=1)
        if any(row.amounts[n] for row in changed)
    }
    bill = {name: where for name, where in at.items() if name in _BILL}
    table = _table(block, {"change": _CHANGE, **at})
    if layout.comfortable_width(table) > screen.width and len(bill) > 1:
        others = {name: where for name, where in at.items() if name not in _BILL}
        summed = {"bill": [n for where in bill.values() for n in where], **others}
        screen.table(_table(block, {"change": _CHANGE, **(summed if others else {})}))
        screen.line()
        screen.line("of the bill", "bold")
        billed = [row for row in shown if any(row.amounts[n] for n in summed["bill"])]
        table = _table(block._replace(rows=billed), bill)
    screen.table(table)


def _table(block: _Block, columns: Mapping[str, Sequence[int]]) -> Table:
    """Owners with columns that each sum some of the amounts."""

    def cells(row: Row) -> list[str]:
        sums = (_added(row.amounts[n] for n in at) for at in columns.values())
        return [*row.owner, *(_signed(value, block.currency) for value in sums)]

    headings = [*map(Column, block.by), *(Column(name, "figure") for name in columns)]
    return Table(tuple(headings), [*map(cells, block.rows)], [cells(block.total)])


def _blank(by: Sequence[str]) -> list[str]:
    return [""] * (len(by) - 1)


def _added(values: Iterable[Decimal]) -> Decimal:
    found = Decimal(0)
    for value in values:
        found = EXACT.add(found, value)
    return found


def _signed(value: Decimal, currency: str) -> str:
    """A change in the minor unit, with its sign; nothing where there is none at all."""
    if not value:
        return figures.NOTHING
    return ("+" if value > 0 else "") + figures.amount(value, currency)
