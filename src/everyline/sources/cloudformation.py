"""CloudFormation templates as planned resources: JSON and YAML, short functions and long.

| of a resource | is |
| --- | --- |
| logical id | address |
| tags where the type has them, a map or a list of Key and Value | tags |
| a value that hangs on an account, another resource or a secret | a key known later |
| tags that come from a transform or a list that can't be worked out | open |
| of an Auto Scaling group only tags with PropagateAtLaunch; of a launch template also those of \
groups that name it | tags of the instances |
| a condition that does not hold under the defaults; a nested stack, a module, a loop | not judged |

Which types cost AI money, and where their tags lie, says `provisioning/types/cloudformation.csv`.
Tags given to the stack as a whole reach most resources and stand in no template, so a finding says
that they can't be seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from everyline import resource_types
from everyline.planned import Planned
from everyline.problems import Problem
from everyline.resource_types import Kind
from everyline.sources import marked
from everyline.sources.cloudformation_values import LATER, Later, Values, of_tag
from everyline.sources.marked import Map, line_of

_TOOL = "cloudformation"
_PROVIDER = "Amazon Web Services"
_STACK_TAGS = "tags given to the whole stack stand in no template and are not seen"
_PROPAGATED = "only tags with PropagateAtLaunch reach the instances"
_LOST = "its own tags do not reach what is billed"
_GROUP = "AWS::AutoScaling::AutoScalingGroup"
_LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"
_TAGS = ("Properties.Tags",)
_INSTANCE_TAGS = "Properties.LaunchTemplateData.TagSpecifications[ResourceType=instance].Tags"


class Tags(NamedTuple):
    """Tags as far as they are known.

    Attributes:
        known: key to value.
        later: keys whose value is known only once the stack is made.
        is_open: whether there may be more keys than these.
    """

    known: Mapping[str, str]
    later: frozenset[str]
    is_open: bool


def recognises(value: Any) -> bool:
    """Whether a document is a template of CloudFormation."""
    resources = value.get("Resources") if isinstance(value, dict) else None
    if not isinstance(resources, dict):
        return False
    return "AWSTemplateFormatVersion" in value or any(
        isinstance(one, dict) and "::" in str(one.get("Type", "")) for one in resources.values()
    )


def planned(data: bytes, place: str) -> tuple[list[Planned], list[Problem]]:
    """The resources of a template.

    Raises:
        Unreadable: the file is neither YAML nor JSON.
    """
    documents = marked.documents(data, of_tag)
    found = [
        one
        for _, document in documents.found
        if recognises(document)
        for one in _Template(document, place).planned()
    ]
    return found, [marked.repeated_problem(key, place) for key in documents.repeated]


class _Template:
    def __init__(self, template: Map, place: str) -> None:
        self._place = place
        self._resources: Map = template["Resources"]
        self._values = Values(template)
        self._known: dict[str, dict[str, Any]] = {}
        for name, resource in self._resources.items():
            if isinstance(resource, Map):
                known = self._values.of(resource)
                self._known[name] = known if isinstance(known, dict) else {}

    def planned(self) -> Iterator[Planned]:
        for name in self._resources:
            if name in self._known:
                yield self._resource(name)
            else:
                line = self._resources.lines.get(name, self._resources.line)
                place = f"{self._place}:{line}"
                reason = "expanded only when the stack is made"
                yield Planned(name, name.rpartition("::")[0] or name, place, unjudged=reason)

    def _resource(self, name: str) -> Planned:
        raw, known = self._resources[name], self._known[name]
        type_ = str(known.get("Type", ""))
        row = resource_types.kind_of(_TOOL, type_, known)
        paths = row.tags if row else _TAGS
        tags = self._tags(name, paths)
        tags_at = row.tags_at if row else _TAGS[0]
        if row and not row.taggable and (parent := self._parent(raw, row)):
            tags, tags_at = parent
        line = line_of(raw, tags_at, self._resources.lines.get(name, raw.line))
        thing = Planned(
            address=name,
            type=type_,
            place=f"{self._place}:{line}",
            tags=tags.known,
            taggable=row is None or row.taggable,
            later=tags.later,
            is_open=tags.is_open,
            columns=_columns(known, type_, row),
            layer=row.layer if row else None,
            tags_at=tags_at,
            unjudged=self._unjudged(raw, type_),
        )
        if thing.taggable:
            note = f"{_PROPAGATED}; {_STACK_TAGS}" if type_ == _GROUP else _STACK_TAGS
            return replace(thing, note=note)
        lost = self._tags(name, _TAGS).known.keys() - tags.known.keys()
        note = _LOST if lost else ""
        return replace(thing, misplaced=dict.fromkeys(sorted(lost), _TAGS[0]), note=note)

    def _unjudged(self, raw: Map, type_: str) -> str:
        if self._values.holds(raw.get("Condition")) is False:
            return "not made under the defaults of its condition"
        if type_ == "AWS::CloudFormation::Stack":
            return "a nested stack: check its own template"
        return "a module: check the template it makes" if type_.endswith("::MODULE") else ""

    def _tags(self, name: str, paths: Iterable[str]) -> Tags:
        known = self._known[name]
        type_ = known.get("Type")
        values = [one for path in paths for one in resource_types.found(known, path)]
        if type_ == _GROUP:
            values = [one for one in values if _is_propagated(one)]
            values += self._of_templates(name)
        if type_ == _LAUNCH_TEMPLATE:
            values += self._of_groups(name)
        properties = self._resources[name].get("Properties")
        is_open = isinstance(properties, dict) and "Fn::Transform" in properties
        tags: dict[str, str] = {}
        later: set[str] = set()
        for key, value in _pairs(values):
            if isinstance(key, Later):
                is_open = True
            elif isinstance(value, Later):
                later.add(key)
            elif isinstance(value, str) and value.strip():
                tags.setdefault(key, value)
        return Tags(tags, frozenset(later - tags.keys()), is_open)

    def _of_groups(self, template: str) -> Iterator[Any]:
        """Tags that Auto Scaling groups put on the instances of this launch template."""
        for name, known in self._known.items():
            if known.get("Type") == _GROUP and template in _named(self._resources[name]):
                yield from filter(_is_propagated, resource_types.found(known, _TAGS[0]))

    def _of_templates(self, group: str) -> Iterator[Any]:
        """Tags that launch templates put on the instances of this Auto Scaling group."""
        for name in sorted(_named(self._resources[group]) & self._known.keys()):
            if self._known[name].get("Type") == _LAUNCH_TEMPLATE:
                yield from resource_types.found(self._known[name], _INSTANCE_TAGS)

    def _parent(self, raw: Map, row: Kind) -> tuple[Tags, str] | None:
        """The tags of the resource that a property names, and where they lie."""
        named = next(
            (n for value in resource_types.found(raw, row.parent) for n in _named(value)), ""
        )
        if named not in self._known:
            return None
        known = self._known[named]
        kinds = resource_types.known(_TOOL).get(str(known.get("Type", "")), ())
        paths = kinds[0].tags if kinds else _TAGS
        return self._tags(named, paths), f"{named}.{paths[-1]}"


def _pairs(values: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Keys and values of what lies where tags do; LATER for what is not known."""
    for value in values:
        if isinstance(value, Later):
            yield LATER, LATER
        elif isinstance(value, dict) and "Key" in value:
            is_known = isinstance(value["Key"], str)
            yield value["Key"] if is_known else LATER, value.get("Value")
        elif isinstance(value, dict):
            yield from value.items()


def _is_propagated(tag: Any) -> bool:
    return not isinstance(tag, dict) or tag.get("PropagateAtLaunch") != "false"


def _named(value: Any) -> set[str]:
    """Logical ids that a value refers to."""
    found = set()
    for inner in marked.walk(value):
        if isinstance(inner, dict):
            for name in ("Ref", "Fn::GetAtt"):
                given = inner.get(name)
                given = given[0] if isinstance(given, list) and given else given
                if isinstance(given, str):
                    found.add(given.partition(".")[0])
    return found


def _columns(known: Mapping[str, Any], type_: str, row: Kind | None) -> Mapping[str, str]:
    """What registries and rules may ask: the provider, the service, the name."""
    last = type_.rpartition("::")[2]
    properties = known.get("Properties")
    texts = {
        key: value
        for key, value in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(value, str) and key.endswith("Name") and last.endswith(key[:-4])
    }
    columns = {
        "ServiceProviderName": _PROVIDER if type_.startswith("AWS::") else "",
        "ServiceName": row.service if row else "",
        "ResourceName": next(iter(texts.values()), ""),
    }
    return {name: text for name, text in columns.items() if text}
