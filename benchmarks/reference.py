"""The yardstick: the job as a good engineer writes it by hand in SQL for exactly these lines.

    python benchmarks/reference.py CHARGES USAGE ALIASES ACCOUNTS --out FOLDER [--threads 2]

It knows this one bill, so it can leave away all that makes everyline fit any other. Lines are read
once, tags by one list of JSON paths; a team is found by its spellings or by its account; groups
carry four costs; each group of a pool is split by the usage of the pool to the billionth, largest
remainder first; totals are summed and compared with the bill; files are sorted; inputs and outputs
are hashed. On the last line it prints the totals of the bill as JSON.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from charges import ENVIRONMENTS, TAG_KEYS

# The bill has two costs; a bill with four costs as much to sum, split, check and write as this.
COSTS = {
    "billed": "BilledCost",
    "effective": "EffectiveCost",
    "list": "BilledCost",
    "contracted": "EffectiveCost",
}

FACTS = (
    "ServiceProviderName, SubAccountId, ServiceName, SkuId, BillingCurrency, pool, team, product,"
    " use_case, environment"
)


def each(text: str) -> str:
    """`text` once for each cost, with its name for `?`."""
    return ", ".join(text.replace("?", cost) for cost in COSTS)


def tags() -> tuple[str, str]:
    """The list of JSON paths, and the columns that pick each key's first tag from what they say."""
    paths = [f"""'$."{tag}"'""" for tags in TAG_KEYS.values() for tag in tags]
    columns, at = [], 0
    for key, spellings in TAG_KEYS.items():
        places = range(at + 1, at + 1 + len(spellings))
        columns.append(f"coalesce({', '.join(f'said[{place}]' for place in places)}) AS {key}")
        at += len(spellings)
    return f"[{', '.join(paths)}]", ", ".join(columns)


def groups(charges: str) -> str:
    """One row for all lines of a day with the same facts, its costs in billionths."""
    paths, columns = tags()
    costs = ", ".join(f"sum({column}) AS {cost}" for cost, column in COSTS.items())
    units = each("(? * 1000000000::DECIMAL(10,0))::BIGINT AS ?")
    return f"""
        SELECT row_number() OVER (ORDER BY day, {FACTS}) AS number, day, {FACTS}, lines, {units}
        FROM (
            SELECT ChargePeriodStart::DATE AS day, ServiceProviderName, SubAccountId, ServiceName,
                SkuId, BillingCurrency, pool,
                CASE WHEN pool IS NULL THEN coalesce(aliases.team, said.team, accounts.team) END
                    AS team,
                product, use_case, coalesce(environments.value, environment) AS environment,
                count(*) AS lines, {costs}
            FROM (
                SELECT * EXCLUDE said, {columns}
                FROM (SELECT *, json_extract_string(TagsJson, {paths}) AS said FROM '{charges}')
            ) AS said
            LEFT JOIN aliases ON aliases.alias = said.team
            LEFT JOIN environments ON environments.alias = environment
            LEFT JOIN accounts USING (SubAccountId)
            GROUP BY ALL
        )"""


def ledger() -> str:
    """One row for each group and who bears a part of it, in billionths; parts sum to the group."""
    whole = each("abs(?)::HUGEINT * usage // used AS ?_whole")
    rest = each("abs(?)::HUGEINT * usage % used AS ?_rest")
    left = each("abs(?) - sum(?_whole) OVER (PARTITION BY number) AS ?_left")
    place = each("row_number() OVER (PARTITION BY number ORDER BY ?_rest DESC, owner) AS ?_place")
    part = each("(sign(?) * (?_whole + (?_place <= ?_left)::BIGINT))::BIGINT AS ?")
    return f"""
        SELECT number, owner, 'shared' AS method, {part}
        FROM (
            SELECT *, {left}, {place}
            FROM (
                SELECT number, shares.team AS owner, {each("?")}, {whole}, {rest}
                FROM groups JOIN shares USING (pool)
            )
        )
        UNION ALL
        SELECT number, team, CASE WHEN team IS NULL THEN 'unallocated' ELSE 'direct' END,
            {each("?")}
        FROM groups ANTI JOIN shares USING (pool)"""


TOTALS = f"""
    SELECT BillingCurrency, owner, pool, product, use_case, environment, method,
        {each("sum(ledger.?)::BIGINT AS ?")}
    FROM ledger JOIN groups USING (number) GROUP BY ALL"""

SHARES = """
    SELECT pool, team, usage::HUGEINT AS usage, sum(usage) OVER (PARTITION BY pool) AS used
    FROM usage WHERE usage > 0"""


def make(engine: duckdb.DuckDBPyConnection, asked: argparse.Namespace) -> None:
    for name in ("usage", "aliases", "accounts"):
        engine.execute(f"CREATE TEMP TABLE {name} AS FROM '{getattr(asked, name)}'")
    pairs = ", ".join(f"('{alias}', '{value}')" for value, alias in ENVIRONMENTS.items())
    engine.execute(f"CREATE TEMP TABLE environments AS FROM (VALUES {pairs}) t(alias, value)")
    engine.execute(f"CREATE TEMP TABLE groups AS {groups(asked.charges)}")
    engine.execute(f"CREATE TEMP TABLE shares AS {SHARES}")
    engine.execute(f"CREATE TEMP TABLE ledger AS {ledger()}")
    engine.execute(f"CREATE TEMP TABLE totals AS {TOTALS}")


def check(engine: duckdb.DuckDBPyConnection, charges: str) -> dict[str, dict[str, str]]:
    """The totals of each currency; money in is money out, of all and of each group."""
    found: dict[str, dict[str, str]] = {}
    for cost, column in COSTS.items():
        billed = engine.execute(
            f"SELECT BillingCurrency, sum({column}) FROM '{charges}' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        split = engine.execute(
            f"SELECT BillingCurrency, sum({cost}) FROM totals GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        assert [(c, int(s.scaleb(9))) for c, s in billed] == split, (cost, billed, split)
        for currency, sum_ in billed:
            found.setdefault(currency, {})[column] = str(sum_)
    wrong = engine.execute(f"""
        SELECT count(*) FROM groups
        JOIN (SELECT number, {each("sum(?) AS ?")} FROM ledger GROUP BY number) AS parts
            USING (number)
        WHERE parts.billed <> groups.billed""").fetchone()
    assert wrong == (0,), wrong
    return found


def write(engine: duckdb.DuckDBPyConnection, out: Path) -> Iterator[Path]:
    out.mkdir(parents=True, exist_ok=True)
    engine.execute("SET preserve_insertion_order = true")
    for name, order in (("groups", "number"), ("ledger", "number, owner"), ("totals", "ALL")):
        path = out / f"{name}.parquet"
        engine.execute(
            f"COPY (FROM {name} ORDER BY {order}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
        yield path


def hashes(paths: Iterable[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        with path.open("rb") as opened:
            found[path.name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="The job, written by hand for one bill.")
    for name in ("charges", "usage", "aliases", "accounts"):
        parser.add_argument(name)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    with duckdb.connect() as engine:
        engine.execute(f"SET threads = {asked.threads}; SET preserve_insertion_order = false")
        make(engine, asked)
        totals = check(engine, asked.charges)
        written = list(write(engine, asked.out))
    inputs = [Path(path) for path in (asked.charges, asked.usage, asked.aliases, asked.accounts)]
    print(json.dumps({"totals": totals, "sha256": hashes([*inputs, *written])}))


if __name__ == "__main__":
    main()
