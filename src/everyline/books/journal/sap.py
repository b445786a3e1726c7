"""A journal for SAP: what BAPI_ACC_DOCUMENT_POST takes, header and item on one line.

A document has at most 999 items. REF_DOC_NO tells documents apart and is the reference (XBLNR) by
which a second posting is recognised. AMT_DOCCUR is signed, as the BAPI wants it: a debit above 0,
a credit below.
"""

from collections.abc import Sequence
from datetime import date

from everyline.books.journal.entries import Document, amount
from everyline.books.journal.form import Form, Rows, cut

_COLUMNS = (
    "REF_DOC_NO",
    "COMP_CODE",
    "DOC_TYPE",
    "DOC_DATE",
    "PSTNG_DATE",
    "HEADER_TXT",
    "ITEMNO_ACC",
    "GL_ACCOUNT",
    "COSTCENTER",
    "CURRENCY",
    "AMT_DOCCUR",
    "ALLOC_NMBR",
    "ITEM_TEXT",
)
_TYPE = "SA"
_TITLE = 25
_TEXT = 50


def _rows(documents: Sequence[Document], _closed_on: date) -> Rows:
    for document in documents:
        day = document.day.strftime("%Y%m%d")
        title = cut(f"AI cost {document.corrects or document.period}", _TITLE)
        header = (document.id, document.entity, _TYPE, day, day, title)
        for item, posting in enumerate(document.postings, 1):
            cells = (
                *header,
                str(item),
                posting.account,
                posting.cost_centre or "",
                document.currency,
                f"{amount(posting.units, document.digits):f}",
                document.reverses or "",
                cut(posting.text, _TEXT),
            )
            yield document, posting, cells


FORM = Form(
    title="SAP",
    columns=_COLUMNS,
    rows=_rows,
    lines_max=999,
    lengths={"COMP_CODE": 4, "GL_ACCOUNT": 10, "COSTCENTER": 10, "CURRENCY": 5},
    decimals_max=4,
)
