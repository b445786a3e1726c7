"""Proposals as they would stand in the file that they belong to: to be pasted, and not written."""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from everyline.config.configuration import Configuration
from everyline.config.reading import FILE
from everyline.config.tables import Table, read_table
from everyline.config.values import normalised
from everyline.proposing.aliases import BETWEEN, Proposal

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}


def files(proposals: Iterable[Proposal]) -> list[str]:
    """The files that something is proposed for."""
    return list(dict.fromkeys(one.into for one in proposals if one.into))


def lines_for(
    file: str, project: Path, configuration: Configuration, proposals: Sequence[Proposal]
) -> str:
    """What is proposed for a file: of a CSV the header and the rows as they should read.

    Where the CSV has no column `aliases`, all its rows, since each of them changes.
    """
    mine = [one for one in proposals if one.into == file]
    if file == FILE:
        return _yaml(configuration, mine)
    path = project / file
    table = read_table(path.read_bytes(), file)[0] if path.is_file() else None
    return _changed(table, mine) if table else _new(mine)


def _new(proposals: Iterable[Proposal]) -> str:
    aliases: dict[str, list[str]] = {}
    for one in proposals:
        of = aliases.setdefault(one.value, [])
        # Case, blanks and `_` make no difference to a list (R7), so they need no alias.
        is_other = normalised(one.text) != normalised(one.value)
        of += [one.text] if one.kind == "alias" and is_other else []
    rows = [(value, _joined(of)) for value, of in aliases.items()]
    return _csv([("value", "aliases"), *rows])


def _changed(table: Table, proposals: Iterable[Proposal]) -> str:
    more: dict[str, list[str]] = defaultdict(list)
    for one in proposals:
        more[one.value].append(one.text)
    header = list(table.header)
    is_new = "aliases" not in header
    if is_new:
        header.append("aliases")
    at, named = header.index("aliases"), header.index("value")
    rows = []
    for row in table.rows:
        cells = [cell or "" for cell in (*row.cells, "")[: len(header)]]
        added = more.get(cells[named], [])
        if added or is_new:
            cells[at] = _joined([*filter(None, [cells[at]]), *added])
            rows.append(cells)
    return _csv([header, *rows])


def _joined(aliases: Sequence[str]) -> str:
    return BETWEEN.join(aliases)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue()


def _yaml(configuration: Configuration, proposals: Sequence[Proposal]) -> str:
    """The settings of each key as they should read, under `taxonomy`."""
    lines = ["taxonomy:"]
    for key in configuration.taxonomy:
        mine = [one for one in proposals if one.key == key.name]
        tags = [one.text for one in mine if one.kind == "tag"]
        aliases = {one.text: one.value for one in mine if one.kind == "alias"}
        lines += [f"  {key.name}:"] if mine else []
        if tags:
            lines.append(f"    tags: [{', '.join(map(_text, (*key.tags, *tags)))}]")
        if aliases:
            lines.append(f"    aliases: {_map({**key.aliases, **aliases})}")
    return "\n".join(lines) + "\n"


def _map(pairs: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(one)}: {_text(value)}" for one, value in pairs.items()) + "}"


def _text(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
