"""Files grouped into bills: one format, one path pattern (R1)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path

from everyline.starting.files import Seen, seen

_MODEL_FORMATS = ("openai-costs", "anthropic-cost-report")

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
    {"bills", "bill", "billing", "data", "exports", "export", "costs", "cost", "reports"}
)
_NAME = re.compile(r"[^a-z0-9]+")
_STEM_MIN = 4

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundBill:
    """One bill: its name, format, path pattern, the files that it has now, and its layer."""

    name: str
    format: str
    path: str
    files: tuple[str, ...]
    layer: str | None


@dataclass(frozen=True, slots=True)
class FoundTable:
    """Files that look like a bill of no known format: which of their columns could be ours."""

    name: str
    path: str
    files: tuple[str, ...]
    header: tuple[str, ...]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in a folder.

    Attributes:
        telemetry: folder and format of files that nothing reads yet, to how many there are.
        copies: file to the file whose content it repeats, of files that no bill has.
        others: files that were looked into and are nothing of these.
    """

    bills: tuple[FoundBill, ...]
    tables: tuple[FoundTable, ...]
    telemetry: Mapping[tuple[str, str], int]
    copies: Mapping[str, str]
    others: tuple[str, ...]


def found(folder: Path, paths: Iterable[Path]) -> Found:
    """What `paths`, all below `folder`, are."""
    files = seen(folder, paths)
    names: set[str] = set()
    bills, copies = _bills(files, names)
    tables = tuple(_tables(files, names))
    placed = {file for bill in bills for file in bill.files} | copies.keys()
    placed |= {file for table in tables for file in table.files}
    telemetry = Counter(
        (Path(one.file).parent.as_posix(), one.telemetry) for one in files if one.telemetry
    )
    return Found(
        bills,
        tables,
        telemetry,
        copies,
        tuple(one.file for one in files if one.file not in placed and not one.telemetry),
    )


def _bills(files: Sequence[Seen], names: set[str]) -> tuple[tuple[FoundBill, ...], dict[str, str]]:
    made = []
    copies: dict[str, str] = {}
    for group in _grouped(file for file in files if file.format).values():
        if all(file.copy_of for file in group):
            copies |= {file.file: file.copy_of for file in group}
            continue
        for pattern, part in _patterns(group, files):
            format_ = part[0].format
            layer = "model" if format_ in _MODEL_FORMATS else None
            listed = tuple(file.file for file in part)
            name = _name(pattern, format_, names)
            made.append(FoundBill(name, format_, pattern, listed, layer))
    return tuple(made), copies


def _grouped(files: Iterable[Seen]) -> dict[tuple[object, ...], list[Seen]]:
    """Files of one format and ending in folders that differ by period, version or part only."""
    groups: dict[tuple[object, ...], list[Seen]] = defaultdict(list)
    for file in files:
        kind = (file.format, file.telemetry, file.header, file.suffix)
        groups[*kind, _folders(file)].append(file)
    return groups


def _folders(file: Seen) -> Segments:
    """The folders of a file as a pattern has them; `{version}` where one may be meant."""
    made: list[str] = []
    for name in Path(file.file).parts[:-1]:
        if (match := _PERIOD.fullmatch(name)) and not any("{period}" in m for m in made):
            made.append(f"{_escaped(match[1] or '')}{{period}}")
        elif _VERSION.fullmatch(name) and any("{period}" in m for m in made):
            made.append("*" if "{version}" in made else "{version}")
        elif _VARYING.fullmatch(name):
            made.append("*")
        else:
            made.append(_escaped(name))
    return tuple(made)


def _patterns(group: Sequence[Seen], files: Sequence[Seen]) -> Iterator[tuple[str, list[Seen]]]:
    """Path patterns that match the files of a group and, of all files, no others of rows."""
    folders = list(_folders(group[0]))
    if "{version}" in folders and not _redelivered(group, folders.index("{version}")):
        folders[folders.index("{version}")] = "*"
    own = {file.file for file in group}
    foreign = [f.file for f in files if f.file not in own and not f.is_empty_page]
    for name in _name_patterns(group, at_top=not folders):
        pattern = "/".join([*folders, name])
        if not any(_matches(file, pattern) for file in foreign):
            yield pattern, list(group)
            return
    for file in group:
        yield _escaped(file.file), [file]


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
    in_folder = "{period}" in "/".join(_folders(group[0]))
    if all(_PERIOD.fullmatch(stem) and "=" not in stem for stem in stems) and not in_folder:
        yield "{period}" + ending
    if not at_top:
        yield "*" + ending
    # The longest common beginning of all is that of the first and the last.
    pairs = zip(stems[0], stems[-1], strict=False)
    prefix = stems[0][: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))]
    if len(prefix) >= _STEM_MIN and len(names) > 1:
        yield f"{_escaped(prefix)}*{ending}"
    if len(names) == 1:
        yield _escaped(names[0])


def _matches(file: str, pattern: str) -> bool:
    """Whether a pattern of this module means a file."""
    parts, asked = file.split("/"), re.sub(r"\{\w+\}", "*", pattern).split("/")
    return len(parts) == len(asked) and all(map(fnmatchcase, parts, asked))


def _escaped(text: str) -> str:
    """A text in a pattern, its own signs of patterns meaning themselves."""
    return re.sub(r"[*?{}]", "?", text.replace("[", "[[]"))


def _name(pattern: str, format_: str, taken: set[str]) -> str:
    """A short name for a bill: its folder's, else what it is."""
    *folders, file = (re.sub(r"[^/]*[{*?\[][^/]*", "", part) for part in pattern.split("/"))
    words = [_NAME.sub("-", part.lower()).strip("-") for part in folders]
    told = [word for word in words if word and word not in _GENERIC]
    stem = _NAME.sub("-", file.split(".")[0].lower()).strip("-")
    base = (told[-1:] or [stem])[0] or format_.split("-")[0] or "table"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _tables(files: Sequence[Seen], taken: set[str]) -> Iterator[FoundTable]:
    for group in _grouped(file for file in files if _looks_like_a_bill(file)).values():
        for pattern, part in _patterns(group, files):
            listed = tuple(file.file for file in part)
            header = part[0].header
            yield FoundTable(_name(pattern, "", taken), pattern, listed, header, _columns(header))


# Our column, and words in headers that may mean it, the likeliest first; a header that is the word
# goes before all that have it among others.
_MEANT = {
    "BilledCost": (
        *("net_amount", "billed_cost", "unblended_cost", "pre_tax_cost", "cost", "amount"),
        *("total", "spend", "charge"),
    ),
    "ChargePeriodStart": (
        *("from", "start", "usage_start_date", "usage_date", "date", "day", "created_at"),
        *("timestamp", "period", "month", "time", "start_date", "start_time"),
    ),
    "ChargePeriodEnd": ("to", "end", "usage_end_date", "end_date", "end_time"),
    "BillingCurrency": ("currency", "currency_code"),
    "ServiceName": ("service", "product", "vendor"),
    "InvoiceId": ("invoice", "invoice_id"),
}
_NO_COST = re.compile("_(category|type|id|code|unit|center|centre|per|currency|name)(_|$)")
_NEEDED = ("BilledCost", "ChargePeriodStart")


def _looks_like_a_bill(file: Seen) -> bool:
    columns = _columns(file.header)
    return all(column in columns for column in _NEEDED)


def _columns(header: Sequence[str]) -> dict[str, str]:
    """Our columns to the headers that look like them."""
    folded = {_folded(name): name for name in header}
    found: dict[str, str] = {}
    for ours, words in _MEANT.items():
        free = {f"_{text}_": name for text, name in folded.items() if name not in found.values()}
        if ours == "BilledCost":
            free = {text: name for text, name in free.items() if not _NO_COST.search(text)}
        alone = [free[f"_{word}_"] for word in words if f"_{word}_" in free]
        within = [name for word in words for text, name in free.items() if f"_{word}_" in text]
        if hits := [*alone, *within]:
            found[ours] = hits[0]
    return found


def _folded(name: str) -> str:
    """A header in small letters, its words joined by `_`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")
