"""Who sees what: the one place through which pages and the API read a run.

A viewer sees all owners, some, or none. Of who sees some, every relation is filtered by the final
owner of its rows, and columns that tell a whole of which others have a part are emptied, so that
nothing of another owner can be had by subtraction. A relation that has no owner is not seen at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from everyline.engines.duckdb import literal, quoted
from everyline.explain import Node
from everyline.problems import Problem
from everyline.runs import Run


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who asks.

    Attributes:
        name: as the audit has it.
        owners: the values of the lead key that they may see; None for all, and for totals.
    """

    name: str
    owners: frozenset[str] | None = None

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden."""
        return self.owners is None


EVERYBODY = Viewer("local")
"""Who asks where nobody has to say who they are: the one user of this machine."""

_OWNED = (
    *("statements", "told", "allocations", "allocated", "owned", "named"),
    *("usage", "shares", "drivers"),
)
_OF_GROUPS = ("charges", "groups", "owned_groups")
"""Sums of lines: seen where all of it is the viewer's in the end."""

IN_PART = (*_OWNED, *_OF_GROUPS)
"""Relations of which something can be seen by who does not see all."""

_HIDDEN: Mapping[str, Mapping[str, str]] = {
    "shares": {"x_WeightTotal": "NULL::VARCHAR"},
    "allocations": {
        name: f"CASE WHEN x_ShareId IS NULL THEN {name} END"
        for name in ("SubAccountId", "InvoiceId")
    },
    "allocated": {"SubAccountId": "CASE WHEN x_ShareId IS NULL THEN SubAccountId END"},
    "owned": {"SubAccountId": "CASE WHEN x_ShareId IS NULL THEN SubAccountId END"},
}
"""Columns that tell what others have where one's own part is known, or whose account was split."""

_TOLD = ("run", "version", "keys", "organisation", "views", "files", "inputs")
"""What of a manifest says nothing of anybody's cost."""


def told_of(manifest: Mapping[str, Any], viewer: Viewer) -> Mapping[str, Any]:
    """What a viewer may know of a run's manifest: no totals of it, and no counts."""
    if viewer.sees_all:
        return manifest
    return {name: manifest[name] for name in _TOLD if name in manifest}


def problem_to(problem: Problem, viewer: Viewer) -> Problem:
    """Why a run can't be explained, without the files and values of others that it may name."""
    if viewer.sees_all:
        return problem
    sentence = "the files of the project are not those of the run any more"
    hint = "ask whoever runs it"
    return replace(problem, sentence=sentence, place="", subject="", hint=hint)


@dataclass(frozen=True, slots=True)
class SeenRun(Run):
    """A run as one viewer sees it; whoever takes a `Run` takes it.

    Attributes:
        viewer: whose eyes these are.
    """

    viewer: Viewer = EVERYBODY

    def relation(self, name: str) -> str:
        """SQL of the rows of a relation that the viewer may see."""
        whole = Run.relation(self, name)
        return whole if self.viewer.sees_all else self.filtered(name, whole)

    def filtered(self, name: str, whole: str) -> str:
        """SQL of the rows of `whole`, a relation called `name`, that the viewer may see."""
        if self.viewer.owners is None:
            return whole
        if name in _OWNED:
            columns = _HIDDEN.get(name, {}).items()
            hidden = ", ".join(f"{sql} AS {column}" for column, sql in columns)
            seen = f"* REPLACE ({hidden})" if hidden else "*"
            return f"(SELECT {seen} FROM {whole} WHERE {self._mine()})"
        if name in _OF_GROUPS:
            return f"(SELECT * FROM {whole} WHERE x_GroupId IN ({self._wholly_mine()}))"
        return f"(SELECT * FROM {whole} WHERE false)"

    def _mine(self) -> str:
        """SQL: whether a row is of an owner that the viewer may see; never so without one."""
        lead = self.manifest["keys"][0]
        mine = ", ".join(map(literal, sorted(self.viewer.owners or ()))) or "NULL"
        return f"coalesce({quoted(lead)} IN ({mine}), false)"

    def _wholly_mine(self) -> str:
        """SQL of the ids of groups that no trace and no pool has split: their owner has all."""
        return (
            f"SELECT x_LineId FROM {Run.relation(self, 'allocations')} WHERE {self._mine()}"
            " AND x_Rule IS NULL AND x_Pool IS NULL AND x_ShareId IS NULL"
        )


_OF_OTHERS = (
    *("x_Of", "x_Part", "x_Weight", "x_WeightTotal", "x_QuantityTotal"),
    *("ConsumedQuantity", "ConsumedUnit", "receiver"),
)
"""Facts of explanations that tell a whole of which others have a part, or name them."""

_OF_LINES = ("SubAccountId", "tags_")
_NAMED_BY = ("ServiceName", "x_Model", "x_Meter")
_SPLIT = "parts of lines of which others have a part too"


def told_to(node: Node, viewer: Viewer) -> Node:
    """An explanation of a figure of the viewer's own, without what it tells of others.

    Of a split stays what came of it for the viewer: neither the weights, nor the lines that were
    split, nor the ways through others' pools.
    """
    if viewer.sees_all:
        return node
    facts = {name: told for name, told in node.facts.items() if name not in _OF_OTHERS}
    if node.kind == "share":
        label = facts.get("x_Rule", "its split")
        return replace(node, label=label, facts=facts, shares=(), usage=())
    parts = [told_to(part, viewer) for part in node.parts]
    if _is_split(node):
        # Whose account and tags a line has that was split is for those who see all of it.
        facts = {name: told for name, told in facts.items() if name not in _OF_LINES}
        label = ", ".join(facts[name] for name in _NAMED_BY if name in facts) or "charges"
        node = replace(node, label=label)
        parts = [Node("rest", _SPLIT, node.cost, node.currency, node.lines, {})]
    shares = [told_to(share, viewer) for share in node.shares]
    usage = [told_to(used, viewer) for used in node.usage]
    return replace(node, facts=facts, parts=parts, shares=shares, usage=usage)


def _is_split(node: Node) -> bool:
    """Whether a group has lines of which only a part is meant."""
    return node.kind == "group" and (
        "x_Of" in node.facts or any("x_Of" in part.facts for part in node.parts)
    )
