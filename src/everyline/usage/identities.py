"""Identities: who used what, as the telemetry says it, told apart once and named (R11, R27).

The rows of a source have few distinct identities. Each gets a number here; hours are summed by
number, so that texts are compared only once per identity.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from everyline import names
from everyline.config.configuration import Configuration
from everyline.config.finance import Spelling
from everyline.config.registry import UsageAccounts
from everyline.engines.duckdb import Engine, literal, quoted, same
from everyline.tag_columns import columns_of, is_tag, key_of, pointer, present
from everyline.units import unit
from everyline.usage_rows import UsageRows

TEXTS = (
    "ServiceProviderName",
    "SubAccountId",
    "x_CredentialId",
    "x_PrincipalId",
    "ResourceId",
    "x_Model",
    "x_Meter",
    "x_Tier",
    "x_Unit",
    "x_EstimatedCurrency",
)
"""The columns of an identity beside x_Source and its tags, in the order of the relation's key."""

_HASH_TRIES = 8


class Identities:
    """The identities of all sources, numbered in the order of their keys."""

    def __init__(
        self, engine: Engine, configuration: Configuration, is_asked: Callable[[str], bool]
    ) -> None:
        """`is_asked` says of a tag key as delivered whether the configuration names it."""
        self._engine = engine
        self._configuration = configuration
        self._is_asked = is_asked
        self._models = dict(names.models()) | _spellings(configuration.models)
        self._meters = dict(names.meters()) | _spellings(configuration.meters)
        self.tags: tuple[str, ...] = ()

    def tell_apart(self, sources: Sequence[UsageRows]) -> list[str]:
        """Numbers the identities of `sources`.

        Returns:
            For each source SQL of its rows: `native_`, a number of the identity as delivered, and
            its columns. The temporary table `identities` has x_Source, TEXTS and tags by `id_`;
            `identity_of` has `id_` by `source_`, `native_` and, of calls, the column `meter_`, and
            `multiple_`, what a quantity is multiplied by (units).
        """
        self.tags = tuple(
            columns_of({key for rows in sources for key in self._keys(rows)}).values()
        )
        found = [self._native(at, rows) for at, rows in enumerate(sources)]
        parts = [self._named(at, rows) for at, rows in enumerate(sources)]
        listed = ", ".join(quoted(c) for c in ("x_Source", *TEXTS, *self.tags))
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE named AS {' UNION ALL BY NAME '.join(parts)}"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE identities AS"
            f" SELECT row_number() OVER (ORDER BY {listed}) AS id_, *"
            f" FROM (SELECT DISTINCT {listed} FROM named)"
        )
        on = same("n", "i", ("x_Source", *TEXTS, *self.tags))
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE identity_of AS SELECT n.source_, n.native_, n.meter_,"
            f" n.multiple_, i.id_ FROM named AS n JOIN identities AS i ON {on}"
        )
        return found

    def _keys(self, rows: UsageRows) -> set[str]:
        """Tag keys of the source that the configuration names."""
        columns = {key_of(column) for column in rows.columns if is_tag(column)}
        return {key for key in columns | set(rows.tag_keys) if self._is_asked(key)}

    def _native(self, at: int, rows: UsageRows) -> str:
        """Makes the table `native_<at>`: identities as delivered, each with a number."""
        raw = {name: _text(rows, name) for name in TEXTS} | self._tag_texts(rows)
        source = rows.loose
        if pointers := [pointer(column) for column in self._in_json(rows)]:
            listed = ", ".join(pointers)
            source = f"(SELECT *, json_extract_string(Tags, [{listed}]) AS tags_ FROM {source})"
        varying = {name: sql for name, sql in raw.items() if not _is_constant(rows, name, sql)}
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE raw_{at} AS"
            f" SELECT {_distinct(varying)} FROM {source} AS r"
        )
        constant = [name for name, sql in raw.items() if name not in varying]
        listed = ", ".join(f"{raw[name]} AS {quoted(name)}" for name in constant)
        named = ", ".join(f"{_present(name)} AS {quoted(name)}" for name in raw)
        for seed in range(_HASH_TRIES):
            # Numbers are quicker to group by than ten texts; that two identities have the same
            # one is looked at, not hoped.
            number = f"hash({', '.join([str(seed), *map(quoted, varying)])})"
            self._engine.run(
                f"CREATE OR REPLACE TEMP TABLE native_{at} AS SELECT {number} AS native_, {named}"
                f" FROM raw_{at} CROSS JOIN (SELECT {listed or 'NULL'} FROM {source} AS r LIMIT 1)"
            )
            count, distinct = self._engine.one(
                f"SELECT count(*), count(DISTINCT native_) FROM native_{at}"
            )
            if count == distinct:
                self._engine.run(f"DROP TABLE raw_{at}")
                number = f"hash({', '.join([str(seed), *varying.values()])})"
                return f"(SELECT *, {number} AS native_ FROM {source} AS r)"
        raise AssertionError("identities can't be told apart by number")

    def _in_json(self, rows: UsageRows) -> list[str]:
        """The tag columns that are read out of the JSON of Tags."""
        asked = {key for key in rows.tag_keys if self._is_asked(key)}
        return [column for column in self.tags if key_of(column) in asked]

    def _tag_texts(self, rows: UsageRows) -> dict[str, str]:
        in_json = self._in_json(rows)
        has = {key_of(column): column for column in rows.columns if is_tag(column)}
        texts = {}
        for column in self.tags:
            found = [f"tags_[{in_json.index(column) + 1}]"] if column in in_json else []
            found += [f"r.{quoted(has[key_of(column)])}"] if key_of(column) in has else []
            first, *others = [*found, "NULL::VARCHAR"]
            # Of two spellings the one that is there counts; one alone is looked at later, once for
            # each distinct text.
            texts[column] = f"coalesce({present(first)}, {others[0]})" if len(found) > 1 else first
        return texts

    def _named(self, at: int, rows: UsageRows) -> str:
        """SELECT of the source's identities under their final names, a row for each meter."""
        table = f"native_{at}"
        provider, account = self._accounts(at, rows.source.accounts)
        models = self._looked_up(f"model_{at}", table, "x_Model", self._model)
        providers = self._looked_up(f"provider_{at}", table, "ServiceProviderName", _provider)
        tags = ", ".join(f"n.{quoted(column)}" for column in self.tags)
        common = (
            f"SELECT {at} AS source_, n.native_, {literal(rows.source.name)} AS x_Source,"
            f" coalesce({provider}, provider_{at}.name, n.ServiceProviderName)"
            " AS ServiceProviderName,"
            f" coalesce({account}, n.SubAccountId) AS SubAccountId, n.x_CredentialId,"
            f" n.x_PrincipalId, n.ResourceId, coalesce(model_{at}.name, n.x_Model) AS x_Model,"
            " coalesce(n.x_Tier, 'standard') AS x_Tier, n.x_EstimatedCurrency,"
            f"{' ' + tags + ',' if tags else ''}"
        )
        source = f"FROM {table} AS n {models} {providers} {self._account_join(at, rows)}"
        if rows.meters:
            found = []
            for column, name in rows.meters.items():
                meter = names.meter_name(column, self._meters)
                found.append(
                    f"{common} {literal(column)} AS meter_, 1::HUGEINT AS multiple_,"
                    f" {literal(meter)} AS x_Meter, {literal(name)} AS x_Unit {source}"
                )
            return " UNION ALL BY NAME ".join(found)
        meters = self._looked_up(
            f"meter_{at}", table, "x_Meter", lambda text: names.meter_name(text, self._meters)
        )
        units = self._looked_up(f"unit_{at}", table, "x_Unit", lambda text: unit(text).text)
        multiples = self._looked_up(
            f"multiple_{at}", table, "x_Unit", lambda text: str(unit(text).multiple)
        )
        return (
            f"{common} NULL::VARCHAR AS meter_,"
            f" coalesce(multiple_{at}.name, '1')::HUGEINT AS multiple_,"
            f" meter_{at}.name AS x_Meter, unit_{at}.name AS x_Unit"
            f" {source} {meters} {units} {multiples}"
        )

    def _model(self, text: str) -> str | None:
        return self._models.get(names.folded(text))

    def _looked_up(
        self, name: str, table: str, column: str, find: Callable[[str], str | None]
    ) -> str:
        """Makes the table `name` of each distinct text and what it is called; SQL of its join."""
        texts = self._engine.rows(
            f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY ALL"
        )
        found = [(text, called) for (text,) in texts if (called := find(text)) is not None]
        self._engine.table(name, {"text": "VARCHAR", "name": "VARCHAR"}, found)
        return f"LEFT JOIN {name} ON {name}.text = n.{column}"

    def _accounts(self, at: int, accounts: UsageAccounts | None) -> tuple[str, str]:
        """SQL of provider and account by the source's `accounts`; makes `accounts_<at>` (R11)."""
        if accounts is None:
            return "NULL", "NULL"
        columns = list(accounts.identities)
        listed = ", ".join(columns)
        answers = []
        for row in self._engine.rows(f"SELECT DISTINCT {listed} FROM native_{at} ORDER BY ALL"):
            cells = dict(zip(columns, row, strict=True))
            if cells.get("x_Model") is not None:
                cells["x_Model"] = self._model(cells["x_Model"]) or cells["x_Model"]
            answer = self._account(accounts, [cells[name] for name in columns])
            if answer:
                answers.append((*row, *answer))
        kinds = dict.fromkeys((*columns, "provider_", "account_"), "VARCHAR")
        self._engine.table(f"accounts_{at}", kinds, answers)
        return "a.provider_", "a.account_"

    def _account_join(self, at: int, rows: UsageRows) -> str:
        if rows.source.accounts is None:
            return ""
        return f"LEFT JOIN accounts_{at} AS a ON {same('n', 'a', rows.source.accounts.identities)}"

    def _account(
        self, accounts: UsageAccounts, cells: Sequence[str | None]
    ) -> tuple[str | None, str | None] | None:
        """The one row that matches: most filled identity cells, then the first."""
        best: tuple[int, tuple[str | None, str | None]] | None = None
        for row in accounts.rows:
            filled = [
                (self._model(wanted) or wanted if name == "x_Model" else wanted, cell)
                for name, wanted, cell in zip(
                    accounts.identities, row.identities, cells, strict=True
                )
                if wanted is not None
            ]
            if all(wanted == cell for wanted, cell in filled) and (
                best is None or len(filled) > best[0]
            ):
                named = row.ServiceProviderName
                provider = names.provider_name(named) if named else None
                best = (len(filled), (provider, row.SubAccountId))
        return best[1] if best else None


def _text(rows: UsageRows, name: str) -> str:
    if name == "x_EstimatedCurrency" and rows.source.estimated_cost != "native":
        return "NULL::VARCHAR"
    if rows.meters and name in ("x_Meter", "x_Unit"):
        return "NULL::VARCHAR"
    return f"r.{quoted(name)}" if name in rows.columns else "NULL::VARCHAR"


def _present(name: str) -> str:
    """SQL of a text of an identity as delivered; null where it is absent."""
    return present(quoted(name)) if is_tag(name) else f"nullif({quoted(name)}, '')"


def _is_constant(rows: UsageRows, name: str, sql: str) -> bool:
    """Whether every row has the same text there, so that it tells none apart."""
    return sql.startswith("NULL") or name in rows.source.set


def _distinct(columns: Mapping[str, str]) -> str:
    """The SELECT list of their distinct combinations; one of nothing where there is no column."""
    body = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    return f"DISTINCT {body}" if body else "DISTINCT 0 AS none_"


def _provider(text: str) -> str | None:
    return names.provider_name(text)


def _spellings(own: Iterable[Spelling]) -> dict[str, str]:
    return {names.folded(spelling.name): spelling.stands_for for spelling in own}
