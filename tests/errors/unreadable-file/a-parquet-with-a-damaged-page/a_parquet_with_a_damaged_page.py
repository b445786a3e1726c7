"""A Parquet file in which bytes of the first page have changed."""

from pathlib import Path

import duckdb


def write(folder: Path) -> None:
    rows = (
        "SELECT '12.50'::DECIMAL(9,2) AS BilledCost, 'USD' AS BillingCurrency,"
        " TIMESTAMP '2026-10-01' AS ChargePeriodStart"
    )
    target = folder / "bills" / "october.parquet"
    duckdb.sql(f"COPY ({rows}) TO '{target}'")
    data = bytearray(target.read_bytes())
    data[4:24] = b"\xff" * 20
    target.write_bytes(data)
