"""Statements as a table: what each owner gets, by period and currency; it ties to the bill."""

from decimal import Decimal
from typing import Any

from everyline.cli import figures
from everyline.cli.layout import Column, Table
from everyline.cli.view import View, title
from everyline.engines.duckdb import quoted

NOBODY = "(nobody yet)"
"""What stands where an owner should."""

_BLOCK = ("x_Period", "BillingCurrency", "estimated_")


def show(view: View) -> bool:
    """Prints a total for each value of the lead key; False where one was asked for."""
    lead = view.keys[0]
    if lead in view.wanted:
        return False
    rows = view.engine.rows(
        f"SELECT x_Period, BillingCurrency, x_Basis = 'estimated' AS estimated_, {quoted(lead)},"
        " sum(x_EffectiveAmount) AS effective_, sum(x_BilledAmount)"
        f" FROM ({view.sql}) AS chosen_"
        f" GROUP BY GROUPING SETS (({', '.join(_BLOCK)}, {quoted(lead)}), ({', '.join(_BLOCK)}))"
        f" ORDER BY {', '.join(_BLOCK)}, grouping({quoted(lead)}), {quoted(lead)} IS NULL,"
        f" effective_ DESC, {quoted(lead)}"
    )
    blocks: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        blocks.setdefault(row[:3], []).append(row[3:])
    asked = title(view)
    for (period, currency, estimated), owners in blocks.items():
        parts = (period, currency, "estimated" if estimated else "", asked)
        view.screen.line(", ".join(filter(None, parts)), "bold")
        _block(view, lead, currency, owners)
        view.screen.line()
    if not rows:
        view.screen.note("no rows")
    elif (example := _largest(rows)) is not None:
        view.screen.note(f"the lines of one: `everyline statements --where {lead}={example}`")
    return True


def _block(view: View, lead: str, currency: str, owners: list[tuple[Any, ...]]) -> None:
    """One table; the last of `owners` is the sum."""
    columns = (
        Column(lead),
        Column("EffectiveCost", "figure"),
        Column("share", "figure"),
        Column("", "bar"),
        Column("BilledCost", "figure"),
    )
    *listed, (_, all_effective, all_billed) = owners
    rows = [
        [
            NOBODY if owner is None else owner,
            figures.amount(effective, currency),
            *_share(view, effective, all_effective),
            figures.amount(billed, currency),
        ]
        for owner, effective, billed in listed
    ]
    total = [
        "total",
        figures.amount(all_effective, currency),
        figures.percent(figures.share(all_effective, all_effective)),
        "",
        figures.amount(all_billed, currency),
    ]
    view.screen.table(Table(columns, rows, [total]))


def _share(view: View, part: Decimal, whole: Decimal) -> list[str]:
    share = figures.share(part, whole)
    return [figures.percent(share), view.screen.bar(share)]


def _largest(rows: list[tuple[Any, ...]]) -> str | None:
    """An owner to name in an example: the first that is one."""
    return next((str(row[3]) for row in rows if row[3] is not None), None)
