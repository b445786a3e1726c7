"""A Parquet file whose cost is DOUBLE, with NaN and infinity."""

from pathlib import Path

import duckdb


def write(folder: Path) -> None:
    rows = (
        "SELECT unnest(['12.5', 'nan', 'inf', '0.1']::DOUBLE[]) AS BilledCost,"
        " 'USD' AS BillingCurrency,"
        " TIMESTAMP '2026-10-01' AS ChargePeriodStart"
    )
    duckdb.sql(f"COPY ({rows}) TO '{folder / 'bills' / 'october.parquet'}'")
