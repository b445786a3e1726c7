"""Bars that lie: what each row is made of, or what made a change. Below zero is left of zero."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from everyline import figures
from everyline.drawing import words
from everyline.drawing.lengths import PX, Amount
from everyline.drawing.palette import METHODS, TONES, check_tones
from everyline.drawing.words import BOLD, Table
from everyline.exports.markup import plain

PARTS_MAX = 12
"""Parts of a change; of more, the smallest become one."""

LISTED_MAX = 100
"""Parts that the table of a chart has; of more, those that are drawn."""

ROW, BAR = 32 * PX, 18 * PX
"""The heights of a row, and of the bar within it."""

_BESIDE = 8 * PX
_SIDE = Fraction(3, 10)
_NIL = Fraction(0)


class Slice(NamedTuple):
    """A part of a row: its token of the palette, its amount, its page."""

    tone: str
    amount: Amount
    href: str


class Bar(NamedTuple):
    """A row: its name, its page, its parts."""

    name: str
    href: str
    slices: Sequence[Slice]


class Change(NamedTuple):
    """A part of a change: its name, what it adds, its page."""

    name: str
    amount: Amount
    href: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part as drawn."""

    x: int
    width: int
    amount: Fraction
    told: str
    href: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row as drawn, from `y` down; `joint` is where a line leads to the next row, if it does."""

    y: int
    label: str
    figure: str
    told: str
    href: str
    pieces: tuple[Piece, ...]
    joint: int | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """The drawing: names up to `left`, bars up to `right`, then figures. `zero` is a place.

    Attributes:
        zero_is: what zero is, where it is not zero cost.
    """

    width: int
    height: int
    left: int
    right: int
    zero: int
    rows: tuple[Row, ...]
    tones: tuple[str, ...]
    table: Table
    zero_is: str = ""


def bars(rows: Iterable[Bar], width: int, currency: str) -> Bars:
    """Rows in the order given, their parts in the order of methods: all on one scale.

    Raises:
        ValueError: a tone that the palette does not have.
    """
    given = [_Given(bar, _in_order(bar)) for bar in rows]
    spans = [(one.low, one.high) for one in given]
    whole = words.total(one.net for one in given)
    frame = _frame([(g.bar.name, words.whole(g.net)) for g in given], spans, width * PX)
    made = []
    for at, one in enumerate(given):
        pieces = []
        low = high = _NIL
        for tone, amount, href in one.slices:
            start = low if amount < 0 else high
            low, high = low + min(amount, _NIL), high + max(amount, _NIL)
            told = words.told(f"{one.bar.name}, {tone}", amount, currency, whole)
            pieces.append(_piece(frame, start, (amount, told, href, tone)))
        told = words.told(one.bar.name, one.net, currency, whole)
        made.append(
            _row(frame, at, (one.bar.name, words.whole(one.net), told, one.bar.href), pieces)
        )
    used = {piece.tone for row in made for piece in row.pieces}
    tones = tuple(tone for tone in TONES if tone in used)
    return _chart(frame, made, tones, _table(given, tones, currency))


def changes(
    parts: Iterable[Change],
    sums: tuple[Amount, Amount],
    currency: str,
    width: int,
    rest_href: str,
) -> Bars:
    """What made a change: each part begins where the one before it ends, the change is last.

    Parts come largest first, whatever their order. Bars start from the cost before, so that small
    parts can be seen; the chart says so, and what the change is of it.

    Args:
        sums: the cost before, and now.
        rest_href: the page of the whole change, and of parts too small to stand alone.

    Raises:
        ValueError: the parts do not sum to the change.
    """
    before = Fraction(sums[0])
    whole = Fraction(sums[1]) - before
    given = sorted(
        ((one.name, Fraction(one.amount), one.href) for one in parts),
        key=lambda one: (-abs(one[1]), one[1], one[0], one[2]),
    )
    if words.total(amount for _, amount, _ in given) != whole:
        raise ValueError(f"the parts do not sum to {whole}")
    every = given
    if len(given) > PARTS_MAX:
        rest = given[PARTS_MAX - 1 :]
        amount = words.total(amount for _, amount, _ in rest)
        given = [*given[: PARTS_MAX - 1], (words.others(len(rest)), amount, rest_href)]
    listed = every if len(every) <= LISTED_MAX else given
    table = _table_of_changes([*listed, ("Change", whole, "")], currency)
    shown = [*given, ("Change", whole, rest_href)]
    starts = [words.total(amount for _, amount, _ in given[:at]) for at in range(len(given))]
    starts.append(Fraction(0))
    spans = [
        (min(start, start + one[1]), max(start, start + one[1]))
        for start, one in zip(starts, shown, strict=True)
    ]
    frame = _frame([(name, words.signed(amount)) for name, amount, _ in shown], spans, width * PX)
    made = []
    for at, (start, (name, amount, href)) in enumerate(zip(starts, shown, strict=True)):
        figure = words.signed(amount)
        told = f"{plain(name)} {figure} {currency}"
        tone = "more" if amount > 0 else "less"
        piece = _piece(frame, start, (amount, told, href, tone))
        row = _row(frame, at, (name, figure, told, href), [piece])
        made.append(row if at == len(given) else _joined(row, frame.at(start + amount)))
    tones = tuple(
        tone for tone in TONES if any(r.pieces and r.pieces[0].tone == tone for r in made)
    )
    zero_is = f"Zero is the cost before, {words.with_currency(before, currency)}"
    if before > 0:
        zero_is += f"; the change is {figures.percent(Fraction(whole, before))} of it"
    return replace(_chart(frame, made, tones, table), zero_is=f"{zero_is}.")


class _Given(NamedTuple):
    bar: Bar
    slices: Sequence[tuple[str, Fraction, str]]

    @property
    def net(self) -> Fraction:
        return words.total(amount for _, amount, _ in self.slices)

    @property
    def low(self) -> Fraction:
        return words.total(min(amount, _NIL) for _, amount, _ in self.slices)

    @property
    def high(self) -> Fraction:
        return words.total(max(amount, _NIL) for _, amount, _ in self.slices)


class _Frame(NamedTuple):
    """The edges of the bars, and the amounts at them."""

    width: int
    left: int
    right: int
    low: Fraction
    high: Fraction

    def at(self, amount: Fraction) -> int:
        span = self.high - self.low
        wide = (self.right - self.left) * (amount - self.low)
        return self.left + (round(Fraction(wide, span)) if span else 0)


def _in_order(bar: Bar) -> list[tuple[str, Fraction, str]]:
    check_tones(one.tone for one in bar.slices)
    order = {tone: at for at, tone in enumerate(dict.fromkeys((*METHODS, *TONES)))}
    slices = sorted(bar.slices, key=lambda one: (order[one.tone], Fraction(one.amount), one.href))
    return [(one.tone, Fraction(one.amount), one.href) for one in slices]


def _frame(
    texts: Sequence[tuple[str, str]], spans: Sequence[tuple[Fraction, Fraction]], width: int
) -> _Frame:
    names = max((words.width(name, BOLD) for name, _ in texts), default=0)
    beside = max((words.width(figure) for _, figure in texts), default=0)
    left = min(names + _BESIDE, int(width * _SIDE))
    right = max(width - beside - _BESIDE, left + PX)
    low = min((low for low, _ in spans), default=Fraction(0))
    high = max((high for _, high in spans), default=Fraction(0))
    return _Frame(width, left, right, min(low, Fraction(0)), max(high, Fraction(0)))


def _piece(frame: _Frame, start: Fraction, part: tuple[Fraction, str, str, str]) -> Piece:
    amount, told, href, tone = part
    low, high = sorted((frame.at(start), frame.at(start + amount)))
    return Piece(low, high - low, amount, told, href, tone)


def _row(frame: _Frame, at: int, texts: tuple[str, str, str, str], pieces: Sequence[Piece]) -> Row:
    name, figure, told, href = texts
    label = words.fit(name, frame.left - _BESIDE, BOLD)
    return Row(at * ROW, label, figure, told, href, tuple(p for p in pieces if p.amount))


def _joined(row: Row, joint: int) -> Row:
    return Row(row.y, row.label, row.figure, row.told, row.href, row.pieces, joint)


def _chart(frame: _Frame, rows: Sequence[Row], tones: tuple[str, ...], table: Table) -> Bars:
    zero = frame.at(Fraction(0))
    height = max(len(rows), 1) * ROW
    return Bars(frame.width, height, frame.left, frame.right, zero, tuple(rows), tones, table)


def _table(given: Sequence[_Given], tones: Sequence[str], currency: str) -> Table:
    rows = []
    for one in given:
        by_tone = [words.total(a for t, a, _ in one.slices if t == tone) for tone in tones]
        cells = (words.minor(amount, currency) for amount in (*by_tone, one.net))
        rows.append((plain(one.bar.name), *cells))
    heads = ("Name", *(words.capital(tone) for tone in tones), f"Sum, {currency}")
    return Table(heads, tuple(rows), len(tones) + 1)


def _table_of_changes(given: Sequence[tuple[str, Fraction, str]], currency: str) -> Table:
    rows = tuple((plain(n), words.minor(amount, currency)) for n, amount, _ in given)
    return Table(("What", f"Change, {currency}"), rows)
