"""What money is made of, in two levels: groups as boxes, and their parts within, squarified.

A box stands for its group with the strip of its name; parts share what is below the strip. So
groups compare by area with groups, and parts with parts of their group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from everyline.drawing import words
from everyline.drawing.lengths import PX, Amount, cuts, units
from everyline.drawing.palette import TONES, check_tones
from everyline.drawing.words import BOLD, Table, Undrawn
from everyline.exports.markup import plain

GROUPS_MAX = 40
"""Groups of a chart; of more, the smallest become one."""

STRIP = 20 * PX
"""The height of a strip with a name."""

_FINE = 10**6
"""Steps in a hundredth of a pixel; places are rounded from these once, so errors do not add."""

_STRIP_ROOM = (36 * PX, 30 * PX)
_CELL_ROOM = (36 * PX, 20 * PX)
_FIGURE_ROOM = 36 * PX
_INSET = 9 * PX
_BORDER = 2 * PX
_LETTERS = 5


class Part(NamedTuple):
    """An amount of a group: its name, its token of the palette, its page."""

    name: str
    tone: str
    amount: Amount
    href: str


class Group(NamedTuple):
    """A box: its name, its page, and what it is made of."""

    name: str
    href: str
    parts: Sequence[Part]


class Box(NamedTuple):
    """A place in hundredths of a pixel."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A part as drawn; `label` and `figure` are empty where it is too small for them."""

    box: Box
    amount: Fraction
    told: str
    label: str
    figure: str
    href: str
    tone: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A group as drawn.

    Attributes:
        size: what its area stands for: its parts above zero.
        told: name, net and share in full.
        label, figure: name and net as they fit; without a label it has no strip.
    """

    box: Box
    size: Fraction
    told: str
    label: str
    figure: str
    href: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Treemap:
    """The drawing. Its cells and what is undrawn sum to what was given."""

    width: int
    height: int
    tiles: tuple[Tile, ...]
    undrawn: tuple[Undrawn, ...]
    undrawn_sum: str
    tones: tuple[str, ...]
    table: Table


class _Whole(NamedTuple):
    currency: str
    amount: Fraction

    def told(self, name: str, amount: Fraction) -> str:
        return words.told(name, amount, self.currency, self.amount)


def treemap(
    groups: Iterable[Group], width: int, height: int, currency: str, rest_href: str
) -> Treemap:
    """Lays out a chart of `width` x `height` pixels; the order of groups and parts does not matter.

    A group is drawn if its net is above zero, and of it the parts above zero; the rest is listed.

    Args:
        rest_href: the page of the groups that are too small to stand alone.

    Raises:
        ValueError: a tone that the palette does not have.
    """
    given = sorted(map(_in_order, groups), key=lambda g: (-_net(g), g.name, g.href, g.parts))
    shown = [group for group in given if _net(group) > 0]
    if len(shown) > GROUPS_MAX:
        rest = _together(shown[GROUPS_MAX - 1 :], rest_href)
        shown = [*shown[: GROUPS_MAX - 1], rest]
    whole = _Whole(currency, words.total(map(_net, given)))
    sizes = [_size(group) for group in shown]
    boxes = squarified(sizes, Box(0, 0, width * PX, height * PX))
    tiles = [_tile(*one, whole) for one in zip(shown, boxes, sizes, strict=True)]
    left = [(g.name, _net(g), g.href) for g in given if _net(g) <= 0]
    left += [
        (f"{group.name}: {part.name}", Fraction(part.amount), part.href)
        for group in shown
        for part in group.parts
        if part.amount <= 0
    ]
    used = {cell.tone for tile in tiles for cell in tile.cells}
    return Treemap(
        width * PX,
        height * PX,
        tuple(tiles),
        tuple(words.undrawn(name, amount, currency, href) for name, amount, href in left),
        words.in_all(words.total(amount for _, amount, _ in left), currency),
        tuple(tone for tone in TONES if tone in used and tone != "team"),
        _table(given, currency),
    )


def squarified(sizes: Sequence[Fraction], box: Box) -> list[Box]:
    """Boxes that fill `box` by their sizes, none of them longer than it must be.

    The sizes are above zero; largest first looks best. Boxes tile without gaps; what is below a
    hundredth of a pixel has no width or no height.
    """
    left = units(sizes)
    x, y, width, height = (side * _FINE for side in box)
    edges: list[tuple[int, int, int, int]] = []
    while left:
        wide = width >= height
        short, long = (height, width) if wide else (width, height)
        row = _row(left, short, long)
        total = sum(left)
        deep = round(Fraction(long * sum(row), total))
        bounds = cuts(row, sum(row), short)
        for low, high in pairwise(bounds):
            if wide:
                edges.append((x, y + low, x + deep, y + high))
            else:
                edges.append((x + low, y, x + high, y + deep))
        if wide:
            x, width = x + deep, width - deep
        else:
            y, height = y + deep, height - deep
        left = left[len(row) :]
    return [_box(edge) for edge in edges]


def _row(sizes: Sequence[int], short: int, long: int) -> Sequence[int]:
    """The first sizes, as many as make the longest box of a row along `short` least long."""
    if not short or not long:
        return sizes
    total, row, best = sum(sizes), 0, Fraction(0)
    for count, size in enumerate(sizes, 1):
        row += size
        area = row * row * long
        worst = max(
            Fraction(short * sizes[0] * total, area),
            Fraction(area, short * min(sizes[:count]) * total),
        )
        if count > 1 and worst > best:
            return sizes[: count - 1]
        best = worst
    return sizes


def _box(edge: tuple[int, int, int, int]) -> Box:
    x0, y0, x1, y1 = (round(Fraction(at, _FINE)) for at in edge)
    return Box(x0, y0, x1 - x0, y1 - y0)


def _in_order(group: Group) -> Group:
    check_tones(part.tone for part in group.parts)
    parts = sorted(group.parts, key=lambda part: (-Fraction(part.amount), part))
    return group._replace(parts=tuple(parts))


def _net(group: Group) -> Fraction:
    return words.total(Fraction(part.amount) for part in group.parts)


def _size(group: Group) -> Fraction:
    return words.total(Fraction(part.amount) for part in group.parts if part.amount > 0)


def _together(groups: Sequence[Group], href: str) -> Group:
    """One group, whose parts are those of many by name and tone."""
    sums: dict[tuple[str, str], Fraction] = {}
    for part in (part for group in groups for part in group.parts):
        key = part.name, part.tone
        sums[key] = sums.get(key, Fraction(0)) + Fraction(part.amount)
    parts = [Part(*key, words.decimal(amount), href) for key, amount in sums.items()]
    return _in_order(Group(words.others(len(groups)), href, parts))


def _tile(group: Group, box: Box, size: Fraction, whole: _Whole) -> Tile:
    label = figure = ""
    body = box
    if box.width >= _STRIP_ROOM[0] and box.height >= STRIP + _STRIP_ROOM[1]:
        label = _fitting(group.name, box.width - _INSET, BOLD)
    if label:
        body = _inside(box)
        figure = words.whole(_net(group))
        room = box.width - _INSET - words.width(label, BOLD)
        figure = figure if words.width(f" {figure}") <= room else ""
    parts = [part for part in group.parts if part.amount > 0]
    boxes = squarified([Fraction(part.amount) for part in parts], body)
    cells = tuple(_cell(group, *one, whole) for one in zip(parts, boxes, strict=True))
    told = whole.told(group.name, _net(group))
    return Tile(box, size, told, label, figure, group.href, cells)


def _inside(box: Box) -> Box:
    """What is left of a box beside its strip and its border."""
    width, height = box.width - 2 * _BORDER, box.height - STRIP - _BORDER
    return Box(box.x + _BORDER, box.y + STRIP, width, height)


def _fitting(name: str, room: int, character: int = words.CHARACTER) -> str:
    """The name, or enough of it to say something, or nothing."""
    found = words.fit(name, room, character)
    return "" if found.endswith(words.CUT) and len(found) < _LETTERS else found


def _cell(group: Group, part: Part, box: Box, whole: _Whole) -> Cell:
    amount = Fraction(part.amount)
    told = whole.told(f"{group.name}: {part.name}", amount)
    label = figure = ""
    if box.width >= _CELL_ROOM[0] and box.height >= _CELL_ROOM[1]:
        label = _fitting(part.name, box.width - _INSET - 2 * PX)
    if label and box.height >= _FIGURE_ROOM:
        figure = words.whole(amount)
        figure = figure if words.width(figure) <= box.width - _INSET else ""
    return Cell(box, amount, told, label, figure, part.href, part.tone)


def _table(given: Sequence[Group], currency: str) -> Table:
    rows = (
        (
            plain(group.name),
            plain(part.name),
            words.minor(Fraction(part.amount), currency),
        )
        for group in given
        for part in group.parts
    )
    return Table(("Group", "Part", f"Amount, {currency}"), tuple(rows))
