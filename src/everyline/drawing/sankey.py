"""Where money flows: columns of nodes in the order given, and flows between neighbours.

Two months look alike where they are alike, because nothing is moved to look better: nodes stand as
given, and at each node flows stand in the order of their other end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from everyline.drawing import words
from everyline.drawing.lengths import PX, cuts, px, spread
from everyline.drawing.netting import (
    Column,
    End,
    Ends,
    Link,
    Net,
    folded,
    net_of_nodes,
    nets_of,
    nodes_of,
)
from everyline.drawing.palette import TONES
from everyline.drawing.words import BOLD, Table, Undrawn
from everyline.exports.markup import plain

WIDTH_MIN, HEIGHT_MIN = 480, 240
"""Pixels below which names and gaps leave no room for flows."""

NODE = 12 * PX
"""The width of a node."""

_GAP, _GAP_MAX = 10 * PX, 28 * PX
_LOWEST = 2 * PX
_LINE, _EDGE, _BESIDE = 16 * PX, 9 * PX, 7 * PX
_SIDE = Fraction(22, 100)
"""The most of the width that the names of the first or last column take."""


@dataclass(frozen=True, slots=True)
class Block:
    """A node as drawn. Lengths are in hundredths of a pixel.

    Attributes:
        mark: `2-0` for the first node of the third column, in names of classes.
        size: what its height stands for: its net, or what flows in or out if that is more.
        told: name, net and share in full.
        label: the name as it fits.
        figure: the net in whole units.
        anchor: `end` where the label stands left of the node, else `start`.
    """

    end: End
    mark: str
    size: Fraction
    told: str
    label: str
    figure: str
    href: str
    tone: str
    x: int
    y: int
    height: int
    label_x: int
    label_y: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A link as drawn: from `y0` (`width0` high) to `y1` (`width1` high); `path` is its outline.

    `marks` are those of its nodes.
    """

    source: End
    target: End
    marks: tuple[str, str]
    amount: Fraction
    told: str
    href: str
    tone: str
    y0: int
    width0: int
    y1: int
    width1: int
    path: str

    @property
    def role(self) -> str:
        """How it is painted: what is too thin for an area is a thread."""
        return "flow" if max(self.width0, self.width1) >= PX else "thread"


@dataclass(frozen=True, slots=True)
class Sankey:
    """The drawing. The flows between two columns and what is undrawn there sum to what was given.

    `tones` are those of the legend, `table` has every link, also those that were put together.
    `undrawn_sum` is no sum where links of several steps are left: it would count money again.
    """

    width: int
    height: int
    blocks: tuple[Block, ...]
    flows: tuple[Flow, ...]
    undrawn: tuple[Undrawn, ...]
    undrawn_sum: str
    tones: tuple[str, ...]
    table: Table


class _Frame(NamedTuple):
    """What every part needs: how many columns, the size, the currency, and what all is."""

    columns: int
    width: int
    height: int
    currency: str
    whole: Fraction

    def told(self, name: str, amount: Fraction) -> str:
        return words.told(name, amount, self.currency, self.whole)


def sankey(
    columns: Sequence[Column], links: Iterable[Link], width: int, height: int, currency: str
) -> Sankey:
    """Lays out a chart of `width` x `height` pixels; the order of links does not matter.

    A link is drawn if it is above zero and so are both its nodes; else it is listed.

    Raises:
        ValueError: as `nodes_of` and `nets_of`; fewer than two columns; or a chart too small.
    """
    if len(columns) < 2 or width < WIDTH_MIN or height < HEIGHT_MIN:
        raise ValueError(f"{len(columns)} columns on {width} x {height} pixels cannot be drawn")
    nodes = nodes_of(columns)
    given = nets_of(links, nodes)
    ends, nets = folded(columns, nodes, given)
    net = net_of_nodes(nets)
    above = {end: node for end, node in ends.items() if net.get(end, 0) > 0}
    drawn = [n for n in nets if n.amount > 0 and n.source in above and n.target in above]
    above = above if drawn else {}  # nodes that nothing flows between are no chart
    kept = set(drawn)
    whole = words.total(one.amount for one in given if one.source[0] == 0)
    frame = _Frame(len(columns), width * PX, height * PX, currency, whole)
    blocks = _blocks(above, net, drawn, frame)
    flows = _flows(drawn, blocks, ends, frame)
    left = [one for one in nets if one not in kept]
    used = {one.tone for one in blocks.values()} | {one.tone for one in flows}
    return Sankey(
        frame.width,
        frame.height,
        tuple(blocks.values()),
        tuple(flows),
        tuple(words.undrawn(_between(n, ends), n.amount, currency, n.href) for n in left),
        _sum_of(left, currency),
        tuple(tone for tone in TONES if tone in used and tone != "team"),
        _table(given, nodes, currency),
    )


def _sum_of(left: Sequence[Net], currency: str) -> str:
    if len({one.source[0] for one in left}) > 1:
        return f"{currency}, the same money at each step"
    return words.in_all(words.total(one.amount for one in left), currency)


def _blocks(
    nodes: Ends, net: Mapping[End, Fraction], drawn: Sequence[Net], frame: _Frame
) -> dict[End, Block]:
    flowing = net_of_nodes(drawn)
    sizes = {end: max(net[end], flowing.get(end, Fraction(0))) for end in nodes}
    by_column = [[end for end in nodes if end[0] == at] for at in range(frame.columns)]
    scale = _scale([[sizes[end] for end in own] for own in by_column], frame.height)
    heights = {end: max(_LOWEST, int(scale * size)) for end, size in sizes.items()}
    figures = {end: words.whole(net[end]) for end in nodes}
    texts = {end: words.width(f"{node.name} {figures[end]}", BOLD) for end, node in nodes.items()}
    places = _columns([[texts[end] for end in own] for own in by_column], frame.width)
    made: dict[End, Block] = {}
    for at, (own, (x, room)) in enumerate(zip(by_column, places, strict=True)):
        tops = _tops([heights[end] for end in own], frame.height)
        middles = [top + heights[end] // 2 for top, end in zip(tops, own, strict=True)]
        labels = spread(middles, _LINE, _EDGE, frame.height - _EDGE)
        for place, (end, top, middle) in enumerate(zip(own, tops, labels, strict=True)):
            node, figure = nodes[end], figures[end]
            left_of_figure = room - _BESIDE - words.width(f" {figure}")
            made[end] = Block(
                end,
                f"{at}-{place}",
                sizes[end],
                frame.told(node.name, net[end]),
                words.fit(node.name, left_of_figure, BOLD),
                figure,
                node.href,
                node.tone,
                x,
                top,
                heights[end],
                x + (NODE + _BESIDE if at else -_BESIDE),
                middle,
                "start" if at else "end",
            )
    return made


def _scale(sizes: Sequence[Sequence[Fraction]], height: int) -> Fraction:
    """Length of an amount: that of the column with the least room for its sum."""
    free = [(height - (_GAP + _LOWEST) * len(own) + _GAP, words.total(own)) for own in sizes if own]
    return min((Fraction(room, total) for room, total in free), default=Fraction(0))


def _columns(texts: Sequence[Sequence[int]], width: int) -> list[tuple[int, int]]:
    """Where columns begin, and the room of their names: left of the first, right of the others."""
    most = int(width * _SIDE)
    left, right = (min(most, max(texts[at], default=0) + _BESIDE) for at in (0, -1))
    step = Fraction(width - left - right - NODE, len(texts) - 1)
    between = [int(step) - NODE] * (len(texts) - 2)
    rooms = [left, *between, right]
    return [(left + round(step * at), room) for at, room in enumerate(rooms)]


def _tops(heights: Sequence[int], height: int) -> list[int]:
    """Where the nodes of a column begin, in the middle of the height."""
    left, gaps = height - sum(heights), max(len(heights) - 1, 1)
    gap = min(_GAP_MAX, left // gaps)
    top = (left - gap * (len(heights) - 1)) // 2
    tops = []
    for one in heights:
        tops.append(top)
        top += one + gap
    return tops


def _flows(
    drawn: Sequence[Net], blocks: Mapping[End, Block], ends: Ends, frame: _Frame
) -> list[Flow]:
    """Drawn nets come by source and then by target, so both ends are in the order of the other."""
    out = _at_ends(drawn, blocks, [net.source for net in drawn])
    into = _at_ends(drawn, blocks, [net.target for net in drawn])
    made = []
    for net, (y0, width0), (y1, width1) in zip(drawn, out, into, strict=True):
        x0, x1 = blocks[net.source].x + NODE, blocks[net.target].x
        path = _outline((x0, y0, width0), (x1, y1, width1))
        told = frame.told(_between(net, ends), net.amount)
        made.append(
            Flow(
                net.source,
                net.target,
                (blocks[net.source].mark, blocks[net.target].mark),
                net.amount,
                told,
                net.href,
                net.tone,
                y0,
                width0,
                y1,
                width1,
                path,
            )
        )
    return made


def _at_ends(
    drawn: Sequence[Net], blocks: Mapping[End, Block], ends: Sequence[End]
) -> list[tuple[int, int]]:
    """Top and width of each net at one of its ends: there they fill their part of the node."""
    at_node: dict[End, list[int]] = {}
    for place, end in enumerate(ends):
        at_node.setdefault(end, []).append(place)
    found: dict[int, tuple[int, int]] = {}
    for end, places in at_node.items():
        block = blocks[end]
        bounds = cuts([drawn[place].amount for place in places], block.size, block.height)
        for place, low, high in zip(places, bounds[:-1], bounds[1:], strict=True):
            found[place] = (block.y + low, high - low)
    return [found[place] for place in range(len(drawn))]


def _outline(start: tuple[int, int, int], end: tuple[int, int, int]) -> str:
    """An area between two nodes, each end level with its node."""
    (x0, y0, width0), (x1, y1, width1) = start, end
    half = (x0 + x1) // 2
    there = f"M{px(x0)} {px(y0)}C{px(half)} {px(y0)} {px(half)} {px(y1)} {px(x1)} {px(y1)}"
    low0, low1 = px(y0 + width0), px(y1 + width1)
    return f"{there}V{low1}C{px(half)} {low1} {px(half)} {low0} {px(x0)} {low0}Z"


def _between(net: Net, ends: Ends) -> str:
    return f"{ends[net.source].name} → {ends[net.target].name}"


def _table(given: Sequence[Net], nodes: Ends, currency: str) -> Table:
    rows = (
        (
            plain(nodes[net.source].name),
            plain(nodes[net.target].name),
            words.minor(net.amount, currency),
        )
        for net in given
    )
    return Table(("From", "To", f"Amount, {currency}"), tuple(rows))
