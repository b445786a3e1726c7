"""What figures are taken apart into: nodes of a tree, each the sum of those below it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from everyline import money
from everyline.control import EXACT

ID_LENGTH = 64
"""Of an x_ChargeId, which is hexadecimal."""

Kind = Literal["figure", "owner", "group", "line", "rest", "share", "usage"]


@dataclass(frozen=True, slots=True)
class Node:
    """One figure and what it is made of.

    Attributes:
        kind: figure, owner (one way in which all keys were found), group (lines of one
            description), line, rest (what does not stand alone), share (a receiver's weight of one
            split), or usage (what one identity used).
        label: what it is, in words.
        cost: EffectiveCost, exact, signed; the sum of `parts`, of `shares` and of `usage`, each of
            them if it has any.
        currency: ISO 4217 code.
        lines: how many bill lines it holds, whole or in part, each once; 0 for shares and usage.
        facts: what decided it, and where it lies; column to text, what is null left out.
        parts: the level below, largest amount first.
        shares: the same cost by the splits that it came from. Of a share: by who received it next.
        usage: the same cost by the usage that gave it its weight.
    """

    kind: Kind
    label: str
    cost: Decimal
    currency: str
    lines: int
    facts: Mapping[str, str]
    parts: "Sequence[Node]" = ()
    shares: "Sequence[Node]" = ()
    usage: "Sequence[Node]" = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures are asked for.

    Attributes:
        period: `2026-10`; None for all.
        values: taxonomy key to value; an empty text asks for what nobody was found for.
        service: ServiceName; None for all.
        lines_max: how many lines of a group, and identities of usage, stand alone, the others
            being one part, summed; None for all.
        with_lines: whether bill lines are looked at, for which bills are read; otherwise those of
            a group are one part.
    """

    period: str | None
    values: Mapping[str, str]
    service: str | None = None
    lines_max: int | None = 3
    with_lines: bool = True


class Found(NamedTuple):
    """What was found for one taxonomy key (R7, R8): `tag` is how the bill was tagged."""

    key: str
    value: str | None
    evidence: str
    tag: str
    rule: str | None


@dataclass(frozen=True, slots=True)
class Charge:
    """One bill line, and what became of it.

    Attributes:
        fields: column of `charges` to text, what is null left out.
        group_lines: how many lines its group has; `group_cost` is their EffectiveCost.
        owner: what was found for each key; empty where the line is out of scope.
        parts: who gets which part of the line, largest first; they sum to its EffectiveCost (R12).
    """

    fields: Mapping[str, str]
    group_lines: int
    group_cost: Decimal
    owner: Sequence[Found]
    parts: Sequence[Node] = ()


class Unknown(NamedTuple):
    """The first of the things asked for that leaves nothing, and what there is in its place."""

    column: str
    value: str
    instead: Sequence[str]


def summed(nodes: Iterable[Node]) -> Decimal:
    """The sum of their costs, exact."""
    cost = Decimal(0)
    for node in nodes:
        cost = EXACT.add(cost, node.cost)
    return cost


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """The largest amount first; of equal amounts by label; what does not stand alone last."""
    return sorted(nodes, key=lambda node: (node.kind == "rest", -abs(node.cost), node.label))


def facts(names: Iterable[str], cells: Iterable[Any]) -> dict[str, str]:
    """Column to text, what is null left out."""
    return {n: text(cell) for n, cell in zip(names, cells, strict=True) if cell is not None}


def text(value: Any) -> str:
    """A value as csv has it: every digit of a number, no zeros after them."""
    if isinstance(value, Decimal):
        said = f"{value:f}"
        return said.rstrip("0").rstrip(".") if "." in said else said
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    return str(value).lower() if isinstance(value, bool) else str(value)


def units(cost: Decimal) -> int:
    """A cost in integers of 10^-18."""
    return int(cost.scaleb(money.SCALE, EXACT))


def amount(units_e18: int) -> Decimal:
    """Integers of 10^-18 as a cost."""
    return Decimal(units_e18).scaleb(-money.SCALE, EXACT)


def shared_out(total: int, exact: Sequence[Fraction]) -> list[int]:
    """Parts in whole units that sum to `total`, which was rounded before them.

    As `money.cascade`, in the smallest unit there is: each is rounded toward minus infinity, and
    what is missing goes to the largest fractions. Where a total was rounded more than once on its
    way, what is missing may be a unit too many or too few; then every part bears it in that order.
    """
    parts = [divmod(part, 1) for part in exact]
    whole = [int(floor) for floor, _ in parts]
    missing = total - sum(whole)
    if not missing:
        return whole
    order = sorted(range(len(parts)), key=lambda at: (-parts[at][1], at))
    every, some = divmod(missing, len(order))
    for rank, at in enumerate(order):
        whole[at] += every + (rank < some)
    return whole
