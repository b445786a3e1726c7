"""The taxonomy: the keys that an owner has a value for, in order; the first is the lead key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from everyline.conditions import NESTING
from everyline.config.columns import KNOWN
from everyline.config.document import WrittenList, WrittenMap
from everyline.config.reading import FILE
from everyline.config.settings import Entry, Info, Text, Truth, open_table, refuse, shown, text
from everyline.config.tables import VALIDITY
from everyline.config.values import COLUMNS, ValueList, inline_values, read_values

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_ENDINGS = ("_evidence", "_tag", "_rule")
_TAKEN = frozenset(
    name.casefold()
    for name in (*KNOWN, *COLUMNS, *VALIDITY, *NESTING, "share", "legal_entity", "cost_centre")
)


def _values(value: Any, info: Info) -> ValueList:
    if isinstance(value, str):
        return read_values(open_table(value, info.context), info.context)
    if not isinstance(value, WrittenList) or not value:
        refuse(f"{shown(value)}, and takes a CSV file or a list like `[production, staging]`")
    places = (f"{FILE}:{mark.line}" for mark in value.entries_at)
    return inline_values(zip(places, map(text, value), strict=True), FILE)


Values = Annotated[
    ValueList,
    PlainValidator(_values),
    WithJsonSchema(
        {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "number"]}}]}
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key(Entry):
    """One key of the taxonomy: its tags in order of trust, and the values it may have.

    Attributes:
        values: the declared values with all aliases, those of `aliases` included; None where any
            text is declared (R7).
    """

    name: SkipJsonSchema[str]
    place: SkipJsonSchema[str] = ""
    required: Annotated[
        Truth, Field(description="Whether a line without it counts as not fully owned")
    ] = False
    tags: Annotated[
        tuple[Text, ...], Field(description="Tag keys that give the value, in order of trust")
    ] = ()
    values: Annotated[
        Values | None, Field(description="Declared values: a CSV with column `value`, or a list")
    ] = None
    aliases: Annotated[
        Mapping[str, Text], Field(description="Other texts, and the value that each means")
    ] = field(default_factory=lambda: MappingProxyType({}))
    default: Annotated[
        Text | None, Field(description="What fills the key at the end; only if not required")
    ] = None

    @classmethod
    def filled_in(cls) -> tuple[str, ...]:
        """Its name is the key under which it stands in `taxonomy`."""
        return ("place", "name")

    def __post_init__(self) -> None:
        if self.values is not None and self.aliases:
            object.__setattr__(self, "values", self.values.with_aliases(self.aliases))


def _keys(value: Any, info: Info) -> list[Any]:
    if not isinstance(value, WrittenMap) or not value:
        refuse(f"{shown(value)}, and takes keys like `{{team: {{tags: [team]}}}}`")
    for name, mark in value.keys_at.items():
        if problem := _name_problem(name, list(value)):
            place = f"{FILE}:{mark.line}:{mark.column}"
            hint = "take another name, of letters, digits and `_`"
            info.context.report(
                "key-name-taken", f"`{name}` {problem}", place, about=name, hint=hint
            )
    keys = list(value.values())
    if isinstance(keys[0], WrittenMap):
        keys[0].setdefault("required", "true")  # the lead key is required (R20)
    return keys


def _name_problem(name: str, names: list[str]) -> str | None:
    if _NAME.fullmatch(name) is None:
        return "can't be the name of a key, since relations have a column for each key"
    if name.casefold() in _TAKEN or name.casefold().startswith("x_"):
        return "is the name of a column or word already, so no key can have it"
    folded = [other.casefold() for other in names]
    if folded.count(name.casefold()) > 1:
        return "differs from another key in case only"
    made = [end for end in _ENDINGS if name.casefold().removesuffix(end) in folded]
    if any(name.casefold().endswith(end) for end in made):
        return "is the name of a column that a run makes for another key"
    return None


Taxonomy = Annotated[tuple[Key, ...], BeforeValidator(_keys)]


def key_names(document: Any) -> tuple[str, ...]:
    """The names under `taxonomy`, before anything is checked."""
    taxonomy = document.get("taxonomy")
    return tuple(taxonomy) if isinstance(taxonomy, WrittenMap) else ()
