"""What a plain reading of a small taxonomy finds wrong with planned things.

It is not the code of `check`: for a reader's own tests it says, per key, what is missing or no
value, so that a list made by hand can be compared with what the reader saw.
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from types import ModuleType

from everyline.config.load import load
from everyline.owners.tags import columns_by_entry, speaks_for, tagged
from everyline.planned import Planned

HERE = Path(__file__).parent
PLANTED = HERE / "planted"
SAMPLES = HERE / "samples"
_LOADED = load(PLANTED).configuration
assert _LOADED is not None
TAXONOMY = _LOADED.taxonomy
_DAY = date(2026, 10, 1)

Finding = tuple[str, str, str, str, str]
"""Address, key, what is wrong, place, and where to add the tag or from where to move it."""


def read(reader: ModuleType, *files: Path) -> list[Planned]:
    """What the files plan, completed by one another, as `check` reads them."""
    found = [one for file in files for one in reader.planned(file.read_bytes(), file.name)[0]]
    return list(reader.joined(found)) if hasattr(reader, "joined") else found


def findings(found: Sequence[Planned]) -> list[Finding]:
    """What has to be mended, in the order of the things."""
    judged = [one for one in found if one.layer and not one.unjudged]
    return [finding for one in judged for finding in _of(one)]


def _of(one: Planned) -> Iterator[Finding]:
    for key in TAXONOMY:
        by_entry = columns_by_entry(key, one.tags)
        texts = {entry: [one.tags[k] for k in keys] for entry, keys in by_entry.items()}
        state = tagged(key, texts, _DAY).state
        if state == "declared" or (state == "missing" and (one.is_part or not key.required)):
            continue
        said = {"missing": _missing(one, key.tags)}.get(state, state)
        moved = [
            path
            for name, path in one.misplaced.items()
            if state == "missing" and any(speaks_for(name, entry) for entry in key.tags)
        ]
        yield one.address, key.name, said, one.place, " -> ".join([*moved[:1], one.tags_at])


def _missing(one: Planned, entries: Sequence[str]) -> str:
    if one.is_open or any(speaks_for(name, entry) for name in one.later for entry in entries):
        return "later"
    return "missing" if one.taggable else "untaggable"


def expected(folder: str) -> dict[str, list[Finding]]:
    """The list made by hand, by file; a file of the folder that it does not name has nothing."""
    rows: dict[str, list[Finding]] = {
        file.name: [] for file in sorted((PLANTED / folder).iterdir()) if file.suffix != ".csv"
    }
    with (PLANTED / folder / "expected.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["why"]
            finding = (row["address"], row["key"], row["finding"], row["place"], row["tags_at"])
            rows[row["file"]].append(finding)
    return rows


def planted(folder: str, kind: str) -> list[str]:
    """Names of the planted files of a kind: `wrong` or `right`."""
    return [name for name in expected(folder) if name.startswith(kind)]
