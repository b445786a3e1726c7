"""One bill line, and who gets which part of it (R12): split as its group was, then by its pool."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from everyline import money
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain.nodes import Charge, Found, Node, amount, facts, in_order, summed, units
from everyline.explain.pieces import first_receivers
from everyline.explain.shares import Splits, called
from everyline.runs import Run

Row = Mapping[str, Any]

_USERS_MAX = 3


class _First(NamedTuple):
    """A first-stage receiver, its part of a line in units of 10^-18, and its weight."""

    receiver: str
    part: int
    told: Mapping[str, str]


class ChargeParts:
    """Tells of bill lines what became of them."""

    def __init__(self, engine: Engine, run: Run, splits: Splits) -> None:
        self._engine = engine
        self._run = run
        self._splits = splits
        self._keys: list[str] = list(run.manifest["keys"])

    def charge(self, fields: Mapping[str, str]) -> Charge:
        """A line, given its columns of `charges`."""
        columns = [k + end for k in self._keys for end in ("", "_evidence", "_tag", "_rule")]
        # Out of scope nothing has an owner.
        ((count, cost, *found),) = self._of_group("owned_groups", fields, columns) or (
            self._of_group("groups", fields, [])
        )
        owner = [
            Found(key, *found[4 * at : 4 * at + 4]) for at, key in enumerate(self._keys) if found
        ]
        return Charge(fields, count, cost, owner, self._parts(fields) if owner else ())

    def _of_group(
        self, relation: str, fields: Mapping[str, str], columns: Sequence[str]
    ) -> Sequence[tuple[Any, ...]]:
        """How many lines a line's group has, what it costs, and these columns of it."""
        told = "".join(f", {quoted(column)}" for column in columns)
        return self._engine.rows(
            f"SELECT x_LineCount, EffectiveCost::DECIMAL(38,18){told}"
            f" FROM {self._run.relation(relation)} WHERE x_GroupId = ?",
            [fields["x_GroupId"]],
        )

    def _parts(self, fields: Mapping[str, str]) -> list[Node]:
        """The first-stage parts of a line; of those that a pool took, what became of them there."""
        group, currency = fields["x_GroupId"], fields["BillingCurrency"]
        ends = {row["x_Receiver"]: row for row in self._allocated([group])}
        pooled = self._members(group)
        cost = Decimal(fields["EffectiveCost"])
        found = []
        for first in self._first(group, [*ends, *pooled], units(cost)):
            if first.receiver in pooled:
                line = pooled[first.receiver]
                found.append(self._through_pool(line, first.part, currency, fields))
            else:
                node = self._node(ends[first.receiver], first.part, currency)
                found.append(replace(node, facts={**node.facts, **first.told}))
        return in_order(found)

    def _first(self, group: str, receivers: Sequence[str], cost: int) -> list[_First]:
        """First-stage receivers of a group, and their parts of one line (R12)."""
        if "traced" not in self._run.manifest["files"]:
            return [_First(receiver, cost, {}) for receiver in receivers]
        rows = self._engine.rows(
            first_receivers(self._run, self._keys, f"x_GroupId = {literal(group)}")
        )
        if not rows:
            return [_First(receiver, cost, {}) for receiver in receivers]
        parts: dict[str, int] = defaultdict(int)
        weights: dict[str, int] = defaultdict(int)
        split = money.split(cost, {receiver: int(weight) for *_, receiver, weight, _ in rows})
        for _, part, _, receiver, weight, _ in rows:
            parts[part] += split[receiver]
            weights[part] += int(weight)
        total = rows[0][-1]
        return [
            _First(part, parts[part], {"x_Weight": str(weight), "x_WeightTotal": total})
            for part, weight in weights.items()
        ]

    def _members(self, group: str) -> dict[str, str]:
        """First-stage receivers whose part went into a pool, and the pool line."""
        if "pool_members" not in self._run.manifest["files"]:
            return {}
        return dict(
            self._engine.rows(
                "SELECT x_Receiver, x_PoolLineId FROM"
                f" {self._run.relation('pool_members')} WHERE x_GroupId = ?",
                [group],
            )
        )

    def _allocated(self, lines: Sequence[str]) -> list[Row]:
        """The allocations of groups or pool lines."""
        columns = ["x_LineId", "x_Receiver", "x_Method", "x_Rule", "x_Pool", "x_ShareId"]
        columns += [k + end for k in self._keys for end in ("", "_evidence")]
        rows = self._engine.rows(
            f"SELECT {', '.join(map(quoted, columns))} FROM {self._run.relation('allocations')}"
            f" WHERE x_LineId IN ({', '.join(map(literal, lines))}) ORDER BY x_LineId, x_Receiver"
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _node(self, row: Row, part: int, currency: str) -> Node:
        said = facts(row, row.values())
        if (share := said.get("x_ShareId")) and (split := self._splits.split(share)):
            said |= {"x_Driver": split.driver, "x_Level": str(split.level)}
        evidence = {key: row[f"{key}_evidence"] for key in self._keys}
        label = called(self._keys, {k: row[k] for k in self._keys if row[k] is not None}, evidence)
        return Node("owner", label, amount(part), currency, 1, said)

    def _through_pool(self, line: str, part: int, currency: str, fields: Mapping[str, str]) -> Node:
        """What a pool took, and who bears it in the end, by the weights of the pool line."""
        ends = {row["x_Receiver"]: row for row in self._allocated([line])}
        share = next(iter(ends.values()))["x_ShareId"]
        split = self._splits.split(share)
        assert split is not None, "a pool line was split by no share"
        weights = {receiver.text: receiver.weight for receiver in split.receivers.values()}
        found = []
        for receiver, cost in money.split(part, weights).items():
            node = self._node(ends[receiver], cost, currency)
            at = (share, fields["x_Period"], receiver)
            came = self._splits.of_pool(at, node.cost, currency, _USERS_MAX)
            found.append(replace(node, shares=[came]))
        said = {"x_Pool": split.rule, "x_ShareId": share}
        return Node(
            "group", f"into pool {split.rule}", summed(found), currency, 1, said, in_order(found)
        )
