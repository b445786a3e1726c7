"""The columns of charges, usage and resources with their types: the single home of that list.

FOCUS 1.4's columns keep their names; ours have the prefix `x_`, or are those of section 3.
"""

from collections.abc import Mapping
from types import MappingProxyType

from everyline.scalars import ColumnType

_TIMESTAMPS = "BillingPeriodEnd BillingPeriodStart ChargePeriodEnd ChargePeriodStart"
_DECIMALS = (
    "BilledCost CommitmentDiscountQuantity ConsumedQuantity ContractedCost ContractedUnitPrice"
    " EffectiveCost ListCost ListUnitPrice PricingCurrencyContractedUnitPrice"
    " PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice PricingQuantity"
)
_TEXTS = (
    "AllocatedMethodDetails AllocatedMethodId AllocatedResourceId AllocatedResourceName"
    " AllocatedTags AvailabilityZone BillingAccountId BillingAccountName BillingAccountType"
    " BillingCurrency CapacityReservationId CapacityReservationStatus ChargeCategory ChargeClass"
    " ChargeDescription ChargeFrequency CommitmentDiscountCategory CommitmentDiscountId"
    " CommitmentDiscountName CommitmentDiscountStatus CommitmentDiscountType"
    " CommitmentDiscountUnit CommitmentProgramEligibilityDetails ConsumedUnit ContractApplied"
    " HostProviderName InvoiceDetailId InvoiceId InvoiceIssuerName PricingCategory"
    " PricingCurrency PricingUnit RegionId RegionName ResourceId ResourceName ResourceType"
    " ServiceCategory ServiceName ServiceProviderName ServiceSubcategory SkuId SkuMeter"
    " SkuPriceDetails SkuPriceId SubAccountId SubAccountName SubAccountType Tags"
)


def _of(kind: ColumnType, names: str) -> dict[str, ColumnType]:
    return dict.fromkeys(names.split(), kind)


FOCUS: Mapping[str, ColumnType] = MappingProxyType(
    _of("text", _TEXTS) | _of("timestamp", _TIMESTAMPS) | _of("decimal", _DECIMALS)
)
"""The 65 columns of FOCUS 1.4 Cost and Usage; columns of JSON are text."""

COMPUTED: tuple[str, ...] = (
    "x_ChargeId",
    "x_Source",
    "x_SourceFile",
    "x_SourceRow",
    "x_Period",
    "x_Basis",
    "x_WindowStart",
    "x_WindowEnd",
    "x_Layer",
    "x_LayerRule",
    "x_GroupId",
    "x_CoverageCost",
    "x_Eligible",
    "x_LineCount",
)
"""Columns that no file may give: a run works them out."""

CHARGES: Mapping[str, ColumnType] = MappingProxyType(
    dict(FOCUS)
    | _of("text", "x_ChargeId x_Source x_SourceFile x_Period x_Basis x_Model x_Meter x_Tier")
    | _of("text", "x_CredentialId x_PrincipalId x_Layer x_LayerRule x_GroupId")
    | _of("timestamp", "x_WindowStart x_WindowEnd")
    | _of("integer", "x_SourceRow")
    | _of("decimal", "x_CoverageCost")
)
"""`charges`: one billed line."""

GROUPS: Mapping[str, ColumnType] = MappingProxyType(
    {**CHARGES, "x_Eligible": "boolean", "x_LineCount": "integer"}
)
"""What conditions of traces and pools may see of `groups` beside the taxonomy keys."""

USAGE: Mapping[str, ColumnType] = MappingProxyType(
    _of("text", "x_Source ServiceProviderName SubAccountId x_CredentialId x_PrincipalId")
    | _of("text", "ResourceId x_Model x_Meter x_Tier x_Unit x_EstimatedCurrency Tags")
    | _of("timestamp", "hour")
    | _of("decimal", "x_Quantity x_EstimatedCost")
    | _of("integer", "x_RequestCount")
)
"""`usage`: hour x identity x meter."""

RESOURCES: Mapping[str, ColumnType] = MappingProxyType(
    _of("text", "x_Source address type Tags place") | _of("boolean", "x_Taggable")
)
"""`resources`: one planned thing."""

KNOWN: Mapping[str, ColumnType] = MappingProxyType({**GROUPS, **USAGE, **RESOURCES})
"""Every column that charges, groups, usage or resources know."""

MEASURES: tuple[str, ...] = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "ConsumedQuantity",
    "PricingQuantity",
    "x_CoverageCost",
)
"""The columns that groups sum."""

SUMS: tuple[str, ...] = (
    *MEASURES,
    "x_LineCount",
    "x_Quantity",
    "x_EstimatedCost",
    "x_RequestCount",
)
"""The columns of `groups` and `usage` that are sums: no rule may look at them."""

TAGS_PREFIX = "Tags."


def column_type(name: str) -> ColumnType | None:
    """The type of a column that a condition, registry or split may name; None if there is none.

    `Tags.<key>` and custom columns of a bill, any name that begins with `x_`, are text.
    """
    if name in KNOWN:
        return KNOWN[name]
    custom = name.startswith("x_") and len(name) > 2
    tag = name.startswith(TAGS_PREFIX) and len(name) > len(TAGS_PREFIX)
    return "text" if custom or tag else None
