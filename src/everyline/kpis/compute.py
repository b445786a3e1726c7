"""The figures that KPIs are made of, out of the relations of a run and the books; all exact."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from everyline.config.configuration import Configuration
from everyline.config.pools import FixedSplit
from everyline.control import EXACT
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.kpis.library import OF_COST, OF_USAGE, Definition, Kpi
from everyline.runs import Run

_BILLED = "x_Basis <> 'estimated'"
_INPUT = ("input_tokens", "cached_input_tokens", "cache_write_tokens")
_WORKLOAD = "use_case"

Figures = dict[tuple[str, str | None], dict[str, Decimal | None]]
"""Figures by name, of a month and a currency."""


def kpis(engine: Engine, project: Path, run: Run, configuration: Configuration) -> list[Kpi]:
    """All KPIs of all months and currencies of a run, in order."""
    figures = Figures()
    for sql in (
        _of_allocations(run, configuration),
        _of_pools(run, configuration),
        _of_invoices(run),
        _of_calls(run),
        _of_tokens(run),
        _of_telemetry(run),
    ):
        _add(engine, sql, figures)
    months = {(period, currency) for period, currency in figures if currency is not None}
    for period, currency in sorted(months):
        figures[period, currency] |= _of_books(project, configuration, period).get(currency, {})
    blocks: list[tuple[str, str | None, Sequence[Definition]]] = [
        *((period, currency, OF_COST) for period, currency in sorted(months)),
        *((period, None, OF_USAGE) for period in sorted({period for period, _ in months})),
    ]
    return list(_in_blocks(blocks, figures))


def _in_blocks(
    blocks: Sequence[tuple[str, str | None, Sequence[Definition]]], figures: Figures
) -> Iterator[Kpi]:
    for period, currency, definitions in sorted(blocks, key=lambda b: (b[0], b[1] is None, b[1])):
        found = figures.get((period, currency), {})
        for one in definitions:
            numerator, denominator = found.get(one.numerator), found.get(one.denominator)
            yield Kpi(period, currency, one, numerator, denominator)


def _add(engine: Engine, sql: str, figures: Figures) -> None:
    """Adds the columns of a SELECT, after month and currency, as figures."""
    names = list(engine.columns(f"({sql})"))[2:]
    for period, currency, *values in engine.rows(f"SELECT * FROM ({sql}) ORDER BY ALL"):
        found = figures.setdefault((period, currency), {})
        found |= dict(zip(names, values, strict=True))


def _sum(measure: str, name: str, condition: str = "true") -> str:
    return f"sum({measure}) FILTER (WHERE {condition})::DECIMAL(38,18) AS {name}"


def _of_allocations(run: Run, configuration: Configuration) -> str:
    """How owners were found, and how cost is tagged."""
    names = [key.name for key in configuration.taxonomy]
    required = [key.name for key in configuration.taxonomy if key.required] or names[:1]
    tags = [quoted(f"{name}_tag") for name in dict.fromkeys([names[0], *required])]
    untagged = " OR ".join(f"{tag} = 'missing'" for tag in tags)
    compliant = " AND ".join(f"{tag} = 'declared'" for tag in tags)
    workloads = "NULL::DECIMAL(38,18)"
    if _WORKLOAD in names:
        workloads = f"nullif(count(DISTINCT {quoted(_WORKLOAD)}), 0)::DECIMAL(38,18)"
    covered = "x_CoverageCost"
    columns = (
        _sum("EffectiveCost", "total"),
        _sum("EffectiveCost", "direct_", "x_Method IN ('direct', 'traced')"),
        _sum("EffectiveCost", "unallocated_", "x_Method = 'unallocated'"),
        _sum("EffectiveCost", "shared", "x_Pool IS NOT NULL"),
        _sum("EffectiveCost", "lost_", "x_Pool IS NOT NULL AND x_Method = 'unallocated'"),
        _sum(covered, "eligible", "x_Eligible"),
        _sum(covered, "untagged_", f"x_Eligible AND ({untagged})"),
        _sum(covered, "compliant_", f"x_Eligible AND {compliant}"),
        _sum(covered, "metadata_", f"x_Eligible AND {tags[0]} <> 'missing'"),
        f"{workloads} AS workloads",
    )
    sums = (
        f"SELECT x_Period, BillingCurrency, {', '.join(columns)} FROM {run.relation('allocations')}"
        f" WHERE {_BILLED} GROUP BY ALL"
    )
    # Nothing of a kind is 0 of it, where there is anything at all.
    named = {
        "direct": "direct_",
        "unallocated": "unallocated_",
        "shared_unallocated": "lost_",
        "untagged": "untagged_",
        "compliant": "compliant_",
        "metadata": "metadata_",
    }
    zeros = ", ".join(f"coalesce({column}, 0) AS {name}" for name, column in named.items())
    kept = "x_Period, BillingCurrency, total, shared, eligible, workloads"
    return f"SELECT {kept}, {zeros} FROM ({sums})"


def _of_pools(run: Run, configuration: Configuration) -> str:
    """What went into pools, and what came out; those with fixed shares apart."""
    fixed = [
        pool.pool
        for pool in configuration.pools
        if any(isinstance(split, FixedSplit) for split in pool.split)
    ]
    listed = ", ".join(map(literal, fixed)) or "NULL"
    is_fixed = f"x_Pool IN ({listed}) IS TRUE"
    allocated = (
        "SELECT x_Period, BillingCurrency, x_Pool, x_LineId,"
        f" sum(EffectiveCost)::DECIMAL(38,18) AS out_ FROM {run.relation('allocations')}"
        f" WHERE x_Pool IS NOT NULL AND {_BILLED} GROUP BY ALL"
    )
    members = (
        "SELECT x_PoolLineId AS x_LineId, sum(EffectiveCost)::DECIMAL(38,18) AS in_"
        f" FROM {run.relation('pool_members')} GROUP BY ALL"
    )
    columns = (
        _sum("out_", "apportioned", f"NOT ({is_fixed})"),
        _sum("in_", "members", f"NOT ({is_fixed})"),
        _sum("out_", "fixed_apportioned", is_fixed),
        _sum("in_", "fixed_members", is_fixed),
    )
    return (
        f"SELECT x_Period, BillingCurrency, {', '.join(columns)}"
        f" FROM ({allocated}) LEFT JOIN ({members}) USING (x_LineId) GROUP BY ALL"
    )


def _of_invoices(run: Run) -> str:
    """Invoices that are listed; one without lines is cost that the repository lacks."""
    return (
        "SELECT x_Period, BillingCurrency,"
        " sum(coalesce(x_Found, 0))::DECIMAL(38,18) AS tied_billed,"
        " sum(x_Expected)::DECIMAL(38,18) AS tied_listed"
        f" FROM {run.relation('reconciliation')} WHERE x_Kind = 'invoice'"
        " AND x_Expected IS NOT NULL AND x_Period IS NOT NULL GROUP BY ALL"
    )


def _of_calls(run: Run) -> str:
    """Cost of providers whose calls are known; one billed in two currencies is left out."""
    cost = (
        "SELECT x_Period, BillingCurrency, ServiceProviderName,"
        " sum(EffectiveCost) FILTER (WHERE x_Layer = 'model') AS api_,"
        " sum(EffectiveCost) AS full_,"
        " count(*) OVER (PARTITION BY x_Period, ServiceProviderName) AS currencies_"
        f" FROM {run.relation('groups')} WHERE {_BILLED} AND x_Layer IN ('model', 'platform')"
        " GROUP BY x_Period, BillingCurrency, ServiceProviderName"
    )
    calls = (
        "SELECT strftime(hour, '%Y-%m') AS x_Period, ServiceProviderName,"
        " sum(x_RequestCount) AS calls_, sum(x_Quantity) FILTER (WHERE x_Meter = 'requests')"
        f" AS inferences_ FROM {run.relation('usage')} GROUP BY ALL HAVING sum(x_RequestCount) > 0"
    )
    columns = (
        _sum("api_", "api_cost"),
        _sum("full_", "full_cost"),
        _sum("calls_", "calls"),
        _sum("inferences_", "inferences"),
    )
    return (
        f"SELECT x_Period, BillingCurrency, {', '.join(columns)} FROM ({cost})"
        f" JOIN ({calls}) USING (x_Period, ServiceProviderName)"
        " WHERE currencies_ = 1 AND api_ IS NOT NULL GROUP BY ALL"
    )


def _of_tokens(run: Run) -> str:
    inputs = f"x_Meter IN ({', '.join(map(literal, _INPUT))})"
    tokens = f"({inputs} OR x_Meter = 'output_tokens')"
    columns = (
        _sum("EffectiveCost", "input_cost", inputs),
        _sum("EffectiveCost", "output_cost", "x_Meter = 'output_tokens'"),
        _sum("EffectiveCost", "token_cost"),
    )
    return (
        f"SELECT x_Period, BillingCurrency, {', '.join(columns)} FROM {run.relation('groups')}"
        f" WHERE {_BILLED} AND x_Layer = 'model' AND {tokens} GROUP BY ALL"
    )


def _of_telemetry(run: Run) -> str:
    inputs = f"x_Meter IN ({', '.join(map(literal, _INPUT))})"
    cached = f"sum(x_Quantity) FILTER (WHERE x_Meter = '{_INPUT[1]}')"
    columns = (
        f"coalesce({cached}, 0)::DECIMAL(38,18) AS cached_tokens",
        _sum("x_Quantity", "input_tokens", inputs),
        _sum("x_Quantity", "seats", "x_Meter = 'seats'"),
        _sum("x_Quantity", "seats_capacity", "x_Meter = 'seats_capacity'"),
    )
    return (
        f"SELECT strftime(hour, '%Y-%m') AS x_Period, NULL::VARCHAR, {', '.join(columns)}"
        f" FROM {run.relation('usage')} GROUP BY ALL"
    )


def _of_books(
    project: Path, configuration: Configuration, period: str
) -> Mapping[str | None, dict[str, Decimal | None]]:
    """What was booked of a month, corrected later, and recharged by its journal, by currency."""
    from everyline.books.journal.chart import chart
    from everyline.books.journal.entries import Asked, amount, journal
    from everyline.books.read import all_booked, closed, verified

    if verified(project) or period not in {close.period for close in closed(project)}:
        return {}
    found: defaultdict[str | None, dict[str, Decimal | None]] = defaultdict(dict)
    lines = all_booked(project)
    is_billed = configuration.chargeback and configuration.chargeback.cost == "BilledCost"
    for line in lines:
        if line.about == period and line.basis != "estimated":
            name = "corrected" if line.corrects else "booked"
            cost = line.billed_amount if is_billed else line.effective_amount
            sums = found[line.currency]
            sums.setdefault("corrected", Decimal(0))
            sums[name] = EXACT.add(sums.get(name) or Decimal(0), cost)
    if chart_ := chart(configuration):
        made = journal([line for line in lines if line.period == period], chart_, Asked(period))
        for one in made.left:
            moved = sum(
                posting.units
                for document in made.documents
                if document.currency == one.currency
                for posting in document.postings
                if posting.owner is not None
            )
            found[one.currency] |= {
                "recharged": amount(moved, one.digits),
                "spent": amount(one.billed, one.digits),
            }
    return found
