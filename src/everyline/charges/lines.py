"""Lines: a landed file as charges, up to what one line says of itself (R2, R3, R6).

Names, layer and group need tables and rules; they come after, on far fewer rows (`naming`).
"""

from collections.abc import Mapping

from everyline.bill_lines import BillLines
from everyline.engines.duckdb import literal, quoted, select

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
QUANTITIES = ("ConsumedQuantity", "PricingQuantity")
MEASURES = (*COSTS, *QUANTITIES, "x_CoverageCost")

_UNITS = {"ConsumedQuantity": "ConsumedUnit", "PricingQuantity": "PricingUnit"}

_MONTH = "date_trunc('month', {})::TIMESTAMP"


def measures(lines: BillLines) -> Mapping[str, str]:
    """Measure to its SQL over the typed relation; a missing cost is taken from another (R2)."""
    has = frozenset(lines.columns)
    billed = "BilledCost"
    effective = "EffectiveCost" if "EffectiveCost" in has else billed
    found = {"BilledCost": billed, "EffectiveCost": effective}
    for cost in ("ListCost", "ContractedCost"):
        found[cost] = f"coalesce({cost}, {effective})" if cost in has else effective
    for quantity, unit in _UNITS.items():
        both = quantity in has and unit in has
        found[quantity] = (
            f"CASE WHEN {unit} IS NOT NULL THEN {quantity} END" if both else "NULL::DECIMAL(38,18)"
        )
    found["x_CoverageCost"] = f"greatest({effective}, 0)"
    return found


def unit(lines: BillLines, quantity: str) -> str:
    """SQL of a quantity's unit: null where there is no quantity (R2)."""
    has = frozenset(lines.columns)
    name = _UNITS[quantity]
    if name in has and quantity in has:
        return f"CASE WHEN {quantity} IS NOT NULL THEN {name} END"
    return "NULL::VARCHAR"


def month(lines: BillLines) -> str:
    """SQL of the first instant of x_Period (R3)."""
    has = frozenset(lines.columns)
    billing = "BillingPeriodStart + INTERVAL 15 DAY" if "BillingPeriodStart" in has else ""
    charge = "ChargePeriodStart" if "ChargePeriodStart" in has else ""
    both = ", ".join(text for text in (billing, charge) if text)
    return _MONTH.format(f"coalesce({both})") if both else "NULL::TIMESTAMP"


def no_window(lines: BillLines) -> str:
    """SQL: whether the charge period is null, empty or negative (R6)."""
    if {"ChargePeriodStart", "ChargePeriodEnd"} <= set(lines.columns):
        return "coalesce(ChargePeriodEnd <= ChargePeriodStart, true)"
    return "true"


def window(lines: BillLines) -> tuple[str, str]:
    """SQL of x_WindowStart and x_WindowEnd (R6), over `month`."""
    missing = no_window(lines)
    first = month(lines)
    if missing == "true":
        return first, f"{first} + INTERVAL 1 MONTH"
    under_a_day = "ChargePeriodEnd - ChargePeriodStart < INTERVAL 24 HOUR"
    day = "date_trunc('day', ChargePeriodStart)::TIMESTAMP"
    start = (
        f"CASE WHEN {missing} THEN {first} WHEN {under_a_day} THEN {day}"
        " ELSE date_trunc('hour', ChargePeriodStart) END"
    )
    end = (
        f"CASE WHEN {missing} THEN {first} + INTERVAL 1 MONTH"
        f" WHEN {under_a_day} THEN {day} + INTERVAL 1 DAY"
        " ELSE date_trunc('hour', ChargePeriodEnd + INTERVAL '3599999999 microseconds') END"
    )
    return start, end


def text_columns(lines: BillLines) -> Mapping[str, str]:
    """Every other column that a rule may ask for, to its SQL: as the file says it."""
    own = {
        "x_Source": literal(lines.source),
        "ConsumedUnit": unit(lines, "ConsumedQuantity"),
        "PricingUnit": unit(lines, "PricingQuantity"),
        "x_Basis": _basis(frozenset(lines.columns)),
    }
    given = {name: quoted(name) for name in lines.columns if name not in own}
    return given | {"x_SourceFile": "x_SourceFile", "x_SourceRow": "x_SourceRow"} | own


def _basis(has: frozenset[str]) -> str:
    """SQL of x_Basis; only estimated charges bring their own (R3)."""
    if "x_Basis" in has:
        return "x_Basis"
    if "InvoiceId" in has:
        return "CASE WHEN InvoiceId IS NOT NULL THEN 'invoiced' ELSE 'metered' END"
    return "'metered'"


def of_one_line(lines: BillLines) -> Mapping[str, str]:
    """What groups sum or work out, as one line has it, to its SQL: for rules of `layers` (R4).

    Measures are called by `single`, so that they never meet their own sums.
    """
    period = f"strftime({month(lines)}, '%Y-%m')"
    return {"x_Period": period} | {single(name): sql for name, sql in measures(lines).items()}


def single(name: str) -> str:
    """The column that has `name` as one line has it; a measure's differs from its sum's."""
    return f"line_{name}" if name in MEASURES else name


def tag(key: str) -> str:
    """SQL of one tag's value as billed, absent where empty; the key is data, never a path."""
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"nullif(json_extract_string(Tags, {literal(pointer)}), '')"


def line_relation(lines: BillLines) -> str:
    """SELECT of every line with x_Period's month, window and measures, nothing summed."""
    start, end = window(lines)
    columns = {"month_": month(lines), "x_WindowStart": start, "x_WindowEnd": end}
    return select(columns | dict(text_columns(lines)) | dict(measures(lines)), lines.relation)
