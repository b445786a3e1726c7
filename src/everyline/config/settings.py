"""The kinds of setting: how a text of everyline.yaml becomes a value, and what an editor is told.

A setting that can't be understood is raised to pydantic as a sentence and a hint; pydantic gathers
all of them, with the path to each. What lies in other files is noted with its own place.
"""

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Never

from pydantic import (
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from everyline.config.cells import CURRENCY
from everyline.config.document import WrittenMap
from everyline.config.reading import FILE, Reading
from everyline.config.tables import Table, day_of
from everyline.money import number
from everyline.problems import did_you_mean

REPORTED = "reported"
"""The type of an error that stands among the problems already."""

Info = ValidationInfo[Reading]
_Error: Any = PydanticCustomError  # its type asks for literal texts, and ours are made
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


class Entry:
    """A map of settings: unknown ones are noted, and the map's own place and name filled in."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(extra="forbid")

    @classmethod
    def filled_in(cls) -> tuple[str, ...]:
        """The fields that are not settings but what the map knows of itself."""
        return ("place",)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        return core_schema.with_info_before_validator_function(
            lambda data, info: _known_settings(cls, data, info.context), inner
        )


def refuse(sentence: str, hint: str = "", *, problem: str = "setting-not-understood") -> Never:
    """Say what is wrong with a setting; `sentence` goes on after the setting's name."""
    raise _Error(problem, "{sentence}", {"sentence": sentence, "hint": hint})


def refuse_silently() -> Never:
    """Give a setting up whose problems are noted already."""
    raise _Error(REPORTED, "reported")


def shown(value: Any) -> str:
    """What a value is, as a predicate."""
    if isinstance(value, str):
        return f"is `{value}`"
    kinds = {"WrittenMap": "is a map", "WrittenList": "is a list", "Empty": "has no value"}
    return kinds.get(type(value).__name__, "is no text")


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        refuse(f"{shown(value)}, and takes a text")
    return value


def path_below(value: Any) -> str:
    """A path that stays within the project, with `/` between its parts."""
    path = text(value)
    away = path.startswith("/") or ".." in path.split("/") or re.match(r"[A-Za-z]:", path)
    if away or "\\" in path:
        refuse(
            f"is `{path}`, and takes a path below the folder of {FILE}",
            "write it relative to that folder, with `/` and without `..`",
        )
    return path


def table_of(read_rows: Callable[[Table, Reading], Any]) -> PlainValidator:
    """A setting that names a CSV, whose rows `read_rows` makes."""

    def read(value: Any, info: Info) -> Any:
        if not isinstance(value, str):
            refuse(f"{shown(value)}, and takes the name of a CSV file")
        return read_rows(open_table(value, info.context), info.context)

    return PlainValidator(read)


def open_table(value: str, reading: Reading) -> Table:
    """The CSV that a setting names."""
    file = path_below(value)
    if not reading.has(file):
        hint = reading.near(file)
        refuse(f"names the file `{file}`, which does not exist", hint, problem="file-missing")
    table = reading.table(file)
    if table is None:
        refuse_silently()
    return table


def _known_settings(cls: type[Any], data: Any, reading: Reading) -> Any:
    if not isinstance(data, WrittenMap):
        return data
    own = cls.filled_in()
    known = [field.name for field in fields(cls) if field.name not in own]
    for key, mark in data.keys_at.items():
        if key not in known:
            what = f"`{key}` is no setting here"
            place = f"{FILE}:{mark.line}:{mark.column}"
            hint = did_you_mean(key, known)
            reading.report("unknown-setting", what, place, about=key, hint=hint)
    filled: dict[str, Any] = {key: value for key, value in data.items() if key in known}
    filled["place"] = f"{FILE}:{data.mark.line}"
    return filled | ({"name": data.name} if "name" in own else {})


def _truth(value: Any) -> bool:
    if value not in ("true", "false", True, False):
        refuse(f"{shown(value)}, and takes `true` or `false`")
    return value in ("true", True)


def _whole(value: Any) -> int:
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{1,4}", value) is None:
        refuse(f"{shown(value)}, and takes a whole number")
    return int(value)


def _number(value: Any) -> Decimal:
    found = number(value) if isinstance(value, str) else None
    if found is None or found.value < 0:
        refuse(f"{shown(value)}, and takes a number of 0 or more")
    return found.value


def _ratio(value: Any) -> Decimal:
    found = number(value) if isinstance(value, str) else None
    if found is None or not 0 <= found.value <= 1:
        refuse(f"{shown(value)}, and takes a ratio from 0 to 1", "write 5 percent as `0.05`")
    return found.value


def _day(value: Any) -> date:
    day = day_of(value) if isinstance(value, str) else None
    if day is None:
        refuse(f"{shown(value)}, and takes a day like `2026-10-01`")
    return day


def _currency(value: Any) -> str:
    if not isinstance(value, str) or CURRENCY.fullmatch(value) is None:
        refuse(f"{shown(value)}, and takes a currency code like `USD`")
    return value


def _path_pattern(value: Any) -> str:
    path = path_below(value)
    steps = path.split("/")
    if any(step in ("", ".") for step in steps):
        refuse(f"is `{path}`, which has an empty or `.` step", "write it as `bills/*.csv`")
    if steps[-1] == "**" or any("**" in step and step != "**" for step in steps):
        hint = "`**` stands for folders, as many as there are: write `bills/**/*.csv`"
        refuse(f"is `{path}`, where `**` is no step between others", hint)
    found = [match[1] for match in _BRACES.finditer(path)]
    for part in found:
        if part not in ("period", "version"):
            what = "a brace of no meaning" if part is None else f"`{{{part}}}`"
            hint = "it may have `{period}`, `{version}`, `*`, `?` and `[..]`"
            refuse(f"is `{path}`, which has {what}", hint)
        if found.count(part) > 1:
            refuse(f"is `{path}`, which has `{{{part}}}` twice")
    return path


_TEXT_SCHEMA = WithJsonSchema({"type": ["string", "number", "boolean"]})
_RATIO_SCHEMA = WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
FILE_SCHEMA = WithJsonSchema({"type": "string", "pattern": "^[^/].*$"})

Text = Annotated[str, BeforeValidator(text), _TEXT_SCHEMA]
Truth = Annotated[bool, PlainValidator(_truth), WithJsonSchema({"type": "boolean"})]
Whole = Annotated[int, PlainValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 0})]
Percent = Annotated[
    Decimal, PlainValidator(_number), WithJsonSchema({"type": "number", "minimum": 0})
]
Ratio = Annotated[Decimal, PlainValidator(_ratio), _RATIO_SCHEMA]
"""A share of one, from 0 to 1; never a percentage."""
Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Currency = Annotated[
    str, PlainValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})
]
PathPattern = Annotated[str, PlainValidator(_path_pattern), FILE_SCHEMA]
