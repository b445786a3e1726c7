"""The demo's company adopts `policy` and `check`, and its next bill is tagged by what they caught.

Five endpoints are planned and run for a month as they were written. Then the plan is checked, what
is found is mended as the hints say, and they run for another month at the same cost.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

import rego
from everyline.engines.duckdb import Engine, literal, quoted
from made import run

Tags = Mapping[str, str]


class Endpoint(NamedTuple):
    """A planned endpoint: its tags as written and as mended, and what a month of it costs."""

    name: str
    written: Tags
    mended: Tags
    cost: str


RIGHT = {"team": "hub-operations", "usecase": "damage-check"}
ENDPOINTS = (
    Endpoint("damage", RIGHT, RIGHT, "100.10"),
    Endpoint("labels", {"Team": "customs-team", "feature": "HS-Code-Lookup"}, {}, "30"),
    Endpoint("damage-b", {"team": "hub-operations"}, RIGHT, "40.25"),
    Endpoint("embedder", {}, {"team": "search", "use_case": "address-match"}, "7.50"),
    Endpoint(
        "triage",
        {"team": "kundendienst", "use_case": "ticket-triage"},
        {"team": "customer-care", "use_case": "ticket-triage"},
        "12.345678",
    ),
)
LACKING = {"team": {"embedder", "triage"}, "use_case": {"damage-b", "embedder"}}
"""What each required key is missing of, or undeclared; nothing else is wrong."""


def _tags(endpoint: Endpoint, *, mended: bool) -> Tags:
    return endpoint.mended or endpoint.written if mended else endpoint.written


def _plan(folder: Path, *, mended: bool) -> Path:
    """What `terraform show -json` prints of the plan of all endpoints."""
    changes = [
        {
            "address": f"aws_sagemaker_endpoint.{one.name}",
            "mode": "managed",
            "type": "aws_sagemaker_endpoint",
            "name": one.name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {"tags": (tags := _tags(one, mended=mended)), "tags_all": tags},
                "after_unknown": {},
            },
        }
        for one in ENDPOINTS
    ]
    path = folder / "plan.json"
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": changes,
    }
    path.write_text(json.dumps(document, indent=1))
    return path


def _called(*command: object) -> tuple[int, str]:
    """Exit code and what a command prints."""
    called = [sys.executable, "-m", "everyline", *map(str, command)]
    done = subprocess.run(called, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def _found(project: Path, plan: Path) -> tuple[int, set[tuple[str, str]]]:
    """Exit code of `check --plan`; name and endpoint of what it says must be mended."""
    code, told = _called("check", "--project", project, "--plan", plan, "--as", "json")
    failed = [one for one in json.loads(told) if one["level"] == "fail"]
    return code, {
        (one["x_Problem"], one["x_Subject"].partition(",")[0].rpartition(".")[2]) for one in failed
    }


def _refused(project: Path, plan: Path) -> set[str]:
    """The endpoints that the policy refuses, as an independent Rego evaluates it."""
    _, module = _called("policy", "--project", project, "--as", "rego")
    (messages,) = rego.said(module, "deny", [json.loads(plan.read_text())])
    return {message.partition(":")[0].rpartition(".")[2] for message in messages}


def _bill(engine: Engine, project: Path, period: str, *, mended: bool) -> None:
    """The month's bill: lines like one that the company has had, with the tags of the plan."""
    (like,) = sorted(project.glob("bills/aws/2026-10/*/*.parquet"))
    lines = []
    for one in ENDPOINTS:
        pairs = ", ".join(
            f"{literal(k)}: {literal(v)}" for k, v in _tags(one, mended=mended).items()
        )
        replaced = {
            "BilledCost": one.cost,
            "EffectiveCost": one.cost,
            "ListCost": one.cost,
            "ContractedCost": one.cost,
            "ResourceId": literal(f"arn:aws:sagemaker:endpoint/{one.name}"),
            "ChargePeriodStart": f"TIMESTAMP '{period}-02'",
            "ChargePeriodEnd": f"TIMESTAMP '{period}-03'",
            "BillingPeriodStart": f"TIMESTAMP '{period}-01'",
            "BillingPeriodEnd": f"TIMESTAMP '{period}-01' + INTERVAL 1 MONTH",
            "InvoiceId": literal(f"invoice-{period}"),
            "Tags": f"MAP {{{pairs}}}" if pairs else "MAP {}::MAP(VARCHAR, VARCHAR)",
        }
        body = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in replaced.items())
        lines.append(f"SELECT * REPLACE ({body}) FROM like_")
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE like_ AS SELECT * FROM read_parquet({literal(str(like))})"
        " WHERE ServiceName = 'Amazon SageMaker' AND ChargeClass IS NULL"
        " AND ChargeCategory = 'Usage' ORDER BY ALL LIMIT 1"
    )
    target = project / f"bills/aws/{period}/v1/focus.parquet"
    target.parent.mkdir(parents=True)
    engine.write(" UNION ALL ".join(lines), target)


def _tag_coverage(engine: Engine, made: str, key: str, period: str) -> tuple[Decimal, Decimal]:
    """Cost with a declared tag, and all cost that can have one."""
    declared, eligible = engine.one(
        "SELECT coalesce(sum(x_CoverageCost) FILTER (x_Tag = 'declared'), 0), sum(x_CoverageCost)"
        f" FROM {made} WHERE x_Eligible AND x_Key = {literal(key)}"
        f" AND x_Period = {literal(period)} AND ServiceProviderName = 'Amazon Web Services'"
    )
    return declared, eligible


@pytest.fixture
def project(company: Path, tmp_path: Path) -> Path:
    """The demo before its new months, its telemetry and its other vendors' bills left away."""
    folder = shutil.copytree(company, tmp_path / "halcyon")
    shutil.rmtree(folder / "usage")
    for vendor in folder.joinpath("bills").iterdir():
        if vendor.name != "aws":
            shutil.rmtree(vendor)
    shutil.rmtree(folder / "bills/aws/2026-09")
    return folder


def test_coverage_rises_by_the_cost_of_what_was_caught(project: Path) -> None:
    engine = Engine()
    written = _plan(project, mended=False)
    caught = {name for names in LACKING.values() for name in names}
    untagged = {("missing-tag", "damage-b"), ("missing-tag", "embedder")}
    assert _found(project, written) == (3, untagged | {("undeclared-value", "triage")})
    assert _refused(project, written) == caught
    _bill(engine, project, "2026-11", mended=False)

    mended = _plan(project, mended=True)
    assert _found(project, mended) == (0, set())
    assert _refused(project, mended) == set()
    _bill(engine, project, "2026-12", mended=True)

    coverage = run(project).relation("coverage")
    for key, lacking in LACKING.items():
        before, cost_before = _tag_coverage(engine, coverage, key, "2026-11")
        after, cost_after = _tag_coverage(engine, coverage, key, "2026-12")
        assert cost_before == cost_after == Decimal("190.195678")
        assert after == cost_after
        of_caught = [Decimal(one.cost) for one in ENDPOINTS if one.name in lacking]
        assert after - before == sum(of_caught)
