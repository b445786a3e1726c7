"""Statements (R23): exact cost by owner and service, rounded so that every level sums.

An issuer's total is rounded once; its minor units are then handed down to lead-key values, and from
those to lines, each floored toward minus infinity, the missing units one each to the largest
fractions. `money.cascade` is the definition; this is the same in SQL, for many lines. Amounts are
integers of 10^-18: at most 38 digits, which HUGEINT holds; nothing is multiplied beyond that.
"""

from collections.abc import Mapping, Sequence

from everyline.canonical import lowered
from everyline.engines.duckdb import last_places, literal, quoted, same

_COSTS = {"BilledCost": "x_BilledAmount", "EffectiveCost": "x_EffectiveAmount"}
_ISSUER = ("x_Period", "BillingCurrency", "x_Basis", "InvoiceIssuerName")
_CORRECTS = "x_CorrectsPeriod"
_SCALE = 18
_SHOWN_DIGITS = 4


def key_columns(keys: Sequence[str]) -> tuple[str, ...]:
    """The key of `statements`, in order."""
    return (
        "x_Period",
        _CORRECTS,
        "BillingCurrency",
        "x_Basis",
        *keys,
        "x_Method",
        "x_Pool",
        "x_Layer",
        "ServiceProviderName",
        "InvoiceIssuerName",
        "ServiceName",
    )


def looked_at(keys: Sequence[str]) -> tuple[str, ...]:
    """The columns of allocations by which statements sum."""
    return tuple(name for name in key_columns(keys) if name != _CORRECTS)


def exact(allocations: str, keys: Sequence[str]) -> str:
    """SELECT of the statement lines, exact, not yet rounded.

    `allocations` is SQL of the relation, or of its sums by what is `looked_at`.
    """
    columns = [
        f"NULL::VARCHAR AS {_CORRECTS}" if name == _CORRECTS else quoted(name)
        for name in key_columns(keys)
    ]
    sums = ", ".join(f"sum({cost})::DECIMAL(38,18) AS {cost}" for cost in _COSTS)
    return f"SELECT {', '.join(columns)}, {sums} FROM {allocations} GROUP BY ALL"


def statements(
    lines: str, keys: Sequence[str], minor_digits: Mapping[str, int], *, alike: bool = False
) -> str:
    """SELECT of `statements`, sorted by its key.

    Args:
        lines: SQL of `exact`.
        keys: the taxonomy keys, the lead key first.
        minor_digits: of each currency that occurs.
        alike: whether both costs of every line are equal, so that one is rounded for both.
    """
    columns = key_columns(keys)
    # What all lines of an issuer and a lead-key value have in common breaks no tie between them.
    telling = [name for name in columns if name not in (*_ISSUER, _CORRECTS, keys[0])]
    rounded = dict.fromkeys(_COSTS, next(iter(_COSTS))) if alike else {c: c for c in _COSTS}
    costs = dict.fromkeys(rounded.values())
    units = ", ".join(f"{last_places(cost, _SCALE)} AS units_{cost}" for cost in costs)
    numbered = (
        f"SELECT *, row_number() OVER () AS number_, {units}, {_array(telling)} AS line_,"
        f" {_powers(minor_digits, _SCALE)} AS step_,"
        f" {_powers(minor_digits, _SHOWN_DIGITS)} AS shown_ FROM {lines}"
    )
    steps = [f"numbered AS MATERIALIZED ({numbered})"]
    for cost in costs:
        steps += [f"{name} AS ({sql})" for name, sql in _cascade(cost, keys[0])]
    # What is sorted for rounding are numbers of lines; whole lines would take twice as long.
    joined = " ".join(f"JOIN rounded_{cost} USING (number_)" for cost in costs)
    amounts = ", ".join(f"{_amount(rounded[cost])} AS {name}" for cost, name in _COSTS.items())
    listed = ", ".join(map(quoted, columns))
    return (
        f"WITH {', '.join(steps)}\nSELECT {listed}, {', '.join(_COSTS)}, {amounts}"
        f" FROM numbered {joined} ORDER BY {listed}"
    )


def _powers(minor_digits: Mapping[str, int], scale: int) -> str:
    """SQL of 10 to the power of (`scale` - digits of the currency), as an integer."""
    whens = " ".join(
        f"WHEN {literal(currency)} THEN {10 ** (scale - digits)}::HUGEINT"
        for currency, digits in sorted(minor_digits.items())
    )
    return f"CASE BillingCurrency {whens} END"


def _array(columns: Sequence[str]) -> str:
    """SQL of the canonical JSON array of `columns`, by which ties are broken."""
    values = ", ',', ".join(f"coalesce(to_json({quoted(c)})::VARCHAR, 'null')" for c in columns)
    return lowered(f"concat('[', {values}, ']')")


def _cascade(cost: str, lead: str) -> list[tuple[str, str]]:
    """The steps from exact units to whole minor units of one cost: issuers, owners, lines."""
    issuer = ", ".join(_ISSUER)
    owners = (
        f"SELECT {issuer}, {quoted(lead)}, step_, sum(units_{cost})::HUGEINT AS units_"
        " FROM numbered GROUP BY ALL"
    )
    issuers = (
        f"SELECT *, {_array([lead])} AS lead_,"
        f" {_floor('sum(units_) OVER i + step_ // 2')} AS total_"
        f" FROM owners_{cost} WINDOW i AS (PARTITION BY {issuer})"
    )
    handed_on = _handed(f"issuers_{cost}", "units_", issuer, "lead_")
    handed = f"SELECT *, row_number() OVER () AS owner_ FROM ({handed_on})"
    by_line = same("l", "o", (*_ISSUER, lead))
    joined = (
        f"SELECT number_, l.units_{cost} AS units_, l.step_, line_, owner_, whole_ AS total_"
        f" FROM numbered AS l JOIN leads_{cost} AS o ON {by_line}"
    )
    lined = _handed(f"joined_{cost}", "units_", "owner_", "line_")
    return [
        (f"owners_{cost}", owners),
        (f"issuers_{cost}", issuers),
        (f"leads_{cost}", handed),
        (f"joined_{cost}", joined),
        (f"rounded_{cost}", f"SELECT number_, whole_ AS whole_{cost} FROM ({lined})"),
    ]


def _handed(relation: str, units: str, parent: str, tie: str) -> str:
    """SELECT with `whole_`: floors, missing units to the largest fractions, ties by `tie`."""
    return (
        "SELECT * EXCLUDE (floor_, fraction_, missing_, rank_),"
        " floor_ + (rank_ <= missing_)::INTEGER AS whole_ FROM ("
        "SELECT *, total_ - sum(floor_) OVER p AS missing_,"
        f" row_number() OVER (p ORDER BY fraction_ DESC, {tie}) AS rank_ FROM ("
        f"SELECT *, {_floor(units)} AS floor_, {units} - {_floor(units)} * step_ AS fraction_"
        f" FROM {relation}) WINDOW p AS (PARTITION BY {parent}))"
    )


def _floor(units: str) -> str:
    """SQL of units // step_ toward minus infinity; the engine's `//` goes toward zero."""
    return f"(({units}) // step_ - ((({units}) % step_) < 0)::INTEGER)"


def _amount(cost: str) -> str:
    """SQL of whole minor units as an amount of the currency, exact."""
    tick = f"0.{'0' * (_SHOWN_DIGITS - 1)}1::DECIMAL(5,{_SHOWN_DIGITS})"
    amount = f"(whole_{cost} * shown_)::DECIMAL(33,0) * {tick}"
    return f"({amount})::DECIMAL(38,{_SHOWN_DIGITS})"
