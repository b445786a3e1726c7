"""Where bills and telemetry come from: the entries of `bills` and `usage`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from everyline.config.names import ChargeColumns, LineCondition, UsageColumns
from everyline.config.registry import UsageAccounts, read_usage_accounts
from everyline.config.settings import (
    FILE_SCHEMA,
    Entry,
    PathPattern,
    Text,
    Truth,
    table_of,
)

Layer = Literal["model", "platform", "data", "none"]
BillFormat = Literal["focus", "openai-costs", "anthropic-cost-report", "table"]
UsageFormat = Literal[
    "litellm-spend-logs",
    "openai-usage",
    "anthropic-usage",
    "otel-genai",
    "langfuse",
    "opencost",
    "prometheus",
    "copilot-seats",
    "bedrock-invocations",
    "table",
]
People = Literal["hash", "keep"]

LAYERS: tuple[Layer, ...] = get_args(Layer)
BILL_FORMATS: tuple[BillFormat, ...] = get_args(BillFormat)
USAGE_FORMATS: tuple[UsageFormat, ...] = get_args(UsageFormat)

_NO_COLUMNS: Mapping[str, str] = MappingProxyType({})

Name = Annotated[Text, Field(description="The name of the source, as x_Source has it")]
Path = Annotated[
    PathPattern,
    Field(description="Files below the project: `{period}`, `{version}`, `*`, `?`, `[..]`"),
]
PeopleSetting = Annotated[
    People,
    Field(description="Whether x_PrincipalId is made a keyed hash (the default) or kept"),
]
LayerSetting = Annotated[
    Layer | None, Field(description="The layer of lines that no rule of `layers` places")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill(Entry):
    """One source of bills. `columns` maps ours to theirs, `set` ours to a constant."""

    name: Name
    format: Annotated[BillFormat, Field(description="The format of its files")]
    path: Path
    place: SkipJsonSchema[str] = ""
    columns: Annotated[
        ChargeColumns, Field(description="Of a table: our column and the header that gives it")
    ] = field(default_factory=lambda: _NO_COLUMNS)
    set: Annotated[
        ChargeColumns, Field(description="Of a table: our column and the text that it always has")
    ] = field(default_factory=lambda: _NO_COLUMNS)
    layer: LayerSetting = None
    account: Annotated[
        Text | None, Field(description="BillingAccountId, for reports that carry none")
    ] = None
    people: PeopleSetting = "hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSource(Entry):
    """One source of telemetry. `columns` maps ours to theirs, `set` ours to a constant.

    Attributes:
        charges: which of its rows become `estimated` charges (R3); None for none.
        estimated_cost: whether x_EstimatedCost is worked out from prices or taken as delivered.
        reconcile: whether reconciliation counts it (R24).
    """

    name: Name
    format: Annotated[UsageFormat, Field(description="The format of its files")]
    path: Path
    place: SkipJsonSchema[str] = ""
    columns: Annotated[
        UsageColumns, Field(description="Of a table: our column and the header that gives it")
    ] = field(default_factory=lambda: _NO_COLUMNS)
    set: Annotated[
        UsageColumns, Field(description="Of a table: our column and the text that it always has")
    ] = field(default_factory=lambda: _NO_COLUMNS)
    people: PeopleSetting = "hash"
    accounts: Annotated[
        Annotated[UsageAccounts, table_of(read_usage_accounts), FILE_SCHEMA] | None,
        Field(description="CSV from ResourceId or x_CredentialId to provider and account"),
    ] = None
    charges: Annotated[
        LineCondition | None, Field(description="Rows that become estimated charges")
    ] = None
    layer: LayerSetting = None
    reconcile: Annotated[Truth, Field(description="Whether reconciliation counts this source")] = (
        True
    )
    estimated_cost: Annotated[
        Literal["prices", "native"],
        Field(description="Worked out from prices (the default), or as the telemetry states it"),
    ] = "prices"
