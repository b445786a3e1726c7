"""A Parquet file of which the last half never arrived."""

from pathlib import Path

import duckdb


def write(folder: Path) -> None:
    rows = (
        "SELECT '12.50'::DECIMAL(9,2) AS BilledCost, 'USD' AS BillingCurrency,"
        " TIMESTAMP '2026-10-01' AS ChargePeriodStart"
    )
    target = folder / "bills" / "october.parquet"
    duckdb.sql(f"COPY ({rows}) TO '{target}'")
    data = target.read_bytes()
    target.write_bytes(data[: len(data) // 2])
