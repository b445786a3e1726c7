"""What a policy refuses, `check` refuses, on the same things, and the reverse.

Forms that compute say the same as `check`. Forms that know one spelling also refuse what `check`
understands though it is misspelt, and don't see two keys that differ in case only.
"""

import json
import runpy
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from policy_cases import ACME, CASES, RIGHT, Case
from policy_evaluators import (
    Rego,
    azure,
    constraint,
    control_policy,
    key_request,
    kyverno,
    tag_policy,
    transform,
    variables,
)

from everyline import config
from everyline.cli import main
from everyline.provisioning import policies

TODAY = datetime.now(UTC).date()

Files = dict[str, str]
Refuses = Callable[[Case], bool]

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def files() -> Callable[[str], Files]:
    """The files of a form for `acme/`, as of today."""
    configuration = config.load(ACME).configuration
    assert configuration is not None

    def made(name: str) -> Files:
        written = policies.policy(name, configuration.taxonomy, TODAY)
        assert written.problems == ()
        return dict(written.files)

    return made


def _one_spelling(case: Case) -> bool:
    """Whether a form that knows one spelling refuses a case."""
    return (bool(case.wrong) or case.misspelt) and not case.doubled


# Things as they are planned


def plan(tags: dict[str, str]) -> dict[str, Any]:
    """A plan of Terraform that makes a SageMaker endpoint."""
    change = {"actions": ["create"], "before": None, "after": {"tags": tags, "tags_all": tags}}
    resource = {
        "address": "aws_sagemaker_endpoint.this",
        "mode": "managed",
        "type": "aws_sagemaker_endpoint",
        "name": "this",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {**change, "after_unknown": {}, "before_sensitive": False},
    }
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [resource]}


def pod(labels: dict[str, str]) -> dict[str, Any]:
    """What a Pod and a template of pods have: labels, and a container with an accelerator."""
    limits = {"nvidia.com/gpu": "1"}
    container = {"name": "main", "image": "acme/trainer:1", "resources": {"limits": limits}}
    return {"metadata": {"labels": labels}, "spec": {"containers": [container]}}


def deployment(labels: dict[str, str]) -> dict[str, Any]:
    """A Deployment whose pods ask for an accelerator."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "trainer"},
        "spec": {"template": pod(labels)},
    }


def request(case: Case) -> Any:
    """A request for a key of LiteLLM, half its tags in `metadata`."""
    tags = [f"{key}:{value}" for key, value in case.tags.items()]
    return SimpleNamespace(
        tags=tags[::2], metadata={"tags": tags[1::2]}, team_id=None, key_alias="k"
    )


# What `check` says of them


@each
def test_check_refuses_a_plan_as_the_case_says(case: Case, tmp_path: Any) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan(case.tags)))
    assert main(["check", "--project", str(ACME), "--plan", str(file), "--as", "json"]) == (
        3 if case.wrong else 0
    )


@each
def test_check_refuses_a_manifest_as_the_case_says(case: Case, tmp_path: Any) -> None:
    file = tmp_path / "trainer.yaml"
    file.write_text(yaml.safe_dump(deployment(case.tags)))
    assert main(["check", "--project", str(ACME), "--manifests", str(file), "--as", "json"]) == (
        3 if case.wrong else 0
    )


@each
def test_check_refuses_a_key_as_the_case_says(case: Case, tmp_path: Any) -> None:
    file = tmp_path / "keys.jsonl"
    made = request(case)
    body = {"key_alias": "k", "tags": made.tags, "metadata": made.metadata}
    file.write_text(json.dumps({"path": "/key/generate", "body": body}) + "\n")
    assert main(["check", "--project", str(ACME), "--keys", str(file), "--as", "json"]) == (
        3 if case.wrong else 0
    )


# Forms that compute: as `check`


@each
def test_rego_denies_what_check_refuses(case: Case, rego: Rego) -> None:
    for given in (plan(case.tags), deployment(case.tags)):
        assert bool(rego.says("deny", given)) == bool(case.wrong)
    warned = rego.says("warn", plan(case.tags))
    assert bool(warned) >= case.misspelt
    assert not warned or case not in RIGHT


@pytest.fixture(scope="module")
def rego(files: Callable[[str], Files]) -> Rego:
    """The Rego of `acme/`."""
    return Rego(files("rego")["owners.rego"])


@each
def test_kyverno_refuses_what_check_refuses(case: Case, files: Callable[[str], Files]) -> None:
    policy = yaml.safe_load(files("kyverno")["kyverno.yaml"])
    bare = {"kind": "Pod", **pod(case.tags)}
    cron = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": pod(case.tags)}}}}
    serving = {
        "kind": "InferenceService",
        "metadata": {"labels": case.tags},
        "spec": {"predictor": {"model": {}}},
    }
    for item in (bare, deployment(case.tags), cron, serving):
        # Kubernetes tells `Team` from `team`.
        otherwise = case.doubled or "Team" in case.tags
        assert bool(kyverno(policy, item)) == (bool(case.wrong) != otherwise)


@pytest.fixture(scope="module")
def hook(files: Callable[[str], Files], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module that the proxy of `acme/` imports."""
    file = tmp_path_factory.mktemp("proxy") / "everyline_keys.py"
    file.write_text(files("litellm")[file.name], encoding="utf-8")
    return runpy.run_path(str(file))


@each
def test_the_hook_of_litellm_refuses_what_check_refuses(case: Case, hook: Any) -> None:
    assert key_request(hook, request(case)) == bool(case.wrong)


@each
def test_the_collector_marks_what_has_no_owner(case: Case, files: Callable[[str], Files]) -> None:
    processors = yaml.safe_load(files("otel")["otel-collector.yaml"])["processors"]
    found = transform(processors["transform/everyline"], case.tags)
    marked = {name.removeprefix("everyline.unowned.") for name in found if "unowned" in name}
    if case.doubled or "Team" in case.tags:  # attributes of telemetry have case
        return
    assert marked == case.wrong - {"product"} or marked == case.wrong
    if not case.wrong:
        assert {"team", "use_case"} <= found.keys()


# Forms that know one spelling


@each
def test_a_tag_policy_refuses_at_least_that(case: Case, files: Callable[[str], Files]) -> None:
    policy = json.loads(files("aws-tag-policy")["tag-policy.json"])
    # It compares keys without case, so it does see `TEAM` beside `team`.
    assert tag_policy(policy, case.tags) == (bool(case.wrong) or case.misspelt)


@each
def test_a_control_policy_refuses_at_least_that(case: Case, files: Callable[[str], Files]) -> None:
    made = [json.loads(text) for text in files("aws-scp").values()]
    tags = {f"aws:RequestTag/{key}": value for key, value in case.tags.items()}
    accelerated = tags | {"ec2:InstanceType": "g5.xlarge"}
    case_only = case.name in ("case of a value", "case of a tag key")
    expected = (bool(case.wrong) or case.misspelt) and not case_only and not case.doubled
    assert control_policy(made, "sagemaker:CreateEndpoint", tags) == expected
    assert control_policy(made, "ec2:RunInstances", accelerated) == expected
    assert not control_policy(made, "ec2:RunInstances", tags | {"ec2:InstanceType": "m7i.large"})
    assert not control_policy(made, "s3:CreateBucket", tags)


@each
def test_an_azure_policy_refuses_at_least_that(case: Case, files: Callable[[str], Files]) -> None:
    rule = json.loads(files("azure-policy")["policy.json"])["properties"]["policyRule"]["if"]
    case_only = case.name in ("case of a value", "case of a tag key")
    expected = (bool(case.wrong) or case.misspelt) and not case_only and not case.doubled
    account = {"type": "Microsoft.CognitiveServices/accounts"}
    assert azure(rule, account, case.tags) == expected
    machine = "Microsoft.Compute/virtualMachines"
    large = {"type": machine, f"{machine}/sku.name": "Standard_NC24ads_A100_v4"}
    assert azure(rule, large, case.tags) == expected
    assert not azure(rule, {"type": machine, f"{machine}/sku.name": "Standard_D2s"}, case.tags)
    assert not azure(rule, {"type": "Microsoft.Storage/storageAccounts"}, case.tags)


@each
def test_a_constraint_refuses_at_least_that(case: Case, files: Callable[[str], Files]) -> None:
    made = files("gcp-constraint")
    constraints = [yaml.safe_load(text) for name, text in made.items() if "constraints/" in name]
    of_endpoints = [one for one in constraints if "Endpoint" in one["resourceTypes"][0]]
    refused = any(constraint(one["condition"], case.tags) for one in of_endpoints)
    assert refused == _one_spelling(case)


@each
def test_variables_refuse_at_least_that(case: Case, files: Callable[[str], Files]) -> None:
    names = {"team": "team", "product": "product", "use_case": "use_case", "env": "environment"}
    values = {f"everyline_{names[tag]}": v for tag, v in case.tags.items() if tag in names}
    assert variables(files("terraform")["everyline_variables.tf"], values) == _one_spelling(case)
