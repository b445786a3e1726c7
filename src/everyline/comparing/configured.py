"""How rules were configured when a run was made, so that a later one can tell whether they changed.

A run keeps no configuration. Of each rule that moves cost it keeps a hash of what the rule says,
wherever in the file it stands, and the days on which it holds.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from everyline.config.configuration import Configuration
from everyline.config.pools import Pool
from everyline.config.rules import OwnerRule
from everyline.config.tables import ALWAYS

Configured = Sequence[Mapping[str, str | None]]
"""Of each rule its `kind` (owner, trace, pool, split), `name`, `sha256`, `from` and `to`."""


def configured(configuration: Configuration) -> Configured:
    """The rules of a project that move cost: owner rules, traces, and pools.

    A pool is two things: what it takes (`pool`), and how it is split (`split`). What pools give to
    a team that serves others goes on by the pool of that team, so those belong to each `split`.
    """
    # Said once: each pool of a chain of pools hangs on all of them.
    serving = _listed(_text(_split(p)) for p in configuration.pools if p.owner is not None)
    found = [
        _rule("owner", rule.rule, rule, _text(rule))
        for rule in configuration.owners
        if isinstance(rule, OwnerRule)
    ]
    found += [_rule("trace", trace.rule, trace, _text(trace)) for trace in configuration.trace]
    for pool in configuration.pools:
        taken = (pool.charges, pool.owner, pool.valid_from, pool.valid_to)
        found.append(_rule("pool", pool.pool, pool, _text(taken)))
        split = _listed([_text(_split(pool)), _text(configuration.between_pools), serving])
        found.append(_rule("split", pool.pool, pool, split))
    return found


def definitions(rules: Configured, month: str | None) -> dict[tuple[str, str], str]:
    """Kind and name to the hash, of the rules that hold on the first of a month; None means all."""
    day = None if month is None else f"{month}-01"
    return {
        (str(rule["kind"]), str(rule["name"])): str(rule["sha256"])
        for rule in rules
        if day is None or ((rule["from"] or "") <= day < (rule["to"] or "9999"))
    }


def _split(pool: Pool) -> Pool:
    return replace(pool, charges=None)


def _rule(kind: str, name: str, dated: Any, said: str) -> dict[str, str | None]:
    return {
        "kind": kind,
        "name": name,
        "sha256": hashlib.sha256(said.encode()).hexdigest(),
        "from": _day(dated.valid_from),
        "to": _day(dated.valid_to),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _text(value: Any) -> str:
    """What a setting says, less where it stands."""
    if value is ALWAYS:
        return _ALWAYS  # of most rows of a file
    if form := _form(value.__class__):
        return form.text % tuple([_text(getattr(value, name)) for name in form.names])
    if isinstance(value, Mapping):
        named = sorted(value.items(), key=lambda item: str(item[0]))
        return _listed(f"({str(key)!r}, {_text(one)})" for key, one in named)
    return _listed(map(_text, value)) if isinstance(value, tuple) else repr(value)


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(texts)}]"


class _Form(NamedTuple):
    """How a kind of setting is said: the names of its parts, and the text around what they say."""

    names: Sequence[str]
    text: str


@cache
def _form(kind: type) -> _Form | None:
    named: Sequence[str] = getattr(kind, "_fields", ())
    if is_dataclass(kind):
        named = [field.name for field in fields(kind)]
    names = [name for name in named if name != "place"]
    parts = _listed(f"({name!r}, %s)" for name in names)
    return _Form(names, f"[{kind.__name__!r}, {parts}]") if named else None


_ALWAYS = repr([type(ALWAYS).__name__, list(ALWAYS._asdict().items())])
