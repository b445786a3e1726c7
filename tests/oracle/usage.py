"""Usage tables to rows of an hour, an identity and a meter, with their owners (R11, R7 to R10)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from oracle import amounts, conditions, lines, owners, tables
from oracle.canonical import json_object
from oracle.settings import Project, Settings, day, table

Row = dict[str, Any]

_IDENTITIES = """
x_Source hour ServiceProviderName SubAccountId x_CredentialId x_PrincipalId ResourceId x_Model
x_Meter x_Tier x_Unit x_EstimatedCurrency
"""
IDENTITIES = tuple(_IDENTITIES.split())
SUMS = ("x_Quantity", "x_EstimatedCost", "x_RequestCount")
MADE = frozenset((*IDENTITIES, *SUMS, "Tags")) - {"x_Source"}


def of_project(project: Project) -> list[Row]:
    """Every usage row, its measures in units of 10^-18, with value and evidence of each key."""
    found: list[Row] = []
    for source in project.settings.get("usage", ()):
        for row in _of_source(project, source):
            found.append(row | owners.of_usage(project, row))
    return found


def _of_source(project: Project, source: Settings) -> Iterable[Row]:
    native = source.get("estimated_cost") == "native"
    read = [_row(project, source, *cells) for cells in _natives(project, source)]
    billed = {name[5:] for row in read for name in row if name[:5] == "Tags."}
    kept = named_tags(project, billed)
    prices = _prices(project)
    found: dict[Any, Row] = {}
    for row in read:
        if not native:
            row |= {"x_EstimatedCost": None, "x_EstimatedCurrency": None}
        tags = {name: row[name] for name in sorted(kept) if name in row}
        key = {name: row.get(name) for name in IDENTITIES}
        key["Tags"] = json_object({name[5:]: value for name, value in tags.items()})
        total = found.setdefault(tuple(key.values()), key | tags | dict.fromkeys(SUMS))
        for name in SUMS:
            summed = [v for v in (total[name], row[name]) if v is not None]
            total[name] = sum(summed) if summed else None
    for row in found.values():
        if not native:
            row["x_EstimatedCost"], row["x_EstimatedCurrency"] = _estimate(row, prices)
    return found.values()


# Cells


def _natives(project: Project, source: Settings) -> Iterator[tuple[Row, Row]]:
    """Filled cells under our names, and tags, of each row of each file that counts (R1)."""
    seen: set[str] = set()
    for file in sorted(project.folder.glob(source["path"]), key=lines.natural):
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        if sha256 not in seen:
            seen.add(sha256)
            yield from _of_file(file, source)


def _of_file(file: Path, source: Settings) -> Iterator[tuple[Row, Row]]:
    columns = source.get("columns", {})
    for row in lines.table_of(file)[1]:
        cells = {name: text.strip() for name, text in row.items() if text.strip()}
        ours = {name: text for name, text in cells.items() if name in MADE}
        ours |= {name: cells[theirs] for name, theirs in columns.items() if theirs in cells}
        ours |= source.get("set", {})
        tags = {n: t for n, t in cells.items() if n not in MADE and n not in columns.values()}
        yield ours, lines.tags_of(ours.pop("Tags", None)) | tags


def _row(project: Project, source: Settings, ours: Row, tags: Row) -> Row:
    row: Row = {name: ours[name] for name in ours if name not in SUMS}
    row |= {f"Tags.{key}": value for key, value in tags.items()}
    row["x_Source"] = source["name"]
    row["hour"] = lines.instant(ours["hour"]).replace(minute=0, second=0, microsecond=0)
    unit, multiple = tables.multiple(ours.get("x_Unit"))
    row["x_Unit"] = unit
    row["x_Quantity"] = amounts.units(ours.get("x_Quantity", "0")) * multiple
    if row["x_Quantity"] < 0:
        raise amounts.Stopped("a negative quantity")
    cost = ours.get("x_EstimatedCost")
    row["x_EstimatedCost"] = amounts.units(cost) if cost is not None else None
    row["x_RequestCount"] = int(ours.get("x_RequestCount", "0"))
    row["x_Tier"] = ours.get("x_Tier", "standard")
    if provider := ours.get("ServiceProviderName"):
        row["ServiceProviderName"] = tables.provider(provider)
    if model := ours.get("x_Model"):
        row["x_Model"] = tables.models(project).get(tables.folded(model), model)
    if meter := ours.get("x_Meter"):
        row["x_Meter"] = tables.meter(project, meter)
    _fill_account(project, source, row)
    return row


def _fill_account(project: Project, source: Settings, row: Row) -> None:
    """Provider and account by `accounts`: most filled identities win, then the first row."""
    if "accounts" not in source:
        return
    best: dict[str, str] = {}
    most = 0
    for _, cells in table(project.folder, source["accounts"])[1]:
        names = ("ResourceId", "x_CredentialId", "x_Model")
        identities = {name: cells[name] for name in names if name in cells}
        if len(identities) > most and all(row.get(n) == t for n, t in identities.items()):
            best, most = cells, len(identities)
    if "ServiceProviderName" in best:
        row["ServiceProviderName"] = tables.provider(best["ServiceProviderName"])
    if "SubAccountId" in best:
        row["SubAccountId"] = best["SubAccountId"]


# Tags that count


def asked(project: Project) -> set[str]:
    """Columns that owners, `on` and `within` name, of charges and usage alike."""
    named: set[str] = set()
    for entry in project.owners:
        if entry.table is None:
            named |= conditions.columns(entry.settings["when"])
        else:
            keys = {key.name for key in project.keys}
            named |= {c for c in entry.header if c not in keys and c[:6] != "valid_"}
    for part in (*project.settings.get("trace", ()), *project.settings.get("pools", ())):
        for split in part["split"]:
            named |= {*split.get("on", ()), *split.get("within", ())}
    return named


def named_tags(project: Project, billed: Iterable[str]) -> set[str]:
    """`Tags.<key>` of each billed key that the configuration names, wherever it does."""
    settings = project.settings
    named = asked(project)
    for condition in settings.get("untaggable", ()):
        named |= conditions.columns(condition)
    for rule in settings.get("layers", ()):
        named |= conditions.columns(rule["when"])
    for part in (*settings.get("trace", ()), *settings.get("pools", ())):
        for one in (part, *part["split"]):
            for name in ("charges", "usage", "capacity", "of"):
                named |= conditions.columns(one.get(name, {}))
    entries = [entry for key in project.keys for entry in key.tags]
    spelt = {t for t in billed if any(owners.speaks_for(t, entry) for entry in entries)}
    return {f"Tags.{t}" for t in billed if t in spelt or f"Tags.{t}" in named}


# Prices


def _prices(project: Project) -> list[Mapping[str, str]]:
    if "prices" not in project.settings:
        return []
    return [cells for _, cells in table(project.folder, project.settings["prices"])[1]]


def _estimate(row: Row, prices: Iterable[Mapping[str, str]]) -> tuple[int | None, str | None]:
    """x_Quantity x unit price, rounded once, and its currency; null where no price is known."""
    on = row["hour"].date()
    fitting = [cells for cells in prices if _fits(cells, row, on)]
    for tier in (row["x_Tier"], None):
        valid = [cells for cells in fitting if cells.get("x_Tier") == tier]
        if valid:
            latest = max(valid, key=lambda cells: day(cells.get("valid_from")) or date.min)
            return _times(row["x_Quantity"], latest["unit_price"]), latest["currency"]
    return None, None


def _fits(cells: Mapping[str, str], row: Row, on: date) -> bool:
    start, end = day(cells.get("valid_from")), day(cells.get("valid_to"))
    return (
        tables.provider(cells["ServiceProviderName"]) == row["ServiceProviderName"]
        and cells["x_Model"] == row["x_Model"]
        and cells["x_Meter"] == row["x_Meter"]
        and (start is None or start <= on)
        and (end is None or on < end)
    )


def _times(quantity: int, price: str) -> int:
    """Half-even to units of 10^-18."""
    found, rest = divmod(quantity * amounts.units(price), 10**18)
    return found + (rest > 5 * 10**17 or (rest == 5 * 10**17 and found % 2 == 1))


def as_relation(project: Project, rows: Iterable[Row]) -> list[Row]:
    """The columns of the relation `usage`."""
    shown = (*IDENTITIES, "Tags", *SUMS)
    keys = [name for key in project.keys for name in (key.name, f"{key.name}_evidence")]
    return [{name: row[name] for name in (*shown, *keys)} for row in rows]
