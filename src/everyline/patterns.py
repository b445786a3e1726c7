"""Patterns: globs and RE2 regexes, which must match a text whole; case counts."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def glob_regex(glob: str) -> str:
    """`glob` as a regex that means the same to RE2 and to Python, to be matched whole.

    `*` is any text, line breaks included, `?` one character, `[..]` one of a class, `[!..]` one
    outside it. A `[` that nothing closes stands for itself.
    """
    parts, at = ["(?s)"], 0
    while at < len(glob):
        inside = _class_at(glob, at)
        if inside is not None:
            parts.append(_class_regex(inside))
            at += len(inside) + 2
        else:
            parts.append({"*": ".*", "?": "."}.get(glob[at]) or _escaped(glob[at]))
            at += 1
    return "".join(parts)


def glob_mistake(glob: str) -> str | None:
    """What is wrong with `glob`, as a sentence; None if nothing is."""
    at = 0
    while at < len(glob):
        inside = _class_at(glob, at)
        for first, last in _ranges(inside or ""):
            if first > last:
                return f"the range `{first}-{last}` in the glob `{glob}` runs backwards"
        at += len(inside) + 2 if inside is not None else 1
    return None


def glob_matches(glob: str, text: str) -> bool:
    """Whether `glob` matches the whole of `text`."""
    return _compiled(glob).fullmatch(text) is not None


def regex_mistake(regex: str) -> str | None:
    """What RE2 says against `regex`, as a sentence; None if it takes it."""
    import duckdb

    try:
        _engine().cursor().execute("SELECT regexp_full_match('', ?)", [regex])
    except duckdb.Error as error:
        said = str(error).splitlines()[0].partition(": ")[2]
        return f"`{regex}` is no regex that RE2 knows: {said}"
    return None


def regex_matches(regex: str, text: str) -> bool:
    """Whether `regex` matches the whole of `text`, as RE2 sees it.

    The engine is asked, since Python's own regexes differ from RE2 in `$`, in `\\d` and in more.
    """
    found = _engine().cursor().execute("SELECT regexp_full_match(?, ?)", [text, regex]).fetchone()
    assert found is not None
    return bool(found[0])


def _class_at(glob: str, at: int) -> str | None:
    """What stands between the brackets of the class that begins at `at`, if one does."""
    if glob[at] != "[":
        return None
    # A bracket right after the opening one, or after `[!`, stands for itself.
    first = at + (2 if glob[at + 1 : at + 2] == "!" else 1)
    end = glob.find("]", first + 1)
    return None if end < 0 else glob[at + 1 : end]


def _ranges(inside: str) -> list[tuple[str, str]]:
    """The members of a class as first and last character; a single one is both."""
    members, at = inside.removeprefix("!"), 0
    ranges = []
    while at < len(members):
        wide = members[at + 1 : at + 2] == "-" and at + 2 < len(members)
        ranges.append((members[at], members[at + 2] if wide else members[at]))
        at += 3 if wide else 1
    return ranges


def _class_regex(inside: str) -> str:
    members = [
        _escaped(a) if a == z else f"{_escaped(a)}-{_escaped(z)}" for a, z in _ranges(inside)
    ]
    return f"[{'^' if inside.startswith('!') else ''}{''.join(members)}]"


def _escaped(character: str) -> str:
    plain = character.isalnum() or character == "_" or not character.isascii()
    return character if plain else "\\" + character


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(glob_regex(glob))


@lru_cache(maxsize=1)
def _engine() -> "duckdb.DuckDBPyConnection":
    import duckdb

    return duckdb.connect(config={"threads": "1", "autoinstall_known_extensions": "false"})
