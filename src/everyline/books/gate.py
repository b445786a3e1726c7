"""The gate (R25): what must hold before a month's cost may be charged back, and what to mend.

Only what `chargeback: gate:` asks for is judged, by the last run and the books; ratios are compared
by multiplying, currency by currency. What can't be judged has not passed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from everyline.books import corrections, read
from everyline.books.disputes import FILE, Dispute, disputes
from everyline.books.lines import stated, total, written
from everyline.config.configuration import Configuration, Gate
from everyline.control import EXACT
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.problems import Problem
from everyline.relations import ABSENT
from everyline.runs import Run

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of one month.

    Attributes:
        name: as in `chargeback: gate:`.
        currency: of `found` and `whole`, where they are amounts.
        found: what was found: an amount, or how many months in a row.
        whole: of what it is a part; None where it is none.
        limit: what is allowed, as a ratio of `whole`, or wanted, in months.
        says: the finding in words.
        columns: of `rows`.
        rows: what to mend, the largest first.
    """

    name: str
    passed: bool
    says: str
    currency: str | None = None
    found: Decimal | None = None
    whole: Decimal | None = None
    limit: Decimal | None = None
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


def judged(
    engine: Engine, run: Run, project: Path, configuration: Configuration, period: str
) -> list[Check]:
    """Every check that the configuration asks for; none without a gate.

    The books must be whole: ask `read.verified` first.
    """
    chargeback = configuration.chargeback
    if chargeback is None or chargeback.gate is None:
        return []
    gate = chargeback.gate
    checks: list[Check] = []
    if gate.unallocated is not None:
        checks += _unallocated(engine, run, period, gate.unallocated)
    if gate.reconciled is not None:
        checks += _reconciled(engine, run, period, gate.reconciled)
    if gate.showback_periods:
        checks.append(_showback(project, period, gate.showback_periods))
    if gate.approved is not None:
        checks.append(_approved(gate, period, statement_hash(engine, run, project, period)))
    if gate.disputes is not None:
        costs = _costs(engine, run, chargeback.cost, period)
        checks += _disputed(costs, disputes(project, configuration), period, gate.disputes)
    return checks


def passed(checks: Iterable[Check]) -> bool:
    """Whether all of them have passed."""
    return all(check.passed for check in checks)


def statement_hash(engine: Engine, run: Run, project: Path, period: str) -> str:
    """SHA-256 of the month's `statements.csv`, as it was booked or would be booked now."""
    for close in read.closed(project):
        if close.period == period:
            return close.statements
    keys = run.manifest["keys"]
    lines = corrections.due(read.all_booked(project), stated(engine, run), period, keys)
    return read.sha256(written(lines, keys))


def _unallocated(engine: Engine, run: Run, period: str, limit: Decimal) -> list[Check]:
    lead = run.manifest["keys"][0]
    absent = ", ".join(map(literal, ABSENT))
    sums = engine.rows(
        "SELECT BillingCurrency, sum(x_CoverageCost)::DECIMAL(38,18),"
        f" coalesce(sum(x_CoverageCost) FILTER (WHERE x_Evidence IN ({absent})), 0)::DECIMAL(38,18)"
        f" FROM {run.relation('coverage')} WHERE x_Period = ? AND x_Key = ?"
        " GROUP BY ALL ORDER BY ALL",
        [period, lead],
    )
    if not sums:
        return [Check(name="unallocated", passed=False, says="nothing was billed", limit=limit)]
    rows = engine.rows(
        "SELECT BillingCurrency, ServiceProviderName, ServiceName,"
        " coalesce(SubAccountId, BillingAccountId) AS account, x_Pool,"
        f" {quoted(f'{lead}_evidence')} AS reason, sum(x_CoverageCost)::DECIMAL(38,18) AS cost"
        f" FROM {run.relation('allocations')}"
        f" WHERE x_Period = ? AND x_Basis <> 'estimated' AND {quoted(lead)} IS NULL"
        " GROUP BY ALL HAVING cost <> 0 ORDER BY cost DESC, 1, 2, 3, 4, 5, 6",
        [period],
    )
    return [
        Check(
            name="unallocated",
            passed=_within(none, whole, limit),
            says=f"without a {lead}",
            currency=currency,
            found=none,
            whole=whole,
            limit=limit,
            columns=("provider", "service", "account", "pool", "reason", "cost"),
            rows=[row[1:] for row in rows if row[0] == currency],
        )
        for currency, whole, none in sums
    ]


def _reconciled(engine: Engine, run: Run, period: str, limit: Decimal) -> list[Check]:
    rows = engine.rows(
        "SELECT BillingCurrency, InvoiceIssuerName, InvoiceId, x_Expected, x_Found, x_Difference,"
        f" x_Within FROM {run.relation('reconciliation')}"
        " WHERE x_Kind = 'invoice' AND x_Period = ?"
        " ORDER BY x_Within, abs(x_Difference) DESC, BillingCurrency, InvoiceIssuerName, InvoiceId",
        [period],
    )
    if not rows:
        says = "no invoice of this month is listed or billed"
        return [Check(name="reconciled", passed=False, says=says, limit=limit)]
    checks = []
    for currency in sorted({row[0] for row in rows}):
        own = [row[1:] for row in rows if row[0] == currency]
        whole = total(row[2] or _NOTHING for row in own)
        differing = total(abs(row[4]) for row in own)
        checks.append(
            Check(
                name="reconciled",
                passed=_within(differing, whole, limit),
                says="differs from the invoices",
                currency=currency,
                found=differing,
                whole=whole,
                limit=limit,
                columns=("issuer", "invoice", "listed", "billed", "difference", "within"),
                rows=[row for row in own if row[4]],
            )
        )
    return checks


def _showback(project: Path, period: str, wanted: int) -> Check:
    """Closes of the months right before, in a row."""
    closes = {close.period for close in read.closed(project)}
    count, month = 0, _before(period)
    while month in closes:
        count, month = count + 1, _before(month)
    missing = []
    for _ in range(wanted - count):
        missing.append((month, "not closed"))
        month = _before(month)
    return Check(
        name="showback_periods",
        passed=count >= wanted,
        says="closed in a row before it",
        found=Decimal(count),
        limit=Decimal(wanted),
        columns=("month", "why"),
        rows=missing,
    )


def _approved(gate: Gate, period: str, sha256: str) -> Check:
    about = [row for row in gate.approved or () if row.period == period]
    names = [row.name for row in about if row.statement_hash == sha256]
    stale = [(row.place, f"{row.name} has approved other statements") for row in about]
    return Check(
        name="approved",
        passed=bool(names),
        says=f"by {', '.join(names)}" if names else "by nobody",
        columns=("where", "row"),
        rows=[] if names else [("add:", f"{period},{sha256},NAME,DAY"), *stale],
    )


def _disputed(
    costs: Mapping[str, Decimal],
    found: tuple[Sequence[Dispute], Sequence[Problem]],
    period: str,
    limit: Decimal,
) -> list[Check]:
    """Open disputes about the month, as a part of its cost by currency."""
    listed, problems = found
    if problems:
        says = f"{FILE} has mistakes, which `everyline check` names"
        return [Check(name="disputes", passed=False, says=says, limit=limit)]
    rows = [row for row in listed if row.period == period and row.state == "open"]
    rows.sort(key=lambda row: (-row.amount, row.place))
    checks = []
    for currency in sorted({*costs, *(row.currency for row in rows)}):
        own = [row for row in rows if row.currency == currency]
        whole, disputed = costs.get(currency, _NOTHING), total(row.amount for row in own)
        checks.append(
            Check(
                name="disputes",
                passed=_within(disputed, whole, limit),
                says="disputed",
                currency=currency,
                found=disputed,
                whole=whole,
                limit=limit,
                columns=("where", "owner", "about", "reason", "amount"),
                rows=[(r.place, r.owner, r.charge or r.rule, r.reason, r.amount) for r in own],
            )
        )
    return checks


def _costs(engine: Engine, run: Run, cost: str, period: str) -> dict[str, Decimal]:
    """What statements come to, by currency; estimates are not charged back."""
    rows = engine.rows(
        f"SELECT BillingCurrency, sum({quoted(cost)})::DECIMAL(38,18)"
        f" FROM {run.relation('statements')} WHERE x_Period = ? AND x_Basis <> 'estimated'"
        " GROUP BY ALL",
        [period],
    )
    return dict(rows)


def _within(found: Decimal, whole: Decimal, limit: Decimal) -> bool:
    """Whether `found` is at most `limit` of `whole`; of a whole that is negative, of its size."""
    return found <= EXACT.multiply(limit, abs(whole))


def _before(month: str) -> str:
    """The calendar month before."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1:04}-12" if number == 1 else f"{year:04}-{number - 1:02}"
