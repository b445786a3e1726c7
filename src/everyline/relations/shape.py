"""What a relation is made of: columns, words that stand for several, and words of evidence."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "decimal", "timestamp", "boolean"]

KEYS = "KEYS"
K_TAG = "K_TAG"
K_RULE = "K_RULE"
GROUP_KEY = "GROUP_KEY"

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
QUANTITIES = ("ConsumedQuantity", "PricingQuantity")
MEASURES = (*COSTS, *QUANTITIES, "x_CoverageCost")
"""Exact sums, DECIMAL(38,18), signed; costs in BillingCurrency, quantities in their units."""

PRESENT = ("tag", "registry", "rule", "implied", "traced", "shared", "rest", "default")
"""Evidence where a key has a value."""

ABSENT = (
    "untagged",
    "unknown_value",
    "conflict",
    "no_usage",
    "unseen",
    "idle",
    "driver_unowned",
    "zero_driver",
    "no_outlet",
    "no_rate",
    "not_split",
)
"""Evidence where a key has none: the reason."""

TAG_STATES = ("declared", "undeclared", "missing", "conflict")
METHODS = ("direct", "traced", "shared", "unallocated")
LAYERS = ("model", "platform", "data", "none")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name or one of the stand-ins above, its type, and what it says."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation.

    Attributes:
        name: as the command, the file and the documentation page are called.
        maker: the folder of the stage that makes it.
        grain: what one row is.
        key: the columns that tell rows apart, in sorting order.
        columns: in order.
        telling: the columns that a table on a screen shows first.
        stored: whether a run writes it; `charges` is worked out where it is asked for.
    """

    name: str
    maker: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    telling: tuple[str, ...]
    stored: bool = True


def text(name: str, meaning: str) -> Column:
    """A column of text."""
    return Column(name, "text", meaning)


MEASURE_COLUMNS = (
    *(Column(c, "decimal", f"sum of {c}, in BillingCurrency, signed") for c in COSTS),
    *(Column(q, "decimal", f"sum of {q}; null where no line has one") for q in QUANTITIES),
    Column("x_CoverageCost", "decimal", "sum of max(EffectiveCost, 0), line by line"),
)
KEY_COLUMNS = (
    Column(KEYS, "text", "the key's value, null where nobody is found; then its evidence"),
)
PERIOD = text("x_Period", "month, `2026-10`")
CURRENCY = text("BillingCurrency", "ISO 4217 code")
