"""Which statements are told: what was booked for closed months, and the run's for all others.

A closed month never changes, whatever a later run makes of it; what a close has booked includes the
corrections of earlier months (R25).
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from everyline.books.disputes import Dispute as Row
from everyline.books.read import FOLDER, STATEMENTS, closed
from everyline.engines.duckdb import Engine, literal, one_file, quoted
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
        project: whose books are whole; ask `books.read` first.

    Raises:
        Unreadable: what a close has booked are no lines; `books.read.verified` says which.
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
    files = (project / FOLDER / period / STATEMENTS for period in days)
    booked = " UNION ALL ".join(_lines(path, kinds) for path in files)
    engine.run(f"CREATE OR REPLACE TEMP TABLE booked AS {booked}")
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


def _lines(path: Path, kinds: Mapping[str, str]) -> str:
    """SELECT of the lines of a close; a key that is newer than it has no values.

    The engine reads a year of books in a tenth of the time of Python's reader.
    """
    with path.open(encoding="utf-8", newline="") as file:
        at = {name: f"c{number}" for number, name in enumerate(next(csv.reader(file)))}
    cells = ", ".join(f"{at.get(name, 'NULL')}::{kinds[name]} AS {quoted(name)}" for name in kinds)
    columns = ", ".join(f"'{column}': 'VARCHAR'" for column in at.values())
    return (
        f"SELECT {cells} FROM read_csv({one_file(path)}, auto_detect=false, header=true,"
        " nullstr='', delim=',', quote='\"', escape='\"', new_line='\\n', parallel=false,"
        f" columns={{{columns}}})"
    )
