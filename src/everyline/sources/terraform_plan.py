"""Terraform and OpenTofu plans: what `terraform show -json PLAN` and `tofu show -json PLAN` print.

Source: HashiCorp, "JSON Output Format" of plans, format_version 1.x; a plan of Terraform 1.11.4.

| in the plan | becomes |
| --- | --- |
| `resource_changes[]` that create, update or replace | a planned thing |
| those that delete, forget, only read or change nothing | counted and not judged |
| what lies in `change.after` where `provisioning/types/terraform.csv` says | tags |
| default tags of the provider, where the merged tags are not known yet | tags |
| `change.after_unknown` | keys whose value is known only after apply |
| tags of a parent that the cost bears, such as those of an Azure account | tags |

Plans hold secrets in clear text. Only paths that are named here and in that table are read, and of
those nothing that `after_sensitive` marks.
"""

import json
import posixpath
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from everyline import names
from everyline.planned import Planned
from everyline.problems import Problem
from everyline.resource_types import Kind, found, kind_of, known, steps
from everyline.sources import json_text, terraform_configuration
from everyline.sources.terraform_configuration import Configuration
from everyline.sources.terraform_values import Tags, along, seen, tags_in, texts
from everyline.sources.unreadable import Unreadable

TOOL = "terraform"

_ADDRESS = re.compile(rb'"address"\s*:\s*("(?:[^"\\\n]|\\.)*")')
_CHANGES = b'"resource_changes"'
_UNJUDGED = {
    ("no-op",): "unchanged",
    ("delete",): "deleted",
    ("forget",): "no longer managed",
    ("read",): "only read",
}
_USUAL_TAGS = ("tags_all|tags", "tags", "effective_labels|labels", "labels", "metadata.labels")
_PROVIDERS = {"azurerm": "Microsoft", "azapi": "Microsoft", "awscc": "Amazon Web Services"}
_IDS = {"Amazon Web Services": "arn", "Microsoft": "id", "Google Cloud": "id"}
_ARN = re.compile(r"arn:[\w-]+:[\w-]*:[\w-]*:(\d{12}):.+")
_SUBSCRIPTION = re.compile(r"(/subscriptions/[^/]+)/.+", re.IGNORECASE)
_HELM = "a chart: check what `helm template` prints with --manifests"
_UNSURE = "costs AI money only in some sizes, and its size is known only after apply"


def is_plan(data: bytes) -> bool:
    """Whether a file is a plan, by words that every plan has; without reading it all."""
    return b'"terraform_version"' in data and (_CHANGES in data or b'"planned_values"' in data)


def recognises(value: Any) -> bool:
    """Whether a JSON document is a plan."""
    return isinstance(value, dict) and "terraform_version" in value and "planned_values" in value


def planned(
    data: bytes, place: str, folder: Path | None = None
) -> tuple[list[Planned], list[Problem]]:
    """The planned things of a plan.

    Args:
        data: the whole file.
        place: what problems call it.
        folder: where its `.tf` files may lie: places then are in them.

    Raises:
        Unreadable: the text is no JSON, or no whole plan.
    """
    document = json_text.load(data)
    if not isinstance(document, dict) or not {"planned_values", "resource_changes"} & set(document):
        hint = "make the plan with `terraform plan -out PLAN`, then `terraform show -json PLAN`"
        raise Unreadable("the file is no plan", hint)
    if document.get("errored") is True:
        hint = "mend what `terraform plan` says, and make the plan again"
        raise Unreadable("the plan did not finish, so it lacks resources", hint)
    changes = document.get("resource_changes") or []
    if not isinstance(changes, list) or not all(map(_is_change, changes)):
        raise Unreadable("`resource_changes` has an entry that is no change", "make the plan again")
    plan = _Plan(changes, Configuration(document))
    places = _Places(data, place, plan.configuration, folder)
    return [plan.planned(change, places.of(change)) for change in changes], []


def _is_change(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("change"), dict):
        return False
    names_ = (entry.get("address"), entry.get("type"), entry.get("name"))
    return all(isinstance(name, str) for name in names_)


class _Plan:
    """All changes of a plan, since one may bear the tags of another."""

    def __init__(self, changes: Sequence[Mapping[str, Any]], configuration: Configuration) -> None:
        self.configuration = configuration
        self._by_type: dict[str, list[Mapping[str, Any]]] = {}
        for change in changes:
            if isinstance(change["change"].get("after"), dict):
                self._by_type.setdefault(change["type"], []).append(change)

    def planned(self, change: Mapping[str, Any], place: str) -> Planned:
        address = change["address"]
        if change.get("deposed"):
            address += f" (deposed {change['deposed']})"
        reason = _unjudged(change)
        after, unknown = seen(change)
        kind = kind_of(TOOL, change["type"], after)
        if not reason and kind is None and self._may_be(change["type"], unknown):
            reason = _UNSURE
        paths = kind.tags if kind else _usual(after, unknown)
        tags = self._tags(change, paths)
        tags_at = paths[-1] if paths else ""
        if kind and kind.parent and (parent := self._parent(change, kind, after)):
            parent_paths = _paths_of(parent["type"], *seen(parent))
            above = self._tags(parent, parent_paths)
            tags = Tags(
                above.known | tags.known,
                tags.later | (above.later - tags.known.keys()),
                tags.is_open or above.is_open,
            )
            tags_at = tags_at or f"{parent['address']}.{(parent_paths or ('tags',))[-1]}"
        misplaced = _misplaced(after, unknown, paths, tags) if kind else {}
        return Planned(
            address=address,
            type=change["type"],
            place=place,
            tags=tags.known,
            taggable=bool(paths),
            later=tags.later,
            is_open=tags.is_open,
            columns=self._columns(change, kind, after),
            layer=kind.layer if kind else None,
            tags_at=tags_at,
            unjudged=reason,
            misplaced=misplaced,
            note=_note(kind, tags_at, misplaced),
        )

    def _tags(self, change: Mapping[str, Any], paths: Sequence[str]) -> Tags:
        after, unknown = seen(change)
        if len(paths) > 1 and unknown.get(paths[0]) is True:
            defaults = self.configuration.defaults(change, paths[0])
            if defaults is not None:  # then the merged tags hold nothing else that is unknown
                own = tags_in(after, unknown, paths[1:])
                return own._replace(known=texts(defaults) | own.known)
        return tags_in(after, unknown, paths)

    def _may_be(self, type_: str, unknown: Mapping[str, Any]) -> bool:
        """Whether what decides that a resource costs AI money is not known yet."""
        tests = [path for kind in known(TOOL).get(type_, ()) for path in kind.when]
        return any(u is True for path in tests for _, u in along({}, unknown, steps(path)))

    def _parent(
        self, change: Mapping[str, Any], kind: Kind, after: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """The resource whose tags the cost of `change` bears too, if the plan has it."""
        path, _, type_ = kind.parent.partition(" ")
        candidates = self._by_type.get(type_, ())
        for text in found(after, path):
            for one in candidates:
                named = (one["change"]["after"].get(name) for name in ("id", "self_link", "name"))
                if isinstance(text, str) and text in named:
                    return one
        for referred, name in self.configuration.references(change, path):
            if referred != type_:
                continue
            near = [
                one
                for one in candidates
                if one["name"] == name and one.get("module_address") == change.get("module_address")
            ]
            same = [one for one in near if one.get("index") == change.get("index")]
            if len(near) == 1 or same:
                return (same or near)[0]
        return None

    def _columns(
        self, change: Mapping[str, Any], kind: Kind | None, after: Mapping[str, Any]
    ) -> dict[str, str]:
        """What registries and rules may ask of the resource (R8)."""
        short = str(change.get("provider_name") or "").rpartition("/")[2]
        provider = (kind.provider if kind else "") or _provider(short)
        id_ = _text(after.get(_IDS.get(provider, "arn")))
        values = {
            "ServiceProviderName": provider,
            "ServiceName": kind.service if kind else "",
            "ResourceId": id_,
            "ResourceName": _first(after, "name", "display_name", "metadata.name"),
            "RegionId": _first(after, "region", "location")
            or _text(self.configuration.constant(change, "region")),
            "SubAccountId": self._account(change, provider, after, id_),
        }
        return {name: text for name, text in values.items() if text}

    def _account(
        self, change: Mapping[str, Any], provider: str, after: Mapping[str, Any], id_: str
    ) -> str:
        """The account, project or subscription that will be billed, as bills spell it."""
        if provider == "Amazon Web Services":
            role = _text(self.configuration.constant(change, "assume_role.role_arn"))
            listed = self.configuration.constant(change, "allowed_account_ids")
            only = listed[0] if isinstance(listed, list) and len(listed) == 1 else ""
            match = _ARN.fullmatch(id_) or _ARN.fullmatch(role)
            return match[1] if match else _text(only)
        if provider == "Google Cloud":
            own = _text(after.get("project"))
            return own or _text(self.configuration.constant(change, "project"))
        if provider == "Microsoft":
            ids = (value for name, value in after.items() if name == "id" or name.endswith("_id"))
            matches = (_SUBSCRIPTION.fullmatch(_text(value)) for value in ids)
            subscription = _text(self.configuration.constant(change, "subscription_id"))
            given = f"/subscriptions/{subscription}" if subscription else ""
            return next((match[1] for match in matches if match), given)
        return ""


@cache
def _provider(short: str) -> str:
    """The ServiceProviderName of a Terraform provider, such as `aws`; empty where it has none."""
    return _PROVIDERS.get(short) or names.providers().get(names.folded(short), "")


def _unjudged(change: Mapping[str, Any]) -> str:
    """Why nobody has to mend the resource now; empty if somebody has."""
    actions = change["change"].get("actions")
    if change.get("mode") == "data":
        return "only read"
    if change["type"] == "helm_release":
        return _HELM
    is_list = isinstance(actions, list) and all(isinstance(action, str) for action in actions)
    return _UNJUDGED.get(tuple(actions), "") if is_list else ""


def _usual(after: Mapping[str, Any], unknown: Mapping[str, Any]) -> tuple[str, ...]:
    """Where tags lie of a type that the table does not know: at names that providers use."""
    for paths in _USUAL_TAGS:
        first = paths.partition("|")[0].partition(".")[0]
        if first in after or first in unknown:
            return tuple(paths.split("|"))
    return ()


def _misplaced(
    after: Mapping[str, Any], unknown: Mapping[str, Any], paths: Sequence[str], tags: Tags
) -> dict[str, str]:
    """Keys of tags that stand where others of its kind have them, and that no bill will see."""
    usual = [path for path in _usual(after, unknown) if path not in paths]
    stray = tags_in(after, unknown, usual).known
    return {key: usual[-1] for key in stray if key not in tags.known}


def _note(kind: Kind | None, tags_at: str, misplaced: Mapping[str, str]) -> str:
    """What else is to be said of a type that takes no tags."""
    if kind is None or kind.taggable:
        return ""
    said = [f"its own `{path}` reach no bill" for path in sorted(set(misplaced.values()))]
    if kind.parent and not tags_at:
        type_ = kind.parent.rpartition(" ")[2]
        said.append(f"its cost bears the tags of its `{type_}`, which this plan does not have")
    return "; ".join(said)


def _paths_of(type_: str, after: Mapping[str, Any], unknown: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = known(TOOL).get(type_)
    return kinds[0].tags if kinds else _usual(after, unknown)


def _first(after: Mapping[str, Any], *paths: str) -> str:
    return next(
        (text for path in paths for value in found(after, path) if (text := _text(value))), ""
    )


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


class _Places:
    """Where a person would mend a resource: in its `.tf` file, else in the plan."""

    def __init__(
        self, data: bytes, place: str, configuration: Configuration, folder: Path | None
    ) -> None:
        self._place = place
        self._folder = folder
        self._configuration = configuration
        self._code: dict[Any, dict[tuple[str, str], tuple[str, int]]] = {}
        self._lines = _lines(data)

    def of(self, change: Mapping[str, Any]) -> str:
        written = self._configuration.written(change)
        if self._folder and written and written.folder is not None:
            if written.folder not in self._code:
                code = terraform_configuration.lines(self._folder, written.folder)
                self._code[written.folder] = code
            at = self._code[written.folder].get((change["type"], change["name"]))
            if at:
                file = posixpath.join(posixpath.dirname(self._place), at[0])
                return f"{posixpath.normpath(file)}:{at[1]}"
        line = self._lines.get(change["address"])
        return f"{self._place}:{line}" if line else self._place


def _lines(data: bytes) -> dict[str, int]:
    """Address to line; nothing where the whole plan stands on one line."""
    start = data.find(_CHANGES)
    if start < 0 or data.count(b"\n") < 2:
        return {}
    ends = [match.start() for match in re.finditer(rb"\n", data)]
    places: dict[str, int] = {}
    for match in _ADDRESS.finditer(data, start):
        try:
            places.setdefault(json.loads(match[1]), bisect_right(ends, match.start()) + 1)
        except ValueError:
            continue
    return places
