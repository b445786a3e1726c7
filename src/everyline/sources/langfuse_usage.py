"""The token counts of a Langfuse observation, made disjoint."""

from collections.abc import Mapping
from typing import Any

from everyline.sources import calls, quantities
from everyline.sources.json_text import cell
from everyline.sources.row_problems import RowProblem, RowProblems

_METERS: Mapping[str, frozenset[str]] = {
    "input_tokens": frozenset(
        {
            "input",
            "input_audio",
            "input_audio_tokens",
            "input_text",
            "input_text_tokens",
            "input_image",
            "input_image_tokens",
            "input_video",
        }
    ),
    "cached_input_tokens": frozenset(
        {
            "input_cached_tokens",
            "input_cache_read",
            "cache_read_input_tokens",
            "input_cached_audio_tokens",
        }
    ),
    "cache_write_tokens": frozenset(
        {
            "input_cache_creation",
            "input_cache_creation_5m",
            "input_cache_creation_1h",
            "cache_creation_input_tokens",
        }
    ),
    "output_tokens": frozenset(
        {
            "output",
            "output_reasoning",
            "output_reasoning_tokens",
            "output_audio",
            "output_audio_tokens",
            "output_text",
            "output_text_tokens",
            "output_image",
            "output_image_tokens",
        }
    ),
}
# Parts of `input`, by meter: they are taken out of it.
_INSIDE_INPUT = {
    "prompt_details.cache_read": "cached_input_tokens",
    "prompt_details.cached_tokens": "cached_input_tokens",
    "prompt_details.cache_creation": "cache_write_tokens",
}
_PARTS = ("prompt_details.", "completion_details.")

_UNKNOWN = RowProblem(
    name="unknown-token-class",
    level="warn",
    sentence="{} counts usage of a kind that is not known here; it is not counted",
    hint="tell us of the name, and check whether the tokens are part of another figure",
)
_NO_NUMBER = RowProblem(
    name="unreadable-number",
    level="stop",
    sentence="{} of an observation is no number, or below 0",
    hint=calls.ASK_AGAIN,
)
_BESIDE = RowProblem(
    name="cached-beside-input",
    level="warn",
    sentence="cached tokens exceed the input tokens of a call: both are counted side by side",
    hint="check whether the instrumentation counts cached tokens inside its input figure",
)


def tokens(observation: Mapping[str, Any], line: int, problems: RowProblems) -> dict[str, int]:
    """Disjoint counts by meter, in units of 10^-18, and what is odd about them."""
    found = dict.fromkeys(_METERS, 0)
    given = _counts(observation, line, problems)
    inside = dict.fromkeys(("cached_input_tokens", "cache_write_tokens"), 0)
    are_parts = _are_parts(given)
    for name, count in given.items():
        meter = next((meter for meter, names in _METERS.items() if name in names), None)
        if name in _INSIDE_INPUT:
            inside[_INSIDE_INPUT[name]] += count
        elif meter is not None and are_parts and name not in ("input", "output"):
            if meter in inside:
                inside[meter] += count
        elif meter is not None:
            found[meter] += count
        elif name != "total" and not name.startswith(_PARTS) and count:
            problems.tell(_UNKNOWN, line, name)
    if sum(inside.values()) <= found["input_tokens"]:
        found["input_tokens"] -= sum(inside.values())
    else:
        problems.tell(_BESIDE, line, "")
    for meter, count in inside.items():
        found[meter] += count
    return found


def has_usage(observation: Mapping[str, Any]) -> bool:
    """Whether an observation states any usage above 0."""
    given = observation.get("usage_details") or observation.get("usage")
    counts = given.items() if isinstance(given, dict) else ()
    return any((quantities.units(cell(n)) or 0) > 0 for name, n in counts if name != "unit")


def _are_parts(given: Mapping[str, int]) -> bool:
    """Whether `total` says that the other keys are parts of `input` and `output`."""
    whole = given.get("input", 0) + given.get("output", 0)
    known = (count for name, count in given.items() if _is_known(name))
    return given.get("total") == whole and sum(known) > whole


def _is_known(name: str) -> bool:
    return any(name in names for names in _METERS.values())


def _counts(observation: Mapping[str, Any], line: int, problems: RowProblems) -> dict[str, int]:
    details = observation.get("usage_details")
    if not isinstance(details, dict) or not details:
        details = _older(observation.get("usage"), line, problems)
    found = {}
    for name, value in details.items():
        text = cell(value)
        count = quantities.units(text) if text is not None else 0
        if count is None or count < 0:
            problems.tell(_NO_NUMBER, line, name)
        else:
            found[name] = count
    return found


def _older(usage: Any, line: int, problems: RowProblems) -> Mapping[str, Any]:
    """The figures of API v1, which are tokens unless `unit` says otherwise."""
    if not isinstance(usage, dict):
        return {}
    unit = cell(usage.get("unit")) or "TOKENS"
    counts = {name: usage.get(name) for name in ("input", "output", "total")}
    if unit == "TOKENS":
        return counts
    if any(quantities.units(cell(count)) for count in counts.values()):
        problems.tell(_UNKNOWN, line, unit)
    return {}
