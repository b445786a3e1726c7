"""What an issuer asks for beside what its lines sum to (R24, kind `invoice`).

Lines of every layer count, those that are no AI cost too, since an invoice is for all of them.
Invoices are few, so they are compared in Python, in whole numbers.
"""

from collections.abc import Iterable
from decimal import Decimal
from math import isqrt
from typing import NamedTuple

from everyline.config.finance import Invoice
from everyline.engines.duckdb import Engine
from everyline.money import SCALE, minor_digits
from everyline.reconciliation.rows import units

_TABLE = "invoices_tied"
_COLUMNS = {
    "InvoiceIssuerName": "VARCHAR",
    "InvoiceId": "VARCHAR",
    "BillingCurrency": "VARCHAR",
    "x_Period": "VARCHAR",
    "x_Expected": "DECIMAL(38,18)",
    "x_Found": "DECIMAL(38,18)",
    "x_Tolerance": "DECIMAL(38,18)",
    "x_Within": "BOOLEAN",
}
_UNITS_MIN = 100
"""Minor units that an invoice may differ by, however few its lines."""

_Key = tuple[str | None, str, str]


class _Billed(NamedTuple):
    """The lines of one invoice: the earliest month, their sum and how many they are."""

    period: str
    amount: Decimal
    lines: int


def invoices(engine: Engine, groups: str, listed: Iterable[Invoice] | None) -> str:
    """SELECT of the rows of kind `invoice`: one for each invoice that is listed or billed.

    Args:
        engine: where the rows are put into a table.
        groups: SQL of the relation, layer none included.
        listed: None where the project lists none; then there are no rows.
    """
    rows = []
    if listed is not None:
        billed = _billed(engine, groups)
        by_key: dict[_Key, Invoice] = {
            (one.InvoiceIssuerName, one.InvoiceId, one.BillingCurrency): one for one in listed
        }
        rows = [_tied(key, by_key.get(key), billed.get(key)) for key in {**by_key, **billed}]
    engine.table(_TABLE, _COLUMNS, rows)
    return (
        "SELECT 'invoice' AS x_Kind, x_Period, InvoiceIssuerName, InvoiceId, BillingCurrency,"
        " NULL::VARCHAR AS ServiceProviderName, NULL::VARCHAR AS x_Model,"
        " NULL::VARCHAR AS x_Meter, 'BilledCost' AS x_Measure, x_Expected, x_Found,"
        " (coalesce(x_Found, 0) - coalesce(x_Expected, 0))::DECIMAL(38,18) AS x_Difference,"
        f" x_Tolerance, x_Within FROM {_TABLE}"
    )


def _billed(engine: Engine, groups: str) -> dict[_Key, _Billed]:
    rows = engine.rows(
        "SELECT InvoiceIssuerName, InvoiceId, BillingCurrency, min(x_Period),"
        f" sum(BilledCost)::DECIMAL(38,18), sum(x_LineCount)::BIGINT FROM {groups}"
        " WHERE InvoiceId IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    return {(issuer, number, currency): _Billed(*of) for issuer, number, currency, *of in rows}


def _tied(key: _Key, listed: Invoice | None, billed: _Billed | None) -> tuple[object, ...]:
    """The row of one invoice, by `_COLUMNS`; what is missing on one side is never within."""
    expected = listed.amount if listed else None
    found = billed.amount if billed else None
    period = (listed.period if listed else None) or (billed.period if billed else None)
    digits = minor_digits(key[2])
    if digits is None:
        # A currency without minor unit has no lines, which would have stopped the run (R2).
        return *key, period, expected, found, None, False
    square = _tolerance_squared(billed.lines if billed else 0, 10 ** (SCALE - digits))
    within = False
    if listed and billed:
        difference = units(billed.amount) - units(listed.amount)
        within = (2 * difference) ** 2 <= square
    tolerance = Decimal(f"{_half_of_root(square)}E-{SCALE}")
    return *key, period, expected, found, tolerance, within


def _tolerance_squared(lines: int, unit: int) -> int:
    """The square of twice max(100 units, sqrt(lines) x unit / 2), so that nothing is rounded."""
    return int(max((2 * _UNITS_MIN * unit) ** 2, lines * unit**2))


def _half_of_root(square: int) -> int:
    """sqrt(square) / 2, to the nearest whole number, half to even."""
    floor = isqrt(square >> 2)
    middle = (2 * floor + 1) ** 2
    return floor + (square > middle or (square == middle and floor % 2 == 1))
