"""Types of planned things that are known to cost AI money, and where their tags lie.

One reviewed table a tool, `provisioning/types/<tool>.csv`, each row with its source. Paths in it
have keys with `.` between; lists on the way are walked through. `[nvidia.com/*]` is a key, or keys,
that `.` would cut; `[resource_type=instance]` keeps the elements of a list that have that value.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

HEADER = ("type", "layer", "provider", "service", "tags", "when", "parent", "source")

_STEP = re.compile(r"\[([^\]]+)\]|([^.\[\]]+)")
_NOTHING = ("", "0", "false")
_PAIRS = (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue"))


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of a table.

    Attributes:
        type: as the tool spells it.
        layer: model, platform or data.
        provider, service: ServiceProviderName and ServiceName of its bill lines; empty if unsaid.
        tags: the paths where tags lie; of equal keys the one at the earlier path stands.
        when: path to globs, of which one must match a value there, without case; no globs where
            it is enough that something lies there.
        parent: path to what names the parent whose tags the cost bears too, and after a blank the
            parent's type; empty for none.
        source: where the fact comes from.
    """

    type: str
    layer: str
    provider: str
    service: str
    tags: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]]
    parent: str
    source: str

    @property
    def taggable(self) -> bool:
        """Whether things of the type take tags at all."""
        return bool(self.tags)

    @property
    def tags_at(self) -> str:
        """Where a person adds a tag: the last path; empty where no tag can be added."""
        return self.tags[-1] if self.tags else ""

    def holds(self, thing: Any) -> bool:
        """Whether `thing`, its properties, meets the conditions of the row."""
        return all(_meets(found(thing, path), globs) for path, globs in self.when.items())


@cache
def known(tool: str) -> Mapping[str, tuple[Kind, ...]]:
    """The rows of a tool's table by type."""
    table = files("everyline.provisioning") / "types" / f"{tool}.csv"
    kinds: dict[str, list[Kind]] = {}
    for row in csv.DictReader(table.read_text("utf-8").splitlines()):
        kinds.setdefault(row["type"], []).append(_kind(row))
    return MappingProxyType({type_: tuple(rows) for type_, rows in kinds.items()})


def kind_of(tool: str, type_: str, thing: Any) -> Kind | None:
    """The first row of the type whose conditions `thing`, its properties, meets; None if none."""
    return next((kind for kind in known(tool).get(type_, ()) if kind.holds(thing)), None)


def found(thing: Any, path: str) -> list[Any]:
    """Every value that lies at `path`, lists on the way walked through; no nulls."""
    values = [thing]
    for step in steps(path):
        values = [inner for value in values for inner in _inside(value, step)]
    return [value for value in values if value is not None]


def tags_in(thing: Any, paths: Iterable[str]) -> dict[str, str]:
    """The tags that lie at `paths`, merged; of equal keys the one at the earlier path stands.

    They are a map, a list of keys with values, or a list of texts, `k:v` or `k` for `true`.
    Values that are null, empty or no text are left out.
    """
    tags: dict[str, str] = {}
    for path in paths:
        for value in found(thing, path):
            for key, text in pairs(value):
                if key and isinstance(text, str) and text.strip():
                    tags.setdefault(key, text)
    return tags


def _kind(row: Mapping[str, str]) -> Kind:
    when = (test.strip().partition("=") for test in row["when"].split(" & ") if test.strip())
    return Kind(
        row["type"],
        row["layer"],
        row["provider"],
        row["service"],
        tuple(path for path in row["tags"].split("|") if path),
        MappingProxyType(
            {path: tuple(g for g in globs.casefold().split("|") if g) for path, _, globs in when}
        ),
        row["parent"],
        row["source"],
    )


def _meets(values: list[Any], globs: tuple[str, ...]) -> bool:
    texts = [_text(value).casefold() for value in values if not isinstance(value, dict | list)]
    if globs:
        return any(fnmatchcase(text, glob) for text in texts for glob in globs)
    return any(text not in _NOTHING for text in texts) or any(
        bool(value) for value in values if isinstance(value, dict | list)
    )


def _text(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


@cache
def steps(path: str) -> tuple[str, ...]:
    """The keys of a path in order; a step `a=b` keeps elements of a list."""
    return tuple(bracketed or plain for bracketed, plain in _STEP.findall(path))


def _inside(value: Any, step: str) -> Iterator[Any]:
    """What lies behind one step; a list gives it of each of its elements."""
    if isinstance(value, list):
        for element in value:
            yield from _inside(element, step)
        return
    key, is_filter, wanted = step.partition("=")
    if not isinstance(value, dict):
        return
    if is_filter:
        if _text(value.get(key)) == wanted:
            yield value
        return
    keys = [k for k in value if fnmatchcase(k, step)] if "*" in step else [step]
    for inner in map(value.get, keys):
        if isinstance(inner, list):
            yield from inner
        else:
            yield inner


def pairs(value: Any) -> Iterator[tuple[str, Any]]:
    """Keys and values of one thing that lies where tags do."""
    if isinstance(value, str):
        key, colon, text = value.partition(":")
        yield key.strip(), text.strip() if colon else "true"
    elif isinstance(value, dict):
        names = next((pair for pair in _PAIRS if set(pair) <= value.keys()), None)
        if names is None:
            yield from value.items()
        elif isinstance(value[names[0]], str):
            yield value[names[0]], value[names[1]]
