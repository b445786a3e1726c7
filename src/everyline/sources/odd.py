"""Odd texts: cells that are not plain, each distinct text read once by the rules of R2."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from everyline import people
from everyline.engines.duckdb import Engine, literal
from everyline.problems import Problem
from everyline.sources import cells
from everyline.sources.parts import Part
from everyline.sources.row_problems import RowProblem
from everyline.sources.telemetry import METERS

# An unreadable cell of these columns stops the run (R2, R3); elsewhere it is absent, with `warn`.
_STOPS = frozenset(
    {
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "ContractedCost",
        "ConsumedQuantity",
        "PricingQuantity",
        "BillingPeriodStart",
        "ChargePeriodStart",
        "hour",
        "x_Quantity",
        "x_EstimatedCost",
        "x_RequestCount",
        *METERS,
    }
)

_NAMES = {"decimal": "unreadable-number", "timestamp": "unreadable-date", "tags": "unreadable-tags"}

_DIGITS_ALONE = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TOO_LONG = "a number has at most 20 digits before the point, and an exponent within 40"

_HINTS = {
    "decimal": "write digits with a decimal point, no thousands separator, no currency sign",
    "timestamp": "write it as `2026-10-01T00:00:00Z`",
    "tags": "write tags as one JSON object; the rows are read as if they had none",
}


@dataclass(frozen=True, slots=True)
class OddText:
    """One distinct odd text of one column of one part.

    Attributes:
        part: which part it stands in.
        column: ours.
        kind: decimal, timestamp, tags or person.
        text: as written, trimmed.
        count: in how many rows.
        row: the first of them.
        currency: of those rows.
        cost: their EffectiveCost, else BilledCost, as far as those are plain; signed.
        meaning: the text that the engine casts; None where it can't be read.
        lost: what rounding to 18 decimals took away, of one cell.
    """

    part: Part
    column: str
    kind: str
    text: str
    count: int
    row: int
    currency: str | None
    cost: Decimal | None
    meaning: str | None
    lost: Decimal


def texts(engine: Engine, parts: Sequence[Part], people_key: Callable[[], bytes]) -> list[OddText]:
    """All odd texts of `parts`, each read by its rule."""
    found = []
    for part in parts:
        if not part.odd():
            continue
        kinds = {cell.name: cell.kind for cell in part.cells}
        with engine.in_order():
            rows = engine.rows(_query(part))
        for column, text, currency, count, row, cost in rows:
            kind = kinds[column]
            meaning, lost = (
                (people.hashed(text, people_key()), Decimal(0))
                if kind == "person"
                else cells.read_odd(kind, text)
            )
            found.append(
                OddText(part, column, kind, text, count, row, currency, cost, meaning, lost)
            )
    return found


def _query(part: Part) -> str:
    odd, values = part.odd(), part.values()
    currency, *costs = (
        values.get(name, "NULL") for name in ("BillingCurrency", "EffectiveCost", "BilledCost")
    )
    names = ", ".join(map(literal, odd))
    return f"""SELECT name, text, currency, count(*), min(row_), sum(cost)::DECIMAL(38,18)
FROM (SELECT row_, currency, cost, unnest([{names}]) AS name, unnest(texts) AS text
  FROM (SELECT row_, {currency}::VARCHAR AS currency, [{", ".join(odd.values())}] AS texts,
    coalesce({", ".join(costs)})::DECIMAL(38,18) AS cost
    FROM ({part.rows})
    WHERE coalesce({", ".join(odd.values())}) IS NOT NULL))
WHERE text IS NOT NULL
GROUP BY ALL ORDER BY min(row_), name, text"""


def look_up(engine: Engine, found: Sequence[OddText]) -> None:
    """Makes the table `odd_texts`: kind and text to what it means."""
    meanings = {(o.kind, o.text): o.meaning for o in found if o.meaning is not None}
    rows = [(kind, text, meaning) for (kind, text), meaning in sorted(meanings.items())]
    engine.table("odd_texts", {"kind": "VARCHAR", "text": "VARCHAR", "meaning": "VARCHAR"}, rows)


def problems(
    found: Sequence[OddText],
    place: Callable[[Part, int], str],
    refused: Mapping[str, RowProblem],
) -> list[Problem]:
    """A problem for each text that can't be read; a second header is one problem, not many.

    `refused` is what a format writes in place of an hour, where it could not read a row at all.
    """
    unread = [odd for odd in found if odd.meaning is None]
    headers = [odd for odd in unread if odd.text == odd.column]
    return _headers(headers, place) + [
        Problem(
            name=_name(odd, refused),
            level="stop" if odd.column in _STOPS else "warn",
            sentence=_sentence(odd, refused),
            place=place(odd.part, odd.row),
            subject=f"{odd.column}: {odd.text[:80]}",
            currency=odd.currency,
            cost=odd.cost,
            count=odd.count,
            hint=_hint(odd, refused),
        )
        for odd in unread
        if odd.text != odd.column
    ]


def _name(odd: OddText, refused: Mapping[str, RowProblem]) -> str:
    return refused[odd.text].name if odd.text in refused else _NAMES[odd.kind]


def _hint(odd: OddText, refused: Mapping[str, RowProblem]) -> str:
    if odd.text in refused:
        return refused[odd.text].hint
    is_long = odd.kind == "decimal" and _DIGITS_ALONE.fullmatch(odd.text)
    return _TOO_LONG if is_long else _HINTS[odd.kind]


def _headers(found: Sequence[OddText], place: Callable[[Part, int], str]) -> list[Problem]:
    """One problem for each place where cells hold the names of their own columns."""
    rows = {place(odd.part, odd.row): odd.count for odd in found}
    return [
        Problem(
            name="repeated-header",
            level="stop",
            sentence="the header stands here a second time",
            place=at,
            count=count,
            hint="take the line out; files that were joined have one each",
        )
        for at, count in rows.items()
    ]


def _sentence(odd: OddText, refused: Mapping[str, RowProblem]) -> str:
    if odd.text in refused:
        return refused[odd.text].sentence
    shown = odd.text if len(odd.text) <= 60 else odd.text[:57] + "..."
    if odd.kind == "decimal":
        return f"`{odd.column}` is `{shown}`, which is no number that can be read exactly"
    if odd.kind == "timestamp":
        return f"`{odd.column}` is `{shown}`, which is no date or time"
    return f"`{odd.column}` is `{shown}`, which is no JSON object"


def rounded(found: Sequence[OddText]) -> dict[str, tuple[int, str]]:
    """Column to how many cells were rounded to 18 decimals and the exact sum rounded away (R2)."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for odd in found:
        if odd.lost:
            count, lost = sums.get(odd.column, (0, Decimal(0)))
            sums[odd.column] = (count + odd.count, lost + odd.count * odd.lost)
    return {column: (count, f"{lost:f}") for column, (count, lost) in sorted(sums.items())}
