"""Kubernetes manifests as planned workloads: YAML, JSON, answers of kubectl, what Helm renders.

| of an object | is |
| --- | --- |
| each template of pods in it, wherever it lies | one planned thing, `Kind/namespace/name/part` |
| labels of the template, `-`, `.` and `/` in keys also as `_` | tags, as OpenCost and \
Prometheus have them |
| its namespace, the name of a controller or pod | tags `namespace`, `controller`, `pod` |
| labels of its Namespace, in any of the files | tags `namespaceLabels.<key>` |
| label `kueue.x-k8s.io/queue-name` | tag `kueue.x-k8s.io/local-queue-name`, as Kueue sets it |
| labels and annotations around the template | misplaced: they do not reach the pods |

Whether pods cost AI money is said by `provisioning/types/kubernetes.csv`: by their accelerators, by
their images, or by a kind that exists for models alone. Rows of such kinds also say which labels
reach the pods. Of containers only images and the names of accelerators are read, never what stands
in `env`, `args` or secrets.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from everyline import resource_types
from everyline.planned import Planned
from everyline.problems import Problem
from everyline.resource_types import Kind
from everyline.sources import marked
from everyline.sources.marked import Map, at, line_of

_OWN_GROUPS = ("", "apps", "batch", "extensions")
_CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
_NOT_A_PART = ("spec", "template", "jobTemplate")
_NO_TEMPLATES = ("metadata", "status")
_FINISHED = ("Succeeded", "Failed")
_QUEUE = "kueue.x-k8s.io/queue-name"
_LOCAL_QUEUE = "kueue.x-k8s.io/local-queue-name"
_PLACES = ("cluster", "node", "namespace", "controller", "pod", "container")
_NOT_IN_METRICS = re.compile("[^a-zA-Z0-9_]")
_SOURCE = re.compile(r"^# Source: ([\w./@+-]+)[ \t\r]*$", re.MULTILINE)
_RENDERS = ("commonLabels", "labels", "patches", "patchesStrategicMerge", "components")

_BLUEPRINTS = frozenset(
    (
        "PodTemplate",
        "CustomResourceDefinition.apiextensions.k8s.io",
        "ServingRuntime.serving.kserve.io",
        "ClusterServingRuntime.serving.kserve.io",
        "LLMInferenceServiceConfig.serving.kserve.io",
        "TrainingRuntime.trainer.kubeflow.org",
        "ClusterTrainingRuntime.trainer.kubeflow.org",
    )
)
"""Kinds that hold containers and run none until another object names them."""


@dataclass(frozen=True, slots=True)
class _Object:
    """One object of a manifest."""

    value: Map
    type: str
    place: str  # the file that a person mends
    has_lines: bool  # whether lines of `value` are lines of that file

    @property
    def name(self) -> str:
        return _text(at(self.value, "metadata.name")) or _text(
            at(self.value, "metadata.generateName")
        )

    @property
    def namespace(self) -> str:
        return _text(at(self.value, "metadata.namespace"))

    @property
    def address(self) -> str:
        return "/".join(filter(None, (self.type.partition(".")[0], self.namespace, self.name)))

    @property
    def controller(self) -> tuple[str, str, str] | None:
        """Namespace, kind and name of what made it; None where a person did."""
        owners = at(self.value, "metadata.ownerReferences")
        for owner in owners if isinstance(owners, list) else ():
            if isinstance(owner, Map) and owner.get("controller") == "true":
                return self.namespace, _text(owner.get("kind")), _text(owner.get("name"))
        return None


@dataclass(slots=True)
class _Pods:
    """A template of pods, or what stands for one.

    Attributes:
        value: what holds its labels and containers.
        line: where it begins.
        steps: the keys that lead to it; of an element of a list its name, after `#`.
        within: what it lies in; None for the object itself.
        row: the row of the kind, where it has one.
    """

    value: Map
    line: int
    steps: tuple[str, ...]
    within: "_Pods | None" = None
    row: Kind | None = None

    @property
    def around(self) -> Iterator["_Pods"]:
        """What it lies in, from the nearest to the object."""
        outer = self.within
        while outer:
            yield outer
            outer = outer.within

    @property
    def path(self) -> str:
        return ".".join(step for step in self.steps if not step.startswith("#"))

    @property
    def part(self) -> str:
        """What tells it from others of its object; empty for the one that most kinds have."""
        named = [step.lstrip("#") for step in self.steps if step not in _NOT_A_PART]
        return named[-1] if named else ""


def recognises(value: Any) -> bool:
    """Whether a document is an object of Kubernetes, or a list of such."""
    names = ("apiVersion", "kind")
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)


def planned(data: bytes, place: str) -> tuple[list[Planned], list[Problem]]:
    """The workloads of a file, and what runs nothing beside them.

    Raises:
        Unreadable: the file is neither YAML nor JSON.
    """
    documents = marked.documents(data)
    objects = list(_objects(documents, data, place))
    there = {(one.namespace, one.type.partition(".")[0], one.name) for one in objects}
    found = [thing for one in objects for thing in _of_object(one, there)]
    problems = [marked.repeated_problem(key, place) for key in documents.repeated]
    problems += [_rendered_later(one) for one in objects if _is_rendered_later(one)]
    return found, problems


def joined(found: Sequence[Planned]) -> list[Planned]:
    """The same with the labels of namespaces on the pods in them, whatever file they stand in."""
    labels = {one.address: one.tags for one in found if one.type == "Namespace"}
    result = []
    for one in found:
        namespace = one.tags.get("namespace")
        more = labels.get(f"Namespace/{namespace}", {}) if one.type != "Namespace" else {}
        tags = {f"namespaceLabels.{key}": value for key, value in _spelt(more).items()}
        result.append(replace(one, tags={**tags, **one.tags}) if tags else one)
    return result


def _objects(documents: marked.Documents, data: bytes, place: str) -> Iterator[_Object]:
    sources = _helm_sources(data)
    for line, document in documents.found:
        template = _template_of(sources, line, place)
        waiting = [(document, "", "")]
        while waiting:
            value, kind, version = waiting.pop()
            if not isinstance(value, Map):
                continue
            kind = _text(value.get("kind")) or kind
            version = _text(value.get("apiVersion")) or version
            items = value.get("items")
            if kind.endswith("List") and isinstance(items, list):
                inner = (kind.removesuffix("List"), version)
                waiting.extend((item, *inner) for item in reversed(items))
            elif kind:
                group = version.rpartition("/")[0]
                type_ = kind if group in _OWN_GROUPS else f"{kind}.{group}"
                yield _Object(value, type_, template, template == place)


def _helm_sources(data: bytes) -> list[tuple[int, str]]:
    """Line and path of each comment by which Helm names the template of what follows."""
    text = data.decode("utf-8", errors="replace")
    return [(text.count("\n", 0, m.start()) + 1, m[1]) for m in _SOURCE.finditer(text)]


def _template_of(sources: Sequence[tuple[int, str]], line: int, place: str) -> str:
    before = [path for source, path in sources if source < line]
    return before[-1] if before and ".." not in before[-1] else place


def _of_object(one: _Object, there: set[tuple[str, str, str]]) -> Iterator[Planned]:
    labels = _labels(at(one.value, "metadata.labels"))
    pods = [] if one.type in _BLUEPRINTS else list(_pods(one))
    if not pods:
        yield _without_pods(one, labels)
        return
    made_by = one.controller
    unjudged = ""
    if made_by in there:
        unjudged = f"made by {made_by[1]}/{made_by[2]}" if made_by else ""
    elif _text(at(one.value, "status.phase")) in _FINISHED or at(
        one.value, "status.completionTime"
    ):
        unjudged = "finished"
    for group in pods:
        thing = _planned(one, group)
        if made_by and not unjudged:
            note = f"they come from the template of {made_by[1]}/{made_by[2]}"
            thing = replace(thing, tags_at="spec.template.metadata.labels", note=note)
        yield replace(thing, unjudged=unjudged)


def _without_pods(one: _Object, labels: Mapping[str, str]) -> Planned:
    """What runs no pods, or is of a kind that nobody knows here."""
    row = None if one.type in _BLUEPRINTS else _row_of_pods(one.value)
    unjudged = "runs nothing until another object names it"
    if one.type not in _BLUEPRINTS:
        unjudged = "" if row else "runs no pods"
    return Planned(
        address=one.address,
        type=one.type,
        place=_place(one, line_of(one.value, "metadata.labels", one.value.line)),
        tags=labels if one.type == "Namespace" else _tags(one, labels),
        layer=row.layer if row else None,
        tags_at="metadata.labels",
        unjudged=unjudged,
        note="whether labels of this kind reach its pods is not known here" if row else "",
    )


def _pods(one: _Object) -> Iterator[_Pods]:
    """The templates of an object: those that rows of its kind name, else all that look like one."""
    rows = resource_types.known("kubernetes").get(one.type, ())
    found = [group for row in rows for group in _named(one, row)]
    if rows and not found:
        found = [_Pods(one.value, one.value.line, (), None, rows[0])]
    yield from found or _templates(one)


def _named(one: _Object, row: Kind) -> Iterator[_Pods]:
    """What holds the labels at the first path of a row; none where it is absent."""
    base = row.tags[0].removesuffix(".labels").removesuffix("labels")
    steps = [step for step in base.removesuffix(".metadata").split(".") if step != "metadata"]
    waiting = [_Pods(one.value, one.value.line, (), None, row)]
    for step in filter(None, steps):
        waiting = [inner for group in waiting for inner in _inside(group, step)]
    yield from waiting


def _inside(group: _Pods, key: str) -> Iterator[_Pods]:
    """What lies behind a key; of a list each element, by its name."""
    value = group.value.get(key)
    if isinstance(value, Map):
        line = group.value.lines.get(key, value.line)
        yield _Pods(value, line, (*group.steps, key), group, group.row)
    elif isinstance(value, list):
        for number, element in enumerate(value):
            if isinstance(element, Map):
                named = _text(element.get("groupName")) or _text(element.get("name"))
                steps = (*group.steps, key, f"#{named or number}")
                yield _Pods(element, element.line, steps, group, group.row)


def _templates(one: _Object) -> Iterator[_Pods]:
    """Every map that has labels and containers as a template of pods has; a pod is one itself."""
    waiting = [_Pods(one.value, one.value.line, ())]
    while waiting:
        group = waiting.pop()
        spec = group.value.get("spec")
        is_template = isinstance(spec, Map) and isinstance(spec.get("containers"), list)
        if is_template and (group.steps or one.type == "Pod"):
            yield group
        else:
            keys = (key for key in group.value if key not in _NO_TEMPLATES)
            inner = [found for key in keys for found in _inside(group, key)]
            waiting.extend(reversed(inner))


def _planned(one: _Object, group: _Pods) -> Planned:
    row = group.row or _row_of_pods(group.value)
    inline = "labels" if group.row and ".metadata." not in group.row.tags[0] else "metadata.labels"
    if not group.steps:
        inline = "metadata.labels"
    labels = dict(_labels(at(group.value, inline)))
    if group.row and group.steps:
        labels = {**resource_types.tags_in(one.value, group.row.tags[1:]), **labels}
    elif group.row:
        labels = resource_types.tags_in(one.value, group.row.tags)
    if one.type.endswith(".ray.io") and group.within:
        # Labels beside the template of a group reach its pods as well.
        labels = {**_labels(group.within.value.get("labels")), **labels}
    own = ".".join(filter(None, (group.path, inline)))
    tags_at = group.row.tags_at if group.row else own
    line = line_of(group.value, inline, group.line)
    if tags_at != own:
        line = line_of(one.value, tags_at, one.value.line)
    return Planned(
        address="/".join(filter(None, (one.address, group.part))),
        type=one.type,
        place=_place(one, line),
        tags=_tags(one, labels),
        layer=row.layer if row else None,
        tags_at=tags_at,
        misplaced=_misplaced(one, group, labels),
    )


@lru_cache(maxsize=1024)
def _row_of(accelerators: frozenset[str], images: frozenset[str]) -> Kind | None:
    digest = {"accelerators": sorted(accelerators), "images": sorted(images)}
    return resource_types.kind_of("kubernetes", "pod", digest)


def _row_of_pods(value: Any) -> Kind | None:
    """The row that says that pods of this template cost AI money."""
    accelerators: list[str] = []
    images: list[str] = []
    for inner in marked.walk(value):
        if not isinstance(inner, dict):
            continue
        if isinstance(image := inner.get("image"), str):
            images.append(image)
        for holder in ("limits", "requests"):
            amounts = inner.get(holder)
            for name, amount in amounts.items() if isinstance(amounts, dict) else ():
                if isinstance(amount, str) and amount.strip("0. ") and "/" in name:
                    accelerators.append(name)
    return _row_of(frozenset(accelerators), frozenset(images))


def _labels(value: Any) -> Mapping[str, str]:
    """Labels that have a text."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in pairs if isinstance(text, str) and text.strip()}


def _spelt(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Labels under their own keys, as clouds bill them, and under those that metrics have."""
    metrics = {_NOT_IN_METRICS.sub("_", key): text for key, text in labels.items()}
    return {**metrics, **labels}


def _tags(one: _Object, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Labels as telemetry has them, and the places where the pods run."""
    tags = {f"labels.{k}" if k in _PLACES else k: text for k, text in _spelt(labels).items()}
    queue = labels.get(_QUEUE) or _labels(at(one.value, "metadata.labels")).get(_QUEUE)
    places = {
        _LOCAL_QUEUE: queue,
        "namespace": one.namespace,
        "controller": one.name if one.type in _CONTROLLERS else "",
        "pod": one.name if one.type == "Pod" else "",
    }
    return {**tags, **{key: text for key, text in places.items() if text}}


def _misplaced(one: _Object, group: _Pods, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Keys that stand around the template, or as annotations, to where they stand."""
    found: dict[str, str] = {}
    for name in ("labels", "annotations"):
        for holder in (group, *group.around):
            for key in _labels(at(holder.value, f"metadata.{name}")):
                if key not in labels:
                    path = ".".join(filter(None, (holder.path, f"metadata.{name}")))
                    found.setdefault(key, path)
    return found


def _place(one: _Object, line: int) -> str:
    return f"{one.place}:{line}" if one.has_lines else one.place


def _is_rendered_later(one: _Object) -> bool:
    return one.type.startswith("Kustomization.kustomize.") and any(
        one.value.get(key) for key in _RENDERS
    )


def _rendered_later(one: _Object) -> Problem:
    return Problem(
        name="labels-added-later",
        level="warn",
        sentence="a Kustomization changes manifests, and what it adds is not seen",
        place=_place(one, one.value.line),
        hint="check what `kubectl kustomize` prints for this folder",
    )


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
