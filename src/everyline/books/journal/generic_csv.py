"""A journal as a plain table: every fact of it in a column of its own, for mapping."""

from collections.abc import Sequence
from datetime import date

from everyline.books.journal.entries import Document
from everyline.books.journal.form import Form, Rows

_COLUMNS = (
    "Document",
    "LegalEntity",
    "JournalDate",
    "Period",
    "Corrects",
    "Reverses",
    "Currency",
    "HeaderComment",
    "Line",
    "AccountNumber",
    "CostCentre",
    "Owner",
    "DebitAmount",
    "CreditAmount",
    "LineComment",
)


def _rows(documents: Sequence[Document], _closed_on: date) -> Rows:
    for document in documents:
        for line, posting in enumerate(document.postings, 1):
            cells = (
                document.id,
                document.entity,
                document.day.isoformat(),
                document.period,
                document.corrects or "",
                document.reverses or "",
                document.currency,
                document.title,
                str(line),
                posting.account,
                posting.cost_centre or "",
                posting.owner or "",
                document.debit(posting),
                document.credit(posting),
                posting.text,
            )
            yield document, posting, cells


FORM = Form(title="the plain table", columns=_COLUMNS, rows=_rows)
