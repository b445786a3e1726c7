"""A check at the point of provisioning, from files to verdicts; nothing is written."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from everyline.config.load import load
from everyline.config.taxonomy import Key
from everyline.engines.duckdb import Engine, Rows
from everyline.problems import Problem, in_order
from everyline.provisioning import findings
from everyline.provisioning.findings import Judge, Verdict
from everyline.provisioning.reading import Given, read
from everyline.provisioning.resources import Resources


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a check.

    Attributes:
        problems: all of them, severest first.
        verdicts: of each planned thing, in the order read; empty where the configuration is wrong.
        columns: name and DuckDB type of the columns of `resources`.
        rows: those of the relation `resources`.
        passed_over: files of folders that plan nothing.
        taxonomy: the keys, in order.
    """

    problems: Sequence[Problem]
    verdicts: Sequence[Verdict] = ()
    columns: dict[str, str] = field(default_factory=dict)
    rows: Rows = field(default_factory=list)
    passed_over: Sequence[str] = ()
    taxonomy: Sequence[Key] = ()


def check(project: Path, given: Sequence[Given], day: date, *, all_types: bool = False) -> Report:
    """Judges what files plan by the taxonomy and owners of a project, as of `day` (R10).

    `all_types` judges everything that takes tags, not only what is known to cost AI money.
    """
    loaded = load(project)
    if loaded.configuration is None or loaded.problems:
        return Report(in_order(loaded.problems))
    things = read(given)
    with closing(Engine()) as engine:
        made = Resources(engine, loaded.configuration, project, things.found, day)
        judge = Judge(loaded.configuration, day, all_types=all_types)
        verdicts = [judge.verdict(owned) for owned in made.owned]
        relation = made.resources([str(verdict) for verdict in verdicts])
        columns = engine.columns(f"({relation})")
        rows = engine.rows(relation)
    problems = [
        *things.problems,
        *findings.repeated(verdicts),
        *findings.of_registries(made.notices),
        *(problem for verdict in verdicts for problem in verdict.problems),
    ]
    taxonomy = loaded.configuration.taxonomy
    return Report(in_order(problems), verdicts, columns, rows, things.passed_over, taxonomy)
