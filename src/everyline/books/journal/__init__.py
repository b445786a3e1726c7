"""The journal (R25): the booked lines of a closed month as double entry that an ERP imports.

In: booked lines and the chart of accounts. Out: CSV of balanced documents. Grain: one owner, layer
and corrected month in a document of one legal entity and currency. Conserves: the cost of owners,
in minor units; debits equal credits in every document.
"""

from collections.abc import Mapping

from everyline.books.journal import dynamics, generic_csv, netsuite, oracle, sap
from everyline.books.journal.form import Form

FORMS: Mapping[str, Form] = {
    "generic": generic_csv.FORM,
    "netsuite": netsuite.FORM,
    "oracle": oracle.FORM,
    "dynamics": dynamics.FORM,
    "sap": sap.FORM,
}
"""The forms, by the name that `--as` and the setting `format` take."""
