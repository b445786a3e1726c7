"""The relation `reconciliation` (R24): rows of every kind, in one order."""

from collections.abc import Iterable
from decimal import Decimal

from everyline.money import SCALE

SUBJECT = (
    "InvoiceIssuerName",
    "InvoiceId",
    "BillingCurrency",
    "ServiceProviderName",
    "x_Model",
    "x_Meter",
)
"""The columns that say what is compared; a kind fills those that it compares by."""


def reconciliation(kinds: Iterable[str]) -> str:
    """SELECT of the rows of all `kinds`, each a SELECT of its own, sorted by their key."""
    rows = " UNION ALL ".join(f"({kind})" for kind in kinds)
    order = ", ".join(("x_Kind", "x_Period", *SUBJECT, "x_Measure"))
    return f"SELECT * FROM ({rows}) ORDER BY {order}"


def units(amount: Decimal | None) -> int:
    """An amount of at most 18 decimals in whole 10^-18; nothing is 0."""
    numerator, denominator = (amount or Decimal(0)).as_integer_ratio()
    return int(numerator * (10**SCALE // denominator))
