"""Naming: provider, model, meter, tier (R27) and layer (R4), decided once per distinct description.

A description is the columns of a charge that these rules look at. A bill has few of them, however
many lines it has, so tables and rules meet a few thousand rows.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from everyline import conditions, names
from everyline.charges.lines import single
from everyline.conditions import SqlColumn
from everyline.config.columns import CHARGES, column_type
from everyline.config.configuration import Configuration
from everyline.config.finance import Spelling
from everyline.config.sources import Bill, UsageSource
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.tag_columns import by_name

NAMED = ("ServiceProviderName", "x_Model", "x_Meter", "x_Tier", "x_Layer", "x_LayerRule")
"""What a description is given; the columns of the table that `describe` makes, under `named_`."""

# What R27 and the rules look at in any project.
_ALWAYS = (
    "x_Source",
    "ServiceProviderName",
    "ServiceName",
    "ChargeDescription",
    "SkuMeter",
    "SkuPriceDetails",
    "x_Model",
    "x_Meter",
    "x_Tier",
)
_MODEL_KEYS = ("ModelId", "x_ModelId")
_INSTANCE_TYPE = "InstanceType"
_OF_A_RULE = ("name", "layer", "candidate", "source")

Lookup = Callable[[str], str | None]


@cache
def built_in() -> tuple[Mapping[str, str], ...]:
    """The rows of the published table of layer rules, first match first (R4)."""
    text = (files(__package__) / "layers.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def described_by(configuration: Configuration) -> tuple[str, ...]:
    """The columns of a description: FOCUS, `x_` and `Tags.<key>`, as the file says them."""
    asked = {single(c) for rule in configuration.layers for c in conditions.columns(rule.when)}
    asked.discard("x_LineCount")  # no line has it
    tested = {c for row in built_in() for c, cell in row.items() if cell and c in CHARGES}
    return tuple(dict.fromkeys((*_ALWAYS, *sorted(tested | asked | {"x_InstanceType"}))))


class Naming:
    """Names and layers of descriptions, in one engine."""

    def __init__(self, engine: Engine, configuration: Configuration) -> None:
        self._engine = engine
        self._configuration = configuration
        self._models = dict(names.models()) | _spellings(configuration.models)
        self._meters = dict(names.meters()) | _spellings(configuration.meters)

    def describe(self, relation: str, columns: frozenset[str]) -> None:
        """Makes the table of distinct descriptions of `relation`, with names and layer.

        Args:
            relation: SQL with at least `columns`.
            columns: the description's columns that `relation` has.

        Returns:
            Nothing; it makes the temporary table `described`: `columns`, for each of NAMED
            `named_<column>`, and each of these once more as a number, `code_<column>`.
        """
        listed = ", ".join(quoted(column) for column in sorted(columns))
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE described_as_billed AS"
            f" SELECT DISTINCT {listed} FROM {relation}"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE described_by_name AS"
            f" SELECT {listed}, {self._names(columns)}"
            f" FROM described_as_billed AS d {self._joins(columns)}"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE described_by_layer AS"
            f" SELECT {listed}, {', '.join(f'named_{name}' for name in NAMED[:4])},"
            f" {self._layer(columns)}"
        )
        self._encode(columns)

    def _encode(self, columns: frozenset[str]) -> None:
        """The table `described`: each text once more as a number, in `code_<column>`."""
        codes = []
        texts = {c: quoted(c) for c in columns} | {c: f"named_{c}" for c in NAMED}
        for at, (column, text) in enumerate(sorted(texts.items())):
            self._engine.run(f"DROP TABLE IF EXISTS described; DROP TYPE IF EXISTS code_{at}")
            self._engine.run(
                f"CREATE TYPE code_{at} AS ENUM (SELECT DISTINCT {text}::VARCHAR"
                f" FROM described_by_layer WHERE {text} IS NOT NULL ORDER BY ALL)"
            )
            codes.append(f"{text}::VARCHAR::code_{at} AS {quoted(f'code_{column}')}")
        self._engine.run(
            f"CREATE TEMP TABLE described AS SELECT *, {', '.join(codes)} FROM described_by_layer"
        )

    def _names(self, has: frozenset[str]) -> str:
        provider = _column(has, "ServiceProviderName")
        tier = _column(has, "x_Tier")
        return (
            f"coalesce(provider.name, {provider}) AS named_ServiceProviderName,"
            f" coalesce(model.name, {_model(has)}, service.name, description.name)"
            " AS named_x_Model,"
            " meter.name AS named_x_Meter,"
            f" coalesce({tier}, 'standard') AS named_x_Tier"
        )

    def _joins(self, has: frozenset[str]) -> str:
        models: Lookup = lambda text: self._models.get(names.folded(text))  # noqa: E731
        looked_up: Mapping[str, tuple[str, Lookup]] = {
            "provider": (_column(has, "ServiceProviderName"), names.provider_name),
            "model": (_model(has), models),
            "service": (_column(has, "ServiceName"), models),
            "description": (_column(has, "ChargeDescription"), models),
            "meter": (
                f"coalesce({_column(has, 'x_Meter')}, {_column(has, 'SkuMeter')})",
                lambda text: names.meter_name(text, self._meters),
            ),
        }
        joins = []
        for name, (expression, lookup) in looked_up.items():
            texts = self._engine.rows(
                f"SELECT DISTINCT {expression} AS text FROM described_as_billed AS d"
                " WHERE text IS NOT NULL"
            )
            found = [(text, lookup(text)) for (text,) in texts]
            self._engine.table(
                f"named_{name}", {"text": "VARCHAR", "name": "VARCHAR"}, [f for f in found if f[1]]
            )
            joins.append(f"LEFT JOIN named_{name} AS {name} ON {name}.text = {expression}")
        return " ".join(joins)

    def _layer(self, has: frozenset[str]) -> str:
        """SQL after SELECT: layer and name of the first rule that matches, and where from (R4)."""
        column = _named_column(has)
        whens: list[tuple[str, str, str | None]] = []
        for rule in self._configuration.layers:
            test = conditions.sql(names.with_provider_names(rule.when), column)
            whens.append((test, rule.layer, rule.place))
        sources: list[Bill | UsageSource] = [
            *self._configuration.bills,
            *self._configuration.usage,
        ]
        for source in sources:
            if source.layer:
                whens.append((f"x_Source = {literal(source.name)}", source.layer, "bill"))
        texts = _matched_texts(has)
        for row in self._within_reach():
            if test := _built_in_test(row, texts):
                whens.append((test, row["layer"], row["name"]))
        whens.append(("true", "none", None))
        # Rules are many, so what they have in common stands in the SQL once.
        cases = " ".join(f"WHEN {test} THEN {at}" for at, (test, *_) in enumerate(whens, 1))
        layers = ", ".join(literal(layer) for _, layer, _ in whens)
        rules = ", ".join(literal(name) if name else "NULL" for *_, name in whens)
        folded = "".join(f", lower(trim({sql})) AS folded_{at}" for at, sql in texts.values())
        return (
            f"([{layers}])[rule_] AS named_x_Layer,"
            f" ([{rules}]::VARCHAR[])[rule_] AS named_x_LayerRule"
            f" FROM (SELECT *, CASE {cases} END AS rule_"
            f" FROM (SELECT *{folded} FROM described_by_name))"
        )

    def _within_reach(self) -> list[Mapping[str, str]]:
        """The built-in rules that ask for no provider, or for one that occurs.

        Most vendors are in no one project, and a test that can't hold still takes its time.
        """
        rows = self._engine.rows(
            "SELECT DISTINCT named_ServiceProviderName FROM described_by_name"
            " WHERE named_ServiceProviderName IS NOT NULL"
        )
        providers = [name.strip().lower() for (name,) in rows]
        return [
            row
            for row in built_in()
            if not (cell := row["ServiceProviderName"])
            or any(
                re.fullmatch(_glob(glob.strip()), provider, re.DOTALL)
                for glob in cell.split("|")
                for provider in providers
            )
        ]


def _spellings(own: Sequence[Spelling]) -> dict[str, str]:
    return {names.folded(spelling.name): spelling.stands_for for spelling in own}


def _column(has: frozenset[str], name: str) -> str:
    return f"d.{quoted(name)}" if name in has else "NULL::VARCHAR"


def _model(has: frozenset[str]) -> str:
    """The model as the charge itself says it: its own field, else a key of SkuPriceDetails."""
    found = [_column(has, "x_Model")]
    if "SkuPriceDetails" in has:
        found += [_detail(key) for key in _MODEL_KEYS]
    return f"coalesce({', '.join(found)})"


def _detail(key: str) -> str:
    return f"try(json_extract_string(SkuPriceDetails, '/{key}'))"


def _named_column(has: frozenset[str]) -> Callable[[str], SqlColumn | None]:
    columns = by_name(has)

    def column(name: str) -> SqlColumn | None:
        if name in NAMED[:4]:
            return SqlColumn(quoted(f"named_{name}"), "text")
        at = columns.get(single(name))
        return SqlColumn(quoted(at), column_type(name) or "text") if at else None

    return column


def _built_in_test(row: Mapping[str, str], texts: Mapping[str, tuple[int, str]]) -> str:
    """SQL: whether all filled cells of a row of layers.csv match, folded, any of their globs.

    Empty where it tests what `texts` lacks, and so matches nothing.
    """
    tests = []
    for name, cell in row.items():
        if not cell or name in _OF_A_RULE:
            continue
        if name not in texts:
            return ""
        globs = "|".join(_glob(glob.strip()) for glob in cell.split("|"))
        pattern = literal(f"(?s)({globs})")
        tests.append(f"regexp_full_match(folded_{texts[name][0]}, {pattern})")
    assert tests, "a rule that tests nothing would match every charge"
    return " AND ".join(tests)


def _matched_texts(has: frozenset[str]) -> dict[str, tuple[int, str]]:
    """What built-in rules test that descriptions have: a number, and SQL of its text."""
    found = {"ServiceProviderName": "named_ServiceProviderName"}
    instance = [_detail(_INSTANCE_TYPE)] if "SkuPriceDetails" in has else []
    instance += ["x_InstanceType"] if "x_InstanceType" in has else []
    if instance:
        found[_INSTANCE_TYPE] = f"coalesce({', '.join(instance)})"
    tested = sorted({c for row in built_in() for c, cell in row.items() if cell} & has)
    found |= {name: quoted(name) for name in tested if name not in found}
    return {name: (at, sql) for at, (name, sql) in enumerate(found.items())}


@cache
def _glob(text: str) -> str:
    """A folded glob of `*` and `?` as an RE2 pattern."""
    pieces = {"*": ".*", "?": "."}
    return "".join(pieces.get(character) or re.escape(character) for character in text)
