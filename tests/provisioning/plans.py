"""Terraform plans written in few words, in the frame that `terraform show -json` prints."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Plan = dict[str, Any]


def change(
    address: str, after: Any = None, *, unknown: Any = None, actions: Sequence[str] = ("create",)
) -> Plan:
    """An entry of `resource_changes`; type, name, index and module are those of the address.

    Args:
        address: without blanks or dots in an index.
        after: attributes; `tags` of AWS are merged into `tags_all` where that is not given.
        unknown: `after_unknown`.
        actions: of the change.
    """
    *module, type_, name = address.removeprefix("data.").split(".")
    name, _, index = name.partition("[")
    attributes = dict(after or {})
    if type_.startswith("aws_") and "tags" in attributes and "tags_all" not in attributes:
        attributes["tags_all"] = attributes["tags"] or {}
    provider = type_.partition("_")[0]
    made: Plan = {
        "address": address,
        "mode": "data" if address.startswith("data.") else "managed",
        "type": type_,
        "name": name,
        "provider_name": f"registry.terraform.io/hashicorp/{provider}",
        "change": {
            "actions": list(actions),
            "before": None,
            "after": attributes if after is not None else None,
            "after_unknown": unknown or {},
            "before_sensitive": False,
            "after_sensitive": {},
        },
    }
    if module:
        made["module_address"] = ".".join(module)
    if index:
        made["index"] = json.loads(index.removesuffix("]"))
    return made


def secret(made: Plan, marks: Any) -> Plan:
    """The change with `after_sensitive`."""
    made["change"]["after_sensitive"] = marks
    return made


def plan(*changes: Plan, configuration: Mapping[str, Any] | None = None) -> bytes:
    """A whole plan, laid out over lines."""
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "configuration": configuration or {},
        "errored": False,
    }
    return json.dumps(document, indent=1).encode()


def provider(key: str, **expressions: Any) -> Mapping[str, Any]:
    """`provider_config` of one provider."""
    return {key: {"name": key.partition(".")[0], "expressions": expressions}}


def written(address: str, key: str, **expressions: Any) -> Mapping[str, Any]:
    """A resource of the root module in `configuration`."""
    type_, name = address.split(".")
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider_config_key": key,
        "expressions": expressions,
    }


def configured(
    providers: Mapping[str, Any], *resources: Mapping[str, Any], **modules: Any
) -> Mapping[str, Any]:
    """`configuration`; `modules` are the calls of the root module."""
    root = {"resources": list(resources), "module_calls": modules}
    return {"provider_config": providers, "root_module": root}
