"""The yardstick: a trace as a good engineer writes it by hand in SQL for exactly this log and bill.

    python benchmarks/trace_reference.py LOG BILL --out FOLDER [--threads 2] [--digits 9]

It knows this one project, so it can leave away all that makes everyline fit any other. The log is
summed to hours of identities, these to what each identity weighs on a day; each bill line goes to
the identities of its day, project and model in proportion to what their calls cost, largest
remainder first; totals are summed and compared with the bill, and so is each line; the postings and
totals are written. Amounts are split to the billionth; with `--digits 18` as finely as everyline
does it, which takes longer numbers. On the last line it prints each team's total as JSON.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

WHO = "team, use_case, environment, api_key"
"""In the order that decides between equal remainders."""

CELL = "day, project, model"

HOURS = f"""
    SELECT date_trunc('hour', startTime) AS hour, project, model, {WHO}, count(*) AS calls,
        sum(prompt_tokens)::BIGINT AS prompt_tokens,
        sum(completion_tokens)::BIGINT AS completion_tokens, sum(spend)::DECIMAL(38,9) AS spend
    FROM '{{log}}' GROUP BY ALL"""

IDENTITIES = f"""
    SELECT (row_number() OVER (ORDER BY {WHO}, project, model))::INTEGER AS who, *
    FROM (SELECT DISTINCT {WHO}, project, model FROM hours)"""

WEIGHTS = f"""
    SELECT *, sum(weight) OVER (PARTITION BY {CELL})::HUGEINT AS total FROM (
        SELECT hour::DATE AS day, project, model, who,
            (sum(spend) * 1000000000::DECIMAL(10,0))::HUGEINT AS weight
        FROM hours JOIN identities USING ({WHO}, project, model) GROUP BY ALL
    ) WHERE weight > 0"""

LINES = """
    SELECT line, day, project, model,
        (BilledCost::DECIMAL(28,9) * 1000000000::DECIMAL(10,0))::{integer} * {finer} AS units
    FROM '{bill}'"""

LEDGER = f"""
    WITH parts AS (
        SELECT line, who, sign(units) AS sign, abs(units) AS units,
            (abs(units)::HUGEINT * weight // total)::{{integer}} AS whole,
            (abs(units)::HUGEINT * weight % total)::{{integer}} AS rest
        FROM lines JOIN weights USING ({CELL})
    ), ranked AS (
        SELECT *, units - sum(whole) OVER (PARTITION BY line) AS missing,
            row_number() OVER (PARTITION BY line ORDER BY rest DESC, who) AS place
        FROM parts
    )
    SELECT line, who, (sign * (whole + (place <= missing)::INTEGER))::{{integer}} AS units
    FROM ranked
    UNION ALL SELECT line, NULL, units FROM lines ANTI JOIN weights USING ({CELL})"""

TOTALS = """
    SELECT team, use_case, environment, day, sum(ledger.units)::HUGEINT AS units
    FROM ledger JOIN lines USING (line) LEFT JOIN identities USING (who) GROUP BY ALL"""


def make(engine: duckdb.DuckDBPyConnection, asked: argparse.Namespace) -> None:
    finer = 10 ** (asked.digits - 9)
    words = {
        "log": asked.log,
        "bill": asked.bill,
        "integer": "BIGINT" if finer == 1 else "HUGEINT",
        "finer": finer,
    }
    for table, sql in {
        "hours": HOURS,
        "identities": IDENTITIES,
        "weights": WEIGHTS,
        "lines": LINES,
        "ledger": LEDGER,
        "totals": TOTALS,
    }.items():
        engine.execute(f"CREATE TEMP TABLE {table} AS {sql.format_map(words)}")


def check(engine: duckdb.DuckDBPyConnection, bill: Path, digits: int) -> None:
    """Money in is money out, of all and of each line."""
    (billed,) = _one(engine, f"SELECT sum(BilledCost) FROM '{bill}'")
    (split,) = _one(engine, "SELECT sum(units) FROM totals")
    assert int(billed.scaleb(digits)) == split, (billed, split)
    (wrong,) = _one(
        engine,
        "SELECT count(*) FROM lines"
        " JOIN (SELECT line, sum(units) AS units FROM ledger GROUP BY line) AS parts USING (line)"
        " WHERE parts.units <> lines.units",
    )
    assert wrong == 0, wrong


def by_team(engine: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    """What each team pays, in units; the empty name is nobody."""
    rows = engine.execute(
        "SELECT coalesce(team, ''), sum(units)::HUGEINT FROM totals GROUP BY ALL ORDER BY ALL"
    )
    return dict(rows.fetchall())


def _one(engine: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = engine.execute(sql).fetchone()
    assert row is not None
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description="A trace, written by hand for one project.")
    parser.add_argument("log", type=Path)
    parser.add_argument("bill", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--digits", type=int, choices=(9, 18), default=9)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as engine:
        engine.execute(f"SET threads = {asked.threads}; SET preserve_insertion_order = false")
        make(engine, asked)
        check(engine, asked.bill, asked.digits)
        for table in ("ledger", "totals"):
            path = asked.out / f"{table}.parquet"
            engine.execute(f"COPY {table} TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        totals = by_team(engine)
    print(json.dumps(totals))


if __name__ == "__main__":
    main()
