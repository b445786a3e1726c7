"""Terraform plans: what costs AI money, what rules may ask of it, and input that is odd."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import change, configured, plan, provider, written

from everyline import resource_types
from everyline.planned import Planned
from everyline.sources import terraform_plan as reader
from everyline.sources.unreadable import Unreadable

ENDPOINT = "aws_sagemaker_endpoint.a"
POOL = "aws_eks_node_group.gpu"
ACCOUNT = "/subscriptions/s-1/resourceGroups/r/providers/Microsoft.CognitiveServices/accounts/a"


def read(data: bytes) -> list[Planned]:
    return reader.planned(data, "plan.json")[0]


def only(*changes: Any, **more: Any) -> Planned:
    """The last thing that a plan of these changes plans."""
    return read(plan(*changes, **more))[-1]


# What registries and rules may ask


@pytest.mark.parametrize(
    ("made", "columns"),
    [
        (
            change(ENDPOINT, {"arn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/x"}),
            {
                "ServiceProviderName": "Amazon Web Services",
                "ServiceName": "Amazon SageMaker",
                "SubAccountId": "111122223333",
                "ResourceId": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/x",
            },
        ),
        (
            change("azurerm_cognitive_deployment.d", {"cognitive_account_id": ACCOUNT}),
            {
                "ServiceProviderName": "Microsoft",
                "ServiceName": "Azure OpenAI",
                "SubAccountId": "/subscriptions/s-1",
            },
        ),
        (
            change("google_vertex_ai_index.i", {"project": "p-1", "region": "europe-west4"}),
            {
                "ServiceProviderName": "Google Cloud",
                "ServiceName": "Vertex AI",
                "SubAccountId": "p-1",
                "RegionId": "europe-west4",
            },
        ),
        (
            change("pinecone_index.i", {"name": "search-prod"}),
            {
                "ServiceProviderName": "Pinecone",
                "ServiceName": "Pinecone",
                "ResourceName": "search-prod",
            },
        ),
    ],
    ids=lambda value: value.get("type", ""),
)
def test_columns_are_spelled_as_bills_have_them(made: Any, columns: dict[str, str]) -> None:
    assert only(made).columns == columns


def test_account_and_region_may_be_the_provider_s() -> None:
    role = "arn:aws:iam::444455556666:role/deploy"
    aws = provider(
        "aws.eu",
        assume_role=[{"role_arn": {"constant_value": role}}],
        region={"constant_value": "eu-west-1"},
    )
    found = only(change(ENDPOINT, {}), configuration=configured(aws, written(ENDPOINT, "aws.eu")))
    assert found.columns["SubAccountId"] == "444455556666"
    assert found.columns["RegionId"] == "eu-west-1"


# Hostile input


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"[]", "no plan"),
        (b'{"terraform_version": "1.11.4", "values": {}}', "no plan"),
        (plan(change(ENDPOINT, {}))[:-40], "no JSON"),
        (plan(change(ENDPOINT, {})).replace(b'"errored": false', b'"errored": true'), "finish"),
        (b'{"planned_values": {}, "resource_changes": [{"address": 7}]}', "no change"),
        (b'{"planned_values": {}, "resource_changes": {"a": 1}}', "no change"),
        (b'{"planned_values": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_plan_is_said(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read(data)


def test_a_plan_without_changes_plans_nothing() -> None:
    assert read(b'{"terraform_version": "1.11.4", "planned_values": {}}') == []


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(after=_ODD, unknown=_ODD, marks=_ODD, configuration=_ODD)
def test_odd_values_anywhere_break_nothing(
    after: Any, unknown: Any, marks: Any, configuration: Any
) -> None:
    names = ("tags", "tags_all", "instance_types", "launch_template", "arn", "id", "name")
    made = change(POOL, {})
    made["change"] |= {
        "after": after if after is None else dict.fromkeys(names, after),
        "after_unknown": dict.fromkeys(names, unknown),
        "after_sensitive": dict.fromkeys(names, marks),
    }
    parent = change("aws_launch_template.t", {"id": after, "tag_specifications": after})
    entry = {"type": "aws_eks_node_group", "name": "gpu", "expressions": configuration}
    whole = {"root_module": {"resources": [entry]}, "provider_config": configuration}
    found = read(plan(parent, made, configuration=whole))
    assert len(found) == 2


# The table of types


def test_every_row_of_the_table_is_whole() -> None:
    rows = [row for rows in resource_types.known("terraform").values() for row in rows]
    assert len(rows) > 200
    for row in rows:
        assert row.layer in ("model", "platform", "data"), row
        assert row.source, row
        assert row.taggable or not row.tags_at
        type_ = row.parent.rpartition(" ")[2]
        assert not row.parent or "_" in type_, row
    twice = {(row.type, tuple(row.when.items())) for row in rows}
    assert len(twice) == len(rows)


@pytest.mark.parametrize(
    ("type_", "after", "layer"),
    [
        ("aws_instance", {"instance_type": "P5.48xlarge"}, "platform"),
        ("aws_instance", {"instance_type": "m7g.large"}, None),
        ("aws_opensearchserverless_collection", {"type": "VECTORSEARCH"}, "data"),
        ("aws_opensearchserverless_collection", {"type": "TIMESERIES"}, None),
        ("azurerm_linux_virtual_machine", {"size": "Standard_NC24ads_A100_v4"}, "platform"),
        ("azurerm_linux_virtual_machine", {"size": "Standard_D4s_v5"}, None),
        (
            "azurerm_kubernetes_cluster",
            {"default_node_pool": [{"vm_size": "Standard_ND96isr_H100_v5"}]},
            "platform",
        ),
        (
            "google_container_node_pool",
            {"node_config": [{"guest_accelerator": [{"type": "nvidia-l4", "count": 1}]}]},
            "platform",
        ),
        ("google_container_node_pool", {"node_config": [{"guest_accelerator": []}]}, None),
        ("google_compute_instance", {"machine_type": "g2-standard-8"}, "platform"),
        (
            "kubernetes_deployment_v1",
            {
                "spec": [
                    {
                        "template": [
                            {
                                "spec": [
                                    {
                                        "container": [
                                            {"resources": [{"limits": {"amd.com/gpu": "1"}}]}
                                        ]
                                    }
                                ]
                            }
                        ]
                    }
                ]
            },
            "platform",
        ),
        (
            "google_cloud_run_v2_service",
            {"template": [{"containers": [{"resources": [{"limits": {"nvidia.com/gpu": "0"}}]}]}]},
            None,
        ),
        ("databricks_model_serving", {"tags": [{"key": "team", "value": "search"}]}, "model"),
        ("openai_project", {}, "model"),
    ],
)
def test_what_costs_ai_money_is_told_by_type_and_size(
    type_: str, after: Any, layer: str | None
) -> None:
    assert only(change(f"{type_}.x", after)).layer == layer
