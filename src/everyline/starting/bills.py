"""Files grouped into bills: one format, one path pattern (R1)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from everyline.starting.files import Seen, seen
from everyline.starting.paths import grouped, name_for, patterns

_MODEL_FORMATS = ("openai-costs", "anthropic-cost-report")


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
        copies: file to the file whose content it repeats, of files that no bill has.
        others: files that were looked into and are nothing of these.
        files: all that were looked into; telemetry is among them.
    """

    bills: tuple[FoundBill, ...]
    tables: tuple[FoundTable, ...]
    copies: Mapping[str, str]
    others: tuple[str, ...]
    files: tuple[Seen, ...]


def found(folder: Path, paths: Iterable[Path]) -> Found:
    """What `paths`, all below `folder`, are."""
    files = seen(folder, paths)
    names: set[str] = set()
    bills, copies = _bills(files, names)
    tables = tuple(_tables(files, names))
    placed = {file for bill in bills for file in bill.files} | copies.keys()
    placed |= {file for table in tables for file in table.files}
    others = tuple(one.file for one in files if one.file not in placed and not one.telemetry)
    return Found(bills, tables, copies, others, tuple(files))


def _bills(files: Sequence[Seen], names: set[str]) -> tuple[tuple[FoundBill, ...], dict[str, str]]:
    made = []
    copies: dict[str, str] = {}
    for group in grouped(file for file in files if file.format).values():
        if all(file.copy_of for file in group):
            copies |= {file.file: file.copy_of for file in group}
            continue
        for pattern, part in patterns(group, files):
            format_ = part[0].format
            layer = "model" if format_ in _MODEL_FORMATS else None
            listed = tuple(file.file for file in part)
            name = name_for(pattern, format_, names)
            made.append(FoundBill(name, format_, pattern, listed, layer))
    return tuple(made), copies


def _tables(files: Sequence[Seen], taken: set[str]) -> Iterator[FoundTable]:
    for group in grouped(file for file in files if _looks_like_a_bill(file)).values():
        for pattern, part in patterns(group, files):
            listed = tuple(file.file for file in part)
            header = part[0].header
            yield FoundTable(
                name_for(pattern, "", taken), pattern, listed, header, _columns(header)
            )


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
