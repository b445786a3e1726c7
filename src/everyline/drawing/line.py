"""A figure over time, against a target: gaps stay gaps, and what is not complete is dashed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Literal, NamedTuple

from everyline import figures
from everyline.drawing import words
from everyline.drawing.lengths import PX, Amount, px, spread
from everyline.drawing.words import BOLD, Table
from everyline.exports.markup import plain

Unit = Literal["percent", "money", "rate"]
"""How values are written: 94.8 as `94.8 %`; in whole units; or with every digit."""

STEPS_MAX = 5
"""Steps of the axis of values."""

_TOP, _BOTTOM, _BESIDE = 14 * PX, 30 * PX, 8 * PX
_LINE = 16 * PX
_ROUND = (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10))
_NO_DATA = "no data"
_SO_FAR = "so far"


class Point(NamedTuple):
    """A value at a time; None if there is none, `partial` if it can still change."""

    label: str
    value: Amount | None
    href: str
    partial: bool = False


class Tick(NamedTuple):
    """A place on an axis and its text."""

    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point as drawn, and the part of the width that is its own to point at."""

    x: int
    y: int
    left: int
    width: int
    told: str
    href: str
    partial: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The drawing. Lengths are in hundredths of a pixel.

    Attributes:
        left, top, right, bottom: the edges of the plot.
        zero: where zero is; it is always there, or a small change would look large.
        curves: paths of what is complete, and `dashed` of what is not.
        areas: what is between curves and the zero line.
        target: where the target is, and its text; the same of the `last` value.
    """

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int
    zero: int
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    dots: tuple[Dot, ...]
    curves: tuple[str, ...]
    dashed: tuple[str, ...]
    areas: tuple[str, ...]
    target: int | None
    target_label: Tick | None
    last_label: Tick | None
    table: Table


def line(
    points: Sequence[Point],
    target: Amount | None,
    width: int,
    height: int,
    unit: Unit = "percent",
) -> Line:
    """Lays out a chart of `width` x `height` pixels, points in the order given.

    Values and target are in what they are shown in: percent, or units of a currency.
    """
    rows = _rows([*(point.value for point in points), target], unit)
    decimals = _decimals(rows)
    labels = [_written(row, unit, decimals) for row in rows]
    last = next((point for point in reversed(points) if point.value is not None), None)
    last_text = shown(last.value, unit) if last and last.value is not None else ""
    target_text = "" if target is None else f"Target {_target(target, unit)}"
    left = max(words.width(label, BOLD) for label in labels) + _BESIDE
    beside = max(words.width(text, BOLD) for text in (last_text, target_text))
    plot = _Plot(
        left,
        _TOP,
        width * PX - (beside + _BESIDE + 4 * PX if beside else _BESIDE),
        height * PX - _BOTTOM,
        rows[0],
        rows[-1],
    )
    xs = plot.xs(len(points))
    places = [
        (x, None if point.value is None else plot.y(Fraction(point.value)))
        for x, point in zip(xs, points, strict=True)
    ]
    end = None if last is None or last.value is None else plot.y(Fraction(last.value))
    goal = None if target is None else plot.y(Fraction(target))
    beside_labels = _beside([(end, last_text), (goal, target_text)], plot)
    return Line(
        width * PX,
        height * PX,
        *plot[:4],
        plot.y(Fraction(0)),
        tuple(Tick(plot.y(row), label) for row, label in zip(rows, labels, strict=True)),
        tuple(_months(points, xs, plot)),
        tuple(_dots(points, places, unit)),
        tuple(_paths(points, places, partial=False)),
        tuple(_paths(points, places, partial=True)),
        tuple(_areas(places, plot)),
        goal,
        beside_labels[1],
        beside_labels[0],
        _table(points, unit),
    )


def _rows(values: Sequence[Amount | None], unit: Unit) -> list[Fraction]:
    """The axis of values: from zero, and of shares up to what could be."""
    known = [Fraction(value) for value in values if value is not None]
    known += [Fraction(0), Fraction(100 if unit == "percent" else 0)]
    return ticks(min(known), max(known))


def ticks(low: Fraction, high: Fraction) -> list[Fraction]:
    """Round values from at or below `low` to at or above `high`; from one value up to one more."""
    if low == high:
        return [low, low + 1]
    least = Fraction(high - low, STEPS_MAX)
    power = Fraction(1)
    while power * 10 <= least:
        power *= 10
    while power > least:
        power *= Fraction(1, 10)
    step = next(power * one for one in _ROUND if power * one >= least)
    first, last = floor(Fraction(low, step)), ceil(Fraction(high, step))
    return [step * at for at in range(first, last + 1)]


def shown(value: Amount, unit: Unit) -> str:
    """A value as text."""
    if unit == "percent":
        return figures.percent(Fraction(value) * Fraction(1, 100))
    if unit == "money":
        return words.whole(value)
    return figures.exact(Decimal(value)).replace("-", figures.MINUS)


def _target(value: Amount, unit: Unit) -> str:
    """A target is a round figure: no decimals that say nothing."""
    exact = shown(value, "rate")
    return f"{exact} %" if unit == "percent" else exact


class _Plot(NamedTuple):
    """The edges of the plot, and the values at its bottom and top."""

    left: int
    top: int
    right: int
    bottom: int
    low: Fraction
    high: Fraction

    def y(self, value: Fraction) -> int:
        share = Fraction(value - self.low, self.high - self.low)
        return self.bottom - round((self.bottom - self.top) * share)

    def xs(self, count: int) -> list[int]:
        if count == 1:
            return [(self.left + self.right) // 2]
        wide = self.right - self.left - 2 * _BESIDE
        return [self.left + _BESIDE + wide * at // (count - 1) for at in range(count)]


_Places = Sequence[tuple[int, int | None]]


def _written(value: Fraction, unit: Unit, decimals: int) -> str:
    rounded = Decimal(f"{round(value * 10**decimals)}E-{decimals}")
    text = f"{rounded:z,.{decimals}f}".replace("-", figures.MINUS)
    return f"{text} %" if unit == "percent" else text


def _decimals(rows: Sequence[Fraction]) -> int:
    """As many as the axis needs; its values are decimals."""
    decimals = 0
    while any((row * 10**decimals).denominator != 1 for row in rows):
        decimals += 1
    return decimals


def _months(points: Sequence[Point], xs: Sequence[int], plot: _Plot) -> Iterator[Tick]:
    """Texts of the axis of time: as many as fit, always the last."""
    widest = max((words.width(point.label) for point in points), default=0) + _BESIDE
    step = xs[1] - xs[0] if len(xs) > 1 else plot.right - plot.left
    every = max(1, -(-widest // max(step, 1)))
    for at, (x, point) in enumerate(zip(xs, points, strict=True)):
        if (len(points) - 1 - at) % every == 0:
            yield Tick(x, words.fit(point.label, plot.right - plot.left))


def _dots(points: Sequence[Point], places: _Places, unit: Unit) -> Iterator[Dot]:
    step = places[1][0] - places[0][0] if len(places) > 1 else 40 * PX
    for point, (x, y) in zip(points, places, strict=True):
        if point.value is not None and y is not None:
            yield Dot(x, y, x - step // 2, step, _told(point, unit), point.href, point.partial)


def _told(point: Point, unit: Unit) -> str:
    if point.value is None:
        return f"{plain(point.label)} {_NO_DATA}"
    so_far = f", {_SO_FAR}" if point.partial else ""
    return f"{plain(point.label)} {shown(point.value, unit)}{so_far}"


def _paths(points: Sequence[Point], places: _Places, *, partial: bool) -> Iterator[str]:
    """Lines between neighbours that both have a value; one is partial if it ends at what is."""
    path = ""
    for (one, (x0, y0)), (two, (x1, y1)) in pairwise(zip(points, places, strict=True)):
        joins = y0 is not None and y1 is not None and (one.partial or two.partial) == partial
        if joins and y0 is not None and y1 is not None:
            path = f"{path or f'M{px(x0)} {px(y0)}'}L{px(x1)} {px(y1)}"
        elif path:
            yield path
            path = ""
    if path:
        yield path


def _areas(places: _Places, plot: _Plot) -> Iterator[str]:
    floor_at = px(plot.y(Fraction(0)))
    run: list[tuple[int, int]] = []
    for x, y in [*places, (0, None)]:
        if y is not None:
            run.append((x, y))
            continue
        if len(run) > 1:
            points = "".join(f"L{px(at)} {px(high)}" for at, high in run)
            yield f"M{px(run[0][0])} {floor_at}{points}L{px(run[-1][0])} {floor_at}Z"
        run = []


def _beside(wanted: Sequence[tuple[int | None, str]], plot: _Plot) -> list[Tick | None]:
    """Texts right of the plot, each near its place and none on another."""
    by_place = sorted((at, which) for which, (at, _) in enumerate(wanted) if at is not None)
    places = spread([at for at, _ in by_place], _LINE, plot.top, plot.bottom)
    found: list[Tick | None] = [None] * len(wanted)
    for place, (_, which) in zip(places, by_place, strict=True):
        found[which] = Tick(place, wanted[which][1])
    return found


def _table(points: Sequence[Point], unit: Unit) -> Table:
    rows = []
    for point in points:
        value = _NO_DATA if point.value is None else shown(point.value, unit)
        so_far = f", {_SO_FAR}" if point.partial else ""
        rows.append((plain(point.label), f"{value}{so_far}"))
    return Table(("When", "Value"), tuple(rows))
