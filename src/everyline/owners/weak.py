"""Weak entries for parts of groups: asked after the traces, for what no trace has filled (R8)."""

from collections.abc import Sequence

from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, quoted, same
from everyline.implied import implied, implies
from everyline.relations import MEASURES


def fill(
    engine: Engine, configuration: Configuration, weak: str, parts: str, receiver: str
) -> None:
    """Makes the table `weakly_owned`: `parts` with missing keys filled, equal ones summed.

    A part that gets something is looked at by R9 again; another one is not.

    Args:
        engine: where the tables lie.
        configuration: of the taxonomy.
        weak: SQL of x_GroupId, `day_` and, for each key, `weak_<key>` and its evidence.
        parts: SQL of x_GroupId, keys with evidence, x_Rule, x_ShareId and MEASURES.
        receiver: SQL of x_Receiver over the columns of keys.
    """
    keys = [key.name for key in configuration.taxonomy]
    picked, gets = [], []
    for key in keys:
        value, said = quoted(key), f"w.{quoted(f'weak_{key}')}"
        evidence, said_by = quoted(f"{key}_evidence"), f"w.{quoted(f'weak_{key}_evidence')}"
        gained = f"p.{value} IS NULL AND {said} IS NOT NULL"
        gets.append(f"({gained})")
        picked += [
            f"coalesce(p.{value}, {said}) AS {value}",
            f"CASE WHEN {gained} THEN {said_by} ELSE p.{evidence} END AS {evidence}",
        ]
    engine.run(
        "CREATE OR REPLACE TEMP TABLE weakly_filled AS SELECT p.x_GroupId, w.day_,"
        f" {' OR '.join(gets)} AS gets_, {', '.join(picked)}, p.x_Rule, p.x_ShareId,"
        f" {', '.join(f'p.{m}' for m in MEASURES)} FROM {parts} AS p"
        f" JOIN {weak} AS w USING (x_GroupId)"
    )
    if implies(configuration.taxonomy):
        _imply(engine, configuration, keys)
    columns = [quoted(f"{key}{end}") for key in keys for end in ("", "_evidence")]
    sums = ", ".join(f"sum({measure})::DECIMAL(38,18) AS {measure}" for measure in MEASURES)
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE weakly_owned AS SELECT x_GroupId, {receiver} AS x_Receiver,"
        f" {', '.join(columns)}, x_Rule, x_ShareId, {sums} FROM weakly_filled GROUP BY ALL"
    )


def _imply(engine: Engine, configuration: Configuration, keys: Sequence[str]) -> None:
    """R9 once more, for parts that got something, once per distinct values and day."""
    listed = ", ".join(map(quoted, keys))
    answers = []
    for *values, day in engine.rows(
        f"SELECT DISTINCT {listed}, day_ FROM weakly_filled WHERE gets_ ORDER BY ALL"
    ):
        found = implied(configuration.taxonomy, values, day)
        if found.places:
            new = [found.values[at] if key in found.places else None for at, key in enumerate(keys)]
            answers.append((*values, day, *new))
    kinds = dict.fromkeys(keys, "VARCHAR") | {"day_": "DATE"}
    kinds |= {f"new_{at}_": "VARCHAR" for at in range(len(keys))}
    engine.table("weakly_implied", kinds, answers)
    picked = []
    for at, key in enumerate(keys):
        value, evidence = quoted(key), quoted(f"{key}_evidence")
        filled = f"i.new_{at}_ IS NOT NULL"
        picked += [
            f"CASE WHEN {filled} THEN i.new_{at}_ ELSE f.{value} END AS {value}",
            f"CASE WHEN {filled} THEN 'implied' ELSE f.{evidence} END AS {evidence}",
        ]
    engine.run(
        "CREATE OR REPLACE TEMP TABLE weakly_filled AS SELECT f.x_GroupId, f.day_, f.gets_,"
        f" {', '.join(picked)}, f.x_Rule, f.x_ShareId, {', '.join(f'f.{m}' for m in MEASURES)}"
        " FROM weakly_filled AS f LEFT JOIN weakly_implied AS i"
        f" ON f.gets_ AND {same('f', 'i', [*keys, 'day_'])}"
    )
