"""How rules were configured when a run was made, so that a later one can tell whether they changed.

A run keeps no configuration. Of each rule that moves cost it keeps a hash of what the rule says,
wherever in the file it stands, and the days on which it holds.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import Any

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
    serving = [_plain(_split(pool)) for pool in configuration.pools if pool.owner is not None]
    found = [
        _rule("owner", rule.rule, rule, rule)
        for rule in configuration.owners
        if isinstance(rule, OwnerRule)
    ]
    found += [_rule("trace", trace.rule, trace, trace) for trace in configuration.trace]
    for pool in configuration.pools:
        taken = (pool.charges, pool.owner, pool.valid_from, pool.valid_to)
        found.append(_rule("pool", pool.pool, pool, taken))
        split = (_split(pool), configuration.between_pools, serving)
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


def _rule(kind: str, name: str, dated: Any, said: Any) -> dict[str, str | None]:
    return {
        "kind": kind,
        "name": name,
        "sha256": hashlib.sha256(repr(_plain(said)).encode()).hexdigest(),
        "from": _day(dated.valid_from),
        "to": _day(dated.valid_to),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _plain(value: Any) -> Any:
    """What a setting says, as lists, less where it stands."""
    if isinstance(value, _SAID):
        return value
    if value is ALWAYS:
        return _ALWAYS  # of most rows of a file
    named: Iterable[tuple[str, Any]]
    if hasattr(value, "_fields"):
        named = zip(value._fields, value, strict=True)
    elif is_dataclass(value):
        named = ((one.name, getattr(value, one.name)) for one in fields(value))
    elif isinstance(value, Mapping):
        return sorted((str(key), _plain(one)) for key, one in value.items())
    elif isinstance(value, tuple):
        return [_plain(one) for one in value]
    else:
        return value
    # Most of it says itself, and a call for each would take twice as long.
    said = [
        (name, one if isinstance(one, _SAID) else _plain(one))
        for name, one in named
        if name != "place"
    ]
    return [type(value).__name__, said]


_SAID = (str, Decimal, date, bool, NoneType)
"""What says itself."""

_ALWAYS = [type(ALWAYS).__name__, [(name, None) for name in ALWAYS._fields]]
