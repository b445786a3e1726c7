"""Coverage (R22) as sums by key and layer; ratios are worked out where they are shown."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from everyline.coverage.measure import coverage
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.relations import ABSENT, LAYERS

if TYPE_CHECKING:
    from everyline.config.configuration import Configuration

_DIRECT = ("tag", "registry", "rule", "implied", "traced")
_ALLOCATED = (*_DIRECT, "shared", "rest")


class Covered(NamedTuple):
    """Sums of x_CoverageCost of one period, currency and key; of one layer, or of all (None).

    Attributes:
        cost: of all rows in scope.
        unowned: of rows without a value, eligible or not.
        eligible: of rows that can be tagged; the rest are sums over those.
        tagged: with a declared value.
        marked: with any value; FOCUS's own measure.
        direct: whose owner was found for the line itself.
        allocated: whose owner was found at all, defaults not counted.
    """

    period: str
    currency: str
    key: str
    layer: str | None
    cost: Decimal
    unowned: Decimal
    eligible: Decimal
    tagged: Decimal
    marked: Decimal
    direct: Decimal
    allocated: Decimal


class Uncovered(NamedTuple):
    """Sums of x_CoverageCost of eligible rows of one service and layer, for one key (R22).

    Attributes:
        eligible: of all of them; the rest are sums over those.
        untagged: without a declared value in a tag.
        unmarked: without any value in a tag.
        undirect: whose value was not found for the line itself.
        unallocated: whose value was not found at all, or is a default.
        unowned: without a value.
    """

    service: str | None
    layer: str
    eligible: Decimal
    untagged: Decimal
    unmarked: Decimal
    undirect: Decimal
    unallocated: Decimal
    unowned: Decimal


class Targets(NamedTuple):
    """What the configuration aims at: ratios from 0 to 1."""

    tag_coverage: Mapping[str, Decimal]
    unallocated: Decimal | None


NO_TARGETS = Targets({}, None)


def targets(project: Path) -> Targets:
    """The targets of a project; none where its configuration can't be read."""
    from everyline import config

    return targets_of(config.load(project).configuration)


def targets_of(configuration: "Configuration | None") -> Targets:
    """The targets that a configuration states."""
    if configuration is None:
        return NO_TARGETS
    return Targets(configuration.targets.tag_coverage, configuration.targets.unallocated)


def covered(engine: Engine, coverage: str, keys: Sequence[str]) -> list[Covered]:
    """Sums of `coverage` (SQL to select from): all layers first, keys in their order."""
    block = "x_Period, BillingCurrency, x_Key"
    tagged = _sum("x_Eligible AND x_Tag = 'declared'")
    marked = _sum("x_Eligible AND x_Tag <> 'missing'")
    rows = engine.rows(
        f"SELECT {block}, x_Layer, sum(x_CoverageCost), {_sum(f'x_Evidence IN {_texts(ABSENT)}')},"
        f" {_sum('x_Eligible')}, {tagged},"
        f" {marked},"
        f" {_sum(f'x_Eligible AND x_Evidence IN {_texts(_DIRECT)}')},"
        f" {_sum(f'x_Eligible AND x_Evidence IN {_texts(_ALLOCATED)}')}"
        f" FROM {coverage} AS coverage_"
        f" GROUP BY GROUPING SETS (({block}), ({block}, x_Layer))"
    )
    found = [Covered(*row) for row in rows]
    order = {name: n for n, name in enumerate((*keys, None, *LAYERS))}
    return sorted(
        found, key=lambda c: (c.period, c.currency, order.get(c.key, len(order)), order[c.layer])
    )


def of_owners(allocations: str, keys: Sequence[str]) -> str:
    """SQL of `coverage` of only these allocations, or sums of them, as the stage makes it."""
    return f"({coverage(allocations, keys)})"


def uncovered(
    engine: Engine, allocations: str, block: tuple[str, str], key: str
) -> list[Uncovered]:
    """What eligible cost of each service is not covered, in no order.

    Args:
        allocations: SQL to select from: the relation, or sums of it.
        block: month and currency; cost that telemetry made is left out, as in coverage.
    """
    tag, evidence = quoted(f"{key}_tag"), quoted(f"{key}_evidence")
    tests = (
        "true",
        f"{tag} <> 'declared'",
        f"{tag} = 'missing'",
        f"{evidence} NOT IN {_texts(_DIRECT)}",
        f"{evidence} NOT IN {_texts(_ALLOCATED)}",
        f"{evidence} IN {_texts(ABSENT)}",
    )
    rows = engine.rows(
        f"SELECT ServiceName, x_Layer, {', '.join(map(_sum, tests))}"
        f" FROM {allocations} WHERE x_Eligible AND x_Basis <> 'estimated'"
        " AND x_Period = ? AND BillingCurrency = ? GROUP BY ALL",
        block,
    )
    return [Uncovered(*row) for row in rows]


def _sum(condition: str) -> str:
    return f"coalesce(sum(x_CoverageCost) FILTER ({condition}), 0)::DECIMAL(38,18)"


def _texts(texts: Sequence[str]) -> str:
    return "(" + ", ".join(map(literal, texts)) + ")"
