"""Columns of tags: `Tags.<key>` for a key as billed, told apart where engines would not.

Engines compare column names without case, and bills have `Team` beside `team`. Where keys differ in
case only, all but the first are marked, `Tags.Team [case 2]`; `key_of` takes the mark off again.
"""

import re
from collections.abc import Iterable, Mapping

from everyline.engines.duckdb import literal

PREFIX = "Tags."

_MARK = re.compile(r" \[case \d+\]$")


def is_tag(column: str) -> bool:
    """Whether a column is that of a tag."""
    return column.startswith(PREFIX)


def columns_of(keys: Iterable[str]) -> dict[str, str]:
    """Each key as billed to its column; lower case first, then bytewise."""
    columns: dict[str, str] = {}
    seen: dict[str, int] = {}
    for key in sorted(set(keys), key=lambda key: (key != key.lower(), key)):
        count = seen[key.casefold()] = seen.get(key.casefold(), 0) + 1
        # A key that ends like a mark gets one of its own, so that taking one off is exact.
        mark = f" [case {count}]" if count > 1 or _MARK.search(key) else ""
        columns[key] = f"{PREFIX}{key}{mark}"
    return columns


def key_of(column: str) -> str:
    """The key as billed of a tag's column."""
    return _MARK.sub("", column.removeprefix(PREFIX))


def named(column: str) -> str:
    """A column as conditions and canonical JSON name it: `Tags.<key>` without any mark."""
    return PREFIX + key_of(column) if is_tag(column) else column


def by_name(columns: Iterable[str]) -> Mapping[str, str]:
    """What conditions name, to the column that has it."""
    return {named(column): column for column in columns}


def pointer(column: str) -> str:
    """SQL text of the JSON pointer from an object of tags to the value of a tag's column."""
    return literal("/" + key_of(column).replace("~", "~0").replace("/", "~1"))


def present(tag: str) -> str:
    """SQL of a tag's value as billed; absent where nothing is left when trimmed (section 2)."""
    # Nearly all values begin with a visible ASCII character or are empty; the rest is looked at.
    return (
        f"CASE WHEN {tag} BETWEEN '!' AND '~' THEN {tag} WHEN {tag} = '' THEN NULL"
        f" WHEN NOT regexp_full_match({tag}, '{BLANK}+') THEN {tag} END"
    )


# What text is trimmed of: the characters that Unicode calls blank, as Python's `strip` has them.
BLANK = r"[\x09-\x0d\x1c-\x1e\x{85}\pZ]"
