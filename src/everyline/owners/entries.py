"""Registries and rules (R8): the entries of `owners`, asked in order after the line's own tags."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from everyline import people
from everyline.config.configuration import Configuration
from everyline.config.registry import RegistryRow, RegistryTable
from everyline.config.rules import OwnerRule, Registry
from everyline.names import provider_name


class Answer(NamedTuple):
    """What an entry says of a group.

    Attributes:
        values: taxonomy key to value on that day; keys it leaves open are missing.
        place: `owners/keys.csv:12` or `everyline.yaml:31`.
        stale: keys whose value is not valid that day and has no successor, with that value.
    """

    values: Mapping[str, str]
    place: str
    stale: Mapping[str, str]


class RegistryIndex:
    """The rows of a registry, found by their filled identity cells."""

    def __init__(
        self, configuration: Configuration, registry: RegistryTable, keys: Path | None = None
    ) -> None:
        """`keys` is the folder of the key with which people are hashed; None to ask nothing."""
        self._configuration = configuration
        self._registry = registry
        self._hashed = _hashed(registry, keys)
        rows: dict[
            tuple[int, ...], dict[tuple[str | None, ...], list[tuple[int, RegistryRow]]]
        ] = {}
        for at, row in enumerate(registry.rows):
            cells = [
                _identity(*pair) for pair in zip(registry.identities, row.identities, strict=True)
            ]
            filled = tuple(i for i, cell in enumerate(cells) if cell is not None)
            key = tuple(cells[i] for i in filled)
            rows.setdefault(filled, {}).setdefault(key, []).append((at, row))
        self._by_filled = sorted(rows.items(), key=lambda item: -len(item[0]))

    @property
    def dated(self) -> bool:
        """Whether any row, or any value that one names, is bounded in time."""
        return any(row.validity.start or row.validity.end for row in self._registry.rows) or any(
            has_dates(self._configuration, key) for key in self._registry.keys
        )

    def answer(self, identities: Sequence[str | None], day: date) -> Answer | None:
        """The one row that matches: most filled cells, then the first; None if there is none."""
        best: tuple[int, int, RegistryRow] | None = None
        if self._hashed:
            identities = [self._hashed.get(text or "", text) for text in identities]
        for filled, rows in self._by_filled:
            if best and len(filled) < best[0]:
                break
            key = tuple(identities[at] for at in filled)
            for at, row in rows.get(key, ()):
                if row.validity.holds(day) and (best is None or at < best[1]):
                    best = (len(filled), at, row)
        if best is None:
            return None
        row = best[2]
        named = {
            k: v for k, v in zip(self._registry.keys, row.owners, strict=True) if v is not None
        }
        return _on(self._configuration, named, self._registry.place(row), day)


def _hashed(registry: RegistryTable, keys: Path | None) -> Mapping[str, str]:
    """The hashes of the people in a registry, to their names as it spells them (section 2)."""
    if keys is None or people.COLUMN not in registry.identities:
        return {}
    at = registry.identities.index(people.COLUMN)
    return people.named_by(keys, (cell for row in registry.rows if (cell := row.identities[at])))


def rule_answer(configuration: Configuration, rule: OwnerRule, day: date) -> Answer | None:
    """What a rule whose condition holds says on `day`; None outside its own dates."""
    if (rule.valid_from and day < rule.valid_from) or (rule.valid_to and day >= rule.valid_to):
        return None
    return _on(configuration, rule.set, rule.place, day)


def has_dates(configuration: Configuration, key: str) -> bool:
    """Whether any value of `key` is bounded in time."""
    values = configuration.key(key).values
    return values is not None and any(r.validity.start or r.validity.end for r in values.rows)


def is_dated(configuration: Configuration) -> bool:
    """Whether any owner hangs on the day (R10)."""
    return any(has_dates(configuration, key.name) for key in configuration.taxonomy) or any(
        entry_dated(configuration, entry) for entry in configuration.owners
    )


def entry_dated(configuration: Configuration, entry: Registry | OwnerRule) -> bool:
    """Whether what an entry says hangs on the day."""
    if isinstance(entry, Registry):
        return RegistryIndex(configuration, entry.registry).dated
    bounded = entry.valid_from is not None or entry.valid_to is not None
    return bounded or any(has_dates(configuration, key) for key in entry.set)


def _on(configuration: Configuration, named: Mapping[str, str], place: str, day: date) -> Answer:
    values, stale = {}, {}
    for key, text in named.items():
        listed = configuration.key(key).values
        value = listed.resolve(text, day) if listed else text
        if value is None:
            stale[key] = text
        else:
            values[key] = value
    return Answer(values, place, stale)


def _identity(column: str, cell: str | None) -> str | None:
    """A registry's cell as it is compared; provider names by their table (R27)."""
    if cell is None or column != "ServiceProviderName":
        return cell
    return provider_name(cell)


Find = Callable[[Sequence[str | None], date], Answer | None]
