"""What was expected and what was found: invoices and usage (R24)."""

from collections.abc import Iterable, Mapping, Sequence
from math import isqrt
from typing import Any

from oracle import tables
from oracle.amounts import units
from oracle.settings import Project, table

Row = dict[str, Any]
Key = tuple[Any, ...]

SUBJECT = ("ServiceProviderName", "x_Model", "x_Meter")
MEASURES = ("ConsumedQuantity", "ListCost")


def rows(project: Project, lines: Sequence[Row], usage: Sequence[Row]) -> list[Row]:
    """The relation `reconciliation`; amounts in units of 10^-18."""
    return [*_invoices(project, lines), *_usage(project, lines, usage)]


def _usage(project: Project, lines: Iterable[Row], usage: Iterable[Row]) -> Iterable[Row]:
    """Two rows for each provider, period, currency, model and meter that was billed."""
    billed: dict[Key, dict[str, int | None]] = {}
    for line in lines:
        if line["x_Layer"] != "none" and line.get("x_Model") and line.get("x_Meter"):
            key: Key = (line["x_Period"], line["BillingCurrency"])
            key += tuple(line.get(name) for name in SUBJECT)
            total = billed.setdefault(key, dict.fromkeys(MEASURES))
            _add(total, "ConsumedQuantity", _single(line, "ConsumedQuantity", "ConsumedUnit"))
            _add(total, "ListCost", line["ListCost"])
    left_out = {
        source["name"]
        for source in project.settings.get("usage", ())
        if source.get("reconcile") == "false"
    }
    counted = [row for row in usage if row["x_Source"] not in left_out]
    for (period, currency, *subject), expected in billed.items():
        seen: dict[str, int | None] = dict.fromkeys(MEASURES)
        for row in counted:
            same = [row[name] for name in SUBJECT] == subject
            if same and row["hour"].strftime("%Y-%m") == period:
                _add(seen, "ConsumedQuantity", _single(row, "x_Quantity", "x_Unit"))
                if row["x_EstimatedCurrency"] == currency:
                    _add(seen, "ListCost", row["x_EstimatedCost"])
        about = dict(zip(SUBJECT, subject, strict=True))
        about = {"x_Kind": "usage", "x_Period": period, "BillingCurrency": currency} | about
        for measure in MEASURES:
            yield _row(about, measure, expected[measure], seen[measure])


def _single(row: Row, quantity: str, unit: str) -> int | None:
    """A quantity in single units; null stays null."""
    amount = row.get(quantity)
    return amount * tables.single(row[unit])[1] if amount is not None else None


def _add(total: dict[str, int | None], name: str, amount: int | None) -> None:
    if amount is not None:
        total[name] = (total[name] or 0) + amount


def _row(about: Row, measure: str, expected: int | None, found: int | None) -> Row:
    return about | {
        "x_Measure": measure,
        "x_Expected": expected,
        "x_Found": found,
        "x_Difference": (found or 0) - (expected or 0),
        "x_Tolerance": None,
        "x_Within": None,
    }


def _invoices(project: Project, lines: Iterable[Row]) -> Iterable[Row]:
    """A row for each invoice that is listed or billed; none where no list is given."""
    if "invoices" not in project.settings:
        return
    billed: dict[Key, list[Row]] = {}
    for line in lines:
        if line.get("InvoiceId"):
            key = (line.get("InvoiceIssuerName"), line["InvoiceId"], line["BillingCurrency"])
            billed.setdefault(key, []).append(line)
    listed: dict[Key, Mapping[str, str]] = {}
    for _, cells in table(project.folder, project.settings["invoices"])[1]:
        key = (cells["InvoiceIssuerName"], cells["InvoiceId"], cells["BillingCurrency"])
        listed[key] = cells
    for key in listed | billed:
        yield _invoice(key, listed.get(key, {}), billed.get(key, []))


def _invoice(key: Key, cells: Mapping[str, str], lines: Sequence[Row]) -> Row:
    periods = [line["x_Period"] for line in lines]
    about = dict(zip(("InvoiceIssuerName", "InvoiceId", "BillingCurrency"), key, strict=True))
    about |= {"x_Kind": "invoice", "x_Period": cells.get("period") or min(periods, default=None)}
    expected = units(cells["amount"]) if cells else None
    found = sum(line["BilledCost"] for line in lines) if lines else None
    row = _row(about, "BilledCost", expected, found)
    minor = 10 ** (18 - tables.minor_digits()[key[2]])
    # The square of twice the tolerance, so that nothing is rounded.
    square = max((200 * minor) ** 2, len(lines) * minor**2)
    row["x_Tolerance"] = _half_of_root(square)
    row["x_Within"] = bool(cells and lines) and (2 * row["x_Difference"]) ** 2 <= square
    return row


def _half_of_root(square: int) -> int:
    """sqrt(square) / 2, to the nearest integer, half to even."""
    floor = isqrt(square // 4)
    half = (2 * floor + 1) ** 2  # the square of twice the middle between floor and the next
    return floor + (square > half or (square == half and floor % 2 == 1))
