"""Which groups each trace takes, and the cost that needs no split (R13, R14)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from everyline import conditions
from everyline.conditions import Condition, SqlColumn
from everyline.config.columns import column_type
from everyline.config.configuration import Configuration
from everyline.config.rules import Trace
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.names import with_provider_names
from everyline.relations import MEASURES
from everyline.tag_columns import by_name
from everyline.units import unit

BLOCK = ("x_Period", "x_WindowStart", "x_WindowEnd", "x_Basis", "BillingCurrency")
"""What the groups of a block have in common, beside the columns `on`."""

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Tracing:
    """What the traces of one run look at.

    Attributes:
        owned: SQL of groups in scope with KEYS, before weak entries and defaults.
        descriptions: SQL of the identities of usage, by `id_`.
        hours: SQL of usage by `id_` and hour.
    """

    engine: Engine
    configuration: Configuration
    owned: str
    descriptions: str
    hours: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The taxonomy keys; tables of this stage call their values v0, v1, ..."""
        return tuple(key.name for key in self.configuration.taxonomy)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns of the keys' values."""
        return tuple(f"v{at}" for at in range(len(self.keys)))

    @property
    def evidence(self) -> tuple[str, ...]:
        """The columns of how each value was found: `v0_evidence` and so on."""
        return tuple(f"{value}_evidence" for value in self.values)

    @property
    def required(self) -> tuple[int, ...]:
        """The positions of the required keys."""
        return tuple(at for at, key in enumerate(self.configuration.taxonomy) if key.required)

    @property
    def counting(self) -> tuple[int, ...]:
        """The positions of the keys that agreement looks at: those without a default (R14)."""
        return tuple(
            at for at, key in enumerate(self.configuration.taxonomy) if key.default is None
        )

    @cached_property
    def on(self) -> tuple[str, ...]:
        """Every column that a level names in `on`; tables of this stage call them on0, on1, ..."""
        traces = self.configuration.trace
        return tuple(dict.fromkeys(c for t in traces for level in t.split for c in level.on))

    def on_columns(self, names: Iterable[str]) -> tuple[str, ...]:
        """What tables of this stage call these columns, each once."""
        return tuple(dict.fromkeys(f"on{self.on.index(name)}" for name in names))

    @cached_property
    def of_groups(self) -> "Relation":
        """The columns of groups."""
        return Relation(self.engine, self.owned)

    @cached_property
    def of_usage(self) -> "Relation":
        """The columns of usage."""
        return Relation(self.engine, self.descriptions)


class Relation:
    """The columns of a relation, as conditions and `on` name them."""

    def __init__(self, engine: Engine, relation: str) -> None:
        self._column = by_name(engine.columns(relation))

    def test(self, condition: Condition, beside: Mapping[str, str] = _NONE) -> str:
        """SQL of a condition; `beside` is SQL of columns that another relation has."""

        def column(name: str) -> SqlColumn | None:
            at = self._column.get(name)
            expression = beside.get(name) or (at and quoted(at))
            return SqlColumn(expression, column_type(name) or "text") if expression else None

        return conditions.sql(with_provider_names(condition), column)

    def text(self, name: str) -> str:
        """SQL of a column as text; null where the relation lacks it."""
        at = self._column.get(name)
        return f"{quoted(at)}::VARCHAR" if at else "NULL::VARCHAR"


def take(tracing: Tracing) -> None:
    """Makes `trace_groups` and `trace_known`.

    `trace_groups`: groups that a trace takes, numbered `group_`; `trace_` is the position of the
    first that does, `match0`, `match1`, ... say whose `charges` hold, `complete_` that no required
    key is missing. `trace_known`: sums of complete groups that no trace takes.
    """
    engine = tracing.engine
    engine.run(
        "CREATE OR REPLACE TEMP TABLE trace_groups AS"
        " SELECT (row_number() OVER ())::INTEGER AS group_, *"
        f" FROM ({_matched(tracing)}) WHERE trace_ IS NOT NULL"
    )
    (taken,) = engine.one("SELECT count(*) FROM trace_groups")
    matches = [f"match{at}" for at in range(len(tracing.configuration.trace))]
    columns = [*BLOCK, *tracing.on_columns(tracing.on), *matches, *tracing.values, "ConsumedUnit"]
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE trace_known AS SELECT {', '.join(columns)},"
        " sum(ConsumedQuantity)::DECIMAL(38,18) AS ConsumedQuantity,"
        " sum(ListCost)::DECIMAL(38,18) AS ListCost"
        f" FROM ({_matched(tracing)}) WHERE trace_ IS NULL AND complete_ AND {taken > 0}"
        f" GROUP BY {', '.join(columns)}"
    )
    _compare_units(tracing)


def _matched(tracing: Tracing) -> str:
    """SELECT of the groups that any trace's `charges` match, with the trace that takes each."""
    traces = tracing.configuration.trace
    tests = [tracing.of_groups.test(trace.charges) for trace in traces]
    picked = ["x_GroupId", *BLOCK, "ConsumedUnit"]
    picked += [f"{tracing.of_groups.text(name)} AS on{at}" for at, name in enumerate(tracing.on)]
    picked += [f"{test} AS match{at}" for at, test in enumerate(tests)]
    for at, key in enumerate(tracing.keys):
        picked += [f"{quoted(key)} AS v{at}", f"{quoted(f'{key}_evidence')} AS v{at}_evidence"]
    complete = " AND ".join(f"{quoted(tracing.keys[at])} IS NOT NULL" for at in tracing.required)
    picked += [f"({complete or 'true'}) AS complete_", *MEASURES]
    whens = " ".join(f"WHEN match{at}{_taking(trace)} THEN {at}" for at, trace in enumerate(traces))
    return (
        f"SELECT *, CASE {whens} END AS trace_ FROM"
        f" (SELECT {', '.join(picked)} FROM {tracing.owned} WHERE {' OR '.join(tests)})"
    )


def _taking(trace: Trace) -> str:
    """SQL of what else must hold where `charges` does: a key is missing, and the month (R10)."""
    tests = [] if trace.known == "replace" else ["NOT complete_"]
    if trace.valid_from:
        tests.append(f"x_Period >= {literal(f'{trace.valid_from:%Y-%m}')}")
    if trace.valid_to:
        tests.append(f"x_Period < {literal(f'{trace.valid_to:%Y-%m}')}")
    return "".join(f" AND {test}" for test in tests)


def _compare_units(tracing: Tracing) -> None:
    """`trace_units`: each unit as written, the one it is compared as, and its multiple."""
    engine = tracing.engine
    texts = engine.rows(
        "SELECT ConsumedUnit FROM trace_groups UNION SELECT ConsumedUnit FROM trace_known"
        f" UNION SELECT x_Unit FROM {tracing.descriptions}"
    )
    found = [(text, unit(text)) for (text,) in sorted(texts, key=str) if text is not None]
    engine.table(
        "trace_units",
        {"written": "VARCHAR", "unit_": "VARCHAR", "shown_": "VARCHAR", "multiple_": "HUGEINT"},
        [(text, one.name, one.text, one.multiple) for text, one in found],
    )
