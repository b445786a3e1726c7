"""A figure of the statements: owners by how they were found, groups, lines; shares beside them."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from everyline.config.configuration import Configuration
from everyline.control import Unbalanced
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain import usage
from everyline.explain.charge import ChargeParts
from everyline.explain.lines import Lines
from everyline.explain.nodes import (
    ID_LENGTH,
    Asked,
    Charge,
    Kind,
    Node,
    amount,
    facts,
    in_order,
    summed,
    text,
    units,
)
from everyline.explain.pieces import BLOCK, DESCRIPTION, ESTIMATED, SPLIT, Pieces, where
from everyline.explain.shares import Splits
from everyline.explain.usage import Telemetry, Used
from everyline.runs import Run
from everyline.units import unit

Row = tuple[Any, ...]

_NAMED_BY = ("ServiceName", "x_Model", "x_Meter", "SubAccountId", "ChargeCategory")

# A group may come in several pieces, and its lines are counted once.
_GROUPS = "list(DISTINCT {'id': x_GroupId, 'lines': lines_})"
_LINES = f"list_sum(list_transform({_GROUPS}, lambda g: g.lines))::BIGINT"


def _unread(*_: object, **__: object) -> str:
    raise AssertionError("bills were not read, and lines are asked for")


class Explanation:
    """Takes figures of one run apart."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        configuration: Configuration,
        charges: Callable[..., str] = _unread,
    ) -> None:
        """`charges` gives SQL of the relation, of the run's inputs (`pipeline.charges_where`).

        Without it there are figures `with_lines=False` only.
        """
        self._engine = engine
        self._run = run
        self._charges = charges
        self._pieces = Pieces(engine, run)
        self._lines = Lines(engine, charges)
        self._telemetry = Telemetry(engine, run, configuration)
        self._splits = Splits(engine, run, configuration, self._telemetry)
        self._keys = self._pieces.keys

    def figures(self, asked: Asked) -> list[Node]:
        """The figures that `asked` means, one a period and currency; estimates stand apart (R3).

        Raises:
            Unbalanced: the lines do not sum to what was allocated, which is a fault of ours.
        """
        self._pieces.find(asked)
        self._splits.ask(self._pieces.near)
        lines: Mapping[int, Sequence[Node]] | None = None
        if asked.with_lines:
            self._lines.line_up()
            lines = self._lines.nodes(asked, self._pieces.ratios)
        groups: dict[int, list[Node]] = defaultdict(list)
        for part, node in self._groups(lines, asked.lines_max):
            groups[part].append(node)
        owners: dict[Row, list[Node]] = defaultdict(list)
        for block, node in self._owners(asked, groups):
            owners[block].append(node)
        counted = f"SELECT {', '.join(BLOCK)}, {_LINES} FROM explained GROUP BY ALL"
        many = {tuple(block): count for *block, count in self._engine.rows(counted)}
        return [
            replace(self._figure(asked, row, owners[row[:3]]), lines=many.get(row[:3], 0))
            for row in self._stated(asked)
        ]

    def charges(self, beginning: str, most: int, within: str | None = None) -> list[Charge]:
        """The bill lines whose x_ChargeId begins so, in its order, at most so many.

        `within` is SQL that they probably meet, as `pipeline.charges_where` takes it: where some
        do, no others are looked at.
        """
        # First only lines that may be the first of their equals: nearly all are, and to number all
        # lines of a bill costs memory and time.
        parts = ChargeParts(self._engine, self._run, self._splits)
        looked_at: list[dict[str, str]] = [{"beginning": beginning}, {}]
        begins = f"starts_with(x_ChargeId, {literal(beginning)}) ORDER BY x_ChargeId"
        if len(beginning) == ID_LENGTH:
            begins = f"x_ChargeId = {literal(beginning)}"  # in half of the time
        for asked in ([{"condition": within}] if within else []) + looked_at:
            rows = self._engine.named_rows(
                f"SELECT * FROM ({self._charges(**asked)}) WHERE {begins} LIMIT {most}"
            )
            if rows:
                return [parts.charge(facts(row, row.values())) for row in rows]
        return []

    def _groups(
        self, lines: Mapping[int, Sequence[Node]] | None, most: int | None
    ) -> Iterator[tuple[int, Node]]:
        """Lines of one description, with the number of the part they belong to.

        They are one node where they are not listed.
        """
        names = (*DESCRIPTION, "tags_")
        shares = self._shares()
        found = self._telemetry.traced(self._keys) if shares else {}
        for part, group, currency, count, whole, cost, many, *cells in self._engine.rows(
            "SELECT part_, group_, BillingCurrency, count(DISTINCT x_GroupId),"
            f" sum(whole_)::DECIMAL(38,18), sum(EffectiveCost)::DECIMAL(38,18), {_LINES},"
            f" {', '.join(map(quoted, names))} FROM explained GROUP BY ALL"
        ):
            said = facts(names, cells)
            if tags := said.get("tags_"):
                present = {name: value for name, value in json.loads(tags).items() if value}
                said["tags_"] = json.dumps(present, ensure_ascii=False)
            label = ", ".join(said[n] for n in _NAMED_BY if n in said and said[n] != "Usage")
            said |= {"groups": str(count)}
            unlisted = Node("rest", f"{many:,} line{'s'[: many != 1]}", cost, currency, many, {})
            below = [unlisted] if lines is None else lines[group]
            node = _sum("group", label or "charges", currency, below, said)
            if whole != node.cost:
                said["x_Of"] = text(whole)
            yield part, _with_shares(node, shares.get(group, ()), _by_share(found, group), most)

    def _shares(self) -> dict[int, list[Node]]:
        """For groups that a trace split: what each split gave, by group_."""
        found: dict[int, list[Node]] = defaultdict(list)
        if "traced" not in self._run.manifest["files"]:
            return found
        names = ("x_Rule", "x_Level", "x_Driver", "x_ShareId", "x_Weight", "x_WeightTotal")
        more = ("x_WindowStart", "x_WindowEnd", "ConsumedQuantity", "ConsumedUnit")
        splits = (
            "SELECT DISTINCT x_ShareId, x_Rule, x_Level, x_Driver"
            f" FROM {self._run.relation('shares')}"
        )
        quantity = "sum(e.quantity_)::DECIMAL(38,18)"
        one_unit = "count(DISTINCT e.unit_) = 1"
        for group, currency, cost, *cells in self._engine.rows(
            "SELECT e.group_, e.BillingCurrency, sum(e.EffectiveCost)::DECIMAL(38,18), s.x_Rule,"
            " s.x_Level, s.x_Driver, s.x_ShareId, e.w1, e.t1, g.x_WindowStart, g.x_WindowEnd,"
            f" CASE WHEN {one_unit} THEN {quantity} END, CASE WHEN {one_unit} THEN min(e.unit_) END"
            f" FROM explained AS e JOIN ({splits}) AS s ON s.x_ShareId = e.first_share_"
            f" JOIN {self._pieces.owned} AS g ON g.x_GroupId = e.x_GroupId"
            " WHERE e.x_Pool IS NULL GROUP BY ALL"
        ):
            said = facts((*names, *more), cells)
            label = f"{said['x_Rule']}: {said['x_Weight']} of {said['x_WeightTotal']}"
            found[group].append(Node("share", label, cost, currency, 0, said))
        return found

    def _owners(
        self, asked: Asked, groups: Mapping[int, Sequence[Node]]
    ) -> Iterator[tuple[Row, Node]]:
        """Ways in which the owner was found, with the block they belong to."""
        names = [*self._pieces.found, *SPLIT, *self._pieces.rules]
        pools = self._pools(asked.lines_max)
        for *block, part, (currency, many, *cells) in (
            (*row[:4], row[4:])
            for row in self._engine.rows(
                f"SELECT {', '.join(BLOCK)}, part_, BillingCurrency, {_LINES},"
                f" {', '.join(map(quoted, names))} FROM explained GROUP BY ALL"
            )
        ):
            said = facts(names, cells)
            told = [f"{k} {said[k]}" for k in self._keys if k in said and k not in asked.values]
            label = ", ".join(told) or said["x_Method"]
            node = replace(_sum("owner", label, currency, groups[part], said), lines=many)
            shares = pools.get(part, ())
            if shares:
                node = replace(node, shares=in_order(shares))
            yield tuple(block), node

    def _pools(self, most: int | None) -> dict[int, list[Node]]:
        """For parts that came through a pool: the composed weight, and the chain behind it."""
        found: dict[int, list[Node]] = defaultdict(list)
        for part, period, currency, share, receiver, cost in self._engine.rows(
            "SELECT part_, x_Period, BillingCurrency, x_ShareId, x_Receiver,"
            " sum(EffectiveCost)::DECIMAL(38,18) FROM explained WHERE x_Pool IS NOT NULL"
            " GROUP BY ALL"
        ):
            node = self._splits.of_pool((share, period, receiver), cost, currency, most)
            found[part].append(node)
        return found

    def _stated(self, asked: Asked) -> list[Row]:
        """Period, currency, whether estimated, and what the statements say: rounded, and exact."""
        return self._engine.rows(
            f"SELECT x_Period, BillingCurrency, {ESTIMATED} AS estimated_, sum(x_EffectiveAmount),"
            f" sum(EffectiveCost) FROM {self._run.relation('statements')} WHERE {where(asked)}"
            " GROUP BY ALL ORDER BY ALL"
        )

    def _figure(self, asked: Asked, stated: Row, parts: Sequence[Node]) -> Node:
        period, currency, estimated, rounded, exact = stated
        said = {"x_Period": period, "x_EffectiveAmount": text(rounded)}
        if estimated:
            said["x_Basis"] = "estimated"
        node = _sum("figure", _label(asked), currency, parts, said)
        if node.cost != exact:
            raise Unbalanced(
                f"{period} {currency}: parts sum to {node.cost}, statements to {exact}"
            )
        return node


def _by_share(
    found: Mapping[tuple[int, str], list[Used]], group: int
) -> Callable[[str], Sequence[Used]]:
    return lambda share: found.get((group, share), ())


def _with_shares(
    node: Node, shares: Sequence[Node], used: Callable[[str], Sequence[Used]], most: int | None
) -> Node:
    """A group with its shares, and the usage that gave them their weights."""
    if not shares:
        return node
    costs = [(units(share.cost), used(share.facts["x_ShareId"])) for share in shares]
    known = [pair for pair in costs if pair[1]]
    behind = usage.nodes(known, node.currency, most) if known else []
    lost = amount(sum(cost for cost, found in costs if not found))
    if behind and lost:
        behind.append(Node("rest", "what no usage tells", lost, node.currency, 0, {}))
    measured = _measured(shares, [one for _, found in known for one in found])
    return replace(node, facts={**node.facts, **measured}, shares=in_order(shares), usage=behind)


def _measured(shares: Sequence[Node], used: Sequence[Used]) -> dict[str, str]:
    """What was seen and what was billed, where all of it is of one unit."""
    said: dict[str, str] = {}
    seen = {unit(one.unit).name for one in used if one.unit}
    if len(seen) == 1:
        said["x_Quantity"] = text(sum((one.quantity for one in used), Decimal(0)))
        said["x_Unit"] = next(one.unit for one in used if one.unit)
    billed = [share.facts.get("ConsumedUnit") for share in shares]
    found = {unit(one).name for one in billed if one}
    if None not in billed and len(found) == 1 and (not seen or seen == found):
        total = sum(
            Decimal(share.facts["ConsumedQuantity"]) * unit(share.facts["ConsumedUnit"]).multiple
            for share in shares
        )
        said |= {"x_QuantityTotal": text(Decimal(total)), "x_Unit": unit(billed[0] or "").text}
    return said


def _sum(
    kind: Kind, label: str, currency: str, parts: Sequence[Node], said: Mapping[str, str]
) -> Node:
    return Node(
        kind,
        label,
        summed(parts),
        currency,
        sum(part.lines for part in parts),
        said,
        in_order(parts),
    )


def _label(asked: Asked) -> str:
    said = [f"{key} {value}" if value else f"no {key}" for key, value in asked.values.items()]
    if asked.service is not None:
        said.append(asked.service or "no service")
    return ", ".join(said) or "everything in scope"
