"""Checks of charges: control totals, and what a charge can't do without (R2, R3, R6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from everyline import money
from everyline.bill_lines import BillLines
from everyline.charges import lines as line
from everyline.charges.lines import COSTS
from everyline.charges.partial import surplus
from everyline.engines.duckdb import Engine, literal
from everyline.problems import Problem


@dataclass(frozen=True, slots=True)
class Control:
    """What the lines of one month and currency sum to, read apart from the groups (R26).

    Attributes:
        period: `2026-10`; None where a line has none, which is a `stop`.
        currency: as billed.
        count: lines.
        sums: of each of COSTS; signed.
    """

    period: str | None
    currency: str | None
    count: int
    sums: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    level: Literal["stop", "warn"]
    test: str
    sentence: str
    hint: str


def control(engine: Engine, lines: BillLines) -> tuple[list[Control], list[Problem]]:
    """Control totals of `lines` and their problems, in one pass over the few columns it takes."""
    measures = line.measures(lines)
    checks = _checks(lines)
    columns = [f"{line.month(lines)} AS month_", "BillingCurrency AS currency_"]
    columns += [f"{measures[cost]} AS cost_{at}" for at, cost in enumerate(COSTS)]
    columns += [f"({check.test}) AS check_{at}" for at, check in enumerate(checks)]
    sums = [f"sum(cost_{at})::DECIMAL(38,18)" for at in range(len(COSTS))]
    for at in range(len(checks)):
        failed = f"FILTER (WHERE check_{at})"
        sums += [f"count(*) {failed}", f"sum(cost_1) {failed}::DECIMAL(38,18)"]
    rows = engine.rows(
        f"SELECT strftime(month_, '%Y-%m'), currency_, count(*), {', '.join(sums)}"
        f" FROM (SELECT {', '.join(columns)} FROM {lines.relation}) GROUP BY ALL ORDER BY ALL"
    )
    controls: list[Control] = []
    failures: list[tuple[_Check, str | None, str | None, tuple[int, Decimal | None]]] = []
    for period, currency, count, *values in rows:
        costs = [value if value is not None else Decimal(0) for value in values[: len(COSTS)]]
        controls.append(Control(period, currency, count, dict(zip(COSTS, costs, strict=True))))
        for at, check in enumerate(checks):
            failed, cost = values[len(COSTS) + 2 * at : len(COSTS) + 2 * at + 2]
            if failed:
                failures.append((check, period, currency, (failed, cost)))
    places = _first(engine, lines, dict.fromkeys(check.test for check, *_ in failures))
    problems = [
        _problem(check, places[check.test], period, currency, failed)
        for check, period, currency, failed in failures
    ]
    return controls, problems + _currencies(engine, lines, controls)


_NO_CURRENCY = _Check(
    "no-currency",
    "stop",
    "BillingCurrency IS NULL",
    "the charge has no BillingCurrency",
    "fill it, or give it with `set: {BillingCurrency: USD}`",
)


def _checks(lines: BillLines) -> Sequence[_Check]:
    has = frozenset(lines.columns)
    found = [_null("BilledCost"), _NO_CURRENCY, *_period_checks(lines)]
    found += [_null("EffectiveCost")] if "EffectiveCost" in has else []
    found += [_taken(cost) for cost in ("ListCost", "ContractedCost") if cost in has]
    return found + [
        _without_unit(quantity, unit, has)
        for quantity, unit in (
            ("ConsumedQuantity", "ConsumedUnit"),
            ("PricingQuantity", "PricingUnit"),
        )
        if quantity in has or unit in has
    ]


def _period_checks(lines: BillLines) -> Sequence[_Check]:
    return (
        _Check(
            "no-period",
            "stop",
            f"{line.month(lines)} IS NULL",
            "the charge has neither a BillingPeriodStart nor a ChargePeriodStart",
            "fill one of them, or map it with `columns`",
        ),
        _Check(
            "no-charge-period",
            "warn",
            f"{line.no_window(lines)} AND {line.month(lines)} IS NOT NULL",
            "the charge period is missing, empty or negative: the calendar month is taken",
            "fill ChargePeriodStart and ChargePeriodEnd to bring usage and dates to bear",
        ),
    )


def _taken(cost: str) -> _Check:
    return _Check(
        "cost-taken-from-another",
        "warn",
        f"{cost} IS NULL",
        f"`{cost}` is absent: EffectiveCost is taken instead",
        "nothing to do where the vendor gives no such price",
    )


def _without_unit(quantity: str, unit: str, has: frozenset[str]) -> _Check:
    left = f"{quantity} IS NOT NULL" if quantity in has else "false"
    right = f"{unit} IS NOT NULL" if unit in has else "false"
    return _Check(
        "quantity-without-unit",
        "warn",
        f"({left}) <> ({right})",
        f"one of `{quantity}` and `{unit}` is absent: both are read as absent",
        "fill both to let this cost be compared with usage",
    )


def _null(cost: str) -> _Check:
    return _Check(
        "null-cost",
        "stop",
        f"{cost} IS NULL",
        f"`{cost}` is absent",
        "write 0 where nothing was charged; an absent cost can't be summed",
    )


def _first(engine: Engine, lines: BillLines, tests: Iterable[str]) -> dict[str, str]:
    """SQL of a test to the place of the first line that meets it; all in one pass."""
    if not (listed := list(tests)):
        return {}
    place = "{'file': x_SourceFile, 'row': x_SourceRow}"
    firsts = ", ".join(f"min({place}) FILTER (WHERE {test})" for test in listed)
    found = engine.one(f"SELECT {firsts} FROM {lines.relation}")
    return {t: lines.place(f["file"], f["row"]) for t, f in zip(listed, found, strict=True)}


def _problem(
    check: _Check,
    place: str,
    period: str | None,
    currency: str | None,
    found: tuple[int, Decimal | None],
) -> Problem:
    count, cost = found
    return Problem(
        name=check.name,
        level=check.level,
        sentence=check.sentence,
        place=place,
        subject=check.sentence,
        period=period,
        currency=currency,
        cost=cost,
        count=count,
        hint=check.hint,
    )


def _currencies(engine: Engine, lines: BillLines, controls: Sequence[Control]) -> list[Problem]:
    problems = []
    for control_ in controls:
        currency = control_.currency
        if currency is None or money.minor_digits(currency) is not None:
            continue
        test = f"BillingCurrency = {literal(currency)}"
        problems.append(
            Problem(
                name="unknown-currency",
                level="stop",
                sentence=f"`BillingCurrency` is `{currency}`, which is no currency of ISO 4217",
                place=_first(engine, lines, [test])[test],
                subject=currency,
                period=control_.period,
                cost=control_.sums["EffectiveCost"],
                count=control_.count,
                hint=_currency_hint(currency),
            )
        )
    return problems


def _currency_hint(currency: str) -> str:
    if money.minor_digits(currency.upper()) is not None:
        return f"write `{currency.upper()}`, in capital letters"
    return "write the three capital letters of a national currency, such as `USD`"


def inseparable(engine: Engine, lines: BillLines, table: str, keys: Sequence[str]) -> list[Problem]:
    """Tag values with the control character that tells values apart in partial sums."""
    rows = engine.rows(
        "SELECT min(first_), BillingCurrency, sum(x_LineCount)::BIGINT,"
        f" sum(EffectiveCost)::DECIMAL(38,18) FROM {table} WHERE {surplus(keys)}"
        " GROUP BY ALL ORDER BY ALL"
    )
    return [
        Problem(
            name="inseparable-tags",
            level="stop",
            sentence="a tag has the control character U+001F, so tags can't be told apart",
            place=lines.place(first["file"], first["row"]),
            currency=currency,
            cost=cost,
            count=count,
            hint="take the character out of the tag at its source",
        )
        for first, currency, count, cost in rows
    ]
