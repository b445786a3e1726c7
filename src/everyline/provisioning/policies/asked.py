"""What policies ask of planned things: the taxonomy as of one day, key by key."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from everyline.config.taxonomy import Key

SEPARATORS = str.maketrans(" _", "--")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of one taxonomy key.

    Attributes:
        key: its name.
        tags: the tag keys that are read for it, in order (R7); a policy asks for the first.
        values: the values valid that day, as declared; None where any text is one.
        texts: every text that means a value that day, as compared (R7), and that value; those of
            past values lead to their successors. Empty where any text is a value.
        needed: whether a thing without it is refused. A required key is not where another
            needed key gives it with every value it can have (R9).
        implies: value to the other keys that it fills (R9), directly or by what it fills.
        default: what a thing without it counts as; None for none.
        place: where it is declared.
    """

    key: str
    tags: tuple[str, ...]
    values: tuple[str, ...] | None
    texts: Mapping[str, str]
    needed: bool
    implies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default: str | None = None
    place: str = ""

    @property
    def tag(self) -> str:
        """The tag key that a policy asks for."""
        return self.tags[0]


def asked_of(taxonomy: Sequence[Key], day: date) -> list[Asked]:
    """What policies written on `day` ask; keys without tags can't be asked for and are left out."""
    implied = {key.name: _implied(key, taxonomy, day) for key in taxonomy}
    return [
        Asked(
            key.name,
            key.tags,
            key.values.valid_on(day) if key.values else None,
            _texts(key, day),
            key.required and not _given(key.name, taxonomy, implied),
            implied[key.name],
            key.default,
            key.place,
        )
        for key in taxonomy
        if key.tags
    ]


def allowed(text: str, pattern: str) -> str | None:
    """`text` as a language that takes only `pattern` can say it and R7 still understands it.

    As it stands, else with `-` for what parts words, else in small letters as well; None if no
    spelling that is compared as equal is allowed there.
    """
    parted = text.strip().translate(SEPARATORS)
    spellings = (text, text.strip().replace(" ", "-"), parted, text.casefold(), parted.casefold())
    return next((one for one in spellings if re.fullmatch(pattern, one)), None)


def _texts(key: Key, day: date) -> dict[str, str]:
    if key.values is None:
        return {}
    means = {text: key.values.resolve(text, day) for text, _ in key.values.by_text()}
    return {text: value for text, value in sorted(means.items()) if value is not None}


def _implied(key: Key, taxonomy: Sequence[Key], day: date) -> dict[str, tuple[str, ...]]:
    """Every valid value of `key`, and all keys that R9 fills from it."""
    values = key.values.valid_on(day) if key.values else ()
    return {
        value: tuple(sorted(_filled(key, value, taxonomy, day, {key.name}))) for value in values
    }


def _filled(
    key: Key, value: str, taxonomy: Sequence[Key], day: date, seen: set[str]
) -> Iterable[str]:
    row = key.values.row(value, day) if key.values else None
    for name, text in row.implies.items() if row else ():
        other = next((one for one in taxonomy if one.name == name), None)
        given = text if other is None or other.values is None else other.values.resolve(text, day)
        if other is None or given is None or name in seen:
            continue
        seen.add(name)
        yield name
        yield from _filled(other, given, taxonomy, day, seen)


def _given(
    name: str,
    taxonomy: Sequence[Key],
    implied: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> bool:
    """Whether another required key gives the key `name` whatever its value, and not the reverse."""
    for key in taxonomy:
        fills = implied[key.name].values()
        given_back = any(key.name in names for names in implied[name].values())
        gives = bool(fills) and all(name in names for names in fills)
        if key.required and key.tags and gives and not given_back:
            return True
    return False
