"""The relation `causes`, which is worked out of a run where it is asked for (R24)."""

from collections.abc import Sequence
from fractions import Fraction

from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, TooLarge
from everyline.problems import Problem
from everyline.runs import Run


def causes_relation(
    engine: Engine, run: Run, configuration: Configuration
) -> str | Sequence[Problem]:
    """SQL of the relation, or why there is none; rates and sources are those of `configuration`."""
    from everyline.reconciliation.three_way import Sources, causes

    rates = {(r.period, r.currency): Fraction(r.rate) for r in configuration.rates}

    def rate(period: str, of: str, to: str) -> Fraction | None:
        sides = [
            Fraction(1) if currency == configuration.currency else rates.get((period, currency))
            for currency in (of, to)
        ]
        return Fraction(sides[0], sides[1]) if sides[0] and sides[1] else None

    left_out = [one.name for one in configuration.usage if not one.reconcile]
    groups, usage, tied = map(run.relation, ("groups", "usage", "reconciliation"))
    try:
        return causes(engine, Sources(groups, usage, tied, left_out, rate))
    except TooLarge:
        return [
            Problem(
                name="sum-too-large",
                level="stop",
                sentence="amounts are too large to be compared exactly",
                place=configuration.rates[0].place if configuration.rates else "everyline.yaml",
                hint="an amount has at most 20 digits before the point: correct the largest rate",
            )
        ]
