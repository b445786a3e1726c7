"""Statements out of a run: a few queries for the statements of all owners together.

Grain: one value of the lead key. The lines come from `statements`; why they are somebody's, and
what has no owner near them, from `allocations`, which knows rules, evidence and accounts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from everyline import figures, money
from everyline.control import EXACT
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.exports import statement_words as words
from everyline.exports.reaching import Reached, reached
from everyline.exports.statement import (
    NOTHING,
    Amount,
    Around,
    Block,
    Dispute,
    Line,
    Near,
    Row,
    Statement,
    block,
)
from everyline.runs import Run

PART = "use_case"
"""The key whose values a statement tells apart, where the taxonomy has it."""

_COSTS = (
    ("x_EffectiveAmount", "EffectiveCost"),
    ("x_BilledAmount", "BilledCost"),
)
_SHARED = "shared"
_ESTIMATED = "x_Basis = 'estimated' AS estimated_"
_PLACE = ("ServiceProviderName", "account_", "ServiceName", "BillingCurrency", "estimated_")
"""Where cost is: what is in the same place is near."""

At = tuple[str, str, bool]
"""An owner's block: owner, currency, whether it is estimated."""


class Sourced(NamedTuple):
    """Where statements are read from.

    Attributes:
        statements: SQL of the relation: the run's, or what was booked for closed months.
        closed: the day on which each closed month was closed.
        allocations: SQL of sums of the run's, where there is something quicker than these.
        drivers: SQL of x_ShareId and x_Driver, where there is something quicker than `shares`.
        reached: how far data reach, where that is known already.
        hold: gives what is known of the whole month by name, or finds it out.
    """

    engine: Engine
    run: Run
    statements: str
    closed: Mapping[str, str] = MappingProxyType({})
    allocations: str | None = None
    drivers: str | None = None
    reached: Reached | None = None
    hold: Callable[[str, Callable[[], Any]], Any] = lambda _, find: find()

    @property
    def keys(self) -> list[str]:
        """The taxonomy keys, the lead key first."""
        return list(self.run.manifest["keys"])


class _Month(NamedTuple):
    """Facts of a month, whoever has its cost.

    Attributes:
        before: the last month before it that has cost.
        pools: what was shared of each pool, by currency, whether it is estimated, and name.
        drivers: what each `pool` and `rule` was split by.
        nobodys: place to why what there has no owner, and how much it is.
    """

    before: str | None
    issuers: Mapping[tuple[str, bool], Mapping[str | None, tuple[Amount, Amount]]]
    pools: Mapping[tuple[str, bool, str], Decimal]
    drivers: Mapping[tuple[str, str], Sequence[str]]
    nobodys: Mapping[tuple[Any, ...], Sequence[tuple[str, Decimal]]]


@dataclass(slots=True)
class _Found:
    """Facts of all owners, by block; costs are exact EffectiveCost of this month."""

    month: _Month
    near: dict[At, list[Near]] = field(default_factory=dict)
    evidence: dict[At, dict[str, Decimal]] = field(default_factory=dict)
    rules: dict[At, dict[str, Decimal]] = field(default_factory=dict)
    pool_parts: dict[tuple[At, str], Decimal] = field(default_factory=dict)


def part_key(keys: Sequence[str]) -> str | None:
    """The key whose values a statement tells apart."""
    return PART if PART in keys[1:] else next(iter(keys[1:]), None)


def periods(source: Sourced) -> list[str]:
    """The months that have statements, in order."""
    return [
        month
        for (month,) in source.engine.rows(
            f"SELECT DISTINCT x_Period FROM {source.statements} ORDER BY 1"
        )
    ]


def owners(source: Sourced, period: str) -> list[str]:
    """The values of the lead key that have a statement of the month: cost in it or just before."""
    lead = quoted(source.keys[0])
    months = _months(period, _before(source, period))
    rows = source.engine.rows(
        f"SELECT DISTINCT {lead} FROM {source.statements}"
        f" WHERE x_Period IN ({months}) AND {lead} IS NOT NULL ORDER BY 1"
    )
    return [owner for (owner,) in rows]


def statements(
    source: Sourced,
    period: str,
    owner: str | None = None,
    disputes: Mapping[str, Sequence[Dispute]] | None = None,
) -> dict[str, Statement]:
    """The statements of a month by owner, in order; of one owner where it is given."""
    month: _Month = source.hold(f"statements of {period}", lambda: _month(source, period))
    lines = _lines(source, period, month.before, owner)
    found = _found(source, period, owner, month)
    fresh = (source.reached or reached(source.engine, source.run)).fresh(period)
    keys = source.keys
    blocks: dict[str, list[Block]] = {}
    for at, listed in lines.items():
        blocks.setdefault(at[0], []).append(_block(at, listed, found))
    return {
        name: Statement(
            key=keys[0],
            owner=name,
            period=period,
            before=month.before,
            part_key=part_key(keys),
            blocks=sorted(blocks[name], key=_order),
            fresh=fresh,
            disputes=(disputes or {}).get(name, ()),
            run=source.run.id,
            closed=source.closed.get(period),
        )
        for name in sorted(blocks)
    }


def unowned(source: Sourced, period: str) -> dict[tuple[str, bool], tuple[Amount, Amount]]:
    """What nobody has, by currency and whether it is estimated: EffectiveCost now and before."""
    lead, earlier = quoted(source.keys[0]), _before(source, period)
    now, before = (_sums(month, *_COSTS[0]) for month in (period, earlier))
    rows = source.engine.rows(
        f"SELECT BillingCurrency, {_ESTIMATED}, {now}, {before} FROM {source.statements}"
        f" WHERE {lead} IS NULL AND x_Period IN ({_months(period, earlier)})"
        " GROUP BY ALL ORDER BY ALL"
    )
    return {(c, e): (Amount(*costs[:2]), Amount(*costs[2:])) for c, e, *costs in rows}


def _order(one: Block) -> tuple[bool, int, str]:
    """Amounts of two currencies can't be compared; how much there is to say can."""
    return one.estimated, -len(one.lines), one.currency


def _before(source: Sourced, period: str) -> str | None:
    before: str | None = source.engine.one(
        f"SELECT max(x_Period) FROM {source.statements} WHERE x_Period < {literal(period)}"
    )[0]
    return before


def _months(*months: str | None) -> str:
    return ", ".join(literal(month) for month in months if month)


def _sums(month: str | None, *columns: str) -> str:
    """SQL of the sums of columns in a month; nothing where there is none."""
    test = f"FILTER (WHERE x_Period = {literal(month)})" if month else "FILTER (WHERE false)"
    return ", ".join(f"coalesce(sum({c}) {test}, 0)::DECIMAL(38,18)" for c in columns)


def _lines(
    source: Sourced, period: str, before: str | None, owner: str | None
) -> dict[At, list[Line]]:
    lead, part = quoted(source.keys[0]), part_key(source.keys)
    costs = ", ".join(_sums(month, *pair) for pair in _COSTS for month in (period, before))
    rows = source.engine.rows(
        f"SELECT {lead}, BillingCurrency, {_ESTIMATED},"
        f" {quoted(part) if part else 'NULL'} AS part_, x_Layer, ServiceName, x_Method, x_Pool,"
        f" InvoiceIssuerName, x_Basis, x_CorrectsPeriod, {costs}"
        f" FROM {source.statements} WHERE x_Period IN ({_months(period, before)})"
        f" AND {_of(lead, owner)}"
        " GROUP BY ALL ORDER BY ALL"
    )
    found: dict[At, list[Line]] = {}
    for name, currency, estimated, *cells in rows:
        costs_of = cells[8:]
        amounts = [Amount(*costs_of[n : n + 2]) for n in range(0, len(costs_of), 2)]
        found.setdefault((name, currency, estimated), []).append(Line(*cells[:8], *amounts))
    return found


def _of(lead: str, owner: str | None) -> str:
    return f"{lead} IS NOT NULL" if owner is None else f"{lead} = {literal(owner)}"


def _block(at: At, lines: Sequence[Line], found: _Found) -> Block:
    _, currency, estimated = at

    def say(row: Row) -> Sequence[str]:
        method, pool = row.names
        if method == _SHARED and pool is not None:
            part = found.pool_parts.get((at, pool), NOTHING)
            whole = found.month.pools.get((currency, estimated, pool), NOTHING)
            return words.shared(pool, part, whole, found.month.drivers.get(("pool", pool), ()))
        if method == "traced":
            rules = found.rules.get(at, {})
            drivers = {rule: found.month.drivers.get(("rule", rule), ()) for rule in rules}
            return words.traced(rules, drivers)
        return words.direct(found.evidence.get(at, {}))

    around = Around(
        words=say,
        issuers=found.month.issuers.get((currency, estimated), {}),
        near=found.near.get(at, ()),
    )
    return block(currency, estimated=estimated, lines=lines, around=around)


def _state(source: Sourced, period: str, test: str = "true") -> None:
    """Makes the table `stated`: allocations of the month, summed by what statements tell."""
    lead = quoted(source.keys[0])
    evidence = quoted(f"{source.keys[0]}_evidence")
    allocations = source.allocations or source.run.relation("allocations")
    source.engine.run(
        f"CREATE OR REPLACE TEMP TABLE stated AS SELECT {lead} AS owner_, {evidence} AS evidence_,"
        f" BillingCurrency, {_ESTIMATED}, x_Method, x_Rule, x_Pool, x_ShareId,"
        " ServiceProviderName, coalesce(SubAccountId, BillingAccountId) AS account_, ServiceName,"
        " sum(EffectiveCost)::DECIMAL(38,18) AS cost_"
        f" FROM {allocations} WHERE x_Period = {literal(period)} AND {test} GROUP BY ALL"
    )


def _month(source: Sourced, period: str) -> _Month:
    _state(source, period)
    pools = source.engine.rows(
        "SELECT BillingCurrency, estimated_, x_Pool, sum(cost_)::DECIMAL(38,18) FROM stated"
        " WHERE x_Pool IS NOT NULL GROUP BY ALL"
    )
    place = ", ".join(_PLACE)
    nobodys: dict[tuple[Any, ...], list[tuple[str, Decimal]]] = {}
    for *at, evidence, cost in source.engine.rows(
        f"SELECT {place}, evidence_, sum(cost_)::DECIMAL(38,18) FROM stated WHERE owner_ IS NULL"
        " GROUP BY ALL HAVING sum(cost_) <> 0"
    ):
        nobodys.setdefault(tuple(at), []).append((evidence, cost))
    month = _Month(
        _before(source, period),
        _issuers(source, period),
        {(currency, estimated, pool): cost for currency, estimated, pool, cost in pools},
        _drivers(source),
        nobodys,
    )
    source.engine.run("DROP TABLE stated")
    return month


def _found(source: Sourced, period: str, owner: str | None, month: _Month) -> _Found:
    _state(source, period, _of(quoted(source.keys[0]), owner))
    found = _Found(month)
    _rules(source.engine, found)
    _near(source.engine, found)
    source.engine.run("DROP TABLE stated")
    return found


def _rules(engine: Engine, found: _Found) -> None:
    """Costs by what found them: evidence, trace or pool."""
    for name, currency, estimated, method, evidence, rule, pool, cost in engine.rows(
        "SELECT owner_, BillingCurrency, estimated_, x_Method,"
        " CASE WHEN x_Method = 'direct' THEN evidence_ END,"
        " CASE WHEN x_Method = 'traced' THEN x_Rule END, x_Pool,"
        " sum(cost_)::DECIMAL(38,18) FROM stated GROUP BY ALL ORDER BY ALL"
    ):
        at = (name, currency, estimated)
        if method == "direct":
            found.evidence.setdefault(at, {})[evidence] = cost
        elif rule is not None:
            found.rules.setdefault(at, {})[rule] = cost
        elif pool is not None:
            before = found.pool_parts.get((at, pool), NOTHING)
            found.pool_parts[at, pool] = EXACT.add(before, cost)


def _drivers(source: Sourced) -> dict[tuple[str, str], list[str]]:
    """What each pool and trace of the month was split by."""
    found: dict[tuple[str, str], list[str]] = {}
    drivers = source.drivers or source.run.relation("shares")
    for kind, column in (("pool", "x_Pool"), ("rule", "x_Rule")):
        alone = "AND x_Pool IS NULL" if kind == "rule" else ""
        for name, driver in source.engine.rows(
            f"SELECT DISTINCT s.{column}, h.x_Driver FROM (SELECT DISTINCT {column}, x_ShareId"
            f" FROM stated WHERE {column} IS NOT NULL {alone}) AS s"
            f" JOIN (SELECT DISTINCT x_ShareId, x_Driver FROM {drivers}) AS h"
            " USING (x_ShareId) WHERE h.x_Driver IS NOT NULL ORDER BY ALL"
        ):
            found.setdefault((kind, name), []).append(driver)
    return found


def _near(engine: Engine, found: _Found) -> None:
    """Cost without an owner in the accounts and services where an owner has cost of its own."""
    places: dict[At, list[tuple[Any, ...]]] = {}
    for name, *place in engine.rows(
        f"SELECT DISTINCT owner_, {', '.join(_PLACE)} FROM stated"
        " WHERE x_Method IN ('direct', 'traced') ORDER BY ALL"
    ):
        if tuple(place) in found.month.nobodys:
            places.setdefault((name, place[3], place[4]), []).append(tuple(place))
    for at, listed in places.items():
        rows = [
            (provider, account, service, evidence, cost)
            for provider, account, service, *more in listed
            for evidence, cost in found.month.nobodys[provider, account, service, *more]
        ]
        # The order of the engine, for which nothing comes last.
        rows.sort(key=lambda row: (-abs(row[4]), [(one is None, one or "") for one in row[:4]]))
        shown = _shown([row[4] for row in rows], at[1])
        found.near[at] = [
            Near(row[0], row[1], row[2], row[3], Amount(amount, row[4]))
            for row, amount in zip(rows, shown, strict=True)
        ]


def _shown(costs: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Costs in minor units, so that they sum to their rounded sum, as in R23."""
    digits = figures.digits_of(currency)
    units = [int(cost.scaleb(money.SCALE, EXACT)) for cost in costs]
    whole = money.floor_half_up(sum(units), digits)
    parts = [(str(at), one) for at, one in enumerate(units)]
    return [Decimal(n).scaleb(-digits, EXACT) for n in money.cascade(whole, parts, digits).values()]


def _issuers(
    source: Sourced, period: str
) -> dict[tuple[str, bool], dict[str | None, tuple[Amount, Amount]]]:
    """Both costs of the month by who bills it."""
    found: dict[tuple[str, bool], dict[str | None, tuple[Amount, Amount]]] = {}
    costs = ", ".join(_sums(period, *pair) for pair in _COSTS)
    for currency, estimated, issuer, *sums in source.engine.rows(
        f"SELECT BillingCurrency, {_ESTIMATED}, InvoiceIssuerName, {costs}"
        f" FROM {source.statements} WHERE x_Period = {literal(period)} GROUP BY ALL"
    ):
        pair = (Amount(*sums[:2]), Amount(*sums[2:]))
        found.setdefault((currency, estimated), {})[issuer] = pair
    return found
