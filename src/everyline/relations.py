"""The data dictionary: every relation of a run, its grain, key, columns, and its maker.

No logic. `KEYS` stands for one column `k` and one `k_evidence` for each taxonomy key `k`;
`K_TAG` and `K_RULE` for `k_tag` and `k_rule`; `GROUP_KEY` for the columns of rule R5.
"""

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


def _text(name: str, meaning: str) -> Column:
    return Column(name, "text", meaning)


_MEASURES = (
    *(Column(c, "decimal", f"sum of {c}, in BillingCurrency, signed") for c in COSTS),
    *(Column(q, "decimal", f"sum of {q}; null where no line has one") for q in QUANTITIES),
    Column("x_CoverageCost", "decimal", "sum of max(EffectiveCost, 0), line by line"),
)
_KEYS = (Column(KEYS, "text", "the key's value, null where nobody is found; then its evidence"),)
_PERIOD = _text("x_Period", "month, `2026-10`")
_CURRENCY = _text("BillingCurrency", "ISO 4217 code")

CHARGES = Relation(
    "charges",
    "charges",
    "one billed line",
    ("x_ChargeId",),
    (
        _text("x_ChargeId", "SHA-256 of source, native fields and occurrence (R1)"),
        _text("*", "all FOCUS 1.4 columns present, and the file's own `x_` columns"),
        _text("x_Source", "the bill's name"),
        _text("x_SourceFile", "file, relative to the project"),
        Column("x_SourceRow", "integer", "row of the file, from 1, header not counted"),
        _PERIOD,
        _text("x_Basis", "invoiced, metered or estimated (R3)"),
        _text("x_Model", "one name a model (R27)"),
        _text("x_Meter", "one name a meter (R27)"),
        _text("x_Tier", "standard, batch, priority, flex, ..."),
        _text("x_CredentialId", "which key, where the bill says it"),
        _text("x_PrincipalId", "who called, where the bill says it"),
        Column("x_WindowStart", "timestamp", "first hour in which usage may explain it (R6), UTC"),
        Column("x_WindowEnd", "timestamp", "end of that window, exclusive, UTC"),
        _text("x_Layer", "model, platform, data or none (R4)"),
        _text("x_LayerRule", "`everyline.yaml:LINE`, `bill`, or a built-in rule; null if none"),
        _text("x_GroupId", "its row of `groups`"),
        *_MEASURES,
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
        _text("x_GroupId", "SHA-256 of the canonical JSON of the group key"),
        Column(
            GROUP_KEY, "text", "the group key: BASE, columns and tags that the configuration names"
        ),
        Column("x_LineCount", "integer", "how many lines"),
        *_MEASURES,
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
        *_KEYS,
        _text(K_TAG, "declared, undeclared, missing or conflict: how the bill was tagged (R7)"),
        _text(K_RULE, "the entry of `tags` that matched, or file:line of the entry that answered"),
    ),
    ("x_GroupId", "x_Period", "ServiceName", KEYS, "EffectiveCost", "BillingCurrency"),
)

ALLOCATIONS = Relation(
    "allocations",
    "allocation",
    "one receiver's part of a group or pool line",
    ("x_LineId", "x_Receiver"),
    (
        _text("x_LineId", "the group or pool line"),
        _text("x_Receiver", "canonical JSON of values and evidence in taxonomy order"),
        _PERIOD,
        _CURRENCY,
        _text("x_Basis", "invoiced, metered or estimated"),
        _text("x_Layer", "model, platform or data"),
        _text("ServiceProviderName", "who made the service available"),
        _text("InvoiceIssuerName", "who invoices"),
        _text("InvoiceId", "null until invoiced"),
        _text("BillingAccountId", "of the issuer"),
        _text("SubAccountId", "account, project or workspace"),
        _text("ServiceName", "as billed"),
        _text("ChargeCategory", "Usage, Purchase, Tax, Credit or Adjustment"),
        Column("x_Eligible", "boolean", "whether a missing tag counts as a gap (R22)"),
        _text("ConsumedUnit", "of ConsumedQuantity"),
        _text("PricingUnit", "of PricingQuantity"),
        *_KEYS,
        _text(K_TAG, "how the bill was tagged"),
        _text("x_Method", "direct, traced, shared or unallocated (R20)"),
        _text("x_Rule", "the trace that split the part; null for direct parts and pool lines"),
        _text("x_Pool", "the pool the part came through; null for none"),
        _text("x_ShareId", "the split it came from; null for none"),
        *_MEASURES,
    ),
    ("x_Period", "ServiceName", KEYS, "x_Method", "EffectiveCost", "BillingCurrency"),
)

USAGE = Relation(
    "usage",
    "usage",
    "hour x identity x meter (R11)",
    (
        "x_Source",
        "hour",
        "ServiceProviderName",
        "SubAccountId",
        "x_CredentialId",
        "x_PrincipalId",
        "ResourceId",
        "x_Model",
        "x_Meter",
        "x_Tier",
        "x_Unit",
        "x_EstimatedCurrency",
        "Tags",
    ),
    (
        _text("x_Source", "the name of the usage source"),
        Column("hour", "timestamp", "the hour in which it began, UTC"),
        _text("ServiceProviderName", "who made the service available"),
        _text("SubAccountId", "the bill's account, project or workspace"),
        _text("x_CredentialId", "which key"),
        _text("x_PrincipalId", "who called, hashed unless configured otherwise"),
        _text("ResourceId", "deployment, workload or endpoint"),
        _text("x_Model", "one name a model (R27)"),
        _text("x_Meter", "one of disjoint meters, `input_tokens`, `requests`, ..."),
        _text("x_Tier", "standard, batch, priority, flex, ..."),
        _text("x_Unit", "of x_Quantity"),
        _text("x_EstimatedCurrency", "of x_EstimatedCost"),
        _text("Tags", "canonical JSON of the tag keys that the configuration names"),
        Column("x_Quantity", "decimal", "sum, in x_Unit, never negative"),
        Column("x_EstimatedCost", "decimal", "quantity times list price; null where none is known"),
        Column("x_RequestCount", "integer", "how many calls, failed ones too"),
        *_KEYS,
    ),
    ("x_Source", "hour", "x_Model", "x_Meter", KEYS, "x_Quantity", "x_Unit", "x_EstimatedCost"),
)

RESOURCES = Relation(
    "resources",
    "provisioning",
    "one planned thing",
    ("x_Source", "address"),
    (
        _text("x_Source", "the file that plans it"),
        _text("address", "what that file calls it"),
        _text("type", "as the tool spells it"),
        Column("x_Taggable", "boolean", "whether the type takes tags at all"),
        _text("Tags", "canonical JSON of its tags, defaults of its provider included"),
        _text("place", "file and line where a person would mend it"),
        _text("x_Layer", "model, platform or data; null where it is not known to cost AI money"),
        _text("x_Verdict", "well, the names of its problems, or why it was not judged"),
        _text("ServiceProviderName", "who will make the service available"),
        _text("SubAccountId", "account, project or workspace, where the plan says it"),
        _text("ServiceName", "as it will be billed, where that is known"),
        _text("ResourceId", "where it exists already"),
        _text("ResourceName", "its name"),
        _text("RegionId", "where it will run"),
        _text("x_CredentialId", "which key: the hash that the gateway's log has"),
        _text("x_PrincipalId", "whose key; only where telemetry names people (`people: keep`)"),
        _text("x_Model", "the model that it is for"),
        *_KEYS,
        _text(K_TAG, "declared, undeclared, missing or conflict: how it is tagged (R7)"),
        _text(K_RULE, "the entry of `tags` that matched, or file:line of the entry that answered"),
    ),
    ("x_Source", "address", KEYS, "x_Verdict"),
    stored=False,
)

SHARES = Relation(
    "shares",
    "allocation",
    "one receiver of one split",
    ("x_ShareId", "x_Receiver"),
    (
        _text("x_ShareId", "SHA-256 of rule or pool, level or split, period, cell or `within` key"),
        _text("x_Receiver", "canonical JSON of values and evidence in taxonomy order"),
        _text("x_Rule", "the trace or pool"),
        Column("x_Level", "integer", "the level or `split` entry that applied, from 1"),
        _text("x_Kind", "own: of this split alone; composed: through all pools (R19)"),
        *_KEYS,
        _text("x_Weight", "whole number; of all weights of the split the smallest ones"),
        _text("x_WeightTotal", "their sum"),
        _text("x_Driver", "what it was split by"),
    ),
    ("x_Rule", "x_Level", "x_Kind", KEYS, "x_Weight", "x_WeightTotal", "x_Driver"),
)

POOL_MEMBERS = Relation(
    "pool_members",
    "allocation",
    "a first-stage part that went into a pool line",
    ("x_PoolLineId", "x_GroupId", "x_Receiver"),
    (
        _text("x_PoolLineId", "the line of a pool, x_LineId of its allocations"),
        _text("x_GroupId", "the group"),
        _text("x_Receiver", "whose part of the group it was"),
        *_MEASURES,
    ),
    ("x_PoolLineId", "x_GroupId", "x_Receiver", "EffectiveCost"),
)

COVERAGE = Relation(
    "coverage",
    "coverage",
    "cost by how it was tagged and how its owner was found (R22)",
    (
        "x_Period",
        "BillingCurrency",
        "x_Key",
        "x_Layer",
        "ServiceProviderName",
        "BillingAccountId",
        "SubAccountId",
        "x_Tag",
        "x_Evidence",
        "x_Eligible",
    ),
    (
        _PERIOD,
        _CURRENCY,
        _text("x_Key", "the taxonomy key"),
        _text("x_Layer", "model, platform or data"),
        _text("ServiceProviderName", "who made the service available"),
        _text("BillingAccountId", "of the issuer"),
        _text("SubAccountId", "account, project or workspace"),
        _text("x_Tag", "declared, undeclared, missing or conflict"),
        _text("x_Evidence", "how the final value was found, or why there is none"),
        Column("x_Eligible", "boolean", "whether it counts in coverage"),
        Column("EffectiveCost", "decimal", "sum, signed"),
        Column("x_CoverageCost", "decimal", "sum of max(EffectiveCost, 0)"),
    ),
    (
        "x_Period",
        "x_Key",
        "x_Layer",
        "ServiceProviderName",
        "x_Tag",
        "x_Evidence",
        "x_CoverageCost",
        "BillingCurrency",
    ),
)

RECONCILIATION = Relation(
    "reconciliation",
    "reconciliation",
    "one measure of one subject, as expected and as found (R24)",
    (
        "x_Kind",
        "x_Period",
        "InvoiceIssuerName",
        "InvoiceId",
        "BillingCurrency",
        "ServiceProviderName",
        "x_Model",
        "x_Meter",
        "x_Measure",
    ),
    (
        _text("x_Kind", "invoice: listed beside billed; usage: billed beside seen by telemetry"),
        _PERIOD,
        _text("InvoiceIssuerName", "of an invoice"),
        _text("InvoiceId", "of an invoice"),
        _CURRENCY,
        _text("ServiceProviderName", "of usage"),
        _text("x_Model", "of usage"),
        _text("x_Meter", "of usage"),
        _text(
            "x_Measure",
            "what is compared: BilledCost of an invoice; of usage ConsumedQuantity in single"
            " units, or ListCost",
        ),
        Column("x_Expected", "decimal", "as listed, or as billed; null for an unlisted invoice"),
        Column("x_Found", "decimal", "as billed, or as seen; null where nothing was"),
        Column("x_Difference", "decimal", "found less expected, absent counting 0"),
        Column(
            "x_Tolerance",
            "decimal",
            "of an invoice what rounding may leave; null for usage: the gap is the finding",
        ),
        Column("x_Within", "boolean", "whether the invoice ties to its lines; null for usage"),
    ),
    (
        "x_Period",
        "InvoiceId",
        "ServiceProviderName",
        "x_Model",
        "x_Meter",
        "x_Measure",
        "x_Expected",
        "x_Found",
    ),
)

CAUSES = Relation(
    "causes",
    "reconciliation",
    "one cause of what an invoice asks for, by what it is about",
    (
        "x_Period",
        "InvoiceIssuerName",
        "InvoiceId",
        "BillingCurrency",
        "x_LinePeriod",
        "ServiceProviderName",
        "ServiceName",
        "x_Model",
        "x_Meter",
        "ChargeCategory",
        "x_Cause",
    ),
    (
        _text("x_Period", "of the invoice; of lines without one, their own"),
        _text("InvoiceIssuerName", "who invoices; null for usage that is on no bill"),
        _text("InvoiceId", "null until invoiced"),
        _CURRENCY,
        _text("x_LinePeriod", "x_Period of the lines, and the month that telemetry is of"),
        _text("ServiceProviderName", "who made the service available"),
        _text("ServiceName", "as billed"),
        _text("x_Model", "one name a model (R27)"),
        _text("x_Meter", "one of disjoint meters"),
        _text("ChargeCategory", "Usage, Purchase, Tax, Credit or Adjustment"),
        _text(
            "x_Cause",
            "metered and not_metered: what was expected; billed_not_seen, seen_not_billed, price,"
            " discount_credit, currency, unexplained: why the invoice differs",
        ),
        Column("x_Amount", "decimal", "adds to the invoice; those of one invoice sum to it"),
        Column("x_BilledQuantity", "decimal", "in single units, where quantities are compared"),
        Column("x_SeenQuantity", "decimal", "in single units, where quantities are compared"),
        Column("x_LineCount", "integer", "the bill lines behind it"),
    ),
    ("x_Period", "InvoiceId", "x_Model", "x_Meter", "ServiceName", "x_Cause", "x_Amount"),
    stored=False,
)

STATEMENTS = Relation(
    "statements",
    "statements",
    "one line of the showback document (R23)",
    (
        "x_Period",
        "x_CorrectsPeriod",
        "BillingCurrency",
        "x_Basis",
        KEYS,
        "x_Method",
        "x_Pool",
        "x_Layer",
        "ServiceProviderName",
        "InvoiceIssuerName",
        "ServiceName",
    ),
    (
        _PERIOD,
        _text("x_CorrectsPeriod", "the closed month that the line corrects; null for none"),
        _CURRENCY,
        _text("x_Basis", "invoiced, metered or estimated"),
        Column(KEYS, "text", "the values of the taxonomy keys"),
        _text("x_Method", "direct, traced, shared or unallocated"),
        _text("x_Pool", "null for none"),
        _text("x_Layer", "model, platform or data"),
        _text("ServiceProviderName", "who made the service available"),
        _text("InvoiceIssuerName", "who invoices"),
        _text("ServiceName", "as billed"),
        Column("BilledCost", "decimal", "exact"),
        Column("EffectiveCost", "decimal", "exact"),
        Column("x_BilledAmount", "decimal", "in the currency's minor unit, cascaded"),
        Column("x_EffectiveAmount", "decimal", "in the currency's minor unit, cascaded"),
    ),
    (
        "x_Period",
        KEYS,
        "x_Method",
        "x_Layer",
        "ServiceName",
        "x_EffectiveAmount",
        "BillingCurrency",
    ),
)

PROBLEMS = Relation(
    "problems",
    "pipeline",
    "one named problem",
    ("x_Problem", "x_Place", "x_Subject"),
    (
        _text("x_Problem", "its name"),
        _text("x_Place", "file, line and column"),
        _text("x_Subject", "the value or name that is wrong"),
        _text("level", "stop, fail or warn"),
        _text("sentence", "what is wrong"),
        _PERIOD,
        _CURRENCY,
        Column("EffectiveCost", "decimal", "the cost touched, signed; null where it is not known"),
        Column("x_LineCount", "integer", "the charges touched"),
        _text("hint", "what to do next"),
    ),
    ("x_Problem", "x_Place", "x_Subject", "EffectiveCost", "BillingCurrency"),
)

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
