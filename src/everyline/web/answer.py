"""A page in the form that was asked for: HTML, or its table as CSV, XLSX or JSON."""

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from everyline import figures
from everyline.drawing import macros
from everyline.exports import spreadsheet
from everyline.exports.markup import plain
from everyline.web.asked import Ask, Refused, at
from everyline.web.fresh import chips, moment
from everyline.web.grid import Cell, Grid, Head, Value, decimal
from everyline.web.page import Page

HERE = Path(__file__).parent
TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_EXACT_DIGITS = 15
_DECIMALS: Mapping[str, int] = {"quantity": 3, "fine": 9}
_NAME_MAX = 31


@cache
def templates() -> jinja2.Environment:
    """The templates; what is no markup is escaped, and marks that no page should obey spelt out."""
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(HERE.joinpath("templates")), macros.loader()]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {"cell": shown, "said": said, "at": at, "plain": plain}
    made.globals |= {"figures": figures, "month": month, "chips": chips, "moment": moment}
    made.globals["filed"] = None
    return macros.install(made)


def _shown(value: Any) -> Any:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def html(page: Page, ask: Ask, frame: Mapping[str, object]) -> bytes:
    """The page as HTML; `frame` is what is around every page."""
    template = templates().get_template(page.template)
    return template.render(page=page, ask=ask, **page.content, **frame).encode()


def table_of(page: Page, ask: Ask) -> Grid:
    """The table that files are asked of.

    Raises:
        Refused: the page has none, or none of that name.
    """
    found = page.table(ask.table)
    if found is None:
        known = ", ".join(f"`{grid.name}`" for grid in page.tables)
        raise Refused(400, "the page has no such table", f"it has {known}" if known else "")
    return found


def as_csv(grid: Grid) -> bytes:
    """The rows with every digit, no thousands separators, nulls empty; without the total."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    heads = [n for n, head in enumerate(grid.heads) if head.kind != "bar"]
    writer.writerow([*(grid.heads[n].name for n in heads), *_currency_head(grid)])
    for row in grid.rows:
        writer.writerow([*(_data(row[n].value) for n in heads), *_currency_cell(grid)])
    return out.getvalue().encode()


def as_json(grid: Grid) -> bytes:
    """The same as objects; amounts are text."""
    rows = [
        {
            head.name: cell.value if isinstance(cell.value, (bool, int)) else _or_none(cell.value)
            for head, cell in zip(grid.heads, row, strict=True)
            if head.kind != "bar"
        }
        | ({"BillingCurrency": grid.currency} if grid.currency else {})
        for row in grid.rows
    ]
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode()


def as_xlsx(grid: Grid) -> bytes:
    """The same as a workbook; sums below are formulas. What a cell can't hold exactly is text."""
    heads = [n for n, head in enumerate(grid.heads) if head.kind != "bar"]
    sheet = spreadsheet.Sheet(grid.name[:_NAME_MAX], figures.digits_of(grid.currency or ""))
    names = [n for n in heads if not grid.heads[n].is_figure]
    sheet.widths(max(1, len(names)), max(1, len(heads) - len(names)))
    sheet.heads(*(grid.heads[n].name for n in heads), *_currency_head(grid))
    sheet.freeze()
    for row in grid.rows:
        for column, n in enumerate(heads):
            _put(sheet, column, row[n].value)
        for column, text in enumerate(_currency_cell(grid), len(heads)):
            sheet.text(column, text)
        sheet.row += 1
    return spreadsheet.workbook(grid.caption, "2000-01-01", [sheet])


def _put(sheet: spreadsheet.Sheet, column: int, value: Value) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal) and len(figures.exact(value).strip("-").replace(".", "")) <= (
        _EXACT_DIGITS
    ):
        sheet.number(column, value)
    else:
        sheet.text(column, _or_none(value))


def month(period: str) -> str:
    """A month in words: `October 2026`."""
    year, _, number = period.partition("-")
    return f"{_MONTHS[int(number) - 1]} {year}"


def shown(cell: Cell, head: Head, grid: Grid) -> str:
    """A value as a page has it."""
    value, currency = cell.value, grid.currency or ""
    if cell.shown is not None:
        return cell.shown
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return figures.percent(value)
    if isinstance(value, Decimal):
        if head.kind == "money":
            return figures.amount(value, currency)
        if head.kind == "change":
            return figures.change(value, currency)
        if head.kind in _DECIMALS:
            return figures.rounded(value, _DECIMALS[head.kind])
        return figures.exact(value).replace("-", figures.MINUS)
    return f"{value:,}".replace("-", figures.MINUS) if isinstance(value, int) else value


def said(text: str) -> Markup:
    """A sentence of ours: what stands in backticks is code."""
    parts = [escape(plain(part)) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts)
    )


def _data(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        return str(decimal(value))
    return figures.exact(value) if isinstance(value, Decimal) else str(value)


def _or_none(value: Value) -> str | None:
    return None if value is None else _data(value)


def _currency_head(grid: Grid) -> list[str]:
    return ["BillingCurrency"] if grid.currency else []


def _currency_cell(grid: Grid) -> list[str]:
    return [grid.currency] if grid.currency else []


def linked(cell: Cell, head: Head, grid: Grid) -> Markup:
    """A cell's text, as a link where it leads somewhere."""
    text = escape(plain(shown(cell, head, grid)))
    return text if cell.href is None else Markup('<a href="{}">{}</a>').format(cell.href, text)
