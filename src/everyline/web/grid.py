"""Tables of pages: values as they are, so that a page, CSV, XLSX and JSON all show the same."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, NamedTuple, TypeVar, overload

from everyline.control import EXACT

T = TypeVar("T")

Kind = Literal[
    "text", "word", "money", "change", "exact", "fine", "quantity", "count", "share", "bar"
]
"""How values of a column are set.

`money` and `change` are amounts in minor units, `exact` has every digit, `fine` nine decimals,
`quantity` three, `share` is a Fraction,
`word` a text of a fixed list, `bar` a drawing that only pages have.
"""

SHARE_DIGITS = 6
"""Decimals of shares in files."""

SHOWN_MAX = 100
"""Rows of a long table that a page has until `all=1` asks for every one."""

Value = str | Decimal | int | Fraction | bool | None


class Head(NamedTuple):
    """A column: its name in files, what stands above it on a page, and its kind."""

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""

    @property
    def is_figure(self) -> bool:
        """Whether it stands to the right."""
        return self.kind not in ("text", "word", "bar")


class Cell(NamedTuple):
    """A value, where it leads to, and what a page shows in its place where it is not plain."""

    value: Value
    href: str | None = None
    shown: str | None = None


class Rows(Sequence[Sequence[Cell]]):
    """Rows that are made when they are asked for: a page may have a few of thousands."""

    def __init__(self, of: Sequence[T], make: Callable[[T], Sequence[Cell]]) -> None:
        self._of: Sequence[Any] = of
        self._make: Callable[[Any], Sequence[Cell]] = make

    def __len__(self) -> int:
        return len(self._of)

    @overload
    def __getitem__(self, at: int) -> Sequence[Cell]: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Sequence[Cell]]: ...

    def __getitem__(self, at: int | slice) -> Sequence[Cell] | Sequence[Sequence[Cell]]:
        if isinstance(at, slice):
            return [self._make(one) for one in self._of[at]]
        return self._make(self._of[at])


@dataclass(frozen=True, slots=True)
class Grid:
    """One table.

    Attributes:
        name: as the address of its files has it.
        caption: what it shows, in a few words.
        currency: of its amounts; None where it has none, or a column says so.
        rows: a cell a head.
        total: a last row that sums the others; empty where nothing is summed.
        more: how many rows there are beyond those here, and where they are listed.
        brief: what a page has in place of `rows` where they are too many for it; files have all.
    """

    name: str
    caption: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    currency: str | None = None
    total: Sequence[Cell] = ()
    more: tuple[int, str] | None = None
    empty: str = "no rows"
    notes: Sequence[str] = field(default=())
    brief: Sequence[Sequence[Cell]] = ()

    def shortened(self, most: int, href: str) -> "Grid":
        """The same, of which a page has `most` rows and the sum of the others, which is at `href`.

        A row without a name, which is what nobody has, is always there.
        """
        named = [row for row in self.rows if row[0].value is not None]
        if len(named) <= most + 1:
            return self
        others = named[most:]
        row = [Cell(f"{len(others):,} others", href)]
        for n, head in enumerate(self.heads[1:], 1):
            values = [one[n].value for one in others]
            adds = head.kind in ("money", "change", "share")
            row.append(Cell(_added(values) if adds else None, None, None if adds else ""))
        nameless = [one for one in self.rows if one[0].value is None]
        return replace(self, brief=[*named[:most], row, *nameless])


def _added(values: Sequence[Value]) -> Value:
    if all(one is None for one in values):
        return None
    shares = [one for one in values if isinstance(one, Fraction)]
    if shares:
        return sum(shares, Fraction(0))
    return summed(one for one in values if isinstance(one, Decimal))


def cells(*values: Value) -> list[Cell]:
    """Cells that lead nowhere."""
    return [Cell(value) for value in values]


def summed(amounts: Iterable[Decimal]) -> Decimal:
    """Their sum, exact."""
    whole = Decimal(0)
    for amount in amounts:
        whole = EXACT.add(whole, amount)
    return whole


def decimal(share: Fraction | None) -> Decimal | None:
    """A share with as many digits as files have, half-even."""
    return None if share is None else Decimal(round(share * 10**SHARE_DIGITS)).scaleb(-SHARE_DIGITS)
