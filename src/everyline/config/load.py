"""Reading a project's configuration, whole, with all mistakes at once."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from everyline.config.checks import check
from everyline.config.configuration import Configuration
from everyline.config.document import EMPTY, WrittenList, WrittenMap, read_document
from everyline.config.mistakes import note_mistakes
from everyline.config.reading import FILE, Reading
from everyline.config.taxonomy import key_names
from everyline.problems import Problem


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` found.

    Attributes:
        configuration: what the files say; None if they can't be used. Where `problems` is not
            empty it is what could be understood, and nothing may be computed from it.
        problems: all of level `configuration`, in the order of finding.
        files: every configuration file read, for hashing.
    """

    configuration: Configuration | None
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]


def load(project: Path, *, instead: Path | None = None) -> Loaded:
    """Read `everyline.yaml` of the folder `project`, and all files that it names.

    Bills and telemetry are not looked at. Where a file is to be read `instead`, places in it are
    still told as those of `everyline.yaml`.
    """
    reading = Reading(project)
    document = _document(reading, project / FILE if instead is None else instead.resolve())
    configuration = None
    if document is not None:
        reading.keys = key_names(document)
        configuration, bad = _validated(document, reading)
        understood = configuration
        if bad and (rest := _without(document, bad)) is not None:
            # The other entries are looked at once more, so that what they have wrong is said too.
            document = rest
            understood, _ = _validated(rest, reading)
        if understood is not None:
            check(understood, document, reading)
    return Loaded(configuration, tuple(reading.problems), tuple(reading.files))


def _document(reading: Reading, path: Path) -> WrittenMap | None:
    if not path.is_file():
        hint = "`everyline init` makes one from bills; or name the folder with `--project DIR`"
        what = f"there is no {FILE} in `{reading.project}`"
        reading.report("configuration-missing", what, FILE, about=FILE, hint=hint)
        return None
    name = FILE if path == reading.project / FILE else str(path)
    raw = reading.bytes_of(name, "configuration-unreadable")
    if raw is None:
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"{FILE}:{raw[: error.start].count(10) + 1}"
        what = f"{FILE} is of no use as it stands: it is not UTF-8"
        reading.report("configuration-unreadable", what, place, about=FILE, hint="save it as UTF-8")
        return None
    document, problems = read_document(text, FILE)
    reading.add(problems)
    if document is not None:
        # A section whose entries are all commented out counts as left out.
        for key in [key for key, value in document.items() if value is EMPTY]:
            del document[key]
    return document


def _validated(
    document: WrittenMap, reading: Reading
) -> tuple[Configuration | None, list[tuple[str | int, ...]]]:
    """The configuration, or None and the paths of what stands in its way."""
    try:
        return adapter().validate_python(document, context=reading), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
        note_mistakes(errors, document, reading)
        return None, [each["loc"] for each in errors]


def _without(document: WrittenMap, bad: list[tuple[str | int, ...]]) -> WrittenMap | None:
    """The document less the entries that `bad` paths lead into; None if the taxonomy is one."""
    rest = WrittenMap(document.mark)
    rest.keys_at, rest.values_at = document.keys_at, document.values_at
    for section, value in document.items():
        paths = [path for path in bad if path[0] == section]
        entries = {path[1] for path in paths if len(path) > 1}
        if isinstance(value, WrittenList) and len(entries) and all(len(p) > 1 for p in paths):
            rest[section] = _less(value, entries)
        elif not paths:
            rest[section] = value
    return rest if "taxonomy" in rest else None


def _less(listed: WrittenList, entries: set[str | int]) -> WrittenList:
    kept = WrittenList(listed.mark)
    for n, (entry, mark) in enumerate(zip(listed, listed.entries_at, strict=True)):
        if n not in entries:
            kept.append(entry)
            kept.entries_at.append(mark)
    return kept


@cache
def adapter() -> TypeAdapter[Configuration]:
    """How documents become configurations."""
    return TypeAdapter(Configuration)
