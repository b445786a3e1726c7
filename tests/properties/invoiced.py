"""Causes of invoices (R24), and what must come of them whatever the bills are."""

from pathlib import Path
from typing import Any

import made
from differences import as_units
from everyline.cli import cause_table
from everyline.engines.duckdb import Engine
from everyline.runs import Run


def causes_sum_to_what_an_invoice_asks_for(folder: Path, run: Run) -> None:
    """Or, where it is not listed, to what its lines sum to; no line is left out, none twice."""
    rows = _causes(folder, run)
    wanted = _wanted(run)
    sums = dict.fromkeys(wanted, 0)
    for row in rows:
        key = _invoice(row)
        sums[key] = sums.get(key, 0) + row["x_Amount"]
    on_no_bill = {key for key in sums if key[0] is None and key[1] is None and key not in wanted}
    assert all(sums.pop(key) == 0 for key in on_no_bill)
    # What is listed in another currency than its lines is one invoice, of which a rate tells.
    at_a_rate = {_invoice(row)[:2] for row in rows if row["x_LinePeriod"] is None}
    at_a_rate &= {_invoice(row)[:2] for row in rows if row["x_Cause"] == "currency"}
    assert {k: v for k, v in sums.items() if k[:2] not in at_a_rate} == {
        k: v for k, v in wanted.items() if k[:2] not in at_a_rate
    }
    keys = [tuple(v for c, v in row.items() if c[:8] != "x_Amount") for row in rows]
    assert len(set(map(repr, keys))) == len(keys)


def _causes(folder: Path, run: Run) -> list[made.Row]:
    engine = Engine()
    found = cause_table.source(folder, run, engine)
    assert isinstance(found, str)
    rows = as_units(made.rows(engine, found))
    engine.close()
    return rows


def _wanted(run: Run) -> dict[Any, int]:
    """What each invoice asks for: as listed, or its lines summed."""
    found = made.relations(run, ["groups", "reconciliation"])
    wanted: dict[Any, int] = {}
    for group in as_units(found["groups"]):
        if group["x_Basis"] != "estimated":
            key = _invoice(group)
            wanted[key] = wanted.get(key, 0) + group["BilledCost"]
    for row in as_units(found["reconciliation"]):
        if row["x_Kind"] == "invoice" and row["x_Expected"] is not None:
            wanted[_invoice(row)] = row["x_Expected"]
    return wanted


def _invoice(row: made.Row) -> tuple[Any, ...]:
    return row["InvoiceIssuerName"], row["InvoiceId"], row["BillingCurrency"]
