"""Traces: groups split by who used them (R13 to R15)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from oracle import conditions, owners, stock
from oracle.canonical import filled, hash_of
from oracle.lines import MEASURES
from oracle.parts import (
    Part,
    Receiver,
    Row,
    first_day,
    implied,
    integers,
    receiver_text,
    share_rows,
    split_all,
)
from oracle.settings import Project, Settings, day
from oracle.stock import Taker, Values

_WINDOW = ("x_Period", "x_WindowStart", "x_WindowEnd", "x_Basis", "BillingCurrency")


class Traced(NamedTuple):
    """Parts of groups that a level split; why a group that was taken has none, by x_GroupId."""

    parts: list[Part]
    reasons: dict[str, str]
    shares: list[Row]


class _Cell(NamedTuple):
    """Groups of one block with equal known values; `known` is null for a missing key."""

    known: Values
    groups: list[Row]


def holds_in(settings: Settings, period: str) -> bool:
    """Whether a trace or pool is valid on the period's first day (R10)."""
    on, start = first_day(period), day(settings.get("valid_from"))
    end = day(settings.get("valid_to"))
    return (start is None or start <= on) and (end is None or on < end)


def traced(project: Project, groups: Sequence[Row], usage: Sequence[Row]) -> Traced:
    """All traces in order over in-scope groups with their strong answers (R13)."""
    found = Traced([], {}, [])
    taken: set[str] = set()
    for settings in project.settings.get("trace", ()):
        matching = [
            group
            for group in groups
            if holds_in(settings, group["x_Period"])
            and conditions.holds(settings["charges"], group)
        ]
        replaces = settings.get("known") == "replace"
        left = [
            group
            for group in matching
            if group["x_GroupId"] not in taken and (replaces or _lacks(project, group))
        ]
        taken |= {group["x_GroupId"] for group in left}
        rows = [row for row in usage if conditions.holds(settings["usage"], row)]
        trace = _Trace(project, settings, matching, rows, found)
        for level in range(1, len(settings["split"]) + 1):
            left = trace.split(level, left)
        for group in left:
            conflict = group["x_GroupId"] in trace.conflicts
            found.reasons[group["x_GroupId"]] = "conflict" if conflict else "no_usage"
    return found


def _lacks(project: Project, group: Row) -> bool:
    return any(key.required and group[key.name] is None for key in project.keys)


class _Trace:
    def __init__(
        self,
        project: Project,
        settings: Settings,
        matching: Sequence[Row],
        usage: Sequence[Row],
        found: Traced,
    ) -> None:
        self.project, self.settings = project, settings
        self.matching, self.usage, self.found = matching, usage, found
        self.replaces = settings.get("known") == "replace"
        self.keys = [key.name for key in project.keys]
        self.conflicts: set[str] = set()

    def split(self, level: int, groups: Sequence[Row]) -> list[Row]:
        """Splits what this level can, and gives back the groups it can not."""
        on = self.settings["split"][level - 1].get("on", ())
        blocks: dict[Values, list[Row]] = {}
        for group in groups:
            blocks.setdefault(_block(group, on), []).append(group)
        made: list[Part] = []
        waiting = {group["x_GroupId"] for group in groups}
        for key, members in blocks.items():
            known_cost = self._known_cost(key, on, waiting)
            made += self._split_block(level, members, known_cost)
        self.found.parts.extend(made)
        done = {part.group["x_GroupId"] for part in made}
        return [group for group in groups if group["x_GroupId"] not in done]

    def _known_cost(
        self, key: Values, on: Sequence[str], waiting: set[str]
    ) -> dict[Values, list[tuple[Row, Any]]]:
        """Cost of equal block columns that needs no split here, by known values (R14)."""
        found: dict[Values, list[tuple[Row, Any]]] = {}
        ids = {group["x_GroupId"] for group in self.matching}
        split = {part.group["x_GroupId"] for part in self.found.parts}
        for group in self.matching:
            apart = group["x_GroupId"] not in waiting | split
            if apart and not _lacks(self.project, group) and _block(group, on) == key:
                values = tuple(group[name] for name in self.keys)
                found.setdefault(values, []).append((group, group))
        for part in self.found.parts:
            reasons = {evidence for _, evidence in part.receiver}
            inside = part.group["x_GroupId"] in ids and _block(part.group, on) == key
            if inside and not reasons & {"unseen", "rest"}:
                values = tuple(value for value, _ in part.receiver)
                found.setdefault(values, []).append((part.group, part.measures))
        return found

    def _split_block(
        self,
        level: int,
        groups: Sequence[Row],
        known_cost: dict[Values, list[tuple[Row, Any]]],
    ) -> list[Part]:
        settings = self.settings["split"][level - 1]
        weight = settings.get("weight", "quantity")
        rows = list(_in_block(self.usage, groups[0], settings.get("on", ())))
        cells: dict[Values, list[Row]] = {}
        for group in groups:
            known = tuple(None if self.replaces else group[name] for name in self.keys)
            cells.setdefault(known, []).append(group)
        self._note_conflicts(rows, cells)
        drivers = stock.drivers(rows, self.keys, weight)
        if drivers is None:
            return []
        takers = {
            known: Taker(
                self._counting(known),
                stock.billed([(g, g) for g in members], weight, drivers.unit),
                is_cell=True,
            )
            for known, members in cells.items()
        }
        others = [
            Taker(self._counting(known), stock.billed(cost, weight, drivers.unit), is_cell=False)
            for known, cost in known_cost.items()
        ]
        stock.serve(drivers.stock, [*takers.values(), *others])
        made: list[Part] = []
        for known, members in cells.items():
            made += self._split_cell(level, _Cell(known, members), takers[known])
        return made

    def _counting(self, known: Values) -> Values:
        """Known values of keys without a default."""
        pairs = zip(self.project.keys, known, strict=True)
        return tuple(None if key.default is not None else value for key, value in pairs)

    def _note_conflicts(self, rows: Sequence[Row], cells: dict[Values, list[Row]]) -> None:
        for known, groups in cells.items():
            taker = Taker(self._counting(known), 0, is_cell=True)
            if not all(taker.agrees(tuple(row[name] for name in self.keys)) for row in rows):
                self.conflicts |= {group["x_GroupId"] for group in groups}

    def _split_cell(self, level: int, cell: _Cell, taker: Taker) -> list[Part]:
        weights = self._weights(cell, taker) if sum(taker.saw.values()) > 0 else {}
        if not any(weights.values()):
            return []
        whole = integers(weights)
        first, on = cell.groups[0], self.settings["split"][level - 1].get("on", ())
        known = dict(zip(self.keys, cell.known, strict=True))
        key = filled({name: first[name] for name in (*_WINDOW[1:], *on)} | known)
        name = self.settings["rule"]
        share_id = hash_of([name, level, first["x_Period"], key])
        share = {"x_ShareId": share_id, "x_Rule": name, "x_Level": level, "x_Kind": "own"}
        self.found.shares.extend(share_rows(self.project, share, whole))
        parts = []
        for group in cell.groups:
            own = {self._with_evidence(receiver, group): w for receiver, w in whole.items()}
            measures = {measure: group[measure] for measure in MEASURES}
            for receiver, part in split_all(measures, own).items():
                parts.append(Part(group, receiver, part, name, share_id))
        return parts

    def _weights(self, cell: _Cell, taker: Taker) -> dict[Receiver, Fraction]:
        """Receivers of a cell with evidence `known`, `traced` and the reasons, and R (R15)."""
        rest = self.settings.get("rest", "unallocated")
        over = max(0, taker.billed - sum(taker.saw.values()))
        weights: dict[Receiver, Fraction] = {}
        for driver, weight in taker.saw.items():
            receiver = tuple(
                (value, "known") if value is not None else _used_by(its)
                for value, its in zip(cell.known, driver, strict=True)
            )
            if rest != "unallocated" and self._is_partial(receiver):
                over += weight
            else:
                weights[receiver] = weights.get(receiver, Fraction(0)) + weight
        if rest != "spread" and over:
            named = rest if isinstance(rest, dict) else {}
            receiver = self._rest(cell, named)
            weights[receiver] = weights.get(receiver, Fraction(0)) + over
        return weights

    def _is_partial(self, receiver: Receiver) -> bool:
        pairs = zip(self.project.keys, receiver, strict=True)
        return any(key.required and value is None for key, (value, _) in pairs)

    def _rest(self, cell: _Cell, named: Settings) -> Receiver:
        on = first_day(cell.groups[0]["x_Period"])
        answers: list[tuple[str | None, str]] = []
        for key, value in zip(self.project.keys, cell.known, strict=True):
            given = owners.valid(key, named[key.name], on) if key.name in named else None
            if value is not None:
                answers.append((value, "known"))
            else:
                answers.append((given, "rest") if given is not None else (None, "unseen"))
        return implied(self.project, tuple(answers), on) if named else tuple(answers)

    def _with_evidence(self, receiver: Receiver, group: Row) -> Receiver:
        """The receiver with the group's own evidence of known keys."""
        return tuple(
            (value, group[f"{name}_evidence"] if evidence == "known" else evidence)
            for name, (value, evidence) in zip(self.keys, receiver, strict=True)
        )


def _used_by(value: str | None) -> tuple[str | None, str]:
    return (value, "traced") if value is not None else (None, "driver_unowned")


def _block(group: Row, on: Iterable[str]) -> tuple[Any, ...]:
    return tuple(group.get(column) for column in (*_WINDOW, *on))


def _in_block(rows: Iterable[Row], group: Row, on: Sequence[str]) -> Iterable[Row]:
    """Usage in the window and equal on each column of `on`; a null equals nothing."""
    start: datetime = group["x_WindowStart"]
    end: datetime = group["x_WindowEnd"]
    for row in rows:
        equal = all(row.get(c) is not None and row.get(c) == group.get(c) for c in on)
        if equal and start <= row["hour"] < end:
            yield row


# Weak entries, after the traces (R8)


def first_stage(project: Project, groups: Sequence[Row], found: Traced) -> list[Part]:
    """All parts before pools: groups that no level split, whole, and traced parts."""
    split = {part.group["x_GroupId"] for part in found.parts}
    parts = [_direct(project, g, found.reasons) for g in groups if g["x_GroupId"] not in split]
    summed: dict[tuple[str, str], Part] = {}
    for part in found.parts:
        receiver = _weakly(project, part)
        key = (part.group["x_GroupId"], receiver_text(receiver))
        measures: dict[str, int | None] = dict(part.measures)
        if key in summed:
            for name, value in summed[key].measures.items():
                mine = measures[name]
                measures[name] = None if value is None or mine is None else value + mine
        summed[key] = Part(part.group, receiver, measures, part.rule, part.share)
    return [*parts, *summed.values()]


def _direct(project: Project, group: Row, reasons: dict[str, str]) -> Part:
    found = owners.as_found(project, group)
    if reason := reasons.get(group["x_GroupId"]):
        for name, one in found.items():
            if one.value is None:
                found[name] = one._replace(evidence=reason)
    receiver = tuple((found[key.name].value, found[key.name].evidence) for key in project.keys)
    return Part(group, receiver, {measure: group[measure] for measure in MEASURES})


def _weakly(project: Project, part: Part) -> Receiver:
    found = {
        key.name: owners.Found(*answer, None)
        for key, answer in zip(project.keys, part.receiver, strict=True)
    }
    owners.weakly(project, part.group, found)
    return tuple((found[key.name].value, found[key.name].evidence) for key in project.keys)
