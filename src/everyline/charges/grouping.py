"""Groups (R5): partial sums of all bills, named, and summed by the group key.

x_GroupId is the SHA-256 of the canonical JSON (RFC 8785) of the key, an object without its nulls:
so a key column that a later file or rule brings changes no id of a group that lacks it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from everyline import conditions
from everyline.canonical import enclosed, in_order, member
from everyline.charges.lines import MEASURES
from everyline.charges.naming import NAMED
from everyline.conditions import SqlColumn
from everyline.config.columns import column_type
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, quoted, same
from everyline.names import with_provider_names
from everyline.tag_columns import by_name, is_tag

BASE = (
    "x_Period",
    "x_WindowStart",
    "x_WindowEnd",
    "BillingCurrency",
    "x_Basis",
    "x_Source",
    "x_Layer",
    "x_LayerRule",
    "x_Eligible",
    "ServiceProviderName",
    "InvoiceIssuerName",
    "InvoiceId",
    "BillingAccountId",
    "SubAccountId",
    "ServiceName",
    "ServiceCategory",
    "SkuMeter",
    "x_Model",
    "x_Meter",
    "x_Tier",
    "ChargeCategory",
    "ChargeClass",
    "ConsumedUnit",
    "PricingUnit",
)

NOT_ELIGIBLE = ("Tax", "Credit", "Adjustment")
"""Charge categories that are cost, but no tagging gap (R22)."""

COMPUTED = frozenset({"x_Period", "x_WindowStart", "x_WindowEnd", "x_Eligible", *NAMED})
"""Columns of the key that no line says itself."""


def key_columns(asked: Iterable[str], tag_columns: Iterable[str]) -> tuple[str, ...]:
    """The group key: BASE, the columns that the configuration names, the tags it looks at."""
    more = sorted(set(asked) - set(BASE) - set(MEASURES))
    tags = sorted(set(tag_columns) | set(filter(is_tag, more)))
    return (*BASE, *(name for name in more if not is_tag(name)), *tags)


def billed_columns(key: Iterable[str]) -> tuple[str, ...]:
    """Of the group key, the columns that a line says itself."""
    return tuple(name for name in key if name not in COMPUTED or name == "ServiceProviderName")


def eligible(configuration: Configuration, has: frozenset[str]) -> str:
    """SQL of x_Eligible over named columns (R22)."""
    categories = ", ".join(f"'{category}'" for category in NOT_ELIGIBLE)
    tests = [f"ChargeCategory IN ({categories})"] if "ChargeCategory" in has else []
    tests += [
        conditions.sql(with_provider_names(condition), _column(has))
        for condition in configuration.untaggable
    ]
    return f"NOT ({' OR '.join(f'coalesce({test}, false)' for test in tests)})" if tests else "true"


def _column(has: frozenset[str]) -> Callable[[str], SqlColumn | None]:
    columns = by_name(has)

    def column(name: str) -> SqlColumn | None:
        at = columns.get(name)
        return SqlColumn(quoted(at), column_type(name) or "text") if at else None

    return column


def named_relation(relation: str, described: Iterable[str], columns: Iterable[str]) -> str:
    """`relation`, joined with what `Naming.describe` says of it.

    Args:
        relation: SQL of lines or partial sums: month_, window, `columns`, measures.
        described: the columns of the description.
        columns: the other columns to keep.
    """
    kept = [c for c in columns if c not in NAMED]
    picked = ["r.month_", f"{_PERIOD} AS x_Period", "r.x_WindowStart", "r.x_WindowEnd"]
    picked += [f"r.{quoted(column)}" for column in kept]
    picked += [f"d.{quoted(f'named_{column}')} AS {quoted(column)}" for column in NAMED]
    picked += [f"d.{code(column)}" for column in dict.fromkeys((*described, *NAMED))]
    return (
        f"(SELECT {', '.join(picked)} FROM {relation} AS r"
        f" JOIN described AS d ON {same('r', 'd', sorted(described))})"
    )


_PERIOD = "strftime(month_, '%Y-%m')"


class Shape(NamedTuple):
    """How `groups` is made of named partial sums.

    Attributes:
        key: the group key.
        has: the columns that the partial sums have; those of the key that they lack are null.
        described: those of them that the table `described` has.
        tags: those of the others that are tags of few values, there as a number too. TAGS_JSON has
            all tags of the key.
        eligible: SQL of x_Eligible.
        is_summed: whether every row is a group already.
        with_ids: whether x_GroupId is a column; else it is worked out where it is asked for.
    """

    key: Sequence[str]
    has: frozenset[str]
    described: frozenset[str]
    tags: frozenset[str]
    eligible: str
    is_summed: bool
    with_ids: bool


def groups(sums: str, shape: Shape) -> str:
    """SELECT of the relation `groups` of partial sums with names, sorted by its key.

    The key is x_GroupId; without ids it is the columns that it is made of.
    """
    return _groups_as_they_are(sums, shape) if shape.is_summed else _groups_summed(sums, shape)


def _groups_summed(partials: str, shape: Shape) -> str:
    present = [name for name in shape.key if name in shape.has]
    sums = ", ".join(f"sum({m})::DECIMAL(38,18) AS {m}" for m in MEASURES)
    inner = (
        f"SELECT {', '.join(map(quoted, present))}, {shape.eligible} AS x_Eligible,"
        f" sum(x_LineCount)::BIGINT AS x_LineCount, {sums} FROM {partials} GROUP BY ALL"
    )
    known = {*present, "x_Eligible"}
    listed = [quoted(n) if n in known else _absent(n) for n in shape.key]
    body = ", ".join([*listed, "x_LineCount", *MEASURES])
    if not shape.with_ids:
        return f"SELECT {body} FROM ({inner}) ORDER BY {', '.join(map(quoted, sorted(known)))}"
    ids = group_id(frozenset(known))
    return f"SELECT {ids} AS x_GroupId, {body} FROM ({inner}) ORDER BY x_GroupId"


def _groups_as_they_are(partials: str, shape: Shape) -> str:
    """As `_groups_summed`, where nothing is left to sum.

    Sorting holds all rows at once, so only what differs is sorted: columns that are null throughout
    come after it, and texts of the description and tags are carried as numbers of an enumeration.
    """
    present = [name for name in shape.key if name in shape.has and name != "x_Period"]
    texts = [name for name in present if (column_type(name) or "text") == "text"]
    coded = [n for n in texts if n in shape.described or n in NAMED or n in shape.tags]
    known = frozenset({*present, "x_Period", "x_Eligible"})
    picked = [*(f"{code(n)}" for n in coded), *(quoted(n) for n in present if n not in coded)]
    by = "x_GroupId" if shape.with_ids else f"{', '.join(picked)}, x_Eligible, month_"
    ids = f"{json_hash(known, tags=TAGS_JSON)} AS x_GroupId," if shape.with_ids else ""
    ordered = (
        f"SELECT {ids} {', '.join(picked)}, x_Eligible, month_, x_LineCount, {', '.join(MEASURES)}"
        f" FROM (SELECT *, {shape.eligible} AS x_Eligible FROM {partials}) ORDER BY {by}"
    )

    def column(name: str) -> str:
        if name == "x_Period":
            return f"{_PERIOD} AS x_Period"
        if name in shape.tags:
            # A plain cast hands on the whole enumeration, and other bytes would be written.
            text = f"CASE WHEN {code(name)} IS NOT NULL THEN {code(name)}::VARCHAR END"
            return f"{text} AS {quoted(name)}"
        if name in coded:
            return f"{code(name)}::VARCHAR AS {quoted(name)}"
        return quoted(name) if name in known else _absent(name)

    ids = "x_GroupId, " if shape.with_ids else ""
    return (
        f"SELECT {ids}{', '.join(map(column, shape.key))}, x_LineCount, {', '.join(MEASURES)}"
        f" FROM ({ordered})"
    )


def identified(groups: str, key: Sequence[str]) -> str:
    """SELECT of the relation `groups` over a file of them that has no x_GroupId."""
    return f"SELECT {group_id(frozenset(key))} AS x_GroupId, * FROM {groups}"


_SQL_TYPES = {
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "decimal": "DECIMAL(38,18)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}


def _absent(name: str) -> str:
    """A column of the key that no bill has; conditions compare it by its type all the same."""
    return f"NULL::{_SQL_TYPES[column_type(name) or 'text']} AS {quoted(name)}"


TAGS_JSON = "json_tags_"
"""The column of partial sums that has the JSON `members` of their tags, already written."""


def code_of(name: str) -> str:
    """The column that has a text as a number of an enumeration."""
    return f"code_{name}"


def code(name: str) -> str:
    """`code_of` as an SQL identifier."""
    return quoted(code_of(name))


def encoded(engine: Engine, table: str, name: str, at: int) -> str:
    """SQL of the column `name` of `table` as a number, of an enumeration that this makes."""
    engine.run(f"DROP TYPE IF EXISTS code_of_tag_{at}")
    engine.run(
        f"CREATE TYPE code_of_tag_{at} AS ENUM (SELECT DISTINCT {quoted(name)} FROM {table}"
        f" WHERE {quoted(name)} IS NOT NULL ORDER BY ALL)"
    )
    return f"{quoted(name)}::code_of_tag_{at} AS {code(name)}"


def group_id(present: frozenset[str]) -> str:
    """SQL of x_GroupId over the key columns in `present`."""
    return json_hash(present)


def json_hash(columns: frozenset[str], *, tags: str = "") -> str:
    """SQL of the SHA-256 of the canonical JSON of `columns`, an object without its nulls.

    `tags` is SQL of the `members` of all tags in `columns` where they are written already: they
    stand together, as their names begin alike.
    """
    listed = dict.fromkeys(
        tags if tags and is_tag(name) else member(name, name) for name in in_order(columns)
    )
    return f"sha256({enclosed(listed)})"


def members(columns: Iterable[str]) -> str:
    """SQL of the canonical JSON members of columns, each after a comma, nulls left out."""
    written = ["''", *(member(name, name) for name in in_order(columns))]
    return f"concat({', '.join(written)})"
