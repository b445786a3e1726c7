"""Open Policy Agent: Rego over Terraform plans and Kubernetes manifests, for OPA and Conftest.

`deny` refuses what `check` refuses by tags alone; `warn` says which spelling is declared. Tag
keys are compared without case, but without the prefixes that bills put before them. A type whose
rows in the reviewed tables walk to elements by their name is left to `check`, as are
CloudFormation, ARM and what registries and rules know. `owners.rego` is the policy, and the
taxonomy and the tables follow it as constants.
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from everyline import resource_types
from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.kyverno import of_pods
from everyline.provisioning.policies.written import Written
from everyline.resource_types import Kind

TITLE = "Rego for Open Policy Agent and Conftest"


def written(asked: Sequence[Asked]) -> Written:
    """The policy as one Rego module of the package `main`."""
    rules = files(__package__).joinpath("owners.rego").read_text("utf-8")
    constants: Mapping[str, Any] = {
        "asked": [_ask(ask) for ask in asked],
        "types": {name: rows for name, kinds in _known("terraform") if (rows := _rows(kinds))},
        "kinds": {name: parts for name, kinds in _known("kubernetes") if (parts := _parts(kinds))},
        "accelerators": [_pattern(glob) for glob in of_pods("accelerators")],
        "images": [_pattern(glob) for glob in of_pods("images")],
    }
    tables = [
        f"{name} := {json.dumps(value, indent=1, ensure_ascii=False)}\n"
        for name, value in constants.items()
    ]
    return Written({"owners.rego": "\n".join([rules, *tables])})


def _ask(ask: Asked) -> dict[str, Any]:
    values = f" with one of {', '.join(ask.values)}" if ask.values else ""
    return {
        "key": ask.key,
        "tag": ask.tag,
        "tags": [tag.strip().casefold() for tag in ask.tags],
        "needed": ask.needed,
        "listed": ask.values is not None,
        "values": values,
        "known": sorted({*ask.texts.values()}),
        "texts": dict(ask.texts),
        "implies": {value: list(keys) for value, keys in ask.implies.items() if keys},
    }


def _known(tool: str) -> Sequence[tuple[str, tuple[Kind, ...]]]:
    return list(resource_types.known(tool).items())


def _rows(kinds: Sequence[Kind]) -> list[dict[str, Any]]:
    """Rows of a type of Terraform; none if a thing of it can't be judged by plain paths."""
    if any("=" in path for kind in kinds for path in (*kind.tags, *kind.when)):
        return []
    if not any(kind.taggable for kind in kinds):
        return []
    return [
        {
            "tags": [[*resource_types.steps(path)] for path in kind.tags],
            "when": [_test(path, globs) for path, globs in kind.when.items()],
        }
        for kind in kinds
    ]


def _test(path: str, globs: Sequence[str]) -> dict[str, Any]:
    """A condition; the last key of its path may be a glob."""
    steps, key = [*resource_types.steps(path)], ""
    if "*" in steps[-1]:
        key = _pattern(steps.pop())
    return {"path": steps, "key": key, "pattern": "|".join(map(_pattern, globs))}


def _parts(kinds: Sequence[Kind]) -> list[dict[str, Any]]:
    """Rows of a kind of Kubernetes: the part whose labels reach pods, and where they lie."""
    parts = []
    for kind in kinds:
        if not kind.taggable or kind.type == "pod":
            continue
        first, *also = ([*resource_types.steps(path)] for path in kind.tags)
        labels = 2 if first[-2:] == ["metadata", "labels"] else 1
        parts.append({"at": first[:-labels], "labels": first[-labels:], "also": also})
    return parts


def _pattern(glob: str) -> str:
    """A glob as a regular expression of RE2, for texts in small letters."""
    return f"^{'.*'.join(map(re.escape, glob.casefold().split('*')))}$"
