"""`--period` of relations that have no x_Period of their own: what belongs to a month."""

from collections.abc import Sequence
from pathlib import Path

from everyline import config
from everyline.engines.duckdb import Engine, literal
from everyline.explain import share_ids
from everyline.problems import Problem, in_order
from everyline.runs import Run


def of(
    engine: Engine, project: Path, run: Run, asked: tuple[str, str, str]
) -> str | Sequence[Problem]:
    """SQL of the rows of a relation that belong to a month; others than ours stay as they are.

    Args:
        project: whose configuration says what pools split by.
        asked: name of the relation, its SQL, and the month.

    Returns:
        SQL, or the problems of the configuration where that has to be read and can't be.
    """
    name, source, period = asked
    if name == "usage":
        return f"(SELECT * FROM {source} WHERE strftime(hour, '%Y-%m') = {literal(period)})"
    if name == "pool_members":
        lines = f"SELECT x_LineId FROM {_files(run, 'pool_lines')} WHERE x_Period"
        return f"(SELECT * FROM {source} WHERE x_PoolLineId IN ({lines} = {literal(period)}))"
    if name != "shares":
        return source
    loaded = config.load(project)
    if loaded.configuration is None:
        return in_order(loaded.problems)
    ids = share_ids(engine, run, loaded.configuration, period)
    engine.table("shares_of_month", {"x_ShareId": "VARCHAR"}, [(one,) for one in sorted(ids)])
    traced = (
        f"SELECT x_ShareId FROM {_files(run, 'traced_lines')} JOIN {run.relation('groups')}"
        f" USING (x_GroupId) WHERE x_Period = {literal(period)}"
    )
    tables = ["SELECT x_ShareId FROM shares_of_month"]
    tables += [traced] if "traced_lines" in run.manifest["files"] else []
    return f"(SELECT * FROM {source} WHERE x_ShareId IN ({' UNION ALL '.join(tables)}))"


def _files(run: Run, name: str) -> str:
    """SQL of a file of the run; of nothing where it has none."""
    if name in run.manifest["files"]:
        return run.relation(name)
    return "(SELECT NULL::VARCHAR AS x_LineId, NULL::VARCHAR AS x_Period WHERE false)"
