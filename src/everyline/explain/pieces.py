"""Pieces: which part of which group went into the figures that are asked for.

A piece is a first-stage part of one group (R16), or what one receiver has of it through a pool. It
carries the fraction of the group that it is, so that the lines of the group can be told their part.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain.nodes import Asked, Unknown, amount, shared_out, units
from everyline.runs import Run
from everyline.tag_columns import PREFIX, is_tag, named

BLOCK = ("x_Period", "BillingCurrency", "estimated_")
"""What figures are never summed across (R3, R21)."""

ESTIMATED = "x_Basis = 'estimated'"
DESCRIPTION = (
    "x_Source",
    "ServiceProviderName",
    "ServiceName",
    "SubAccountId",
    "x_Model",
    "x_Meter",
    "ChargeCategory",
    "x_Layer",
    "x_LayerRule",
)
SPLIT = ("x_Rule", "x_Pool")
"""What split a part: the trace, or the pool that it came through."""

_OF_PARTS = (
    *("x_LineId", "x_Receiver", "x_Period", "BillingCurrency", "x_Basis", "x_ShareId"),
    "EffectiveCost",
)
_OF_GROUPS = (
    *("x_GroupId", "x_WindowStart", "x_WindowEnd", "x_LineCount"),
    *("EffectiveCost", "ConsumedQuantity", "ConsumedUnit"),
)
_TOLD_BY_TAGS = ("unknown_value", "conflict")
_OWN = ("tag", "registry", "rule", "implied", "unknown_value", "conflict")
_WEIGHTS = ("w1", "t1", "w2", "t2")
_FRACTION = "DECIMAL(10,9)"
_NANO = 10**9
_FEW = 10_000
_NAMED_MAX = 256
_NEAR_MAX = 16


class Near(NamedTuple):
    """Shares of pools of a few receivers: SQL of their rows, and who they are."""

    relation: str
    receivers: frozenset[str]


class Pieces:
    """Makes the tables of one question.

    `explained`: a piece each: BLOCK, EffectiveCost, x_GroupId, `whole_`, `quantity_`, `unit_` and
    `lines_` of the group, how its owner was found, SPLIT, x_ShareId, x_Receiver, the split of the
    group itself (`first_share_`, `first_receiver_`, w1 of t1), DESCRIPTION, the numbers `part_` of
    how owners were found and `group_` of that and its description, and where lines are asked for
    `ratio_` (the index of its fraction in `ratios`) and `frac_` (the same to nine decimals, to sort
    by).

    Attributes:
        ratios: fractions of a group; the first one is all of it.
        near: the shares of receivers that are asked for, where these are few.
        owned: SQL of `owned_groups`, of the month that is asked for; of the pieces alone where
            these are few.
    """

    def __init__(self, engine: Engine, run: Run) -> None:
        self._engine = engine
        self._run = run
        self.keys: list[str] = list(run.manifest["keys"])
        self.ratios: list[Fraction] = [Fraction(1)]
        self.owned = run.relation("owned_groups")
        self.near: Near | None = None
        files = run.manifest["files"]
        self._has_traces, self._has_pools = "traced" in files, "pool_members" in files

    @property
    def _of_parts(self) -> str:
        """The columns of allocations that are looked at."""
        named = (*_OF_PARTS, *self.found, *SPLIT)
        return ", ".join(map(quoted, named))

    @property
    def _of_groups(self) -> Sequence[str]:
        """The columns of groups that are looked at, beside tags."""
        return (*_OF_GROUPS, *DESCRIPTION, *self.rules)

    @property
    def found(self) -> list[str]:
        """The columns that say how an owner was found."""
        return ["x_Method", *(k + end for k in self.keys for end in ("", "_evidence"))]

    @property
    def rules(self) -> list[str]:
        """The columns of the entries that answered."""
        return [f"{key}_rule" for key in self.keys]

    def find(self, asked: Asked, only: str = "true") -> None:
        """Makes `explained`: of parts that are asked for those that meet `only`, which is SQL."""
        self.owned = self._run.relation("owned_groups")
        if asked.period is not None:
            self.owned = f"(SELECT * FROM {self.owned} WHERE {is_value('x_Period', asked.period)})"
        self._run_sql(
            "asked_parts",
            f"SELECT row_number() OVER () AS n_, {self._of_parts}, {ESTIMATED} AS estimated_"
            f" FROM {self._run.relation('allocations')} WHERE {where(asked)} AND {only}",
        )
        self.near = self._near()
        if self._has_traces:
            self._run_sql("first_receivers", self._first_receivers())
            self._run_sql("first_splits", FIRST_SPLITS)
        if self._has_pools:
            self._share_members()
        if self._run_sql("pieces", self._pieces()) <= _FEW:
            self._keep_groups()
        if asked.with_lines:
            self._weigh()
        self._run_sql("explained", self._explained(with_lines=asked.with_lines))

    def _run_sql(self, table: str, sql: str) -> int:
        """How many rows the table has."""
        (rows,) = self._engine.one(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
        return int(rows)

    def _keep_groups(self) -> None:
        """`piece_groups`: asked for several times, they lie among those of everybody else."""
        groups = [group for (group,) in self._engine.rows("SELECT DISTINCT x_GroupId FROM pieces")]
        which = "SEMI JOIN pieces USING (x_GroupId)"
        if len(groups) <= _NAMED_MAX:
            which = f"WHERE x_GroupId IN ({_texts(groups)})"  # in two thirds of the time
        named = f"starts_with(c, {literal(PREFIX)}) OR c IN ({_texts(self._of_groups)})"
        of_pieces = f"SELECT COLUMNS(lambda c: {named}) FROM {self.owned} {which}"
        self._run_sql("piece_groups", of_pieces)
        self.owned = "piece_groups"

    @property
    def _shares(self) -> str:
        """SQL of `shares` with all that what is asked for has of pools."""
        return self._run.relation("shares") if self.near is None else self.near.relation

    def _near(self) -> Near | None:
        """`asked_shares`, of receivers of parts that came through pools, if there are few."""
        if "pool_shares" not in self._run.manifest["views"]:
            return None
        receivers = [
            receiver
            for (receiver,) in self._engine.rows(
                "SELECT DISTINCT x_Receiver FROM asked_parts WHERE x_Pool IS NOT NULL"
                f" LIMIT {_NEAR_MAX + 1}"
            )
        ]
        if not 0 < len(receivers) <= _NEAR_MAX:
            return None
        # One after the other, since the engine finds one value by an index, and several by a scan.
        picked = " UNION ALL ".join(
            f"SELECT * FROM {self._run.relation('pool_shares')}"
            f" WHERE x_Receiver = {literal(receiver)}"
            for receiver in receivers
        )
        self._run_sql("asked_shares", picked)
        return Near("asked_shares", frozenset(receivers))

    def _first_receivers(self) -> str:
        """SELECT of the parts that traces made of groups in question, with their weights."""
        lines = "SELECT x_LineId FROM asked_parts WHERE x_Pool IS NULL"
        if self._has_pools:
            lines += (
                f" UNION SELECT x_GroupId FROM {self._run.relation('pool_members')}"
                " SEMI JOIN asked_parts ON x_LineId = x_PoolLineId"
            )
        return first_receivers(self._run, self.keys, f"x_GroupId IN ({lines})")

    def _share_members(self) -> None:
        """`member_pieces`: what each asked part has of each member of its pool line.

        A pool line is split once (R12), so its members bear each part in proportion.
        """
        columns = {"n_": "BIGINT", "x_GroupId": "VARCHAR", "first_": "VARCHAR", "cost_": "VARCHAR"}
        found: dict[int, tuple[int, Fraction, list[tuple[Any, ...]]]] = {}
        for n, cost, weight, total, *member in self._engine.rows(
            "SELECT a.n_, a.EffectiveCost, s.x_Weight, s.x_WeightTotal, m.x_GroupId,"
            " m.x_Receiver, m.EffectiveCost FROM asked_parts AS a"
            f" JOIN {self._run.relation('pool_members')} AS m ON m.x_PoolLineId = a.x_LineId"
            f" JOIN {self._shares} AS s ON s.x_ShareId = a.x_ShareId"
            " AND s.x_Receiver = a.x_Receiver ORDER BY a.n_, m.x_GroupId, m.x_Receiver"
        ):
            ratio = Fraction(int(weight), int(total))
            found.setdefault(n, (units(cost), ratio, []))[2].append(tuple(member))
        rows = []
        for n, (cost, ratio, members) in found.items():
            parts = shared_out(cost, [units(member) * ratio for *_, member in members])
            rows += [
                (n, group, first, str(amount(part)))
                for part, (group, first, _) in zip(parts, members, strict=True)
            ]
        self._engine.table("member_pieces", columns, rows)

    def _pieces(self) -> str:
        """SELECT of n_, x_GroupId, the split of the group, weights, and cost_."""
        none = "NULL::VARCHAR"
        whole = (
            f"SELECT a.n_, a.x_LineId AS x_GroupId, a.x_Receiver AS first_, {none} AS w2,"
            f" {none} AS t2, a.EffectiveCost::DECIMAL(38,18) AS cost_"
            " FROM asked_parts AS a WHERE a.x_Pool IS NULL"
        )
        if self._has_pools:
            whole += (
                " UNION ALL SELECT m.n_, m.x_GroupId, m.first_, s.x_Weight, s.x_WeightTotal,"
                " m.cost_::DECIMAL(38,18) FROM member_pieces AS m JOIN asked_parts AS a USING (n_)"
                f" JOIN {self._shares} AS s ON s.x_ShareId = a.x_ShareId"
                " AND s.x_Receiver = a.x_Receiver"
            )
        if not self._has_traces:
            return f"SELECT *, {none} AS first_share_, {none} AS w1, {none} AS t1 FROM ({whole})"
        return (
            "SELECT p.*, f.x_ShareId AS first_share_, f.w1, f.t1 FROM"
            f" ({whole}) AS p LEFT JOIN first_splits AS f"
            " ON f.x_GroupId = p.x_GroupId AND f.x_Receiver = p.first_"
        )

    def _weigh(self) -> None:
        """`piece_ratios`: the fraction of each combination of weights."""
        rows = []
        for weights in self._engine.rows(
            f"SELECT DISTINCT {', '.join(_WEIGHTS)} FROM pieces WHERE w1 IS NOT NULL"
            " OR w2 IS NOT NULL ORDER BY ALL"
        ):
            first, second = (
                Fraction(int(w), int(t)) if w is not None else Fraction(1)
                for w, t in (weights[:2], weights[2:])
            )
            ratio = first * second
            nano = str(Decimal(int(ratio * _NANO)).scaleb(-9))
            rows.append((*weights, str(len(self.ratios)), nano))
            self.ratios.append(ratio)
        kinds = dict.fromkeys((*_WEIGHTS, "ratio_", "frac_"), "VARCHAR")
        self._engine.table("piece_ratios", kinds, rows)

    def _explained(self, *, with_lines: bool) -> str:
        tags = [name for name in self._engine.columns(self.owned) if is_tag(name)]
        told = " OR ".join(
            f"a.{quoted(f'{key}_evidence')} IN ({_texts(_TOLD_BY_TAGS)})" for key in self.keys
        )
        pairs = ", ".join(f"{literal(named(tag))}, g.{quoted(tag)}" for tag in tags)
        # Tags are told where they are the reason why nobody was found, and nowhere else.
        tagged = f"CASE WHEN {told} THEN json_object({pairs})::VARCHAR END" if tags else "NULL"
        # What answered for the group is told where a key still has what it said.
        rules = ", ".join(
            f"CASE WHEN a.x_Pool IS NULL AND a.{quoted(f'{key}_evidence')} IN ({_texts(_OWN)})"
            f" THEN g.{quoted(f'{key}_rule')} END AS {quoted(f'{key}_rule')}"
            for key in self.keys
        )
        parted = ", ".join(map(quoted, (*BLOCK, *self.found, *SPLIT, *self.rules)))
        described = ", ".join(map(quoted, (*DESCRIPTION, "tags_")))
        ratios, joined = "", ""
        if with_lines:
            ratios = (
                ", coalesce(r.ratio_::BIGINT, 0) AS ratio_,"
                f" coalesce(r.frac_::{_FRACTION}, 1::{_FRACTION}) AS frac_"
            )
            on = " AND ".join(f"r.{w} IS NOT DISTINCT FROM p.{w}" for w in _WEIGHTS)
            joined = f" LEFT JOIN piece_ratios AS r ON {on}"
        return (
            f"SELECT *, dense_rank() OVER (ORDER BY {parted}) AS part_,"
            f" dense_rank() OVER (ORDER BY {parted}, {described}) AS group_ FROM (SELECT"
            " a.x_Period, a.BillingCurrency, a.estimated_, p.cost_ AS EffectiveCost, p.x_GroupId,"
            " g.EffectiveCost AS whole_, g.ConsumedQuantity AS quantity_, g.ConsumedUnit AS unit_,"
            " g.x_LineCount AS lines_,"
            f" p.w1, p.t1, {', '.join('a.' + quoted(name) for name in self.found)},"
            " a.x_Rule, a.x_Pool, a.x_ShareId, a.x_Receiver, p.first_share_,"
            f" p.first_ AS first_receiver_, {rules},"
            f" {', '.join('g.' + quoted(name) for name in DESCRIPTION)}, {tagged} AS tags_{ratios}"
            f" FROM pieces AS p JOIN asked_parts AS a USING (n_)"
            f" JOIN {self.owned} AS g ON g.x_GroupId = p.x_GroupId{joined})"
        )


def first_receivers(run: Run, keys: Sequence[str], condition: str) -> str:
    """SELECT of parts that traces made of groups, each with the receivers of its split (R12).

    A part may stand for several receivers: weak entries make some equal (R8). `share_receiver_` is
    a receiver as the split has it; a part has the group's own evidence of what was known.
    """
    answered = "('registry', 'rule', 'implied')"
    same = " AND ".join(
        f"((s.{k} IS NOT DISTINCT FROM t.{k} AND s.{e} IN ('known', t.{e}))"
        f" OR (s.{k} IS NULL AND t.{k} IS NOT NULL AND t.{e} IN {answered}))"
        for k, e in ((quoted(key), quoted(f"{key}_evidence")) for key in keys)
    )
    return (
        "SELECT t.x_GroupId, t.x_Receiver, t.x_ShareId, s.x_Receiver AS share_receiver_,"
        " s.x_Weight, s.x_WeightTotal"
        f" FROM {run.relation('traced_parts')} AS t JOIN {run.relation('shares')} AS s"
        f" ON s.x_ShareId = t.x_ShareId AND {same} WHERE {condition}"
    )


FIRST_SPLITS = (
    "SELECT x_GroupId, x_Receiver, x_ShareId, sum(x_Weight::HUGEINT)::HUGEINT::VARCHAR AS w1,"
    " any_value(x_WeightTotal) AS t1 FROM first_receivers GROUP BY x_GroupId, x_Receiver, x_ShareId"
)
"""SELECT over the table `first_receivers`: each part with its weight, as w1 of t1."""


def is_value(column: str, value: str) -> str:
    """SQL, null for no: whether a column has a value; an empty text means none.

    The engine passes over the parts of a file that have no such value; `IS NOT DISTINCT FROM` would
    have it read all.
    """
    return f"{quoted(column)} = {literal(value)}" if value else f"{quoted(column)} IS NULL"


def where(asked: Asked) -> str:
    """SQL over `allocations` and `statements`: whether a row is asked for."""
    tests = [is_value(key, value) for key, value in asked.values.items()]
    if asked.period is not None:
        tests.append(is_value("x_Period", asked.period))
    if asked.service is not None:
        tests.append(is_value("ServiceName", asked.service))
    return " AND ".join(tests) or "true"


def _texts(texts: Sequence[str]) -> str:
    return ", ".join(map(literal, texts))


def unknown(
    engine: Engine, run: Run, asked: Asked, allocations: str | None = None
) -> Unknown | None:
    """What of `asked` leaves no cost, and what there is instead, largest first; None if all is.

    Args:
        allocations: SQL of sums of the run's, where there is something quicker than these.
    """
    wanted = {"x_Period": asked.period} | dict(asked.values) | {"ServiceName": asked.service}
    allocations = allocations or run.relation("allocations")
    if engine.rows(f"SELECT 1 FROM {allocations} WHERE {where(asked)} LIMIT 1"):
        return None
    tests = ["true"]
    for column, value in wanted.items():
        if value is None:
            continue
        source = f"{allocations} WHERE {' AND '.join(tests)}"
        is_it = is_value(column, value)
        if not engine.rows(f"SELECT 1 FROM {source} AND {is_it} LIMIT 1"):
            rows = engine.rows(
                f"SELECT coalesce({quoted(column)}, '') FROM {source}"
                " GROUP BY 1 ORDER BY sum(EffectiveCost) DESC, 1"
            )
            return Unknown(column, value, [found for (found,) in rows])
        tests.append(is_it)
    return None
