"""A Parquet file whose charges begin at no time at all."""

from pathlib import Path

import duckdb


def write(folder: Path) -> None:
    rows = (
        "SELECT 12.50::DECIMAL(9,2) AS BilledCost, 'USD' AS BillingCurrency,"
        " unnest(['infinity', '2026-10-01', '-infinity']::TIMESTAMP[]) AS ChargePeriodStart"
    )
    duckdb.sql(f"COPY ({rows}) TO '{folder / 'bills' / 'october.parquet'}'")
