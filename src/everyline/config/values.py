"""Value lists: the values that a taxonomy key may have, with aliases, successors and dates (R7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from everyline.config.cells import check_header, not_understood, validities
from everyline.config.reading import Reading
from everyline.config.tables import ALWAYS, VALIDITY, Table, Validity

COLUMNS = ("value", "aliases", "successor", "contact")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@lru_cache(maxsize=65536)
def normalised(text: str) -> str:
    """`text` as values are compared (R7): trimmed, case-folded, space and `_` made `-`."""
    return text.strip().casefold().replace(" ", "-").replace("_", "-")


class ValueRow(NamedTuple):
    """One row of a value list.

    Attributes:
        place: `owners/teams.csv:3`, or the place of an inline value.
        value: as declared.
        aliases: other texts that mean it.
        successor: the value that it becomes after `validity`.
        contact: whom to ask.
        validity: the days on which it is valid.
        implies: other taxonomy keys and the values this one gives them (R9), as written.
    """

    place: str
    value: str
    aliases: tuple[str, ...] = ()
    successor: str | None = None
    contact: str | None = None
    validity: Validity = ALWAYS
    implies: Mapping[str, str] = _NOTHING


@dataclass(frozen=True, slots=True)
class ValueList:
    """The declared values of one key, in the order listed.

    Attributes:
        file: where the list stands: a CSV, or `everyline.yaml` for an inline list.
        rows: one for each value and span of validity.
    """

    file: str
    rows: tuple[ValueRow, ...]
    _by_text: Mapping[str, tuple[ValueRow, ...]] = field(init=False, repr=False, compare=False)
    _by_value: Mapping[str, tuple[ValueRow, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = ((normalised(text), row) for row in self.rows for text in (row.value, *row.aliases))
        object.__setattr__(self, "_by_text", _grouped(texts))
        object.__setattr__(self, "_by_value", _grouped((row.value, row) for row in self.rows))

    @property
    def values(self) -> tuple[str, ...]:
        """Every value as declared, once, in the order listed, valid today or not."""
        return tuple(self._by_value)

    def by_text(self) -> Iterable[tuple[str, tuple[ValueRow, ...]]]:
        """Every text, as compared, that names a value, and the rows that it names."""
        return self._by_text.items()

    def rows_of(self, value: str) -> tuple[ValueRow, ...]:
        """The rows of a value as declared."""
        return self._by_value.get(value, ())

    def naming(self, text: str) -> tuple[ValueRow, ...]:
        """The rows whose value or alias `text` names."""
        return self._by_text.get(normalised(text), ())

    def declared(self, text: str, day: date | None = None) -> str | None:
        """The value, as declared, that `text` names by value or alias; None if it names none.

        Where it names several (at different times), the one valid on `day` is taken, else the
        last that was valid before, else the first listed.
        """
        rows = self.naming(text)
        if not rows:
            return None
        if day is not None and len(rows) > 1:
            valid = [row for row in rows if row.validity.holds(day)]
            past = sorted(
                (row for row in rows if row.validity.is_past(day)),
                key=lambda row: row.validity.end or date.max,
            )
            return (valid or past[::-1] or rows)[0].value
        return rows[0].value

    def on(self, value: str, day: date) -> str | None:
        """What the declared `value` is on `day`: itself if valid, else its successor (R7).

        A value past its `valid_to` becomes its successor, repeatedly; None if it is not valid
        that day and has no successor, or is not declared.
        """
        return self._followed(value, day)[0]

    def loops(self, value: str, day: date) -> bool:
        """Whether successors lead from `value` on `day` round in a circle."""
        return self._followed(value, day)[1]

    def resolve(self, text: str, day: date) -> str | None:
        """The value that `text` gives on `day`: `declared`, then `on`."""
        value = self.declared(text, day)
        return None if value is None else self.on(value, day)

    def row(self, value: str, day: date) -> ValueRow | None:
        """The row of the declared `value` that is valid on `day`."""
        return _valid(self._by_value.get(value, ()), day)

    def valid_on(self, day: date) -> tuple[str, ...]:
        """The values valid on `day`, in the order listed."""
        return tuple(value for value, rows in self._by_value.items() if _valid(rows, day))

    def with_aliases(self, aliases: Mapping[str, str]) -> "ValueList":
        """The same list with more aliases: alias to value; those of unknown values are left out."""
        more: dict[str, list[str]] = {}
        for alias, value in aliases.items():
            more.setdefault(self.declared(value) or "", []).append(alias)
        rows = (r._replace(aliases=(*r.aliases, *more.get(r.value, ()))) for r in self.rows)
        return ValueList(self.file, tuple(rows))

    def _followed(self, value: str, day: date) -> tuple[str | None, bool]:
        """What `value` is on `day`, and whether the way there is a circle."""
        seen: set[str] = set()
        name: str | None = value
        while name is not None and name not in seen:
            if self.row(name, day) is not None:
                return name, False
            seen.add(name)
            name = self._successor(name, day)
        return None, name is not None

    def _successor(self, value: str, day: date) -> str | None:
        past = [row for row in self._by_value.get(value, ()) if row.validity.is_past(day)]
        last = max(past, key=lambda row: row.validity.end or date.min, default=None)
        return self.declared(last.successor, day) if last and last.successor else None


def read_values(table: Table, reading: Reading) -> ValueList:
    """The value list of a CSV; what it names in other lists is checked later."""
    known = (*COLUMNS, *VALIDITY, *(key for key in reading.keys if key not in COLUMNS))
    if not check_header(table, reading, needed=("value",), more=known[1:]):
        return ValueList(table.file, ())
    implied = [key for key in reading.keys if key in table.header]
    validity = validities(table, reading)
    rows = []
    for row, (place, cells) in zip(table.rows, table.named(), strict=True):
        if cells["value"] is None:
            not_understood(reading, ("value", None), "a text", place)
            continue
        rows.append(
            ValueRow(
                place,
                cells["value"],
                aliases=_aliases(cells.get("aliases")),
                successor=cells.get("successor"),
                contact=cells.get("contact"),
                validity=validity(row),
                implies={key: text for key in implied if (text := cells[key]) is not None},
            )
        )
    return ValueList(table.file, tuple(rows))


def inline_values(listed: Iterable[tuple[str, str]], file: str) -> ValueList:
    """The value list of places and values written in `everyline.yaml` itself."""
    return ValueList(file, tuple(ValueRow(place, value) for place, value in listed))


def _aliases(cell: str | None) -> tuple[str, ...]:
    return tuple(alias.strip() for alias in cell.split("|") if alias.strip()) if cell else ()


def _grouped(pairs: Iterable[tuple[str, ValueRow]]) -> Mapping[str, tuple[ValueRow, ...]]:
    grouped: dict[str, tuple[ValueRow, ...]] = {}
    for text, row in pairs:
        rows = grouped.get(text, ())
        if not any(row is other for other in rows):
            grouped[text] = (*rows, row)
    return grouped


def _valid(rows: Iterable[ValueRow], day: date) -> ValueRow | None:
    for row in rows:
        if row.validity is ALWAYS or row.validity.holds(day):
            return row
    return None
