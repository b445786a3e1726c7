"""What a project's `everyline.yaml` says, as frozen dataclasses; each entry knows its place.

The names are those of the file. `place` is `everyline.yaml:LINE`, where the entry begins. Files
that an entry names are read: the entry holds their rows. Conditions are trees of
`everyline.conditions`. Values of taxonomy keys stand as written; `Key.values` resolves them on a
day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from everyline.config.finance import (
    Approval,
    CostCentre,
    Invoice,
    Price,
    Rate,
    Spelling,
    read_approvals,
    read_cost_centres,
    read_invoices,
    read_meters,
    read_models,
    read_prices,
    read_rates,
)
from everyline.config.names import OwnerCondition
from everyline.config.pools import Pool
from everyline.config.rules import LayerRule, OwnerEntry, Trace
from everyline.config.serve import Serve
from everyline.config.settings import FILE_SCHEMA, Currency, Entry, Ratio, Text, Whole, table_of
from everyline.config.sources import Bill, UsageSource
from everyline.config.taxonomy import Key, Taxonomy

JOURNAL_FORMATS = ("netsuite",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets(Entry):
    """What is aimed at: ratios from 0 to 1."""

    tag_coverage: Annotated[
        Mapping[str, Ratio], Field(description="Taxonomy key and the tag coverage aimed at")
    ] = field(default_factory=lambda: MappingProxyType({}))
    unallocated: Annotated[
        Ratio | None, Field(description="The highest share without a lead value")
    ] = None
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Entry):
    """What must hold before cost may be charged back (R25); None means not asked for."""

    unallocated: Annotated[Ratio | None, Field(description="The highest unallocated share")] = None
    reconciled: Annotated[
        Ratio | None, Field(description="The highest difference to the invoices, as a share")
    ] = None
    showback_periods: Annotated[
        Whole, Field(description="How many periods must have been closed before, in a row")
    ] = 0
    approved: Annotated[
        Annotated[tuple[Approval, ...], table_of(read_approvals), FILE_SCHEMA] | None,
        Field(description="CSV: period,statement_hash,name,date"),
    ] = None
    disputes: Annotated[
        Ratio | None, Field(description="The highest share of cost in open disputes; 0 for none")
    ] = None
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Entry):
    """How legal entities book for each other, where one of them pays the invoices of all."""

    payer: Annotated[Text, Field(description="The legal entity whose clearing has the invoices")]
    due_to: Annotated[Text, Field(description="The account of what the others owe, in theirs")]
    due_from: Annotated[Text, Field(description="The account of what they owe, in the payer's")]
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal(Entry):
    """How closed periods are booked (R25)."""

    accounts: Annotated[
        Annotated[tuple[CostCentre, ...], table_of(read_cost_centres), FILE_SCHEMA],
        Field(description="CSV: the lead key,legal_entity,cost_centre,account_<layer>,valid_*"),
    ]
    clearing: Annotated[Text, Field(description="The account that is credited")]
    format: Annotated[
        Literal["generic", "netsuite", "oracle", "dynamics", "sap"],
        Field(description="The importing system"),
    ]
    between: Annotated[
        Between | None, Field(description="Accounts between legal entities, where one pays for all")
    ] = None
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargeback(Entry):
    """Moving cost onto a profit and loss account."""

    cost: Annotated[
        Literal["EffectiveCost", "BilledCost"], Field(description="The cost that is moved")
    ] = "EffectiveCost"
    gate: Annotated[Gate | None, Field(description="What must hold before")] = None
    journal: Annotated[Journal | None, Field(description="How it is booked")] = None
    place: SkipJsonSchema[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Entry):
    """One project. Lists are in the order of the file.

    Attributes:
        currency: the reporting currency; None where nothing is reported in one.
        invoices: None where none are listed at all, which is not the same as an empty list.
        taxonomy: never empty; the first key is the lead key, and required.
    """

    taxonomy: Annotated[Taxonomy, Field(description="The keys of an owner; the first one leads")]
    organisation: Annotated[Text | None, Field(description="Whose cost it is")] = None
    currency: Annotated[
        Currency | None, Field(description="The currency to report in; others need `rates`")
    ] = None
    rates: Annotated[
        Annotated[tuple[Rate, ...], table_of(read_rates), FILE_SCHEMA],
        Field(description="CSV: period,currency,rate,source; reporting units for one unit"),
    ] = ()
    invoices: Annotated[
        Annotated[tuple[Invoice, ...], table_of(read_invoices), FILE_SCHEMA] | None,
        Field(description="CSV: InvoiceIssuerName,InvoiceId,period,BillingCurrency,amount"),
    ] = None
    models: Annotated[
        Annotated[tuple[Spelling, ...], table_of(read_models), FILE_SCHEMA],
        Field(description="CSV: name,x_Model; goes before the built-in table"),
    ] = ()
    meters: Annotated[
        Annotated[tuple[Spelling, ...], table_of(read_meters), FILE_SCHEMA],
        Field(description="CSV: name,x_Meter; goes before the built-in table"),
    ] = ()
    prices: Annotated[
        Annotated[tuple[Price, ...], table_of(read_prices), FILE_SCHEMA],
        Field(
            description="CSV: ServiceProviderName,x_Model,x_Meter,x_Tier,valid_from,unit_price,"
            "currency"
        ),
    ] = ()
    bills: Annotated[tuple[Bill, ...], Field(description="Sources of bills")] = ()
    usage: Annotated[tuple[UsageSource, ...], Field(description="Sources of telemetry")] = ()
    layers: Annotated[
        tuple[LayerRule, ...], Field(description="What is AI cost, and of which kind; first wins")
    ] = ()
    untaggable: Annotated[
        tuple[OwnerCondition, ...],
        Field(description="Cost that can't be tagged, beside Tax, Credit and Adjustment"),
    ] = ()
    owners: Annotated[
        tuple[OwnerEntry, ...], Field(description="Where owners come from after the line's tags")
    ] = ()
    trace: Annotated[tuple[Trace, ...], Field(description="Cost split by who used it")] = ()
    pools: Annotated[
        tuple[Pool, ...], Field(description="Shared cost, in the order of stepping down")
    ] = ()
    between_pools: Annotated[
        Literal["direct", "step-down", "reciprocal"],
        Field(description="What happens where one pool serves another"),
    ] = "step-down"
    targets: Annotated[Targets, Field(description="What is aimed at")] = field(
        default_factory=Targets
    )
    chargeback: Annotated[Chargeback | None, Field(description="Moving cost")] = None
    serve: Annotated[Serve | None, Field(description="Who may see what over the web")] = None
    place: SkipJsonSchema[str] = ""

    @property
    def lead(self) -> Key:
        """The lead key."""
        return self.taxonomy[0]

    def key(self, name: str) -> Key:
        """The key of this name, which must be one."""
        (key,) = [key for key in self.taxonomy if key.name == name]
        return key
