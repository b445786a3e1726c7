"""Files of JSON objects: one a line, one after the other, or in a list, plain or gzipped."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from everyline.sources import json_values
from everyline.sources.unreadable import Unreadable

_ZSTD = b"\x28\xb5\x2f\xfd"


def objects(path: Path, title: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a file with the line at which each, or the list around it, begins.

    Raises:
        Unreadable: the file is no JSON, is packed by zstd, or holds a value that is no object;
            `title` is what it should be.
    """
    with path.open("rb") as file:
        if file.read(4) == _ZSTD:
            hint = "unpack it with `zstd -d`, or export without compression"
            raise Unreadable("the file is packed by zstd", hint)
    for line, value in json_values.values(path):
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                raise Unreadable(f"the file is no {title}", "expected JSON objects", line=line)
            yield line, one
