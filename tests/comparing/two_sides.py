"""Small projects beside each other, and what comparing them tells."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import made
from everyline import runs
from everyline.comparing import CAUSES, Side, compared
from everyline.comparing.make import column
from everyline.engines.duckdb import Engine

HEADER = (
    "ServiceName,SubAccountId,BilledCost,ConsumedQuantity,team,ChargePeriodStart,ChargePeriodEnd,"
    "BillingCurrency,ChargeCategory,ChargeClass,InvoiceIssuerName,ConsumedUnit,x_Model,x_Meter"
)
YAML = """\
currency: USD
taxonomy:
  team: {required: true, tags: [team], values: owners/teams.csv}
bills:
  - {name: bill, format: table, path: "bills/*.csv", layer: model}
usage:
  - {name: gateway, format: table, path: "usage/*.csv"}
"""
TEAMS = "value,successor,valid_from,valid_to\nsearch,,,\nsupport,,,\nads,,,\nhelp,,,\n"
USAGE = "hour,x_Model,x_Meter,x_Unit,x_Quantity,team"
ACCOUNTS = "  - {registry: owners/accounts.csv}\n"
TRACE = """\
trace:
  - rule: calls
    charges: {ServiceName: Model}
    usage: {x_Source: gateway}
    split: [{on: [x_Model], weight: quantity}]
"""
POOL = """\
pools:
  - pool: shared
    charges: {ServiceName: Shared}
    split: [{by: fixed, over: [team], shares: {search: 40, support: 60}}]
"""
COST_POOL = POOL.replace(
    "by: fixed, over: [team], shares: {search: 40, support: 60}", "by: cost, over: [team]"
)

Told = dict[str | None, dict[str, str]]


def line(service: str, cost: str, team: str = "", **more: str) -> str:
    """One billed line of September, in USD, unless said otherwise."""
    month = more.get("month", "2026-09")
    cells = (
        service,
        more.get("account", ""),
        cost,
        more.get("quantity", ""),
        team,
        f"{month}-01",
        f"{month}-02",
        more.get("currency", "USD"),
        "Usage",
        more.get("correction", ""),
        "Acme",
        "tokens" if more.get("quantity") else "",
        "gpt" if service == "Model" else "",
        "input_tokens" if service == "Model" else "",
    )
    return ",".join(cells)


def ran(folder: Path, bill: Sequence[str], yaml: str = YAML, **files: str) -> runs.Run:
    """A run of a project; `files` by name, `owners/` and `.csv` left out."""
    for name in ("bills", "owners", "usage"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "everyline.yaml").write_text(yaml)
    (folder / "bills" / "bill.csv").write_text("\n".join([HEADER, *bill]) + "\n")
    (folder / "usage" / "usage.csv").write_text(files.pop("usage", USAGE + "\n"))
    for name, text in ({"teams": TEAMS} | files).items():
        (folder / "owners" / f"{name}.csv").write_text(text)
    return made.run(folder)


def told(before: Side, after: Side) -> Told:
    """Each team to its causes; amounts as text, what is 0 left out. Estimates don't occur."""
    engine = Engine()
    rows = made.rows(engine, f"({compared(engine, before, after)})")
    engine.close()
    found: Told = {}
    for row in rows:
        name = row["team"] if row["x_Scope"] == "in" else "(out)"
        name = name if row["BillingCurrency"] == "USD" else f"{name} {row['BillingCurrency']}"
        causes: dict[str, Decimal] = {cause: row[column(cause)] for cause in CAUSES}
        assert sum(causes.values()) == row["x_Change"] == row["x_After"] - row["x_Before"]
        changes = {cause: _text(value) for cause, value in causes.items() if value}
        if changes:
            assert name not in found
            found[name] = changes
    return found


def _text(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".")


def between(folder: Path, before: Any, after: Any) -> Told:
    """What changed between two projects, each given as the arguments of `ran`."""
    made_of = []
    for name, (bill, more) in {"a": before, "b": after}.items():
        made_of.append(Side(name, ran(folder / name, bill, **more)))
    return told(*made_of)


def months(folder: Path, bill: Sequence[str], **more: Any) -> Told:
    """What changed from September to October in one run."""
    run = ran(folder, bill, **more)
    return told(Side("A", run, "2026-09"), Side("B", run, "2026-10"))


OCTOBER: Mapping[str, Any] = {"month": "2026-10"}
