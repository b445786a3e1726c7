"""The small tables: rates, invoices, names, prices, shares, cost centres and approvals."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from everyline.config.cells import (
    CURRENCY,
    MONTH,
    amount,
    check_header,
    filled,
    matching,
    not_understood,
    note_duplicates,
    note_overlaps,
    validities,
)
from everyline.config.reading import Reading
from everyline.config.tables import VALIDITY, Cells, Table, Validity, day_of

LAYERS = ("model", "platform", "data", "none")


class Rate(NamedTuple):
    """Reporting units for one unit of `currency` in `period` (`2026-10`)."""

    place: str
    period: str
    currency: str
    rate: Decimal
    source: str | None


class Invoice(NamedTuple):
    """A listed invoice (R24); `amount` in BillingCurrency, signed; `period` may be left out."""

    place: str
    InvoiceIssuerName: str
    InvoiceId: str
    period: str | None
    BillingCurrency: str
    amount: Decimal


class Spelling(NamedTuple):
    """A spelling of a model or meter, and the name that it stands for (R27)."""

    place: str
    name: str
    stands_for: str


class Price(NamedTuple):
    """The price of one unit of a meter; tier None means any (R11)."""

    place: str
    provider: str
    model: str
    meter: str
    tier: str | None
    validity: Validity
    unit_price: Decimal
    currency: str


class Share(NamedTuple):
    """One receiver of a fixed split: a value for each key, as written, and its percent (R17)."""

    place: str
    values: Cells
    percent: Decimal
    validity: Validity


class FixedShares(NamedTuple):
    """A file of fixed shares: its keys in file order, and a row for each receiver and span."""

    file: str
    keys: tuple[str, ...]
    shares: tuple[Share, ...]


class CostCentre(NamedTuple):
    """Where a value of the lead key is booked; `accounts` maps a layer to an account."""

    place: str
    owner: str
    legal_entity: str
    cost_centre: str
    accounts: Mapping[str, str]
    validity: Validity


class Approval(NamedTuple):
    """Somebody's approval of one period's statements (R25)."""

    place: str
    period: str
    statement_hash: str
    name: str
    date: date


def read_rates(table: Table, reading: Reading) -> tuple[Rate, ...]:
    """Rates by period and currency, each once."""
    if not check_header(table, reading, needed=("period", "currency", "rate"), more=("source",)):
        return ()
    rows = []
    for place, cells in table.named():
        period = matching(reading, cells, "period", place, form=MONTH)
        currency = matching(reading, cells, "currency", place, form=CURRENCY)
        rate = amount(reading, cells, "rate", place)
        if rate is not None and rate <= 0:
            not_understood(reading, ("rate", cells["rate"]), "greater than 0", place)
        elif period and currency and rate:
            rows.append(Rate(place, period, currency, rate, cells.get("source")))
    keyed = (((row.period, row.currency), row.place) for row in rows)
    note_duplicates(table, reading, keyed, what="period and currency")
    return tuple(rows)


def read_invoices(table: Table, reading: Reading) -> tuple[Invoice, ...]:
    """Invoices by issuer, number and currency, each once (R24)."""
    if not check_header(table, reading, needed=Invoice._fields[1:]):
        return ()
    rows = []
    for place, cells in table.named():
        issuer = filled(reading, cells, "InvoiceIssuerName", place)
        number = filled(reading, cells, "InvoiceId", place)
        listed = cells["period"] is not None
        period = matching(reading, cells, "period", place, form=MONTH) if listed else None
        currency = matching(reading, cells, "BillingCurrency", place, form=CURRENCY)
        total = amount(reading, cells, "amount", place)
        if issuer and number and currency and total is not None:
            rows.append(Invoice(place, issuer, number, period, currency, total))
    keyed = (((r.InvoiceIssuerName, r.InvoiceId, r.BillingCurrency), r.place) for r in rows)
    note_duplicates(table, reading, keyed, what="invoice")
    return tuple(rows)


def read_models(table: Table, reading: Reading) -> tuple[Spelling, ...]:
    """Spellings of models, each once, compared trimmed and case-folded."""
    return _spellings(table, reading, "x_Model")


def read_meters(table: Table, reading: Reading) -> tuple[Spelling, ...]:
    """Spellings of meters, each once, compared trimmed and case-folded."""
    return _spellings(table, reading, "x_Meter")


def _spellings(table: Table, reading: Reading, column: str) -> tuple[Spelling, ...]:
    if not check_header(table, reading, needed=("name", column)):
        return ()
    rows = []
    for place, cells in table.named():
        name = filled(reading, cells, "name", place)
        stands_for = filled(reading, cells, column, place)
        if name and stands_for:
            rows.append(Spelling(place, name, stands_for))
    note_duplicates(table, reading, ((r.name.casefold(), r.place) for r in rows), what="name")
    return tuple(rows)


def read_prices(table: Table, reading: Reading) -> tuple[Price, ...]:
    """Prices; a row without end is ended by the next `valid_from` of the same meter and tier."""
    needed = ("ServiceProviderName", "x_Model", "x_Meter", "unit_price", "currency")
    if not check_header(table, reading, needed=needed, more=("x_Tier", *VALIDITY)):
        return ()
    validity = validities(table, reading)
    rows = []
    for row, (place, cells) in zip(table.rows, table.named(), strict=True):
        names = [filled(reading, cells, column, place) for column in needed[:3]]
        price = amount(reading, cells, "unit_price", place)
        currency = matching(reading, cells, "currency", place, form=CURRENCY)
        if price is not None and price < 0:
            not_understood(reading, ("unit_price", cells["unit_price"]), "0 or more", place)
        elif all(names) and price is not None and currency:
            provider, model, meter = (str(name) for name in names)
            tier = cells.get("x_Tier")
            rows.append(Price(place, provider, model, meter, tier, validity(row), price, currency))
    keyed = (((*row[1:5], row.validity.start), row.place) for row in rows)
    note_duplicates(table, reading, keyed, what="price")
    return tuple(rows)


def read_shares(table: Table, reading: Reading) -> FixedShares:
    """A file of fixed shares; their sum is checked with the pool."""
    keys = tuple(name for name in table.header if name in reading.keys)
    more = (*reading.keys, *VALIDITY)
    if not check_header(table, reading, needed=("share",), more=more):
        return FixedShares(table.file, keys, ())
    validity = validities(table, reading, monthly=True)
    rows, spans = [], []
    for row, (place, cells) in zip(table.rows, table.named(), strict=True):
        percent = amount(reading, cells, "share", place)
        if percent is not None and percent < 0:
            not_understood(reading, ("share", cells["share"]), "0 or more", place)
        elif percent is not None:
            values = tuple(cells[key] for key in keys)
            rows.append(Share(place, values, percent, validity(row)))
            spans.append((values, rows[-1].validity, row.line))
    note_overlaps(table, reading, spans, what="receiver")
    return FixedShares(table.file, keys, tuple(rows))


def read_cost_centres(table: Table, reading: Reading) -> tuple[CostCentre, ...]:
    """The chart of accounts: one row for each value of the lead key and span of months."""
    lead = reading.keys[0] if reading.keys else "team"
    needed = (lead, "legal_entity", "cost_centre")
    layers = [layer for layer in LAYERS if f"account_{layer}" in table.header]
    more = (*(f"account_{layer}" for layer in LAYERS), *VALIDITY)
    if not check_header(table, reading, needed=needed, more=more):
        return ()
    validity = validities(table, reading, monthly=True)
    rows, spans = [], []
    for row, (place, cells) in zip(table.rows, table.named(), strict=True):
        owner, entity, centre = (filled(reading, cells, column, place) for column in needed)
        accounts = {layer: t for layer in layers if (t := cells[f"account_{layer}"]) is not None}
        if owner and entity and centre:
            rows.append(CostCentre(place, owner, entity, centre, accounts, validity(row)))
            spans.append((owner, rows[-1].validity, row.line))
    note_overlaps(table, reading, spans, what=f"`{lead}`")
    return tuple(rows)


def read_approvals(table: Table, reading: Reading) -> tuple[Approval, ...]:
    """Approvals of statements."""
    if not check_header(table, reading, needed=Approval._fields[1:]):
        return ()
    rows = []
    for place, cells in table.named():
        period = matching(reading, cells, "period", place, form=MONTH)
        texts = [filled(reading, cells, column, place) for column in ("statement_hash", "name")]
        day = day_of(cells["date"] or "")
        if day is None:
            not_understood(reading, ("date", cells["date"]), "a day like `2026-11-05`", place)
        elif period and all(texts):
            rows.append(Approval(place, period, str(texts[0]), str(texts[1]), day))
    return tuple(rows)
