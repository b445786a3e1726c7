"""A journal for Dynamics 365 Finance: lines of the entity General journal (LedgerJournalEntity).

A document is a voucher of at most 10 lines; vouchers fill batches of at most 10,000 lines. The
entity knows no transactions between companies, so a file is of one legal entity. The account is
main account and cost centre, as in the example of the entity's documentation; the owner is a
financial tag.
"""

from collections.abc import Sequence
from datetime import date

from everyline.books.journal.entries import Document
from everyline.books.journal.form import Form, Rows, cut

_COLUMNS = (
    "JOURNALBATCHNUMBER",
    "LINENUMBER",
    "JOURNALNAME",
    "DESCRIPTION",
    "ACCOUNTTYPE",
    "ACCOUNTDISPLAYVALUE",
    "FINTAGDISPLAYVALUE",
    "TRANSDATE",
    "VOUCHER",
    "CURRENCYCODE",
    "DEBITAMOUNT",
    "CREDITAMOUNT",
    "DOCUMENT",
    "TEXT",
)
_JOURNAL = "GenJrn"
_BATCH_LINES = 10_000
_TEXT = 60
_SEPARATOR = "-"


def _rows(documents: Sequence[Document], _closed_on: date) -> Rows:
    batch, line = "", _BATCH_LINES
    for document in documents:
        if line + len(document.postings) > _BATCH_LINES:
            batch, line = document.id, 0
        for posting in document.postings:
            line += 1
            cells = (
                batch,
                str(line),
                _JOURNAL,
                f"AI cost {document.period}",
                "Ledger",
                f"{posting.account}{_SEPARATOR}{posting.cost_centre or ''}",
                posting.owner or "",
                document.day.isoformat(),
                document.id,
                document.currency,
                document.debit(posting),
                document.credit(posting),
                document.reverses or "",
                cut(posting.text, _TEXT),
            )
            yield document, posting, cells


FORM = Form(
    title="Dynamics",
    columns=_COLUMNS,
    rows=_rows,
    lines_max=10,
    separator=_SEPARATOR,
    one_entity=True,
)
