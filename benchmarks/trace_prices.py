"""What pricing usage costs, beside asking genai-prices about every single row.

Amounts of usage of a few models, some of whose prices hang on the day, some on how large one call
is, and of a tier that only the project's own `prices` know. Each way runs in a process of its own
and prints what it took; both must come to the same money.

A list price may rise with the size of one call. Usage is summed to the hour before it is priced, so
no size of a call is left by then, and the price is the one without such steps. A row above the
first step is therefore counted apart and not compared: there, one call a row says more.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from charges import mixed
from trace_project import copy, listed, name, one_of

MODELS = (
    ("OpenAI", "openai", "gpt-4o"),
    ("OpenAI", "openai", "gpt-4o-mini"),
    ("OpenAI", "openai", "o3"),
    ("Anthropic", "anthropic", "claude-sonnet-4-5"),
    ("Google Cloud", "google", "gemini-2.5-pro"),
    ("Mistral AI", "mistral", "magistral-medium"),
)
"""Provider as we and as genai-prices call it, and model. The third has a price by day; the fourth
and fifth have steps by the size of a call."""

METERS = ("input_tokens", "output_tokens")

BATCH = {"input_tokens": "0.00000125", "output_tokens": "0.00000501"}
"""What a token of the first model costs in the tier `batch`, by the project's own prices."""

_DRAWS = ("model_", "meter_", "tier_", "key_", "hour_", "quantity_", "doublings_", "large_")


class Row(NamedTuple):
    """One row of usage, as one call of genai-prices is asked about it."""

    cell: tuple[Any, ...]
    hour: datetime
    model: str
    meter: str
    tier: str
    quantity: int


def write(folder: Path, rows: int) -> None:
    """Makes the project in `folder`: usage, prices, and a bill of one line, since one must be."""
    import duckdb

    for part in ("usage", "bills"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as engine:
        copy(engine, _usage(rows), folder / "usage" / "amounts.parquet")
    bill = "ServiceName,BilledCost\nAPI,1\n"
    (folder / "bills" / "october.csv").write_text(bill, encoding="utf-8")
    provider, _, model = MODELS[0]
    lines = [f"{provider},{model},{meter},batch,{price},USD" for meter, price in BATCH.items()]
    header = "ServiceProviderName,x_Model,x_Meter,x_Tier,unit_price,currency"
    (folder / "prices.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    (folder / "everyline.yaml").write_text(_CONFIGURATION, encoding="utf-8")


_CONFIGURATION = """\
taxonomy: {team: {tags: [team]}}
prices: prices.csv
bills:
  - name: bill
    format: table
    path: "bills/*.csv"
    set: {BillingCurrency: USD, ChargePeriodStart: "2026-10-01", ChargePeriodEnd: "2026-11-01"}
    layer: model
usage:
  - {name: gateway, format: table, path: "usage/*.parquet", set: {x_Unit: tokens}}
"""


def _usage(rows: int) -> str:
    """SELECT of amounts: one row a call and meter; three calls in a hundred are very large."""
    drawn = f"({mixed('row', _DRAWS, f'(SELECT range AS row FROM range({rows}))')})"
    model = f"model_ % {len(MODELS)}"
    usual = "(200 + quantity_ % 200) << (bit_count(doublings_ & 4095)::BIGINT // 2)"
    columns = {
        "hour": "TIMESTAMP '2026-10-01' + to_hours((hour_ % 720)::INTEGER)",
        "ServiceProviderName": one_of(model, [provider for provider, _, _ in MODELS]),
        "x_Model": one_of(model, [model for _, _, model in MODELS]),
        "x_Meter": one_of("meter_ % 2", METERS),
        "x_Tier": f"CASE WHEN {model} = 0 AND tier_ % 4 = 0 THEN 'batch' ELSE 'standard' END",
        "x_CredentialId": name("key", "key_ % 20", 2),
        "x_Quantity": f"CASE WHEN large_ % 100 < 3 THEN 300000 + quantity_ % 99 ELSE {usual} END",
    }
    return f"SELECT {listed(columns)} FROM {drawn}"


def by_everyline(folder: Path) -> float:
    """CPU seconds of the usage stage: rows of the file in, hours with their cost out."""
    from everyline.config.configuration import Configuration
    from everyline.config.load import load
    from everyline.engines.duckdb import Engine, parquet
    from everyline.usage.make import Usage
    from everyline.usage_rows import UsageRows

    configuration = load(folder).configuration
    assert isinstance(configuration, Configuration)
    path = folder / "usage" / "amounts.parquet"
    relation = (
        "(SELECT * REPLACE (x_Quantity::DECIMAL(38,18) AS x_Quantity), 'tokens' AS x_Unit,"
        f" '{path.name}' AS x_SourceFile, 1 AS x_SourceRow FROM {parquet(path)})"
    )
    engine = Engine()
    columns = tuple(engine.columns(relation))
    source = configuration.usage[0]
    rows = UsageRows(source, relation, relation, columns, (), {}, lambda file, _: file)
    start = time.process_time()
    problems = Usage(engine, configuration, lambda _: False).make([rows], dated=False)
    taken = time.process_time() - start
    assert all(problem.level != "stop" for problem in problems), problems
    engine.write(
        "SELECT hour, x_Model, x_Meter, x_Tier, x_CredentialId, x_EstimatedCost"
        " FROM usage_hours JOIN usage_identities USING (id_)",
        folder / "priced.parquet",
    )
    return taken


def by_call(folder: Path, sample: int) -> float:
    """CPU seconds of one call of genai-prices for each of so many rows, the first ones."""
    from genai_prices import Usage, calc_price

    called = {model: provider for _, provider, model in MODELS}
    rows = list(_rows(folder, f"(FROM '{_log(folder)}' LIMIT {sample})"))
    start = time.process_time()
    for row in rows:
        calc_price(
            Usage(**{row.meter: row.quantity}),
            row.model,
            provider_id=called[row.model],
            genai_request_timestamp=row.hour,
        )
    return time.process_time() - start


def compare(folder: Path, sample: int) -> Mapping[str, int]:
    """Prices every row of so many cells by itself; how many there are, and whose cost is equal.

    A cell is all that is summed to one hour of one identity. Cells with a row whose price has a
    step below its size are `large`. Needs what `by_everyline` has left in `folder`.
    """
    import duckdb

    with duckdb.connect() as engine:
        found = engine.execute(f"FROM '{folder / 'priced.parquet'}'").fetchall()
    priced = {(hour, *cell): cost for hour, *cell, cost in found}
    cells = f"(SELECT DISTINCT {_CELL} FROM '{_log(folder)}' ORDER BY hash({_CELL}) LIMIT {sample})"
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    large = set()
    for row in _rows(folder, f"(FROM '{_log(folder)}' SEMI JOIN {cells} USING ({_CELL}))"):
        cost, is_large = _alone(row)
        sums[row.cell] += cost
        if is_large:
            large.add(row.cell)
    equal = [cell for cell, cost in sums.items() if priced[cell] == cost]
    return {
        "cells": len(sums),
        "large": len(large),
        "batch": sum(cell[3] == "batch" for cell in sums),
        "equal": len(set(equal) - large),
        "wrong": len(sums.keys() - set(equal) - large),
    }


_CELL = "hour, x_Model, x_Meter, x_Tier, x_CredentialId"


def _log(folder: Path) -> Path:
    return folder / "usage" / "amounts.parquet"


def _rows(folder: Path, relation: str) -> Iterator[Row]:
    import duckdb

    with duckdb.connect() as engine:
        found = engine.execute(f"SELECT {_CELL}, x_Quantity FROM {relation}").fetchall()
    for *cell, quantity in found:
        hour, model, meter, tier, _ = cell
        yield Row(tuple(cell), hour.replace(tzinfo=UTC), model, meter, tier, quantity)


def _alone(row: Row) -> tuple[Decimal, bool]:
    """What one row costs by itself, and whether a step of its price lies below its size."""
    from genai_prices import Usage, calc_price

    if row.tier == "batch":
        return row.quantity * Decimal(BATCH[row.meter]), False
    provider = next(called for _, called, model in MODELS if model == row.model)
    found = calc_price(
        Usage(**{row.meter: row.quantity}),
        row.model,
        provider_id=provider,
        genai_request_timestamp=row.hour,
    )
    steps = getattr(found.model_price.input_mtok, "tiers", [])
    is_large = row.meter == "input_tokens" and any(row.quantity > step.start for step in steps)
    return found.total_price, is_large


def main() -> None:
    parser = argparse.ArgumentParser(description="Prices one generated log, one way or the other.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, help="make a project of so many first")
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--by", choices=("everyline", "call", "both"))
    asked = parser.parse_args()
    if asked.rows:
        write(asked.folder, asked.rows)
    if asked.by == "everyline":
        print(json.dumps(by_everyline(asked.folder)))
    elif asked.by == "call":
        print(json.dumps(by_call(asked.folder, asked.sample)))
    elif asked.by == "both":
        found = compare(asked.folder, asked.sample)
        print(json.dumps(found))
        if found["wrong"]:
            sys.exit("a cost differs from the sum of its rows")


if __name__ == "__main__":
    main()
