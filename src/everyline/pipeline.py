"""The order of the stages, and nothing else: bills in, one published run out."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from everyline import __version__, control, money, runs
from everyline.allocation import direct
from everyline.bill_lines import BillLines
from everyline.charges import make as charges
from everyline.charges.refusals import too_large
from everyline.config.asked import group_columns
from everyline.config.configuration import Configuration
from everyline.config.load import load
from everyline.coverage import measure
from everyline.engines.duckdb import Engine, OutOfRange, parquet
from everyline.owners import notices
from everyline.owners.make import Owners, owned_groups
from everyline.owners.tags import is_taxonomy_tag
from everyline.problems import Problem, in_order
from everyline.relations import COSTS
from everyline.sources.bills import Bills, bills, rounded_in
from everyline.sources.deliveries import Delivered
from everyline.statements import round as rounding

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run or a check.

    Attributes:
        problems: all of them, severest first.
        run: what was published; None where a problem stopped it, or nothing was to be written.
        not_carried_out: parts of the configuration that nothing acts on yet, in words.
    """

    problems: Sequence[Problem]
    run: runs.Run | None
    not_carried_out: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class _Read:
    """A project's bills, read and summed."""

    configuration: Configuration
    bills: Bills
    plan: charges.Plan
    summed: Sequence[charges.Summed]
    problems: Sequence[Problem]


def run(project: Path, *, progress: Progress = _silent) -> Outcome:
    """Makes all relations of a project and publishes them, all or nothing (R26).

    Raises:
        control.Unbalanced: a stage of ours lost or made money; nothing is published.
    """
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return Outcome(in_order(loaded.problems), None)
    with runs.aside(project) as folder:
        engine = Engine(folder)
        found = _read(engine, project, loaded.configuration, progress)
        if any(problem.level == "stop" for problem in found.problems):
            return Outcome(in_order(found.problems), None, _not_carried_out(found.configuration))
        try:
            problems, facts = _make(engine, found, folder, progress)
        except OutOfRange:
            problems = [*found.problems, too_large(engine, found.bills.lines)]
            return Outcome(in_order(problems), None, _not_carried_out(found.configuration))
        facts["inputs"] = _inputs(found.bills.files, loaded.files, project)
        engine.close()
        progress("publishing")
        published = runs.publish(project, folder, _run_id(facts["inputs"]), facts)
    return Outcome(problems, published, _not_carried_out(found.configuration))


def check(project: Path, *, progress: Progress = _silent) -> Outcome:
    """Reads configuration and data as `run` does, and writes nothing into the project."""
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return Outcome(in_order(loaded.problems), None)
    with TemporaryDirectory(prefix="everyline-") as folder:
        cache = Path(folder)
        found = _read(Engine(cache), project, loaded.configuration, progress, cache=cache)
    return Outcome(in_order(found.problems), None, _not_carried_out(found.configuration))


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
        Takes a condition over what lines say themselves, of which equal lines all meet or fail it,
        or `beginning`: that the first of equal lines has an x_ChargeId that begins so. Its SQL
        holds until it is asked for the next.
    """
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return in_order(loaded.problems)
    found = _read(engine, project, loaded.configuration, _silent)
    if stops := [problem for problem in found.problems if problem.level == "stop"]:
        return in_order(stops)
    if of and (changed := _changed(of, _inputs(found.bills.files, loaded.files, project))):
        return [changed]

    def where(condition: str = "true", *, beginning: str | None = None) -> str:
        if beginning is not None:
            condition = charges.first_begins(beginning)
        return charges.charges(
            engine, found.configuration, found.plan, found.bills.lines, where=condition
        )

    return where


def _changed(run_: runs.Run, inputs: Mapping[str, str]) -> Problem | None:
    before: dict[str, str] = run_.manifest["inputs"]
    changed = sorted(k for k in before.keys() | inputs.keys() if before.get(k) != inputs.get(k))
    if not changed:
        return None
    return Problem(
        name="inputs-changed",
        level="stop",
        sentence=f"{len(changed)} of the run's files have changed since, first `{changed[0]}`",
        place=changed[0],
        subject=changed[0],
        hint="`everyline run` brings all relations up to date",
    )


def _read(
    engine: Engine,
    project: Path,
    configuration: Configuration,
    progress: Progress,
    *,
    cache: Path | None = None,
) -> _Read:
    cache = cache or project / runs.FOLDER / "cache"
    found = bills(engine, project, configuration, cache=cache, progress=progress)
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
    problems = [*found.problems, *(problem for one in summed for problem in one.problems)]
    if all(problem.level != "stop" for problem in problems):
        problems += _without_charges(configuration, found.lines, summed)
    return _Read(configuration, found, plan, summed, problems)


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


def _make(
    engine: Engine, found: _Read, folder: Path, progress: Progress
) -> tuple[list[Problem], dict[str, Any]]:
    """Writes the files of a run into `folder`; all problems, and the facts of the manifest."""
    configuration = found.configuration
    keys = [key.name for key in configuration.taxonomy]
    files = {
        n: folder / f"{n}.parquet"
        for n in ("groups", "owners", "coverage", "statements", "problems")
    }
    progress("grouping charges")
    charges.write_groups(engine, configuration, found.plan, found.summed, files["groups"])
    progress("finding owners")
    owners = Owners(engine, configuration, files["groups"])
    said = owners.write(files["owners"])
    views = _views(configuration, owners.columns)
    relation = {n: _relation(n, views, files) for n in (*files, *views)}
    problems = in_order(
        [
            *found.problems,
            *notices.problems(
                engine, owners.touched(relation["owned_groups"]), said, _first_line(engine, found)
            ),
        ]
    )
    progress("measuring coverage")
    engine.write(measure.coverage(relation["allocations"], keys), files["coverage"])
    progress("writing statements")
    exact = f"({rounding.exact(relation['allocations'], keys)})"
    engine.write(rounding.statements(exact, keys, _minor_digits(found)), files["statements"])
    _write_problems(engine, problems, files["problems"])
    return problems, _facts(engine, found, relation) | {"views": views}


def _views(configuration: Configuration, columns: Sequence[str]) -> dict[str, str]:
    """The relations that are made where they are asked for, as SQL over the files of the run."""
    file = runs.file_in_view
    keys = [key.name for key in configuration.taxonomy]
    owned = owned_groups(file("groups"), file("owners"), columns, keys)
    return {
        "owned_groups": owned,
        "allocations": direct.allocations(f"({owned})", configuration.taxonomy),
    }


def _relation(name: str, views: Mapping[str, str], files: Mapping[str, Path]) -> str:
    if name in files:
        return parquet(files[name])
    sql = views[name]
    for file, path in files.items():
        sql = sql.replace(runs.file_in_view(file), parquet(path))
    return f"({sql})"


def _facts(engine: Engine, found: _Read, relation: Mapping[str, str]) -> dict[str, Any]:
    """Row counts and control totals; raises where money was lost or made (R26)."""
    groups, none, group_count = control.scoped_totals(engine, relation["groups"])
    allocated, part_count = control.totals(engine, relation["allocations"])
    balances = control.balanced(_charged(found), groups, none, allocated)
    stated, _ = control.totals(engine, relation["statements"], COSTS[:2])
    expected = {key: {c: sums[c] for c in COSTS[:2]} for key, sums in allocated.items()}
    control.refuse_unequal("statements", expected, stated)
    # Nothing is split, so each group in scope is one part.
    counts = {"groups": group_count, "owned_groups": part_count, "allocations": part_count}
    counts |= {
        name: engine.one(f"SELECT count(*) FROM {sql}")[0]
        for name, sql in relation.items()
        if name not in counts
    }
    sources = dict.fromkeys(lines.source for lines in found.bills.lines if lines.rounded)
    rounded = {
        name: rounded_in(lines.rounded for lines in found.bills.lines if lines.source == name)
        for name in sources
    }
    return {
        "control": [{k: str(v) for k, v in balance._asdict().items()} for balance in balances],
        "keys": [key.name for key in found.configuration.taxonomy],
        "lines": sum(one.count for summed in found.summed for one in summed.controls),
        "relations": counts,
        "rounded": rounded,
        "version": __version__,
    }


def _charged(found: _Read) -> control.Totals:
    sums: control.Totals = {}
    for summed in found.summed:
        for one in summed.controls:
            key = (one.period or "", one.currency or "")
            before = sums.setdefault(key, dict.fromkeys(COSTS, Decimal(0)))
            sums[key] = {cost: control.EXACT.add(before[cost], one.sums[cost]) for cost in COSTS}
    return sums


def _minor_digits(found: _Read) -> dict[str, int]:
    currencies = {one.currency for summed in found.summed for one in summed.controls}
    return {c: digits for c in currencies if c and (digits := money.minor_digits(c)) is not None}


def _first_line(engine: Engine, found: _Read) -> Callable[[Mapping[str, Any]], str]:
    """Finds the first line of the bills whose tags have given values."""
    pairs = list(zip(found.bills.lines, found.summed, strict=True))

    def first_line(tags: Mapping[str, Any]) -> str:
        for lines, summed in pairs:
            place = charges.first_line(engine, summed.relation, tags)
            if place is not None:
                return lines.place(*place)
        return "everyline.yaml"

    return first_line


def _write_problems(engine: Engine, problems: Sequence[Problem], target: Path) -> None:
    columns = {
        "x_Problem": "VARCHAR",
        "x_Place": "VARCHAR",
        "x_Subject": "VARCHAR",
        "level": "VARCHAR",
        "sentence": "VARCHAR",
        "x_Period": "VARCHAR",
        "BillingCurrency": "VARCHAR",
        "EffectiveCost": "DECIMAL(38,18)",
        "x_LineCount": "BIGINT",
        "hint": "VARCHAR",
    }
    rows = [
        (
            p.name,
            p.place,
            p.subject,
            p.level,
            p.sentence,
            p.period,
            p.currency,
            p.cost,
            p.count,
            p.hint,
        )
        for p in problems
    ]
    engine.table("problems_", columns, rows)
    engine.write("SELECT * FROM problems_ ORDER BY ALL", target)


def _not_carried_out(configuration: Configuration) -> list[str]:
    """Parts of the configuration that are checked, and that nothing acts on yet."""
    parts = {
        "usage": configuration.usage,
        "trace": configuration.trace,
        "pools": configuration.pools,
        "invoices": configuration.invoices,
        "rates": configuration.rates,
        "prices": configuration.prices,
        "chargeback": configuration.chargeback,
    }
    return [name for name, part in parts.items() if part]


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
