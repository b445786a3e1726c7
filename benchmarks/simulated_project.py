"""Writes the simulated company as a project of everyline: bills, telemetry, registries, prices."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from simulated import (
    AMAZON,
    ANTHROPIC,
    ENVIRONMENTS,
    FIRST,
    METERS,
    NOBODY,
    OPENAI,
    PRICES,
    TEAMS,
    USE_CASES,
    Company,
    Degradation,
    Line,
)

BILLS = {OPENAI: "openai", ANTHROPIC: "anthropic", AMAZON: "bedrock"}
"""Provider to the name of its bill and of its trace."""


class Tracing(NamedTuple):
    """How cost is traced: the `split` and the `rest` of the trace of each provider, as YAML."""

    split: tuple[str, ...]
    rest: str = "unallocated"


BY_ACCOUNT = "{on: [SubAccountId, x_Model, x_Meter], weight: quantity}"
BY_MODEL = "{on: [x_Model, x_Meter], weight: quantity}"
BY_ESTIMATE = "{on: [x_Model], weight: estimated_cost}"

Row = Mapping[str, object]


def write(folder: Path, company: Company, degraded: Degradation, tracing: Tracing) -> list[Line]:
    """Makes the project in `folder`; gives the lines of its bills in the order of their rows."""
    lines = company.bill(degraded)
    for provider, name in BILLS.items():
        _csv(folder / "bills" / f"{name}.csv", map(_billed, _of(lines, provider)))
    _csv(folder / "usage" / "gateway.csv", _logged(company, degraded))
    _csv(folder / "owners" / "keys.csv", _keys(company, degraded))
    _csv(folder / "owners" / "accounts.csv", _accounts(company))
    _csv(folder / "names" / "prices.csv", _prices())
    (folder / "everyline.yaml").write_text(_configuration(tracing), encoding="utf-8")
    return lines


def _of(lines: Iterable[Line], provider: str) -> Iterator[Line]:
    return (line for line in lines if line.provider == provider)


def usd(units: int) -> str:
    """A cost in units of 10^-18 USD as a bill writes it, exactly."""
    return f"{units // 10**18}.{units % 10**18:018}".rstrip("0").rstrip(".")


def _billed(line: Line) -> Row:
    """A row of a bill; Amazon's is FOCUS, with tags, the others' are tables, which know none."""
    row: dict[str, object] = {
        "InvoiceIssuerName": line.provider,
        "ServiceProviderName": line.provider,
        "ServiceName": f"{line.provider} models",
        "ChargeCategory": "Usage",
        "BillingCurrency": "USD",
        "BillingPeriodStart": f"{FIRST:%Y-%m-%dT%H:%M:%SZ}",
        "ChargePeriodStart": f"{line.day:%Y-%m-%dT%H:%M:%SZ}",
        "ChargePeriodEnd": f"{line.day + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "SubAccountId": line.account,
        "x_Model": line.model,
        "x_Meter": line.meter,
        "ConsumedQuantity": line.tokens,
        "ConsumedUnit": "tokens",
        "BilledCost": usd(line.cost),
    }
    if line.provider == AMAZON:
        tags = {key: value for key, value in line.tags._asdict().items() if value}
        row |= {"EffectiveCost": row["BilledCost"], "Tags": json.dumps(tags)}
    return row


def _logged(company: Company, degraded: Degradation) -> Iterator[Row]:
    """The log of the gateway: a row for each call and meter."""
    for call in company.calls:
        if not degraded.logs(call):
            continue
        seen = company.seen(call, degraded)
        for meter, tokens in zip(METERS, call.tokens, strict=True):
            yield {
                "hour": f"{call.hour:%Y-%m-%dT%H:%M:%SZ}",
                "ServiceProviderName": call.provider,
                "SubAccountId": call.account,
                "x_CredentialId": seen.credential,
                "x_Model": call.model,
                "x_Meter": meter,
                "x_Unit": "tokens",
                "x_Quantity": tokens,
                **seen.tags._asdict(),
            }


def _keys(company: Company, degraded: Degradation) -> Iterator[Row]:
    """The registry of keys; one that teams share stands in none."""
    seen = {company.seen(call, degraded) for call in company.calls}
    for credential, registered in sorted(
        {(s.credential, s.registered) for s in seen if s.registered != NOBODY}
    ):
        yield {"x_CredentialId": credential, **registered._asdict()}


def _accounts(company: Company) -> Iterator[Row]:
    for account, team in company.accounts.items():
        provider = OPENAI if account.startswith("proj") else ANTHROPIC
        yield {"ServiceProviderName": provider, "SubAccountId": account, "team": team}


def _prices() -> Iterator[Row]:
    for provider, models in PRICES.items():
        for model, prices in models.items():
            for meter, nano in zip(METERS, prices, strict=True):
                yield {
                    "ServiceProviderName": provider,
                    "x_Model": model,
                    "x_Meter": meter,
                    "valid_from": f"{FIRST:%Y-%m-%d}",
                    "unit_price": usd(nano * 10**9),
                    "currency": "USD",
                }


def _csv(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    every = iter(rows)
    first = next(every)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(every)


def _configuration(tracing: Tracing) -> str:
    traces = "".join(_trace(provider, name, tracing) for provider, name in BILLS.items())
    return f"""\
organisation: Simulated
currency: USD
prices: names/prices.csv
taxonomy:
  team: {{required: true, tags: [team], values: [{", ".join(TEAMS)}]}}
  use_case: {{required: true, tags: [use_case], values: [{", ".join(USE_CASES)}]}}
  environment: {{tags: [environment], values: [{", ".join(ENVIRONMENTS)}]}}
bills:
  - {{name: openai, format: table, path: bills/openai.csv, layer: model}}
  - {{name: anthropic, format: table, path: bills/anthropic.csv, layer: model}}
  - {{name: bedrock, format: focus, path: bills/bedrock.csv, layer: model}}
usage:
  - {{name: gateway, format: table, path: usage/gateway.csv}}
owners:
  - {{registry: owners/keys.csv}}
  - {{registry: owners/accounts.csv}}
trace:
{traces}"""


def _trace(provider: str, name: str, tracing: Tracing) -> str:
    levels = "".join(f"      - {level}\n" for level in tracing.split)
    return f"""\
  - rule: {name}-by-gateway
    charges: {{ServiceProviderName: {provider}}}
    usage: {{x_Source: gateway, ServiceProviderName: {provider}}}
    split:
{levels}    rest: {tracing.rest}
"""
