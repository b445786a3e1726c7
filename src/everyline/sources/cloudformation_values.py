"""What intrinsic functions of a CloudFormation template come to, as far as the template can say.

Parameters stand for their defaults, since whoever deploys may give others but a template can't tell
which. What hangs on an account, a region, another resource or a secret is `LATER`. Values of
parameters with NoEcho and of `{{resolve:...}}` are never taken.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_DEPTH_MAX = 60
_NO_VALUE = "AWS::NoValue"


class Later:
    """What is known only once the stack is made."""

    def __str__(self) -> str:
        return ""


LATER = Later()


def of_tag(tag: str, value: Any) -> Any:
    """The long form of a YAML tag: `!Sub x` is `{"Fn::Sub": x}`."""
    name = tag.removeprefix("!")
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


class Values:
    """Works out values of one template."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._parameters = _maps(template.get("Parameters"))
        self._mappings = _maps(template.get("Mappings"))
        conditions = template.get("Conditions")
        self._conditions = conditions if isinstance(conditions, dict) else {}
        self._held: dict[str, bool | None] = {}
        self._depth = 0
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::FindInMap": self._in_map,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
        }

    def of(self, value: Any) -> Any:
        """`value` with its functions worked out: texts, maps, lists, None, and LATER."""
        if isinstance(value, str):
            return LATER if "{{resolve:" in value else value
        if isinstance(value, list):
            found = [self.of(one) for one in value]
            return [one for one in found if one is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in self._functions:
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                return LATER
        return {key: self.of(inner) for key, inner in value.items() if key != "Fn::Transform"}

    def holds(self, name: Any) -> bool | None:
        """Whether the condition of this name holds under the defaults; None if it can't be said."""
        if not isinstance(name, str) or self._depth >= _DEPTH_MAX:
            return None
        if name not in self._held:
            # Until it is worked out, and if it asks itself, nobody can say.
            self._held[name] = None
            self._depth += 1
            self._held[name] = self._test(self._conditions.get(name))
            self._depth -= 1
        return self._held[name]

    def _test(self, test: Any) -> bool | None:
        if not isinstance(test, dict) or len(test) != 1:
            return None
        ((name, argument),) = test.items()
        if name == "Condition":
            return self.holds(argument)
        if not isinstance(argument, list):
            return None
        if name == "Fn::Equals":
            pair = [self.of(one) for one in argument]
            is_known = len(pair) == 2 and all(isinstance(one, str) for one in pair)
            return bool(pair[0] == pair[1]) if is_known else None
        return _together(name, [self._test(one) for one in argument])

    def _ref(self, name: Any) -> Any:
        if name == _NO_VALUE:
            return None
        parameter = self._parameters.get(name, {}) if isinstance(name, str) else {}
        default = parameter.get("Default")
        kind = str(parameter.get("Type", ""))
        if not isinstance(default, str) or str(parameter.get("NoEcho", "")).lower() == "true":
            return LATER
        if kind.startswith("AWS::SSM::"):
            return LATER
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [one.strip() for one in default.split(",")]
        return default

    def _sub(self, argument: Any) -> Any:
        text, given = argument, {}
        if isinstance(argument, list) and len(argument) == 2:
            text, given = argument
        if not isinstance(text, str) or not isinstance(given, dict) or "{{resolve:" in text:
            return LATER
        found = []
        at = 0
        for variable in _VARIABLE.finditer(text):
            is_literal, name = variable.groups()
            value = f"${{{name}}}" if is_literal else self._variable(name.strip(), given)
            if not isinstance(value, str):
                return LATER
            found += [text[at : variable.start()], value]
            at = variable.end()
        return "".join([*found, text[at:]])

    def _variable(self, name: str, given: Mapping[str, Any]) -> Any:
        return self.of(given[name]) if name in given else self._ref(name)

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            return LATER
        holds = self.holds(argument[0])
        if holds is not None:
            return self.of(argument[1] if holds else argument[2])
        either = self.of(argument[1])
        return either if either == self.of(argument[2]) else LATER

    def _join(self, argument: Any) -> Any:
        texts = self._texts(argument[1]) if isinstance(argument, list) and argument[1:] else None
        if texts is None or not isinstance(argument[0], str):
            return LATER
        return argument[0].join(texts)

    def _split(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2 or not argument[0]:
            return LATER
        text = self.of(argument[1])
        known = isinstance(text, str) and isinstance(argument[0], str)
        return text.split(argument[0]) if known else LATER

    def _select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return LATER
        number, listed = self.of(argument[0]), self.of(argument[1])
        if not isinstance(number, str) or not number.isdecimal() or not isinstance(listed, list):
            return LATER
        return listed[int(number)] if len(number) < 6 and int(number) < len(listed) else LATER

    def _in_map(self, argument: Any) -> Any:
        texts = self._texts(argument)
        if texts is None or len(texts) != 3:
            return LATER
        value: Any = self._mappings
        for text in texts:
            value = value.get(text) if isinstance(value, dict) else None
        return LATER if value is None else value

    def _texts(self, argument: Any) -> list[str] | None:
        """A list of texts; None where any is not known."""
        found = self.of(argument)
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            return None
        return found


def _together(name: str, found: list[bool | None]) -> bool | None:
    """Whether tests hold together; None where those that are not known decide."""
    if name == "Fn::Not" and len(found) == 1:
        return None if found[0] is None else not found[0]
    decisive = name == "Fn::Or"
    if name not in ("Fn::And", "Fn::Or") or decisive in found:
        return decisive if name in ("Fn::And", "Fn::Or") else None
    return None if None in found else not decisive


def _maps(value: Any) -> dict[str, Any]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: inner for key, inner in pairs if isinstance(inner, dict)}
