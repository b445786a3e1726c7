"""Traces in plain Python, fractions and loops: what SQL is compared with, rule by rule.

Nothing of the product is used but the configuration, conditions, units, R9,
the text of a receiver, and `money.split`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from everyline import conditions, money
from everyline.allocation.receiver import receiver
from everyline.config.configuration import Configuration
from everyline.config.rules import Trace, TraceLevel
from everyline.implied import implied
from everyline.units import unit

Row = dict[str, Any]
Owner = tuple[tuple[str | None, ...], tuple[str, ...]]

MEASURES = (
    *("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"),
    *("ConsumedQuantity", "PricingQuantity", "x_CoverageCost"),
)
BLOCK = ("x_Period", "x_WindowStart", "x_WindowEnd", "x_Basis", "BillingCurrency")
TICK = 10**6


class Result:
    """Parts by group and owner in units of 10^-18; reasons by group; weights by cell."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, Owner], tuple[int | None, ...]] = {}
        self.reasons: dict[str, str] = {}
        self.rules: dict[str, tuple[str, int]] = {}


def trace_by_hand(
    configuration: Configuration, groups: Sequence[Row], usage: Sequence[Row]
) -> Result:
    """Amounts and quantities of the rows are integers of 10^-18, or None."""
    result = Result()
    keys = [key.name for key in configuration.taxonomy]
    needed = [key.name for key in configuration.taxonomy if key.required]
    taken: set[str] = set()
    for trace in configuration.trace:
        matching = [g for g in groups if conditions.holds(trace.charges, g, {})]
        ours = [
            g
            for g in matching
            if g["x_GroupId"] not in taken
            and trace.validity.holds(date.fromisoformat(g["x_Period"] + "-01"))
            and (trace.known == "replace" or any(g[k] is None for k in needed))
        ]
        taken |= {g["x_GroupId"] for g in ours}
        rows = [u for u in usage if conditions.holds(trace.usage, u, {"hour": "timestamp"})]
        disagreed: set[str] = set()
        for number, level in enumerate(trace.split, 1):
            still = [g for g in ours if g["x_GroupId"] not in result.rules]
            known = _known_cost(result, matching, still, needed)
            work = _Level(configuration, trace, level, keys)
            for owners, group, weights in work.cells(still, known, rows, disagreed):
                result.rules[group["x_GroupId"]] = (trace.rule, number)
                _split(result, group, owners, weights)
        for g in ours:
            if g["x_GroupId"] not in result.rules:
                reason = "conflict" if g["x_GroupId"] in disagreed else "no_usage"
                result.reasons[g["x_GroupId"]] = reason
    return result


def _known_cost(
    result: Result, matching: Iterable[Row], still: Sequence[Row], needed: Sequence[str]
) -> list[tuple[Row, tuple[str | None, ...] | None, int | None, int | None]]:
    """Groups with the values (None: their own), quantity and ListCost that they ask for."""
    found: list[tuple[Row, tuple[str | None, ...] | None, int | None, int | None]] = []
    for g in matching:
        if g["x_GroupId"] in result.rules:
            for (group, (values, evidence)), amounts in result.parts.items():
                if group == g["x_GroupId"] and not {"unseen", "rest"} & set(evidence):
                    found.append((g, values, amounts[4], amounts[2]))
        elif g not in still and all(g[k] is not None for k in needed):
            found.append((g, None, g["ConsumedQuantity"], g["ListCost"]))
    return found


def _split(result: Result, group: Row, owners: Sequence[Owner], weights: Sequence[int]) -> None:
    named = {receiver(*owner): owner for owner in owners}
    by_name = {receiver(*owner): w for owner, w in zip(owners, weights, strict=True)}
    split_up = [None if group[m] is None else money.split(group[m], by_name) for m in MEASURES]
    for name, owner in named.items():
        if by_name[name]:
            result.parts[group["x_GroupId"], owner] = tuple(
                None if s is None else s[name] for s in split_up
            )


class _Level:
    def __init__(
        self, configuration: Configuration, trace: Trace, level: TraceLevel, keys: Sequence[str]
    ) -> None:
        self.configuration, self.trace, self.level, self.keys = configuration, trace, level, keys
        self.counted = [at for at, k in enumerate(configuration.taxonomy) if k.default is None]

    def values(self, row: Row) -> tuple[str | None, ...]:
        return tuple(row[k] for k in self.keys)

    def known(self, group: Row) -> tuple[str | None, ...]:
        replaced = self.trace.known == "replace"
        return (None,) * len(self.keys) if replaced else self.values(group)

    def cells(
        self, still: Sequence[Row], known: Sequence[Any], usage: Sequence[Row], out: set[str]
    ) -> Iterable[tuple[list[Owner], Row, list[int]]]:
        columns = (*BLOCK, *self.level.on)
        blocks: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for g in still:
            blocks[tuple(g[c] for c in columns)].append(g)
        for block, groups in blocks.items():
            at = dict(zip(columns, block, strict=True))
            met = [
                u
                for u in usage
                if at["x_WindowStart"] <= u["hour"] < at["x_WindowEnd"]
                and all(at[c] is not None and u.get(c) == at[c] for c in self.level.on)
            ]
            for g in groups:
                if any(not self.agrees(self.known(g), self.values(u)) for u in met):
                    out.add(g["x_GroupId"])
            kinds = {self.kind(u) for u in met} - {None}
            if not met or len(kinds) > 1:
                continue
            beside = [k for k in known if tuple(k[0][c] for c in columns) == block]
            yield from self.block(groups, beside, met, next(iter(kinds), None))

    def kind(self, row: Row) -> str | None:
        if self.level.weight == "quantity":
            return unit(row["x_Unit"] or "").name
        return None if row["x_EstimatedCost"] is None else row["x_EstimatedCurrency"] or ""

    def agrees(self, known: Sequence[str | None], values: Sequence[str | None]) -> bool:
        return all(
            known[at] is None or values[at] is None or known[at] == values[at]
            for at in self.counted
        )

    def asks(self, kind: str | None, costs: Iterable[tuple[Row, int | None, int | None]]) -> int:
        """B of R15."""
        total = 0
        for group, quantity, cost in costs:
            if self.level.weight == "estimated_cost":
                total += (cost or 0) if group["BillingCurrency"] == kind else 0
            elif quantity is not None:
                own = unit(group["ConsumedUnit"] or "")
                if own.name != kind:
                    return 0
                total += quantity * own.multiple
        return total

    def block(
        self, groups: Sequence[Row], beside: Sequence[Any], met: Sequence[Row], kind: str | None
    ) -> Iterable[tuple[list[Owner], Row, list[int]]]:
        stock: dict[tuple[str | None, ...], int] = defaultdict(int)
        quantity = self.level.weight == "quantity"
        for u in met:
            weight = u["x_Quantity"] if quantity else u["x_EstimatedCost"] or 0
            stock[self.values(u)] += weight * (unit(u["x_Unit"] or "").multiple if quantity else 1)
        cells: dict[Any, list[Row]] = defaultdict(list)
        for g in groups:
            cells[self.known(g)].append(g)
        cost: dict[Any, list[tuple[Row, int | None, int | None]]] = defaultdict(list)
        for g, values, q, c in beside:
            cost[values or self.values(g)].append((g, q, c))
        takers = [(known, 0, self.asks(kind, rows)) for known, rows in cost.items()]
        takers += [
            (k, 1, self.asks(kind, [(g, g["ConsumedQuantity"], g["ListCost"]) for g in rows]))
            for k, rows in cells.items()
        ]
        saw: dict[Any, dict[tuple[str | None, ...], int]] = {}
        count = {known: sum(known[at] is not None for at in self.counted) for known, _, _ in takers}
        for many in sorted(set(count.values()), reverse=True):
            for is_cell in (0, 1):
                gone: dict[tuple[str | None, ...], int] = defaultdict(int)
                for known, of_cell, wanted in takers:
                    if of_cell == is_cell and count[known] == many:
                        seen = {v: w for v, w in stock.items() if self.agrees(known, v) and w > 0}
                        if is_cell:
                            saw[known] = seen
                        self.take(known, wanted, seen, gone)
                for values, amount in gone.items():
                    stock[values] = max(0, stock[values] - amount)
        for known, rows in cells.items():
            wanted = next(w for k, of_cell, w in takers if of_cell and k == known)
            yield from self.weigh(rows, known, wanted, saw[known])

    def take(
        self, known: Sequence[str | None], wanted: int, seen: Mapping[Any, int], gone: Any
    ) -> None:
        needed = [at for at in self.counted if known[at] is not None]
        first = {v: w for v, w in seen.items() if all(v[at] is not None for at in needed)}
        second = {v: w for v, w in seen.items() if v not in first}
        left = min(max(wanted, 0), sum(seen.values()))
        for kind in (first, second):
            part = min(left, sum(kind.values()))
            left -= part
            for values, weight in kind.items():
                exact = Fraction(part * weight, sum(kind.values()))
                gone[values] += int(exact / TICK) * TICK

    def weigh(
        self, groups: Sequence[Row], known: Any, wanted: int, seen: Mapping[Any, int]
    ) -> Iterable[tuple[list[Owner], Row, list[int]]]:
        taxonomy = self.configuration.taxonomy
        rest = self.trace.rest
        if not sum(seen.values()):
            return
        for g in groups:
            own = [g[f"{k}_evidence"] for k in self.keys]
            weights: dict[Owner, int] = defaultdict(int)
            unexplained = max(0, wanted - sum(seen.values()))
            for values, weight in seen.items():
                both = [k if k is not None else v for k, v in zip(known, values, strict=True)]
                lacks = any(
                    key.required and v is None for key, v in zip(taxonomy, both, strict=True)
                )
                if lacks and rest != "unallocated":
                    unexplained += weight if rest != "spread" else 0
                    continue
                evidence = tuple(
                    e if k is not None else "traced" if v is not None else "driver_unowned"
                    for e, k, v in zip(own, known, values, strict=True)
                )
                weights[tuple(both), evidence] += weight
            if unexplained and rest != "spread":
                weights[self.rest(g, known, own)] += unexplained
            if sum(weights.values()):
                yield list(weights), g, list(weights.values())

    def rest(self, group: Row, known: Any, own: Sequence[str]) -> Owner:
        day = date.fromisoformat(group["x_Period"] + "-01")
        named: dict[str, str] = {}
        asked = self.trace.rest if isinstance(self.trace.rest, Mapping) else {}
        for key, text in asked.items():
            listed = self.configuration.key(key).values
            value = listed.resolve(text, day) if listed else text
            if value is not None:
                named[key] = value
        values = [
            v if v is not None else named.get(k) for k, v in zip(self.keys, known, strict=True)
        ]
        evidence = [
            e if k is not None else "rest" if v is not None else "unseen"
            for e, k, v in zip(own, known, values, strict=True)
        ]
        if "rest" in evidence:
            found = implied(self.configuration.taxonomy, values, day)
            evidence = [
                "implied" if name in found.places else e
                for name, e in zip(self.keys, evidence, strict=True)
            ]
            values = list(found.values)
        return tuple(values), tuple(evidence)
