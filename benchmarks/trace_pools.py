"""Projects of shared cost: pools that serve each other in a chain, and pools of many receivers.

    python benchmarks/trace_pools.py FOLDER --chain reciprocal [--pools 100] [--owners 500]
    python benchmarks/trace_pools.py FOLDER --receivers 5000 [--lines 10000]

Usage is mixed from numbers alone, as in `charges.py`.
"""

import argparse
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from charges import mixed
from trace_project import billionths, copy, listed, name

LINES_OF_OWNER = 10
ACCOUNTS = 4


def write_chain(folder: Path, pools: int, owners: int, between: str) -> None:
    """Owners that all have cost, of which the first so many are pools.

    Every owner that is no pool uses every pool. The next pool uses the one before it; where they
    are `reciprocal`, also the one after it, so that the whole chain must be solved at once.
    """
    user, pool = f"pair % {owners}", f"pair // {owners}"
    pairs = f"SELECT range AS pair, {pool} AS pool, {user} AS user FROM range({pools * owners})"
    before = " OR user = pool - 1" if between == "reciprocal" else ""
    linked = f"(SELECT * FROM ({pairs}) WHERE user >= {pools} OR user = pool + 1{before})"
    usage = {
        "hour": "TIMESTAMP '2026-10-15'",
        "ResourceId": name("owner", "pool", 4),
        "team": name("owner", "user", 4),
        "x_Quantity": "1 + amount_ % 1000000",
    }
    lines = f"(SELECT range AS line FROM range({owners * LINES_OF_OWNER}))"
    bill = {
        "ServiceName": "'API'",
        "team": name("owner", f"line // {LINES_OF_OWNER}", 4),
        "BilledCost": billionths("1000000000 + digits_ % 9000000000"),
    }
    text = [_taxonomy("teams.csv"), _BILL, _USAGE, f"between_pools: {between}", "pools:"]
    for at in range(pools):
        who = f"owner-{at:04}"
        split = f"{{by: usage, usage: {{ResourceId: {who}}}, over: [team]}}"
        text.append(f"  - {{pool: {who}, owner: {{team: {who}}}, split: [{split}]}}")
    _write(
        folder,
        text,
        {
            "bills/october.parquet": _drawn(bill, "line", "digits_", lines),
            "usage/october.parquet": _drawn(usage, "pair", "amount_", linked),
            "teams.csv": f"SELECT {name('owner', 'range', 4)} AS value FROM range({owners})",
        },
    )


def write_receivers(folder: Path, receivers: int, lines: int) -> None:
    """Lines of which nobody is the owner, in three pools: one by usage, one even, one fixed.

    `receivers` divide a hundred exactly, as 100 and 5,000 do.
    """
    services = ["By usage", "Even", "Fixed"]
    which = " ".join(f"WHEN {at} THEN '{service}'" for at, service in enumerate(services))
    bill = {
        "ServiceName": f"CASE line % {len(services)} {which} END",
        "SubAccountId": name("acct", f"line // 7 % {ACCOUNTS}", 2),
        "BilledCost": billionths("1000000000 + digits_ % 9000000000"),
    }
    team = name("team", "range", 4)
    usage = {
        "hour": "TIMESTAMP '2026-10-15'",
        "team": team,
        "x_Quantity": "1 + amount_ % 1000000",
    }
    numbers = f"(SELECT range AS line FROM range({lines}))"
    users = f"(SELECT range FROM range({receivers}))"
    splits = (
        "{by: usage, usage: {x_Source: seen}, over: [team]}",
        "{by: even, over: [team]}",
        "{by: fixed, over: [team], file: shares.csv}",
    )
    text = [_taxonomy("teams.csv"), _BILL, _USAGE, "pools:"]
    for service, split in zip(services, splits, strict=True):
        text.append(
            f"  - {{pool: {service}, charges: {{ServiceName: {service}}}, split: [{split}]}}"
        )
    _write(
        folder,
        text,
        {
            "bills/october.parquet": _drawn(bill, "line", "digits_", numbers),
            "usage/october.parquet": _drawn(usage, "range", "amount_", users),
            "teams.csv": f"SELECT {team} AS value FROM range({receivers})",
            "shares.csv": f"SELECT {team} AS team, {Decimal(100) / receivers} AS share"
            f" FROM range({receivers})",
        },
    )


def _drawn(columns: Mapping[str, str], number: str, draw: str, source: str) -> str:
    """SELECT of `columns` of a source, with one draw for each number."""
    return f"SELECT {listed(columns)} FROM ({mixed(number, [draw], source)})"


def _taxonomy(values: str) -> str:
    return f"taxonomy: {{team: {{tags: [team], values: {values}}}}}"


_BILL = """\
bills:
  - name: bill
    format: table
    path: "bills/*.parquet"
    set: {BillingCurrency: USD, ChargePeriodStart: "2026-10-01", ChargePeriodEnd: "2026-11-01"}
    layer: platform"""

_USAGE = """\
usage:
  - {name: seen, format: table, path: "usage/*.parquet", set: {x_Meter: requests, x_Unit: calls}}"""


def _write(folder: Path, configuration: list[str], tables: Mapping[str, str]) -> None:
    """The text of everyline.yaml, and each file's SELECT."""
    import duckdb

    with duckdb.connect() as engine:
        for path, sql in tables.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            copy(engine, sql, folder / path)
    (folder / "everyline.yaml").write_text("\n".join([*configuration, ""]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes a project of shared cost.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chain", choices=("direct", "step-down", "reciprocal"))
    parser.add_argument("--pools", type=int, default=100)
    parser.add_argument("--owners", type=int, default=500)
    parser.add_argument("--receivers", type=int, default=100)
    parser.add_argument("--lines", type=int, default=10_000)
    asked = parser.parse_args()
    if asked.chain:
        write_chain(asked.folder, asked.pools, asked.owners, asked.chain)
    else:
        write_receivers(asked.folder, asked.receivers, asked.lines)


if __name__ == "__main__":
    main()
