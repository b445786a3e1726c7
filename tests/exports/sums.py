"""What statements must say: sums over the relation `statements`, made by nothing of the exports."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import made
from everyline import runs
from everyline.engines.duckdb import Engine
from everyline.problems import Problem

MONTH, BEFORE = "2026-10", "2026-09"
DIGITS = {"USD": 2, "JPY": 0}
"""Decimals of amounts, by currency."""

Names = tuple[str | None, ...]


class Sum(NamedTuple):
    """EffectiveCost of the month and of the one before, and BilledCost of the month, as shown."""

    now: Decimal
    before: Decimal
    billed: Decimal

    @property
    def change(self) -> Decimal:
        return self.now - self.before


Block = list[made.Row]
"""Rows of `statements` of one owner and currency."""


def blocks(project: Path) -> dict[str | None, dict[str, Block]]:
    """Rows of both months by owner (None: nobody) and currency."""
    run = runs.current(project)
    assert not isinstance(run, Problem)
    engine = Engine()
    rows = made.rows(engine, run.relation("statements"))
    engine.close()
    found: dict[str | None, dict[str, Block]] = {}
    for row in rows:
        assert row["x_Basis"] != "estimated"
        if row["x_Period"] in (MONTH, BEFORE):
            found.setdefault(row["team"], {}).setdefault(row["BillingCurrency"], []).append(row)
    return found


def part_of(rows: Block) -> str:
    """The key whose values the statements of these tests tell apart."""
    return "use_case" if "use_case" in rows[0] else "service"


def summed(rows: Iterable[made.Row], *columns: str) -> dict[Names, Sum]:
    """Sums by columns; of all rows where no column is named."""
    found: dict[Names, Sum] = {}
    for row in rows:
        names = tuple(row[column] for column in columns)
        now, before, billed = found.get(names, Sum(Decimal(0), Decimal(0), Decimal(0)))
        if row["x_Period"] == MONTH:
            now += row["x_EffectiveAmount"]
            billed += row["x_BilledAmount"]
        else:
            before += row["x_EffectiveAmount"]
        found[names] = Sum(now, before, billed)
    return found


def billed_to_all(
    owners: Mapping[str | None, Mapping[str, Block]], currency: str
) -> dict[Names, Sum]:
    """Sums by invoice issuer over all owners and nobody."""
    rows = [row for of in owners.values() for row in of.get(currency, ())]
    return summed(rows, "InvoiceIssuerName")
