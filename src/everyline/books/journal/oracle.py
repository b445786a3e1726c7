"""A journal for Oracle General Ledger: rows of GL_INTERFACE, of Fusion and of E-Business Suite.

All columns that must not be null there are filled, save CREATED_BY of E-Business Suite, which only
the loader knows. The account is SEGMENT1 legal entity, SEGMENT2 cost centre, SEGMENT3 account.
LEDGER_ID is a number of the installation, and is left empty.
"""

from collections.abc import Sequence
from datetime import date

from everyline.books.journal.entries import Document
from everyline.books.journal.form import Form, Rows, cut

_COLUMNS = (
    "STATUS",
    "LEDGER_ID",
    "ACCOUNTING_DATE",
    "USER_JE_SOURCE_NAME",
    "USER_JE_CATEGORY_NAME",
    "CURRENCY_CODE",
    "DATE_CREATED",
    "ACTUAL_FLAG",
    "SEGMENT1",
    "SEGMENT2",
    "SEGMENT3",
    "ENTERED_DR",
    "ENTERED_CR",
    "REFERENCE1",
    "REFERENCE4",
    "REFERENCE5",
    "REFERENCE6",
    "REFERENCE10",
)
# Both are there in every installation.
_SOURCE = "Spreadsheet"
_CATEGORY = "Allocation"
_DAY = "%Y/%m/%d"
_NAME = 100
_TEXT = 240
_SEGMENT = 25


def _rows(documents: Sequence[Document], closed_on: date) -> Rows:
    for document in documents:
        header = (
            "NEW",
            "",
            document.day.strftime(_DAY),
            _SOURCE,
            _CATEGORY,
            document.currency,
            closed_on.strftime(_DAY),
            "A",
            document.entity,
        )
        for posting in document.postings:
            cells = (
                *header,
                posting.cost_centre or "",
                posting.account,
                document.debit(posting),
                document.credit(posting),
                cut(f"everyline {document.period} {document.entity}", _NAME),
                document.id,
                cut(document.title, _TEXT),
                document.reverses or "",
                cut(posting.text, _TEXT),
            )
            yield document, posting, cells


FORM = Form(
    title="Oracle",
    columns=_COLUMNS,
    rows=_rows,
    lengths=dict.fromkeys(("SEGMENT1", "SEGMENT2", "SEGMENT3"), _SEGMENT),
)
