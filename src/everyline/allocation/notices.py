"""What traces have to say: units that differ, usage of unknown cost, owners that are not valid."""

from typing import NamedTuple

from everyline.allocation.levels import Level
from everyline.config.rules import Trace
from everyline.problems import Problem


def of_rest(trace: Trace, key: str, text: str, period: str) -> Problem:
    """`rest` names a value that is not valid in that month, and has no successor (R10)."""
    return Problem(
        name="value-not-valid",
        level="warn",
        sentence=f"`rest` of the trace `{trace.rule}` gives `{key}` the value `{text}`, which is"
        f" not valid on {period}-01; cost that usage does not explain stays without `{key}`",
        place=trace.place,
        subject=f"{trace.rule}, {key}: {text}",
        period=period,
        hint="give it a successor in its list, or name another value",
    )


class _Told(NamedTuple):
    """A problem of a level; `test` is SQL of whether a block's driver has it."""

    sentence: str
    hint: str
    test: str
    name: str


def of_level(level: Level) -> list[Problem]:
    """What one level could not weigh, by period and currency, with the cost touched.

    The cost is that of the groups which the level looked at in the blocks of which it is true.
    """
    told = _told(level)
    tests = ", ".join(f"bool_or({one.test}) AS test_{at}" for at, one in enumerate(told))
    found = ", ".join(
        f"count(*) FILTER (WHERE test_{at}), sum(EffectiveCost) FILTER (WHERE test_{at})"
        "::DECIMAL(38,18)"
        for at in range(len(told))
    )
    rows = level.tracing.engine.rows(
        f"SELECT x_Period, BillingCurrency, {found}"
        " FROM (SELECT group_, block_ FROM trace_lines JOIN trace_takers USING (taker_))"
        " JOIN trace_groups USING (group_) JOIN"
        f" (SELECT block_, {tests} FROM trace_takers JOIN trace_driven USING (block_) GROUP BY ALL)"
        " USING (block_) GROUP BY ALL ORDER BY ALL"
    )
    return [
        Problem(
            name=one.name,
            level="warn",
            sentence=one.sentence,
            place=level.level.place,
            subject=f"{level.trace.rule}, level {level.number}",
            period=period,
            currency=currency,
            cost=sums[2 * at + 1],
            hint=one.hint,
        )
        for at, one in enumerate(told)
        for period, currency, *sums in rows
        if sums[2 * at]
    ]


def _told(level: Level) -> list[_Told]:
    what = "units" if level.by_quantity else "currencies"
    told = [
        _Told(
            f"usage comes in several {what} at level {level.number} of the trace"
            f" `{level.trace.rule}`, which therefore splits none of this cost",
            f"let `usage` pick one of the {what}, or name in `on` what tells them apart",
            "several_",
            name="trace-units-differ",
        ),
        _Told(
            f"billed quantity and usage have other units at level {level.number} of the trace"
            f" `{level.trace.rule}`, so nothing of this cost counts as not seen",
            "bring both to one unit, or weigh by estimated_cost",
            "NOT several_ AND differs_",
            name="trace-quantity-not-comparable",
        ),
    ]
    if level.level.weight == "quantity":
        return told
    return [
        *told,
        _Told(
            f"usage without an estimated cost counts 0 at level {level.number} of the trace"
            f" `{level.trace.rule}`",
            "add its price to `prices`",
            "unknown_ > 0",
            name="usage-without-estimated-cost",
        ),
    ]
