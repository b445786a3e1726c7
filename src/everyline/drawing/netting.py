"""What a sankey draws of what it is given: nets of links, and the smallest nodes as one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from everyline.drawing import words
from everyline.drawing.lengths import Amount
from everyline.drawing.palette import check_tones

NODES_MAX = 12
"""Nodes of a column; of more, the smallest become one."""

REST_TONE = "team"
"""The token of what was put together from several."""


class Node(NamedTuple):
    """A place of a column: its key there, its name, its token of the palette, its page."""

    key: str
    name: str
    tone: str
    href: str


class Column(NamedTuple):
    """Nodes from top to bottom, and the page of those that are too small to stand alone."""

    name: str
    nodes: Sequence[Node]
    rest_href: str


class Link(NamedTuple):
    """Net money from a node of column `at` to one of the next; without a tone, its source's."""

    at: int
    source: str
    target: str
    amount: Amount
    href: str
    tone: str = ""


End = tuple[int, str]
"""A node: its column and its key there."""

Ends = Mapping[End, Node]
"""Nodes, in the order in which they stand."""


class Net(NamedTuple):
    """The net of all links between two nodes."""

    source: End
    target: End
    amount: Fraction
    href: str
    tone: str


def nodes_of(columns: Sequence[Column]) -> Ends:
    """Every node.

    Raises:
        ValueError: two nodes of a column have one key, or a tone is unknown.
    """
    nodes = {(at, node.key): node for at, column in enumerate(columns) for node in column.nodes}
    if len(nodes) != sum(len(column.nodes) for column in columns):
        raise ValueError("two nodes of one column have the same key")
    check_tones(node.tone for node in nodes.values())
    return nodes


def nets_of(links: Iterable[Link], nodes: Ends) -> list[Net]:
    """The links in the order of their nodes, whatever order they came in.

    Raises:
        ValueError: a link from or to no node, two between the same nodes, or an unknown tone.
    """
    found: dict[tuple[End, End], Net] = {}
    for link in links:
        source, target = (link.at, link.source), (link.at + 1, link.target)
        if source not in nodes or target not in nodes or (source, target) in found:
            raise ValueError(f"the link from {source} to {target} lacks a node, or is there twice")
        tone = link.tone or nodes[source].tone
        found[source, target] = Net(source, target, Fraction(link.amount), link.href, tone)
    check_tones(net.tone for net in found.values())
    return _in_order(found.values(), nodes)


def net_of_nodes(nets: Iterable[Net]) -> dict[End, Fraction]:
    """What flows into a node or out of it: the larger, of the sides that have links."""
    into: dict[End, Fraction] = defaultdict(Fraction)
    out: dict[End, Fraction] = defaultdict(Fraction)
    for one in nets:
        out[one.source] += one.amount
        into[one.target] += one.amount
    sides = (into, out)
    return {end: max(side[end] for side in sides if end in side) for end in {**into, **out}}


def folded(columns: Sequence[Column], nodes: Ends, nets: Sequence[Net]) -> tuple[Ends, list[Net]]:
    """The nodes and nets, with one node for the smallest of a column that has too many."""
    net = net_of_nodes(nets)
    ends: dict[End, Node] = {}
    small: dict[End, End] = {}
    for at, column in enumerate(columns):
        own = [end for end in nodes if end[0] == at]
        by_size = sorted((end for end in own if net.get(end, 0) > 0), key=lambda end: -net[end])
        rest = by_size[NODES_MAX - 1 :] if len(by_size) > NODES_MAX else []
        left = set(rest)
        ends |= {end: nodes[end] for end in own if end not in left}
        if rest:
            end = (at, _unused([key for _, key in own]))
            tone = _one([nodes[one].tone for one in rest])
            ends[end] = Node(end[1], words.others(len(rest)), tone, column.rest_href)
            small |= dict.fromkeys(rest, end)
    return ends, _merged(nets, small, ends) if small else list(nets)


def _merged(nets: Sequence[Net], small: Mapping[End, End], ends: Ends) -> list[Net]:
    by_ends: dict[tuple[End, End], list[Net]] = defaultdict(list)
    for one in nets:
        by_ends[small.get(one.source, one.source), small.get(one.target, one.target)].append(one)
    rests = set(small.values())
    made = []
    for (source, target), its in by_ends.items():
        rest = next((end for end in (source, target) if end in rests), None)
        href = its[0].href if rest is None else ends[rest].href
        amount = words.total(one.amount for one in its)
        made.append(Net(source, target, amount, href, _one([one.tone for one in its])))
    return _in_order(made, ends)


def _in_order(nets: Iterable[Net], nodes: Ends) -> list[Net]:
    order = {end: place for place, end in enumerate(nodes)}
    return sorted(nets, key=lambda one: (order[one.source], order[one.target]))


def _one(tones: Sequence[str]) -> str:
    return tones[0] if len(set(tones)) == 1 else REST_TONE


def _unused(taken: Sequence[str]) -> str:
    key = "other"
    while key in taken:
        key += "+"
    return key
