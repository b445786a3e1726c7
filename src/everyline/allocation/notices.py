"""What traces have to say: units that differ, usage of unknown cost, owners that are not valid."""

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


def of_level(level: Level) -> list[Problem]:
    """What one level could not weigh, by period and currency, with the cost touched."""
    weight = level.level.weight
    what = "units" if level.by_quantity else "currencies"
    return [
        *_found(
            level,
            "trace-units-differ",
            f"usage comes in several {what} at level {level.number} of the trace"
            f" `{level.trace.rule}`, which therefore splits none of this cost",
            f"let `usage` pick one of the {what}, or name in `on` what tells them apart",
            "several_",
        ),
        *_found(
            level,
            "trace-quantity-not-comparable",
            f"billed quantity and usage have other units at level {level.number} of the trace"
            f" `{level.trace.rule}`, so nothing of this cost counts as not seen",
            "bring both to one unit, or weigh by estimated_cost",
            "NOT several_ AND differs_",
        ),
        *(
            []
            if weight == "quantity"
            else _found(
                level,
                "usage-without-estimated-cost",
                f"usage without an estimated cost counts 0 at level {level.number} of the trace"
                f" `{level.trace.rule}`",
                "add its price to `prices`",
                "unknown_ > 0",
            )
        ),
    ]


def _found(level: Level, name: str, sentence: str, hint: str, test: str) -> list[Problem]:
    """One problem for each period and currency in whose blocks `test` holds.

    The cost is that of the groups which the level looked at in these blocks.
    """
    rows = level.tracing.engine.rows(
        "SELECT x_Period, BillingCurrency, sum(EffectiveCost)::DECIMAL(38,18)"
        " FROM (SELECT group_, block_ FROM trace_lines JOIN trace_takers USING (taker_))"
        " JOIN trace_groups USING (group_) SEMI JOIN"
        f" (SELECT block_ FROM trace_takers JOIN trace_driven USING (block_) WHERE {test})"
        " USING (block_) GROUP BY ALL ORDER BY ALL"
    )
    return [
        Problem(
            name=name,
            level="warn",
            sentence=sentence,
            place=level.level.place,
            subject=f"{level.trace.rule}, level {level.number}",
            period=period,
            currency=currency,
            cost=cost,
            hint=hint,
        )
        for period, currency, cost in rows
    ]
