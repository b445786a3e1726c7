"""Tags (R7): which tag keys speak for a taxonomy key, and which value they give."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from everyline.config.taxonomy import Key

PREFIXES = ("resourceTags/", "iamPrincipal/", "user:", "user_")
"""What vendors put before a tag key that a user has set; taken off once each, in this order."""

_FOLDED_PREFIXES = tuple(prefix.casefold() for prefix in PREFIXES)


class Tagged(NamedTuple):
    """What the tags of a group say of one key.

    Attributes:
        value: the declared value, or None.
        state: `declared`, `undeclared`, `missing` or `conflict` (k_tag).
        entry: the entry of `tags` that decided; None where no tag is present.
        text: the undeclared text, or both texts of a conflict, for the problem.
    """

    value: str | None
    state: str
    entry: str | None = None
    text: str | None = None


def spellings(tag_key: str) -> tuple[str, ...]:
    """A tag key as it is compared: folded as it stands, then less each prefix once, in order."""
    found = [tag_key.strip().casefold()]
    for prefix in _FOLDED_PREFIXES:
        if found[-1].startswith(prefix):
            found.append(found[-1].removeprefix(prefix))
    return tuple(found)


def speaks_for(tag_key: str, entry: str) -> bool:
    """Whether a billed tag key is the one that an entry of `tags` means."""
    wanted = entry.strip().casefold()
    whole, *shorter = spellings(tag_key)
    if wanted.startswith(_FOLDED_PREFIXES):
        return whole == wanted
    return wanted == whole or wanted in shorter


def is_taxonomy_tag(taxonomy: Sequence[Key], tag_key: str) -> bool:
    """Whether any key of the taxonomy reads this tag key."""
    return any(speaks_for(tag_key, entry) for key in taxonomy for entry in key.tags)


def columns_by_entry(key: Key, tag_keys: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Entry of `tags`, in order, to the billed tag keys that speak for it."""
    keys = sorted(tag_keys)
    return {entry: tuple(k for k in keys if speaks_for(k, entry)) for entry in key.tags}


def tagged(key: Key, texts: Mapping[str, Sequence[str]], day: date) -> Tagged:
    """What `texts` give for `key` on `day`.

    Args:
        key: with its value list, or without one, where any text is declared.
        texts: entry of `tags`, in order, to the values present, as billed.
        day: the UTC date of x_WindowStart.
    """
    undeclared: Tagged | None = None
    for entry, values in texts.items():
        if not values:
            continue
        text = values[-1]
        if len(values) > 1:
            meant = {_as_declared(key, value, day): value for value in values}
            if len(meant) > 1:
                return Tagged(None, "conflict", entry, " and ".join(sorted(meant.values())))
        value = key.values.resolve(text, day) if key.values else text.strip()
        if value is not None:
            return Tagged(value, "declared", entry)
        undeclared = undeclared or Tagged(None, "undeclared", entry, text.strip())
    return undeclared or Tagged(None, "missing")


def _as_declared(key: Key, text: str, day: date) -> str:
    """The text as it is compared for a conflict: as listed, valid that day or not; else trimmed."""
    declared = key.values.declared(text, day) if key.values else None
    return declared or text.strip()
