"""Model calls in traces: which of them count, and what may be read of who made them.

In a trace a parent often repeats what its children used: a run of several calls carries their sum,
and a wrapper around a client reports the client's call a second time. So a model call counts if no
other model call with usage lies below it, save through a tool: a tool that calls a model is the
model's own affair, and the call that asked for the tool was paid for as well. Anything else that
carries usage counts only where no model call lies below or around it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

COLUMNS = (
    "hour",
    "ServiceProviderName",
    "SubAccountId",
    "x_PrincipalId",
    "ResourceId",
    "x_Model",
    "x_Tier",
    "x_RequestCount",
    "Tags",
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
)
"""What a reader of traces says of a call, before the columns of its natural key."""

STANDARD_TIERS = frozenset({"auto", "default", "on_demand", "standard"})

OWNER_WORDS = frozenset(
    {
        "app",
        "app_id",
        "app_name",
        "application",
        "application_id",
        "application_name",
        "bu",
        "business_unit",
        "cost_center",
        "cost_centre",
        "costcenter",
        "customer_id",
        "department",
        "dept",
        "division",
        "domain",
        "env",
        "environment",
        "feature",
        "group",
        "group_id",
        "org",
        "org_id",
        "organisation",
        "organization",
        "owner",
        "owner_id",
        "product",
        "product_id",
        "product_name",
        "project",
        "project_id",
        "project_name",
        "service",
        "service_name",
        "squad",
        "squad_id",
        "stage",
        "team",
        "team_id",
        "team_name",
        "tenant",
        "tenant_id",
        "tenant_name",
        "use_case",
        "usecase",
        "workflow",
        "workload",
    }
)
"""Names under which applications say who a call is for; `.` and `-` are read as `_`."""

ASK_AGAIN = "export the file again, or tell the maintainers of the exporter"

_TAG_LENGTH_MAX = 128
_NOT_PLAIN = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Node:
    """One span of a trace.

    Attributes:
        parent: the key of the span around it; None at the top.
        is_call: whether it is a call of a model by its kind.
        is_tool: whether it is a call of a tool.
        has_usage: whether it carries token counts above 0.
    """

    parent: str | None
    is_call: bool
    is_tool: bool
    has_usage: bool


def counted(nodes: Mapping[str, Node]) -> frozenset[str]:
    """The keys of the spans that count: model calls, and usage that no model call reports."""
    covered: set[str] = set()
    seen: set[tuple[str, bool]] = set()
    for key, node in nodes.items():
        # A span that is its own parent has none.
        if node.is_call and node.has_usage and node.parent != key:
            _cover(node, nodes, covered, seen)
    rest = [
        key
        for key, node in nodes.items()
        if node.has_usage and not node.is_call and key not in covered
        if not _lies_in_a_call(node, nodes)
    ]
    repeated: set[str] = set()
    for key in rest:
        _cover(nodes[key], nodes, repeated, set())
    calls = (key for key, node in nodes.items() if node.is_call and key not in covered)
    return frozenset([*calls, *(key for key in rest if key not in repeated)])


def _cover(
    node: Node, nodes: Mapping[str, Node], covered: set[str], seen: set[tuple[str, bool]]
) -> None:
    at, through_tool = node.parent, node.is_tool
    while at is not None and at in nodes and (at, through_tool) not in seen:
        seen.add((at, through_tool))
        above = nodes[at]
        if not (through_tool and above.is_call):
            covered.add(at)
        at, through_tool = above.parent, through_tool or above.is_tool


def _lies_in_a_call(node: Node, nodes: Mapping[str, Node]) -> bool:
    seen: set[str] = set()
    at, is_tool = node.parent, node.is_tool
    while at is not None and at in nodes and at not in seen and not is_tool:
        above = nodes[at]
        if above.is_call:
            return True
        seen.add(at)
        at, is_tool = above.parent, above.is_tool
    return False


@lru_cache(maxsize=1 << 12)
def is_owner_word(key: str) -> bool:
    """Whether a key that an application chose says who a call is for."""
    return re.sub("[.-]", "_", key.strip().casefold()) in OWNER_WORDS


def plain(value: str | None) -> str | None:
    """A tag's value: one short line; a longer text may be content, and is not read."""
    value = value.strip() if value else None
    if not value or len(value) > _TAG_LENGTH_MAX or _NOT_PLAIN.search(value):
        return None
    return value


def tags(found: Iterable[tuple[str, str | None]]) -> str | None:
    """JSON text of the tags; of equal keys the first stands. None where there are none."""
    kept: dict[str, str] = {}
    for key, value in found:
        if (short := plain(value)) is not None:
            kept.setdefault(key, short)
    return json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else None


def tier(native: str | None) -> str | None:
    """The service tier; None for the standard one, whatever its name."""
    return None if native is None or native.casefold() in STANDARD_TIERS else native.casefold()
