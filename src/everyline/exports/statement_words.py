"""What a statement says in words: rules, reasons, and what its figures are."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from everyline import figures
from everyline.exports.statement import Block, Fresh, Row, Statement
from everyline.figures import percent, share

Costs = Mapping[str, Decimal]
"""Exact EffectiveCost by evidence, or by the rule that found it."""

METHODS = {
    "direct": "direct",
    "traced": "traced by usage",
    "shared": "shared",
    "unallocated": "unallocated",
}
"""How methods are called."""

_EVIDENCE = {
    "tag": "a tag of the bill line",
    "registry": "a registry of who owns which key, account or project",
    "rule": "a rule under `owners`",
    "implied": "another key that implies it",
}
_REASONS = {
    "untagged": "no tag",
    "unknown_value": "unknown tag value",
    "conflict": "tags contradict",
    "no_usage": "no usage matches",
    "unseen": "use not seen",
    "idle": "idle capacity",
    "driver_unowned": "split by unowned",
    "zero_driver": "nothing to split by",
    "no_outlet": "pool leads nowhere",
    "no_rate": "no exchange rate",
    "not_split": "not split by it",
}
_BY = {
    "cost": "in proportion to the other cost that each has",
    "fixed": "by fixed shares",
    "even": "in equal parts",
}
_UNITS = {"usage", "quantity", "estimated_cost"}

EXPLAIN_OPTIONS = ("project", "period", "service", "where", "most", "as", "help")
"""Options of `everyline explain` that are no keys."""

OBJECT = (
    "Is a figure wrong? The first command takes it apart, down to bill lines. An objection is a"
    " line of {} in the project, which is kept until it is settled."
)
DISPUTES = "books/disputes.csv"
ROUNDING = (
    "Amounts are rounded from the invoice issuer's total down, so that every table sums and all"
    " statements together are the bill."
)


def reason(evidence: str) -> str:
    """Why cost has no owner."""
    return _REASONS.get(evidence, evidence)


def near(key: str) -> str:
    """What `near` is, in words; stands on every statement that has any."""
    return (
        f"Cost of this month that has no {key} yet, in the accounts and services where this {key}"
        f" has direct or traced cost. Perhaps none of it is this {key}'s. It is in no total here,"
        f" and stands on the statement of each {key} that uses the same account and service, so do"
        " not add it up over statements."
    )


def direct(evidence: Costs) -> list[str]:
    """By what the owner of direct cost was found."""
    known = {_EVIDENCE.get(name, name): cost for name, cost in evidence.items()}
    return [f"Found on the line itself: {_listed(known)}."] if known else []


def traced(rules: Costs, drivers: Mapping[str, Sequence[str]]) -> list[str]:
    """By which rules usage gave the cost to its owner, and what of usage weighed."""
    parts = {
        f"rule {name}, by {' or '.join(map(_measure, drivers.get(name, ())))}": cost
        for name, cost in rules.items()
    }
    return [f"Split by who used it: {_listed(parts)}."] if parts else []


def shared(pool: str, part: Decimal, whole: Decimal, drivers: Sequence[str]) -> list[str]:
    """Which part of a pool this is, and what the pool is split by."""
    found = share(part, whole)
    ways = " or ".join(dict.fromkeys(map(_split, drivers)))
    of = f"{percent(found)} of" if found is not None else "a part of"
    said = f", which is split {ways}" if ways else ""
    return [f"This is {of} pool {pool}{said}."]


def title(statement: Statement) -> str:
    """What stands on top."""
    return f"AI cost of {statement.key} {statement.owner} in {statement.period}"


def standing(statement: Statement) -> str:
    """Whether the figures may still change."""
    if statement.closed is not None:
        return (
            f"Closed on {statement.closed}: these figures no longer change, and corrections come"
            " with a later month."
        )
    return f"Open: figures may change until {statement.period} is closed."


def heading(block: Block) -> str:
    """What a block is of."""
    if block.estimated:
        return f"{block.currency}, estimated from usage at list prices and billed by nobody"
    return block.currency


def summary(statement: Statement, block: Block) -> list[str]:
    """The change since the last month, and what makes most of it, in sentences."""
    said = []
    change = block.total.change.shown
    if statement.before is None:
        said.append("There is no earlier month to compare with.")
    elif not any(row.before.shown for row in block.changes):
        said.append(f"Nothing in {statement.before}.")
    elif not change:
        said.append(f"As much as in {statement.before}.")
    else:
        more = "more" if change > 0 else "less"
        part = share(abs(change), abs(block.total.before.shown))
        by = f" ({percent(part)})" if part is not None else ""
        amount = figures.amount(abs(change), block.currency)
        said.append(f"{amount} {more} than in {statement.before}{by}.")
        largest = block.changes[0]
        moved = figures.change(largest.change.shown, block.currency)
        said.append(f"The largest change: {_named(statement, largest)}, {moved}{_news(largest)}.")
    metered = block.metered.shown
    if metered and metered == block.total.now.shown:
        said.append("Nothing of it is invoiced yet.")
    elif metered:
        said.append(f"{figures.amount(metered, block.currency)} of the total is not invoiced yet.")
    for row in block.corrections:
        amount = figures.change(row.now.shown, block.currency)
        said.append(f"{amount} of the total corrects {row.names[0]}, which is closed.")
    for one in statement.disputes:
        if one.currency == block.currency and not block.estimated:
            amount = figures.amount(one.amount, one.currency)
            said.append(f"{amount} of the total is disputed ({one.state}).")
    return said


def others(count: int) -> str:
    """What stands for rows that are summed."""
    return "1 other" if count == 1 else f"{count:,} others"


def nobody(key: str | None) -> str:
    """What stands where a value should."""
    return f"(no {key})" if key else "(none)"


def until(fresh: Fresh, period: str) -> str:
    """How far a source reaches."""
    moment = f"{fresh.until:%Y-%m-%d %H:%M} UTC"
    if f"{fresh.until:%Y-%m}" > period:
        return f"{moment}, all of {period}"
    return moment


def explains(statement: Statement) -> list[str]:
    """Words of the command line that takes the statement's figures apart."""
    option = statement.key.replace("_", "-")
    asked = ["--where", f"{statement.key}={statement.owner}"]
    if option not in EXPLAIN_OPTIONS:
        asked = [f"--{option}", statement.owner]
    return ["explain", "--period", statement.period, *asked]


def _named(statement: Statement, row: Row) -> str:
    part, *others = row.names
    named = [part or nobody(statement.part_key)] if statement.part_key else []
    return ", ".join([*named, *(name or "(none)" for name in others)])


def _news(row: Row) -> str:
    if not row.before.shown:
        return ", which is new"
    return "" if row.now.shown else ", which has ended"


def _listed(costs: Costs) -> str:
    """Names by cost, with their share of all where no credit makes shares meaningless."""
    names = sorted(costs, key=lambda name: (-costs[name], name))
    if len(names) == 1 or any(cost < 0 for cost in costs.values()):
        return "; ".join(names)
    whole = sum((Fraction(cost) for cost in costs.values()), Fraction(0))
    if not whole:
        return "; ".join(names)
    return "; ".join(
        f"{name} ({percent(Fraction(Fraction(costs[name]), whole))})" for name in names
    )


def _split(driver: str) -> str:
    return _BY.get(driver) or f"by {_measure(driver)}"


def _measure(driver: str) -> str:
    """What of usage weighs: its unit says it best, an estimate is what usage costs by list."""
    words = [word for word in driver.split(" ") if word not in _UNITS]
    if "estimated_cost" in driver.split(" "):
        return "list price of the usage" + (f" in {' '.join(words)}" if words else "")
    return f"{' '.join(words)} used" if words else driver.replace("_", " ")
