"""Whether every value that a configuration names is declared, and the lists agree in themselves."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from everyline.config.notes import Notes, Path
from everyline.config.reading import Reading
from everyline.config.taxonomy import Key
from everyline.config.values import ValueList, ValueRow
from everyline.problems import did_you_mean

_HINTS_MAX = 20
"""So many unknown values are compared with all known ones; more would take noticeable time."""


class Declared:
    """The declared values of each key, and the note that a value is not among them."""

    def __init__(self, taxonomy: Iterable[Key], reading: Reading) -> None:
        self.lists = {key.name: key.values for key in taxonomy}
        self.reading = reading
        self._hints = 0

    def check(self, key: str, text: str, place: str) -> None:
        """Note a text that names no declared value of `key`."""
        values = self.lists[key]
        if values is None or values.declared(text) is not None:
            return
        self._hints += 1
        hint = did_you_mean(text, values.values) if self._hints <= _HINTS_MAX else ""
        self.reading.report(
            "unknown-value",
            f"`{key}` has the value `{text}`, which {values.file} does not declare",
            place,
            about=text,
            hint=hint or "declare it there, or add it as an alias",
        )

    def check_cells(self, key: str, cells: Iterable[tuple[str | None, str]]) -> None:
        """Check the cells, with their places, of a table's column."""
        for text, place in cells:
            if text is not None:
                self.check(key, text, place)

    def check_map(self, values: Mapping[str, str], path: Path, notes: Notes) -> None:
        """Check a map of keys and values at `path` of the document."""
        for key, text in values.items():
            self.check(key, text, notes.at((*path, key)))


def check_lists(taxonomy: Iterable[Key], declared: Declared, notes: Notes) -> None:
    """Check each key's settings and its list of values."""
    for n, key in enumerate(taxonomy):
        _check_key(key, n, declared, notes)
        if key.values is not None:
            _check_rows(key, key.values, declared)
            _check_texts(key.values, declared.reading)
            _check_successors(key.values, declared)


def _check_key(key: Key, position: int, declared: Declared, notes: Notes) -> None:
    path = ("taxonomy", key.name)
    if position == 0 and not key.required:
        what = f"`{key.name}` is the lead key, which is always required"
        hint = "take `required` out, or put another key first"
        notes.note("setting-not-understood", what, (*path, "required"), hint)
    if key.default is not None:
        declared.check(key.name, key.default, notes.at((*path, "default")))
        if key.required:
            what = f"`{key.name}` is required, so no `default` may fill it"
            hint = "take `default` out: a gap that is filled is never seen"
            notes.note("setting-not-understood", what, (*path, "default"), hint)
    if key.aliases and key.values is None:
        what = f"`aliases` are other texts for declared values, and `{key.name}` has no `values`"
        hint = "add `values: [...]`"
        notes.note("setting-not-understood", what, (*path, "aliases"), hint)
    for alias, value in key.aliases.items():
        declared.check(key.name, value, notes.at((*path, "aliases", alias)))


def _check_rows(key: Key, values: ValueList, declared: Declared) -> None:
    if any(key.name in row.implies for row in values.rows):
        declared.reading.report(
            "unknown-column",
            f"{values.file} lists values of `{key.name}`, so it can't have a column of that name",
            f"{values.file}:1",
            about=key.name,
            hint="the column of the values themselves is `value`",
        )
    for row in values.rows:
        for other, text in row.implies.items():
            if other != key.name:
                declared.check(other, text, row.place)


def _check_texts(values: ValueList, reading: Reading) -> None:
    """Note texts that name two values on one day, and values listed twice for one day."""
    for text, rows in values.by_text():
        for earlier, later in combinations(rows, 2):
            if earlier.validity.overlaps(later.validity):
                _note_two(text, (earlier, later), reading)


def _note_two(text: str, rows: tuple[ValueRow, ValueRow], reading: Reading) -> None:
    earlier, later = rows
    if earlier.value == later.value:
        reading.report(
            "overlapping-validity",
            f"the value `{later.value}` stands at {earlier.place} too, for some of the same days",
            later.place,
            about=later.value,
            hint="end the earlier row with `valid_to` where the later one begins, or remove one",
        )
        return
    reading.report(
        "ambiguous-value",
        f"`{text}` names both `{earlier.value}` ({earlier.place}) and `{later.value}`",
        later.place,
        about=text,
        hint="case, space, `_` and `-` do not tell values apart; rename one, or end it earlier",
    )


def _check_successors(values: ValueList, declared: Declared) -> None:
    for row in values.rows:
        if row.successor is None:
            continue
        if values.declared(row.successor) is None:
            declared.reading.report(
                "unknown-value",
                f"the successor `{row.successor}` is no value that {values.file} declares",
                row.place,
                about=row.successor,
                hint=did_you_mean(row.successor, values.values),
            )
        elif _loops(values, row):
            declared.reading.report(
                "successor-loop",
                f"the successors of `{row.value}` lead back to it",
                row.place,
                about=row.value,
                hint="let the last of them have no `valid_to`, or no `successor`",
            )


def _loops(values: ValueList, row: ValueRow) -> bool:
    """Whether the row's value leads back to itself on some day on which it is past."""
    reached: set[str] = set()
    ahead = [row.value]
    while ahead:
        successors = (other.successor for other in values.rows_of(ahead.pop()))
        names = {values.declared(text) for text in successors if text} - {None} - reached
        reached |= {name for name in names if name}
        ahead += [name for name in names if name]
    if row.value not in reached:
        return False
    ends = (other.validity.end for value in reached for other in values.rows_of(value))
    return any(values.loops(row.value, end) for end in ends if end is not None)
