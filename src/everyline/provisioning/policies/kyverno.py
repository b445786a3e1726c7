"""Kyverno cluster policy: labels of pods that cost AI money, and of what makes such pods.

One rule for each place where labels reach pods: pods, the templates of controllers and of cron
jobs, and KServe's inference services. Other kinds (Ray, Kubeflow, Kueue, JobSet) are refused when
their pods are made. Only pods with accelerators or images of AI are looked at, by the reviewed
table of `check`. The case of a label's
key counts, since Kubernetes tells `Team` from `team`; values are compared as R7 does.

`validate.failureAction` stands in each rule: Kyverno 1.13 and later. Before that it was
`spec.validationFailureAction`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from everyline import resource_types
from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Speech, Written

TITLE = "Kyverno cluster policy"

_KEY = r"(?:[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?"

_CONTROLLERS = ("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet")
_POD = "request.object"
_TEMPLATE = f"{_POD}.spec.template"
_JOB_TEMPLATE = f"{_POD}.spec.jobTemplate.spec.template"


def written(asked: Sequence[Asked]) -> Written:
    """The policy as one YAML document."""
    speech = Speech("Kubernetes", _KEY, _VALUE)
    for ask in asked:
        speech.tag(ask)
        speech.values(ask)
    serving = [f"{_POD}.metadata.labels", f"{_POD}.spec.predictor.labels"]
    rules = [
        *_rules("pod", ["Pod"], asked, [f"{_POD}.metadata.labels"], _POD),
        *_rules("template", _CONTROLLERS, asked, [f"{_TEMPLATE}.metadata.labels"], _TEMPLATE),
        *_rules("cron", ["CronJob"], asked, [f"{_JOB_TEMPLATE}.metadata.labels"], _JOB_TEMPLATE),
        *_rules("kserve", ["serving.kserve.io/*/InferenceService"], asked, serving[::-1], None),
    ]
    policy = {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {
            "name": "everyline",
            "annotations": {
                "policies.kyverno.io/title": "Owners of AI workloads",
                "policies.kyverno.io/category": "Cost allocation",
                "pod-policies.kyverno.io/autogen-controllers": "none",
            },
        },
        "spec": {"background": True, "rules": rules},
    }
    text = yaml.safe_dump(policy, sort_keys=False, allow_unicode=True, width=10_000)
    return Written({"kyverno.yaml": text}, tuple(speech.problems))


def _rules(
    place: str, kinds: Sequence[str], asked: Sequence[Asked], labels: Sequence[str], pod: str | None
) -> list[dict[str, Any]]:
    """A rule a key: for `kinds`, whose labels lie at `labels`, the earlier place first."""
    rules = []
    for ask in asked:
        rule: dict[str, Any] = {
            "name": f"{ask.key.casefold().replace('_', '-')}-of-{place}",
            "match": {
                "any": [{"resources": {"kinds": list(kinds), "operations": ["CREATE", "UPDATE"]}}]
            },
        }
        if pod is not None:
            rule["preconditions"] = {"any": _ours(pod)}
        rule["validate"] = {
            "failureAction": "Enforce",
            "message": _message(ask),
            "deny": {"conditions": {"all": _refused(ask, labels)}},
        }
        rules.append(rule)
    return rules


def _message(ask: Asked) -> str:
    values = f" with one of {', '.join(ask.values)}" if ask.values else ""
    return f"add the label {ask.tag}{values}, so that its cost has an owner"


def _refused(ask: Asked, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Conditions that all hold of what is refused."""
    names = [json.dumps(tag) for tag in ask.tags]
    texts = [" || ".join(f"{at}.{name}" for at in labels) + " || ''" for name in names]
    first = " || ".join(f"{at}.{name}" for name in names for at in labels) + " || ''"
    present = {"key": f"{{{{ {first} }}}}", "operator": "NotEquals", "value": ""}
    if ask.values is None:
        return [present | {"operator": "Equals"}]
    compared = ", ".join(f"replace_all(to_lower({text}), '_', '-')" for text in texts)
    other = {
        "key": f"{{{{ [{compared}] }}}}",
        "operator": "AllNotIn",
        "value": list(ask.texts),
    }
    return [other] if ask.needed else [present, other]


def _ours(pod: str) -> list[dict[str, Any]]:
    """Conditions of which one holds of pods that cost AI money."""
    containers = f"{pod}.spec.[containers, initContainers][] | [?@]"
    amounts = f"{containers}.resources.[limits, requests][] | [?@] | [].keys(@)[]"
    asked = f"{amounts} | [?{_any_of(of_pods('accelerators'))}]"
    run = f"{containers}.image | [?{_any_of(of_pods('images'))}]"
    return [
        {"key": f"{{{{ length({found}) }}}}", "operator": "GreaterThan", "value": 0}
        for found in (asked, run)
    ]


def of_pods(what: str) -> list[str]:
    """Globs of the `accelerators` or `images` by which pods cost AI money, in small letters."""
    rows: Mapping[str, tuple[resource_types.Kind, ...]] = resource_types.known("kubernetes")
    return sorted({glob for row in rows["pod"] for glob in row.when.get(what, ())})


def _any_of(globs: Sequence[str]) -> str:
    """A JMESPath test: `@` matches one of `globs`, which have a `*` at their ends at most."""
    return " || ".join(map(_like, globs))


def _like(glob: str) -> str:
    text = f"'{glob.strip('*')}'"
    if glob.startswith("*"):
        return f"contains(@, {text})" if glob.endswith("*") else f"ends_with(@, {text})"
    return f"starts_with(@, {text})" if glob.endswith("*") else f"@ == {text}"
