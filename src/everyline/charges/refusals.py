"""Refusals: lines that can't be summed, found in their sums or where the engine gives up (R2)."""

from collections.abc import Sequence

from everyline.bill_lines import BillLines
from everyline.charges.lines import MEASURES
from everyline.engines.duckdb import Engine, OutOfRange, Unreadable
from everyline.problems import Problem

_FIRST, _LAST = "TIMESTAMP '1900-01-01'", "TIMESTAMP '3000-01-01'"
_INSTANTS = ("BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd")


def out_of_time(engine: Engine, lines: BillLines, table: str) -> list[Problem]:
    """Charges whose month or window lies in a year that no bill has; `table` has their sums."""
    within = " AND ".join(
        f"{column} BETWEEN {_FIRST} AND {_LAST}"
        for column in ("month_", "x_WindowStart", "x_WindowEnd")
    )
    rows = engine.rows(
        "SELECT min(first_), BillingCurrency, sum(x_LineCount)::BIGINT,"
        f" sum(EffectiveCost)::DECIMAL(38,18) FROM {table} WHERE NOT ({within})"
        " GROUP BY ALL ORDER BY ALL"
    )
    return [
        Problem(
            name="unreadable-date",
            level="stop",
            sentence="the charge lies before the year 1900 or after 2999",
            place=lines.place(first["file"], first["row"]),
            currency=currency,
            cost=cost,
            count=count,
            hint="correct the dates of its charge period and billing period",
        )
        for first, currency, count, cost in rows
    ]


def gave_up(engine: Engine, lines: BillLines, error: Exception) -> Problem | None:
    """The problem for which the engine gave `lines` up; None where the lines are not to blame."""
    if isinstance(error, OutOfRange):
        return too_large(engine, [lines])
    try:
        # Every page of the file is read, as summing reads some of them.
        engine.rows(f"SELECT bit_xor(hash(l)) FROM {lines.relation} AS l")
    except Unreadable:
        return Problem(
            name="unreadable-file",
            level="stop",
            sentence="the file is damaged: not all of it can be read",
            place=lines.file or lines.source,
            hint="fetch the file again",
        )
    return _infinite(engine, lines)


def _infinite(engine: Engine, lines: BillLines) -> Problem | None:
    """A Parquet file can hold instants before and after all others."""
    for column in (column for column in _INSTANTS if column in lines.columns):
        rows = engine.rows(
            f"SELECT x_SourceFile, min(x_SourceRow), count(*), min({column}::VARCHAR)"
            f" FROM {lines.relation} WHERE NOT isfinite({column}) GROUP BY ALL ORDER BY ALL"
        )
        for file, row, count, text in rows:
            return Problem(
                name="unreadable-date",
                level="stop",
                sentence=f"`{column}` is `{text}`, which is no date or time",
                place=lines.place(file, row),
                subject=f"{column}: {text}",
                count=count,
                hint="write it as `2026-10-01T00:00:00Z`",
            )
    return None


def too_large(engine: Engine, bills: Sequence[BillLines]) -> Problem:
    """What to say where sums need more than 38 digits: the largest number of all."""
    largest = max(
        (
            (value, column, lines.place(file, row))
            for lines in bills
            for column in MEASURES
            if column in lines.columns
            for value, file, row in engine.rows(
                f"SELECT abs({column}), x_SourceFile, x_SourceRow FROM {lines.relation}"
                f" WHERE {column} IS NOT NULL ORDER BY 1 DESC, 2, 3 LIMIT 1"
            )
        ),
        key=lambda found: found[0],
    )
    value, column, place = largest
    return Problem(
        name="sum-too-large",
        level="stop",
        sentence="the amounts are too large to be summed exactly; the largest is this"
        f" `{column}` of {value:,f}".rstrip("0").rstrip("."),
        place=place,
        subject=column,
        hint="a sum has at most 20 digits before the point: correct the amount at its source",
    )
