"""A journal for NetSuite's import of journal entries (CSV).

One External ID is one journal entry: NetSuite refuses a second one of the same. Values of the
header are repeated on each line. Amounts have two decimals and ten digits before them; entries of
more than 1,000 lines are slow to open there, so they are split.
"""

from collections.abc import Sequence
from datetime import date

from everyline.books.journal.entries import Document
from everyline.books.journal.form import Form, Rows, cut

_LINE = "Journal Entry - Line: "
_COLUMNS = (
    "External ID",
    "Date",
    "Posting Period",
    "Subsidiary",
    "Currency",
    "Memo",
    f"{_LINE}Account",
    f"{_LINE}Debit",
    f"{_LINE}Credit",
    f"{_LINE}Department",
    f"{_LINE}Memo",
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DECIMALS = 2
_AMOUNT = 13
_MEMO = 999


def _rows(documents: Sequence[Document], _closed_on: date) -> Rows:
    for document in documents:
        day = document.day
        reverses = f" (document {document.reverses})" if document.reverses else ""
        header = (
            document.id,
            day.isoformat(),
            f"{_MONTHS[day.month - 1]} {day.year:04}",
            document.entity,
            document.currency,
            document.title + reverses,
        )
        for posting in document.postings:
            cells = (
                *header,
                posting.account,
                document.debit(posting, _DECIMALS),
                document.credit(posting, _DECIMALS),
                posting.cost_centre or "",
                cut(posting.text, _MEMO),
            )
            yield document, posting, cells


FORM = Form(
    title="NetSuite",
    columns=_COLUMNS,
    rows=_rows,
    lines_max=1000,
    lengths={f"{_LINE}Debit": _AMOUNT, f"{_LINE}Credit": _AMOUNT},
    decimals_max=_DECIMALS,
)
