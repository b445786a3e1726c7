"""Path patterns for files that belong together: one kind, folders that differ by period only."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path

from everyline.starting.files import Seen

_MONTH = r"(?:19|20)\d\d[-_]?(?:0[1-9]|1[0-2])"
_PERIOD = re.compile(rf"([A-Za-z_]+=)?(?:{_MONTH}|\d{{8}}-\d{{8}})")
# Only what can be no day and no part: a new delivery of the same month has a time or a number.
_VERSION = re.compile(
    r"\d{8}T\d{6}Z?|\d{4}-\d\d-\d\dT[\d:._-]+Z?|[vV]\d+|(?:version|revision|rev)[-_=]?\d+"
)
_VARYING = re.compile(
    r"\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9a-f]{16,}|\d{4}-\d\d-\d\d|\w+=.+"
)
_GENERIC = frozenset(
    {
        *("bills", "bill", "billing", "data", "exports", "export", "costs", "cost", "reports"),
        *("usage", "telemetry", "logs"),
    }
)
_NAME = re.compile(r"[^a-z0-9]+")
_STEM_MIN = 4
_STEM_WORDS = 2

Segments = tuple[str, ...]


def grouped(files: Iterable[Seen]) -> dict[tuple[object, ...], list[Seen]]:
    """Files of one format and ending in folders that differ by period, version or part only."""
    groups: dict[tuple[object, ...], list[Seen]] = defaultdict(list)
    for file in files:
        kind = (file.format, file.telemetry, file.header, file.suffix)
        groups[*kind, folders(file)].append(file)
    return groups


def folders(file: Seen) -> Segments:
    """The folders of a file as a pattern has them; `{version}` where one may be meant."""
    made: list[str] = []
    for name in Path(file.file).parts[:-1]:
        if (match := _PERIOD.fullmatch(name)) and not any("{period}" in m for m in made):
            made.append(f"{escaped(match[1] or '')}{{period}}")
        elif _VERSION.fullmatch(name) and any("{period}" in m for m in made):
            made.append("*" if "{version}" in made else "{version}")
        elif _VARYING.fullmatch(name):
            made.append("*")
        else:
            made.append(escaped(name))
    return tuple(made)


def patterns(group: Sequence[Seen], files: Sequence[Seen]) -> Iterator[tuple[str, list[Seen]]]:
    """Path patterns that match the files of a group and, of all files, no others of rows."""
    found = list(folders(group[0]))
    if "{version}" in found and not _redelivered(group, found.index("{version}")):
        found[found.index("{version}")] = "*"
    own = {file.file for file in group}
    foreign = [f.file for f in files if f.file not in own and not f.is_empty_page]
    for name in _name_patterns(group, at_top=not found):
        pattern = "/".join([*found, name])
        if not any(_matches(file, pattern) for file in foreign):
            yield pattern, list(group)
            return
    for file in group:
        yield escaped(file.file), [file]


def _redelivered(group: Sequence[Seen], at: int) -> bool:
    """Whether any period has two versions: one alone may as well be all there ever is."""
    versions: dict[Segments, set[str]] = defaultdict(set)
    for file in group:
        parts = Path(file.file).parts
        versions[parts[:at]].add(parts[at])
    return any(len(names) > 1 for names in versions.values())


def _name_patterns(group: Sequence[Seen], *, at_top: bool) -> Iterator[str]:
    """Patterns of file names, the most general first; at the top of a project a narrow one."""
    ending = group[0].suffix
    names = sorted({Path(file.file).name for file in group})
    stems = [name[: -len(ending)] for name in names]
    ending = names[0][-len(ending) :]
    in_folder = "{period}" in "/".join(folders(group[0]))
    if all(_PERIOD.fullmatch(stem) and "=" not in stem for stem in stems) and not in_folder:
        yield "{period}" + ending
    if not at_top:
        yield "*" + ending
    # The longest common beginning of all is that of the first and the last.
    pairs = zip(stems[0], stems[-1], strict=False)
    prefix = stems[0][: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))]
    if len(prefix) >= _STEM_MIN and len(names) > 1:
        yield f"{escaped(prefix)}*{ending}"
    if len(names) == 1:
        yield escaped(names[0])


def _matches(file: str, pattern: str) -> bool:
    """Whether a pattern of this module means a file."""
    parts, asked = file.split("/"), re.sub(r"\{\w+\}", "*", pattern).split("/")
    return len(parts) == len(asked) and all(map(fnmatchcase, parts, asked))


def escaped(text: str) -> str:
    """A text in a pattern, its own signs of patterns meaning themselves."""
    return re.sub(r"[*?{}]", "?", text.replace("[", "[[]"))


def name_for(pattern: str, format_: str, taken: set[str], *, by_file: bool = False) -> str:
    """A short name for a source: its folder's, else what it is; `by_file` tells files apart."""
    *folders, file = (re.sub(r"[^/]*[{*?\[][^/]*", "", part) for part in pattern.split("/"))
    words = [_NAME.sub("-", part.lower()).strip("-") for part in folders]
    told = [word for word in words if word and word not in _GENERIC]
    stem = _NAME.sub("-", file.split(".")[0].lower()).strip("-")
    if by_file:
        # What a report is called stands first in its name; how it is grouped comes after.
        last = re.split(r"[{*?\[]", pattern.rpartition("/")[2])[0]
        begin = _NAME.sub("-", last.split(".")[0].lower()).strip("-").split("-")[:_STEM_WORDS]
        told = ["-".join([*told[-1:], *begin])]
    base = (told[-1:] or [stem])[0] or format_.split("-")[0] or "table"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name
