"""Which statements are told: what was booked for closed months, and the run's for all others.

A closed month never changes, whatever a later run makes of it; what a close has booked includes the
corrections of earlier months (R25).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from everyline.books.disputes import Dispute as Row
from everyline.books.lines import Line
from everyline.books.read import all_booked, closed
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.exports.statement import Dispute
from everyline.runs import Run

_HEAD = ("x_Period", "x_CorrectsPeriod", "BillingCurrency", "x_Basis")
_TAIL = ("x_Method", "x_Pool", "x_Layer", "ServiceProviderName", "InvoiceIssuerName", "ServiceName")
_EXACT = ("BilledCost", "EffectiveCost")
_SHOWN = ("x_BilledAmount", "x_EffectiveAmount")


def told(engine: Engine, run: Run, project: Path) -> tuple[str, Mapping[str, str]]:
    """SQL of the statements, and the day on which each closed month was closed.

    Args:
        engine: where they will be read; gets a table `booked`.
        run: whose statements count for months that are not closed.
        project: whose books are whole; ask `books.read.verified` first.
    """
    days = {close.period: close.closed_on.isoformat() for close in closed(project)}
    statements = run.relation("statements")
    if not days:
        return statements, days
    keys: list[str] = list(run.manifest["keys"])
    columns = (*_HEAD, *keys, *_TAIL)
    kinds = (
        dict.fromkeys(columns, "VARCHAR")
        | dict.fromkeys(_EXACT, "DECIMAL(38,18)")
        | dict.fromkeys(_SHOWN, "DECIMAL(38,4)")
    )
    engine.table("booked", kinds, (_cells(line, keys) for line in all_booked(project)))
    listed = ", ".join(map(quoted, kinds))
    # A month that was passed over is in the books too: what it has since comes as a correction.
    first, last = literal(min(days)), literal(max(days))
    return (
        f"(SELECT {listed} FROM {statements} WHERE x_Period < {first} OR x_Period > {last}"
        f" UNION ALL SELECT {listed} FROM booked)"
    ), days


def disputes_of(rows: Sequence[Row], period: str) -> dict[str, list[Dispute]]:
    """What is disputed of a month, by owner; what was withdrawn is left out."""
    found: dict[str, list[Dispute]] = {}
    for row in rows:
        if row.period == period and row.state != "withdrawn":
            about = f"charge {row.charge}" if row.charge else f"rule {row.rule}"
            state = f"{row.state} by {row.settled_by}" if row.settled_by else row.state
            made = Dispute(row.who, about, row.amount, row.currency, row.reason, state)
            found.setdefault(row.owner, []).append(made)
    return found


def _cells(line: Line, keys: Sequence[str]) -> list[object]:
    return [
        *(line.period, line.corrects, line.currency, line.basis),
        *(line.value(key) for key in keys),
        *(line.method, line.pool, line.layer, line.provider, line.issuer, line.service),
        *(line.billed, line.effective, line.billed_amount, line.effective_amount),
    ]
