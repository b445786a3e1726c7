"""A company of many owners to measure pages with: the same bytes each time.

    python benchmarks/served_pages_project.py FOLDER [--lines 10000000] [--teams 500] [--months 12]

A bill a month, all of one size. A team has four use cases and an account of its own, and buys from
five services of three vendors in two environments; a line in twenty names no team, half of these in
an account that no team has. A twelfth of the lines is of a GPU cluster that is split by usage, and
as many of a tool that is split by cost. Values are mixed from a line's number, in integers.
"""

import argparse
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charges import mixed

if TYPE_CHECKING:
    import duckdb

USE_CASES = 4
NOBODYS = 10
"""Accounts that no team has."""

CONFIGURATION = """\
organisation: Invented
taxonomy:
  team: {required: true, tags: [team]}
  use_case: {tags: [use_case]}
  environment: {tags: [environment], values: [production, staging]}
targets: {tag_coverage: {team: 0.95}, unallocated: 0.05}
bills:
  - {name: bill, format: table, path: "bills/*.parquet", columns: {Tags: TagsJson}, layer: model}
usage:
  - {name: gpu, format: table, path: "usage/*.csv"}
owners:
  - {registry: owners/accounts.csv}
layers:
  - {when: {ServiceName: GPU}, layer: platform}
  - {when: {ServiceName: Observability}, layer: platform}
  - {when: {ServiceName: Vectors}, layer: data}
pools:
  - {pool: gpu, charges: {ServiceName: GPU}, split: [{by: usage, usage: {x_Source: gpu}}]}
  - {pool: tool, charges: {ServiceName: Observability}, split: [{by: cost}]}
"""

_SERVICES = (
    ("OpenAI API", "OpenAI"),
    ("OpenAI API", "OpenAI"),
    ("OpenAI API", "OpenAI"),
    ("OpenAI API", "OpenAI"),
    ("Anthropic API", "Anthropic"),
    ("Anthropic API", "Anthropic"),
    ("Anthropic API", "Anthropic"),
    ("Amazon Bedrock", "AWS"),
    ("Amazon Bedrock", "AWS"),
    ("Vectors", "AWS"),
    ("GPU", "AWS"),
    ("Observability", "Watch"),
)
_SHARED = 10
"""From here on services are shared."""

_DRAWS = (
    *("team_", "service_", "use_", "environment_", "chance_", "account_", "model_", "day_"),
    *("cost_", "resource_", "quantity_", "token_"),
)


def months(count: int) -> list[str]:
    """The last of them is October 2026."""
    at = 2026 * 12 + 9
    return [f"{n // 12}-{n % 12 + 1:02}" for n in range(at - count + 1, at + 1)]


def write(folder: Path, lines: int, teams: int, count: int) -> None:
    """The project."""
    import duckdb  # here, so that who only wants to know names stays small

    for name in ("bills", "usage", "owners"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "everyline.yaml").write_text(CONFIGURATION, encoding="utf-8")
    accounts = ((f"acct-{n:04}", f"team-{n:03}") for n in range(teams))
    _table(folder / "owners" / "accounts.csv", ("SubAccountId", "team"), accounts)
    with duckdb.connect() as engine:
        for at, month in enumerate(months(count)):
            bill = folder / "bills" / f"{month}.parquet"
            each = lines // count
            _bill(engine, bill, (at * each, each), teams)
            _table(folder / "usage" / f"{month}.csv", _USAGE, _usage(month, at, teams))


def _bill(
    engine: "duckdb.DuckDBPyConnection", bill: Path, part: tuple[int, int], teams: int
) -> None:
    """One month's lines: `part` is the first of them and how many they are."""
    first, many = part
    source = f"(SELECT range + {first} AS line FROM range({many}))"
    drawn = f"(SELECT *, service_ % {len(_SERVICES)} AS service, team_ % {teams} AS team"
    drawn += f" FROM ({mixed('line', _DRAWS, source)}))"
    names = _listed([name for name, _ in _SERVICES])
    vendors = _listed([vendor for _, vendor in _SERVICES])
    shared, named = f"service >= {_SHARED}", "chance_ % 100 >= 5"
    environment = "CASE WHEN environment_ % 4 = 0 THEN 'staging' ELSE 'production' END"
    use = "'case-' || lpad(team::VARCHAR, 3, '0') || '-' || (use_ % 4)"
    account = (
        f"CASE WHEN {shared} THEN 'acct-shared' WHEN chance_ // 100 % 20 = 0 AND NOT {named}"
        f" OR chance_ % 100 < 2 THEN 'acct-nobody-' || (account_ % {NOBODYS})"
        " ELSE 'acct-' || lpad(team::VARCHAR, 4, '0') END"
    )
    tags = (
        f"CASE WHEN {shared} THEN '{{}}' ELSE '{{' || CASE WHEN {named} THEN"
        " '\"team\":\"team-' || lpad(team::VARCHAR, 3, '0') || '\",' ELSE '' END"
        f' || \'"use_case":"\' || {use} || \'","environment":"\' || {environment} || \'"}}\' END'
    )
    cost = "((1000 + cost_ % 9999000)::DECIMAL(18,0) * 0.000001::DECIMAL(7,6))::DECIMAL(18,6)"
    day = f"TIMESTAMP '{bill.stem}-01' + to_days((day_ % 28{{}})::INTEGER)"
    engine.execute(
        f"COPY (SELECT {cost} AS BilledCost, {cost} AS EffectiveCost, 'USD' AS BillingCurrency,"
        f" {day.format('')} AS ChargePeriodStart, {day.format(' + 1')} AS ChargePeriodEnd,"
        f" {vendors}[service + 1] AS ServiceProviderName,"
        f" {vendors}[service + 1] AS InvoiceIssuerName, {names}[service + 1] AS ServiceName,"
        " 'Usage' AS ChargeCategory,"
        f" {account} AS SubAccountId, 'res-' || (resource_ % 20000) AS ResourceId,"
        " 1 + quantity_ % 199999 AS ConsumedQuantity, 'tokens' AS ConsumedUnit,"
        f" {tags} AS TagsJson FROM {drawn})"
        f" TO '{bill}' (FORMAT parquet, COMPRESSION zstd)"
    )


_USAGE = ("hour", "ServiceProviderName", "x_Meter", "x_Unit", "x_Quantity", "team", "use_case")


def _usage(month: str, at: int, teams: int) -> Iterable[tuple[str, ...]]:
    """GPU seconds of each team, in one hour of the month."""
    for team in range(teams):
        seconds = str(1 + (team * 37 + at * 11) % 4_999)
        what = (f"{month}-05T10:00:00Z", "AWS", "gpu_seconds", "seconds", seconds)
        yield *what, f"team-{team:03}", f"case-{team:03}-0"


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(repr(text) for text in texts)}]"


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes a project of many owners and months.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--teams", type=int, default=500)
    parser.add_argument("--months", type=int, default=12)
    asked = parser.parse_args()
    write(asked.folder, asked.lines, asked.teams, asked.months)


if __name__ == "__main__":
    main()
