"""Implied values (R9): a value whose list row names another key fills it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from everyline.config.taxonomy import Key


class Contradiction(NamedTuple):
    """A value that implies another than the one present, which stays.

    Attributes:
        key, value: the implying value.
        other, implied, present: the key it names, the value it implies, and the one that stands.
        place: the row of the value list.
    """

    key: str
    value: str
    other: str
    implied: str
    present: str
    place: str


class Implied(NamedTuple):
    """Values after R9, the place of each that was filled, and what contradicts."""

    values: tuple[str | None, ...]
    places: Mapping[str, str]
    contradictions: tuple[Contradiction, ...]


def implies(taxonomy: Sequence[Key]) -> bool:
    """Whether any value of the taxonomy implies another."""
    return any(row.implies for key in taxonomy if key.values for row in key.values.rows)


def implied(taxonomy: Sequence[Key], values: Sequence[str | None], day: date) -> Implied:
    """Fills missing values from the others, keys in taxonomy order, until nothing changes."""
    found = dict(zip((key.name for key in taxonomy), values, strict=True))
    places: dict[str, str] = {}
    changed = True
    while changed:
        changed = False
        for key in taxonomy:
            for other, value, place in _named(taxonomy, key, found[key.name], day):
                if found[other] is None:
                    found[other], places[other], changed = value, place, True
    contradictions = tuple(
        Contradiction(key.name, own, other, value, present, place)
        for key in taxonomy
        if (own := found[key.name]) is not None
        for other, value, place in _named(taxonomy, key, own, day)
        if (present := found[other]) is not None and present != value
    )
    return Implied(tuple(found.values()), places, contradictions)


def _named(
    taxonomy: Sequence[Key], key: Key, value: str | None, day: date
) -> list[tuple[str, str, str]]:
    """What the list row of `value` names: other key, its value on that day, the row's place."""
    if value is None or key.values is None:
        return []
    row = key.values.row(value, day)
    if row is None:
        return []
    found = []
    for other in taxonomy:
        text = row.implies.get(other.name)
        if text is not None:
            meant = other.values.resolve(text, day) if other.values else text
            if meant is not None:
                found.append((other.name, meant, row.place))
    return found
