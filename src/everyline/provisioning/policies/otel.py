"""OpenTelemetry: resource attributes that telemetry must carry, and a processor that marks it.

An application gets `OTEL_RESOURCE_ATTRIBUTES`, of which the header shows the form. The collector's
`transform` processor copies what stands under another of a key's tags to the first one, and sets
an attribute such as `everyline.unowned.team` where a key has no declared value. It refuses and
drops nothing: telemetry that is thrown away can't be counted by anybody.
"""

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import yaml

from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Written

TITLE = "OpenTelemetry resource attributes"

MARK = "everyline.unowned."
"""What begins the name of the attribute that marks a key without a declared value."""

_SIGNALS = ("trace_statements", "metric_statements", "log_statements")


def written(asked: Sequence[Asked]) -> Written:
    """A fragment of the collector's configuration, with the environment variable as a comment."""
    statements = [line for ask in asked for line in (*_copied(ask), _marked(ask))]
    block: list[dict[str, Any]] = [{"context": "resource", "statements": statements}]
    processor = {"error_mode": "ignore"} | dict.fromkeys(_SIGNALS, block)
    content = yaml.dump(
        {"processors": {"transform/everyline": processor}},
        Dumper=_Whole,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )
    return Written({"otel-collector.yaml": _header(asked) + content})


class _Whole(yaml.SafeDumper):
    """Writes what occurs twice twice: not all readers of YAML follow references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _header(asked: Sequence[Asked]) -> str:
    """Comments; whatever a taxonomy says stands in them percent-encoded, so on one line."""
    example = ",".join(
        f"{quote(ask.tag)}={quote(ask.values[0]) if ask.values else '...'}" for ask in asked
    )
    lines = [
        "# For applications; what is no plain letter in a value is percent-encoded:",
        f"# OTEL_RESOURCE_ATTRIBUTES={example}",
        *(
            f"#   {quote(ask.tag)}: one of {', '.join(map(quote, ask.values))}"
            for ask in asked
            if ask.values
        ),
        "# For the collector: name `transform/everyline` in its pipelines.",
    ]
    return "\n".join(lines) + "\n"


def _copied(ask: Asked) -> list[str]:
    """Statements that move values of other tags to the first one, in order of trust."""
    first, statements = _attribute(ask.tag), []
    for tag in ask.tags[1:]:
        other = _attribute(tag)
        better = f"not ({_declared(first, ask)}) and {_declared(other, ask)}"
        if ask.values is None:
            better = f"{first} == nil and {other} != nil"
        statements.append(f"set({first}, {other}) where {better}")
    return statements


def _marked(ask: Asked) -> str:
    mark, first = _attribute(f"{MARK}{ask.key}"), _attribute(ask.tag)
    lacking = f"not ({_declared(first, ask)})"
    if not ask.needed:
        lacking = f"{first} != nil and {lacking}"
    return f"set({mark}, true) where {lacking}"


def _declared(attribute: str, ask: Asked) -> str:
    """A condition: the attribute has a declared value, in any spelling that R7 understands."""
    texts = "|".join(_pattern(text) for text in ask.texts) if ask.values is not None else r"\S.*"
    pattern = json.dumps(rf"^\s*(?i:{texts})\s*$", ensure_ascii=False)
    return f"{attribute} != nil and IsMatch({attribute}, {pattern})"


def _attribute(name: str) -> str:
    return f"resource.attributes[{json.dumps(name, ensure_ascii=False)}]"


def _pattern(text: str) -> str:
    return "[-_ ]".join(re.escape(part) for part in text.split("-"))
