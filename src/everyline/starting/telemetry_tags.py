"""Tags of telemetry, all of them: also those that no configuration names."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from everyline import runs
from everyline.config.configuration import Configuration
from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine, quoted
from everyline.owners.tags import spellings
from everyline.sources.deliveries import deliveries
from everyline.sources.usages import usages
from everyline.tag_columns import is_tag, key_of, present
from everyline.usage.make import Usage
from everyline.usage.view import usage
from everyline.usage_rows import UsageRows

Progress = Callable[[str], None]

VALUES_MAX = 1000
"""A tag key of more values says which call it was, and not whose; it is left out."""


class Tagged(NamedTuple):
    """Telemetry by its tags.

    Attributes:
        relation: SQL like the relation `usage` without owners; empty where there is no telemetry.
        left_out: tag keys of more than `VALUES_MAX` values, by source, with how many they have.
    """

    relation: str
    left_out: Mapping[str, Mapping[str, int]]


def tagged_usage(
    engine: Engine, project: Path, configuration: Configuration, progress: Progress
) -> Tagged:
    """The telemetry of a project whose last run has read it, with all its tags and at list prices.

    What is odd about it is a problem of the run, and not said again.
    """
    found = _read(engine, project, configuration, progress)
    if not found:
        return Tagged("", {})
    left_out: dict[str, Mapping[str, int]] = {}
    for rows in found:
        counts = _counts(engine, rows)
        if many := {key: values for key, (values, _) in counts.items() if values > VALUES_MAX}:
            left_out[rows.source.name] = many
    unwanted = {key for keys in left_out.values() for key in keys}
    made = Usage(engine, configuration, lambda key: key not in unwanted)
    problems = made.make(found, dated=False)
    if any(problem.level == "stop" for problem in problems):
        return Tagged("", left_out)
    return Tagged(f"({usage('usage_identities', 'usage_hours', made.tags, ())})", left_out)


def shares_of_usage(
    engine: Engine,
    project: Path,
    sources: Sequence[UsageSource],
    progress: Progress,
) -> dict[str, Fraction]:
    """Tag key, as it is compared (R7), to the share of the rows of telemetry that carry it."""
    configuration = Configuration(taxonomy=(), usage=tuple(sources))
    found = _read(engine, project, configuration, progress)
    carried: dict[str, int] = defaultdict(int)
    whole = 0
    for rows in found:
        whole += engine.one(f"SELECT count(*) FROM {rows.relation}")[0]
        for key, (values, count) in _counts(engine, rows).items():
            if 0 < values <= VALUES_MAX:
                carried[spellings(key)[-1]] += count
    return {key: Fraction(min(count, whole), whole) for key, count in carried.items()}


def _read(
    engine: Engine, project: Path, configuration: Configuration, progress: Progress
) -> Sequence[UsageRows]:
    cache = project / runs.FOLDER / "cache"
    found = [deliveries(project, source) for source in configuration.usage]
    return usages(engine, configuration, found, cache=cache, progress=progress).rows


def _counts(engine: Engine, rows: UsageRows) -> dict[str, tuple[int, int]]:
    """Tag key as delivered to how many values it has, and how many rows carry it."""
    found: dict[str, tuple[int, int]] = {}
    if rows.tag_keys and "Tags" in rows.columns:
        sets = f"SELECT Tags, count(*) AS rows_ FROM {rows.relation} GROUP BY 1"
        pairs = (
            "SELECT rows_, unnest(map_entries(CAST(CAST(Tags AS JSON) AS MAP(VARCHAR, VARCHAR))))"
            f" AS pair FROM ({sets}) WHERE Tags IS NOT NULL"
        )
        apart = f"SELECT rows_, pair.key AS key, {present('pair.value')} AS value FROM ({pairs})"
        for key, values, count in engine.rows(
            "SELECT key, count(DISTINCT value), coalesce(sum(rows_) FILTER (value IS NOT NULL), 0)"
            f"::BIGINT FROM ({apart}) GROUP BY 1 ORDER BY 1"
        ):
            found[key] = (values, count)
    for column in filter(is_tag, rows.columns):
        value = present(quoted(column))
        values, count = engine.one(
            f"SELECT count(DISTINCT {value}), count({value}) FROM {rows.relation}"
        )
        before = found.get(key_of(column), (0, 0))
        found[key_of(column)] = (before[0] + values, before[1] + count)
    return found
