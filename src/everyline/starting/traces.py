"""Traces to begin with: per provider billed, usage of the same models splits its cost (R14).

A trace is written only where a bill of models and usage of the same models of its provider are
both there. Usage of one format is one view of the calls; of several views the one that knows most
accounts, then most usage, is taken, and the others stay out of the comparison with the bill (R24).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from everyline.charges import make as charges
from everyline.config.configuration import Configuration
from everyline.config.sources import Bill
from everyline.config.taxonomy import Key
from everyline.engines.duckdb import Engine, literal, parquet
from everyline.problems import Problem
from everyline.reading import Reading, project_in, read
from everyline.starting.bills import Found
from everyline.starting.tag_keys import Tags
from everyline.starting.telemetry import FoundTelemetry, FoundUsage

Level = tuple[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class FoundTrace:
    """A trace: of which provider's models, by which sources of usage, by which levels.

    `beside` are sources of another view of the same calls, which would weigh them twice.
    """

    rule: str
    provider: str
    sources: tuple[str, ...]
    beside: tuple[str, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """What is known of all sources.

    Attributes:
        telemetry: the sources that can be read.
        traces: one a provider at most.
        again: sources that see no provider but those that a trace takes from another format.
    """

    telemetry: FoundTelemetry
    traces: tuple[FoundTrace, ...]
    again: frozenset[str]


@dataclass(frozen=True, slots=True)
class _View:
    """What usage of one format knows of the models that a provider bills."""

    provider: str
    format: str
    sources: tuple[str, ...]
    has_accounts: bool
    has_meters: bool
    quantity: Any


def configuration_of(found: Found, tags: Tags) -> Configuration:
    """The configuration that `configuration_text` writes, as far as bills go."""
    return Configuration(
        taxonomy=tuple(Key(name=key, tags=said or (key,)) for key, said in tags.chosen.items()),
        bills=tuple(
            Bill(name=b.name, format=b.format, path=b.path, layer=b.layer)  # type: ignore[arg-type]
            for b in found.bills
        ),
    )


def used(
    engine: Engine,
    project: Path,
    configuration: Configuration,
    telemetry: FoundTelemetry,
    progress: Callable[[str], None],
) -> Used:
    """Traces of the bills of `configuration`, and `telemetry` less what can't be summed.

    Where bills stop a run, nothing can be said of what they and usage have in common.
    """
    left_out = dict(telemetry.left_out)
    sources = list(telemetry.sources)
    while sources and configuration.bills:
        whole = replace(configuration, usage=tuple(one.source for one in sources))
        reading = read(engine, project_in(project, whole), progress)
        bad = {one.name: why for one in sources if (why := _stop_of(reading.problems, one))}
        if not bad:
            telemetry = FoundTelemetry(tuple(sources), left_out)
            if reading.is_stopped or reading.usage is None:
                return Used(telemetry, (), frozenset())
            return _traced(telemetry, list(_views(engine, reading, sources)))
        left_out |= {
            file: bad[one.name] for one in sources if one.name in bad for file in one.files
        }
        sources = [one for one in sources if one.name not in bad]
    return Used(FoundTelemetry(tuple(sources), left_out), (), frozenset())


def _stop_of(problems: Sequence[Problem], one: FoundUsage) -> str:
    """Why a source can't be summed; empty if it can."""
    places = tuple(f"{file}:" for file in one.files)
    of_it = (
        problem
        for problem in problems
        if problem.subject == one.name or f"{problem.place}:".startswith(places)
    )
    return next((problem.sentence for problem in of_it if problem.level == "stop"), "")


def _views(engine: Engine, reading: Reading, sources: Sequence[FoundUsage]) -> Iterator[_View]:
    """Views of each provider whose models are billed and seen."""
    formats: dict[str, list[str]] = defaultdict(list)
    for one in sources:
        formats[one.format].append(one.name)
    with TemporaryDirectory(prefix="everyline-") as folder:
        file = Path(folder) / "grouped.parquet"
        charges.write_groups(engine, reading.configuration, reading.plan, reading.summed, file)
        engine.run(
            "CREATE OR REPLACE TEMP TABLE billed_models AS SELECT DISTINCT ServiceProviderName,"
            f" SubAccountId, x_Model, x_Meter FROM {parquet(file)} WHERE x_Layer = 'model'"
            " AND ServiceProviderName IS NOT NULL AND x_Model IS NOT NULL"
        )
    has = "SELECT 1 FROM billed_models AS b WHERE b.ServiceProviderName = u.ServiceProviderName"
    has += " AND b.x_Model = u.x_Model"
    for format_, names in formats.items():
        listed = ", ".join(map(literal, names))
        rows = engine.rows(
            "SELECT ServiceProviderName, list_sort(list_distinct(list(x_Source))),"
            f" bool_or(EXISTS ({has} AND b.SubAccountId = u.SubAccountId)),"
            f" bool_or(EXISTS ({has} AND b.x_Meter = u.x_Meter)),"
            " sum(h.x_Quantity)::DECIMAL(38,18) FROM usage_identities AS u"
            " JOIN usage_hours AS h USING (id_)"
            f" WHERE x_Source IN ({listed}) AND EXISTS ({has}) GROUP BY 1 ORDER BY 1"
        )
        for provider, own, has_accounts, has_meters, quantity in rows:
            yield _View(provider, format_, tuple(own), has_accounts, has_meters, quantity)


def _traced(telemetry: FoundTelemetry, views: Sequence[_View]) -> Used:
    by_provider: dict[str, list[_View]] = defaultdict(list)
    for one in views:
        by_provider[one.provider].append(one)
    taken = [
        max(some, key=lambda one: (one.has_accounts, one.quantity, one.format))
        for _, some in sorted(by_provider.items())
    ]
    names = {name for one in taken for name in one.sources}
    seen = {name for one in views for name in one.sources}
    traces = tuple(
        FoundTrace(
            rule=f"{'-'.join(one.provider.lower().split())}-by-{one.format}",
            provider=one.provider,
            sources=one.sources,
            beside=tuple(
                name
                for other in by_provider[one.provider]
                if other is not one
                for name in other.sources
            ),
            levels=_levels(one),
        )
        for one in taken
    )
    return Used(telemetry, traces, frozenset(seen - names))


def _levels(one: _View) -> tuple[Level, ...]:
    accounts = ("SubAccountId",) if one.has_accounts else ()
    exact = (((*accounts, "x_Model", "x_Meter"), "quantity"),) if one.has_meters else ()
    return (*exact, (("x_Model",), "estimated_cost"))
