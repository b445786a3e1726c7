"""everyline.yaml as text: maps, lists and texts that know where they stand.

Every scalar is what is written. Duplicate keys, anchors, aliases and tags are problems; nothing is
ever expanded, so a file can't grow while it is read.
"""

from typing import Any, NamedTuple

import yaml

from everyline.problems import Problem

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEPTH_MAX = 40
_TEXT_TAG = "tag:yaml.org,2002:str"
_PLAIN_TAGS = (_TEXT_TAG, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class Mark(NamedTuple):
    """A place in the file, both counted from 1."""

    line: int
    column: int


class Empty:
    """What stands after a key that has no value."""

    def __repr__(self) -> str:
        return "nothing"


EMPTY = Empty()


class WrittenMap(dict[str, Any]):
    """A map as written, with the places of its keys and values."""

    __slots__ = ("keys_at", "mark", "name", "values_at")

    def __init__(self, mark: Mark, name: str = "") -> None:
        super().__init__()
        self.mark = mark
        self.name = name  # the key under which this map stands, "" in a list
        self.keys_at: dict[str, Mark] = {}
        self.values_at: dict[str, Mark] = {}


class WrittenList(list[Any]):
    """A list as written, with the place of each entry."""

    __slots__ = ("entries_at", "mark")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.entries_at: list[Mark] = []


class Place(NamedTuple):
    """Where a path into the document leads.

    Attributes:
        mark: of the value there, of its key if asked for, else of what surrounds it.
        name: what to call it in a sentence, without backticks.
    """

    mark: Mark
    name: str


def read_document(text: str, file: str) -> tuple[WrittenMap | None, list[Problem]]:
    """The map that `text` spells, and the problems of its YAML; None if it can't be used.

    Args:
        text: the whole file, decoded.
        file: its name, as places call it.
    """
    try:
        if problem := _alias_problem(text, file):
            return None, [problem]
        node = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError) as error:
        return None, [_syntax_problem(error, file)]
    if node is None:
        hint = "`everyline init` makes one from bills"
        return None, [_unreadable("it is empty", file, Mark(1, 1), hint)]
    reader = _Reader(file, [])
    value = reader.value(node, depth=0, name="")
    if not isinstance(value, WrittenMap):
        hint = "begin with settings such as `taxonomy:` and `bills:`"
        return None, [_unreadable("it is no map of settings", file, _mark(node), hint)]
    return value, reader.problems


def find(document: Any, path: tuple[str | int, ...], *, at_key: bool = False) -> Place:
    """Where `path` leads in `document`; parts that lead nowhere are passed over.

    A number also counts the entries of a map, since a map of entries may be read as a list.
    """
    node, mark, name, owner = document, document.mark, "everyline.yaml", ""
    for part in path:
        if isinstance(node, WrittenMap):
            key = list(node)[part] if isinstance(part, int) else part
            if key not in node:
                continue
            mark = (node.keys_at if at_key else node.values_at).get(key, mark)
            name = owner = key
            node = node[key]
        elif isinstance(node, WrittenList) and isinstance(part, int):
            mark, name, node = node.entries_at[part], f"entry {part + 1} of {owner}", node[part]
    return Place(mark, name)


def _mark(node: Any) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


class _Reader:
    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems

    def value(self, node: Any, *, depth: int, name: str) -> Any:
        if node.tag not in _PLAIN_TAGS or depth > _DEPTH_MAX:
            deep = depth > _DEPTH_MAX
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            what = "it is nested too deeply" if deep else f"it has the YAML tag `{tag}`"
            hint = "no setting is nested so deeply" if deep else "write the text without a tag"
            self.problems.append(_unreadable(what, self.file, _mark(node), hint))
            return EMPTY
        if isinstance(node, yaml.MappingNode):
            return self.map(node, depth=depth, name=name)
        if isinstance(node, yaml.SequenceNode):
            listed = WrittenList(_mark(node))
            for entry in node.value:
                listed.entries_at.append(_mark(entry))
                listed.append(self.value(entry, depth=depth + 1, name=""))
            return listed
        return EMPTY if node.value == "" and not node.style else self.text(node)

    def text(self, node: Any) -> str:
        text = str(node.value)
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            what = "it has a character that no file can hold"
            hint = "take the character out"
            self.problems.append(_unreadable(what, self.file, _mark(node), hint))
            return "?"
        return text

    def map(self, node: Any, *, depth: int, name: str) -> WrittenMap:
        written = WrittenMap(_mark(node), name)
        for key_node, value_node in node.value:
            mark = _mark(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                what = "a key is a list or a map"
                hint = "write one entry for each key"
                self.problems.append(_unreadable(what, self.file, mark, hint))
                continue
            key = self.text(key_node)
            if key in written:
                self.problems.append(_duplicate(key, self.file, mark, written.keys_at[key]))
                continue
            written.keys_at[key], written.values_at[key] = mark, _mark(value_node)
            written[key] = self.value(value_node, depth=depth + 1, name=key)
        return written


def _duplicate(key: str, file: str, mark: Mark, first: Mark) -> Problem:
    return Problem(
        name="duplicate-setting",
        level="configuration",
        sentence=f"`{key}` stands here a second time, first on line {first.line}",
        place=f"{file}:{mark.line}:{mark.column}",
        subject=key,
        hint="keep one of the two",
    )


def _alias_problem(text: str, file: str) -> Problem | None:
    """The first anchor or alias. Only a file with an ampersand can have one."""
    if "&" not in text:
        return None
    for event in yaml.parse(text, Loader=_LOADER):
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            mark = _mark(event)
            return Problem(
                name="yaml-alias",
                level="configuration",
                sentence=f"`{anchor}` is a YAML anchor or alias, and these are not read",
                place=f"{file}:{mark.line}:{mark.column}",
                subject=str(anchor),
                hint="write the text out; put a text that begins with `&` or `*` into quotes",
            )
    return None


def _syntax_problem(error: Exception, file: str) -> Problem:
    marked = getattr(error, "problem_mark", None)
    mark = Mark(marked.line + 1, marked.column + 1) if marked else Mark(1, 1)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "nested too deeply"
    hint = "indent with spaces, and put a text with `: `, ` #`, `{` or `[` in it into quotes"
    return _unreadable(f"its YAML can't be read: {said}", file, mark, hint)


def _unreadable(what: str, file: str, mark: Mark, hint: str) -> Problem:
    return Problem(
        name="configuration-unreadable",
        level="configuration",
        sentence=f"{file} is of no use as it stands: {what}",
        place=f"{file}:{mark.line}:{mark.column}",
        subject=what,
        hint=hint,
    )
