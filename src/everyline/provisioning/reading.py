"""Files of planned things: which reader a file goes to is decided by what is in it."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeVar

from everyline.planned import Planned
from everyline.problems import Problem
from everyline.sources import (
    arm_template,
    cloudformation,
    kubernetes_manifests,
    litellm_keys,
    marked,
    terraform_plan,
)
from everyline.sources.unreadable import Unreadable

Option = Literal["plan", "manifests", "keys"]

STDIN = "-"
"""The name of what is piped in."""

_READERS: Mapping[Option, tuple[ModuleType, ...]] = {
    "plan": (cloudformation, arm_template),
    "manifests": (kubernetes_manifests,),
    "keys": (litellm_keys,),
}
_WANTED: Mapping[Option, str] = {
    "plan": "a plan (`terraform show -json PLAN`, also of OpenTofu), a CloudFormation template or"
    " an ARM template (`az bicep build`)",
    "manifests": "Kubernetes objects (YAML or JSON, also what `helm template` prints)",
    "keys": "LiteLLM's config.yaml, or answers and requests of its keys and teams",
}
_SUFFIXES = frozenset((".yaml", ".yml", ".json", ".jsonl"))
_Said = TypeVar("_Said", Planned, Problem)
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")
_PACKED = b"PK\x03\x04"
_BYTES_MAX = 1 << 30


class Given(NamedTuple):
    """A file or folder of the command line, and the option that it was given to."""

    option: Option
    path: Path


@dataclass(slots=True)
class Things:
    """What was read.

    Attributes:
        found: each planned thing with the file that plans it.
        problems: of the files.
        passed_over: files of folders that plan nothing, such as values of a chart.
    """

    found: list[tuple[str, Planned]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def read(given: Sequence[Given]) -> Things:
    """Everything that the files plan, in the order given; folders in the order of their paths."""
    things = Things()
    by_reader: dict[ModuleType, list[int]] = {}
    for one in given:
        for path, is_named in _files(one.path):
            name = _name(path)
            try:
                reader, found, problems = _read(one.option, path, name)
            except Unreadable as spoilt:
                things.problems.append(_unreadable(spoilt, name))
                continue
            if reader is None:
                if is_named:
                    hint = f"--{one.option} takes {_WANTED[one.option]}"
                    error = Unreadable("the file plans nothing", hint)
                    things.problems.append(_unreadable(error, name))
                else:
                    things.passed_over.append(name)
                continue
            start = len(things.found)
            things.found += [(name, thing) for thing in found]
            things.problems += problems
            by_reader.setdefault(reader, []).extend(range(start, len(things.found)))
    _join(things, by_reader)
    return things


def _join(things: Things, by_reader: Mapping[ModuleType, Sequence[int]]) -> None:
    """Lets a reader look at the things of all its files: what one says may complete another."""
    for reader, places in by_reader.items():
        joined: Callable[[list[Planned]], list[Planned]] | None = getattr(reader, "joined", None)
        if joined:
            found = joined([things.found[at][1] for at in places])
            for at, thing in zip(places, found, strict=True):
                things.found[at] = (things.found[at][0], thing)


def _read(
    option: Option, path: Path, name: str
) -> tuple[ModuleType | None, list[Planned], list[Problem]]:
    data = _bytes(path)
    if option == "plan" and terraform_plan.is_plan(data):
        folder = path.parent if str(path) != STDIN else None
        found, problems = terraform_plan.planned(data, name, folder)
        return terraform_plan, _sayable(data, found), _sayable(data, problems)
    if data.startswith(_PACKED):
        hint = "a saved plan is packed: `terraform show -json PLAN > plan.json`"
        raise Unreadable("the file is an archive and no text", hint)
    documents = marked.documents(data).found
    for reader in _READERS[option]:
        if any(reader.recognises(value) for _, value in documents):
            found, problems = reader.planned(data, name)
            return reader, _sayable(data, found), _sayable(data, problems)
    return None, [], []


def _sayable(data: bytes, found: list[_Said]) -> list[_Said]:
    """Things without halves of characters, which JSON can escape and no UTF-8 can say."""
    if not _HALVES.search(data):
        return found
    return [
        replace(one, **{field_.name: _said(getattr(one, field_.name)) for field_ in fields(one)})
        for one in found
    ]


def _said(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_said(key): _said(inner) for key, inner in value.items()}
    return frozenset(map(_said, value)) if isinstance(value, frozenset) else value


def _bytes(path: Path) -> bytes:
    if str(path) == STDIN:
        return sys.stdin.buffer.read()
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise Unreadable("the file is larger than 1 GiB", "no plan is: check the path")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"the file can't be opened: {error.strerror}", "check the path") from None


def _files(path: Path) -> Iterator[tuple[Path, bool]]:
    """The files that `path` stands for, each with whether it was named itself."""
    if str(path) == STDIN or not path.is_dir():
        yield path, True
        return
    for inner in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in inner.relative_to(path).parts)
        if inner.suffix.lower() in _SUFFIXES and inner.is_file() and not hidden:
            yield inner, False


def _name(path: Path) -> str:
    """The path as problems and SARIF have it: from here where it lies below, else as given."""
    if str(path) == STDIN:
        return "stdin"
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def _unreadable(error: Unreadable, name: str) -> Problem:
    return Problem(
        name=error.name,
        level="stop",
        sentence=error.sentence,
        place=f"{name}:{error.line}" if error.line else name,
        subject=name,
        hint=error.hint,
    )
