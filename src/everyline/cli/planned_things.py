"""`everyline check --plan`, `--manifests`, `--keys`: what planned things lack, before they cost."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from everyline.cli.check import put_problems
from everyline.cli.figures import NOTHING
from everyline.cli.layout import Column, Table
from everyline.cli.screen import PROBLEMS_MAX, Screen
from everyline.cli.written import put
from everyline.engines.duckdb import Engine
from everyline.problems import exit_code
from everyline.provisioning import checking, junit, sarif
from everyline.provisioning.checking import Report
from everyline.provisioning.findings import Verdict
from everyline.provisioning.reading import Given, Option

_ROWS_MAX = 20
_TYPES_MAX = 4
_OPTIONS: tuple[Option, ...] = ("plan", "manifests", "keys")


def check(screen: Screen, project: Path, form: str, asked: Mapping[str, Any]) -> int:
    """Checks what files plan; `asked` has the options of the command line by name."""
    if asked["listed"] and form not in ("csv", "json"):
        raise click.UsageError("`--list` takes `--as csv` or `--as json`")
    given = [Given(option, path) for option in _OPTIONS for path in asked[option]]
    if sum(str(one.path) == "-" for one in given) > 1:
        raise click.UsageError("`-` can be named once")
    report = checking.check(project, given, asked["day"], all_types=asked["all_types"])
    if form == "table":
        _show(screen, report)
    elif form == "sarif":
        click.echo(json.dumps(sarif.log(report.problems)))
    elif form == "junit":
        click.echo(junit.document(report.verdicts, report.problems), nl=False)
    elif asked["listed"]:
        _list(report, form)
    else:
        put_problems(report.problems, form)
    return exit_code(report.problems)


def _list(report: Report, form: str) -> None:
    """Prints the relation `resources`."""
    with closing(Engine()) as engine:
        engine.table("resources", report.columns, report.rows)
        put(engine, "SELECT * FROM resources ORDER BY x_Source, address", form, None)


def _show(screen: Screen, report: Report) -> None:
    for source in dict.fromkeys(verdict.owned.source for verdict in report.verdicts):
        _source(screen, source, [v for v in report.verdicts if v.owned.source == source], report)
    if report.passed_over:
        count = len(report.passed_over)
        files = "file plans" if count == 1 else "files plan"
        screen.line(f"{count:,} {files} nothing, first {report.passed_over[0]}", "dim")
        screen.line()
    left = screen.problems(report.problems, PROBLEMS_MAX)
    if left:
        screen.note(f"… and {left:,} more: --as csv prints all")
    elif not report.problems:
        screen.note("nothing to mend")


def _source(screen: Screen, source: str, verdicts: Sequence[Verdict], report: Report) -> None:
    """What was checked of one file: what has to be mended first, then the rest."""
    judged = sorted(
        (verdict for verdict in verdicts if not verdict.unjudged),
        key=lambda verdict: (not verdict.fails, not verdict.problems),
    )
    fails = sum(verdict.fails for verdict in judged)
    screen.line(f"{source}: {len(judged):,} judged, {fails:,} to mend", "bold")
    if judged:
        required = [at for at, key in enumerate(report.taxonomy) if key.required]
        keys = (Column(report.taxonomy[at].name) for at in required)
        columns = (Column("planned"), *keys, Column("verdict", "word"))
        cells = [
            [v.owned.address, *(v.owned.values[at] or NOTHING for at in required), str(v)]
            for v in judged[:_ROWS_MAX]
        ]
        screen.table(Table(columns, cells))
        if len(judged) > _ROWS_MAX:
            left = len(judged) - _ROWS_MAX
            screen.line(f"… {left:,} more; --list --as csv prints all", "dim")
    for reason, count in Counter(v.unjudged for v in verdicts if v.unjudged).most_common():
        types = Counter(v.owned.thing.type for v in verdicts if v.unjudged == reason).most_common()
        named = ", ".join(type_ for type_, _ in types[:_TYPES_MAX])
        more = ", …" if len(types) > _TYPES_MAX else ""
        screen.line(f"{count:,} not judged, {reason}: {named}{more}", "dim")
    screen.line()
