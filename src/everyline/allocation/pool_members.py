"""Which first-stage part goes into which pool, and the lines that pools sum them to (R16)."""

from collections.abc import Mapping
from datetime import date

from everyline import conditions
from everyline.allocation.parts import CARRIED
from everyline.allocation.pool_receivers import PoolOwners
from everyline.canonical import json_object
from everyline.conditions import Condition, SqlColumn
from everyline.config.columns import column_type
from everyline.config.configuration import Configuration
from everyline.config.pools import CostSplit, Pool, Split, UsageSplit
from everyline.engines.duckdb import Engine, literal, quoted, same
from everyline.names import with_provider_names
from everyline.relations import MEASURES
from everyline.tag_columns import PREFIX, by_name, columns_of, is_tag

SUMS = ", ".join(f"sum({measure})::DECIMAL(38,18) AS {measure}" for measure in MEASURES)
_SQL_TYPES = {
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "decimal": "DECIMAL(38,18)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}


def condition_sql(condition: Condition, has: Mapping[str, str]) -> str:
    """A condition on a relation whose columns are `has`: what conditions name, to the column."""

    def column(name: str) -> SqlColumn | None:
        at = has.get(name)
        return SqlColumn(quoted(at), column_type(name) or "text") if at else None

    return conditions.sql(with_provider_names(condition), column)


def within_of(pool: Pool) -> tuple[str, ...]:
    """The columns by whose values a pool is split apart, over all its splits."""
    return tuple(dict.fromkeys(name for split in pool.split for name in within_of_split(split)))


def within_of_split(split: Split) -> tuple[str, ...]:
    """The columns by whose values one entry weighs apart."""
    return split.within if isinstance(split, UsageSplit | CostSplit) else ()


class Members:
    """Makes the tables of one run's pools; their names begin with `pool_`.

    `pool_groups`: each group with the first pool whose `charges` it meets (`charged`), whether it
    meets each `of`, and its `within` values. `pool_parts`: the parts that pools take. `pool_pots`:
    one row for each period of a pool and combination of its `within` values.
    """

    def __init__(self, engine: Engine, configuration: Configuration) -> None:
        self._engine = engine
        self._configuration = configuration
        self._pools = configuration.pools
        names = [name for pool in self._pools for name in within_of(pool)]
        self._within = {name: f"within_{n}" for n, name in enumerate(dict.fromkeys(names))}
        costs = [s for pool in self._pools for s in pool.split if isinstance(s, CostSplit)]
        self._of = {s.of: f"of_{n}" for n, s in enumerate(costs) if s.of is not None}
        self._keys = [key.name for key in configuration.taxonomy]
        self._tags = [f"{key}_tag" for key in self._keys]

    def within(self, name: str) -> str:
        """The column of our tables that has a `within` column."""
        return self._within[name]

    def of(self, split: CostSplit) -> str:
        """SQL over `pool_costs`: whether a row meets `of`."""
        return self._of[split.of] if split.of is not None else "true"

    def take(self, parts: str, owned: str, owners: Mapping[str, PoolOwners]) -> None:
        """Makes `pool_parts`, `pool_pots` and `pool_costs`; `owners` by period."""
        self._groups(owned)
        placed = self._placed(parts, owners)
        within = "".join(
            f", CASE WHEN pool_ IN ({self._users(name)}) THEN {column} END AS {column}"
            for name, column in self._within.items()
        )
        columns = ", ".join([*CARRIED, *self._tags, *MEASURES])
        self._make(
            "pool_parts",
            f"SELECT x_GroupId, x_Receiver, {columns}, pool_{within} FROM {placed}"
            " WHERE pool_ IS NOT NULL",
        )
        cut = "".join(f", {column}" for column in self._within.values())
        self._make(
            "pool_pots",
            f"SELECT row_number() OVER () AS pot_, * FROM (SELECT DISTINCT pool_,"
            f" x_Period{cut} FROM pool_parts)",
        )
        columns = ", ".join([*map(quoted, self._keys), *self._of.values(), *self._within.values()])
        self._make(
            "pool_costs",
            f"SELECT x_Period, BillingCurrency, {columns},"
            f" sum(EffectiveCost)::DECIMAL(38,18) AS cost_ FROM {placed}"
            f" WHERE pool_ IS NULL AND x_Basis <> 'estimated' AND {self._costs_needed()}"
            " GROUP BY ALL",
        )

    def _make(self, table: str, sql: str) -> None:
        self._engine.run(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")

    def _costs_needed(self) -> str:
        splits = [split for pool in self._pools for split in pool.split]
        return "true" if any(isinstance(split, CostSplit) for split in splits) else "false"

    def _users(self, name: str) -> str:
        users = [str(n) for n, pool in enumerate(self._pools) if name in within_of(pool)]
        return ", ".join(users)

    def _groups(self, owned: str) -> None:
        has = by_name(self._engine.columns(owned))
        whens = "".join(
            f" WHEN {_in_time(pool)} AND {condition_sql(pool.charges, has)} THEN {n}"
            for n, pool in enumerate(self._pools)
            if pool.charges is not None
        )
        picked = [
            f"(CASE{whens} END)::INTEGER AS charged_" if whens else "NULL::INTEGER AS charged_"
        ]
        picked += [f"{condition_sql(of, has)} AS {column}" for of, column in self._of.items()]
        picked += [
            f"{quoted(has[name]) if name in has else f'NULL::{_sql_type(name)}'} AS {column}"
            for name, column in self._within.items()
        ]
        self._make("pool_groups", f"SELECT x_GroupId, {', '.join(picked)} FROM {owned}")

    def _placed(self, parts: str, owners: Mapping[str, PoolOwners]) -> str:
        """SQL of the parts with pool_, the number of the pool they go to, null for none."""
        tables = self._owner_tables(owners)
        joins = "".join(
            f" LEFT JOIN {table} AS {table} ON {same('p', table, ('x_Period', *keys))}"
            for table, keys in tables.items()
        )
        found = ["CASE WHEN NOT p.is_traced THEN g.charged_ END"]
        found += [f"{table}.owner_" for table in tables]
        pool = f"least({', '.join(found)})" if len(found) > 1 else found[0]
        return (
            f"(SELECT p.*, g.* EXCLUDE (x_GroupId), {pool} AS pool_ FROM {parts} AS p"
            f" JOIN pool_groups AS g USING (x_GroupId){joins})"
        )

    def _owner_tables(self, owners: Mapping[str, PoolOwners]) -> dict[str, tuple[str, ...]]:
        """One table for each set of keys that owners name: the first pool of their values."""
        rows: dict[tuple[str, ...], dict[tuple[str, ...], int]] = {}
        for period, found in owners.items():
            for number, named_ in sorted(found.resolved.items()):
                keys = tuple(key for key in self._keys if key in named_)
                values = (period, *(named_[key] for key in keys))
                rows.setdefault(keys, {}).setdefault(values, number)
        tables = {}
        for n, (keys, numbers) in enumerate(rows.items()):
            kinds = dict.fromkeys(("x_Period", *keys), "VARCHAR") | {"owner_": "INTEGER"}
            self._engine.table(
                f"pool_owners_{n}", kinds, [(*values, pool) for values, pool in numbers.items()]
            )
            tables[f"pool_owners_{n}"] = keys
        return tables

    def lines(self) -> None:
        """Makes `pool_sums`, pool lines with their line_ and pot_, and `pool_lines`.

        `line_` is the place in the order of x_LineId.
        """
        shown = _shown(self._within)
        ids = ["x_Pool", *CARRIED, *self._tags, *shown.values()]
        line_id = f"sha256({json_object(dict(zip(ids, ids, strict=True)))})"
        key = ", ".join(["pot_", "x_Pool", *CARRIED, *self._tags, *map(quoted, self._more())])
        self._make(
            "pool_sums",
            f"SELECT row_number() OVER (ORDER BY x_LineId) AS line_, * FROM"
            f" (SELECT {line_id} AS x_LineId, * FROM"
            f" (SELECT {key}, {SUMS} FROM ({self._united()}) GROUP BY ALL))",
        )
        self._make("pool_lines", "SELECT * EXCLUDE (line_, pot_) FROM pool_sums")

    def write_pool_members(self) -> None:
        """Makes `pool_members`: each part with the pool line that it went into."""
        columns = ["pot_", *CARRIED, *self._tags, *self._more()]
        measures = ", ".join(f"m.{measure}" for measure in MEASURES)
        self._make(
            "pool_members",
            f"SELECT l.x_LineId AS x_PoolLineId, m.x_GroupId, m.x_Receiver, {measures}"
            f" FROM ({self._united()}) AS m JOIN pool_sums AS l ON {same('m', 'l', columns)}",
        )

    def _more(self) -> dict[str, str]:
        """`within` columns that no part carries anyway: as pool lines call them, to ours."""
        shown = _shown(self._within)
        return {c: self._within[name] for name, c in shown.items() if c not in CARRIED}

    def _united(self) -> str:
        """SELECT of the parts in pools, with pot_, x_Pool and the `within` columns."""
        names = ", ".join(literal(pool.pool) for pool in self._pools)
        pots = same("p", "t", ("pool_", "x_Period", *self._within.values()))
        more = "".join(f", p.{ours} AS {quoted(column)}" for column, ours in self._more().items())
        return (
            f"SELECT t.pot_, ([{names}]::VARCHAR[])[p.pool_ + 1] AS x_Pool, p.*{more}"
            f" FROM pool_parts AS p JOIN pool_pots AS t ON {pots}"
        )

    def within_json(self) -> str:
        """SQL over `pool_pots`: the canonical JSON object of the `within` values."""
        return json_object(self._within)


def _in_time(pool: Pool) -> str:
    """SQL: whether a pool is made in x_Period; validity begins and ends with months (R10)."""
    tests = []
    if pool.valid_from:
        tests.append(f"x_Period >= {literal(_month(pool.valid_from))}")
    if pool.valid_to:
        tests.append(f"x_Period < {literal(_month(pool.valid_to))}")
    return " AND ".join(tests) or "true"


def _month(day: date) -> str:
    return day.isoformat()[:7]


def _sql_type(name: str) -> str:
    return _SQL_TYPES[column_type(name) or "text"]


def _shown(within: Mapping[str, str]) -> dict[str, str]:
    """Each `within` column as `pool_lines` calls it; tags that differ in case are marked."""
    tags = columns_of(name.removeprefix(PREFIX) for name in within if is_tag(name))
    return {name: tags[name.removeprefix(PREFIX)] if is_tag(name) else name for name in within}
