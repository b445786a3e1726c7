"""A filled-in worklist becomes rows of the registries that the configuration names for it."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

from everyline.config.cells import unknown_column
from everyline.config.columns import KNOWN, column_type
from everyline.config.configuration import Configuration
from everyline.config.reading import Reading
from everyline.config.registry import RegistryTable
from everyline.config.rules import Registry
from everyline.config.tables import VALIDITY, Table, Validity, day_of, overlapping, read_table
from everyline.config.value_checks import Declared
from everyline.problems import Problem

BECAUSE = "because"
"""The column of evidence beside a suggestion; no registry has it."""

Since = Callable[[Mapping[str, str]], date]
"""An identity to the first day on which its new owner has it."""


def suggested(lead: str) -> str:
    """The column of a suggested owner."""
    return f"suggested_{lead}"


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came of a filled-in worklist.

    Attributes:
        problems: what stands in its way; then nothing is to be written.
        files: each registry's file to its new bytes.
        rows: registry to how many rows it gets.
        left: rows whose owner cells are all empty.
        missing: the header of a registry for rows for which the configuration names none.
    """

    problems: Sequence[Problem]
    files: Mapping[str, bytes]
    rows: Mapping[str, int]
    left: int
    missing: Sequence[str]


class _Row(NamedTuple):
    """One filled row: its line, what it identifies, its owners, its days."""

    line: int
    identity: Mapping[str, str]
    owners: Mapping[str, str]
    validity: Validity


def adopt(
    project: Path, configuration: Configuration, file: str, raw: bytes, since: Since
) -> Adopted:
    """Checks a filled-in worklist, and makes the registries with its rows appended.

    Args:
        project: the folder of the registries.
        configuration: which names them; without problems.
        file: how the worklist is called in problems.
        raw: its bytes.
        since: `valid_from` of a row that states none.
    """
    reading = Reading(project)
    reading.keys = tuple(key.name for key in configuration.taxonomy)
    table, problems = read_table(raw, file)
    reading.add(problems)
    if table is None:
        return Adopted(list(reading.problems), {}, {}, 0, ())
    rows, left = _rows(table, configuration, reading, since)
    by_registry: dict[str, list[_Row]] = defaultdict(list)
    registries: dict[str, RegistryTable] = {}
    needed: set[str] = set()
    for row in rows:
        registry = _registry(configuration, row)
        if registry is None:
            needed |= {*row.identity, *row.owners}
            continue
        registries[registry.file] = registry
        by_registry[registry.file].append(row)
    files = {}
    for name, its in by_registry.items():
        _check_overlaps(registries[name], its, reading, file)
        made = _appended(reading, name, its)
        if made is not None:
            files[name] = made
    if reading.problems or needed:
        missing = [name for name in table.header if name in needed]
        return Adopted(list(reading.problems), {}, {}, left, missing)
    return Adopted((), files, {name: len(its) for name, its in by_registry.items()}, left, ())


def _rows(
    table: Table, configuration: Configuration, reading: Reading, since: Since
) -> tuple[list[_Row], int]:
    """The rows with an owner, and how many have none."""
    keys = reading.keys
    aside = (suggested(configuration.lead.name), BECAUSE)
    identities = [n for n in table.header if n not in (*keys, *VALIDITY, *aside)]
    for name in identities:
        if column_type(name) is None:
            unknown_column(table, reading, name, (*KNOWN, *keys, *VALIDITY, *aside))
    declared = Declared(configuration.taxonomy, reading)
    rows, left = [], 0
    for row, (place, cells) in zip(table.rows, table.named(), strict=True):
        owners = {key: text for key in keys if (text := cells.get(key))}
        if not owners:
            left += 1
            continue
        identity = {name: text for name in identities if (text := cells[name])}
        if not identity:
            what = "this row has no identity, so it would own everything"
            reading.report("registry-without-identity", what, place, about=str(row.line))
            continue
        for key, text in owners.items():
            declared.check(key, text, place)
        validity = _validity(cells, place, reading, partial(since, identity))
        rows.append(_Row(row.line, identity, owners, validity))
    return rows, left


def _validity(
    cells: Mapping[str, str | None], place: str, reading: Reading, since: Callable[[], date]
) -> Validity:
    days: list[date | None] = []
    for name in VALIDITY:
        text = cells.get(name)
        day = day_of(text) if text else None
        if text and day is None:
            what = f"`{name}` is `{text}`, and must be a day like `2026-10-01`"
            reading.report("cell-not-understood", what, place, about=f"{name}={text}")
        days.append(day)
    start, end = days[0] or (None if cells.get("valid_from") else since()), days[1]
    if start and end and start >= end:
        what = f"`valid_to` {end} is not after `valid_from` {start}"
        hint = "`valid_to` is the first day that does not belong any more"
        reading.report("empty-validity", what, place, about=str(end), hint=hint)
    return Validity(start, end)


def _registry(configuration: Configuration, row: _Row) -> RegistryTable | None:
    """The first registry with all columns of a row; one that is asked last only if no other is."""
    entries = [entry for entry in configuration.owners if isinstance(entry, Registry)]
    for entry in sorted(entries, key=lambda entry: entry.weak):
        table = entry.registry
        if row.identity.keys() <= set(table.identities) and row.owners.keys() <= set(table.keys):
            return table
    return None


def _check_overlaps(
    registry: RegistryTable, rows: Sequence[_Row], reading: Reading, file: str
) -> None:
    """Note rows whose identity the registry, or the worklist, has for some of the same days."""
    spans = []
    places: dict[int, str] = {}
    for at, old in enumerate(registry.rows):
        spans.append((old.identities, old.validity, at))
        places[at] = registry.place(old)
    for at, row in enumerate(rows, len(registry.rows)):
        cells = tuple(row.identity.get(name) for name in registry.identities)
        spans.append((cells, row.validity, at))
        places[at] = f"{file}:{row.line}"
    for later, earlier in overlapping(spans):
        if later < len(registry.rows):
            continue
        row = rows[later - len(registry.rows)]
        named = ", ".join(f"`{text}`" for text in row.identity.values())
        owners = ", ".join(f"`{key}` {text}" for key, text in row.owners.items())
        reading.report(
            "overlapping-validity",
            f"{named} stands on {places[earlier]} already, for some of the same days",
            places[later],
            about=places[earlier],
            hint=f"write {owners} there, or end that row with `valid_to`",
        )


def _appended(reading: Reading, name: str, rows: Sequence[_Row]) -> bytes | None:
    """A registry with rows appended, what it has left as it is; None if it can't be."""
    raw = reading.bytes_of(name, "csv-unreadable")
    table = reading.table(name)
    if raw is None or table is None:
        return None
    dated = any(row.validity.start for row in rows), any(row.validity.end for row in rows)
    for column, needed in zip(VALIDITY, dated, strict=True):
        if needed and column not in table.header:
            what = f"{name} lacks the column `{column}`, and what is adopted has a first day"
            hint = f"add `{column}` to its header, and a comma to each of its lines"
            reading.report("missing-column", what, table.place(), about=column, hint=hint)
            return None
    end = "\r\n" if b"\r\n" in raw else "\n"
    made = io.StringIO()
    writer = csv.writer(made, lineterminator=end)
    for row in rows:
        days = dict(zip(VALIDITY, row.validity, strict=True))
        cells = {**row.identity, **row.owners, **{k: d.isoformat() for k, d in days.items() if d}}
        writer.writerow([cells.get(column, "") for column in table.header])
    between = b"" if raw.endswith(b"\n") else end.encode()
    return raw + between + made.getvalue().encode()
