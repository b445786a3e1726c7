"""What a Terraform plan says of its configuration: defaults of providers, references, folders.

Only constants and names are read here; values of variables and of resources are not.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from everyline.resource_types import found

_INDEX = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_RESOURCE = re.compile(r'^[ \t]*resource[ \t]+"([^"\n]+)"[ \t]+"([^"\n]+)"', re.MULTILINE)
_DEFAULTS = {"tags_all": "default_tags.tags", "effective_labels": "default_labels"}
_DEPTH_MAX = 50


class Written(NamedTuple):
    """A resource as it is written, once for all of its instances.

    Attributes:
        folder: of its module, from the root module's; None where the module lies elsewhere.
        body: its entry in the plan's configuration.
    """

    folder: PurePosixPath | None
    body: Mapping[str, Any]


class Configuration:
    """The part of a plan that says what was written."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """`document` is the whole plan."""
        whole = _map(document.get("configuration"))
        self._providers = _map(whole.get("provider_config"))
        self._written: dict[tuple[str, str], Written] = {}
        for module, folder, resources in _modules(_map(whole.get("root_module"))):
            for body in resources:
                name = f"{body.get('type')}.{body.get('name')}"
                self._written[module, name] = Written(folder, body)

    def written(self, change: Mapping[str, Any]) -> Written | None:
        """How the resource of an entry of `resource_changes` is written."""
        module = without_index(_text(change.get("module_address")))
        return self._written.get((module, f"{change.get('type')}.{change.get('name')}"))

    def constant(self, change: Mapping[str, Any], path: str) -> Any:
        """A constant of the resource's provider, such as `region`; None if there is none."""
        provider = self._provider(change)
        values = found(provider, f"{path}.constant_value") if provider else []
        return values[0] if values else None

    def defaults(self, change: Mapping[str, Any], merged: str) -> Mapping[str, Any] | None:
        """The tags that its provider gives to every resource; None where they are not known.

        Args:
            change: an entry of `resource_changes`.
            merged: the attribute that has them merged with the resource's own, such as `tags_all`.
        """
        path = _DEFAULTS.get(merged)
        written = self.written(change)
        if path is None or written is None:
            return None
        provider = self._provider(change)
        if provider is None:
            return None
        value = found(provider, f"{path}.constant_value")
        if value:
            return _map(value[0])
        return None if found(provider, path.partition(".")[0]) else {}

    def references(self, change: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
        """Type and name of each resource that the expression at `path` refers to."""
        written = self.written(change)
        if written is None:
            return
        for text in found(written.body.get("expressions"), f"{path}.references"):
            parts = without_index(_text(text)).split(".")
            if len(parts) > 1:
                yield parts[0], parts[1]

    def _provider(self, change: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The expressions of the resource's provider; None where the plan does not have them."""
        written = self.written(change)
        key = _text(written.body.get("provider_config_key")) if written else ""
        config = self._providers.get(key)
        return _map(config.get("expressions")) if isinstance(config, dict) else None


def lines(folder: Path, inside: PurePosixPath) -> dict[tuple[str, str], tuple[str, int]]:
    """Where resources are written: type and name to file, from `folder`, and line.

    Args:
        folder: of the root module.
        inside: the folder of the module, from there.
    """
    places: dict[tuple[str, str], tuple[str, int]] = {}
    for path in sorted((folder / inside).glob("*.tf")):
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # then the place is the plan, as if the code were not there
        for match in _RESOURCE.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            file = inside.joinpath(path.name).as_posix()
            places.setdefault((match[1], match[2]), (file, line))
    return places


def without_index(address: str) -> str:
    """An address without the indices of its instances: `module.a["x"].b` is `module.a.b`."""
    return _INDEX.sub("", address)


def _modules(
    root: Mapping[str, Any],
) -> Iterator[tuple[str, PurePosixPath | None, list[Mapping[str, Any]]]]:
    """Address, folder and resources of the root module and of all that it calls."""
    waiting: list[tuple[str, PurePosixPath | None, Any]] = [("", PurePosixPath("."), root)]
    while waiting:
        address, folder, module = waiting.pop()
        listed = module.get("resources")
        yield address, folder, [one for one in listed or () if isinstance(one, dict)]
        if address.count("module.") >= _DEPTH_MAX:
            continue
        for name, call in _map(module.get("module_calls")).items():
            source = _text(_map(call).get("source"))
            is_here = folder is not None and source.startswith(("./", "../"))
            inner = PurePosixPath(folder, source) if is_here and folder is not None else None
            prefix = f"{address}." if address else ""
            waiting.append((f"{prefix}module.{name}", inner, _map(_map(call).get("module"))))


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
