"""How far bills and telemetry reach: names of sources and moments, no amounts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from everyline.engines.duckdb import Engine
from everyline.exports.statement import Fresh
from everyline.runs import Run

_HOUR = timedelta(hours=1)


class Reached(NamedTuple):
    """How far data reach, by month and source.

    Attributes:
        bills: until when each bill has lines: exclusive, UTC.
        usage: the last hour of each telemetry.
    """

    bills: Mapping[tuple[str, str], datetime]
    usage: Mapping[tuple[str, str], datetime]

    def fresh(self, period: str) -> list[Fresh]:
        """How far each source reaches; what came after the month is left out."""
        return [
            *(Fresh("bill", name, end) for name, end in _until(self.bills, period)),
            *(Fresh("usage", name, last + _HOUR) for name, last in _until(self.usage, period)),
        ]


def reached(engine: Engine, run: Run) -> Reached:
    """How far bills and telemetry reach."""
    rows = engine.rows(
        "SELECT strftime(hour, '%Y-%m'), x_Source, max(hour)"
        f" FROM {run.relation('usage')} WHERE hour IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    usage = {(month, name): last.replace(tzinfo=None) for month, name, last in rows}
    return Reached(reach(engine, run), usage)


def reach(engine: Engine, run: Run) -> dict[tuple[str, str], datetime]:
    """Until when each bill has lines in each month, by month and source: exclusive, UTC."""
    rows = engine.rows(
        f"SELECT x_Period, x_Source, max(x_WindowEnd) FROM {run.relation('groups')}"
        " WHERE x_Basis <> 'estimated' AND x_WindowEnd IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    return {(period, name): end.replace(tzinfo=None) for period, name, end in rows}


def _until(ends: Mapping[tuple[str, str], datetime], period: str) -> list[tuple[str, datetime]]:
    """The last of each source up to a month, by name."""
    found: dict[str, datetime] = {}
    for (month, name), end in ends.items():
        if month <= period:
            found[name] = max(end, found.get(name, end))
    return sorted(found.items())
