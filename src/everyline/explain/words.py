"""How owners were found, in words; for whoever shows explanations."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from everyline.explain.nodes import Node
from everyline.relations import PRESENT

_FOUND_BY = {
    "tag": "tag `{}`",
    "registry": "{}",
    "rule": "rule at {}",
    "implied": "implied by {}",
}
_NOT_FOUND = {"unknown_value": "no declared value", "conflict": "tags contradict each other"}

_SHARED_BY = {
    "traced": "traced by {}",
    "shared": "shared by pool {}",
    "rest": "the rest of {}",
    "default": "the default",
}
"""Evidence where a split, or nothing, gave the value; the pool or trace is put in."""

_REASONS = {
    "no_usage": "no usage matches it",
    "unseen": "billed, but {} saw no usage of it",
    "idle": "idle in {}",
    "driver_unowned": "{} goes by what has no owner",
    "zero_driver": "{} has nothing to split by",
    "no_outlet": "{} leads to nobody",
    "no_rate": "no rate to bring currencies of {} together",
    "not_split": "{} does not split by it",
}


class Way(NamedTuple):
    """One way on which cost came to a receiver, through pools that pass it on."""

    cost: Decimal
    hops: tuple[Node, ...]


def how(key: str, facts: Mapping[str, str]) -> str:
    """How the value of a key was found, or why there is none (R8)."""
    evidence, rule = facts[f"{key}_evidence"], facts.get(f"{key}_rule", "")
    split = found_by(evidence, facts)
    if evidence in PRESENT:
        found = _FOUND_BY.get(evidence, evidence).format(rule) if rule else evidence
        return f"{key} {facts[key]}: {split or found}"
    if split is not None:
        return f"no {key}: {split}"
    reason = _NOT_FOUND.get(evidence, evidence.replace("_", " "))
    return f"no {key}: {reason}" + (f", tag `{rule}`" if rule else "")


def layer(facts: Mapping[str, str]) -> str:
    """What decided the layer (R4)."""
    rule = facts.get("x_LayerRule")
    if rule is None:
        return f"{facts['x_Layer']}: no rule places it"
    if rule == "bill":
        return f"{facts['x_Layer']}: so says its bill"
    by = rule if ":" in rule else f"built-in rule {rule}"
    return f"{facts['x_Layer']}: {by}"


def found_by(evidence: str, facts: Mapping[str, str]) -> str | None:
    """How a split found a value, or why it found none; None where no split had a say."""
    by = facts.get("x_Pool") or facts.get("x_Rule") or "its split"
    if evidence in _SHARED_BY:
        return _SHARED_BY[evidence].format(by)
    if evidence in _REASONS:
        return _REASONS[evidence].format(by)
    return None


def decided(facts: Mapping[str, str]) -> Iterator[str]:
    """What decided the layer of a group; and its tags, where they are why nobody was found."""
    yield f"layer {layer(facts)}"
    if tags := facts.get("tags_"):
        yield ", ".join(f"{name} {text}" for name, text in json.loads(tags).items())


def ways(share: Node) -> list[Way]:
    """All ways behind a share of a pool, the largest first; they sum to it."""
    found = [way for first in share.shares for way in _from(first, ())]
    return sorted(found, key=lambda way: -abs(way.cost))


def _from(node: Node, before: tuple[Node, ...]) -> Iterator[Way]:
    hops = (*before, node)
    if not node.shares:
        yield Way(node.cost, hops)
    for further in node.shares:
        yield from _from(further, hops)


def driver(text: str) -> str:
    """What weighed: the unit of a quantity says it best."""
    return text.removeprefix("usage ").removeprefix("quantity ").replace("_", " ")
