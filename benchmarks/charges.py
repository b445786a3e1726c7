"""AI charge lines to measure with: a project of one bill, the same bytes each time.

    python benchmarks/charges.py FOLDER [--lines 1000000]

Nothing real is in it, but it has the shape of a bill, since the time of a run hangs on how often
lines repeat each other:

- an account belongs to one team, buys from one provider, uses few models (one of them most) and
  serves mostly one product and one environment; a product has few use cases; users are a team's;
- a fifth of the lines is shared: they name a pool and no team, and a pool lives in one account;
- of the others 15 % name no team, so that only the account tells whose they are, and 30 % of those
  that do spell it another way (capitals, `_`, a blank);
- two accounts in five have tag keys of their own (`owner`, `app`, `env`), and one environment in
  five is written as an alias (`prod`);
- a line costs around 0.004 USD, spread over six powers of ten; 1 % are credits.

A line's values are mixed from its number alone, in integers, so a short bill is the beginning of a
long one, and neither the number of threads nor the machine changes a byte.
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

TEAMS, PRODUCTS, USE_CASES, POOLS, ACCOUNTS, MODELS = 50, 200, 40, 20, 300, 60

PROVIDERS = (
    "OpenAI",
    "Anthropic",
    "AWS",
    "Google Cloud",
    "Azure",
    "Mistral",
    "Databricks",
    "Internal GPU",
)

ENVIRONMENTS = {
    "production": "prod",
    "staging": "stg",
    "development": "dev",
    "research": "lab",
}
"""Value to its alias."""

TAG_KEYS = {
    "team": ("team", "owner", "cost-team"),
    "pool": ("pool",),
    "product": ("product", "app"),
    "use_case": ("use_case", "usecase", "feature"),
    "environment": ("environment", "env", "stage"),
}
"""Taxonomy key to the tag keys it is read from."""

_STYLES: tuple[Mapping[str, str], ...] = (
    {},
    {"team": "owner", "product": "app", "use_case": "usecase", "environment": "env"},
    {"team": "cost-team", "product": "app", "use_case": "feature", "environment": "stage"},
)
"""How accounts spell the tag keys: three in five the first way, one each of the others."""

_DRAWS = (
    "team_",
    "account_",
    "product_",
    "use_case_",
    "environment_",
    "pool_",
    "chances_",
    "spelling_",
    "digits_",
    "magnitude_",
    "day_",
    "model_",
    "token_",
    "user_",
    "resource_",
    "quantity_",
)


class Project(NamedTuple):
    """The files of a generated project, and those that only a reference program reads."""

    folder: Path
    charges: Path
    usage: Path
    aliases: Path
    accounts: Path


def files(folder: Path) -> Project:
    """Where `write` puts what."""
    beside = folder / "reference"
    return Project(
        folder,
        folder / "bills" / "charges.parquet",
        beside / "usage.parquet",
        beside / "aliases.parquet",
        beside / "accounts.parquet",
    )


def write(folder: Path, lines: int) -> Project:
    """Makes the project in `folder`: the bill, its configuration, and the reference's tables."""
    import duckdb  # here, so that who only wants to know where the files lie stays small

    made = files(folder)
    for path in (made.charges, made.usage, folder / "owners" / "teams.csv"):
        path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as engine:
        _copy(engine, _charges(lines), made.charges)
        _copy(engine, _usage(), made.usage)
        _copy(engine, _aliases(), made.aliases)
        _copy(engine, _accounts(), made.accounts)
        _copy(engine, f"SELECT DISTINCT team AS value FROM ({_aliases()})", _teams(folder))
        _copy(engine, _accounts(), folder / "owners" / "accounts.csv")
    (folder / "everyline.yaml").write_text(_configuration(), encoding="utf-8")
    return made


def _teams(folder: Path) -> Path:
    return folder / "owners" / "teams.csv"


def _copy(engine: "duckdb.DuckDBPyConnection", sql: str, target: Path) -> None:
    kind = "FORMAT csv, HEADER" if target.suffix == ".csv" else "FORMAT parquet, COMPRESSION zstd"
    ordered = sql if target.stem == "charges" else f"{sql} ORDER BY ALL"
    engine.execute(f"COPY ({ordered}) TO '{target}' ({kind})")


def mixed(number: str, names: Iterable[str], source: str) -> str:
    """SELECT of a draw from 0 to 2^32 - 1 for each name, of every row of `source`.

    Each draw is `number` times 32 and the place of its name, mixed by three rounds of multiplying
    and shifting in 32 bits, which leaves no order that a bill would show.
    """
    names = tuple(names)
    start = {name: f"({number} * 32 + {at})::UBIGINT" for at, name in enumerate(names)}
    sql = f"SELECT *, {_listed(start)} FROM {source}"
    for multiplier, shift in ((2_654_435_769, 16), (2_146_121_005, 15), (2_221_713_035, 16)):
        times = {n: f"({n} * {multiplier}) & 4294967295" for n in names}
        sql = f"SELECT * REPLACE ({_listed(times)}) FROM ({sql})"
        folded = {n: f"xor({n}, {n} >> {shift})" for n in names}
        sql = f"SELECT * REPLACE ({_listed(folded)}) FROM ({sql})"
    signed = {n: f"{n}::BIGINT" for n in names}
    return f"SELECT * REPLACE ({_listed(signed)}) FROM ({sql})"


def _charges(lines: int) -> str:
    """SELECT of the bill: its facts as numbers first, then as a bill writes them."""
    drawn = f"({mixed('line', _DRAWS, f'(SELECT range AS line FROM range({lines}))')})"
    who = f"(SELECT *, {_listed(_WHO)} FROM {drawn})"
    where = f"(SELECT *, {_listed(_WHERE)} FROM {who})"
    what = f"(SELECT *, {_listed(_WHAT)} FROM {where})"
    return f"SELECT {_listed(_columns())} FROM {what}"


_WHO = {
    "team": f"team_ % {TEAMS}",
    "pool": f"pool_ % {POOLS}",
    "is_shared": "chances_ % 100 < 20",
    "has_team": "chances_ // 100 % 100 >= 15",
    "is_credit": "chances_ // 10000 % 100 = 0",
    "is_alias": "chances_ // 1000000 % 100 < 20",
}

_WHERE = {
    "account": f"CASE WHEN is_shared THEN pool * {ACCOUNTS // POOLS}"
    f" ELSE team * {ACCOUNTS // TEAMS} + account_ % {ACCOUNTS // TEAMS} END",
    # Half of the lines are of the first model, a quarter of the second, and so on.
    "rank": "CASE WHEN model_ % 64 < 32 THEN 0 WHEN model_ % 64 < 48 THEN 1"
    " WHEN model_ % 64 < 56 THEN 2 WHEN model_ % 64 < 60 THEN 3"
    " WHEN model_ % 64 < 62 THEN 4 ELSE 5 END",
    # Twenty-one throws of a coin: how many powers of two above 0.0000028 USD.
    "doublings": "bit_count(magnitude_ & 2097151)::BIGINT",
}

_WHAT = {
    "provider": f"account % {len(PROVIDERS)}",
    "model": f"(account % {len(PROVIDERS)} * 7"
    f" + CASE WHEN is_shared THEN rank % 3 ELSE (account + rank) % 7 END) % {MODELS}",
    "product": f"team * {PRODUCTS // TEAMS}"
    f" + CASE WHEN product_ % 100 < 85 THEN account ELSE product_ // 100 END % {PRODUCTS // TEAMS}",
    "use": "CASE WHEN use_case_ % 100 < 60 THEN 0 WHEN use_case_ % 100 < 84 THEN 1 ELSE 2 END",
    "environment": "CASE WHEN environment_ % 10 < 9 THEN account // 2 % 4 ELSE 0 END",
    "style": "CASE WHEN account % 5 < 2 THEN account % 5 + 1 ELSE 0 END",
    "units": "CASE WHEN is_credit THEN -1 ELSE 1 END"
    " * (((2000000 + digits_ % 2000000) << doublings) // 1000)",
}


def _columns() -> Mapping[str, str]:
    """Column of the bill to its SQL."""
    day = "TIMESTAMP '2026-10-01' + to_days((day_ % 30{})::INTEGER)"
    return {
        "BilledCost": _billionths("units"),
        "EffectiveCost": _billionths("units * 9 // 10"),
        "BillingCurrency": "'USD'",
        "ChargePeriodStart": day.format(""),
        "ChargePeriodEnd": day.format(" + 1"),
        "ServiceProviderName": _one_of("provider", PROVIDERS),
        "ServiceName": _name("service", "model", 2),
        "SkuId": _name("sku", "model * 4 + token_ % 4", 3),
        "SubAccountId": _name("acct", "account", 3),
        "ResourceId": _name("res", "resource_ % 20000", 5),
        "ConsumedQuantity": "1 + quantity_ % 199999",
        "ConsumedUnit": "'tokens'",
        "TagsJson": _tags(),
    }


def _tags() -> str:
    """SQL of the tags as JSON text; an account spells the keys its own way."""
    team = _spelt(_name("team", "team", 3))
    aliases = (*ENVIRONMENTS, *ENVIRONMENTS.values())
    environment = _one_of("environment + CASE WHEN is_alias THEN 4 ELSE 0 END", aliases)
    use_case = _name("usecase", f"(product * 3 + use) % {USE_CASES}", 2)
    named = f"CASE WHEN has_team THEN {_tag('team', team)} ELSE '' END"
    direct = f"{named} || {_tag('product', _name('product', 'product', 3))}"
    direct += f" || {_tag('use_case', use_case)}"
    shared = _tag("pool", _name("pool", "pool", 3))
    user = _name("user", "team * 100 + user_ % 100", 5)
    return (
        f"'{{' || CASE WHEN is_shared THEN {shared} ELSE {direct} END"
        f""" || {_tag("environment", environment)} || '"user":"' || {user} || '"}}'"""
    )


def _tag(key: str, value: str) -> str:
    """SQL of `"key":"value",` with the key as the account spells it."""
    spelt = [style.get(key, key) for style in _STYLES]
    name = _one_of("style", [f'"{each}":"' for each in spelt])
    return f"""{name} || {value} || '",'"""


def _spelt(canonical: str) -> str:
    """SQL of a team's name: in seven lines of ten as declared."""
    return (
        f"CASE spelling_ % 10 WHEN 0 THEN upper({canonical})"
        f" WHEN 1 THEN replace({canonical}, '-', '_') WHEN 2 THEN replace({canonical}, '-', ' ')"
        f" ELSE {canonical} END"
    )


def _usage() -> str:
    """SELECT of what each team used of each pool; nobody used pool 0, one team in ten nothing."""
    pairs = f"(SELECT range AS pair FROM range({POOLS * TEAMS}))"
    drawn = mixed("(pair + 200000000)", ("amount", "chance"), pairs)
    used = f"CASE WHEN pair < {TEAMS} OR chance % 10 = 0 THEN 0 ELSE 1 + amount % 999999 END"
    pool, team = _name("pool", f"pair // {TEAMS}", 3), _name("team", f"pair % {TEAMS}", 3)
    return f"SELECT {pool} AS pool, {team} AS team, {used} AS usage FROM ({drawn})"


def _aliases() -> str:
    """SELECT of every spelling of a team's name."""
    teams = f"(SELECT {_name('team', 'range', 3)} AS team FROM range({TEAMS}))"
    spellings = "[team, upper(team), replace(team, '-', '_'), replace(team, '-', ' ')]"
    return f"SELECT unnest({spellings}) AS alias, team FROM {teams}"


def _accounts() -> str:
    """SELECT of the team of each account."""
    account, team = _name("acct", "range", 3), _name("team", f"range // {ACCOUNTS // TEAMS}", 3)
    return f"SELECT {account} AS SubAccountId, {team} AS team FROM range({ACCOUNTS})"


def _configuration() -> str:
    """The text of everyline.yaml."""
    more = {
        "team": ", required: true, values: owners/teams.csv",
        "environment": f", values: [{', '.join(ENVIRONMENTS)}], aliases:"
        f" {{{', '.join(f'{alias}: {value}' for value, alias in ENVIRONMENTS.items())}}}",
    }
    keys = [
        f"  {key}: {{tags: [{', '.join(tags)}]{more.get(key, '')}}}"
        for key, tags in TAG_KEYS.items()
    ]
    return "\n".join(
        [
            "currency: USD",
            "taxonomy:",
            *keys,
            "bills:",
            '  - {name: bill, format: table, path: "bills/*.parquet", columns: {Tags: TagsJson},',
            "     layer: model}",
            "owners:",
            "  - {registry: owners/accounts.csv}",
            "",
        ]
    )


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())


def _name(prefix: str, number: str, width: int) -> str:
    """SQL of `prefix-007`."""
    return f"'{prefix}-' || substr(({10**width} + {number})::VARCHAR, 2)"


def _one_of(number: str, texts: Iterable[str]) -> str:
    """SQL of the text at `number`, counted from 0."""
    whens = " ".join(f"WHEN {at} THEN '{text}'" for at, text in enumerate(texts))
    return f"CASE {number} {whens} END"


def _billionths(units: str) -> str:
    """SQL of an amount of so many billionths, exactly."""
    return f"({units} * 0.000000001::DECIMAL(10,9))::DECIMAL(18,9)"


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes a project of one seeded bill.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    asked = parser.parse_args()
    made = write(asked.folder, asked.lines)
    print(f"{made.charges}: {asked.lines:,} lines, {made.charges.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
