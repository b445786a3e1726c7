"""One chart of each kind, with names that would like to be markup."""

from decimal import Decimal
from typing import NamedTuple

from everyline.drawing.bars import Bar, Change, Slice, bars, changes
from everyline.drawing.line import Point, line
from everyline.drawing.netting import Column, Link, Node
from everyline.drawing.sankey import sankey
from everyline.drawing.treemap import Group, Part, treemap

HOSTILE = "</title></svg><script>alert(1)</script> \"'& \u202e"
HREF = '/lines?team="><script>&x=1'


class Drawing(NamedTuple):
    """A chart, the macro that draws it, and how many links it has."""

    macro: str
    chart: object
    links: int


def _sankey() -> Drawing:
    nodes = [Node("a", HOSTILE, "model", HREF), Node("b", "B", "data", "?b")]
    teams = [Node("x", "X", "team", "?x"), Node("y", HOSTILE, "unallocated", HREF)]
    links = [
        Link(0, "a", "x", 70, HREF),
        Link(0, "b", "y", 20, "?l", "unallocated"),
        Link(0, "b", "x", -3, HREF),
    ]
    columns = [Column("Layer", nodes, "?"), Column("Team", teams, "?")]
    return Drawing("sankey", sankey(columns, links, 1200, 440, "USD"), 2 + 4)


def _treemap() -> Drawing:
    groups = [
        Group(HOSTILE, HREF, [Part(HOSTILE, "model", 61200, HREF), Part("data", "data", 99, "?")]),
        Group("No use case", "?", [Part("unallocated", "unallocated", 48585, "?")]),
        Group("Refund", HREF, [Part("model", "model", -5, "?")]),
    ]
    return Drawing("treemap", treemap(groups, 700, 330, "USD", "?"), 2 + 3)


def _line() -> Drawing:
    values = ("71.2", None, "80", "94.8")
    points = [
        Point(HOSTILE, None if value is None else Decimal(value), HREF, value == "94.8")
        for value in values
    ]
    return Drawing("line", line(points, 90, 450, 330), 3)


def _bars() -> Drawing:
    slices = [Slice("direct", 60, HREF), Slice("traced", -10, "?"), Slice("shared", 3, "?")]
    return Drawing("bars", bars([Bar(HOSTILE, HREF, slices), Bar("b", "?", [])], 700, "USD"), 2 + 3)


def _changes() -> Drawing:
    parts = [Change(HOSTILE, 12, HREF), Change("b", -5, "?")]
    return Drawing("bars", changes(parts, (70, 77), "USD", 450, "?"), 2 * 3)


FULL = (_sankey(), _treemap(), _line(), _bars(), _changes())

EMPTY = (
    Drawing(
        "sankey",
        sankey([Column("a", [], "?"), Column("b", [], "?")], [], 1200, 440, "USD"),
        0,
    ),
    Drawing("treemap", treemap([], 700, 330, "USD", "?"), 0),
    Drawing("line", line([], 90, 450, 330), 0),
    Drawing("bars", bars([], 700, "USD"), 0),
)
