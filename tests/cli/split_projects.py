"""Projects with traces and pools, for tests of what the command line tells of splits.

`worked`: one month in USD. OpenAI 10.00, of which the gateway saw search 600,000 and support
300,000 of 1,000,000 tokens; Bedrock 30.00 tagged search; a GPU cluster 100.00, of whose 120 seconds
search used 30, support 50, ai-platform 10; observability 20.00 tagged ai-platform, a team that
serves others by their cost: search 36, support 3, nobody 1 of 40.

`wide`: two months, two keys, a credit, weak entries, two levels of a trace, usage without an owner,
pools that serve each other in a circle, a pool by `within`, even parts, and a currency of its own.
"""

from pathlib import Path

from everyline.cli import main

_WORKED_YAML = """\
currency: USD
taxonomy:
  team: {required: true, tags: [team], values: [search, support, ai-platform]}
bills:
  - {name: bill, format: table, path: "bills/*.csv"}
usage:
  - {name: gateway, format: table, path: "usage/gateway.csv"}
  - {name: gpu, format: table, path: "usage/gpu.csv"}
layers:
  - {when: {ServiceName: OpenAI API}, layer: model}
  - {when: {ServiceName: Amazon Bedrock}, layer: model}
  - {when: {ServiceName: GPU cluster}, layer: platform}
  - {when: {ServiceName: Observability}, layer: data}
trace:
  - rule: openai-by-gateway
    charges: {ServiceName: OpenAI API}
    usage: {x_Source: gateway}
    split: [{on: [x_Model, x_Meter], weight: quantity}]
pools:
  - pool: gpu-cluster
    charges: {ServiceName: GPU cluster}
    split:
      - by: usage
        usage: {x_Source: gpu, x_Meter: gpu_seconds}
        capacity: {x_Source: gpu, x_Meter: gpu_seconds_capacity}
    rest: unallocated
  - pool: ai-platform
    owner: {team: ai-platform}
    split: [{by: cost}]
    rest: unallocated
"""
_WORKED = {
    "bills/october.csv": """\
InvoiceIssuerName,ServiceProviderName,ServiceName,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,\
BillingCurrency,BilledCost,ConsumedQuantity,ConsumedUnit,x_Model,x_Meter,team
OpenAI,OpenAI,OpenAI API,Usage,2026-10-01,2026-11-01,USD,10,1000000,tokens,gpt-4o,input_tokens,
AWS,AWS,Amazon Bedrock,Usage,2026-10-01,2026-11-01,USD,30,,,,,search
AWS,AWS,GPU cluster,Usage,2026-10-01,2026-11-01,USD,100,,,,,
Watch,Watch,Observability,Usage,2026-10-01,2026-11-01,USD,20,,,,,ai-platform
""",
    "usage/gateway.csv": """\
hour,ServiceProviderName,x_CredentialId,x_Model,x_Meter,x_Unit,x_Quantity,team
2026-10-05T10:00:00Z,OpenAI,key-a,gpt-4o,input_tokens,tokens,400000,search
2026-10-06T10:00:00Z,OpenAI,key-a,gpt-4o,input_tokens,tokens,100000,search
2026-10-06T10:00:00Z,OpenAI,key-b,gpt-4o,input_tokens,tokens,100000,search
2026-10-20T11:00:00Z,OpenAI,key-c,gpt-4o,input_tokens,tokens,300000,support
""",
    "usage/gpu.csv": """\
hour,x_Meter,x_Unit,x_Quantity,team
2026-10-01T00:00:00Z,gpu_seconds,seconds,30,search
2026-10-01T00:00:00Z,gpu_seconds,seconds,50,support
2026-10-01T00:00:00Z,gpu_seconds,seconds,10,ai-platform
2026-10-01T00:00:00Z,gpu_seconds_capacity,seconds,120,
""",
}
_WIDE_YAML = """\
currency: USD
taxonomy:
  team: {required: true, tags: [team], values: [search, support, ops, lab, ai-platform, data-team]}
  use_case: {tags: [use_case]}
bills:
  - {name: bill, format: table, path: "bills/*.csv"}
usage:
  - {name: gateway, format: table, path: "usage/gateway.csv", estimated_cost: native}
owners:
  - {registry: owners/weak.csv, weak: true}
layers:
  - {when: {ServiceName: [Models, More models]}, layer: model}
  - {when: {ServiceName: [Cluster, Platform]}, layer: platform}
  - {when: {ServiceName: [Vectors, Tax]}, layer: data}
trace:
  - rule: by-gateway
    charges: {ServiceName: [Models, More models]}
    usage: {x_Source: gateway}
    split:
      - {on: [x_Model, x_Meter], weight: quantity}
      - {on: [], weight: estimated_cost}
pools:
  - pool: cluster
    charges: {ServiceName: Cluster}
    split: [{by: usage, usage: {x_Meter: input_tokens}}]
  - pool: tax
    charges: {ServiceName: Tax}
    split: [{by: cost, within: [InvoiceIssuerName]}]
  - pool: even
    charges: {ServiceName: Vectors}
    split: [{by: even, over: [team]}]
  - pool: ai-platform
    owner: {team: ai-platform}
    split: [{by: usage, usage: {x_Meter: input_tokens}}]
    rest: spread
  - pool: data-team
    owner: {team: data-team}
    split: [{by: fixed, over: [team], shares: {search: 50, support: 20, ai-platform: 30}}]
between_pools: reciprocal
"""
_WIDE_HEAD = (
    "InvoiceIssuerName,ServiceProviderName,ServiceName,ChargeCategory,ChargePeriodStart,"
    "ChargePeriodEnd,BillingCurrency,BilledCost,ConsumedQuantity,ConsumedUnit,x_Model,x_Meter,"
    "SubAccountId,team,use_case"
)
_USAGE_HEAD = (
    "hour,ServiceProviderName,x_CredentialId,x_Model,x_Meter,x_Unit,x_Quantity,x_EstimatedCost,"
    "x_EstimatedCurrency,team,use_case"
)


def _wide_bills() -> str:
    lines = [_WIDE_HEAD]
    for month, factor in (("09", 3), ("10", 7)):
        for day in (1, 2, 3):
            at = f"2026-{month}-0{day},2026-{month}-0{day + 1}"
            tokens = f"{1000 * factor * day},tokens,m1,input_tokens"
            lines += [
                f"A,A,Models,Usage,{at},USD,{factor}.0{day}7,{tokens},a{day},,",
                f"A,A,Models,Usage,{at},USD,-0.{factor}3,{tokens},a{day},,",
                f"A,A,Models,Usage,{at},USD,1.{day}1,{tokens},a{day},,chat",
                f"B,B,More models,Usage,{at},EUR,2.{day}{factor},10,tokens,m9,output_tokens,,,",
            ]
        month_at = f"2026-{month}-01,2026-{month}-28"
        lines += [
            f"A,A,Cluster,Usage,{month_at},USD,100.{factor},,,,,,,",
            f"A,A,Platform,Usage,{month_at},USD,10.01,,,,,,ai-platform,",
            f"A,A,Platform,Usage,{month_at},USD,20.02,,,,,,data-team,",
            f"A,A,Vectors,Usage,{month_at},USD,0.07,,,,,,,",
            f"A,A,Tax,Tax,{month_at},USD,7.77,,,,,,,",
            f"B,B,Tax,Tax,{month_at},EUR,1.11,,,,,,,",
        ]
    return "\n".join(lines) + "\n"


def _wide_usage() -> str:
    lines = [_USAGE_HEAD]
    for month in ("09", "10"):
        for day in (1, 2, 3):
            at = f"2026-{month}-0{day}T1{day}:00:00Z,A"
            lines += [
                f"{at},k1,m1,input_tokens,tokens,{700 * day},0.{day},EUR,search,chat",
                f"{at},k2,m1,input_tokens,tokens,{310 + day},0.0{day},EUR,support,",
                f"{at},k3,m1,input_tokens,tokens,{101 * day},,,,chat",
                f"{at},k4,m1,input_tokens,tokens,77,0.01,EUR,,",
                f"{at},k5,m1,input_tokens,tokens,500,0.07,EUR,data-team,",
                f"{at},k6,m1,input_tokens,tokens,200,0.03,EUR,ai-platform,",
            ]
    return "\n".join(lines) + "\n"


def worked(folder: Path, *, support: str = "support") -> Path:
    """The worked case, run; `support` is whose usage that of key-c is."""
    gateway = _WORKED["usage/gateway.csv"].replace("support", support)
    return _made(folder, _WORKED_YAML, _WORKED | {"usage/gateway.csv": gateway})


def wide(folder: Path) -> Path:
    """The wide project, run."""
    files = {
        "bills/all.csv": _wide_bills(),
        "usage/gateway.csv": _wide_usage(),
        "owners/weak.csv": "SubAccountId,team\na2,lab\n",
    }
    return _made(folder, _WIDE_YAML, files)


def _made(folder: Path, yaml: str, files: dict[str, str]) -> Path:
    for name, text in ({"everyline.yaml": yaml} | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert main(["run", "--project", str(folder)]) == 0
    return folder
