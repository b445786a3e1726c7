"""How cost came to where it is: direct, traced, or through which pool, and by which rule."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from everyline import figures
from everyline.engines.duckdb import Rows, literal, quoted
from everyline.exports import statement_words as words
from everyline.relations import METHODS
from everyline.web.asked import Ask
from everyline.web.grid import Cell, Grid, Head, summed
from everyline.web.pages.flows import having

_NOTHING = Decimal(0)


class _Facts(NamedTuple):
    """What decided, of the month's allocations.

    Attributes:
        evidence: exact cost by what found the owner, or why nobody was, by method.
        rules: exact cost by the trace that split it.
        drivers: what each pool and each trace was split by.
        pools: cost of whole pools in minor units; empty for who may not see it.
    """

    evidence: Mapping[str, Mapping[str, Decimal]]
    rules: Mapping[str, Decimal]
    drivers: Mapping[str, Sequence[str]]
    pools: Mapping[str, Decimal]


def ways(ask: Ask, place: Mapping[str, str | None], told: str) -> Grid:
    """Cost that has the values of `place`, by method and pool, with the rule in words.

    `told` is SQL of those rows of the relation, and maybe others.
    """
    rows = ask.rows(
        f"SELECT x_Method, x_Pool, sum({ask.amount}) FROM {told}"
        f" WHERE {ask.of_block()} AND {having(place)} GROUP BY x_Method, x_Pool"
        f" ORDER BY list_position([{', '.join(map(literal, METHODS))}], x_Method), 3 DESC, 2"
    )
    facts = _facts(ask, place)
    whole = summed(amount for *_, amount in rows)
    heads = [
        Head("x_Method", "how", "word"),
        Head("x_Pool", "pool"),
        Head("rule", "rule"),
        Head(ask.amount, "cost", "money"),
        Head("x_Share", "share", "share"),
    ]
    made = [
        [
            Cell(method),
            Cell(pool),
            Cell(_said(facts, method, pool, amount) or None),
            Cell(
                amount,
                ask.lines({**place, "x_Method": method, "x_Pool": pool}) if amount else None,
            ),
            Cell(figures.share(amount, whole)),
        ]
        for method, pool, amount in rows
    ]
    shares = [Cell(whole), Cell(figures.share(whole, whole))]
    total = [Cell("total"), Cell(None), Cell(None), *shares]
    return Grid("ways", "By which rule it came here", heads, made, ask.block.currency, total)


def _said(facts: _Facts, method: str, pool: str | None, amount: Decimal) -> str:
    """The rule in words."""
    if pool is not None:
        whole = facts.pools.get(pool)
        part = (_NOTHING, _NOTHING) if whole is None else (amount, whole)
        return " ".join(words.shared(pool, *part, facts.drivers.get(f"pool {pool}", ())))
    if method == "traced":
        drivers = {rule: facts.drivers.get(f"rule {rule}", ()) for rule in facts.rules}
        return " ".join(words.traced(facts.rules, drivers))
    found = facts.evidence.get(method, {})
    if method == "unallocated":
        reasons = sorted(found, key=lambda name: (-found[name], name))
        return ", ".join(map(words.reason, reasons))
    return " ".join(words.direct(found))


def _facts(ask: Ask, place: Mapping[str, str | None]) -> _Facts:
    evidence: dict[str, dict[str, Decimal]] = {}
    rules: dict[str, Decimal] = {}
    drivers: dict[str, list[str]] = {}
    for method, why, rule, pool, cost, named in _decided(ask, place):
        if pool is not None or rule is not None:
            known = drivers.setdefault(f"pool {pool}" if pool is not None else f"rule {rule}", [])
            known += [driver for driver in named or () if driver not in known]
        if pool is None and method == "traced":
            rules[rule] = summed((rules.get(rule, _NOTHING), cost))
        elif pool is None:
            of_method = evidence.setdefault(method, {})
            of_method[why] = summed((of_method.get(why, _NOTHING), cost))
    return _Facts(evidence, rules, drivers, _pools(ask))


def _decided(ask: Ask, place: Mapping[str, str | None]) -> Rows:
    """Method, evidence of the lead key, trace, pool, exact cost, and what it was split by."""
    parts = (
        f"SELECT x_Method, {quoted(f'{ask.lead}_evidence')} AS evidence_, x_Rule, x_Pool,"
        f" x_ShareId, sum({ask.exact})::DECIMAL(38,18) AS cost_"
        f" FROM {ask.run.relation('allocated')} WHERE {ask.of_block()} AND {having(place)}"
        " GROUP BY ALL"
    )
    drivers = (
        "SELECT x_ShareId, list(DISTINCT x_Driver) FILTER (x_Driver IS NOT NULL) AS drivers_"
        f" FROM {ask.run.relation('drivers')} SEMI JOIN parts_ USING (x_ShareId) GROUP BY x_ShareId"
    )
    return ask.rows(
        f"WITH parts_ AS MATERIALIZED ({parts}), drivers_ AS ({drivers})"
        " SELECT x_Method, evidence_, x_Rule, x_Pool, sum(cost_)::DECIMAL(38,18),"
        " list_sort(list_distinct(flatten(list(drivers_) FILTER (drivers_ IS NOT NULL))))"
        " FROM parts_ LEFT JOIN drivers_ USING (x_ShareId)"
        " GROUP BY x_Method, evidence_, x_Rule, x_Pool ORDER BY ALL"
    )


def _pools(ask: Ask) -> Mapping[str, Decimal]:
    if not ask.viewer.sees_all:
        return {}
    sql = (
        f"SELECT x_Pool, sum({ask.amount}) FROM {ask.run.relation('told')}"
        f" WHERE {ask.of_block()} AND x_Pool IS NOT NULL GROUP BY ALL"
    )
    return ask.held(f"pools {ask.block} {ask.amount}", lambda: dict(ask.rows(sql)))
