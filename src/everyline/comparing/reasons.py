"""Why cost goes to other holders than before, told by what led to them on either side."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from everyline.comparing.causes import Cause
from everyline.comparing.sides import Side
from everyline.engines.duckdb import Engine

_UNTRACED = "(no_usage|conflict)"


class Led(NamedTuple):
    """What led to the holders of a unit on one side.

    Attributes:
        layers: of its groups.
        receivers: a hash of all owners of the first stage, with their evidence.
        traces: that split it.
        pools: that took of it.
        is_traced: whether a trace took it; it may have found no usage.
        is_ruled: whether an owner rule answered.
    """

    layers: frozenset[str] = frozenset()
    receivers: str | None = None
    traces: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    is_traced: bool = False
    is_ruled: bool = False


class Reasons:
    """Tells causes of other fractions; the tables of `joined` are there."""

    def __init__(self, engine: Engine, before: Side, after: Side) -> None:
        self._defined: tuple[Mapping[tuple[str, str], str], ...] = ({}, {})
        if before.defined is not None and after.defined is not None:
            self._defined = (before.defined, after.defined)
        hours = [side.run.manifest["files"].get("usage_hours") for side in (before, after)]
        self._same_usage = before.month is None and hours[0] == hours[1] is not None
        self._renamed = _renamed(engine)
        self._led: dict[tuple[int, bool], Led] = {}
        for unit, is_after, layers, receivers, traces, pools, tried, ruled in engine.rows(
            "SELECT unit_, after_, list(DISTINCT x_Layer),"
            " sha256(string_agg(DISTINCT x_Receiver, '' ORDER BY x_Receiver)),"
            " list(DISTINCT x_Rule) FILTER (x_Rule IS NOT NULL),"
            " list(DISTINCT x_Pool) FILTER (x_Pool IS NOT NULL),"
            f" coalesce(bool_or(regexp_matches(evidence_, '\"{_UNTRACED}\"')), false),"
            " coalesce(bool_or(contains(evidence_, '\"rule\"')), false)"
            " FROM compare_first SEMI JOIN (SELECT unit_ FROM compare_parts JOIN compare_units"
            " USING (unit_) WHERE changed_ AND how_ = 'both'"
            " GROUP BY unit_ HAVING count(*) > 1) USING (unit_) GROUP BY unit_, after_"
        ):
            named = [frozenset(names or ()) for names in (layers, traces, pools)]
            self._led[unit, is_after] = Led(
                named[0], receivers, named[1], named[2], tried or bool(traces), ruled
            )

    def renamed(self, owners: Iterable[str]) -> dict[str, str]:
        """Of these owners, each whose things are another one's now, and whose."""
        found = {}
        for owner in owners:
            values = [self._renamed.get((at, v), v) for at, v in enumerate(json.loads(owner))]
            new = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
            if new != owner:
                found[owner] = new
        return found

    def of_unit(self, unit: int) -> Cause:
        """Why the parts of a unit have other holders or other fractions."""
        before, after = (self._led.get((unit, is_after), Led()) for is_after in (False, True))
        if before.layers != after.layers or self._is_configured_otherwise(before, after):
            return "rules"
        if before.is_traced and after.is_traced and (before.traces or after.traces):
            return "evidence" if self._same_usage else "weights"
        if before.receivers != after.receivers:
            return "evidence"
        moved = before.traces != after.traces or before.pools != after.pools
        return "rules" if moved else "other"

    def of_pool(self, name: str) -> Cause:
        """Why a pool is split by other fractions."""
        return "rules" if self._differs("split", name) else "weights"

    def _is_configured_otherwise(self, before: Led, after: Led) -> bool:
        if any(self._differs("trace", name) for name in before.traces | after.traces):
            return True
        if any(self._differs("pool", name) for name in before.pools | after.pools):
            return True
        ruled = before.is_ruled or after.is_ruled
        return ruled and any(
            kind == "owner" and self._differs(kind, name)
            for kind, name in {*self._defined[0], *self._defined[1]}
        )

    def _differs(self, kind: str, name: str) -> bool:
        before, after = (side.get((kind, name)) for side in self._defined)
        return before != after


def _renamed(engine: Engine) -> dict[tuple[int, str], str]:
    """Place of a key and a value, to the value that has all of its things now.

    All, that is, of what both sides have, and neither a trace nor a pool splits.
    """
    single = (
        "SELECT unit_, any_value(name_) AS name_ FROM compare_first JOIN compare_units"
        " USING (unit_) WHERE how_ = 'both' AND {} GROUP BY unit_"
        " HAVING count(DISTINCT name_) = 1 AND bool_and(kind_ = 'owner' AND x_Rule IS NULL)"
    )
    found: dict[tuple[int, str], set[str]] = {}
    for old, new in engine.rows(
        f"SELECT DISTINCT o.name_, n.name_ FROM ({single.format('NOT after_')}) AS o"
        f" JOIN ({single.format('after_')}) AS n USING (unit_) ORDER BY ALL"
    ):
        for at, (was, now) in enumerate(zip(json.loads(old), json.loads(new), strict=True)):
            if was is not None:
                found.setdefault((at, was), set()).add(now or was)
    return {
        place: now
        for place, names in found.items()
        for now in names
        if names != {place[1]}
        if len(names) == 1
    }
