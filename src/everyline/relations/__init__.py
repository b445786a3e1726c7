"""The data dictionary: every relation of a run, its grain, key, columns, and its maker.

No logic. `KEYS` stands for one column `k` and one `k_evidence` for each taxonomy key `k`;
`K_TAG` and `K_RULE` for `k_tag` and `k_rule`; `GROUP_KEY` for the columns of rule R5.
"""

from everyline.relations.cost import (
    ALLOCATIONS,
    CHARGES,
    GROUPS,
    OWNED_GROUPS,
    POOL_MEMBERS,
    SHARES,
)
from everyline.relations.reports import CAUSES, COVERAGE, PROBLEMS, RECONCILIATION, STATEMENTS
from everyline.relations.seen import RESOURCES, USAGE
from everyline.relations.shape import (
    ABSENT,
    COSTS,
    GROUP_KEY,
    K_RULE,
    K_TAG,
    KEYS,
    LAYERS,
    MEASURES,
    METHODS,
    PRESENT,
    QUANTITIES,
    TAG_STATES,
    Column,
    Kind,
    Relation,
)

__all__ = [
    "ABSENT",
    "ALLOCATIONS",
    "CAUSES",
    "CHARGES",
    "COSTS",
    "COVERAGE",
    "GROUPS",
    "GROUP_KEY",
    "KEYS",
    "K_RULE",
    "K_TAG",
    "LAYERS",
    "MEASURES",
    "METHODS",
    "OWNED_GROUPS",
    "POOL_MEMBERS",
    "PRESENT",
    "PROBLEMS",
    "QUANTITIES",
    "RECONCILIATION",
    "RELATIONS",
    "RESOURCES",
    "SHARES",
    "STATEMENTS",
    "TAG_STATES",
    "USAGE",
    "Column",
    "Kind",
    "Relation",
    "relation",
]

RELATIONS = (
    CHARGES,
    GROUPS,
    USAGE,
    RESOURCES,
    OWNED_GROUPS,
    SHARES,
    ALLOCATIONS,
    POOL_MEMBERS,
    COVERAGE,
    RECONCILIATION,
    CAUSES,
    STATEMENTS,
    PROBLEMS,
)


def relation(name: str) -> Relation:
    """The relation called `name`."""
    return next(found for found in RELATIONS if found.name == name)
