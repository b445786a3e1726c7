"""The owners stage: groups or usage in, the owner of each distinct combination out.

A combination is what the rules look at: tags, identities, columns that conditions name, and the day
where anything is dated. Each entry is asked in Python once per distinct value of its own columns;
the answers meet in SQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from everyline import conditions
from everyline.conditions import SqlColumn
from everyline.config.asked import asked_by_owners
from everyline.config.columns import column_type
from everyline.config.configuration import Configuration
from everyline.config.rules import OwnerRule, Registry
from everyline.engines.duckdb import Engine, literal, quoted, same
from everyline.implied import implied, implies
from everyline.names import with_provider_names
from everyline.owners import notices
from everyline.owners.entries import (
    Answer,
    RegistryIndex,
    entry_dated,
    has_dates,
    is_dated,
    rule_answer,
)
from everyline.owners.notices import Notice
from everyline.owners.tags import columns_by_entry, tagged
from everyline.owners.view import DAY, OF_DAY
from everyline.tag_columns import by_name, is_tag, key_of

_ANY_DAY = date(1970, 1, 1)

_UNTAGGED = (
    "CASE {tag} WHEN 'conflict' THEN 'conflict' WHEN 'undeclared' THEN 'unknown_value'"
    " ELSE 'untagged' END"
)


class Asked(NamedTuple):
    """One step that was asked of every combination, as a joined table.

    Attributes:
        name: of the table; `columns` and answers.
        columns: those of the combinations that it is joined by.
        evidence: what its values are found by.
        keys: the taxonomy keys it answers for.
    """

    name: str
    columns: tuple[str, ...]
    evidence: str
    keys: tuple[str, ...]


class Own(NamedTuple):
    """What is one stage's own: the folder with the key of hashed people, and names of tables."""

    folder: Path
    name: str


class Owners:
    """Finds the owners of rows of groups, usage or resources; `notices` is what is odd of them."""

    def __init__(
        self, engine: Engine, configuration: Configuration, relation: str, own: Own
    ) -> None:
        """`relation` is SQL with the column `day_`."""
        self._engine = engine
        self._configuration = configuration
        self._relation = relation
        self._name = own.name
        self._people = own.folder
        self._has = frozenset(engine.columns(relation))
        self._column = by_name(self._has)
        self._keys = tuple(key.name for key in configuration.taxonomy)
        self.notices: list[Notice] = []
        self._has_weak = False

    def write(self, target: Path) -> list[Notice]:
        """Writes the owners of all combinations of groups to `target`; returns its notices.

        Weak entries answer for whole groups here; for parts of groups that a trace splits, what
        they say stands apart, in `weak_<key>`, beside `strong_<key>` (R8).
        """
        self._combine()
        tags, strong, weak = self._asked()
        self._answer(tags, strong)
        self._imply()
        if weak:
            self._keep_apart(weak)
            self._ask_weak(weak)
            self._imply()
        self._engine.write(self._owners(), target)
        return self.notices

    def of_usage(self) -> str:
        """SQL of the owners of all combinations of usage or resources; weak ones come last (R8)."""
        self._combine()
        tags, strong, weak = self._asked()
        self._answer(tags, [*strong, *weak])
        self._imply()
        return f"({self._owners()})"

    def _asked(self) -> tuple[list[Asked], list[Asked], list[Asked]]:
        """What tags, the entries and the weak entries say."""
        entries = list(enumerate(self._configuration.owners))
        return (
            [self._ask_tags(at) for at in range(len(self._keys))],
            [self._ask(at, entry) for at, entry in entries if not entry.weak],
            [self._ask(at, entry) for at, entry in entries if entry.weak],
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of groups that an owner hangs on; `day_` is the date of x_WindowStart."""
        return tuple(self._columns)

    def touched(self, owned: str) -> str:
        """SQL of the groups with all that notices look at: owners, days and rules' tests."""
        tests = [
            c for c in self._engine.columns(self._table_of("combined")) if c.startswith("test_")
        ]
        dated = f"(SELECT *, {OF_DAY} AS {DAY} FROM {owned})"
        if not tests:
            return dated
        listed = ", ".join(f"c.{test}" for test in tests)
        return (
            f"(SELECT o.*, {listed} FROM {dated} AS o JOIN {self._table_of('combined')} AS c"
            f" ON {same('o', 'c', self._columns) or 'true'})"
        )

    def _combine(self) -> None:
        """The table `combined`: every distinct combination, numbered."""
        asked = {self._column.get(name) for name in asked_by_owners(self._configuration)}
        self._columns = sorted({*filter(is_tag, self._has), *filter(None, asked)})
        self._columns += [DAY] if is_dated(self._configuration) else []
        listed = ", ".join(map(quoted, self._columns)) or "true AS none_"
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE {self._table_of('combined')} AS"
            f" SELECT row_number() OVER () AS id_, *"
            f" FROM (SELECT DISTINCT {listed} FROM {self._relation})"
        )

    def _distinct(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        if not columns:
            return [()]  # what hangs on nothing is asked once
        listed = ", ".join(map(quoted, columns))
        combined = self._table_of("combined")
        return self._engine.rows(f"SELECT DISTINCT {listed} FROM {combined} ORDER BY ALL")

    def _ask_tags(self, at: int) -> Asked:
        key = self._configuration.taxonomy[at]
        billed = {key_of(name): name for name in self._columns if is_tag(name)}
        by_entry = columns_by_entry(key, billed)
        columns = sorted({billed[k] for keys in by_entry.values() for k in keys})
        dated = DAY in self._columns and has_dates(self._configuration, key.name)
        columns += [DAY] if dated else []
        places = {
            entry: [columns.index(billed[k]) for k in keys] for entry, keys in by_entry.items()
        }
        answers = []
        for row in self._distinct(columns):
            texts = {
                entry: [v for at in listed if (v := row[at]) is not None]
                for entry, listed in places.items()
            }
            found = tagged(key, texts, (row[-1] if dated else None) or _ANY_DAY)
            answers.append((*row, found.value, found.state, found.entry))
            if notice := notices.of_tag(key, found, columns, row):
                self.notices.append(notice)
        kinds = dict.fromkeys(("value", "state", "rule"), "VARCHAR")
        name = self._table_of(f"tags_{at}")
        self._table(name, columns, kinds, answers)
        return Asked(name, tuple(columns), "tag", (key.name,))

    def _ask(self, number: int, entry: Registry | OwnerRule) -> Asked:
        dated = DAY in self._columns and entry_dated(self._configuration, entry)
        day = [DAY] if dated else []
        if isinstance(entry, Registry):
            index = RegistryIndex(self._configuration, entry.registry, self._people)
            identities = entry.registry.identities
            at = {name: self._column[name] for name in identities if name in self._column}
            columns = list(at.values()) + day
            keys = entry.registry.keys

            def find(cells: Mapping[str, Any]) -> Answer | None:
                texts = [_text(cells.get(at.get(name, ""))) for name in identities]
                return index.answer(texts, cells.get(DAY) or _ANY_DAY)
        else:
            columns = [self._test(number, entry), *day]
            keys = tuple(entry.set)

            def find(cells: Mapping[str, Any]) -> Answer | None:
                held = cells[columns[0]]
                day = cells.get(DAY) or _ANY_DAY
                return rule_answer(self._configuration, entry, day) if held else None

        answers = []
        for row in self._distinct(columns):
            answer = find(dict(zip(columns, row, strict=True)))
            if answer is None:
                continue
            answers.append((*row, *(answer.values.get(key) for key in keys), answer.place))
            self.notices.extend(notices.of_stale(answer, columns, row))
        kinds = {f"value_{key}": "VARCHAR" for key in keys} | {"rule": "VARCHAR"}
        name = self._table_of(f"entry_{number}")
        self._table(name, columns, kinds, answers)
        evidence = "registry" if isinstance(entry, Registry) else "rule"
        return Asked(name, tuple(columns), evidence, tuple(keys))

    def _test(self, at: int, rule: OwnerRule) -> str:
        """Adds a column to `combined`: whether the rule's condition holds."""

        def column(name: str) -> SqlColumn | None:
            at = self._column.get(name)
            return SqlColumn(quoted(at), column_type(name) or "text") if at else None

        name = f"test_{at}"
        test, combined = (
            conditions.sql(with_provider_names(rule.when), column),
            self._table_of("combined"),
        )
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE {combined} AS SELECT *, {test} AS {name} FROM {combined}"
        )
        return name

    def _table(
        self,
        name: str,
        columns: Sequence[str],
        answers: Mapping[str, str],
        rows: Iterable[Sequence[object]],
    ) -> None:
        """Makes the table of answers, named `a_...` so that they never meet a billed column."""
        kinds = {
            c: "DATE" if c == DAY else "BOOLEAN" if c.startswith("test_") else "VARCHAR"
            for c in columns
        }
        self._engine.table(name, kinds | {f"a_{k}": kind for k, kind in answers.items()}, rows)

    def _joins(self, asked: Iterable[Asked]) -> str:
        return " ".join(
            f"LEFT JOIN {one.name} ON {same('c', one.name, one.columns) or 'true'}" for one in asked
        )

    def _answer(self, tags: Sequence[Asked], strong: Sequence[Asked]) -> None:
        """The table `found`: id_ and for each key value, evidence, tag state and rule (R8)."""
        picked = []
        for at, key in enumerate(self._keys):
            table = tags[at].name
            steps = [(f"{table}.a_value", "tag", f"{table}.a_rule")]
            steps += self._steps(strong, key)
            missing = (_UNTAGGED.format(tag=f"{table}.a_state"), f"{table}.a_rule")
            picked += [*_chosen(at, steps, missing), f"{table}.a_state AS tag_{at}"]
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE {self._table_of('found')} AS"
            f" SELECT c.id_, {', '.join(picked)}"
            f" FROM {self._table_of('combined')} AS c {self._joins([*tags, *strong])}"
        )

    def _steps(self, asked: Iterable[Asked], key: str) -> list[tuple[str, str, str]]:
        return [
            (f"{one.name}.{quoted(f'a_value_{key}')}", one.evidence, f"{one.name}.a_rule")
            for one in asked
            if key in one.keys
        ]

    def _keep_apart(self, weak: Sequence[Asked]) -> None:
        """The table `kept`: what holds before weak entries, and what they say, for each key."""
        picked = []
        for at, key in enumerate(self._keys):
            said = (
                _chosen(at, self._steps(weak, key), ("NULL", "NULL"))[:2]
                if any(key in one.keys for one in weak)
                else [f"NULL::VARCHAR AS value_{at}", f"NULL::VARCHAR AS evidence_{at}"]
            )
            names = (f"weak_{key}", f"weak_{key}_evidence")
            picked += [
                f"{sql.rpartition(' AS ')[0]} AS {quoted(name)}"
                for sql, name in zip(said, names, strict=True)
            ]
            picked += [
                f"f.{column}_{at} AS {quoted(f'strong_{key}{end}')}"
                for column, end in (("value", ""), ("evidence", "_evidence"), ("rule", "_rule"))
            ]
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE {self._table_of('kept')} AS"
            f" SELECT c.id_, {', '.join(picked)} FROM {self._pairs()} {self._joins(weak)}"
        )
        self._has_weak = True

    def _ask_weak(self, weak: Sequence[Asked]) -> None:
        """Fills what is still missing from the entries that are asked last (R8)."""
        picked = []
        for at, key in enumerate(self._keys):
            steps = [
                (f"f.value_{at}", f"@f.evidence_{at}", f"f.rule_{at}"),
                *self._steps(weak, key),
            ]
            picked += [*_chosen(at, steps, (f"f.evidence_{at}", f"f.rule_{at}")), f"f.tag_{at}"]
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE {self._table_of('found')} AS"
            f" SELECT c.id_, {', '.join(picked)} FROM {self._pairs()} {self._joins(weak)}"
        )

    def _imply(self) -> None:
        """Fills the table `found` by R9, once per distinct combination of values."""
        taxonomy = self._configuration.taxonomy
        if not implies(taxonomy):
            return
        values = [f"value_{at}" for at in range(len(self._keys))]
        dated = [DAY] if DAY in self._columns else []
        listed = ", ".join([*values, *dated])
        rows = self._engine.rows(f"SELECT DISTINCT {listed} FROM {self._pairs()} ORDER BY ALL")
        answers = []
        for row in rows:
            day = row[-1] if dated else _ANY_DAY
            found = implied(taxonomy, row[: len(values)], day)
            places = [found.places.get(key) for key in self._keys]
            if any(places):
                answers.append((*row, *found.values, *places))
            for contradiction in found.contradictions:
                self.notices.append(
                    notices.of_contradiction(
                        contradiction, [*self._keys, *dated], (*found.values, *row[len(values) :])
                    )
                )
        kinds = dict.fromkeys(values, "VARCHAR") | dict.fromkeys(dated, "DATE")
        kinds |= {f"new_{at}": "VARCHAR" for at in range(len(values))}
        kinds |= {f"place_{at}": "VARCHAR" for at in range(len(values))}
        self._engine.table(self._table_of("implied"), kinds, answers)
        picked = []
        for at in range(len(values)):
            filled = f"i.place_{at} IS NOT NULL"
            picked += [
                f"CASE WHEN {filled} THEN i.new_{at} ELSE f.value_{at} END AS value_{at}",
                f"CASE WHEN {filled} THEN 'implied' ELSE f.evidence_{at} END AS evidence_{at}",
                f"CASE WHEN {filled} THEN i.place_{at} ELSE f.rule_{at} END AS rule_{at}",
                f"f.tag_{at}",
            ]
        by_day = f" AND {same('c', 'i', dated)}" if dated else ""
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE {self._table_of('found')} AS"
            f" SELECT f.id_, {', '.join(picked)} FROM {self._pairs()}"
            f" LEFT JOIN {self._table_of('implied')} AS i ON {same('f', 'i', values)}{by_day}"
        )

    def _owners(self) -> str:
        """SELECT of every combination with its owner, in the order of the combinations."""
        picked = [f"c.{quoted(name)}" for name in self._columns]
        for at, key in enumerate(self._keys):
            picked += [
                f"f.value_{at} AS {quoted(key)}",
                f"f.evidence_{at} AS {quoted(f'{key}_evidence')}",
                f"f.tag_{at} AS {quoted(f'{key}_tag')}",
                f"f.rule_{at} AS {quoted(f'{key}_rule')}",
            ]
        kept = self._table_of("kept")
        apart = [c for c in self._engine.columns(kept) if c != "id_"] if self._has_weak else []
        picked += [f"k.{quoted(name)}" for name in apart]
        join = f" JOIN {kept} AS k ON k.id_ = c.id_" if self._has_weak else ""
        return f"SELECT {', '.join(picked)} FROM {self._pairs()}{join} ORDER BY ALL"

    def _pairs(self) -> str:
        """SQL of combinations with what was found for them."""
        combined, found = self._table_of("combined"), self._table_of("found")
        return f"{combined} AS c JOIN {found} AS f USING (id_)"

    def _table_of(self, name: str) -> str:
        return f"{self._name}_{name}"


def _chosen(at: int, steps: Sequence[tuple[str, str, str]], missing: tuple[str, str]) -> list[str]:
    """SQL of value, evidence and rule: the first step that has a value, else the reason."""
    value = ", ".join(step[0] for step in steps)
    evidence = " ".join(f"WHEN {v} IS NOT NULL THEN {_word(e)}" for v, e, _ in steps)
    rule = " ".join(f"WHEN {v} IS NOT NULL THEN {r}" for v, _, r in steps)
    return [
        f"coalesce({value}) AS value_{at}",
        f"CASE {evidence} ELSE {missing[0]} END AS evidence_{at}",
        f"CASE {rule} ELSE {missing[1]} END AS rule_{at}",
    ]


def _word(evidence: str) -> str:
    """An evidence as SQL; one that begins with `@` is a column already."""
    return evidence[1:] if evidence.startswith("@") else literal(evidence)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
