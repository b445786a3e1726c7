"""Terraform plans: whose tags reach the bill, what is not known yet, and what is never read."""

import json
from pathlib import Path
from typing import Any

import pytest
from plans import change, configured, plan, provider, secret, written
from planted_things import SAMPLES

from everyline.planned import Planned
from everyline.sources import terraform_plan as reader

FOLDER = SAMPLES / "terraform-plan"
HANDMADE = FOLDER / "handmade_plan_aws_azurerm_google_kubernetes.json"
REAL = FOLDER / "real_plan_builtin_provider.json"

ENDPOINT = "aws_sagemaker_endpoint.a"
POOL = "aws_eks_node_group.gpu"
ACCOUNT = "/subscriptions/s-1/resourceGroups/r/providers/Microsoft.CognitiveServices/accounts/a"


def read(data: bytes, folder: Path | None = None) -> list[Planned]:
    return reader.planned(data, "plan.json", folder)[0]


def only(*changes: Any, **more: Any) -> Planned:
    """The last thing that a plan of these changes plans."""
    return read(plan(*changes, **more))[-1]


# Samples: each expectation was made by reading the file


def test_the_handmade_plan() -> None:
    found = {one.address: one for one in read(HANDMADE.read_bytes())}
    assert [one.unjudged for one in found.values() if one.unjudged] == [
        "unchanged",  # the Azure account
        "deleted",  # the Google project
        "only read",  # the data source
    ]
    # Tags of the provider reach what has no tags of its own.
    assert found["aws_bedrock_inference_profile.adhoc"].tags["cost_center"] == "cc-410"
    # `tags` and `tags_all` are wholly unknown, and the provider's defaults are constants.
    dynamic = found["aws_sagemaker_endpoint.dynamic"]
    assert dynamic.is_open
    assert set(dynamic.tags) == {"environment", "managed_by", "cost_center"}
    # Labels of Google's provider are in effective_labels alone.
    assert found["google_vertex_ai_endpoint.campaign"].tags["env"] == "prod"
    # Of a Deployment only the labels of the pod template count; `team` stands beside them.
    vllm = found["kubernetes_deployment_v1.vllm"]
    assert vllm.tags == {"app": "vllm"}
    assert vllm.misplaced == {"team": "metadata.labels"}
    # A deployment of a model has the tags of its account, which is in the plan, unchanged.
    deployment = found["azurerm_cognitive_deployment.gpt4o_support"]
    assert deployment.tags == {"team": "ai-platform", "environment": "prod"}
    assert not deployment.taggable
    assert deployment.tags_at == "azurerm_cognitive_account.prod.tags"


def test_places_of_the_handmade_plan_are_the_lines_of_its_addresses() -> None:
    lines = HANDMADE.read_text("utf-8").splitlines()
    for one in read(HANDMADE.read_bytes()):
        line = int(one.place.partition(":")[2])
        assert json.loads(lines[line - 1].partition(":")[2].rstrip(",")) == one.address


def test_the_real_plan_plans_nothing_that_costs_ai_money() -> None:
    found = read(REAL.read_bytes())
    assert len(found) == 9
    assert {one.layer for one in found} == {None}
    assert [one.address for one in found if not one.unjudged] == [
        'terraform_data.gpu_pool["l4"]',
        "terraform_data.replaced",  # deleted and created again: it will cost
        "module.support.terraform_data.endpoint",
    ]


@pytest.mark.parametrize("file", [HANDMADE, REAL], ids=lambda path: path.stem)
def test_no_secret_of_a_sample_comes_out(file: Path) -> None:
    said = repr(read(file.read_bytes()))
    assert "FAKE-KEY" not in said
    assert "obviously-fake-token" not in said


# What happens to a resource


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        (("create",), ""),
        (("update",), ""),
        (("delete", "create"), ""),
        (("create", "delete"), ""),
        (("no-op",), "unchanged"),
        (("delete",), "deleted"),
        (("forget",), "no longer managed"),
        (("read",), "only read"),
    ],
)
def test_what_will_cost_is_judged_and_the_rest_says_why_not(
    actions: tuple[str, ...], reason: str
) -> None:
    assert only(change(ENDPOINT, {"tags": None}, actions=actions)).unjudged == reason


def test_a_data_source_a_chart_and_a_deposed_object_are_not_judged() -> None:
    data = change("data.aws_kendra_index.a", {"tags": {}}, actions=("create",))
    chart = change("helm_release.vllm", {"values": ["password: hunter2"]})
    old = change(ENDPOINT, None, actions=("delete",)) | {"deposed": "0a1b2c3d"}
    found = read(plan(data, chart, old))
    assert [one.unjudged for one in found] == [
        "only read",
        "a chart: check what `helm template` prints with --manifests",
        "deleted",
    ]
    assert found[2].address == f"{ENDPOINT} (deposed 0a1b2c3d)"
    assert "hunter2" not in repr(found)


# What is known only later


def test_one_tag_that_is_known_later_leaves_the_others_known() -> None:
    after = {"tags": {"use_case": "search"}, "tags_all": {"use_case": "search"}}
    unknown = {"tags": {"team": True}, "tags_all": {"team": True}}
    found = only(change(ENDPOINT, after, unknown=unknown))
    assert found.tags == {"use_case": "search"}
    assert found.later == {"team"}
    assert not found.is_open


def test_merged_tags_that_are_unknown_as_a_whole_are_made_of_the_provider_s_constants() -> None:
    """The AWS provider marks all of `tags_all` where a single tag is not known yet."""
    unknown = {"tags": {"team": True}, "tags_all": True}
    made = change(ENDPOINT, {"tags": {"use_case": "search"}, "tags_all": None}, unknown=unknown)
    defaults = provider("aws", default_tags=[{"tags": {"constant_value": {"env": "prod"}}}])
    known = only(made, configuration=configured(defaults, written(ENDPOINT, "aws")))
    assert known.tags == {"env": "prod", "use_case": "search"}
    assert known.later == {"team"}
    assert not known.is_open

    referred = provider("aws", default_tags=[{"tags": {"references": ["local.tags"]}}])
    open_ = only(made, configuration=configured(referred, written(ENDPOINT, "aws")))
    assert open_.is_open
    assert open_.tags == {"use_case": "search"}

    none = only(made, configuration=configured(provider("aws"), written(ENDPOINT, "aws")))
    assert none.later == {"team"}
    assert not none.is_open
    assert only(made).is_open  # the plan does not say which provider it is


def test_a_size_that_is_known_later_may_or_may_not_cost_ai_money() -> None:
    found = only(change("aws_instance.a", {"tags": {}}, unknown={"instance_type": True}))
    assert found.layer is None
    assert found.unjudged.startswith("costs AI money only in some sizes")
    assert only(change("aws_instance.a", {"instance_type": "m5.large"})).unjudged == ""


def test_a_tag_block_whose_value_is_known_later() -> None:
    blocks = [
        {"key": "team", "propagate_at_launch": True},
        {"key": "use_case", "value": "search", "propagate_at_launch": True},
        {"key": "left", "value": "here", "propagate_at_launch": False},
    ]
    overrides = [{"launch_template": [{"override": [{"instance_type": "p5.48xlarge"}]}]}]
    after = {"tag": blocks, "mixed_instances_policy": overrides}
    made = change("aws_autoscaling_group.a", after, unknown={"tag": [{"value": True}, {}, {}]})
    found = only(made)
    assert found.layer == "platform"
    assert found.tags == {"use_case": "search"}
    assert found.later == {"team"}


def test_a_resource_s_own_tag_goes_before_the_provider_s_default() -> None:
    defaults = provider("aws", default_tags=[{"tags": {"constant_value": {"team": "support"}}}])
    made = change(
        ENDPOINT, {"tags": {"team": "search"}, "tags_all": None}, unknown={"tags_all": True}
    )
    found = only(made, configuration=configured(defaults, written(ENDPOINT, "aws")))
    assert found.tags == {"team": "search"}


def test_of_several_places_of_tags_the_nearer_to_the_machine_goes_before() -> None:
    pool = {"vm_size": "Standard_NC24ads_A100_v4", "tags": {"team": "search"}}
    tags = {"team": "support", "use_case": "rank"}
    found = only(
        change("azurerm_kubernetes_cluster.a", {"default_node_pool": [pool], "tags": tags})
    )
    assert found.tags == {"team": "search", "use_case": "rank"}
    assert found.tags_at == "tags"


# Secrets


def test_what_is_marked_sensitive_is_never_kept() -> None:
    tags = {"team": "s3cret-1", "use_case": "search"}
    after = {"tags": tags, "tags_all": tags, "name": "s3cret-2", "arn": "s3cret-3"}
    marks = {"tags": {"team": True}, "tags_all": {"team": True}, "name": True, "arn": True}
    found = only(secret(change(ENDPOINT, after), marks))
    assert found.tags == {"use_case": "search"}
    assert found.later == {"team"}
    assert "s3cret" not in repr(found)
    whole = only(secret(change(ENDPOINT, after), True))
    assert whole.is_open
    assert "s3cret" not in repr(whole)


def test_a_secret_within_blocks_is_never_kept() -> None:
    specs = [{"resource_type": "instance", "tags": {"team": "s3cret", "use_case": "search"}}]
    after = {"instance_type": "g5.xlarge", "tag_specifications": specs}
    marks = {"tag_specifications": [{"tags": {"team": True}}]}
    found = only(secret(change("aws_launch_template.a", after), marks))
    assert found.tags == {"use_case": "search"}
    assert found.later == {"team"}
    whole = only(secret(change("aws_launch_template.a", after), {"tag_specifications": [True]}))
    assert (whole.tags, whole.is_open) == ({}, True)


def test_what_no_table_names_is_not_read() -> None:
    after = {"tags": {"team": "search"}, "user_data": "s3cret", "password": "s3cret"}
    made = change("aws_instance.a", after | {"instance_type": "p5.48xlarge"})
    configuration = {"provider_config": {"aws": {"expressions": {"token": "s3cret"}}}}
    assert "s3cret" not in repr(only(made, configuration=configuration))


def test_the_key_of_a_gateway_is_no_id() -> None:
    """Older litellm providers have the plain key as `id`."""
    found = only(change("litellm_key.a", {"id": "sk-s3cret", "key": "sk-s3cret", "tags": ["a:b"]}))
    assert found.tags == {"a": "b"}
    assert "s3cret" not in repr(found)


# Parents


def test_a_model_s_deployment_bears_the_tags_of_an_account_that_is_made_beside_it() -> None:
    """The id of the account is unknown, so the reference in the configuration leads to it."""
    account = change("azurerm_cognitive_account.a", {"kind": "OpenAI", "tags": {"team": "search"}})
    deployment = change(
        "azurerm_cognitive_deployment.d", {"name": "d"}, unknown={"cognitive_account_id": True}
    )
    refers = {"references": ["azurerm_cognitive_account.a.id", "azurerm_cognitive_account.a"]}
    entry = written("azurerm_cognitive_deployment.d", "azurerm", cognitive_account_id=refers)
    found = only(account, deployment, configuration=configured({}, entry))
    assert found.tags == {"team": "search"}
    assert found.tags_at == "azurerm_cognitive_account.a.tags"


def test_a_parent_of_several_instances_is_the_one_with_the_same_index() -> None:
    type_ = "azurerm_cognitive_account.a"
    accounts = [
        change(f'{type_}["{name}"]', {"kind": "OpenAI", "tags": {"team": name}})
        for name in ("search", "support")
    ]
    deployment = change('azurerm_cognitive_deployment.d["support"]', {})
    entry = written(
        "azurerm_cognitive_deployment.d",
        "azurerm",
        cognitive_account_id={"references": [f"{type_}[each.key].id", type_, "each.key"]},
    )
    found = only(*accounts, deployment, configuration=configured({}, entry))
    assert found.tags == {"team": "support"}


def test_which_of_several_parents_it_is_is_not_guessed() -> None:
    type_ = "azurerm_cognitive_account.a"
    accounts = [
        change(f"{type_}[{at}]", {"kind": "OpenAI", "tags": {"team": f"t{at}"}}) for at in range(2)
    ]
    deployment = change("azurerm_cognitive_deployment.d", {})
    refers = {"references": [f"{type_}[1].id", type_]}
    entry = written("azurerm_cognitive_deployment.d", "azurerm", cognitive_account_id=refers)
    found = only(*accounts, deployment, configuration=configured({}, entry))
    assert (found.tags, found.tags_at) == ({}, "")


def test_a_parent_that_is_not_in_the_plan_is_said() -> None:
    found = only(change("azurerm_cognitive_deployment.d", {"cognitive_account_id": ACCOUNT}))
    assert found.tags == {}
    assert found.tags_at == ""
    assert found.note == (
        "its cost bears the tags of its `azurerm_cognitive_account`, which this plan does not have"
    )


def test_a_node_group_bears_the_tags_of_its_launch_template_and_not_its_own() -> None:
    specs = [
        {"resource_type": "volume", "tags": {"team": "support"}},
        {"resource_type": "instance", "tags": {"use_case": "search"}},
    ]
    template = change("aws_launch_template.gpu", {"id": "lt-1", "tag_specifications": specs})
    after = {"instance_types": ["g5.2xlarge"], "tags": {"team": "search"}}
    pool = change(POOL, after | {"launch_template": [{"id": "lt-1", "version": "1"}]})
    found = only(template, pool)
    assert found.layer == "platform"
    assert found.tags == {"use_case": "search"}
    assert not found.taggable
    assert found.misplaced == {"team": "tags"}
    assert found.note == "its own `tags` reach no bill"


def test_labels_of_a_cluster_reach_its_pools_and_a_pool_s_own_go_before() -> None:
    cluster = change(
        "google_container_cluster.c",
        {"name": "gpu", "effective_labels": {"team": "search", "use_case": "rank"}},
    )
    node = {"machine_type": "a3-highgpu-8g", "resource_labels": {"team": "support"}}
    pool = change("google_container_node_pool.p", {"cluster": "gpu", "node_config": [node]})
    assert only(cluster, pool).tags == {"team": "support", "use_case": "rank"}


# Places


def test_a_place_is_in_the_code_where_the_code_lies_beside_the_plan(tmp_path: Path) -> None:
    (tmp_path / "modules" / "rag").mkdir(parents=True)
    (tmp_path / "main.tf").write_text('# endpoints\n\nresource "aws_sagemaker_endpoint" "a" {\n}\n')
    (tmp_path / "modules" / "rag" / "k.tf").write_text('resource "aws_kendra_index" "k" {}\n')
    inner = {"resources": [written("aws_kendra_index.k", "aws")]}
    calls = {
        "rag": {"source": "./modules/rag", "module": inner},
        "far": {"source": "terraform-aws-modules/far/aws", "module": inner},
    }
    configuration = configured(provider("aws"), written(ENDPOINT, "aws"), **calls)
    made = plan(
        change(ENDPOINT, {}),
        change('module.rag["eu.1"].aws_kendra_index.k', {})
        | {"module_address": 'module.rag["eu.1"]', "type": "aws_kendra_index", "name": "k"},
        change("module.far.aws_kendra_index.k", {}),
        configuration=configuration,
    )
    places = [one.place for one in reader.planned(made, "infra/plan.json", tmp_path)[0]]
    assert places[:2] == ["infra/main.tf:3", "infra/modules/rag/k.tf:1"]
    assert places[2].startswith("infra/plan.json:")


def test_a_plan_on_one_line_is_a_place_without_line() -> None:
    made = json.dumps(json.loads(plan(change(ENDPOINT, {})))).encode()
    assert [one.place for one in read(made)] == ["plan.json"]
