"""Conditions: the tests that a configuration puts on rows, as a tree, as SQL and in plain Python.

A condition is a map whose entries must all hold. On the left stands a column, a taxonomy key or
`Tags.<key>`; on the right a text (equal), a list (one of) or a map of `glob`, `regex`, `prefix`,
`has`, `from` (inclusive), `to` (exclusive) and `not`. `any`, `all` and `not` nest conditions.
Conditions are two-valued: a missing value makes a test false, and its `not` true.

`sql` and `holds` say the same of every row; a property test compares them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from everyline.patterns import (
    glob_matches,
    glob_mistake,
    glob_regex,
    regex_matches,
    regex_mistake,
)
from everyline.problems import did_you_mean
from everyline.scalars import ColumnType, value_of

Kind = Literal["equal", "glob", "regex", "prefix", "has", "from", "to"]

KINDS: tuple[Kind, ...] = ("glob", "regex", "prefix", "has", "from", "to")
NESTING = ("any", "all", "not")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of one column; `values` are alternatives for `equal`, else exactly one text."""

    column: str
    kind: Kind
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where `condition` is false."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where every one of `conditions` is true; never empty."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where at least one of `conditions` is true; never empty."""

    conditions: "tuple[Condition, ...]"


Condition = Comparison | Not | AllOf | AnyOf


class Mistake(NamedTuple):
    """What is wrong in a condition, and where inside it.

    Attributes:
        path: keys and list positions from the condition's own map down to the place.
        sentence: what is wrong, values in backticks.
        hint: what to do next.
        problem: the name of the problem that this is.
        at_key: true where the key at `path` is wrong, not what stands under it.
    """

    path: tuple[str | int, ...]
    sentence: str
    hint: str = ""
    problem: str = "condition-not-understood"
    at_key: bool = False


class SqlColumn(NamedTuple):
    """How a relation gives a column: an SQL expression and its type; timestamps are UTC."""

    expression: str
    type: ColumnType


ColumnTypes = Callable[[str], ColumnType | Mistake]


def read(
    data: object, column_type: ColumnTypes = lambda _: "text"
) -> tuple[Condition | None, tuple[Mistake, ...]]:
    """The condition that `data` (maps, lists and texts) spells, and all mistakes in it.

    Args:
        data: a map as read from YAML, every scalar a text or a boolean.
        column_type: the type of a column, or the mistake of naming it here (its path is empty).

    Returns:
        The condition, None if there is a mistake; the mistakes in the order of reading.
    """
    mistakes: list[Mistake] = []
    condition = _condition(data, (), _Reader(column_type, mistakes))
    return (None if mistakes else condition), tuple(mistakes)


def parse(data: object, column_type: ColumnTypes = lambda _: "text") -> Condition:
    """The condition that `data` spells, where it is known to be well formed; asserts that it is."""
    condition, mistakes = read(data, column_type)
    assert condition is not None, mistakes
    return condition


def columns(condition: Condition) -> frozenset[str]:
    """Every column, taxonomy key and `Tags.<key>` that `condition` looks at."""
    if isinstance(condition, Comparison):
        return frozenset({condition.column})
    if isinstance(condition, Not):
        return columns(condition.condition)
    return frozenset().union(*map(columns, condition.conditions))


def sql(condition: Condition, column: Callable[[str], SqlColumn | None]) -> str:
    """`condition` as a DuckDB expression that is true or false, never null.

    Args:
        condition: what to test.
        column: how the relation gives a column; None if the relation lacks it.
    """
    if isinstance(condition, Comparison):
        return _comparison_sql(condition, column(condition.column))
    if isinstance(condition, Not):
        return f"NOT {sql(condition.condition, column)}"
    word = " AND " if isinstance(condition, AllOf) else " OR "
    return "(" + word.join(sql(part, column) for part in condition.conditions) + ")"


def holds(condition: Condition, row: Mapping[str, object], types: Mapping[str, ColumnType]) -> bool:
    """Whether `condition` holds of `row`: the same as `sql`, for small relations.

    Args:
        condition: what to test.
        row: column to text, Decimal, int, bool or datetime in UTC; missing or None is missing.
        types: the type of each column of `row`; a column that stands here not is text.
    """
    if isinstance(condition, Comparison):
        value = row.get(condition.column)
        return _comparison_holds(condition, value, types.get(condition.column, "text"))
    if isinstance(condition, Not):
        return not holds(condition.condition, row, types)
    test = all if isinstance(condition, AllOf) else any
    return test(holds(part, row, types) for part in condition.conditions)


def quoted(text: str) -> str:
    """`text` as an SQL literal."""
    assert "\0" not in text
    return "'" + text.replace("'", "''") + "'"


# Reading


class _Reader(NamedTuple):
    column_type: ColumnTypes
    mistakes: list[Mistake]

    def refuse(
        self, path: tuple[str | int, ...], sentence: str, hint: str = "", *, at_key: bool = False
    ) -> None:
        self.mistakes.append(Mistake(path, sentence, hint, at_key=at_key))


def _condition(data: object, path: tuple[str | int, ...], reader: _Reader) -> Condition | None:
    if not isinstance(data, Mapping):
        reader.refuse(path, "a condition is a map, like `{ServiceName: Pinecone}`")
        return None
    if not data:
        reader.refuse(
            path, "an empty condition would hold of every row", "name a column and its value"
        )
        return None
    parts = [_entry(key, right, (*path, key), reader) for key, right in data.items()]
    return _joined([part for part in parts if part is not None])


def _joined(parts: Sequence[Condition]) -> Condition | None:
    if len(parts) == 1:
        return parts[0]
    return AllOf(tuple(parts)) if parts else None


def _entry(
    key: str, right: object, path: tuple[str | int, ...], reader: _Reader
) -> Condition | None:
    if key == "not":
        inner = _condition(right, path, reader)
        return Not(inner) if inner else None
    if key in NESTING:
        return _nested(key, right, path, reader)
    kind = reader.column_type(key)
    if isinstance(kind, Mistake):
        reader.mistakes.append(kind._replace(path=path, at_key=True))
        kind = "text"
    return _right(key, kind, right, path=path, reader=reader)


def _nested(
    key: str, right: object, path: tuple[str | int, ...], reader: _Reader
) -> Condition | None:
    if not isinstance(right, list) or not right:
        reader.refuse(path, f"`{key}` takes a list of conditions, like `[{{...}}, {{...}}]`")
        return None
    parts = [_condition(part, (*path, n), reader) for n, part in enumerate(right)]
    whole = tuple(part for part in parts if part is not None)
    return (AnyOf(whole) if key == "any" else AllOf(whole)) if whole else None


def _right(
    column: str, kind: ColumnType, right: object, *, path: tuple[str | int, ...], reader: _Reader
) -> Condition | None:
    if isinstance(right, Mapping):
        if not right:
            reader.refuse(path, f"`{column}` has no test", "give it a text, a list or a test")
        parts = [
            _test(column, kind, (word, operand), path=(*path, word), reader=reader)
            for word, operand in right.items()
        ]
        return _joined([part for part in parts if part is not None])
    listed = right if isinstance(right, list) else [right]
    if not listed:
        reader.refuse(path, f"`{column}` is compared with an empty list", "name at least one text")
        return None
    inner = [(*path, n) if isinstance(right, list) else path for n in range(len(listed))]
    texts = [
        _operand(column, kind, text, path=at, reader=reader)
        for text, at in zip(listed, inner, strict=True)
    ]
    return Comparison(column, "equal", tuple(dict.fromkeys(t for t in texts if t is not None)))


def _test(
    column: str,
    kind: ColumnType,
    test: tuple[str, object],
    *,
    path: tuple[str | int, ...],
    reader: _Reader,
) -> Condition | None:
    word, operand = test
    if word == "not":
        inner = _right(column, kind, operand, path=path, reader=reader)
        return Not(inner) if inner else None
    if word not in KINDS:
        hint = did_you_mean(word, (*KINDS, "not"))
        reader.refuse(path, f"`{column}` has the unknown test `{word}`", hint, at_key=True)
        return None
    if word == "has":
        text = str(operand).lower() if isinstance(operand, bool) else operand
        if text not in ("true", "false"):
            reader.refuse(path, "`has` takes `true` or `false`")
            return None
        return Comparison(column, "has", (str(text),))
    if kind != "text" and word in ("glob", "regex", "prefix"):
        reader.refuse(
            path,
            f"`{word}` looks at text, and `{column}` is a {kind}",
            "compare it by value, or with `from` and `to`",
        )
        return None
    text = _operand(column, kind, operand, path=path, reader=reader)
    if text is None:
        return None
    check = {"glob": glob_mistake, "regex": regex_mistake}.get(word)
    if check and (mistake := check(text)):
        reader.refuse(path, mistake)
    return Comparison(column, word, (text,))


def _operand(
    column: str, kind: ColumnType, operand: object, *, path: tuple[str | int, ...], reader: _Reader
) -> str | None:
    """The text to compare with, checked to be a value of the column's type."""
    if isinstance(operand, bool):
        operand = str(operand).lower()
    if not isinstance(operand, str) or not operand:
        hint = f"for a missing value write `{column}: {{has: false}}`"
        reader.refuse(path, f"`{column}` is compared with something that is no text", hint)
        return None
    if kind != "text" and value_of(operand, kind) is None:
        form = {"timestamp": "a date or time like `2026-10-01` or `2026-10-01T12:00:00Z`"}
        wanted = form.get(kind, "`true` or `false`" if kind == "boolean" else "a number")
        reader.refuse(path, f"`{column}` is compared with `{operand}`, which is not {wanted}")
        return None
    return operand


# Evaluating


def _literal(text: str, kind: ColumnType) -> str | None:
    value = value_of(text, kind)
    if value is None:
        return None
    if kind == "timestamp":
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if kind in ("decimal", "integer"):
        return f"CAST('{value:f}' AS DECIMAL(38, 18))"
    return quoted(text) if kind == "text" else text


def _comparison_sql(test: Comparison, column: SqlColumn | None) -> str:
    if test.kind == "has":
        wanted = test.values == ("true",)
        if column is None:
            return "false" if wanted else "true"
        return f"(({column.expression}) IS {'NOT ' if wanted else ''}NULL)"
    if column is None:
        return "false"
    bare = _bare_sql(test, column)
    return f"coalesce({bare}, false)" if bare else "false"


def _bare_sql(test: Comparison, column: SqlColumn) -> str | None:
    """The test where the value is there; None if it can hold of no value of this type."""
    expression = f"({column.expression})"
    if test.kind in ("glob", "regex", "prefix"):
        return _pattern_sql(test, expression) if column.type == "text" else None
    literals = [text for value in test.values if (text := _literal(value, column.type))]
    if not literals or (column.type == "boolean" and test.kind != "equal"):
        return None
    if test.kind == "equal":
        many = len(literals) > 1
        return (
            f"{expression} IN ({', '.join(literals)})" if many else f"{expression} = {literals[0]}"
        )
    return f"{expression} {'>=' if test.kind == 'from' else '<'} {literals[0]}"


def _pattern_sql(test: Comparison, expression: str) -> str:
    pattern = test.values[0]
    if test.kind == "glob":
        # Most globs are a literal with a star at its end; that is a cheaper test than a regex.
        head = pattern.removesuffix("*")
        if not set(head) & set("*?["):
            literal = quoted(head)
            same = f"{expression} = {literal}"
            return f"starts_with({expression}, {literal})" if head != pattern else same
        return f"regexp_full_match({expression}, {quoted(glob_regex(pattern))})"
    if test.kind == "regex":
        return f"regexp_full_match({expression}, {quoted(pattern)})"
    return f"starts_with({expression}, {quoted(pattern)})"


def _comparison_holds(test: Comparison, value: Any, kind: ColumnType) -> bool:
    if test.kind == "has":
        return (value is not None) is (test.values == ("true",))
    if value is None:
        return False
    if test.kind in ("glob", "regex", "prefix"):
        return kind == "text" and _pattern_holds(test, value)
    operands = [found for v in test.values if (found := value_of(v, kind)) is not None]
    if test.kind == "equal":
        return value in operands
    if not operands or kind == "boolean":
        return False
    return bool(value >= operands[0] if test.kind == "from" else value < operands[0])


def _pattern_holds(test: Comparison, value: str) -> bool:
    pattern = test.values[0]
    if test.kind == "glob":
        return glob_matches(pattern, value)
    return regex_matches(pattern, value) if test.kind == "regex" else value.startswith(pattern)
