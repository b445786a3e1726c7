"""Rules in order: `layers`, `owners` and `trace`."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema

from everyline.config.names import (
    ColumnName,
    GroupCondition,
    LineCondition,
    OwnerCondition,
    Owners,
    Rest,
)
from everyline.config.registry import RegistryTable, read_registry
from everyline.config.settings import FILE_SCHEMA, Day, Entry, Text, Truth, table_of
from everyline.config.sources import Layer
from everyline.config.tables import Validity

Weight = Literal["quantity", "estimated_cost"]
From = Annotated[Day | None, Field(description="The first day on which it is valid")]
To = Annotated[Day | None, Field(description="The first day on which it is valid no more")]
Weak = Annotated[Truth, Field(description="Asked only for what no trace filled (R8)")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRule(Entry):
    """Lines that meet `when` are of `layer`; the first rule that matches wins (R4)."""

    when: Annotated[LineCondition, Field(description="Columns and tags of the line")]
    layer: Annotated[Layer, Field(description="`none` is out of scope")]
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry(Entry):
    """A table from identities to owners."""

    registry: Annotated[
        Annotated[RegistryTable, table_of(read_registry), FILE_SCHEMA],
        Field(description="CSV: identity columns, taxonomy keys, valid_from, valid_to"),
    ]
    weak: Weak = False
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRule(Entry):
    """What meets `when` has the values of `set`."""

    rule: Annotated[Text, Field(description="The name of the rule")]
    when: Annotated[OwnerCondition, Field(description="Columns and tags")]
    set: Annotated[Owners, Field(description="Taxonomy keys and the values they get")]
    weak: Weak = False
    valid_from: From = None
    valid_to: To = None
    place: SkipJsonSchema[str] = ""

    @property
    def validity(self) -> Validity:
        """The days on which the rule holds."""
        return Validity(self.valid_from, self.valid_to)


def _owner_kind(entry: Any) -> str | None:
    # Tags have a sign in front that no key has, so that paths of errors can be told apart.
    if isinstance(entry, (Registry, OwnerRule)):
        return "\0registry" if isinstance(entry, Registry) else "\0rule"
    if not isinstance(entry, dict):
        return None
    return "\0registry" if "registry" in entry else "\0rule" if "rule" in entry else None


OwnerEntry = Annotated[
    Annotated[Registry, Tag("\0registry")] | Annotated[OwnerRule, Tag("\0rule")],
    Discriminator(
        _owner_kind,
        custom_error_type="missing-setting",
        custom_error_message="{sentence}",
        custom_error_context={
            "sentence": "has neither `registry` nor `rule`",
            "hint": "write `registry: FILE`, or `rule: NAME` with `when` and `set`",
        },
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLevel(Entry):
    """One try of a trace: usage equal on the columns `on`, weighed by `weight` (R14)."""

    on: Annotated[
        tuple[ColumnName, ...], Field(description="Columns that charge and usage have equal")
    ]
    weight: Annotated[Weight, Field(description="x_Quantity or x_EstimatedCost")] = "quantity"
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace(Entry):
    """Cost that is split by who used it (R13 to R15)."""

    rule: Annotated[Text, Field(description="The name of the trace")]
    charges: Annotated[GroupCondition, Field(description="The cost that it splits")]
    usage: Annotated[GroupCondition, Field(description="The usage that it is split by")]
    split: Annotated[
        tuple[TraceLevel, ...],
        Field(min_length=1, description="Levels; the first that can, splits"),
    ]
    rest: Annotated[Rest, Field(description="Where goes what usage does not explain")] = (
        "unallocated"
    )
    known: Annotated[
        Literal["keep", "replace"], Field(description="What happens to keys filled already")
    ] = "keep"
    valid_from: From = None
    valid_to: To = None
    place: SkipJsonSchema[str] = ""

    @property
    def validity(self) -> Validity:
        """The months in which the trace is carried out."""
        return Validity(self.valid_from, self.valid_to)
