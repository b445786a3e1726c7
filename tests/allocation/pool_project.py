"""Pools of a small project: its configuration as text, and its groups, parts and usage as rows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from everyline.allocation.parts import CARRIED, first_stage
from everyline.allocation.pools import pooled
from everyline.allocation.receiver import receiver_sql
from everyline.config.configuration import Configuration
from everyline.config.load import load
from everyline.engines.duckdb import Engine
from everyline.problems import Problem, as_text
from everyline.relations import MEASURES
from made import Row, rows

PERIOD = "2026-10"
HOUR = "2026-10-10 12:00:00"

_GROUP = {
    **dict.fromkeys(CARRIED),
    "x_Period": PERIOD,
    "BillingCurrency": "USD",
    "x_Basis": "metered",
    "x_Layer": "model",
    "ServiceProviderName": "Acme AI",
    "InvoiceIssuerName": "Acme AI",
    "ServiceName": "Models",
    "ChargeCategory": "Usage",
    "x_Eligible": True,
}
_USAGE = dict.fromkeys(
    (
        "x_Source",
        "ServiceProviderName",
        "SubAccountId",
        "x_CredentialId",
        "x_PrincipalId",
        "ResourceId",
        "x_Model",
        "x_Meter",
        "x_Tier",
        "x_Unit",
        "x_EstimatedCurrency",
    )
)
_DECIMAL = "DECIMAL(38,18)"


def used(team: str | None, quantity: int, **more: Any) -> dict[str, Any]:
    """A usage row of a source `gpu`, of October."""
    row = {"team": team, "x_Quantity": str(quantity), "x_Unit": "seconds", "x_Meter": "gpu_seconds"}
    return {"x_Source": "gpu", "hour": HOUR, **row, **more}


class Made(NamedTuple):
    """What pools have made of a project."""

    lines: list[Row]
    members: list[Row]
    parts: list[Row]
    shares: list[Row]
    problems: list[Problem]

    def cost(self, *columns: str, pool: str | None = None) -> dict[Any, Decimal]:
        """EffectiveCost of the pooled parts by `columns` (one: its value; more: a tuple)."""
        found: dict[Any, Decimal] = {}
        for part in self.parts:
            if pool in (None, part["x_Pool"]):
                values = tuple(part[column] for column in columns)
                key = values[0] if len(values) == 1 else values
                found[key] = found.get(key, Decimal(0)) + part["EffectiveCost"]
        return found

    def weights(self, pool: str, kind: str = "own") -> dict[str, str]:
        """x_Receiver to `weight/total` of a pool that has one pot."""
        found = [s for s in self.shares if (s["x_Rule"], s["x_Kind"]) == (pool, kind)]
        assert len({s["x_ShareId"] for s in found}) == 1
        return {s["x_Receiver"]: f"{s['x_Weight']}/{s['x_WeightTotal']}" for s in found}

    def names(self) -> list[str]:
        """The names of all problems."""
        return [problem.name for problem in self.problems]


def configured(folder: Path, text: str, files: Mapping[str, str] | None = None) -> Configuration:
    """The configuration of a project folder, which must be without mistakes."""
    (folder / "everyline.yaml").write_text(text)
    for name, content in (files or {}).items():
        (folder / name).write_text(content)
    loaded = load(folder)
    assert not loaded.problems, "\n".join(map(as_text, loaded.problems))
    assert loaded.configuration is not None
    return loaded.configuration


def made(
    configuration: Configuration,
    groups: Sequence[Mapping[str, Any]],
    usage: Sequence[Mapping[str, Any]] = (),
    traced: Sequence[Mapping[str, Any]] = (),
) -> Made:
    """What the configuration's pools make of `groups`.

    Args:
        groups: x_GroupId, EffectiveCost, the owner's keys, and what differs from an ordinary line.
        usage: columns of usage rows, the owner's keys, hour, x_Quantity, x_EstimatedCost.
        traced: parts of groups that a trace has split: x_GroupId, keys and EffectiveCost.
    """
    engine = Engine()
    keys = [key.name for key in configuration.taxonomy]
    _table(engine, "owned_", [_group(group, keys) for group in groups])
    parts = first_stage("owned_", keys)
    if traced:
        _table(engine, "split_", [_owned(_measured(part), keys, "traced") for part in traced])
        engine.run(
            f"CREATE TEMP TABLE traced_ AS SELECT *, {receiver_sql(keys)} AS x_Receiver,"
            " 'trace' AS x_Rule, 'share' AS x_ShareId FROM split_"
        )
        parts = first_stage(
            "owned_",
            keys,
            traced="traced_",
            untraced="(SELECT '' AS x_GroupId, NULL::VARCHAR AS reason LIMIT 0)",
        )
    described = [
        {**_USAGE, **_owned(dict(row), keys, "registry"), "id_": n} for n, row in enumerate(usage)
    ]
    hours = ("hour", "x_Quantity", "x_EstimatedCost")
    at = [{column: row.get(column) for column in ("id_", *hours)} for row in described]
    _table(engine, "hours_", at, ("id_", *hours))
    for row in described:
        for column in hours:
            row.pop(column, None)
    _table(engine, "described_", described, ("id_", *_USAGE, *_owned({}, keys, "")))
    made = pooled(engine, configuration, parts, "owned_", "described_", "hours_")
    result = Made(
        rows(engine, "pool_lines"),
        rows(engine, "pool_members"),
        rows(engine, "pooled_parts"),
        rows(engine, "pool_shares"),
        made.problems,
    )
    engine.close()
    _balanced(result)
    return result


def _balanced(made: Made) -> None:
    """Every measure of every pool line is that of its members, and of its parts."""
    for measure in MEASURES:
        by_line: dict[str, list[Decimal]] = {}
        for line in made.lines:
            by_line[line["x_LineId"]] = [line[measure] or Decimal(0), Decimal(0), Decimal(0)]
        for at, name, listed in ((1, "x_PoolLineId", made.members), (2, "x_LineId", made.parts)):
            for row in listed:
                by_line[row[name]][at] += row[measure] or Decimal(0)
        assert all(len(set(sums)) == 1 for sums in by_line.values())
    keyed = [(part["x_LineId"], part["x_Receiver"]) for part in made.parts]
    assert len(set(keyed)) == len(keyed)
    keyed = [(share["x_ShareId"], share["x_Receiver"]) for share in made.shares]
    assert len(set(keyed)) == len(keyed)


def _measured(row: Mapping[str, Any]) -> dict[str, Any]:
    cost = Decimal(str(row["EffectiveCost"]))
    costs = {measure: cost for measure in MEASURES if measure.endswith("Cost")}
    return {**dict.fromkeys(MEASURES), **costs, "x_CoverageCost": max(cost, Decimal(0)), **row}


def _owned(row: Mapping[str, Any], keys: Sequence[str], evidence: str) -> dict[str, Any]:
    found = dict(row)
    for key in keys:
        found.setdefault(key, None)
        found.setdefault(f"{key}_evidence", "untagged" if found[key] is None else evidence)
    return found


def _group(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    found = _owned({**_GROUP, **_measured(row)}, keys, "tag")
    for key in keys:
        state = "declared" if found[f"{key}_evidence"] == "tag" else "missing"
        found.setdefault(f"{key}_tag", state)
        found.setdefault(f"{key}_rule", None)
    return found


def _kind(column: str) -> str:
    if column in MEASURES or column in ("x_Quantity", "x_EstimatedCost"):
        return _DECIMAL
    kinds = {"id_": "BIGINT", "hour": "TIMESTAMP", "x_Eligible": "BOOLEAN"}
    return kinds.get(column, "VARCHAR")


def _table(
    engine: Engine, name: str, listed: Sequence[Mapping[str, Any]], least: Sequence[str] = ()
) -> None:
    """A table of rows; its columns are those of all rows, and `least` in any case."""
    columns = dict.fromkeys([*least, *(column for row in listed for column in row)])
    kinds = {column: _kind(column) for column in columns}
    engine.table(name, kinds, [tuple(row.get(column) for column in columns) for row in listed])
