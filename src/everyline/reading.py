"""A project's files, read and summed: what every stage after them starts from."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from everyline import control, money, runs
from everyline.bill_lines import BillLines
from everyline.charges import make as charges
from everyline.config.asked import group_columns, named_tags
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, TooLarge
from everyline.owners.entries import is_dated
from everyline.owners.tags import is_taxonomy_tag
from everyline.problems import Problem
from everyline.relations import COSTS
from everyline.sources.bills import Bills, bills
from everyline.sources.deliveries import Delivered, Deliveries, deliveries
from everyline.sources.usages import usages
from everyline.tag_columns import PREFIX
from everyline.usage.estimated import estimated
from everyline.usage.make import Usage

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """A project's bills and telemetry, read and summed.

    Attributes:
        usage: whose tables are made; None where the project has no telemetry.
        files: every file that counts.
        problems: of all of it.
    """

    configuration: Configuration
    bills: Bills
    plan: charges.Plan
    summed: Sequence[charges.Summed]
    usage: Usage | None
    files: Sequence[Delivered]
    problems: Sequence[Problem]

    @property
    def is_stopped(self) -> bool:
        """Whether a problem forbids to go on."""
        return any(problem.level == "stop" for problem in self.problems)

    def charged(self) -> control.Totals:
        """Sums over every bill line, by period and currency."""
        sums: control.Totals = {}
        for summed in self.summed:
            for one in summed.controls:
                key = (one.period or "", one.currency or "")
                before = sums.setdefault(key, dict.fromkeys(COSTS, Decimal(0)))
                sums[key] = {c: control.EXACT.add(before[c], one.sums[c]) for c in COSTS}
        return sums

    def minor_digits(self) -> dict[str, int]:
        """Digits of the minor unit of each currency billed."""
        currencies = {one.currency for summed in self.summed for one in summed.controls}
        digits = {c: money.minor_digits(c) for c in currencies if c}
        return {c: d for c, d in digits.items() if d is not None}

    def first_lines(self, engine: Engine) -> Callable[[Sequence[Mapping[str, Any]]], list[str]]:
        """What finds the first lines of the bills whose tags have given values."""
        pairs = list(zip(self.bills.lines, self.summed, strict=True))

        def first_lines(tags: Sequence[Mapping[str, Any]]) -> list[str]:
            places = ["" for _ in tags]
            for lines, summed in pairs:
                left = [at for at, place in enumerate(places) if not place]
                found = charges.first_lines(engine, summed, [tags[at] for at in left])
                for at, place in zip(left, found, strict=True):
                    places[at] = lines.place(*place) if place else ""
            return [place or "everyline.yaml" for place in places]

        return first_lines


class Project(NamedTuple):
    """A project to read: its folder, what is configured, and where to keep what was read."""

    folder: Path
    configuration: Configuration
    cache: Path


def project_in(folder: Path, configuration: Configuration) -> Project:
    """A project that keeps what was read in its own folder."""
    return Project(folder, configuration, folder / runs.FOLDER / "cache")


def read(
    engine: Engine, project: Project, progress: Progress, *, telemetry: bool = True
) -> Reading:
    """Reads what is new of a project's files; the rest is known from its cache.

    Args:
        engine: where tables are made.
        project: whose files they are.
        progress: told what is being done.
        telemetry: whether usage is wanted, beside bills; its files are known in any case.
    """
    folder, configuration, cache = project
    with ThreadPoolExecutor(max_workers=1) as ahead:
        # Logs are large: they are hashed while the bills are read.
        coming = [ahead.submit(deliveries, folder, source) for source in configuration.usage]
        found = bills(engine, folder, configuration, cache=cache, progress=progress)
    delivered = [one.result() for one in coming]
    files, problems = list(found.files), list(found.problems)
    usage = None
    if telemetry or any(source.charges for source in configuration.usage):
        usage, of_usage, told = _usage(engine, project, delivered, progress)
        estimates, told_of_estimates = _estimated(engine, configuration, usage)
        found.lines.extend(estimates)
        files += of_usage
        problems += [*told, *told_of_estimates]
    else:
        files += [file for of_source, _ in delivered for file in of_source]
    plan = charges.plan(
        configuration,
        found.lines,
        group_columns(configuration),
        lambda key: is_taxonomy_tag(configuration.taxonomy, key),
    )
    summed = []
    for lines in found.lines:
        progress(f"summing {lines.source}")
        summed.append(charges.summed(engine, lines, plan.billed, cache / "sums"))
    problems += [problem for one in summed for problem in one.problems]
    if all(problem.level != "stop" for problem in problems):
        problems += _without_charges(configuration, found.lines, summed)
    return Reading(configuration, found, plan, summed, usage, files, problems)


def _usage(
    engine: Engine, project: Project, delivered: Sequence[Deliveries], progress: Progress
) -> tuple[Usage | None, Sequence[Delivered], list[Problem]]:
    """The usage of a project, made; its files; and problems."""
    _, configuration, cache = project
    if not configuration.usage:
        return None, (), []
    found = usages(engine, configuration, delivered, cache=cache, progress=progress)
    if any(problem.level == "stop" for problem in found.problems) or not found.rows:
        return None, found.files, found.problems
    named = named_tags(configuration)
    usage = Usage(
        engine,
        configuration,
        lambda key: is_taxonomy_tag(configuration.taxonomy, key) or PREFIX + key in named,
    )
    progress("summing usage")
    try:
        problems = [*found.problems, *usage.make(found.rows, dated=is_dated(configuration))]
    except TooLarge:
        problems = [*found.problems, _too_large(configuration)]
    is_made = all(problem.level != "stop" for problem in problems)
    return usage if is_made else None, found.files, problems


def _too_large(configuration: Configuration) -> Problem:
    return Problem(
        name="sum-too-large",
        level="stop",
        sentence="quantities of the telemetry are too large to be summed exactly",
        place=configuration.usage[0].place,
        hint="a sum has at most 20 digits before the point: correct the largest at its source",
    )


def _estimated(
    engine: Engine, configuration: Configuration, usage: Usage | None
) -> tuple[list[BillLines], list[Problem]]:
    """Charges made of usage that has no bill (R3)."""
    lines, problems = [], []
    for number, source in enumerate(configuration.usage):
        if usage and source.charges:
            found, of_source = estimated(engine, source, usage.tags, number)
            lines += [found] if found else []
            problems += of_source
    return lines, problems


def _without_charges(
    configuration: Configuration, lines: Sequence[BillLines], summed: Sequence[charges.Summed]
) -> list[Problem]:
    """Files that hold no charge; where none holds any, there is nothing to run."""
    problems = [
        Problem(
            name="no-charges",
            level="warn",
            sentence="the file has no charge",
            place=one.file,
            hint="nothing to do where nothing was charged; else fetch it again",
        )
        for one, sums in zip(lines, summed, strict=True)
        if one.file and not sums.controls
    ]
    if not any(sums.controls for sums in summed):
        problems.append(
            Problem(
                name="no-charges",
                level="stop",
                sentence="the bills have no charge, so there is nothing to run",
                place=configuration.bills[0].place if configuration.bills else "everyline.yaml",
                hint="put bills where `path` says; `everyline init` finds out what they are",
            )
        )
    return problems
