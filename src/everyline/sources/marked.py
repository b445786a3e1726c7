"""YAML and JSON of other tools as text that knows its lines: maps, lists, texts and None.

Every scalar is what is written: `no`, `0410` and `1e3` stay text. None is a null. Anchors, aliases
and merge keys are followed, since manifests use them, but a file that would grow by them without
bound is refused. Nothing here recurses, so no nesting can break it.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from everyline.problems import Problem
from everyline.sources import json_text
from everyline.sources.unreadable import Unreadable

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_NODES_MAX = 2_000_000
_DEPTH_MAX = 200
_SPACE = re.compile(r"[ \t\r\n]*")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+')
_TEMPLATE = re.compile(r"\{\{-?\s*[.$\w\"(/]")
_SOURCES = (
    (
        re.compile(
            r"^(?:targetScope *=|param \w+ +[\w'{\[]|var \w+ *=|resource \w+ '[\w./]+@"
            r"|module \w+ ')",
            re.MULTILINE,
        ),
        "the file is the source of a template in Bicep, which is not read",
        "make a template of it, `bicep build FILE`, and check that",
    ),
    (
        re.compile(
            r'^(?:resource "\w+" "[\w-]+"|variable "\w+"|provider "\w+"|terraform) \{', re.M
        ),
        "the file is source of Terraform, which is not read",
        "check a plan: `terraform plan -out plan` and `terraform show -json plan > plan.json`",
    ),
)
"""How source that is compiled first begins, what is said of it, and what to do."""


class Map(dict[str, Any]):
    """A map as written, with the lines, from 1, at which it and each of its keys stand."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Repeated(NamedTuple):
    """A key that stands twice in one map; the later one stands."""

    key: str
    line: int


class Documents(NamedTuple):
    """What a file holds.

    Attributes:
        found: each document with the line at which its value begins; null ones are left out.
        repeated: keys that stand twice in one map.
    """

    found: list[tuple[int, Any]]
    repeated: list[Repeated]


Tagged = Callable[[str, Any], Any]
"""What a value under a YAML tag such as `!Sub` stands for."""


def _as_it_is(_: str, value: Any) -> Any:
    return value


def documents(data: bytes, tagged: Tagged = _as_it_is) -> Documents:
    """The documents of `data`: JSON values one after another, or YAML; nobody may change them.

    Raises:
        Unreadable: with the line, where the text is neither, no UTF-8, or grows by its aliases.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable("the file is not UTF-8", "save it as UTF-8", line=line) from None
    for pattern, sentence, hint in _SOURCES:
        if found := pattern.search(text):
            raise Unreadable(sentence, hint, line=text.count("\n", 0, found.start()) + 1)
    if text.lstrip()[:1] in ("{", "["):
        spoilt = _spoilt(text)
        if spoilt is None:
            return _of_json(data)
        # YAML has maps and lists in brackets too. A file that is neither is more often JSON.
        try:
            return _of_yaml(data, tagged)
        except Unreadable as error:
            raise (error if text.lstrip().startswith("{{") else spoilt) from None
    return _of_yaml(data, tagged)


def at(value: Any, path: str) -> Any:
    """What stands in `value` at a path of keys, `spec.template.metadata`; None if nothing does."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def line_of(value: Any, path: str, otherwise: int) -> int:
    """The line of the deepest key of `path` that there is, else `otherwise`."""
    for key in path.split("."):
        if not isinstance(value, Map) or key not in value:
            break
        otherwise, value = value.lines.get(key, otherwise), value[key]
    return otherwise


def repeated_problem(repeated: Repeated, place: str) -> Problem:
    """What is said of a key that stands twice in one map."""
    return Problem(
        name="repeated-key",
        level="warn",
        sentence=f"`{repeated.key}` stands twice in one map; the later one is taken",
        place=f"{place}:{repeated.line}",
        subject=repeated.key,
        hint="keep one of the two: tools differ in which one they take",
    )


def _held(text: str) -> str:
    """The text with `?` for what no file can hold: NUL and half of a character."""
    return text.replace("\0", "?").encode(errors="replace").decode()


def _spoilt(text: str) -> Unreadable | None:
    """Why the text is no row of JSON values; None if it is one."""
    decoder, start = json.JSONDecoder(), _skip(text, 0)
    while start < len(text):
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            try:
                line = text.count("\n", 0, start) + 1
                json_text.load(text[start:].encode(errors="replace"), first_line=line)
            except Unreadable as error:
                return error
            break
        start = _skip(text, end)
    return None


def _skip(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    assert found is not None
    return found.end()


@lru_cache(maxsize=1)  # Who decides on a reader and the reader itself ask for the same file.
def _of_json(data: bytes) -> Documents:
    """The values of a text that is JSON: what separates its tokens needs no look."""
    text = data.decode("utf-8-sig")
    build, line, seen = _Builder(), 1, 0
    for token in _JSON_TOKEN.finditer(text):
        line += text.count("\n", seen, token.start())
        seen, word = token.start(), token[0]
        if word == "{":
            build.begin(Map(line), line)
        elif word == "[":
            build.begin([], line)
        elif word in "}]":
            build.end()
        elif word[0] == '"':
            build.value(json.loads(word, strict=False) if "\\" in word else word[1:-1], line)
        else:
            build.value(None if word == "null" else word, line)
    return build.documents


@lru_cache(maxsize=1)
def _of_yaml(data: bytes, tagged: Tagged) -> Documents:
    text = data.decode("utf-8-sig")
    build = _Builder(tagged)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            _take(build, event)
    except (yaml.YAMLError, Unreadable) as error:
        raise _no_yaml(text, error) from None
    return build.documents


def _take(build: "_Builder", event: Any) -> None:
    line = event.start_mark.line + 1
    if isinstance(event, yaml.ScalarEvent):
        is_plain = event.implicit[0]
        value = None if is_plain and event.value in _NULLS else event.value
        build.value(value, line, event.anchor, event.tag, is_plain=is_plain)
    elif isinstance(event, yaml.MappingStartEvent):
        build.begin(Map(line), line, event.anchor, event.tag)
    elif isinstance(event, yaml.SequenceStartEvent):
        build.begin([], line, event.anchor, event.tag)
    elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        build.end()
    elif isinstance(event, yaml.AliasEvent):
        build.alias(str(event.anchor), line)
    elif isinstance(event, yaml.DocumentStartEvent):
        build.anchors.clear()


def _no_yaml(text: str, error: yaml.YAMLError | Unreadable) -> Unreadable:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    line = mark.line + 1 if mark else text.count("\n", 0, position or 0) + 1
    if isinstance(error, Unreadable):
        line = error.line or 1
    if _TEMPLATE.search(text):
        hint = "render it first, for example `helm template RELEASE CHART > rendered.yaml`"
        return Unreadable("the file is a template, not what it renders to", hint, line=line)
    if isinstance(error, Unreadable):
        return error
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is cut off"
    return Unreadable(f"the file can't be read as YAML: {said}", "see the line", line=line)


class _Open:
    """A map or list that has not ended yet."""

    def __init__(self, holder: Any, line: int, anchor: str | None, tag: str | None) -> None:
        self.holder = holder
        self.line = line
        self.anchor = anchor
        self.tag = tag
        self.key: str | None = None
        self.merged: list[Any] = []
        self.size = 1


class _Builder:
    """Makes values out of what begins, stands and ends."""

    def __init__(self, tagged: Tagged = _as_it_is) -> None:
        self.documents = Documents([], [])
        self.anchors: dict[str, tuple[Any, int] | None] = {}
        self._tagged = tagged
        self._open: list[_Open] = []
        self._has_aliases = False

    def begin(
        self, holder: Any, line: int, anchor: str | None = None, tag: str | None = None
    ) -> None:
        inside = self._open[-1] if self._open else None
        if inside and isinstance(inside.holder, Map) and inside.key is None:
            raise Unreadable("a key is a list or a map", "write keys as text", line=line)
        if len(self._open) >= _DEPTH_MAX:
            raise Unreadable("the text is nested too deeply", "no manifest is", line=line)
        if anchor:
            self.anchors[anchor] = None
        self._open.append(_Open(holder, line, anchor, tag))

    def end(self) -> None:
        done = self._open.pop()
        for merged in done.merged:
            for one in merged if isinstance(merged, list) else [merged]:
                for key, value in one.items() if isinstance(one, Map) else ():
                    done.holder.lines.setdefault(key, one.lines.get(key, one.line))
                    done.holder.setdefault(key, value)
        self._put(done.holder, done.line, done.anchor, done.tag, done.size)

    def value(
        self,
        text: str | None,
        line: int,
        anchor: str | None = None,
        tag: str | None = None,
        *,
        is_plain: bool = False,
    ) -> None:
        if text is not None and ("\0" in text or not text.isascii()):
            text = _held(text)
        inside = self._open[-1] if self._open else None
        if inside is None or isinstance(inside.holder, list) or inside.key is not None:
            self._put(text, line, anchor, tag, 1)
            return
        if anchor:
            self.anchors[anchor] = (text, 1)
        self._key(inside, text or "", line, is_merge=is_plain and text == "<<")

    def alias(self, anchor: str, line: int) -> None:
        known = self.anchors.get(anchor)
        if known is None:
            is_open = anchor in self.anchors
            said = "stands within itself" if is_open else "stands for nothing before it"
            raise Unreadable(f"the alias `*{anchor}` {said}", "write the text out", line=line)
        value, size = known
        self._has_aliases = True
        inside = self._open[-1] if self._open else None
        if inside and isinstance(inside.holder, Map) and inside.key is None:
            if not isinstance(value, str):
                raise Unreadable("a key is a list or a map", "write keys as text", line=line)
            self._key(inside, value, line, is_merge=False)
            return
        self._put(value, line, None, None, size)

    def _key(self, inside: _Open, key: str, line: int, *, is_merge: bool) -> None:
        inside.key = key
        if is_merge:
            inside.key = "<<"
            inside.holder.lines["<<"] = -1
            return
        if key in inside.holder.lines:
            self.documents.repeated.append(Repeated(key, line))
        inside.holder.lines[key] = line

    def _put(self, value: Any, line: int, anchor: str | None, tag: str | None, size: int) -> None:
        if tag and tag.startswith("!") and tag != "!":
            value = self._tagged(tag, value)
        if anchor:
            self.anchors[anchor] = (value, size)
        if not self._open:
            if value is not None:
                self.documents.found.append((line, value))
            return
        inside = self._open[-1]
        inside.size += size
        if self._has_aliases and inside.size > _NODES_MAX:
            hint = "write the text out; a file that grows by its aliases is not read"
            raise Unreadable("the file grows too large by its aliases", hint, line=line)
        if isinstance(inside.holder, list):
            inside.holder.append(value)
            return
        assert inside.key is not None
        if inside.holder.lines.get(inside.key) == -1:
            del inside.holder.lines[inside.key]
            inside.merged.append(value)
        else:
            inside.holder[inside.key] = value
        inside.key = None


def walk(value: Any) -> Iterator[Any]:
    """`value` and every value within it, in the order of the file."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, dict):
            waiting.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
