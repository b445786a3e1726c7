"""Bill files to lines: deliveries, numbers, periods, windows, names, layers (R1-4, R6, R27)."""

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from oracle import conditions, tables
from oracle.amounts import Stopped, units
from oracle.settings import Project, Settings

Line = dict[str, Any]
Native = dict[str, str]

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
UNITS = {"ConsumedQuantity": "ConsumedUnit", "PricingQuantity": "PricingUnit"}
MEASURES = (*COSTS, *UNITS, "x_CoverageCost")
INSTANTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
NULLS = {"focus": ("NULL", "(null)", "null")}


def of_project(project: Project) -> list[Line]:
    """Every line of every bill, in scope or not."""
    found = []
    for bill in project.settings["bills"]:
        seen: set[str] = set()
        for file in sorted(project.folder.glob(bill["path"]), key=natural):
            sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            if sha256 in seen:
                continue
            seen.add(sha256)
            for header, cells in _natives(file, bill):
                found.append(_line(project, bill, header, cells))
    return found


def natural(path: Path) -> list[Any]:
    pieces = re.split(r"(\d+)", path.as_posix())
    return [int(piece) if at % 2 else piece.encode() for at, piece in enumerate(pieces)]


# Cells


def _natives(file: Path, bill: Settings) -> Iterator[tuple[set[str], Native]]:
    """The columns of the file, and the filled cells of each row under our names; Tags as JSON."""
    header, rows = table_of(file)
    ours = {name: name for name in header}
    if bill["format"] == "focus":
        if "ProviderName" in header and "ServiceProviderName" not in header:
            ours["ProviderName"] = "ServiceProviderName"
        tags: set[str] = set()
    else:
        ours |= {theirs: name for name, theirs in bill.get("columns", {}).items()}
        tags = {n for n in header if ours[n] == n and n not in tables.focus() and n[:2] != "x_"}
    constant = bill.get("set", {})
    columns = (
        ({ours[name] for name in header} - tags) | set(constant) | ({"Tags"} if tags else set())
    )
    for row in rows:
        native: Native = {}
        own: dict[str, str] = {}
        for name, text in ((name, cell.strip()) for name, cell in row.items()):
            if not text or text in NULLS.get(bill["format"], ()):
                continue
            if name in tags:
                own[name] = text
            else:
                native[ours[name]] = text
        if tags:
            native["Tags"] = json.dumps(own)
        yield columns, native | constant


def table_of(file: Path) -> tuple[list[str], list[Native]]:
    """Header and rows of a file, cells as text."""
    if file.name.endswith((".csv", ".csv.gz")):
        raw = file.read_bytes()
        raw = gzip.decompress(raw) if file.suffix == ".gz" else raw
        header, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
        return header, [dict(zip(header, row, strict=True)) for row in rows if row]
    if file.suffix == ".jsonl":
        objects = [_numbers_as_text(line) for line in file.read_text("utf-8").split("\n") if line]
        header = list(dict.fromkeys(name for row in objects for name in row))
        return header, [{n: v for n, v in row.items() if v is not None} for row in objects]
    relation = duckdb.read_parquet(str(file))
    header = relation.columns
    found = relation.project(", ".join(f'"{name}"::VARCHAR' for name in header)).fetchall()
    filled = [[(n, v) for n, v in zip(header, row, strict=True) if v is not None] for row in found]
    return header, list(map(dict, filled))


def _numbers_as_text(line: str) -> dict[str, Any]:
    row = json.loads(line, parse_float=str, parse_int=str)
    return {n: v if isinstance(v, str) or v is None else json.dumps(v) for n, v in row.items()}


def instant(text: str) -> datetime:
    """A moment in UTC, without zone."""
    for form in ("%m/%d/%y", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def tags_of(text: str | None) -> dict[str, str]:
    """Tag key as billed to value as billed; absent values left out, of equal keys the last."""
    if text is None:
        return {}
    decoder, found, at = json.JSONDecoder(), {}, 1
    while text[at:].strip() not in ("}", ""):
        key, at = decoder.raw_decode(text, at)
        at = text.index(":", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip())
        value, end = decoder.raw_decode(text, at)
        found[key] = value if isinstance(value, str) or value is None else text[at:end]
        at = end + (len(text[end:]) - len(text[end:].lstrip(" ,")))
    return {key: value for key, value in found.items() if value is not None and value.strip()}


# Lines


def _line(project: Project, bill: Settings, columns: set[str], native: Native) -> Line:
    line: Line = {"x_Source": bill["name"]}
    numbers = {*COSTS, *UNITS}
    line |= {n: t for n, t in native.items() if n not in numbers and n not in INSTANTS}
    line |= {name: instant(native[name]) for name in INSTANTS if name in native}
    read = {name: units(native[name]) for name in numbers if name in native}
    if columns & {"BilledCost", "BillingCurrency"} != {"BilledCost", "BillingCurrency"}:
        raise Stopped("no cost or currency column")
    for cost in ("BilledCost", "EffectiveCost"):
        if cost in columns and cost not in read:
            raise Stopped(f"{cost} is null")
    line["BilledCost"] = read["BilledCost"]
    line["EffectiveCost"] = read.get("EffectiveCost", read["BilledCost"])
    for cost in ("ListCost", "ContractedCost"):
        line[cost] = read.get(cost, line["EffectiveCost"])
    for quantity, unit in UNITS.items():
        if quantity in read and line.get(unit) is not None:
            line[quantity] = read[quantity]
        else:
            line.pop(unit, None)
    line["x_CoverageCost"] = max(line["EffectiveCost"], 0)
    if native.get("BillingCurrency") not in tables.minor_digits():
        raise Stopped("no currency")
    line["x_Basis"] = "invoiced" if line.get("InvoiceId") else "metered"
    line |= {f"Tags.{key}": value for key, value in tags_of(native.get("Tags")).items()}
    _period(line)
    _names(project, line)
    line["x_Layer"], line["x_LayerRule"] = _layer(project, bill, line)
    return line


def _period(line: Line) -> None:
    """x_Period (R3) and the window (R6)."""
    start, end = line.get("ChargePeriodStart"), line.get("ChargePeriodEnd")
    billing = line.get("BillingPeriodStart")
    of_period = billing + timedelta(days=15) if billing else start
    if of_period is None:
        raise Stopped("no period")
    month = of_period.replace(day=1)
    line["x_Period"] = month.strftime("%Y-%m")
    midnight = month.replace(hour=0, minute=0, second=0, microsecond=0)
    if start is None or end is None or end <= start:
        after = (midnight + timedelta(days=32)).replace(day=1)
        line["x_WindowStart"], line["x_WindowEnd"] = midnight, after
    elif end - start < timedelta(hours=24):
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        line["x_WindowStart"], line["x_WindowEnd"] = day, day + timedelta(days=1)
    else:
        line["x_WindowStart"] = start.replace(minute=0, second=0, microsecond=0)
        whole = end.replace(minute=0, second=0, microsecond=0)
        line["x_WindowEnd"] = whole if whole == end else whole + timedelta(hours=1)


def _names(project: Project, line: Line) -> None:
    """Provider, model, meter and tier (R27)."""
    if provider := line.get("ServiceProviderName"):
        line["ServiceProviderName"] = tables.provider(provider)
    details = _details(line)
    models = tables.models(project)
    stated = line.get("x_Model") or details.get("ModelId") or details.get("x_ModelId")
    texts = (tables.folded(line.get(name) or "") for name in ("ServiceName", "ChargeDescription"))
    named = next((models[text] for text in texts if text in models), None)
    line["x_Model"] = models.get(tables.folded(stated), stated) if stated else named
    meter = line.get("x_Meter") or line.get("SkuMeter")
    line["x_Meter"] = tables.meter(project, meter) if meter else meter
    line["x_Tier"] = line.get("x_Tier") or "standard"


def _details(line: Line) -> dict[str, str]:
    found = json.loads(line["SkuPriceDetails"]) if line.get("SkuPriceDetails") else {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _layer(project: Project, bill: Settings, line: Line) -> tuple[str, str | None]:
    """x_Layer and x_LayerRule (R4)."""
    for at, rule in enumerate(project.settings.get("layers", ())):
        if conditions.holds(rule["when"], line):
            return rule["layer"], f"everyline.yaml:{project.lines['layers', at]}"
    if bill.get("layer"):
        return bill["layer"], "bill"
    details = _details(line)
    tested = dict(line) | {
        "InstanceType": details.get("InstanceType") or line.get("x_InstanceType")
    }
    for name, layer, tests in tables.layers():
        if all((tested.get(c) or "") and t.fullmatch(tables.folded(tested[c])) for c, t in tests):
            return layer, name
    return "none", None
