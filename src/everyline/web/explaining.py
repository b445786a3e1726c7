"""Explanations as pages show them: trees whose rounded amounts sum at every level.

Figures are rounded to the minor unit from the top down, as statements are (R23).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from everyline import figures, money
from everyline.control import EXACT
from everyline.explain import Node, words
from everyline.explain.nodes import summed, units

_WEIGHT_MAX = 10**7


@dataclass(frozen=True, slots=True)
class Shown:
    """A node in words.

    Attributes:
        share: of what it is in, in percent; empty where that has no meaning.
        amount: in minor units; those of one level sum to what they are in.
        said: what decided it, a sentence each.
        parts: what it is made of; `shares` and `usage` sum to it too.
        links: text and address.
    """

    kind: str
    label: str
    amount: str
    share: str = ""
    lines: str = ""
    said: Sequence[str] = ()
    parts: "Sequence[Shown]" = ()
    shares: "Sequence[Shown]" = ()
    usage: "Sequence[Shown]" = ()
    links: Sequence[tuple[str, str]] = field(default=())
    is_opened: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether there is nothing below it."""
        return not (self.said or self.parts or self.shares or self.usage or self.links)


Links = Callable[[Node, Sequence[Node]], Sequence[tuple[str, str]]]
"""Where a node leads to, given what it is in, from the figure down."""


class Drawn:
    """Makes what is shown of figures."""

    def __init__(self, keys: Sequence[str], most: int, links: Links) -> None:
        """`most` parts of each level stand alone; the others are one."""
        self._keys = keys
        self._most = most
        self._links = links

    def figure(self, node: Node) -> Shown:
        """A figure, its largest part opened."""
        digits = figures.digits_of(node.currency)
        return self.node(node, money.floor_half_up(units(node.cost), digits), ())

    def node(self, node: Node, amount: int, above: Sequence[Node]) -> Shown:
        """A node of which `amount` is shown, in minor units."""
        within = (*above, node)
        below = [
            self._level(each, amount, within) for each in (node.parts, node.shares, node.usage)
        ]
        lines = f"{node.lines:,} {'line' if node.lines == 1 else 'lines'}" if node.lines else ""
        if [part.label for part in below[0]] == [lines]:
            below[0] = []  # lines that are not listed say no more than their number
        return Shown(
            kind=node.kind,
            label=self._label(node),
            amount=_amount(amount, node.currency),
            share=percent(node.cost, above[-1].cost) if above else "",
            lines=lines,
            said=list(self._said(node)),
            parts=below[0],
            shares=below[1],
            usage=below[2],
            links=self._links(node, above),
            is_opened=not above,
        )

    def _level(self, nodes: Sequence[Node], amount: int, above: Sequence[Node]) -> list[Shown]:
        """Nodes that sum to what they are in."""
        if not nodes:
            return []
        cut = _cut(nodes, self._most)
        exact = [(str(n), units(node.cost)) for n, node in enumerate(cut)]
        parts = money.cascade(amount, exact, figures.digits_of(cut[0].currency))
        return [self.node(node, parts[str(n)], above) for n, node in enumerate(cut)]

    def _label(self, node: Node) -> str:
        facts = node.facts
        if node.kind == "line":
            moment = facts.get("ChargePeriodStart", "")[:16].replace("T", " ")
            said = (moment.removesuffix(" 00:00"), node.label)
            return " ".join(filter(None, said))
        if node.kind == "share":
            return _share_label(node)
        if node.kind == "usage":
            hours = int(facts["hours"])
            time = f"{hours:,} {'hour' if hours == 1 else 'hours'}"
            unit = f" {facts['x_Unit']}" if "x_Unit" in facts else ""
            return f"{node.label}: {_quantity(facts['x_Quantity'])}{unit} in {time}"
        if node.kind == "owner" and "x_Method" in facts:
            by = _method(facts)
            return by if node.label == facts["x_Method"] else f"{node.label}: {by}"
        return node.label

    def _said(self, node: Node) -> Iterator[str]:
        facts = node.facts
        if node.kind == "owner" or f"{self._keys[0]}_evidence" in facts:
            yield from (words.how(key, facts) for key in self._keys)
        if node.kind == "group" and "x_Layer" in facts:
            yield from words.decided(facts)
            yield from _traced(node)
        if node.kind == "line":
            yield from _line(node)
        if node.kind == "share" and "x_Driver" in facts:
            yield f"by {words.driver(facts['x_Driver'])}, level {facts.get('x_Level', '1')}"


def _method(facts: Mapping[str, str]) -> str:
    """How a part came to its owner."""
    if "x_Pool" in facts:
        return f"{facts['x_Method']} by pool {facts['x_Pool']}"
    by = f" by {facts['x_Rule']}" if "x_Rule" in facts else ""
    return facts["x_Method"] + by


def _cut(nodes: Sequence[Node], most: int) -> list[Node]:
    """The largest, and all others as one that carries their sum."""
    alone = [node for node in nodes if node.kind != "rest"]
    rest = [node for node in nodes if node.kind == "rest"]
    if len(alone) <= most + (not rest):
        return list(nodes)
    rest = [*alone[most:], *rest]
    lines = sum(node.lines for node in rest)
    label = f"{lines:,} more lines" if alone[0].kind == "line" else f"{len(rest):,} more"
    return [*alone[:most], Node("rest", label, summed(rest), rest[0].currency, lines, {})]


def _share_label(node: Node) -> str:
    facts = node.facts
    if "x_WeightTotal" not in facts:
        return f"a part of {facts.get('x_Rule', node.label)}"
    to = f" → {facts['receiver']}" if "receiver" in facts and "x_Driver" in facts else ""
    rule = facts["x_Rule"]
    if "x_Driver" not in facts:
        return f"{_ratio(facts)} of pool {rule}{_reduced(facts)}"
    return f"{rule}: {fraction(facts)}{to}"


def _traced(node: Node) -> Iterator[str]:
    """Which part of a group a trace gave, and what was seen of what was billed."""
    facts = node.facts
    if not node.shares:
        return
    told = ""
    if "x_Of" in facts:
        of = Decimal(facts["x_Of"])
        told = f"{percent(node.cost, of)} of {figures.amount(of, node.currency)}"
    driver = node.shares[0].facts.get("x_Driver", "").split(" ")[0].replace("_", " ")
    told = f"{told} by {driver}".strip()
    if "x_Quantity" in facts:
        unit = f" {facts['x_Unit']}" if "x_Unit" in facts else ""
        billed = facts.get("x_QuantityTotal")
        total = f" of {_quantity(billed)} billed" if billed is not None else ""
        told += f": {_quantity(facts['x_Quantity'])}{unit} seen{total}"
    yield told


def _line(node: Node) -> Iterator[str]:
    facts = node.facts
    cost = figures.exact(node.cost).replace("-", figures.MINUS)
    if "x_Of" in facts:
        whole = figures.exact(Decimal(facts["x_Of"])).replace("-", figures.MINUS)
        yield f"exactly {cost} of {whole}"
    else:
        yield f"exactly {cost}"
    yield f"{facts['x_SourceFile']} row {facts['x_SourceRow']}"


def fraction(facts: Mapping[str, str]) -> str:
    """A weight of a total; in percent where the numbers are too long to be read."""
    if "x_Quantity" in facts:
        unit = f" {facts['x_Unit']}" if "x_Unit" in facts else ""
        return f"{_quantity(facts['x_Quantity'])} of {_quantity(facts['x_QuantityTotal'])}{unit}"
    if int(facts["x_WeightTotal"]) < _WEIGHT_MAX:
        return f"{int(facts['x_Weight']):,} of {int(facts['x_WeightTotal']):,}"
    return _ratio(facts)


def _ratio(facts: Mapping[str, str]) -> str:
    return _percent(Fraction(int(facts["x_Weight"]), int(facts["x_WeightTotal"])))


def _reduced(facts: Mapping[str, str]) -> str:
    """A weight of a total in the smallest numbers, where those can be read."""
    ratio = Fraction(int(facts["x_Weight"]), int(facts["x_WeightTotal"]))
    if ratio == 1 or ratio.denominator >= _WEIGHT_MAX:
        return ""
    return f", {ratio.numerator:,} of {ratio.denominator:,}"


def percent(part: Decimal, whole: Decimal) -> str:
    """A share of something."""
    return _percent(figures.share(part, whole))


def _percent(share: Fraction | None) -> str:
    return figures.percent(share)


def _quantity(text: str) -> str:
    return figures.quantity(Decimal(text))


def _amount(units_shown: int, currency: str) -> str:
    digits = figures.digits_of(currency)
    return figures.amount(Decimal(units_shown).scaleb(-digits, EXACT), currency)
