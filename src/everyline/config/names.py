"""Settings that name columns, taxonomy keys and owners, and the conditions made of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, WithJsonSchema

from everyline.conditions import Condition, Mistake, read
from everyline.config.columns import CHARGES, COMPUTED, KNOWN, SUMS, USAGE, column_type
from everyline.config.document import WrittenMap, find
from everyline.config.reading import FILE, Reading
from everyline.config.settings import Info, refuse, refuse_silently, shown, text
from everyline.problems import did_you_mean
from everyline.scalars import ColumnType


def read_condition(value: Any, reading: Reading, *, keys: bool, sums: bool) -> Condition:
    """The condition that `value` spells; its mistakes are noted, each with its place.

    Args:
        value: as written.
        reading: where mistakes are noted; it knows the taxonomy keys.
        keys: whether the condition sees taxonomy keys.
        sums: whether it may look at what groups and usage sum.
    """
    if not isinstance(value, WrittenMap):
        refuse(f"{shown(value)}, and takes a condition like `{{ServiceName: Pinecone}}`")
    condition, mistakes = read(value, lambda name: _column(name, reading, keys=keys, sums=sums))
    for mistake in mistakes:
        mark = find(value, mistake.path, at_key=mistake.at_key).mark
        reading.report(
            mistake.problem,
            mistake.sentence,
            f"{FILE}:{mark.line}:{mark.column}",
            about=".".join(map(str, mistake.path)),
            hint=mistake.hint,
        )
    if condition is None:
        refuse_silently()
    return condition


def _column(name: str, reading: Reading, *, keys: bool, sums: bool) -> ColumnType | Mistake:
    if name in reading.keys:
        what = f"`{name}` is a taxonomy key, and conditions here see columns and tags only"
        hint = f"for a tag write `Tags.{name}`"
        return "text" if keys else Mistake((), what, hint, "unknown-column")
    kind = column_type(name)
    if kind is None:
        hint = did_you_mean(name, (*KNOWN, *(reading.keys if keys else ())))
        return Mistake((), f"no relation has the column `{name}`", hint, "unknown-column")
    if name in SUMS and not sums:
        what = f"`{name}` is a sum of many lines, and a rule can't look at a sum"
        hint = "conditions of `layers` see single lines"
        return Mistake((), what, hint, "unknown-column")
    return kind


def _condition(*, keys: bool, sums: bool = False) -> PlainValidator:
    def validate(value: Any, info: Info) -> Condition:
        return read_condition(value, info.context, keys=keys, sums=sums)

    return PlainValidator(validate)


def _column_name(value: Any, info: Info) -> str:
    name = text(value)
    keys = info.context.keys
    if name in keys or name in SUMS or column_type(name) is None:
        hint = did_you_mean(name, [known for known in KNOWN if known not in SUMS])
        refuse(f"is `{name}`, and takes a column or `Tags.<key>`", hint, problem="unknown-column")
    return name


def check_key(name: str, reading: Reading) -> str:
    """A name that must be a taxonomy key."""
    if name not in reading.keys:
        hint = did_you_mean(name, reading.keys)
        refuse(f"is `{name}`, which is no key of `taxonomy`", hint, problem="unknown-key")
    return name


def _owners(value: Any, info: Info) -> dict[str, str]:
    """Taxonomy key to value; whether lists declare the values is checked later."""
    if not isinstance(value, WrittenMap) or not value:
        refuse(f"{shown(value)}, and takes values of keys like `{{team: search}}`")
    for key, mark in value.keys_at.items():
        if key not in info.context.keys:
            what = f"`{key}` is no key of `taxonomy`"
            hint = did_you_mean(key, info.context.keys)
            place = f"{FILE}:{mark.line}:{mark.column}"
            info.context.report("unknown-key", what, place, about=key, hint=hint)
    return {key: text(owner) for key, owner in value.items() if key in info.context.keys}


def _rest(value: Any, info: Info) -> Any:
    if isinstance(value, WrittenMap):
        return _owners(value, info)
    if value not in ("unallocated", "spread"):
        hint = did_you_mean(value, ("unallocated", "spread")) if isinstance(value, str) else ""
        refuse(f"{shown(value)}, and takes `unallocated`, `spread` or values of keys", hint)
    return value


def _columns(
    known: Mapping[str, ColumnType], *, custom: bool
) -> Callable[[Any, Info], dict[str, str]]:
    """Our column to their column, or to a constant."""

    def validate(value: Any, info: Info) -> dict[str, str]:
        if not isinstance(value, WrittenMap):
            refuse(f"{shown(value)}, and takes a map like `{{ServiceName: vendor}}`")
        for name, mark in value.keys_at.items():
            if name in COMPUTED or not (name in known or (custom and name.startswith("x_"))):
                computed = name in COMPUTED
                what = "is worked out by a run" if computed else "is no column that a table gives"
                place = f"{FILE}:{mark.line}:{mark.column}"
                hint = did_you_mean(name, _given(known))
                info.context.report(
                    "unknown-column", f"`{name}` {what}", place, about=name, hint=hint
                )
        return {name: text(theirs) for name, theirs in value.items()}

    return validate


def _given(known: Iterable[str]) -> list[str]:
    return [name for name in known if name not in COMPUTED]


_CONDITION_SCHEMA = WithJsonSchema({"everyline": "condition"})
_MAP_SCHEMA = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}

LineCondition = Annotated[Condition, _condition(keys=False, sums=True), _CONDITION_SCHEMA]
"""Sees the columns and tags of single lines or rows."""
OwnerCondition = Annotated[Condition, _condition(keys=False), _CONDITION_SCHEMA]
"""Sees columns and tags; no sums."""
GroupCondition = Annotated[Condition, _condition(keys=True), _CONDITION_SCHEMA]
"""Sees columns, tags and taxonomy keys; no sums."""

ColumnName = Annotated[
    str, PlainValidator(_column_name), WithJsonSchema({"type": "string", "minLength": 1})
]
KeyName = Annotated[
    str,
    PlainValidator(lambda value, info: check_key(text(value), info.context)),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
Owners = Annotated[
    Mapping[str, str], PlainValidator(_owners), WithJsonSchema({**_MAP_SCHEMA, "minProperties": 1})
]
"""Taxonomy key to value, as written; resolve the value by the key's list (R10)."""
Rest = Annotated[
    Literal["unallocated", "spread"] | Mapping[str, str],
    PlainValidator(_rest),
    WithJsonSchema(
        {"oneOf": [{"enum": ["unallocated", "spread"]}, {**_MAP_SCHEMA, "minProperties": 1}]}
    ),
]
ChargeColumns = Annotated[
    Mapping[str, str], PlainValidator(_columns(CHARGES, custom=True)), WithJsonSchema(_MAP_SCHEMA)
]
UsageColumns = Annotated[
    Mapping[str, str], PlainValidator(_columns(USAGE, custom=False)), WithJsonSchema(_MAP_SCHEMA)
]
