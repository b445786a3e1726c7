"""Shares in words: by which weight of which split a part came to be, and by whose usage."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from everyline import money
from everyline.cli import figures
from everyline.control import EXACT
from everyline.explain import Node, words

_WEIGHT_MAX = 10**7
_ARROW = "→"


def pool_lines(
    share: Node, amount: int, digits: int, *, most: int, ascii_only: bool
) -> Iterator[str]:
    """A pool's composed weight, and the ways behind it with their amounts, which sum to `amount`.

    Args:
        amount: what is shown of the share, in minor units of `digits` digits.
        most: how many ways stand alone.
    """
    yield f"{_percent(share.facts)} of its cost{_reduced(share.facts)}"
    every = words.ways(share)
    if len(every) == 1 and len(every[0].hops) == 1:
        (hop,) = every[0].hops
        told = _hop(hop, ascii_only=ascii_only, is_alone=True)
        yield f"by {words.driver(hop.facts['x_Driver'])}: {told}"
        yield from usage_lines(hop.usage, most)
        return
    exact = [(str(n), units(way.cost)) for n, way in enumerate(every)]
    amounts = money.cascade(amount, exact, digits) if every else {}
    shown = {
        n: figures.amount(Decimal(amounts[str(n)]).scaleb(-digits), share.currency)
        for n in range(len(every))
    }
    wide = max(map(len, shown.values()), default=0)
    for n, way in enumerate(every[:most]):
        cells = [shown[n].rjust(wide), *([" " * wide] * (len(way.hops) - 1))]
        for cell, hop in zip(cells, way.hops, strict=True):
            yield f"{cell}  {_hop(hop, ascii_only=ascii_only)}"
            for told in usage_lines(hop.usage, 1) if n == 0 else ():
                yield f"{' ' * wide}  {told}"
    if rest := every[most:]:
        left = sum(amounts[str(n)] for n in range(most, len(every)))
        cell = figures.amount(Decimal(left).scaleb(-digits), share.currency).rjust(wide)
        yield f"{cell}  {len(rest):,} more {'way' if len(rest) == 1 else 'ways'}"


def trace_lines(group: Node, most: int) -> Iterator[str]:
    """Which part of a group a trace gave to an owner, and whose usage earned it."""
    if not group.shares:
        return
    facts = group.facts
    of = Decimal(facts.get("x_Of", figures.exact(group.cost)))
    part = figures.percent(figures.share(group.cost, of))
    said = f"{part} of {figures.amount(of, group.currency)}"
    by = group.shares[0].facts["x_Driver"].split(" ")[0].replace("_", " ")
    level = group.shares[0].facts["x_Level"]
    told = f"{said} by {by}, level {level}"
    if "x_Quantity" in facts:
        unit = f" {facts['x_Unit']}" if "x_Unit" in facts else ""
        total = (
            f" of {_number(facts['x_QuantityTotal'])} billed" if "x_QuantityTotal" in facts else ""
        )
        told += f": {_number(facts['x_Quantity'])}{unit} seen{total}"
    yield told
    yield from usage_lines(group.usage, most)


def usage_lines(usage: Sequence[Node], most: int) -> Iterator[str]:
    """The largest identities of usage, with what they used; the others summed."""
    alone = [node for node in usage if node.kind == "usage"][:most]
    for node in alone:
        hours = int(node.facts["hours"])
        time = f"{hours:,} {'hour' if hours == 1 else 'hours'}"
        yield f"· {node.label}: {_quantity(node)} in {time}"
    if count := len(usage) - len(alone):
        yield f"· and {count:,} more" if count > 1 else f"· and {usage[-1].label}"


def _quantity(node: Node) -> str:
    unit = f" {node.facts['x_Unit']}" if "x_Unit" in node.facts else ""
    return f"{_number(node.facts['x_Quantity'])}{unit}"


def _hop(hop: Node, *, ascii_only: bool, is_alone: bool = False) -> str:
    arrow = "->" if ascii_only else _ARROW
    pool = "" if is_alone else f"{hop.facts['x_Rule']}: "
    return f"{pool}{fraction(hop.facts)} {arrow} {hop.facts['receiver']}"


def _reduced(facts: Mapping[str, str]) -> str:
    """A weight of a total in the smallest numbers, where those can be read."""
    ratio = Fraction(int(facts["x_Weight"]), int(facts["x_WeightTotal"]))
    if ratio == 1 or ratio.denominator >= _WEIGHT_MAX:
        return ""
    return f", {ratio.numerator:,} of {ratio.denominator:,}"


def fraction(facts: Mapping[str, str]) -> str:
    """A weight of a total; a share in percent where the numbers are too long to be read."""
    if "x_Quantity" in facts:
        unit = f" {facts['x_Unit']}" if "x_Unit" in facts else ""
        return f"{_number(facts['x_Quantity'])} of {_number(facts['x_QuantityTotal'])}{unit}"
    return weight(facts)


def weight(facts: Mapping[str, str]) -> str:
    """A weight of a total as whole numbers; in percent where they are too long to be read."""
    if int(facts["x_WeightTotal"]) < _WEIGHT_MAX:
        return f"{int(facts['x_Weight']):,} of {int(facts['x_WeightTotal']):,}"
    return _percent(facts)


def _percent(facts: Mapping[str, str]) -> str:
    return figures.percent(Fraction(int(facts["x_Weight"]), int(facts["x_WeightTotal"])))


def _number(text: str) -> str:
    return figures.quantity(Decimal(text))


def units(cost: Decimal) -> int:
    """A cost in integers of 10^-18."""
    return int(cost.scaleb(money.SCALE, EXACT))
