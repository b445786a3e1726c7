"""From cells as the vendor wrote them to typed columns (R2): numbers, instants, tags.

Nearly all cells are plain and the engine casts them itself. The odd ones (exponents, more decimals
than 18, US dates, tag values that are no text) are collected as distinct texts, read once by the
exact rules in Python, and looked up: so a rule stands in one place and lines stay in the engine.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from everyline import money
from everyline.config.columns import CHARGES
from everyline.engines.duckdb import literal, quoted
from everyline.sources.json_text import members

_BLANKS = r"e' \t\r\n'"
_PLAIN_NUMBER = r"-?[0-9]{1,20}(\.[0-9]{1,18})?"
_PLAIN_INSTANT = (
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
    r"([T ]([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z?)?"
)
# FOCUS's own worked examples are dated by month, day and year of two or four digits.
_ODD_INSTANTS = ("%m/%d/%y", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M", "%Y%m%d")

_EXACT_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_INSTANT_TYPES = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS")


@dataclass(frozen=True, slots=True)
class Cell:
    """One of our columns over a native relation.

    Attributes:
        name: ours.
        kind: decimal, timestamp, tags, person or text.
        text: SQL of the trimmed text, null where absent; empty if `exact` is set.
        exact: SQL of the typed value where the file's own type needs no reading; else empty.
        absent: what `text` may be that means absent as well.
    """

    name: str
    kind: str
    text: str = ""
    exact: str = ""
    absent: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether the rules read its text; else it is taken as it lies."""
        return not self.exact and self.kind != "text"

    @property
    def given(self) -> str:
        """SQL of what the file gives, null where absent."""
        return self.exact or present(self.text, self.absent)

    def plain(self, text: str) -> str:
        """SQL of the typed value of the SQL `text`; null where it needs the rules in Python."""
        return _FAST[self.kind](text)


def present(text: str, absent: tuple[str, ...]) -> str:
    """SQL of `text`, null where it is one of `absent`."""
    words = ", ".join(map(literal, absent))
    return f"CASE WHEN {text} NOT IN ({words}) THEN {text} END" if absent else text


def _fast_number(text: str) -> str:
    pattern = literal(_PLAIN_NUMBER)
    return f"CASE WHEN regexp_full_match({text}, {pattern}) THEN {text}::DECIMAL(38,18) END"


def _fast_instant(text: str) -> str:
    # FOCUS's form is read in a third of the time by `try_strptime`, which takes four times as long
    # where a text has another form.
    return (
        f"CASE WHEN strlen({text}) = 20 THEN try_strptime({text}, '%Y-%m-%dT%H:%M:%SZ')"
        f" WHEN regexp_full_match({text}, {literal(_PLAIN_INSTANT)})"
        f" THEN try_cast({text} AS TIMESTAMP) END"
    )


def _fast_tags(text: str) -> str:
    plain = f"left({text}, 1) = '{{' AND NOT {odd_colon(text)} AND {keys_differ(text)}"
    return f"CASE WHEN {plain} THEN {text} END"


def odd_colon(tags: str, *, spaced: bool = True) -> str:
    """SQL: whether a `:` is left that no text follows; true for every value that is no text.

    True as well where a text or a key holds a `:`, which only costs a slower reading; and, unless
    `spaced`, where a blank stands after one.
    """
    closed = f"replace({tags}, ': ', ':')" if spaced else tags
    return f"contains(replace({closed}, ':\"', ''), ':')"


def keys_differ(tags: str) -> str:
    """SQL: whether no key of the JSON object stands twice; null where it is no JSON."""
    return f"try(len(json_keys({tags})) = len(list_distinct(json_keys({tags}))))"


def _never(_: str) -> str:
    """People are never plain: each is looked up under a keyed hash."""
    return "NULL::VARCHAR"


_FAST = {
    "decimal": _fast_number,
    "timestamp": _fast_instant,
    "tags": _fast_tags,
    "person": _never,
}


def charge_kind(column: str) -> str:
    """How cells of one of our columns of charges are read; an unknown `x_` column is text."""
    return "tags" if column in ("Tags", "AllocatedTags") else CHARGES.get(column, "text")


def text_cell(name: str, kind: str, expression: str, null_words: tuple[str, ...]) -> Cell:
    """A cell of a text file: trimmed; empty, or one of `null_words`, is absent."""
    return Cell(name, kind, text=_trimmed(expression, _BLANKS), absent=("", *null_words))


def constant_cell(name: str, kind: str, value: str) -> Cell:
    """A cell that has the same text on every line; it is read as any other."""
    return Cell(name, kind, text=literal(value))


def columnar_cell(name: str, ours: str, column: str, kind: str) -> Cell:
    """A cell of a Parquet column of DuckDB type `kind`; exact types are taken as they lie."""
    at = quoted(column)
    if ours == "decimal":
        if kind in _EXACT_TYPES or _fits(kind):
            return Cell(name, ours, exact=at)
        return Cell(name, ours, text=f"trim({at}::VARCHAR)", absent=("",))
    if ours == "timestamp":
        if kind in _INSTANT_TYPES:
            return Cell(name, ours, exact=at if kind == "TIMESTAMP" else f"{at}::TIMESTAMP")
        if kind == "TIMESTAMP WITH TIME ZONE":
            return Cell(name, ours, exact=f"({at} AT TIME ZONE 'UTC')")
    if kind.startswith("MAP("):
        return Cell(name, ours, exact=f"to_json({at})::VARCHAR")
    if kind.startswith("STRUCT(") and kind.endswith("[]") and ours == "tags":
        entry = "to_json(e.key)::VARCHAR || ':' || to_json(e.value)::VARCHAR"
        entries = f"list_transform({at}, lambda e: {entry})"
        return Cell(name, ours, text=f"'{{' || array_to_string({entries}, ',') || '}}'")
    if kind.startswith("STRUCT("):
        return Cell(name, ours, text=f"to_json({at})::VARCHAR")
    if ours == "tags":
        return Cell(name, ours, text=f"{at}::VARCHAR")
    return Cell(name, ours, text=_trimmed(f"{at}::VARCHAR", "' '"), absent=("",))


def _trimmed(text: str, blanks: str) -> str:
    """SQL of `text` without `blanks` around it."""
    # To look at both ends takes a tenth of the time of `trim`. The signs below `!` are blanks.
    is_trimmed = f"{text} >= '!' AND ({text})[-1] >= '!'"
    return f"CASE WHEN {is_trimmed} THEN {text} ELSE trim({text}, {blanks}) END"


def _fits(kind: str) -> bool:
    if not kind.startswith("DECIMAL("):
        return False
    width, scale = map(int, kind[len("DECIMAL(") : -1].split(","))
    return scale <= 18 and width - scale <= 20


def read_odd(kind: str, text: str) -> tuple[str | None, Decimal]:
    """What an odd text means, as text the engine casts, and what rounding took away (R2)."""
    if kind == "decimal":
        number = money.number(text)
        return (f"{number.value:f}", number.lost) if number else (None, Decimal(0))
    if kind == "timestamp":
        instant = _instant(text)
        return (instant.isoformat(" ") if instant else None), Decimal(0)
    found = members(text)
    if found is None:
        return None, Decimal(0)
    # Of equal keys the last stands, also where it is null.
    last = {key: value if is_text or value != "null" else None for key, value, is_text in found}
    tags = {key: value for key, value in last.items() if value is not None}
    # A text may hold half of a character, which UTF-8 can't.
    return json.dumps(tags, ensure_ascii=False).encode(errors="replace").decode(), Decimal(0)


def _instant(text: str) -> datetime | None:
    """An ISO instant with any offset, or a date as FOCUS examples write it; UTC, without zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for form in _ODD_INSTANTS:
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007
            except ValueError:
                continue
        return None
    try:
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except OverflowError:
        return None


SQL_TYPES = {
    "decimal": "DECIMAL(38,18)",
    "timestamp": "TIMESTAMP",
    "tags": "VARCHAR",
    "person": "VARCHAR",
    "text": "VARCHAR",
}
