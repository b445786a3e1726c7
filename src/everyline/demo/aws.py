"""The AWS bill: AWS Data Exports "FOCUS 1.2 with AWS columns", hourly lines, as Parquet.

The lines come from two lists beside this file, `aws_skus.csv` (what one unit costs) and
`aws_streams.csv` (who uses how much of it, under which tags), laid over the hours of two months in
SQL. All arithmetic is integer or DECIMAL. Beside what the list shows, a month has tax, support, a
credit and a refund. September was delivered twice; only the newer delivery counts (R1).
"""

from collections import defaultdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import duckdb

from everyline.demo.company import AWS_ACCOUNTS, AWS_INVOICES, PERIODS

FINAL = {"2026-09": "20261003T061512Z", "2026-10": "20261103T060944Z"}
EARLY = "20260904T031502Z"  # of September, when three days of it had gone

# `key=value|key=value` as a map; blank is null, `{}` an empty map, the value `NULL` is null.
PAIRS = """CREATE MACRO pairs(text) AS CASE
  WHEN text = '{}' THEN map_from_entries([]::STRUCT(k VARCHAR, v VARCHAR)[])
  ELSE map_from_entries(list_transform(string_split(text, '|'), lambda pair: {
    'k': split_part(pair, '=', 1), 'v': nullif(split_part(pair, '=', 2), 'NULL')})) END"""


CLASSES = {
    "input": "input_tokens",
    "cache-read": "cached_input_tokens",
    "output": "output_tokens",
}
"""How the price units of a family of models end, and the class of tokens."""


class Billed(NamedTuple):
    """What AWS bills.

    Attributes:
        invoices: period, InvoiceId, exact USD.
        tokens: of models in the account `ai-prod`, by class; by day, family of models, and tags as
            the engine writes them, where no map is an empty text.
    """

    invoices: list[tuple[str, str, str]]
    tokens: dict[tuple[str, str, str], dict[str, int]]


def write_aws(folder: Path) -> Billed:
    """Write `folder`/{period}/{version}/*.parquet."""
    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False}) as engine:
        engine.execute("SET enable_progress_bar=false")  # a slow machine would draw one
        _make_lines(engine)
        engine.execute("CREATE VIEW bill AS " + _sql("aws_focus"))
        for period, version in FINAL.items():
            _write(engine, folder / period / version, f"BillingPeriodStart = '{period}-01'")
        _write(engine, folder / PERIODS[0] / EARLY, "ChargePeriodEnd <= '2026-09-04'", closed=False)
        invoices = engine.execute(
            """SELECT strftime(BillingPeriodStart, '%Y-%m'), InvoiceId, sum(BilledCost)::VARCHAR
            FROM bill GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
        return Billed(invoices, _tokens(engine))


def _tokens(engine: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], dict[str, int]]:
    """A unit is 1,000 tokens, or of a model from the marketplace 1,000,000."""
    found: defaultdict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for day, sku, tags, tokens in engine.execute(
        """SELECT strftime(begins, '%Y-%m-%d'), sku, coalesce(tags::VARCHAR, ''),
          sum(quantity * CASE unit WHEN 'N/A' THEN 1000000 ELSE 1000 END)::BIGINT
        FROM lines JOIN skus USING (sku)
        WHERE account = 'ai-prod' AND regexp_matches(sku, '^(sonnet|opus)-') GROUP BY ALL"""
    ).fetchall():
        family, _, ending = sku.partition("-")
        found[day, family, tags][CLASSES[ending]] = tokens
    return dict(found)


def _make_lines(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute(PAIRS)
    for name, listed in (("aws_prices", "aws_skus.csv"), ("aws_uses", "aws_streams.csv")):
        with as_file(files(__package__) / listed) as path:
            engine.execute(_sql(name), {"path": str(path)})
    engine.execute("CREATE TABLE accounts (account VARCHAR, id VARCHAR)")
    engine.executemany("INSERT INTO accounts VALUES (?, ?)", AWS_ACCOUNTS)
    engine.execute("CREATE TABLE invoices (period VARCHAR, invoice VARCHAR, id VARCHAR)")
    engine.executemany("INSERT INTO invoices VALUES (?, ?, ?)", AWS_INVOICES)
    engine.execute(_sql("aws_hours"))
    engine.execute(_sql("aws_month"))


def _write(
    engine: duckdb.DuckDBPyConnection, folder: Path, where: str, *, closed: bool = True
) -> None:
    """One delivery; before the month's invoice is closed its lines have no InvoiceId."""
    folder.mkdir(parents=True)
    columns = "* EXCLUDE (n)" + ("" if closed else " REPLACE (NULL::VARCHAR AS InvoiceId)")
    lines = engine.sql(f"SELECT {columns} FROM bill WHERE {where} ORDER BY ChargePeriodStart, n")
    lines.write_parquet(str(folder / "halcyon-focus-00001.parquet"), compression="snappy")


def _sql(name: str) -> str:
    return (files(__package__) / f"{name}.sql").read_text(encoding="utf-8")
