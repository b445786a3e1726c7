"""What a Terraform plan knows of one resource: values after apply, and which are not known yet.

`after` holds values, `after_unknown` has `true` where one is known only after apply, and
`after_sensitive` where one is a secret. What is secret counts as unknown here, so that nothing can
show it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from everyline.resource_types import pairs, steps
from everyline.sources import json_text


class Tags(NamedTuple):
    """The tags of a resource as far as the plan knows them."""

    known: dict[str, str]
    later: frozenset[str]
    is_open: bool


def seen(change: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values after apply, and what is unknown of them; what is sensitive counts as unknown."""
    inner = change["change"]
    after, unknown = inner.get("after"), inner.get("after_unknown")
    after = after if isinstance(after, dict) else {}
    unknown = unknown if isinstance(unknown, dict) else {}
    hidden = inner.get("after_sensitive")
    if hidden is True:
        return {}, dict.fromkeys(after, True)
    return _less(after, unknown, hidden) if isinstance(hidden, dict) else (after, unknown)


def _less(
    after: dict[str, Any], unknown: dict[str, Any], hidden: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`after` and `unknown` with what `hidden` marks moved from the one to the other."""
    for name, mark in hidden.items():
        if mark is True:
            after = {key: value for key, value in after.items() if key != name}
            unknown = unknown | {name: True}
        elif mark and _has_true(mark):
            value, inner = after.get(name), unknown.get(name)
            left: Any = None
            more: Any = True
            if isinstance(value, dict) and isinstance(mark, dict) and inner is not True:
                left, more = _less(value, inner if isinstance(inner, dict) else {}, mark)
            elif isinstance(value, list) and isinstance(mark, list) and inner is not True:
                left, more = _less_in_list(value, inner, mark)
            after, unknown = after | {name: left}, unknown | {name: more}
    return after, unknown


def _less_in_list(value: list[Any], inner: Any, mark: list[Any]) -> tuple[list[Any], list[Any]]:
    unknown = inner if isinstance(inner, list) else []
    marks = [*mark, *[False] * len(value)]
    beside = [*unknown, *[{}] * len(value)]
    pairs_ = [_less_one(*three) for three in zip(value, beside, marks, strict=False)]
    return [kept for kept, _ in pairs_], [more for _, more in pairs_]


def _less_one(value: Any, beside: Any, mark: Any) -> tuple[Any, Any]:
    if isinstance(value, dict) and isinstance(mark, dict) and isinstance(beside, dict):
        return _less(value, beside, mark)
    return (None, True) if _has_true(mark) else (value, beside)


def _has_true(mark: Any) -> bool:
    if isinstance(mark, dict | list):
        return any(
            _has_true(inner) for inner in (mark.values() if isinstance(mark, dict) else mark)
        )
    return mark is True


def tags_in(after: Any, unknown: Any, paths: Sequence[str]) -> Tags:
    """The tags at `paths`; of equal keys the one at the earlier path stands."""
    texts: dict[str, str] = {}
    later: set[str] = set()
    is_open = False
    for path in paths:
        for value, unsure in along(after, unknown, steps(path)):
            if unsure is True:
                is_open = True
                continue
            if key := _later_block(value, unsure):
                later.add(key)
                continue
            known = {k: v for k, v in pairs(value) if isinstance(v, str) and v.strip()}
            texts = known | texts
            marks = unsure.items() if isinstance(unsure, dict) else ()
            later |= {k for k, mark in marks if mark is True}
    return Tags(texts, frozenset(later - texts.keys()), is_open)


def _later_block(value: Any, unsure: Any) -> str:
    """The key of one block with key and value whose value comes later; empty for anything else."""
    is_block = isinstance(unsure, dict) and unsure.get("value") is True and isinstance(value, dict)
    key = value.get("key") if is_block else None
    return key if isinstance(key, str) else ""


def along(value: Any, unknown: Any, path: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """What lies at a path, and what is unknown of it; lists on the way are walked through."""
    if unknown is True:
        yield None, True
    elif isinstance(value, list) or isinstance(unknown, list):
        values = value if isinstance(value, list) else []
        beside = unknown if isinstance(unknown, list) else []
        for at in range(max(len(values), len(beside))):
            pair = (values[at : at + 1] or [None])[0], (beside[at : at + 1] or [None])[0]
            yield from along(*pair, path)
    elif not path:
        yield value, unknown
    else:
        thing = value if isinstance(value, dict) else {}
        shadow = unknown if isinstance(unknown, dict) else {}
        key, is_filter, wanted = path[0].partition("=")
        if not is_filter:
            yield from along(thing.get(path[0]), shadow.get(path[0]), path[1:])
        elif json_text.cell(thing.get(key)) == wanted:
            yield from along(thing, shadow, path[1:])


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Those of `values` that are texts and not empty, as tags must be."""
    return {key: v for key, v in values.items() if isinstance(v, str) and v.strip()}
