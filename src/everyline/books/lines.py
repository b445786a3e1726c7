"""The lines of statements, as the books hold them: typed in memory, canonical as CSV.

`statements.csv` is UTF-8 with LF; a null is an empty cell; lines are sorted by their key, a
month's own lines before corrections. The same lines are always the same bytes.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache
from io import StringIO
from typing import NamedTuple

from everyline.control import EXACT
from everyline.engines.duckdb import Engine, quoted
from everyline.money import SCALE, minor_digits
from everyline.runs import Run

_HEAD = ("x_Period", "x_CorrectsPeriod", "BillingCurrency", "x_Basis")
_TAIL = ("x_Method", "x_Pool", "x_Layer", "ServiceProviderName", "InvoiceIssuerName", "ServiceName")
_COSTS = ("BilledCost", "EffectiveCost", "x_BilledAmount", "x_EffectiveAmount")

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SPECIAL = re.compile('[,"\r\n]')

Owner = tuple[tuple[str, str], ...]
_Text = str | None
Key = tuple[str, str, Owner, str, _Text, _Text, _Text, _Text, _Text]


class Line(NamedTuple):
    """One line of a statement, or the correction of one.

    Attributes:
        period: the month in which it is booked.
        corrects: the closed month that it corrects; None for a month's own line.
        owner: taxonomy keys that have a value, with it, in the order of their names; so keys may
            come and go between two closes.
        billed: BilledCost, exact, signed, in `currency`; `effective` likewise.
        billed_amount: the same in minor units, rounded by R23; `effective_amount` likewise.
    """

    period: str
    corrects: str | None
    currency: str
    basis: str
    owner: Owner
    method: str
    pool: str | None
    layer: str | None
    provider: str | None
    issuer: str | None
    service: str | None
    billed: Decimal
    effective: Decimal
    billed_amount: Decimal
    effective_amount: Decimal

    @property
    def about(self) -> str:
        """The month whose cost it is."""
        return self.corrects or self.period

    @property
    def key(self) -> Key:
        """What tells it apart from other lines about the same month."""
        return self[2:11]

    def value(self, key: str) -> str | None:
        """Its owner's value of a taxonomy key."""
        return next((value for name, value in self.owner if name == key), None)


def stated(engine: Engine, run: Run) -> list[Line]:
    """The lines of a run's `statements`."""
    keys = run.manifest["keys"]
    texts = ", ".join(f"nullif({quoted(c)}, '')" for c in (*_HEAD, *keys, *_TAIL))
    rows = engine.rows(f"SELECT {texts}, {', '.join(_COSTS)} FROM {run.relation('statements')}")
    owner_of = _owners(keys)
    return [_line(owner_of, row[: -len(_COSTS)], row[-len(_COSTS) :]) for row in rows]


def key_names(lines: Iterable[Line], keys: Sequence[str]) -> list[str]:
    """The taxonomy keys, then those that were dropped since and lines still have, by name."""
    used = {name for line in lines for name, _ in line.owner}
    return [*keys, *sorted(used.difference(keys))]


def columns(line: Line, names: Sequence[str]) -> list[str | None]:
    """The key columns of a line, in the order of the relation `statements`."""
    owner = dict(line.owner)
    return [*line[:4], *(owner.get(name) for name in names), *line[5:11]]


def canonical(values: Sequence[str | None]) -> str:
    """Texts as a JSON array of RFC 8785."""
    return _JSON.encode(values)


def written(lines: Sequence[Line], keys: Sequence[str]) -> bytes:
    """The bytes of `statements.csv`; `keys` is the taxonomy of the time."""
    names = key_names(lines, keys)
    rows = [[*(cell or "" for cell in columns(line, names)), *_figures(line)] for line in lines]
    table = [[*_HEAD, *names, *_TAIL, *_COSTS], *sorted(rows)]
    return "".join(",".join(map(_cell, row)) + "\n" for row in table).encode()


def read(raw: bytes) -> list[Line]:
    """The lines in the bytes of `statements.csv`.

    Raises:
        ValueError: they are no such file.
    """
    try:
        header, *rows = csv.reader(StringIO(raw.decode(), newline=""), strict=True)
        names = header[len(_HEAD) : -len(_TAIL) - len(_COSTS)]
        if header != [*_HEAD, *names, *_TAIL, *_COSTS]:
            raise ValueError("its header is another one")
        if any(len(row) != len(header) for row in rows):
            raise ValueError("a line has more or fewer cells than the header")
        cut = len(header) - len(_COSTS)
        owner_of = _owners(names)
        return [
            _line(owner_of, [cell or None for cell in row[:cut]], list(map(_number, row[cut:])))
            for row in rows
        ]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def units(cost: Decimal) -> int:
    """An exact cost in integers of 10^-18."""
    return int(EXACT.scaleb(cost, SCALE))


def exact(units_e18: int) -> Decimal:
    """The cost of integers of 10^-18."""
    return Decimal(f"{units_e18}E-{SCALE}")


def digits_of(currency: str) -> int:
    """Digits of the minor unit of a currency, which a statement has; so it is known."""
    digits = minor_digits(currency)
    assert digits is not None, currency
    return digits


def _owners(keys: Sequence[str]) -> Callable[[tuple[_Text, ...]], Owner]:
    """What gives the owner of the values of `keys`; few owners have many lines."""
    order = sorted(range(len(keys)), key=keys.__getitem__)

    @cache
    def owner(values: tuple[_Text, ...]) -> Owner:
        found = ((keys[at], values[at]) for at in order)
        return tuple((key, value) for key, value in found if value is not None)

    return owner


def _line(
    owner_of: Callable[[tuple[_Text, ...]], Owner],
    texts: Sequence[_Text],
    costs: Sequence[Decimal],
) -> Line:
    period, corrects, currency, basis, *owner = texts[: -len(_TAIL)]
    method, pool, layer, provider, issuer, service = texts[-len(_TAIL) :]
    if not (period and currency and basis and method):
        raise ValueError("a line lacks a cell")
    key = (period, corrects, currency, basis, owner_of(tuple(owner)), method)
    return Line(*key, pool, layer, provider, issuer, service, *costs)


def _cell(text: str) -> str:
    # The csv module leaves a lone carriage return bare, and then reads it as the end of a row.
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"`{text}` is no amount") from error
    if not number.is_finite():
        raise ValueError(f"`{text}` is no amount")
    return number


def _figures(line: Line) -> list[str]:
    digits = digits_of(line.currency)
    amounts = (line.billed_amount, line.effective_amount)
    return [
        *(_plain(cost) for cost in (line.billed, line.effective)),
        *(f"{EXACT.quantize(amount, Decimal(1).scaleb(-digits)):f}" for amount in amounts),
    ]


def _plain(cost: Decimal) -> str:
    """Every digit, without exponent and trailing zeros; zero has no sign."""
    text = f"{cost:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
