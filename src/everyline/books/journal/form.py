"""The form of a journal that a system imports: its columns, its limits, its text."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from everyline.books.journal.entries import Document, Posting, amount
from everyline.problems import Problem

Rows = Iterable[tuple[Document, Posting, Sequence[str]]]
"""A posting, the document that it stands in, and its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form.

    Attributes:
        title: how sentences call the system.
        columns: the header.
        rows: the cells of each posting, given all documents and the day of the close.
        lines_max: how many lines a document may have; None for any number.
        lengths: by column, how many characters the system takes. What identifies is never cut.
        decimals_max: of an amount; None for any number.
        separator: the sign between account and cost centre in one cell, which neither may have.
        one_entity: whether a file is imported into a single legal entity.
    """

    title: str
    columns: tuple[str, ...]
    rows: Callable[[Sequence[Document], date], Rows]
    lines_max: int | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)
    decimals_max: int | None = None
    separator: str | None = None
    one_entity: bool = False


class _TooMuch(NamedTuple):
    """A cell, or a currency's decimals, that a system does not take."""

    what: str
    subject: str
    period: str
    currency: str
    digits: int


def written(
    form: Form, documents: Sequence[Document], closed_on: date
) -> tuple[str, list[Problem]]:
    """The journal as CSV with a header, and what the system would not take.

    A journal with problems is of no use: what is too long stands in it as it is.
    """
    text, found, places = io.StringIO(), Counter[_TooMuch](), dict[_TooMuch, str]()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(form.columns)
    for document, posting, cells in form.rows(documents, closed_on):
        table.writerow(cells)
        for what, subject in _too_much(form, document, posting, cells):
            about = (document.period, document.currency, document.digits)
            one = _TooMuch(what, subject, *about)
            # The other side of a document, on clearing, is the same amount once more.
            if places.setdefault(one, posting.place) == posting.place:
                found[one] += abs(posting.units)
    return text.getvalue(), [_problem(one, places[one], units) for one, units in found.items()]


def cut(text: str, length: int) -> str:
    """A text for people, on one line and no longer than that; never used for what identifies."""
    return " ".join(text.split())[:length]


def _too_much(
    form: Form, document: Document, posting: Posting, cells: Sequence[str]
) -> Iterable[tuple[str, str]]:
    """What the system does not take, in words, and the value that it is about."""
    for column, cell in zip(form.columns, cells, strict=True):
        most = form.lengths.get(column, len(cell))
        if len(cell) > most:
            what = f"`{cell}` has {len(cell)} characters, and {form.title} takes {most}"
            yield f"{what} in {column}", cell
    if form.decimals_max is not None and document.digits > form.decimals_max:
        what = f"{document.currency} has {document.digits} decimals, and {form.title} takes"
        yield f"{what} {form.decimals_max}", document.currency
    for name in (posting.account, posting.cost_centre):
        if form.separator is not None and form.separator in (name or ""):
            what = f"`{name}` has the sign `{form.separator}`, by which {form.title} tells"
            yield f"{what} account and cost centre apart", name or ""


def _problem(found: _TooMuch, place: str, units: int) -> Problem:
    return Problem(
        name="journal-cannot-say",
        level="configuration",
        sentence=found.what,
        place=place,
        subject=found.subject,
        period=found.period,
        currency=found.currency,
        cost=amount(units, found.digits),
        hint="write what the system knows it by, or ask for another form with `--as`",
    )
