"""What each platform would say of tags, by its documents or by its own evaluator.

Rego, CEL and JMESPath are evaluated by independent implementations. The others are written here
from what their platforms document; each function gives whether the thing is refused.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import cel
import hcl2
import jmespath
from jmespath import functions

import rego

Tags = Mapping[str, str]


# AWS


def tag_policy(policy: Any, tags: Tags) -> bool:
    """The spelling of keys and values where the tag is there; and where it is required, that."""
    for name, asks in policy["tags"].items():
        present = {key: value for key, value in tags.items() if key.casefold() == name.casefold()}
        for key, value in present.items():
            allowed = asks.get("tag_value", {"@@assign": [value]})["@@assign"]
            if key != asks["tag_key"]["@@assign"] or value not in allowed:
                return True
        if not present and "report_required_tag_for" in asks:
            return True
    return False


def control_policy(policies: list[Any], action: str, context: Mapping[str, str]) -> bool:
    """Whether any statement denies the request; keys of its context have no case."""
    folded = {key.casefold(): value for key, value in context.items()}
    return any(
        action in statement["Action"]
        and all(
            _holds(operator, folded.get(key.casefold()), wanted)
            for operator, tests in statement["Condition"].items()
            for key, wanted in tests.items()
        )
        for policy in policies
        for statement in policy["Statement"]
    )


def _holds(operator: str, value: str | None, wanted: Any) -> bool:
    if operator == "Null":
        return (value is None) is bool(wanted == "true")
    if operator == "StringNotEqualsIgnoreCase":
        return value is None or value.casefold() not in [text.casefold() for text in wanted]
    assert operator == "StringLike"
    return value is not None and any(_like(value, pattern) for pattern in wanted)


def _like(value: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None


# Azure


def azure(rule: Any, fields: Mapping[str, str], tags: Tags) -> bool:
    """Whether the `if` of a rule holds; texts are compared without case."""
    if "allOf" in rule:
        return all(azure(one, fields, tags) for one in rule["allOf"])
    if "anyOf" in rule:
        return any(azure(one, fields, tags) for one in rule["anyOf"])
    tag = re.fullmatch(r"tags\['(.+)'\]", rule["field"])
    known = {f"tags['{key.casefold()}']": value for key, value in tags.items()}
    known |= {key.casefold(): value for key, value in fields.items()}
    value = known.get(rule["field"].casefold())
    assert tag or rule["field"] in fields or value is None
    if "exists" in rule:
        return (value is not None) is bool(rule["exists"] == "true")
    folded = (value or "").casefold()
    if "equals" in rule:
        return folded == str(rule["equals"]).casefold()
    if "like" in rule:
        return _like(folded, rule["like"].casefold())
    listed = [text.casefold() for text in rule.get("in", rule.get("notIn"))]
    return (folded in listed) == ("in" in rule)


# Google Cloud


def constraint(condition: str, labels: Tags) -> bool:
    """Whether the condition of a constraint that denies holds."""
    return bool(cel.evaluate(condition, {"resource": {"labels": dict(labels)}}))


# Kubernetes


class _Kyverno(functions.Functions):
    """Functions that Kyverno adds to JMESPath."""

    @functions.signature({"types": ["string"]})
    def _func_to_lower(self, text: str) -> str:
        return text.lower()

    @functions.signature({"types": ["string"]}, {"types": ["string"]}, {"types": ["string"]})
    def _func_replace_all(self, text: str, old: str, new: str) -> str:
        return text.replace(old, new)


def kyverno(policy: Any, item: Any) -> list[str]:
    """The names of the rules that refuse the creation of an object."""
    refused = []
    for rule in policy["spec"]["rules"]:
        kinds = rule["match"]["any"][0]["resources"]["kinds"]
        if item["kind"] not in [kind.rpartition("/")[2] for kind in kinds]:
            continue
        before = rule.get("preconditions", {"any": [None]})["any"]
        applies = any(test is None or _condition(test, item) for test in before)
        denied = rule["validate"]["deny"]["conditions"]["all"]
        if applies and all(_condition(test, item) for test in denied):
            refused.append(rule["name"])
    return refused


def _condition(test: Any, item: Any) -> bool:
    expression = test["key"].removeprefix("{{").removesuffix("}}").strip()
    options = jmespath.Options(custom_functions=_Kyverno())
    key = jmespath.search(expression, {"request": {"object": item}}, options=options)
    match test["operator"]:
        case "GreaterThan":
            return bool(key > test["value"])
        case "Equals":
            return bool(key == test["value"])
        case "NotEquals":
            return bool(key != test["value"])
        case "AllNotIn":
            return not set(key) & set(test["value"])
    raise AssertionError(test["operator"])


class Rego:
    """A module of the package `main`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def says(self, rule: str, given: Any) -> list[str]:
        """The messages of `deny` or `warn`."""
        (messages,) = rego.said(self._text, rule, [given])
        return messages


# Terraform, LiteLLM, OpenTelemetry


def variables(text: str, values: Mapping[str, str]) -> bool:
    """Whether a variable refuses its value, or has none and no default."""
    for block in hcl2.loads(text)["variable"]:
        ((name, body),) = ((k.strip('"'), v) for k, v in block.items() if "is_block" not in k)
        value = values.get(name)
        if value is None and "default" not in body:
            return True
        condition = str(body["validation"][0]["condition"])
        if body.get("default", "") in (None, "null"):
            # A test that fails on a null would refuse what may be left out.
            assert f"var.{name} == null ? true : " in condition
        listed = re.search(r"contains\((\[.*\]), var\.\w+\)", condition)
        if value is not None and listed and value not in json.loads(listed[1]):
            return True
    return False


def key_request(module: Mapping[str, Any], request: Any) -> bool:
    """Whether LiteLLM's hook, a Python file that was run, refuses a request for a key."""
    answer = asyncio.run(module["check_key"](request))
    assert answer["decision"] or answer["message"]
    return not answer["decision"]


_SET = re.compile(r'set\(resource\.attributes\["([^"]+)"\], (.+?)\) where (.+)')
_ATTRIBUTE = re.compile(r'resource\.attributes\["([^"]+)"\]')
_TEST = re.compile(
    r'resource\.attributes\["(?P<name>[^"]+)"\] (?P<sign>[!=]=) nil'
    r'|IsMatch\(resource\.attributes\["(?P<matched>[^"]+)"\], (?P<pattern>"(?:\\.|[^"\\])*")\)'
)


def transform(processor: Any, attributes: Tags) -> dict[str, Any]:
    """The attributes of a resource after the statements of a `transform` processor."""
    found: dict[str, Any] = dict(attributes)
    for statement in processor["trace_statements"][0]["statements"]:
        match = _SET.fullmatch(statement)
        assert match, statement
        name, given, condition = match.groups()
        if _where(condition, found):
            other = _ATTRIBUTE.fullmatch(given)
            found[name] = found[other[1]] if other else json.loads(given)
    return found


def _where(condition: str, found: Mapping[str, Any]) -> bool:
    """Conditions of OTTL: tests, `and`, `not` and brackets."""
    tests: list[bool] = []

    def tested(match: re.Match[str]) -> str:
        if match["name"]:
            truth = (found.get(match["name"]) is None) == (match["sign"] == "==")
        else:
            value = found.get(match["matched"])
            truth = value is not None and bool(re.search(json.loads(match["pattern"]), value))
        tests.append(truth)
        return "T" if truth else "F"

    left = _TEST.sub(tested, condition)
    while len(left) > 1:
        before = left
        for old, new in (("(T)", "T"), ("(F)", "F"), ("not T", "F"), ("not F", "T")):
            left = left.replace(old, new)
        left = re.sub(r"([TF]) and ([TF])", lambda m: "T" if m[0] == "T and T" else "F", left)
        assert left != before, left
    return left == "T"
