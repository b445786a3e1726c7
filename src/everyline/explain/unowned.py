"""Usage without an owner, and the cost that has none because of it."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, quoted
from everyline.explain import usage
from everyline.explain.nodes import Asked, Node, facts, units
from everyline.explain.pieces import Pieces
from everyline.explain.shares import Splits
from everyline.explain.usage import IDENTITY, Telemetry
from everyline.runs import Run


class Behind(NamedTuple):
    """What hangs on one identity of usage without an owner, in one month and currency.

    Attributes:
        cost: unallocated cost that it stands for, or what it used at list prices.
        identity: columns of usage to text; what is null left out.
    """

    identity: Mapping[str, str]
    period: str
    currency: str
    cost: Decimal


class Unowned:
    """Looks at usage that has no value of the lead key."""

    def __init__(self, engine: Engine, run: Run, configuration: Configuration) -> None:
        self._engine = engine
        self._run = run
        self._telemetry = Telemetry(engine, run, configuration)
        self._splits = Splits(engine, run, configuration, self._telemetry)
        self._lead: str = run.manifest["keys"][0]

    def behind(self) -> list[Behind]:
        """The unallocated cost of all months that usage without an owner stands for."""
        if not self._telemetry.is_there:
            return []
        pieces = Pieces(self._engine, self._run)
        pieces.find(Asked(None, {self._lead: ""}), f"x_Pool IS NULL AND {self._by_usage()}")
        return [*self._traced(pieces.keys), *self._pooled()]

    def _traced(self, keys: Sequence[str]) -> Iterator[Behind]:
        used = self._telemetry.traced(keys)
        for group, share, period, currency, cost in self._engine.rows(
            "SELECT group_, first_share_, x_Period, BillingCurrency,"
            " sum(EffectiveCost)::DECIMAL(38,18) FROM explained GROUP BY ALL ORDER BY ALL"
        ):
            if found := used.get((group, share)):
                nodes = usage.nodes([(units(cost), found)], currency, None)
                yield from _behind(nodes, period)

    def _pooled(self) -> Iterator[Behind]:
        told: dict[tuple[str, str], bool] = {}
        for share, receiver, period, currency, cost in self._engine.rows(
            "SELECT x_ShareId, x_Receiver, x_Period, BillingCurrency,"
            f" sum(EffectiveCost)::DECIMAL(38,18) FROM {self._run.relation('allocations')}"
            f" WHERE {quoted(self._lead)} IS NULL AND x_Pool IS NOT NULL AND {self._by_usage()}"
            " GROUP BY ALL ORDER BY ALL"
        ):
            if (share, period) not in told:
                told[share, period] = self._splits.tells_usage(share, period)
            if not told[share, period]:
                continue
            node = self._splits.of_pool((share, period, receiver), cost, currency, None)
            for last in _last(node):
                yield from _behind(last.usage, period)

    def _by_usage(self) -> str:
        """SQL: whether what a part was split by has no owner."""
        return f"{quoted(f'{self._lead}_evidence')} = 'driver_unowned'"

    def estimated(self) -> list[Behind]:
        """What identities without an owner used, at list prices, by month."""
        if not self._telemetry.is_there:
            return []
        columns = ", ".join(map(quoted, IDENTITY))
        rows = self._engine.rows(
            f"SELECT {columns}, strftime(hour, '%Y-%m'), x_EstimatedCurrency,"
            f" sum(x_EstimatedCost)::DECIMAL(38,18) AS cost_ FROM {self._run.relation('usage')}"
            f" WHERE {quoted(self._lead)} IS NULL GROUP BY ALL HAVING cost_ > 0 ORDER BY ALL"
        )
        return [
            Behind(facts(IDENTITY, row[: len(IDENTITY)]), *row[len(IDENTITY) :]) for row in rows
        ]


def _last(node: Node) -> Iterator[Node]:
    """The last splits on all ways to a receiver: whose usage it was that had no owner."""
    for share in node.shares:
        yield from _last(share)
    if not node.shares:
        yield node


def _behind(nodes: Sequence[Node], period: str) -> Iterator[Behind]:
    for node in nodes:
        identity = {name: node.facts[name] for name in IDENTITY if name in node.facts}
        yield Behind(identity, period, node.currency, node.cost)
