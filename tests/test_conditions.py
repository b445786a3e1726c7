"""Conditions: reading them, their SQL, and that both ways of evaluating agree (section 2)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Mistake,
    Not,
    SqlColumn,
    columns,
    holds,
    parse,
    read,
    sql,
)
from everyline.patterns import glob_regex
from everyline.scalars import ColumnType

TYPES: Mapping[str, ColumnType] = {
    "ServiceName": "text",
    "Tags.app": "text",
    "ChargePeriodStart": "timestamp",
    "BilledCost": "decimal",
    "x_Eligible": "boolean",
}
SQL_TYPES = {"text": "VARCHAR", "timestamp": "TIMESTAMP", "decimal": "DECIMAL(38, 18)"}

at = datetime.fromisoformat


def type_of(name: str) -> ColumnType | Mistake:
    return TYPES.get(name, "text")


def sql_column(name: str) -> SqlColumn | None:
    if name not in TYPES:
        return None
    return SqlColumn(f'"{name}"', TYPES[name])


@lru_cache(maxsize=1)
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": "1"})


def in_duckdb(condition: Condition, row: Mapping[str, object]) -> object:
    """What the SQL of `condition` gives for one row."""
    cells = ", ".join(
        f'CAST(? AS {SQL_TYPES.get(kind, "BOOLEAN")}) AS "{name}"' for name, kind in TYPES.items()
    )
    query = f"SELECT {sql(condition, sql_column)} FROM (SELECT {cells})"
    found = engine().execute(query, [row.get(name) for name in TYPES]).fetchone()
    assert found is not None
    return found[0]


def both(data: Any, **row: object) -> bool:
    """The result of `data` on a row, which must be the same in Python and in DuckDB."""
    named = {name.replace("Tags_", "Tags."): value for name, value in row.items()}
    condition = parse(data, type_of)
    held = holds(condition, named, TYPES)
    assert in_duckdb(condition, named) is held
    return held


# Worked examples


def test_all_entries_of_a_condition_must_hold() -> None:
    data = {"ServiceName": "Pinecone", "Tags.app": {"glob": "search-*"}}
    assert both(data, ServiceName="Pinecone", Tags_app="search-eu")
    assert not both(data, ServiceName="Pinecone", Tags_app="chat")
    assert not both(data, ServiceName="Qdrant", Tags_app="search-eu")


def test_equality_is_exact_and_case_counts() -> None:
    assert not both({"ServiceName": "pinecone"}, ServiceName="Pinecone")
    assert not both({"ServiceName": "Pinecone"}, ServiceName="Pinecone ")


def test_a_list_is_one_of() -> None:
    data = {"ServiceName": ["Qdrant", "O'Reilly"]}
    assert both(data, ServiceName="O'Reilly")
    assert not both(data, ServiceName="Pinecone")


def test_a_missing_value_makes_a_test_false_and_its_not_true() -> None:
    assert not both({"ServiceName": "Pinecone"}, ServiceName=None)
    assert both({"ServiceName": {"not": "Pinecone"}}, ServiceName=None)
    assert both({"not": {"ServiceName": {"glob": "*"}}}, ServiceName=None)
    assert not both({"BilledCost": {"from": "0"}}, BilledCost=None)


def test_a_column_that_the_relation_lacks_is_missing() -> None:
    assert not both({"hour": {"has": "true"}})
    assert both({"hour": {"has": "false"}})
    assert both({"hour": {"not": "x"}})


def test_from_is_inclusive_and_to_is_exclusive() -> None:
    october = {"ChargePeriodStart": {"from": "2026-10-01", "to": "2026-11-01"}}
    assert both(october, ChargePeriodStart=at("2026-10-01"))
    assert both(october, ChargePeriodStart=at("2026-10-31T23:59:59.999999"))
    assert not both(october, ChargePeriodStart=at("2026-11-01"))
    assert not both(october, ChargePeriodStart=at("2026-09-30T23:00:00"))


def test_times_are_compared_in_utc() -> None:
    assert both(
        {"ChargePeriodStart": "2026-10-01T02:00:00+02:00"},
        ChargePeriodStart=at("2026-10-01"),
    )


def test_numbers_compare_by_value_and_texts_bytewise() -> None:
    assert both({"BilledCost": "1e1"}, BilledCost=Decimal("10.000"))
    assert both({"BilledCost": {"from": "9"}}, BilledCost=Decimal("10"))
    assert both({"ServiceName": {"to": "9"}}, ServiceName="10")
    assert both({"ServiceName": {"to": "a"}}, ServiceName="Z")


def test_globs_match_whole_texts_with_line_breaks() -> None:
    assert both({"ServiceName": {"glob": "a*b"}}, ServiceName="a\nb")
    assert not both({"ServiceName": {"glob": "a*"}}, ServiceName="ba")
    assert both({"ServiceName": {"glob": "gpu-[0-9][!x]?"}}, ServiceName="gpu-7y\n")
    assert not both({"ServiceName": {"glob": "gpu-[!0-9]"}}, ServiceName="gpu-7")
    assert both({"ServiceName": {"glob": "[]]["}}, ServiceName="][")


def test_regexes_match_whole_and_see_what_re2_sees() -> None:
    assert both({"ServiceName": {"regex": "gpu-(a|b)+"}}, ServiceName="gpu-ab")
    assert not both({"ServiceName": {"regex": "gpu"}}, ServiceName="gpu-ab")
    # Python's `$` would match before the last line break, and its `\d` other scripts' digits.
    assert not both({"ServiceName": {"regex": "a$\n"}}, ServiceName="a\n")
    assert not both({"ServiceName": {"regex": r"\d"}}, ServiceName="٣")


def test_any_all_and_not_nest() -> None:
    data = {
        "any": [{"ServiceName": "a"}, {"all": [{"ServiceName": "b"}, {"Tags.app": "x"}]}],
        "not": {"BilledCost": "0"},
    }
    assert both(data, ServiceName="a")
    assert both(data, ServiceName="b", Tags_app="x")
    assert not both(data, ServiceName="b", Tags_app="y")
    assert not both(data, ServiceName="a", BilledCost=Decimal(0))


def test_columns_are_all_that_is_looked_at() -> None:
    data = {"any": [{"A": "1"}, {"not": {"Tags.b": {"has": "true"}}}], "C": {"not": ["x"]}}
    assert columns(parse(data)) == {"A", "Tags.b", "C"}


# Mistakes


@pytest.mark.parametrize(
    ("data", "path", "words"),
    [
        ({}, (), "would hold of every row"),
        ("x", (), "a condition is a map"),
        ({"any": []}, ("any",), "takes a list"),
        ({"any": [{"A": "x"}, {}]}, ("any", 1), "would hold of every row"),
        ({"not": ["x"]}, ("not",), "a condition is a map"),
        ({"A": []}, ("A",), "an empty list"),
        ({"A": {}}, ("A",), "no test"),
        ({"A": ""}, ("A",), "no text"),
        ({"A": ["x", {"glob": "y"}]}, ("A", 1), "no text"),
        ({"A": {"glbo": "x"}}, ("A", "glbo"), "unknown test `glbo`"),
        ({"A": {"has": "yes"}}, ("A", "has"), "`true` or `false`"),
        ({"A": {"glob": "[z-a]"}}, ("A", "glob"), "`z-a`"),
        ({"A": {"regex": "(?=x)"}}, ("A", "regex"), "no regex that RE2 knows"),
        ({"A": {"not": {"regex": "("}}}, ("A", "not", "regex"), "no regex that RE2 knows"),
        ({"BilledCost": "1,5"}, ("BilledCost",), "not a number"),
        ({"BilledCost": {"glob": "1*"}}, ("BilledCost", "glob"), "is a decimal"),
        ({"ChargePeriodStart": {"from": "2026-02-30"}}, ("ChargePeriodStart", "from"), "a date"),
        ({"x_Eligible": "yes"}, ("x_Eligible",), "`true` or `false`"),
    ],
)
def test_a_mistake_says_where_it_is(data: object, path: tuple[str | int, ...], words: str) -> None:
    condition, mistakes = read(data, type_of)
    assert condition is None
    assert [mistake.path for mistake in mistakes] == [path]
    assert words in mistakes[0].sentence


def test_all_mistakes_are_said_at_once() -> None:
    data = {"A": {"glbo": "x", "has": "maybe"}, "any": [{}, {"B": ""}]}
    paths = [mistake.path for mistake in read(data)[1]]
    assert paths == [("A", "glbo"), ("A", "has"), ("any", 0), ("any", 1, "B")]


# Properties

TEXT = st.text(alphabet="ab-_*?[]!^$.\\'\"\n%é٣Z𝔘 ", max_size=6)
VALUES: dict[ColumnType, st.SearchStrategy[Any]] = {
    "text": TEXT.filter(lambda text: text != ""),
    "timestamp": st.datetimes(at("2026-09-30"), at("2026-10-02")).map(
        lambda moment: moment.replace(minute=0, second=0)
    ),
    "decimal": st.decimals(-3, 3, places=1),
    "integer": st.integers(-3, 3),
    "boolean": st.booleans(),
}


def spelt(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def comparisons(name: str) -> st.SearchStrategy[Condition]:
    texts = VALUES[TYPES.get(name, "text")].map(spelt)
    one = st.tuples(texts)
    alternatives = [
        st.builds(
            Comparison, st.just(name), st.just("equal"), st.lists(texts, min_size=1).map(tuple)
        ),
        st.builds(Comparison, st.just(name), st.sampled_from(["from", "to"]), one),
        st.builds(
            Comparison, st.just(name), st.just("has"), st.sampled_from([("true",), ("false",)])
        ),
        # A pattern on a column of another type, and a value that is none of its type, are false.
        st.builds(
            Comparison,
            st.just(name),
            st.sampled_from(["glob", "prefix", "equal"]),
            st.tuples(VALUES["text"]),
        ),
        st.builds(
            Comparison,
            st.just(name),
            st.just("regex"),
            st.sampled_from([("a.*",), ("[^a]+",), (r"\w+$",), ("(?i)É",)]),
        ),
    ]
    return st.one_of(alternatives)


LEAVES = st.sampled_from([*TYPES, "hour"]).flatmap(comparisons)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in TYPES.items()})


@settings(max_examples=250, deadline=None)
@given(CONDITIONS, ROWS)
def test_sql_and_python_agree_and_are_never_null(
    condition: Condition, row: Mapping[str, object]
) -> None:
    assert in_duckdb(condition, row) is holds(condition, row, TYPES)


@settings(max_examples=200, deadline=None)
@given(VALUES["text"], VALUES["text"])
def test_a_glob_without_signs_matches_only_itself(glob: str, text: str) -> None:
    condition = Comparison("ServiceName", "glob", (glob,))
    if not set(glob) & set("*?["):
        assert holds(condition, {"ServiceName": text}, TYPES) is (glob == text)


def test_a_glob_becomes_a_regex_in_which_all_else_is_itself() -> None:
    assert glob_regex("a.b*[!x-z]?[") == r"(?s)a\.b.*[^x-z].\["
