"""The order of the stages, and nothing else: bills in, one published run out."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from everyline import __version__, runs
from everyline.charges import make as charges
from everyline.charges.refusals import too_large
from everyline.config.configuration import Configuration
from everyline.config.load import Loaded, load
from everyline.config.sources import Bill, UsageSource
from everyline.engines.duckdb import Engine, OutOfRange
from everyline.making import Making
from everyline.problems import Problem, in_order
from everyline.reading import Project, project_in, read
from everyline.sources.deliveries import Delivered, deliveries

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run or a check.

    Attributes:
        problems: all of them, severest first.
        run: what was published; None where a problem stopped it, or nothing was to be written.
        configuration: of what was published.
    """

    problems: Sequence[Problem]
    run: runs.Run | None
    configuration: Configuration | None = None


def run(project: Path, *, progress: Progress = _silent) -> Outcome:
    """Makes all relations of a project and publishes them, all or nothing (R26).

    Raises:
        control.Unbalanced: a stage of ours lost or made money; nothing is published.
    """
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return Outcome(in_order(loaded.problems), None)
    with runs.aside(project) as folder:
        made = _made(project, loaded, folder, progress)
        if isinstance(made, Outcome):
            return made
        problems, facts = made
        progress("publishing")
        published = runs.publish(project, folder, _run_id(facts["inputs"]), facts)
    return Outcome(problems, published, loaded.configuration)


@contextmanager
def what_if(project: Path, other: Path, *, progress: Progress = _silent) -> Iterator[Outcome]:
    """What a run with the configuration `other` makes; published nowhere, and gone afterwards.

    Raises:
        control.Unbalanced: a stage of ours lost or made money.
    """
    loaded = load(project, instead=other)
    if loaded.configuration is None or loaded.problems:
        yield Outcome(in_order(loaded.problems), None)
        return
    with runs.aside(project) as folder:
        # The other file may lie outside of the project, and nobody asks for its hash.
        made = _made(project, replace(loaded, files=()), folder, progress)
        if isinstance(made, Outcome):
            yield made
            return
        problems, facts = made
        yield Outcome(problems, runs.unpublished(folder, facts))


def _made(
    project: Path, loaded: Loaded, folder: Path, progress: Progress
) -> Outcome | tuple[Sequence[Problem], dict[str, Any]]:
    """All files of a run in `folder`, and what its manifest says; or why there is none."""
    assert loaded.configuration is not None
    engine = Engine(folder)
    found = read(engine, project_in(project, loaded.configuration), progress)
    if found.is_stopped:
        return Outcome(in_order(found.problems), None)
    try:
        problems, facts = Making(engine, found, folder, progress).make()
    except OutOfRange:
        problems = [*found.problems, too_large(engine, found.bills.lines)]
        return Outcome(in_order(problems), None)
    if any(problem.level == "stop" for problem in problems):
        return Outcome(problems, None)
    facts["inputs"] = _inputs(found.files, loaded.files, project)
    engine.close()
    return problems, facts


def check(project: Path, *, progress: Progress = _silent) -> Outcome:
    """Reads configuration and data as `run` does, and writes nothing into the project."""
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return Outcome(in_order(loaded.problems), None)
    with TemporaryDirectory(prefix="everyline-") as folder:
        aside = Project(project, loaded.configuration, Path(folder))
        found = read(Engine(Path(folder)), aside, progress)
    return Outcome(in_order(found.problems), None)


def is_up_to_date(project: Path, run_: runs.Run) -> bool:
    """Whether a run now would be this one: same files, same configuration, same version."""
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return False
    sources: list[Bill | UsageSource] = [*loaded.configuration.bills, *loaded.configuration.usage]
    files = [file for source in sources for file in deliveries(project, source)[0]]
    return _run_id(_inputs(files, loaded.files, project)) == run_.id


def configured(project: Path, of: runs.Run) -> Configuration | Sequence[Problem]:
    """The configuration of a project as the run had it, or the problems why it is not that."""
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return in_order(loaded.problems)
    now = _inputs((), loaded.files, project)
    changed = [name for name, found in now.items() if of.manifest["inputs"].get(name) != found]
    return [_changed_since(changed)] if changed else loaded.configuration


def charges_relation(
    engine: Engine, project: Path, *, of: runs.Run | None = None
) -> str | Sequence[Problem]:
    """SQL of the relation `charges`, or the problems why there is none; as `charges_where`."""
    found = charges_where(engine, project, of=of)
    return found() if callable(found) else found


def charges_where(
    engine: Engine, project: Path, *, of: runs.Run | None = None
) -> Callable[..., str] | Sequence[Problem]:
    """What gives SQL of the relation `charges`, or the problems why there is none.

    Args:
        engine: where it will be read.
        project: the folder with everyline.yaml.
        of: a run whose inputs the charges must be, so that its figures and they agree.

    Returns:
        Takes a condition over what lines say themselves, of which equal lines all meet or fail it;
        or `beginning`: that the first of equal lines has an x_ChargeId that begins so; or
        `period`: that they are of that month. Its SQL holds until it is asked for the next.
    """
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return in_order(loaded.problems)
    whole = project_in(project, loaded.configuration)
    found = read(engine, whole, _silent, telemetry=False)
    if stops := [problem for problem in found.problems if problem.level == "stop"]:
        return in_order(stops)
    if of and (changed := _changed(of, _inputs(found.files, loaded.files, project))):
        return [changed]

    def where(
        condition: str = "true", *, beginning: str | None = None, period: str | None = None
    ) -> str:
        if beginning is not None:
            condition = charges.first_begins(beginning)
        if period is not None:
            condition = charges.of_period(period)
        return charges.charges(
            engine, found.configuration, found.plan, found.bills.lines, where=condition
        )

    return where


def _changed(run_: runs.Run, inputs: Mapping[str, str]) -> Problem | None:
    before: dict[str, str] = run_.manifest["inputs"]
    changed = sorted(k for k in before.keys() | inputs.keys() if before.get(k) != inputs.get(k))
    return _changed_since(changed) if changed else None


def _changed_since(changed: Sequence[str]) -> Problem:
    return Problem(
        name="inputs-changed",
        level="stop",
        sentence=f"{len(changed)} of the run's files have changed since, first `{changed[0]}`",
        place=changed[0],
        subject=changed[0],
        hint="`everyline run` brings all relations up to date",
    )


def _inputs(files: Sequence[Delivered], settings: Sequence[Path], project: Path) -> dict[str, str]:
    """Path in the project to SHA-256, of every file that the run depends on."""
    found = {file.file: file.sha256 for file in files}
    for path in settings:
        name = path.relative_to(project).as_posix()
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def _run_id(inputs: Mapping[str, str]) -> str:
    text = json.dumps([__version__, inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
