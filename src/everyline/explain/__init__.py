"""Explain: a figure of a run taken apart down to bill lines, every level summing to the one above.

figure -> owners by how they were found -> groups of one description -> lines. What was split tells
its shares beside that: by which weight of what, through which pools, and by whose usage. Amounts
are exact.
"""

from everyline.explain.charge import ChargeParts
from everyline.explain.figure import Explanation
from everyline.explain.nodes import ID_LENGTH, Asked, Charge, Found, Node, Unknown
from everyline.explain.pieces import unknown
from everyline.explain.shares import called, share_ids

__all__ = [
    "ID_LENGTH",
    "Asked",
    "Charge",
    "ChargeParts",
    "Explanation",
    "Found",
    "Node",
    "Unknown",
    "called",
    "share_ids",
    "unknown",
]
