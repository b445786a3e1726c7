"""LiteLLM: no key without an owner. Written by everyline from its taxonomy.

Set `general_settings.custom_key_generate: everyline_keys.check_key` in the proxy's config.yaml,
and lay this file beside it. The proxy awaits `check_key` before it makes a key, for everybody,
its administrators included.
"""

from typing import Any

# --- what is asked ---
ASKED: list[dict[str, Any]] = []
# --- end of what is asked ---


async def check_key(data: Any) -> dict[str, Any]:
    """Whether a key may be made of the request `data`, and why not."""
    tags = _tags(data)
    answers = {ask["key"]: _answer(ask, tags) for ask in ASKED}
    missing = [ask for ask in ASKED if ask["needed"] and answers[ask["key"]] is None]
    filled = {
        key for ask in ASKED for key in ask["implies"].get((answers[ask["key"]] or ("", ""))[1], ())
    }
    team = getattr(data, "team_id", None)
    reasons = [
        f"add the tag `{ask['tag']}:...`{ask['values']}"
        for ask in missing
        if ask["key"] not in filled and not (team and "litellm_team" in ask["tags"])
    ]
    for ask in ASKED:
        state, text = answers[ask["key"]] or ("", "")
        if state == "undeclared":
            reasons.append(f"`{text}` is no value of {ask['key']}{ask['values']}")
        elif state == "conflict":
            reasons.append(f"tags contradict each other about {ask['key']}: {text}")
    return {"decision": not reasons, "message": "; ".join(reasons)}


def _tags(data: Any) -> list[tuple[str, str]]:
    """The tags of a request, in `tags` and in `metadata.tags`: `k:v`, or `k` for `true`."""
    metadata = getattr(data, "metadata", None)
    inner = metadata.get("tags") if isinstance(metadata, dict) else None
    listed = [*(getattr(data, "tags", None) or []), *(inner if isinstance(inner, list) else [])]
    found = [("litellm_key", getattr(data, "key_alias", None) or "")]
    for text in listed:
        if isinstance(text, str):
            key, colon, value = text.partition(":")
            found.append((key, value if colon else "true"))
    return [(key.strip().casefold(), value.strip()) for key, value in found if value.strip()]


def _answer(ask: dict[str, Any], tags: list[tuple[str, str]]) -> tuple[str, str] | None:
    """`declared`, `undeclared` or `conflict`, and the value; None where no tag is there."""
    undeclared = None
    for entry in ask["tags"]:
        meant = {_meaning(ask, value) for key, value in tags if key == entry}
        if len(meant) > 1:
            return "conflict", " and ".join(sorted(meant))
        for value in meant:
            if not ask["listed"] or value in ask["texts"].values():
                return "declared", value
            undeclared = undeclared or ("undeclared", value)
    return undeclared


def _meaning(ask: dict[str, Any], text: str) -> str:
    """The value that a text means: compared without case, and space and `_` are `-`."""
    normal = text.strip().casefold().replace(" ", "-").replace("_", "-")
    return str(ask["texts"].get(normal, text.strip()))
