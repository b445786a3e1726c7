"""Parts, summed once by all that reports look at: coverage, statements, and what a run ends with.

Parts that are told in numbers (`compact.py`) are summed as numbers first, in a fraction of the time
that texts take.
"""

from collections.abc import Sequence
from typing import NamedTuple

from everyline.engines.duckdb import Engine, quoted
from everyline.relations import COSTS

_COSTS = (*COSTS, "x_CoverageCost")


class Summed(NamedTuple):
    """How many parts there are, and whether billed and effective cost of all are equal."""

    parts: int
    are_alike: bool


def number_sums(engine: Engine, file: str, summed: str, target: str) -> int:
    """Makes the table `target` of a file of numbers, its lines summed to fewer.

    Args:
        engine: where `target` will be.
        file: SQL of the file.
        summed: SELECT of its sums, as `compact.summed`.
        target: its name.

    Returns:
        How many rows it has less than the file.
    """
    engine.run(f"CREATE OR REPLACE TEMP TABLE {target} AS {summed}")
    (fewer,) = engine.one(f"SELECT (SELECT count(*) FROM {file}) - (SELECT count(*) FROM {target})")
    return int(fewer)


def part_sums(engine: Engine, columns: Sequence[str], staying: str, shared: str = "") -> Summed:
    """Makes the view `part_sums`: `columns`, costs, and `parts_`, how many parts a row stands for.

    Args:
        engine: where it will be.
        columns: of `allocations`.
        staying: SQL of `parts.staying`.
        shared: SQL of `parts.shared`, summed as numbers already; empty where there are no pools.
    """
    listed = ", ".join(map(quoted, columns))
    sums = ", ".join(f"sum({cost})::DECIMAL(38,18) AS {cost}" for cost in _COSTS)
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE staying_sums AS SELECT {listed}, {sums}, count(*) AS parts_"
        f" FROM {staying} GROUP BY ALL"
    )
    made = "FROM staying_sums"
    if shared:
        made += f" UNION ALL SELECT {listed}, {', '.join(_COSTS)}, 1 FROM {shared}"
    engine.run(f"CREATE OR REPLACE TEMP VIEW part_sums AS {made}")
    return Summed(
        *engine.one(
            "SELECT coalesce(sum(parts_), 0)::BIGINT,"
            " coalesce(bool_and(BilledCost IS NOT DISTINCT FROM EffectiveCost), true)"
            " FROM part_sums"
        )
    )
