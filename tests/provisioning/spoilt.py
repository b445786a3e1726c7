"""Documents with one value replaced by something that nobody expects there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ODD: tuple[Any, ...] = (
    None,
    "",
    "x",
    "[x",
    "${x}",
    "0",
    True,
    7,
    [],
    {},
    [None],
    [[{}]],
    {"": None},
)
"""What may stand anywhere in a file that somebody made by a script."""


class _Plain(yaml.SafeLoader):
    """Takes the short functions of CloudFormation as plain values."""


_Plain.add_multi_constructor("!", lambda loader, tag, node: {tag: getattr(node, "value", "")})


def documents(path: Path) -> list[Any]:
    """The documents of a file, as plain values."""
    text = path.read_text("utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    if path.suffix == ".json":
        return [json.loads(text)]
    return list(yaml.load_all(text, Loader=_Plain))


def spoilt(document: Any) -> Iterator[Any]:
    """The document with each of its values in turn replaced by each odd one."""
    for path in _paths(document):
        for odd in ODD:
            yield _with(document, path, odd)


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return
    # Two elements of a list stand for all.
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value[:2]):
        yield (key,)
        yield from ((key, *path) for path in _paths(inner))


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _with(value[path[0]], path[1:], odd)
    return changed
