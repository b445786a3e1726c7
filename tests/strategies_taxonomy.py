"""Taxonomies as hypothesis draws them: keys, their tags, and lists of values."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

Draw = st.DrawFn


class Pool(NamedTuple):
    """What a key is drawn from: entries of `tags`, tag keys as billed, values with aliases."""

    entries: tuple[str, ...]
    billed: tuple[str, ...]
    values: dict[str, tuple[str, ...]]


POOLS = {
    "team": Pool(
        ("team", "cost-team", "user:owner"),
        (
            *("team", "Team", " team", "user:team", "resourceTags/user:team", "user_TEAM"),
            *("cost-team", "iamPrincipal/cost-team", "user:owner", "owner"),
        ),
        {"search": ("find", "Such_Team"), "support": ("help desk",), "Öko": (), "ml ops": ("ML",)},
    ),
    "product": Pool(
        ("product", "app"),
        ("product", "PRODUCT", "app", "user:app"),
        {"shop": ("web shop",), "help-centre": (), "atlas": ("Atlas 2",)},
    ),
    "use_case": Pool(
        ("use_case", "te/a~m.x"),
        ("use_case", "user_use_case", "te/a~m.x", "use_case "),
        {"site-search": ("ss",), "triage": (), "drafts": ("reply drafts",)},
    ),
    "environment": Pool(
        ("env", "stage"),
        ("env", "stage", "resourceTags/env"),
        {"production": ("prod", "prd"), "staging": (), "development": ("dev",)},
    ),
}
DAYS = ("2026-09-16", "2026-10-01", "2026-10-15", "2026-11-01")


def texts_of(key: str) -> tuple[str, ...]:
    """Texts that the list of `key` declares."""
    values = POOLS[key].values
    return (*values, *(alias for aliases in values.values() for alias in aliases))


class Taxonomy(NamedTuple):
    settings: dict[str, Any]
    tables: dict[str, tuple[tuple[str, ...], ...]]


@st.composite
def taxonomies(draw: Draw) -> Taxonomy:
    names = draw(st.lists(st.sampled_from(sorted(POOLS)), min_size=1, max_size=4, unique=True))
    settings: dict[str, Any] = {}
    tables = {}
    for at, name in enumerate(names):
        entries = draw(st.permutations(POOLS[name].entries))
        key: dict[str, Any] = {"tags": list(entries)[: draw(st.integers(1, len(entries)))]}
        kind = draw(st.sampled_from(("file", "file", "list", "any")))
        if kind == "list":
            key["values"] = list(POOLS[name].values)
            aliases = {a: value for value, more in POOLS[name].values.items() for a in more}
            key |= {"aliases": aliases} if aliases else {}
        elif kind == "file":
            key["values"] = f"owners/{name}.csv"
            tables[key["values"]] = draw(_value_list(name, tuple(names)))
        if at and draw(st.booleans()):
            key["default"] = draw(st.sampled_from(texts_of(name)))
        settings[name] = key
    return Taxonomy(settings, tables)


@st.composite
def _value_list(draw: Draw, name: str, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    others = [other for other in names if other != name]
    implied = draw(st.lists(st.sampled_from(others), max_size=2, unique=True)) if others else []
    rows = [("value", "aliases", "successor", "valid_from", "valid_to", *implied)]
    values = list(POOLS[name].values)
    for at, value in enumerate(values):
        # Successors stand further down, so they never lead back.
        later = [text for text in (*values[at + 1 :], "") if text or draw(st.booleans())]
        successor = draw(st.sampled_from(later)) if later else ""
        aliases = "|".join(POOLS[name].values[value])
        for start, end in draw(spans()):
            more = [draw(st.sampled_from(("", *texts_of(other)))) for other in implied]
            rows.append((value, aliases, successor if end else "", start, end, *more))
    return tuple(rows)


def spans() -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """Validity of a value: always, from a day, until a day, or in two spans."""
    days = st.sampled_from(DAYS)
    always = st.just((("", ""),))
    two = days.map(lambda day: (("", day), (day, "")))
    return st.one_of(
        always, always, days.map(lambda d: ((d, ""),)), days.map(lambda d: (("", d),)), two
    )
