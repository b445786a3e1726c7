"""ARM templates as planned resources, written by hand or by `bicep build`.

| of a resource | is |
| --- | --- |
| symbolic name, else type and name | address; within a nested deployment after that one's |
| `tags`, expressions worked out by the defaults of parameters | tags |
| a value that hangs on a deployment, an account or a secure parameter | a key known later |
| tags of which a part hangs on such, `union(resourceGroup().tags, ...)` | open |
| a child without tags of its own, a deployment of a model for one | the tags of its parent |
| each entry of `agentPoolProfiles` of a cluster | a resource `.../agentPools` of its own |
| `existing`, a condition that does not hold, a linked template | not judged |

Which types cost AI money, and where their tags lie, says `provisioning/types/arm.csv`. Source of
Bicep is not read: `bicep build` makes a template of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from everyline import resource_types
from everyline.planned import Planned
from everyline.problems import Problem
from everyline.resource_types import Kind
from everyline.sources import marked
from everyline.sources.arm_values import Later, Open, Values
from everyline.sources.marked import Map, line_of

_TOOL = "arm"
_DEPLOYMENT = "microsoft.resources/deployments"
_CLUSTER = "microsoft.containerservice/managedclusters"
_POOL = "Microsoft.ContainerService/managedClusters/agentPools"
_ASKED = ("name", "tags", "sku", "kind", "location", "condition")
_GROUP_TAGS = "tags of the resource group do not reach it, save by a policy, which is not seen"


@dataclass(frozen=True, slots=True)
class _Resource:
    """One resource of a template.

    Attributes:
        raw: as written, with lines; `known`: with its expressions worked out.
        address: unique in the file.
        type: with the type of what it lies in before it.
        name: with the names of what it lies in before it.
        line: where it begins.
        reason: why it is not judged, or empty.
    """

    raw: Map
    known: Mapping[str, Any]
    address: str
    type: str
    name: str
    line: int
    reason: str = ""


def recognises(value: Any) -> bool:
    """Whether a document is a template of Azure Resource Manager."""
    if not isinstance(value, dict) or not isinstance(value.get("resources"), dict | list):
        return False
    schema = value.get("$schema")
    is_named = isinstance(schema, str) and "eploymentTemplate.json" in schema
    return is_named or isinstance(value.get("contentVersion"), str)


def planned(data: bytes, place: str) -> tuple[list[Planned], list[Problem]]:
    """The resources of a template, those of deployments within it too.

    Raises:
        Unreadable: the file is no JSON, or is source of Bicep.
    """
    documents = marked.documents(data)
    found = []
    for _, document in documents.found:
        if recognises(document):
            resources = list(_of_template(document, Values(document), ""))
            by_id = {_id(one.type, one.name): one for one in reversed(resources)}
            found += [_planned(one, by_id, place) for one in resources]
    return found, [marked.repeated_problem(key, place) for key in documents.repeated]


def _id(type_: str, name: str) -> tuple[str, str]:
    return type_.casefold(), name.casefold()


def _of_template(template: Map, values: Values, within: str) -> Iterator[_Resource]:
    for one in _resources(template, values, within):
        yield one
        if one.type.casefold() == _DEPLOYMENT and not one.reason.startswith("a linked"):
            yield from _nested(one, values)


def _resources(template: Map, values: Values, within: str) -> Iterator[_Resource]:
    """Every resource of one template, children after what they lie in."""
    waiting = [(raw, symbol, within, "", "") for raw, symbol in _listed(template)]
    waiting.reverse()
    while waiting:
        raw, symbol, prefix, type_, name = waiting.pop()
        written = raw.get("type") if isinstance(raw.get("type"), str) else ""
        known = {key: values.of(v) for key, v in raw.items() if key in _ASKED}
        type_ = "/".join(filter(None, (type_, written)))
        own = known.get("name")
        name = "/".join(filter(None, (name, own if isinstance(own, str) else "")))
        address = prefix + (symbol or f"{type_}/{name}")
        known["properties"] = values.of(_without_template(raw.get("properties")))
        one = _Resource(raw, known, address, type_, name, raw.line, _reason(raw, known, type_))
        yield one
        if type_.casefold() == _CLUSTER:
            yield from _pools(one)
        children = [(child, key, prefix, type_, name) for child, key in _listed(raw)]
        waiting.extend(reversed(children))


def _listed(holder: Map) -> list[tuple[Map, str]]:
    """Resources in a list, or in a map under their symbolic names."""
    found = holder.get("resources")
    if isinstance(found, dict):
        return [(one, symbol) for symbol, one in found.items() if isinstance(one, Map)]
    listed = found if isinstance(found, list) else []
    return [(one, "") for one in listed if isinstance(one, Map)]


def _without_template(properties: Any) -> Any:
    """A nested template is worked out by its own parameters."""
    if not isinstance(properties, dict):
        return properties
    return {key: value for key, value in properties.items() if key != "template"}


def _reason(raw: Map, known: Mapping[str, Any], type_: str) -> str:
    if raw.get("existing") == "true":
        return "there already"
    if known.get("condition") == "false":
        return "not made under the defaults of its condition"
    if type_.casefold() == _DEPLOYMENT:
        template = marked.at(raw, "properties.template")
        return "" if isinstance(template, Map) else "a linked template: check it by itself"
    return ""


def _nested(deployment: _Resource, values: Values) -> Iterator[_Resource]:
    """What a deployment within the template makes; its own scope is inner only where it says so."""
    properties = deployment.raw["properties"]
    scope = marked.at(properties, "expressionEvaluationOptions.scope")
    template = properties["template"]
    if isinstance(scope, str) and scope.casefold() == "inner":
        given = marked.at(deployment.known, "properties.parameters") or {}
        stated = {
            name: one["value"]
            for name, one in (given.items() if isinstance(given, dict) else ())
            if isinstance(one, dict) and one.get("value") is not None
        }
        values = Values(template, stated)
    for one in _of_template(template, values, f"{deployment.address}/"):
        reason = one.reason or deployment.reason
        yield _Resource(one.raw, one.known, one.address, one.type, one.name, one.line, reason)


def _pools(cluster: _Resource) -> Iterator[_Resource]:
    """Node pools that stand in their cluster."""
    profiles = resource_types.found(cluster.known, "properties.agentPoolProfiles")
    raw = resource_types.found(cluster.raw, "properties.agentPoolProfiles")
    for profile, written in zip(profiles, raw, strict=False):
        if isinstance(profile, dict) and isinstance(written, Map):
            name = str(profile.get("name", ""))
            holder = Map(written.line)
            holder["properties"] = written
            holder.lines["properties"] = written.line
            yield _Resource(
                holder,
                {"name": name, "properties": profile},
                f"{cluster.address}/{name}",
                _POOL,
                f"{cluster.name}/{name}",
                written.line,
                cluster.reason,
            )


def _planned(one: _Resource, by_id: Mapping[tuple[str, str], _Resource], place: str) -> Planned:
    row = resource_types.kind_of(_TOOL, _spelt(one.type), one.known)
    taggable = row is None or row.taggable
    paths = row.tags if row and row.taggable else ("tags",)
    tags, later, is_open = _tags(one.known if taggable else {}, paths)
    tags_at = paths[-1] if taggable else ""
    parent = by_id.get(_id(one.type.rpartition("/")[0], one.name.rpartition("/")[0]))
    if not taggable and parent:
        tags, later, is_open = _tags(parent.known, paths)
        tags_at = f"{parent.address}.tags"
    line = line_of(one.raw, paths[-1], one.line)
    return Planned(
        address=one.address,
        type=_spelt(one.type),
        place=f"{place}:{line}",
        tags=tags,
        taggable=taggable,
        later=later,
        is_open=is_open,
        columns=_columns(one, row),
        layer=row.layer if row else None,
        tags_at=tags_at,
        unjudged=one.reason,
        note=_GROUP_TAGS if taggable else "",
    )


def _spelt(type_: str) -> str:
    """The type as the table spells it; case does not count in templates."""
    known = {name.casefold(): name for name in resource_types.known(_TOOL)}
    return known.get(type_.casefold(), type_)


def _tags(
    known: Mapping[str, Any], paths: tuple[str, ...]
) -> tuple[Mapping[str, str], frozenset[str], bool]:
    """Tags, keys known later, and whether there may be more keys."""
    tags: dict[str, str] = {}
    later: set[str] = set()
    is_open = False
    for value in (one for path in paths for one in resource_types.found(known, path)):
        is_open = is_open or isinstance(value, Later | Open)
        for key, text in value.items() if isinstance(value, dict) else ():
            if key.startswith("[") or isinstance(text, Later):
                is_open = is_open or key.startswith("[")
                later.add(key)
            elif isinstance(text, str) and text.strip():
                tags.setdefault(key, text)
    return tags, frozenset(later - tags.keys()), is_open


def _columns(one: _Resource, row: Kind | None) -> Mapping[str, str]:
    """What registries and rules may ask: the provider, the service, name and region."""
    name = one.name.rpartition("/")[2]
    location = one.known.get("location")
    is_known = isinstance(location, str) and not isinstance(location, Later)
    own = one.known.get("name")
    columns = {
        "ServiceProviderName": row.provider if row else "Microsoft",
        "ServiceName": row.service if row else "",
        "ResourceName": "" if isinstance(own, Later) else name,
        "RegionId": str(location).replace(" ", "").lower() if is_known else "",
    }
    return {column: text for column, text in columns.items() if text}
