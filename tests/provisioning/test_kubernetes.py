"""Kubernetes manifests: whose labels reach pods, which cost AI money, and what is never read."""

import json
from pathlib import Path
from typing import Any

import pytest
from planted_things import PLANTED, SAMPLES, expected, findings, planted, read
from spoilt import documents, spoilt

from everyline import resource_types
from everyline.planned import Planned
from everyline.sources import kubernetes_manifests as reader
from everyline.sources.unreadable import Unreadable

FOLDER = SAMPLES / "kubernetes"
GPU: dict[str, Any] = {
    "containers": [{"name": "a", "resources": {"limits": {"nvidia.com/gpu": 1}}}]
}


def of(*objects: Any) -> list[Planned]:
    text = "\n".join(json.dumps(one, indent=1) for one in objects)
    return reader.joined(reader.planned(text.encode(), "x.json")[0])


def yaml(text: str) -> list[Planned]:
    return reader.joined(reader.planned(text.encode(), "x.yaml")[0])


def object_of(kind: str, spec: Any, api: str = "apps/v1", **metadata: Any) -> dict[str, Any]:
    named = {"name": "n", "namespace": "ns", **metadata}
    return {"apiVersion": api, "kind": kind, "metadata": named, "spec": spec}


# The samples. Each list was made by reading the file, not by running this.


def test_the_sample_deployment() -> None:
    file = FOLDER / "deployment.yaml"
    # The Deployment asks for a GPU. `team` stands on the Deployment alone, and its pods have only
    # `app` and `environment`: line 17 is where the labels of the template stand. The CronJob asks
    # for no accelerator and its image is nobody's model server. A Namespace runs nothing.
    assert findings(read(reader, file)) == [
        (
            "Deployment/inference/vllm-llama-8b",
            "team",
            "missing",
            "deployment.yaml:17",
            "metadata.labels -> spec.template.metadata.labels",
        )
    ]
    deployment, job, namespace = read(reader, file)
    assert deployment.tags["environment"] == "production"
    assert deployment.misplaced["cost-center"] == "metadata.labels"
    assert (job.layer, job.misplaced) == (None, {"Team": "metadata.labels"})
    # Quoted or not, `no` is the text no.
    assert (namespace.tags["environment"], namespace.unjudged) == ("no", "runs no pods")


def test_the_sample_of_kserve() -> None:
    file = FOLDER / "kserve_inferenceservice.yaml"
    # Labels of an InferenceService reach the pods of all its components, so the embedder is owned
    # by search. Of an LLMInferenceService they do not: `spec.labels` would, and line 31 is `spec`.
    assert findings(read(reader, file)) == [
        (
            "LLMInferenceService/inference/llama-8b",
            "team",
            "missing",
            "kserve_inferenceservice.yaml:31",
            "metadata.labels -> spec.labels",
        )
    ]
    predictor, transformer, _ = read(reader, file)
    assert predictor.address == "InferenceService/inference/embedder/predictor"
    assert predictor.tags["environment"] == "production"
    # Labels of one component do not reach another.
    assert (transformer.tags["team"], transformer.tags.get("environment")) == ("search", None)


def test_the_sample_of_kubectl() -> None:
    file = FOLDER / "kubectl_get_pods.json"
    # Three pods: one with a GPU and no team, made by a ReplicaSet; one with a slice of a GPU and
    # team search; one that has finished.
    assert findings(read(reader, file)) == [
        (
            "Pod/inference/vllm-llama-8b-7d9f-abcde",
            "team",
            "missing",
            "kubectl_get_pods.json:2",
            "spec.template.metadata.labels",
        )
    ]
    first, second, third = read(reader, file)
    assert first.note == "they come from the template of ReplicaSet/vllm-llama-8b-7d9f"
    assert (second.layer, second.tags["team"]) == ("platform", "search")
    assert third.unjudged == "finished"
    assert "FAKE-SECRET" not in repr((first, second, third))


# Planted mistakes, and right ones beside them


@pytest.mark.parametrize("name", planted("kubernetes", "wrong"))
def test_a_planted_mistake_is_found(name: str) -> None:
    wanted = expected("kubernetes")[name]
    assert wanted
    assert findings(read(reader, PLANTED / "kubernetes" / name)) == wanted


@pytest.mark.parametrize("name", planted("kubernetes", "right"))
def test_a_right_manifest_has_no_finding(name: str) -> None:
    assert findings(read(reader, PLANTED / "kubernetes" / name)) == []


# Which labels reach pods


@pytest.mark.parametrize(
    ("kind", "api", "path"),
    [
        ("Deployment", "apps/v1", "spec.template"),
        ("StatefulSet", "apps/v1", "spec.template"),
        ("DaemonSet", "apps/v1", "spec.template"),
        ("ReplicaSet", "apps/v1", "spec.template"),
        ("Job", "batch/v1", "spec.template"),
        ("CronJob", "batch/v1", "spec.jobTemplate.spec.template"),
        ("Rollout", "argoproj.io/v1alpha1", "spec.template"),
        ("Service", "serving.knative.dev/v1", "spec.template"),
        ("RayJob", "ray.io/v1", "spec.rayClusterSpec.headGroupSpec.template"),
        ("SomethingNew", "example.com/v1", "spec.deep.down.template"),
    ],
)
def test_labels_of_the_template_count_wherever_it_lies(kind: str, api: str, path: str) -> None:
    template: Any = {"metadata": {"labels": {"team": "search"}}, "spec": GPU}
    for key in reversed(path.split(".")[1:]):
        template = {key: template}
    (one,) = of(object_of(kind, template, api, labels={"team": "growth"}))
    assert (one.tags["team"], one.layer) == ("search", "platform")
    assert one.tags_at == f"{path}.metadata.labels"


def test_a_list_of_templates_is_told_apart_by_name() -> None:
    jobs = [{"name": n, "template": {"spec": {"template": {"spec": GPU}}}} for n in ("a", "b")]
    found = of(object_of("JobSet", {"replicatedJobs": jobs}, "jobset.x-k8s.io/v1alpha2"))
    assert [one.address for one in found] == ["JobSet/ns/n/a", "JobSet/ns/n/b"]


def test_labels_are_known_under_the_names_that_metrics_give_them_too() -> None:
    (one,) = of(object_of("Pod", GPU, "v1", labels={"cost-center": "0410", "a.b/c": "x"}))
    assert one.tags["cost-center"] == one.tags["cost_center"] == "0410"
    assert one.tags["a_b_c"] == "x"


def test_the_place_of_a_pod_is_what_opencost_says_and_a_label_of_that_name_is_another_tag() -> None:
    template = {"metadata": {"labels": {"namespace": "mine"}}, "spec": GPU}
    (one,) = of(object_of("Deployment", {"template": template}))
    places = {key: one.tags[key] for key in ("namespace", "controller", "labels.namespace")}
    assert places == {"namespace": "ns", "controller": "n", "labels.namespace": "mine"}


def test_labels_of_a_namespace_come_from_whatever_file_has_them() -> None:
    pod = object_of("Pod", GPU, "v1")
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}}
    space["metadata"] |= {"labels": {"cost-team": "growth"}}  # type: ignore[operator]
    found = [one for value in (pod, space) for one in of(value)]
    first, second = reader.joined(found)
    assert first.tags["namespaceLabels.cost-team"] == "growth"
    assert first.tags["namespaceLabels.cost_team"] == "growth"
    assert "namespaceLabels.cost-team" not in second.tags


def test_the_queue_of_kueue_reaches_the_pods_under_the_name_that_kueue_gives_it() -> None:
    job = object_of("Job", {"template": {"spec": GPU}}, "batch/v1")
    job["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "research"}
    (one,) = of(job)
    assert one.tags["kueue.x-k8s.io/local-queue-name"] == "research"
    assert "kueue.x-k8s.io/queue-name" not in one.tags


def test_an_empty_or_null_label_is_none() -> None:
    text = (
        "kind: Pod\napiVersion: v1\nmetadata: {name: a, labels: {team: , a: '', b: null, c: ~}}\n"
    )
    (one,) = yaml(f"{text}spec: {{containers: []}}")
    assert one.tags == {"pod": "a"}


# Which pods cost AI money


@pytest.mark.parametrize(
    ("name", "amount", "layer"),
    [
        ("nvidia.com/gpu", 1, "platform"),
        ("nvidia.com/mig-3g.40gb", "2", "platform"),
        ("amd.com/gpu", 8, "platform"),
        ("google.com/tpu", 4, "platform"),
        ("aws.amazon.com/neuroncore", 2, "platform"),
        ("habana.ai/gaudi", 8, "platform"),
        ("nvidia.com/gpu", 0, None),
        ("nvidia.com/gpu", "0", None),
        ("cpu", 64, None),
        ("vpc.amazonaws.com/pod-eni", 1, None),
    ],
)
def test_accelerators_cost_ai_money(name: str, amount: Any, layer: str | None) -> None:
    for holder in ("limits", "requests"):
        spec = {"containers": [{"name": "a", "resources": {holder: {name: amount}}}]}
        assert of(object_of("Pod", spec, "v1"))[0].layer == layer


@pytest.mark.parametrize(
    ("image", "layer"),
    [
        ("vllm/vllm-openai:v0.10.0", "platform"),
        ("registry.example.internal/mirror/vllm/vllm-openai@sha256:00", "platform"),
        ("nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8", "platform"),
        ("ghcr.io/berriai/litellm:main-stable", "platform"),
        ("qdrant/qdrant", "data"),
        ("langfuse/langfuse:3", "data"),
        ("nginx:1.29", None),
    ],
)
def test_known_images_cost_ai_money_without_a_gpu(image: str, layer: str | None) -> None:
    spec = {"containers": [{"name": "a", "image": image}]}
    assert of(object_of("Pod", spec, "v1"))[0].layer == layer


def test_an_accelerator_in_a_kind_without_templates_is_seen_and_the_doubt_is_said() -> None:
    spec = {"engine": {"resources": {"limits": {"nvidia.com/gpu": "2"}}}}
    (one,) = of(object_of("ModelServer", spec, "example.com/v1", labels={"team": "search"}))
    assert (one.type, one.layer) == ("ModelServer.example.com", "platform")
    assert one.note == "whether labels of this kind reach its pods is not known here"


def test_every_row_of_the_table_can_be_read_and_says_its_source() -> None:
    rows = [row for rows in resource_types.known("kubernetes").values() for row in rows]
    assert all(row.source and row.tags and row.layer in ("platform", "data") for row in rows)
    assert all(row.type == "pod" or "." in row.type for row in rows)


ROWS = [row for rows in resource_types.known("kubernetes").values() for row in rows]
LISTS = ("workerGroupSpecs", "podTemplateOverrides")


@pytest.mark.parametrize(
    ("type_", "path"), [(row.type, path) for row in ROWS if row.type != "pod" for path in row.tags]
)
def test_labels_count_wherever_a_row_of_the_table_says(type_: str, path: str) -> None:
    value: Any = {"team": "search"}
    for key in reversed(path.split(".")):
        value = {key: [value] if key in LISTS else value}
    kind, _, group = type_.partition(".")
    first = next(row.tags[0] for row in ROWS if row.type == type_ and path in row.tags)
    component = first.removeprefix("spec.").removesuffix(".labels")
    one = {"apiVersion": f"{group}/v1", "kind": kind, **value}
    if path == "metadata.labels" and first != path:
        one |= {"spec": {component: {}}}
    found = of(one)
    assert (found[0].type, found[0].layer) == (type_, "platform")
    assert any(thing.tags.get("team") == "search" for thing in found)
    assert any(thing.tags_at in (path, "metadata.labels") for thing in found)


def test_labels_of_a_train_job_reach_its_jobs_and_not_its_pods() -> None:
    job = object_of("TrainJob", {"labels": {"team": "ml"}}, "trainer.kubeflow.org/v1alpha1")
    job["metadata"]["labels"] = {"team": "ml"}
    (one,) = of(job)
    assert (one.layer, one.tags_at) == ("platform", "spec.podTemplateOverrides.metadata.labels")
    assert (one.tags.get("team"), one.misplaced["team"]) == (None, "metadata.labels")


# Shapes of files


def test_lists_of_lists_and_of_bare_items_are_walked() -> None:
    pod = {"metadata": {"name": "a"}, "spec": GPU}
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [pod, None, "x"]}
    found = of({"apiVersion": "v1", "kind": "List", "items": [inner]})
    assert [(one.address, one.type) for one in found] == [("Pod/a", "Pod")]


def test_helm_names_the_template_that_a_person_mends() -> None:
    found = read(reader, PLANTED / "kubernetes" / "wrong_helm_output.yaml")
    assert [one.place for one in found] == [
        "rag/templates/service.yaml",
        "rag/templates/statefulset.yaml",
    ]
    text = "---\n# Source: ../../etc/passwd\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
    assert [one.place for one in yaml(text)] == ["x.yaml:5"]


def test_a_kustomization_that_adds_labels_is_a_warning() -> None:
    text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    assert reader.planned(text.encode(), "k.yaml")[1] == []
    found, (problem,) = reader.planned(f"{text}commonLabels: {{a: b}}".encode(), "k.yaml")
    assert (problem.name, problem.level, problem.place) == (
        "labels-added-later",
        "warn",
        "k.yaml:1",
    )
    assert [one.unjudged for one in found] == ["runs no pods"]


def test_a_chart_that_was_not_rendered_is_refused_with_what_to_do() -> None:
    with pytest.raises(Unreadable) as caught:
        reader.planned(b"kind: Deployment\nmetadata:\n  labels: {{ .Values.labels }}\n", "t.yaml")
    assert "helm template" in caught.value.hint


def test_secrets_leave_no_trace() -> None:
    secret = "FAKE-SECRET-do-not-store"
    container = {
        "name": "a",
        "image": "vllm/vllm-openai",
        "args": [f"--api-key={secret}"],
        "env": [{"name": "API_KEY", "value": secret}],
    }
    pod = object_of("Pod", {"containers": [container]}, "v1", annotations={"note": secret})
    token = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    found = of(pod, token | {"stringData": {"a": secret}, "data": {"b": secret}})
    assert len(found) == 2
    assert secret not in repr(found)


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: str(file.name))
def test_odd_values_anywhere_break_nothing(file: Path) -> None:
    for document in documents(file):
        for changed in spoilt(document):
            found = reader.planned(json.dumps(changed).encode(), "x")[0]
            assert all(isinstance(v, str) for one in found for v in one.tags.values())
