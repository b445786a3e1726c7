"""Pools: shared cost, and the ways to split it (R16 to R19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema

from everyline.config.finance import FixedShares, Share, read_shares
from everyline.config.names import ColumnName, GroupCondition, KeyName, Owners, Rest
from everyline.config.rules import From, To, Weight
from everyline.config.settings import FILE_SCHEMA, Entry, Percent, Text, table_of
from everyline.config.tables import Validity

Over = Annotated[tuple[KeyName, ...], Field(min_length=1, description="Keys of the receivers")]
AnyKeys = Annotated[Over | None, Field(description="Keys of the receivers; left out: all")]
Within = Annotated[
    tuple[ColumnName, ...], Field(description="Columns whose values are each split for themselves")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSplit(Entry):
    """By usage; `capacity` says what could have been used. `over` None means all keys."""

    by: Literal["usage"]
    usage: Annotated[GroupCondition, Field(description="The usage rows that weigh")]
    capacity: Annotated[
        GroupCondition | None, Field(description="The rows that say what there is to use")
    ] = None
    weight: Annotated[Weight, Field(description="x_Quantity or x_EstimatedCost")] = "quantity"
    over: AnyKeys = None
    within: Within = ()
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSplit(Entry):
    """By EffectiveCost of the parts that meet `of`; None means all. `over` None: all keys."""

    by: Literal["cost"]
    of: Annotated[GroupCondition | None, Field(description="The cost that weighs")] = None
    over: AnyKeys = None
    within: Within = ()
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedSplit(Entry):
    """By fixed shares that sum to exactly 100: `shares` for one key, or a `file`."""

    by: Literal["fixed"]
    over: Over
    shares: Annotated[
        Mapping[str, Percent] | None, Field(description="Value of the one key, and its percent")
    ] = None
    file: Annotated[
        Annotated[FixedShares, table_of(read_shares), FILE_SCHEMA] | None,
        Field(description="CSV: the keys of `over`, share, valid_from, valid_to"),
    ] = None
    place: SkipJsonSchema[str] = ""

    @property
    def receivers(self) -> tuple[Share, ...]:
        """The shares, whichever way they are given, values in the order of `over`."""
        if self.file is None:
            inline = (self.shares or {}).items()
            return tuple(Share(self.place, (value,), n, Validity()) for value, n in inline)
        if self.file.keys == self.over:
            return self.file.shares
        at = [self.file.keys.index(key) for key in self.over]
        return tuple(
            share._replace(values=tuple(share.values[n] for n in at)) for share in self.file.shares
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvenSplit(Entry):
    """One part for each value of the one key in `over`; `among` narrows, None means all."""

    by: Literal["even"]
    over: Annotated[Over, Field(max_length=1)]
    among: Annotated[
        tuple[Text, ...] | None, Field(min_length=1, description="Only these values")
    ] = None
    place: SkipJsonSchema[str] = ""


def _split_kind(entry: Any) -> str | None:
    by = entry.get("by") if isinstance(entry, dict) else getattr(entry, "by", None)
    # Tags have a sign in front that no key has, so that paths of errors can be told apart.
    return f"\0{by}" if by in ("usage", "cost", "fixed", "even") else None


Split = Annotated[
    Annotated[UsageSplit, Tag("\0usage")]
    | Annotated[CostSplit, Tag("\0cost")]
    | Annotated[FixedSplit, Tag("\0fixed")]
    | Annotated[EvenSplit, Tag("\0even")],
    Discriminator(
        _split_kind,
        custom_error_type="missing-setting",
        custom_error_message="{sentence}",
        custom_error_context={
            "sentence": "does not say what it splits by",
            "hint": "write `by: usage`, `by: cost`, `by: fixed` or `by: even`",
        },
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Entry):
    """Shared cost: groups that meet `charges`, and parts whose values equal all of `owner`."""

    pool: Annotated[Text, Field(description="The name of the pool")]
    charges: Annotated[GroupCondition | None, Field(description="The cost that it takes")] = None
    owner: Annotated[
        Owners | None, Field(description="Takes all that this owner has, however it came to it")
    ] = None
    split: Annotated[
        tuple[Split, ...], Field(min_length=1, description="Ways to split; the first with a weight")
    ]
    rest: Annotated[Rest, Field(description="Where goes what is idle")] = "unallocated"
    valid_from: From = None
    valid_to: To = None
    place: SkipJsonSchema[str] = ""

    @property
    def validity(self) -> Validity:
        """The months in which the pool is made."""
        return Validity(self.valid_from, self.valid_to)
