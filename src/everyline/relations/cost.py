"""Billed lines, and what becomes of their cost on the way to owners."""

from everyline.relations.shape import (
    CURRENCY,
    GROUP_KEY,
    K_RULE,
    K_TAG,
    KEY_COLUMNS,
    KEYS,
    MEASURE_COLUMNS,
    PERIOD,
    Column,
    Relation,
    text,
)

CHARGES = Relation(
    "charges",
    "charges",
    "one billed line",
    ("x_ChargeId",),
    (
        text("x_ChargeId", "SHA-256 of source, native fields and occurrence (R1)"),
        text("*", "all FOCUS 1.4 columns present, and the file's own `x_` columns"),
        text("x_Source", "the bill's name"),
        text("x_SourceFile", "file, relative to the project"),
        Column("x_SourceRow", "integer", "row of the file, from 1, header not counted"),
        PERIOD,
        text("x_Basis", "invoiced, metered or estimated (R3)"),
        text("x_Model", "one name a model (R27)"),
        text("x_Meter", "one name a meter (R27)"),
        text("x_Tier", "standard, batch, priority, flex, ..."),
        text("x_CredentialId", "which key, where the bill says it"),
        text("x_PrincipalId", "who called, where the bill says it"),
        Column("x_WindowStart", "timestamp", "first hour in which usage may explain it (R6), UTC"),
        Column("x_WindowEnd", "timestamp", "end of that window, exclusive, UTC"),
        text("x_Layer", "model, platform, data or none (R4)"),
        text("x_LayerRule", "`everyline.yaml:LINE`, `bill`, or a built-in rule; null if none"),
        text("x_GroupId", "its row of `groups`"),
        *MEASURE_COLUMNS,
    ),
    (
        "x_ChargeId",
        "x_SourceFile",
        "x_SourceRow",
        "ServiceName",
        "x_Layer",
        "EffectiveCost",
        "BillingCurrency",
    ),
    stored=False,
)

GROUPS = Relation(
    "groups",
    "charges",
    "lines that no rule can tell apart (R5)",
    ("x_GroupId",),
    (
        text("x_GroupId", "SHA-256 of the canonical JSON of the group key"),
        Column(
            GROUP_KEY, "text", "the group key: BASE, columns and tags that the configuration names"
        ),
        Column("x_LineCount", "integer", "how many lines"),
        *MEASURE_COLUMNS,
    ),
    (
        "x_GroupId",
        "x_Period",
        "ServiceName",
        "x_Model",
        "x_Layer",
        "x_LineCount",
        "EffectiveCost",
        "BillingCurrency",
    ),
)

OWNED_GROUPS = Relation(
    "owned_groups",
    "owners",
    "one group in scope, with its owner",
    ("x_GroupId",),
    (
        *GROUPS.columns,
        *KEY_COLUMNS,
        text(K_TAG, "declared, undeclared, missing or conflict: how the bill was tagged (R7)"),
        text(K_RULE, "the entry of `tags` that matched, or file:line of the entry that answered"),
    ),
    ("x_GroupId", "x_Period", "ServiceName", KEYS, "EffectiveCost", "BillingCurrency"),
)

ALLOCATIONS = Relation(
    "allocations",
    "allocation",
    "one receiver's part of a group or pool line",
    ("x_LineId", "x_Receiver"),
    (
        text("x_LineId", "the group or pool line"),
        text("x_Receiver", "canonical JSON of values and evidence in taxonomy order"),
        PERIOD,
        CURRENCY,
        text("x_Basis", "invoiced, metered or estimated"),
        text("x_Layer", "model, platform or data"),
        text("ServiceProviderName", "who made the service available"),
        text("InvoiceIssuerName", "who invoices"),
        text("InvoiceId", "null until invoiced"),
        text("BillingAccountId", "of the issuer"),
        text("SubAccountId", "account, project or workspace"),
        text("ServiceName", "as billed"),
        text("ChargeCategory", "Usage, Purchase, Tax, Credit or Adjustment"),
        Column("x_Eligible", "boolean", "whether a missing tag counts as a gap (R22)"),
        text("ConsumedUnit", "of ConsumedQuantity"),
        text("PricingUnit", "of PricingQuantity"),
        *KEY_COLUMNS,
        text(K_TAG, "how the bill was tagged"),
        text("x_Method", "direct, traced, shared or unallocated (R20)"),
        text("x_Rule", "the trace that split the part; null for direct parts and pool lines"),
        text("x_Pool", "the pool the part came through; null for none"),
        text("x_ShareId", "the split it came from; null for none"),
        *MEASURE_COLUMNS,
    ),
    ("x_Period", "ServiceName", KEYS, "x_Method", "EffectiveCost", "BillingCurrency"),
)

SHARES = Relation(
    "shares",
    "allocation",
    "one receiver of one split",
    ("x_ShareId", "x_Receiver"),
    (
        text("x_ShareId", "SHA-256 of rule or pool, level or split, period, cell or `within` key"),
        text("x_Receiver", "canonical JSON of values and evidence in taxonomy order"),
        text("x_Rule", "the trace or pool"),
        Column("x_Level", "integer", "the level or `split` entry that applied, from 1"),
        text("x_Kind", "own: of this split alone; composed: through all pools (R19)"),
        *KEY_COLUMNS,
        text("x_Weight", "whole number; of all weights of the split the smallest ones"),
        text("x_WeightTotal", "their sum"),
        text("x_Driver", "what it was split by"),
    ),
    ("x_Rule", "x_Level", "x_Kind", KEYS, "x_Weight", "x_WeightTotal", "x_Driver"),
)

POOL_MEMBERS = Relation(
    "pool_members",
    "allocation",
    "a first-stage part that went into a pool line",
    ("x_PoolLineId", "x_GroupId", "x_Receiver"),
    (
        text("x_PoolLineId", "the line of a pool, x_LineId of its allocations"),
        text("x_GroupId", "the group"),
        text("x_Receiver", "whose part of the group it was"),
        *MEASURE_COLUMNS,
    ),
    ("x_PoolLineId", "x_GroupId", "x_Receiver", "EffectiveCost"),
)
