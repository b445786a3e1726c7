"""Explanations as json: amounts as text, every digit; each list of nodes sums to what it is in."""

import json

from everyline.explain import Charge, Node
from everyline.explain.nodes import text


def tree(node: Node) -> dict[str, object]:
    """A node as json has it: amounts as text, every digit; each list of nodes sums to it."""
    hidden = ("tags_", "receiver")
    made: dict[str, object] = {
        "kind": node.kind,
        "name": node.label,
        "amount": text(node.cost),
        "BillingCurrency": node.currency,
    }
    if node.lines:
        made["x_LineCount"] = node.lines
    made["facts"] = {name: text for name, text in node.facts.items() if name not in hidden}
    if tags := node.facts.get("tags_"):
        made["tags"] = json.loads(tags)
    shares = "children" if node.kind == "share" else "shares"
    for name, below in (("children", node.parts), (shares, node.shares), ("usage", node.usage)):
        if below:
            made[name] = [tree(part) for part in below]
    return made


def charge_tree(charge: Charge) -> dict[str, object]:
    """A bill line as json has it, with its group, its owner and who gets which part."""
    return {
        "charge": dict(charge.fields),
        "group": {
            "x_GroupId": charge.fields["x_GroupId"],
            "x_LineCount": charge.group_lines,
            "EffectiveCost": text(charge.group_cost),
        },
        "owner": [found._asdict() for found in charge.owner],
        "parts": [tree(part) for part in charge.parts],
    }


def as_json(value: object) -> str:
    """Trees as the text that files and screens get, without the last line end."""
    return json.dumps(value, ensure_ascii=False, indent=1)
