"""Why an invoice is not what telemetry and prices say: three ways to one amount, cause by cause.

Metered quantity times list price, then the lines of the bill, then what the invoice asks for. Each
step leaves a difference that has a name; the rows of one invoice sum to what it asks for, exactly.
A *cell* is what both sides can tell apart: month, provider, model and meter. Amounts and quantities
are whole 10^-18; a quotient is rounded half-even once, and what that leaves stays in the price.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from everyline.engines.duckdb import Engine, literal
from everyline.money import SCALE, split
from everyline.reconciliation.rows import units
from everyline.units import unit

METERED, NOT_METERED = "metered", "not_metered"
CAUSES = (
    "billed_not_seen",
    "seen_not_billed",
    "price",
    "discount_credit",
    "currency",
    "unexplained",
)
"""What a difference is put down to; `metered` and `not_metered` are what was expected."""

Rate = Callable[[str, str, str], Fraction | None]
"""Of a month: units of the second currency for one of the first; None where it is not known."""

_TABLE = "causes_"
_COLUMNS = {
    "x_Period": "VARCHAR",
    "InvoiceIssuerName": "VARCHAR",
    "InvoiceId": "VARCHAR",
    "BillingCurrency": "VARCHAR",
    "x_LinePeriod": "VARCHAR",
    "ServiceProviderName": "VARCHAR",
    "ServiceName": "VARCHAR",
    "x_Model": "VARCHAR",
    "x_Meter": "VARCHAR",
    "ChargeCategory": "VARCHAR",
    "x_Cause": "VARCHAR",
    "x_Amount": "DECIMAL(38,18)",
    "x_BilledQuantity": "DECIMAL(38,18)",
    "x_SeenQuantity": "DECIMAL(38,18)",
    "x_LineCount": "BIGINT",
}

_Invoice = tuple[str | None, str | None, str]
"""Issuer, InvoiceId and currency; lines that are not invoiced have no InvoiceId."""
_Cell = tuple[str, str | None, str | None, str | None]
"""Month, provider, model and meter."""


class Sources(NamedTuple):
    """What the three ways are read from.

    Attributes:
        groups: SQL of the relation.
        usage: SQL of the relation.
        reconciliation: SQL of the relation.
        left_out: names of usage sources that do not count (`reconcile: false`).
        rate: what an amount in one currency is in another.
    """

    groups: str
    usage: str
    reconciliation: str
    left_out: Sequence[str]
    rate: Rate


class _Line(NamedTuple):
    """Lines of one invoice that are alike; `quantity` is in single units, 0 where there is none.

    A `kind` is `cell`, `credit` or `other`; only cells are compared with telemetry.
    """

    period: str
    invoice: _Invoice
    provider: str | None
    service: str | None
    model: str | None
    meter: str | None
    category: str | None
    kind: str
    unit: str | None
    billed: int
    listed: int
    quantity: int
    line_count: int

    @property
    def cell(self) -> _Cell:
        """What telemetry would call it."""
        return self.period, self.provider, self.model, self.meter

    def cause(self, name: str, amount: int, beside: "_Beside | None" = None) -> "_Cause":
        """A row about these lines."""
        about = (self.provider, self.service, self.model, self.meter, self.category)
        seen = beside or _Beside(None, None)
        return _Cause(self.invoice, self.period, about, name, amount, *seen, self.line_count)


class _Beside(NamedTuple):
    """Quantity as billed, None where it can't be compared, beside the quantity seen."""

    billed: int | None
    seen: int | None


class _Seen(NamedTuple):
    """What telemetry saw of a cell.

    Attributes:
        units: names of units, as they are compared.
        cost: at list price, by currency, as far as prices are known.
        is_priced: whether all of the quantity has a price.
    """

    quantity: int
    units: Set[str]
    cost: Mapping[str, int]
    is_priced: bool


_NOTHING = _Seen(0, frozenset(), {}, True)


class _Cause(NamedTuple):
    """One row of the relation, but for the month of its invoice."""

    invoice: _Invoice
    line_period: str | None
    about: tuple[str | None, ...]
    name: str
    amount: int
    billed: int | None = None
    seen: int | None = None
    line_count: int = 0


class _Tied(NamedTuple):
    """An invoice of `reconciliation`; what it lists and what its lines sum to, where there are."""

    period: str | None
    listed: int | None
    billed: int | None


def causes(engine: Engine, sources: Sources) -> str:
    """SQL of the relation `causes`, to select from; its rows lie in a table."""
    seen = _seen(engine, sources)
    lines = _lines(engine, sources.groups, {provider for _, provider, _, _ in seen})
    tied = _tied(engine, sources.reconciliation)
    months: dict[_Invoice, str | None] = {}
    for line in sorted(lines, key=lambda line: line.period):
        months.setdefault(line.invoice, line.period)
    months |= {invoice: one.period for invoice, one in tied.items()}
    rows = []
    for cause in (*_of_lines(lines, seen, sources.rate), *_of_invoices(tied, sources.rate)):
        month = months[cause.invoice] if cause.invoice[1] else cause.line_period
        figures = [_decimal(each) for each in (cause.amount, cause.billed, cause.seen)]
        about = (month, *cause.invoice, cause.line_period, *cause.about)
        rows.append((*about, cause.name, *figures, cause.line_count))
    engine.table(_TABLE, _COLUMNS, rows)
    return _TABLE


# What there is


def _seen(engine: Engine, sources: Sources) -> dict[_Cell, _Seen]:
    names = ", ".join(literal(name) for name in sources.left_out) or "NULL"
    rows = engine.rows(
        "SELECT strftime(hour, '%Y-%m'), ServiceProviderName, x_Model, x_Meter, x_Unit,"
        " x_EstimatedCurrency, sum(x_Quantity)::DECIMAL(38,18),"
        " sum(x_EstimatedCost)::DECIMAL(38,18),"
        " bool_or(x_EstimatedCost IS NULL AND x_Quantity > 0)"
        f" FROM {sources.usage} WHERE x_Source NOT IN ({names}) IS NOT FALSE"
        " AND x_Model IS NOT NULL AND x_Meter IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    found: dict[_Cell, _Seen] = {}
    for *about, measured, currency, quantity, cost, is_unpriced in rows:
        cell = _cell(about)
        before = found.get(cell, _NOTHING)
        costs = dict(before.cost)
        if cost is not None:
            costs[currency] = costs.get(currency, 0) + units(cost)
        found[cell] = _Seen(
            before.quantity + units(quantity),
            before.units | {unit(measured or "").name},
            costs,
            before.is_priced and not is_unpriced,
        )
    return found


def _cell(values: Sequence[Any]) -> _Cell:
    period, provider, model, meter = values
    return period, provider, model, meter


def _lines(engine: Engine, groups: str, watched: Set[str | None]) -> list[_Line]:
    """Lines by what tells them apart; a cell if the provider is one that telemetry watches."""
    rows = engine.rows(
        "SELECT x_Period, InvoiceIssuerName, InvoiceId, BillingCurrency, ServiceProviderName,"
        " ServiceName, x_Model, x_Meter, ChargeCategory,"
        " CASE WHEN x_Layer = 'none' THEN 'other'"
        " WHEN ChargeCategory IN ('Credit', 'Adjustment') OR ChargeClass = 'Correction'"
        " THEN 'credit' WHEN x_Model IS NOT NULL AND x_Meter IS NOT NULL THEN 'cell'"
        " ELSE 'other' END, ConsumedUnit, sum(BilledCost)::DECIMAL(38,18),"
        " sum(ListCost)::DECIMAL(38,18), sum(ConsumedQuantity)::DECIMAL(38,18),"
        f" sum(x_LineCount)::BIGINT FROM {groups} WHERE x_Basis <> 'estimated'"
        " GROUP BY ALL ORDER BY ALL"
    )
    sums: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for *about, measured, billed, listed, quantity, count in rows:
        of = unit(measured) if measured else None
        alike = (*about, of.name if of else None)
        times = of.multiple if of else 1
        figures = (units(billed), units(listed), units(quantity) * times, count)
        before = sums.get(alike, (0, 0, 0, 0))
        sums[alike] = tuple(one + more for one, more in zip(before, figures, strict=True))
    found = []
    for (period, issuer, number, currency, *about), total in sums.items():
        line = _Line._make((period, (issuer, number, currency), *about, *total))
        is_watched = line.kind != "cell" or line.provider in watched
        found.append(line if is_watched else line._replace(kind="other"))
    return found


def _tied(engine: Engine, reconciliation: str) -> dict[_Invoice, _Tied]:
    rows = engine.rows(
        "SELECT InvoiceIssuerName, InvoiceId, BillingCurrency, x_Period, x_Expected, x_Found"
        f" FROM {reconciliation} WHERE x_Kind = 'invoice' ORDER BY ALL"
    )
    return {
        (issuer, number, currency): _Tied(
            period,
            None if listed is None else units(listed),
            None if billed is None else units(billed),
        )
        for issuer, number, currency, period, listed, billed in rows
    }


# What follows from it


def _of_lines(lines: Iterable[_Line], seen: Mapping[_Cell, _Seen], rate: Rate) -> Iterator[_Cause]:
    """Rows of all lines, which sum to their BilledCost, and of what no line is about."""
    cells: defaultdict[_Cell, list[_Line]] = defaultdict(list)
    for line in lines:
        if line.kind == "cell":
            cells[line.cell].append(line)
        elif line.kind == "credit":
            yield line.cause("discount_credit", line.billed)
        else:
            yield line.cause(NOT_METERED, line.billed)
    for cell, found in cells.items():
        yield from _of_cell(found, seen.get(cell, _NOTHING), rate)
    for cell in seen.keys() - cells.keys():
        yield from _on_no_bill(cell, seen[cell])


def _of_cell(lines: Sequence[_Line], seen: _Seen, rate: Rate) -> Iterator[_Cause]:
    """Rows of the lines of one cell.

    What was seen is theirs by their billed quantity; where that can't be compared, by ListCost.
    """
    is_compared = all(line.quantity > 0 and {line.unit} == seen.units for line in lines)
    weights = {
        str(at): line.quantity if is_compared else max(line.listed, 0)
        for at, line in enumerate(lines)
    }
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    quantities = split(seen.quantity, weights)
    for at, line in enumerate(lines):
        quantity = quantities.get(str(at), 0)
        valued = _valued(seen, line, rate)
        if not seen.quantity:
            metered, steps = 0, {"billed_not_seen": line.listed}
        elif is_compared:
            metered, steps = _compared(line, quantity, seen.quantity, valued)
        elif valued is None:
            yield line.cause(NOT_METERED, line.billed)
            continue
        else:
            metered = split(valued.amount, weights).get(str(at), 0)
            # No common unit: whether quantity or price differs can't be told.
            steps = {"unexplained": line.listed - metered}
        is_shown = line.quantity and (is_compared or not seen.quantity)
        beside = _Beside(line.quantity if is_shown else None, quantity)
        yield line.cause(METERED, metered, beside)
        steps["discount_credit"] = line.billed - line.listed
        yield from (line.cause(*step, beside) for step in steps.items() if step[1])


class _Valued(NamedTuple):
    """List cost of all that was seen of a cell, in a bill's currency."""

    amount: int
    is_converted: bool


def _compared(
    line: _Line, quantity: int, whole: int, valued: _Valued | None
) -> tuple[int, dict[str, int]]:
    """What was metered of a line, and the steps from there to its ListCost.

    Args:
        line: whose quantity is in the unit of what was seen.
        quantity: the part of `whole` that is its.
        whole: all that was seen of the cell.
        valued: what that costs at list price, where it is known.
    """
    more = "billed_not_seen" if line.quantity > quantity else "seen_not_billed"
    if valued is None:
        # Without a price, the quantity that was seen costs what the bill's own lists.
        metered = round(Fraction(quantity * line.listed, line.quantity))
        return metered, {more: line.listed - metered}
    metered = round(Fraction(quantity * valued.amount, whole))
    at_price = round(Fraction(line.quantity * valued.amount, whole))
    price = "currency" if valued.is_converted else "price"
    return metered, {more: at_price - metered, price: line.listed - at_price}


def _valued(seen: _Seen, line: _Line, rate: Rate) -> _Valued | None:
    """None where a price or a rate is not known."""
    currency = line.invoice[2]
    rates = {
        one: Fraction(1) if one == currency else rate(line.period, one, currency)
        for one, cost in seen.cost.items()
        if cost
    }
    known = {one: factor for one, factor in rates.items() if factor is not None}
    if not seen.is_priced or len(known) < len(rates):
        return None
    total = sum((seen.cost[one] * factor for one, factor in known.items()), Fraction(0))
    return _Valued(round(total), known.keys() - {currency} != set())


def _on_no_bill(cell: _Cell, seen: _Seen) -> Iterator[_Cause]:
    """Two rows, which sum to nothing, of usage that no line is about; none without a price."""
    period, provider, model, meter = cell
    about = (provider, None, model, meter, None)
    for currency, cost in seen.cost.items():
        for name, amount in ((METERED, cost), ("seen_not_billed", -cost)):
            if cost:
                yield _Cause((None, None, currency), period, about, name, amount, 0, seen.quantity)


def _of_invoices(tied: Mapping[_Invoice, _Tied], rate: Rate) -> Iterator[_Cause]:
    """What is left between the lines of an invoice and its amount."""
    alone: defaultdict[tuple[str | None, str | None], list[_Invoice]] = defaultdict(list)
    for invoice, one in tied.items():
        if one.listed is None or one.billed is None:
            alone[invoice[:2]].append(invoice)
    nothing = (None,) * 5
    done = set()
    for invoices in alone.values():
        listed = [invoice for invoice in invoices if tied[invoice].billed is None]
        billed = [invoice for invoice in invoices if tied[invoice].listed is None]
        if len(listed) == len(billed) == 1:
            asked, lines = tied[listed[0]], tied[billed[0]]
            month = asked.period or lines.period
            factor = rate(month, listed[0][2], billed[0][2]) if month else None
            if factor is not None:
                left = round((asked.listed or 0) * factor) - (lines.billed or 0)
                yield _Cause(billed[0], None, nothing, "currency", left)
                done.add(listed[0])
    for invoice, one in tied.items():
        if one.listed is not None and invoice not in done and one.listed != one.billed:
            left = one.listed - (one.billed or 0)
            yield _Cause(invoice, None, nothing, "unexplained", left)


def _decimal(units: int | None) -> Decimal | None:
    return None if units is None else Decimal(f"{units}E-{SCALE}")
