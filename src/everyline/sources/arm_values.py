"""What expressions of an ARM template come to, as far as the template can say.

Parameters stand for their defaults; secure ones are never taken. What hangs on a subscription, a
deployed resource or a function that is not worked out here is a `Later`: a text that keeps what is
known of it, so that two that are written alike are found equal.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z_][\w.]*)|(-?\d+)|([()\[\],.]))")
_PLACE = re.compile(r"\{(\d+)(?::[^}]*)?\}")
_DEPTH_MAX = 60
_LENGTH_MAX = 10_000


class Later(str):
    """What is known only at deployment; its text says what it hangs on."""

    __slots__ = ()


class Open(dict[str, Any]):
    """A map to which deployment may add keys."""


class _NotUnderstoodError(ValueError):
    """The text is no expression that is read here."""


class Values:
    """Works out values of one template."""

    def __init__(self, template: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> None:
        """`given` has values of parameters that whoever calls this template states."""
        self._parameters = _map(template.get("parameters"))
        self._variables = _map(template.get("variables"))
        self._given = given or {}
        self._depth = 0
        self._done: dict[tuple[str, str], Any] = {}

    def of(self, value: Any) -> Any:
        """`value` with its expressions worked out: texts, maps, lists, None, Later, Open."""
        if isinstance(value, list):
            return [self.of(one) for one in value]
        if isinstance(value, dict):
            return {key: self.of(inner) for key, inner in value.items()}
        if not isinstance(value, str) or not value.startswith("[") or not value.endswith("]"):
            return value
        if value.startswith("[["):
            return value[1:]
        if self._depth >= _DEPTH_MAX:
            return Later(value)
        self._depth += 1
        try:
            return _Parser(value[1:-1], self).whole()
        except _NotUnderstoodError:
            return Later(value)
        finally:
            self._depth -= 1

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """What a function comes to; a Later where that is not known."""
        first = arguments[0] if arguments else None
        folded = name.casefold()
        if folded in ("parameters", "variables") and isinstance(first, str):
            return self._named(folded, first)
        if folded in ("concat", "format", "tolower", "toupper", "string", "replace", "resourceid"):
            return _text_of(folded, arguments) or _unknown(name, arguments)
        if folded == "createobject" and len(arguments) % 2 == 0:
            return dict(zip(map(str, arguments[::2]), arguments[1::2], strict=True))
        if folded == "createarray":
            return list(arguments)
        if folded == "union":
            return _union(arguments) or _unknown(name, arguments)
        if folded == "if" and len(arguments) == 3:
            return arguments[1] if arguments[1] == arguments[2] else _if(name, arguments)
        if folded in ("coalesce", "shallowmerge") and arguments:
            return first if folded == "coalesce" else self.call("union", _listed(first))
        if folded in ("true", "false", "null"):
            return None if folded == "null" else folded
        if folded in ("equals", "not", "and", "or", "empty") and not _has_later(arguments):
            return _test(folded, arguments)
        return _unknown(name, arguments)

    def _named(self, kind: str, name: str) -> Any:
        if (kind, name) in self._done:
            return self._done[kind, name]
        # Until it is worked out, and if it asks itself, it is not known.
        self._done[kind, name] = Later(f"{kind}({name})")
        parameter = _map(self._parameters.get(name))
        if kind == "variables":
            stated = self._variables.get(name)
        elif str(parameter.get("type", "")).casefold().startswith("secure"):
            stated = None
        elif name in self._given:
            self._done[kind, name] = self._given[name]
            return self._given[name]
        else:
            stated = parameter.get("defaultValue")
        if stated is not None:
            found = self.of(stated)
            if _is_small(found):
                self._done[kind, name] = found
        return self._done[kind, name]


class _Parser:
    """One expression; every function is worked out as it is read."""

    def __init__(self, text: str, values: Values) -> None:
        self._tokens = _tokens(text)
        self._values = values
        self._at = 0
        self._open = 0

    def whole(self) -> Any:
        value = self._value()
        if self._at != len(self._tokens):
            raise _NotUnderstoodError
        return value

    def _next(self, sign: str = "") -> tuple[str, str]:
        if self._at >= len(self._tokens) or sign not in ("", self._tokens[self._at][1]):
            raise _NotUnderstoodError
        self._at += 1
        return self._tokens[self._at - 1]

    def _is(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign)

    def _value(self) -> Any:
        self._open += 1
        if self._open > _DEPTH_MAX:
            raise _NotUnderstoodError
        kind, text = self._next()
        if kind == "name":
            self._next("(")
            arguments: list[Any] = []
            while not self._is(")"):
                if arguments:
                    self._next(",")
                arguments.append(self._value())
            self._next(")")
            value = self._values.call(text, arguments)
        elif kind in ("text", "number"):
            value = text
        else:
            raise _NotUnderstoodError
        while self._is(".") or self._is("["):
            _, sign = self._next()
            keys = self._next()[1].split(".") if sign == "." else [self._value()]
            if sign == "[":
                self._next("]")
            for key in keys:
                value = _member(value, key)
        self._open -= 1
        return value


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise _NotUnderstoodError
        quoted, name, number, sign = token.groups()
        if quoted is not None:
            found.append(("text", quoted.replace("''", "'")))
        elif name:
            found.append(("name", name))
        else:
            found.append(("number", number) if number else ("sign", sign))
        at = token.end()
    return found


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, dict) and not isinstance(key, Later) and key in value:
        return value[key]
    if isinstance(value, list) and str(key).isdecimal() and int(key) < len(value):
        return value[int(key)]
    return Later(f"{value if isinstance(value, str) else 'value'}.{key}")


def _text_of(name: str, arguments: Sequence[Any]) -> Any:
    """A function that gives a text, of texts; None where an argument is none."""
    if not arguments or not all(isinstance(one, str) for one in arguments):
        is_lists = name == "concat" and all(isinstance(one, list) for one in arguments)
        if not is_lists or not arguments or sum(map(len, arguments)) > _LENGTH_MAX:
            return None
        return [inner for one in arguments for inner in one]
    first, rest = arguments[0], arguments[1:]
    if sum(map(len, arguments)) > _LENGTH_MAX or len(_PLACE.findall(first)) > len(arguments) + 20:
        return None
    if name == "concat":
        text = "".join(arguments)
    elif name == "resourceid":
        text = "/".join(arguments)
    elif name == "format":
        text = _PLACE.sub(lambda m: rest[int(m[1])] if int(m[1]) < len(rest) else m[0], first)
    elif name == "replace":
        text = first.replace(rest[0], rest[1]) if len(rest) == 2 and rest[0] else first
    else:
        text = {"tolower": first.lower(), "toupper": first.upper()}.get(name, first)
    text = text[:_LENGTH_MAX]
    return Later(text) if _has_later(arguments) else text


def _union(arguments: Sequence[Any]) -> Any:
    """Maps over one another, later ones winning; open where one of them is not known."""
    maps = [one for one in arguments if isinstance(one, dict)]
    if not all(isinstance(one, dict | Later) for one in arguments) or not maps:
        return None
    merged = {key: value for one in maps for key, value in one.items()}
    is_open = len(maps) < len(arguments) or any(isinstance(one, Open) for one in maps)
    return Open(merged) if is_open else merged


def _if(name: str, arguments: Sequence[Any]) -> Any:
    if arguments[0] in ("true", "false"):
        return arguments[1] if arguments[0] == "true" else arguments[2]
    return _unknown(name, arguments)


def _test(name: str, arguments: Sequence[Any]) -> str:
    truths = [one == "true" for one in arguments]
    if name == "equals":
        holds = len({str(one).casefold() for one in arguments}) == 1
    elif name == "empty":
        holds = not arguments[0]
    else:
        holds = {"not": not any(truths), "and": all(truths), "or": any(truths)}[name]
    return "true" if holds else "false"


def _is_small(value: Any) -> bool:
    """Whether it may be used again: what doubles from name to name would grow without bound."""
    waiting, count = [value], 0
    while waiting and count <= _LENGTH_MAX:
        one = waiting.pop()
        count += 1
        if isinstance(one, dict | list):
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return not waiting


def _has_later(arguments: Sequence[Any]) -> bool:
    return any(isinstance(one, Later | Open) for one in arguments)


def _unknown(name: str, arguments: Sequence[Any]) -> Later:
    shown = ",".join(one if isinstance(one, str) else "..." for one in arguments)
    return Later(f"{name}({shown})"[:_LENGTH_MAX])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
