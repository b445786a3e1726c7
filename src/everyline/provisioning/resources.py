"""Planned things and who will own them: by the same registries, rules and code as billed cost."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from everyline.config.asked import named_tags
from everyline.config.configuration import Configuration
from everyline.config.taxonomy import Key
from everyline.engines.duckdb import Engine, quoted, same
from everyline.names import provider_name
from everyline.owners.make import Own, Owners
from everyline.owners.notices import Notice
from everyline.owners.tags import PREFIXES, is_taxonomy_tag
from everyline.owners.view import DAY
from everyline.planned import Planned
from everyline.relations import K_RULE, K_TAG, KEYS, RESOURCES
from everyline.tag_columns import PREFIX, columns_of

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_OWN = ("x_Source", "address", "type", "place", "x_Layer")
_MADE = ("x_Taggable", "Tags", "x_Verdict")
_COLUMNS = tuple(c for c in RESOURCES.columns if c.name not in (KEYS, K_TAG, K_RULE))
ASKED = tuple(c.name for c in _COLUMNS if c.name not in (*_OWN, *_MADE))
"""Columns that a reader may give beside tags, for registries and rules to ask."""


class _Row(NamedTuple):
    source: str
    thing: Planned
    address: str
    tags: Mapping[str, str]


class Owned(NamedTuple):
    """A planned thing with what was found of each taxonomy key, in their order.

    Attributes:
        source: the file that plans it.
        thing: what was planned.
        address: as its file calls it, told apart where the file has it twice.
        tags: as they will be billed.
        values: of each key; None where nobody is found.
        states: of each key, how it is tagged (R7).
    """

    source: str
    thing: Planned
    address: str
    tags: Mapping[str, str]
    values: tuple[str | None, ...]
    states: tuple[str, ...]


class Resources:
    """All planned things of a check, in `owned`; `notices` is what is odd of registries."""

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        project: Path,
        found: Sequence[tuple[str, Planned]],
        day: date,
    ) -> None:
        """`found` has each thing with the file that plans it; owners are those of `day` (R10)."""
        self._engine = engine
        self._names_people = any(source.people == "keep" for source in configuration.usage)
        self._keys = tuple(key.name for key in configuration.taxonomy)
        addresses = _addresses(found)
        tags = [as_billed(configuration.taxonomy, thing.tags) for _, thing in found]
        rows = [
            _Row(source, thing, addresses[at], tags[at]) for at, (source, thing) in enumerate(found)
        ]
        self._put(configuration, rows, day)
        owners = Owners(engine, configuration, "planned", Own(project / ".everyline", "planned"))
        self._owned = owners.of_usage()
        self._columns = owners.columns
        self.notices: Sequence[Notice] = owners.notices
        self.owned = [
            Owned(*found[at], addresses[at], tags[at], values, states)
            for at, values, states in self._rows()
        ]

    def resources(self, verdicts: Sequence[str]) -> str:
        """SQL of the relation `resources`; `verdicts` are those of `owned`, in its order.

        Whose key it is is left out, unless telemetry names people too: a check writes nothing, so
        there may be no key to hash them with.
        """
        self._engine.table(
            "verdicts", {"at_": "BIGINT", "x_Verdict": "VARCHAR"}, list(enumerate(verdicts))
        )
        made = {"x_Verdict": "v.x_Verdict"}
        if not self._names_people:
            made["x_PrincipalId"] = "NULL::VARCHAR AS x_PrincipalId"
        picked = ", ".join(
            [made.get(c.name, f"p.{quoted(c.name)}") for c in _COLUMNS]
            + [f"o.{quoted(key + end)}" for key in self._keys for end in ("", "_evidence")]
            + [f"o.{quoted(key + end)}" for key in self._keys for end in ("_tag", "_rule")]
        )
        return (
            f"SELECT {picked} FROM planned AS p {self._join()} JOIN verdicts AS v USING (at_)"
            " ORDER BY x_Source, address"
        )

    def _rows(self) -> list[tuple[int, tuple[str | None, ...], tuple[str, ...]]]:
        """Place in `found`, values and tag states of each thing, in that order."""
        values = ", ".join(f"o.{quoted(key)}" for key in self._keys)
        states = ", ".join(f"o.{quoted(key + '_tag')}" for key in self._keys)
        rows = self._engine.rows(
            f"SELECT p.at_, {values}, {states} FROM planned AS p {self._join()} ORDER BY p.at_"
        )
        count = len(self._keys)
        return [(row[0], row[1 : count + 1], row[count + 1 :]) for row in rows]

    def _join(self) -> str:
        return f"JOIN {self._owned} AS o ON {same('p', 'o', self._columns) or 'true'}"

    def _put(self, configuration: Configuration, rows: Sequence[_Row], day: date) -> None:
        """Makes the table `planned`; a column for each tag that any rule looks at."""
        named = {name.removeprefix(PREFIX) for name in named_tags(configuration)}
        keys = {key for row in rows for key in row.tags}
        asked = [
            key for key in keys if key in named or is_taxonomy_tag(configuration.taxonomy, key)
        ]
        tag_columns = columns_of(asked)
        given = sorted({name for row in rows for name in row.thing.columns} - set(ASKED))
        given = [name for name in given if name not in (*_OWN, *_MADE, DAY, "at_")]
        kinds = {"at_": "BIGINT", **dict.fromkeys(_OWN, "VARCHAR"), "x_Taggable": "BOOLEAN"}
        kinds |= dict.fromkeys(("Tags", *ASKED, *given, *tag_columns.values()), "VARCHAR")
        self._engine.table(
            "planned",
            kinds | {DAY: "DATE"},
            [
                (
                    at,
                    row.source,
                    row.address,
                    row.thing.type,
                    row.thing.place,
                    row.thing.layer,
                    row.thing.taggable,
                    _canonical(row.thing.tags),
                    *(_column(row.thing, name) for name in (*ASKED, *given)),
                    *(row.tags.get(key) for key in tag_columns),
                    day,
                )
                for at, row in enumerate(rows)
            ],
        )


def as_billed(taxonomy: Sequence[Key], tags: Mapping[str, str]) -> dict[str, str]:
    """`tags`, and again those that an entry of `tags` spells with the prefix that bills have."""
    billed = {key: text for key, text in tags.items() if text.strip()}
    for entry in (entry for key in taxonomy for entry in key.tags):
        if (bare := without_prefix(entry)) != entry:
            for key, text in tags.items():
                if key.strip().casefold() == bare.strip().casefold():
                    billed.setdefault(entry, text)
    return billed


def without_prefix(entry: str) -> str:
    """An entry of `tags` as a person writes the tag, without what vendors put before it (R7)."""
    for prefix in PREFIXES:
        if entry.casefold().startswith(prefix.casefold()):
            entry = entry[len(prefix) :]
    return entry


def _addresses(found: Iterable[tuple[str, Planned]]) -> list[str]:
    """The address of each thing; of those that a file has twice, the later get a number."""
    seen: dict[tuple[str, str], int] = {}
    addresses = []
    for source, thing in found:
        count = seen[source, thing.address] = seen.get((source, thing.address), 0) + 1
        addresses.append(thing.address if count == 1 else f"{thing.address} ({count})")
    return addresses


def _column(thing: Planned, name: str) -> str | None:
    text = thing.columns.get(name)
    return provider_name(text) if text and name == "ServiceProviderName" else text or None


def _canonical(tags: Mapping[str, str]) -> str:
    """The JSON of RFC 8785; all of its members are texts here."""
    members = sorted(tags.items(), key=lambda member: member[0].encode("utf-16-be", "replace"))
    return _ENCODER.encode(dict(members))
