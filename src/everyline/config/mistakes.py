"""What pydantic found in a document, as problems in the style of this house."""

from collections.abc import Iterable, Mapping
from typing import Any

from everyline.config.document import WrittenMap, find
from everyline.config.reading import FILE, Reading
from everyline.config.settings import REPORTED, shown
from everyline.problems import did_you_mean

Path = tuple[str | int, ...]


def note_mistakes(errors: Iterable[Mapping[str, Any]], document: WrittenMap, to: Reading) -> None:
    """Note each of pydantic's errors as one problem with its place."""
    found = [(_path(error), error) for error in errors]
    for path, error in found:
        # A list whose only entry is wrong is not too short beside.
        deeper = any(other[: len(path)] == path and other != path for other, _ in found)
        if error["type"] == REPORTED or (error["type"] == "too_short" and deeper):
            continue
        if error["type"] == "missing":
            _note_missing(path, document, to)
            continue
        name, sentence, hint = _said(error)
        place = find(document, path)
        mark = place.mark
        to.report(
            name,
            f"`{place.name}` {sentence}",
            f"{FILE}:{mark.line}:{mark.column}",
            about=".".join(map(str, path)),
            hint=hint,
        )


def _path(error: Mapping[str, Any]) -> Path:
    """Where the error is; the parts with a zero sign only tell members of a union apart."""
    return tuple(part for part in error["loc"] if not str(part).startswith("\0"))


def _note_missing(path: Path, document: WrittenMap, to: Reading) -> None:
    place = find(document, path[:-1])
    mark = place.mark
    to.report(
        "missing-setting",
        f"`{place.name}` lacks `{path[-1]}`",
        f"{FILE}:{mark.line}:{mark.column}",
        about=".".join(map(str, path)),
        hint=f"add `{path[-1]}: ...`",
    )


def _said(error: Mapping[str, Any]) -> tuple[str, str, str]:
    """Problem name, sentence after the setting's name, and hint."""
    context = error.get("ctx") or {}
    if "sentence" in context:
        return error["type"], context["sentence"], context.get("hint", "")
    found = shown(error["input"])
    if error["type"] == "literal_error":
        allowed = context["expected"].replace("'", "`")
        words = [word for word in allowed.split("`") if word.strip(" ,") not in ("", "or")]
        typed = error["input"] if isinstance(error["input"], str) else ""
        near = did_you_mean(typed, words)
        hint = near if near.startswith("did") else ""
        return "setting-not-understood", f"{found}, and takes {allowed}", hint
    if error["type"] in ("too_short", "too_long"):
        some = "at least one entry" if error["type"] == "too_short" else "exactly one entry"
        return "setting-not-understood", f"takes {some}", ""
    listed = error["type"] in ("list_type", "tuple_type")
    form = "a list like `[a, b]`" if listed else "a map like `{a: b}`"
    return "setting-not-understood", f"{found}, and takes {form}", ""
