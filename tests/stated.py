"""Projects whose statements are tested, and statements read from them.

`worked`: October in USD as in the guide to shared cost: OpenAI 10.00, of which the gateway saw
search 600,000 and support 300,000 of 1,000,000 tokens; Bedrock 30.00 tagged search; a GPU cluster
100.00, of whose 120 seconds search used 30, support 50, ai-platform 10; observability 20.00 tagged
ai-platform, which serves others by their cost. September has Bedrock 20.00 tagged search.

`odd`: two months in USD and JPY, fractions of a cent, a credit, and names that want to be code.
"""

from collections.abc import Mapping
from pathlib import Path

from everyline import runs
from everyline.engines.duckdb import Engine
from everyline.exports import reading
from everyline.exports.reading import Sourced
from everyline.exports.statement import Statement
from everyline.exports.told import told
from everyline.problems import Problem
from made import run

SCRIPT = "<script>alert('x')</script>"
FORMULA = '=HYPERLINK("http://example.com","pay")'
ATTRIBUTE = '" onmouseover="alert(1)'
TURNED = "pay \u202eeman\u202c"
HEBREW = "צוות חיפוש"
LONG = "long-" * 40
PLACES = "../../etc"
CALL = "-cmd|' /C calc'!A0"
WILD = "*"
HOSTILE = (SCRIPT, FORMULA, ATTRIBUTE, TURNED, HEBREW, LONG, PLACES, CALL, WILD, "+1", "@SUM(1)")
"""Names of owners; each has cost, and is a use case of another."""

_WORKED_YAML = """\
currency: USD
taxonomy:
  team: {required: true, tags: [team], values: [search, support, ai-platform]}
  service: {tags: [service]}
bills:
  - {name: bill, format: table, path: "bills/*.csv"}
usage:
  - {name: gateway, format: table, path: "usage/gateway.csv"}
  - {name: gpu, format: table, path: "usage/gpu.csv"}
layers:
  - {when: {ServiceName: [OpenAI API, Amazon Bedrock]}, layer: model}
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
_WORKED_BILL = """\
InvoiceIssuerName,ServiceProviderName,ServiceName,InvoiceId,ChargePeriodStart,ChargePeriodEnd,\
BillingCurrency,BilledCost,ConsumedQuantity,ConsumedUnit,x_Model,x_Meter,team
AWS,AWS,Amazon Bedrock,i1,2026-09-01,2026-10-01,USD,20,,,,,search
OpenAI,OpenAI,OpenAI API,,2026-10-01,2026-11-01,USD,10,1000000,tokens,gpt-4o,input_tokens,
AWS,AWS,Amazon Bedrock,i2,2026-10-01,2026-11-01,USD,30,,,,,search
AWS,AWS,GPU cluster,i2,2026-10-01,2026-11-01,USD,100,,,,,
Watch,Watch,Observability,i3,2026-10-01,2026-10-11,USD,20,,,,,ai-platform
"""
_WORKED_GATEWAY = """\
hour,ServiceProviderName,x_CredentialId,x_Model,x_Meter,x_Unit,x_Quantity,team
2026-10-05T10:00:00Z,OpenAI,key-a,gpt-4o,input_tokens,tokens,600000,search
2026-10-20T11:00:00Z,OpenAI,key-c,gpt-4o,input_tokens,tokens,300000,support
"""
_WORKED_GPU = """\
hour,x_Meter,x_Unit,x_Quantity,team
2026-10-01T00:00:00Z,gpu_seconds,seconds,30,search
2026-10-01T00:00:00Z,gpu_seconds,seconds,50,support
2026-10-01T00:00:00Z,gpu_seconds,seconds,10,ai-platform
2026-10-01T00:00:00Z,gpu_seconds_capacity,seconds,120,
"""
_ODD_YAML = """\
taxonomy:
  team: {required: true, tags: [team]}
  use_case: {tags: [use_case]}
bills:
  - {name: bill, format: table, path: "bills/*.csv", layer: model, set: {ChargeCategory: Usage}}
layers:
  - {when: {ServiceName: Vectors}, layer: data}
pools:
  - pool: vectors
    charges: {ServiceName: Vectors}
    split: [{by: cost}]
"""
_ODD_HEAD = (
    "InvoiceIssuerName,ServiceProviderName,ServiceName,SubAccountId,ChargePeriodStart,"
    "ChargePeriodEnd,BillingCurrency,BilledCost,EffectiveCost,team,use_case"
)


def worked(folder: Path) -> Path:
    """The project `worked`, run."""
    files = {
        "everyline.yaml": _WORKED_YAML,
        "bills/bill.csv": _WORKED_BILL,
        "usage/gateway.csv": _WORKED_GATEWAY,
        "usage/gpu.csv": _WORKED_GPU,
    }
    return _made(folder, files)


def odd(folder: Path) -> Path:
    """The project `odd`, run."""
    lines = [_ODD_HEAD]
    for month, more in (("2026-09", 0), ("2026-10", 7)):
        at = f"{month}-01,{month}-02"
        for n, (owner, other) in enumerate(zip(HOSTILE, reversed(HOSTILE), strict=True), 1):
            names = f"{_cell(owner)},{_cell(other)}"
            costs = f"{n + more}.00{n % 9 + 1},{n + more}.1055"
            lines += [
                f"A,A,{_cell(other)},a{n % 3},{at},USD,{costs},{names}",
                f"B,B,Models,a{n % 3},{at},USD,-0.0{more}4,-0.003,{_cell(owner)},",
                f"A,A,Models,a9,{at},USD,1.11,1.11,{_cell(owner)},chat",
                f"A,A,Models,a9,{at},USD,2.22,2.22,{_cell(owner)},Chat",
                f"A,A,Models,a{n % 3},{at},JPY,{n * 100 + more}.5,{n * 100}.25,{names}",
            ]
        lines += [
            f"A,A,Vectors,a1,{at},USD,77.77{more},77.77{more},,",
            f"B,B,Models,a1,{at},USD,3.333,3.333,,",
        ]
    lines.append("A,A,Models,a1,2026-09-03,2026-09-04,USD,5,5,gone,")
    return _made(folder, {"everyline.yaml": _ODD_YAML, "bills/bill.csv": "\n".join(lines) + "\n"})


def sourced(engine: Engine, project: Path) -> Sourced:
    """What statements of a project are read from."""
    found = runs.current(project)
    assert not isinstance(found, Problem)
    return Sourced(engine, found, *told(engine, found, project))


def statements(project: Path, period: str = "2026-10") -> Mapping[str, Statement]:
    """The statements of a month."""
    engine = Engine()
    found = reading.statements(sourced(engine, project), period)
    engine.close()
    return found


def _made(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run(folder)
    return folder


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
