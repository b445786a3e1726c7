"""A project's configuration as plain maps, lists and texts, with the line of each entry."""

import csv
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Settings = dict[str, Any]


class Listed(NamedTuple):
    """One row of a value list: where it stands, what it says."""

    place: str
    value: str
    aliases: tuple[str, ...]
    successor: str | None
    start: date | None
    end: date | None
    implies: dict[str, str]

    def holds(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def is_past(self, day: date) -> bool:
        return self.end is not None and self.end <= day


class Key(NamedTuple):
    """One taxonomy key; `rows` is None where any text is declared; the lead key is required."""

    name: str
    tags: tuple[str, ...]
    rows: tuple[Listed, ...] | None
    default: str | None
    required: bool


class Entry(NamedTuple):
    """One entry of `owners`: its settings, and its table if it is a registry."""

    place: str
    settings: Settings
    table: list[tuple[str, dict[str, str]]] | None
    header: tuple[str, ...]


class Project(NamedTuple):
    folder: Path
    settings: Settings
    lines: dict[tuple[str, int], int]
    keys: tuple[Key, ...]
    owners: tuple[Entry, ...]


def load(folder: Path) -> Project:
    """The configuration of the project in `folder`."""
    root = yaml.compose((folder / "everyline.yaml").read_text("utf-8"), yaml.BaseLoader)
    assert isinstance(root, yaml.MappingNode)
    lines = {}
    for key, value in root.value:
        if isinstance(value, yaml.SequenceNode):
            for at, node in enumerate(value.value):
                lines[key.value, at] = node.start_mark.line + 1
    settings = _plain(root)
    named = settings["taxonomy"].items()
    keys = tuple(_key(folder, name, one) for name, one in named)
    keys = (keys[0]._replace(required=True), *keys[1:])
    entries = enumerate(settings.get("owners", ()))
    owners = tuple(_entry(folder, one, lines["owners", at]) for at, one in entries)
    return Project(folder, settings, lines, keys, owners)


def _plain(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    return node.value


def table(folder: Path, file: str) -> tuple[tuple[str, ...], list[tuple[str, dict[str, str]]]]:
    """Header, and `file:line` with the filled cells of each row, trimmed."""
    rows = []
    with (folder / file).open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened)
        header = tuple(cell.strip() for cell in next(reader))
        before = reader.line_num
        for cells in reader:
            named = {n: c.strip() for n, c in zip(header, cells, strict=True) if c.strip()}
            if named:
                rows.append((f"{file}:{before + 1}", named))
            before = reader.line_num
    return header, rows


def _key(folder: Path, name: str, settings: Settings) -> Key:
    rows: list[Listed] | None = None
    values = settings.get("values")
    if isinstance(values, list):
        rows = [Listed("", value, (), None, None, None, {}) for value in values]
    elif values is not None:
        rows = [_listed(place, cells) for place, cells in table(folder, values)[1]]
    if rows is not None:
        for alias, text in settings.get("aliases", {}).items():
            meant = naming(rows, text)[0].value
            rows = [
                r._replace(aliases=(*r.aliases, alias)) if r.value == meant else r for r in rows
            ]
    own = tuple(rows) if rows is not None else None
    required = settings.get("required") == "true"
    return Key(name, tuple(settings.get("tags", ())), own, settings.get("default"), required)


def _listed(place: str, cells: dict[str, str]) -> Listed:
    known = ("value", "aliases", "successor", "contact", "valid_from", "valid_to")
    return Listed(
        place,
        cells["value"],
        tuple(alias.strip() for alias in cells.get("aliases", "").split("|") if alias.strip()),
        cells.get("successor"),
        day(cells.get("valid_from")),
        day(cells.get("valid_to")),
        {key: text for key, text in cells.items() if key not in known},
    )


def _entry(folder: Path, settings: Settings, line: int) -> Entry:
    place = f"everyline.yaml:{line}"
    if "registry" not in settings:
        return Entry(place, settings, None, ())
    header, rows = table(folder, settings["registry"])
    return Entry(place, settings, rows, header)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def compared(text: str) -> str:
    """A value as it is compared (R7)."""
    return text.strip().casefold().replace(" ", "-").replace("_", "-")


def naming(rows: list[Listed] | tuple[Listed, ...], text: str) -> list[Listed]:
    """The rows of a list that `text` names, by value or alias."""
    wanted = compared(text)
    return [row for row in rows if wanted in map(compared, (row.value, *row.aliases))]
