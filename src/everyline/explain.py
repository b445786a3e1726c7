"""Explain: a figure of a run taken apart down to bill lines, every level summing to the one above.

figure -> owners by how they were found -> groups of one description -> lines. Amounts are exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from everyline.control import EXACT
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.runs import Run

_DESCRIPTION = (
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
_LINE = (
    "x_ChargeId",
    "x_SourceFile",
    "x_SourceRow",
    "ChargePeriodStart",
    "ChargeDescription",
    "ResourceId",
)


@dataclass(frozen=True, slots=True)
class Node:
    """One figure and what it is made of.

    Attributes:
        label: what it is, in words.
        cost: EffectiveCost, exact, signed; the sum of `parts`, if it has any.
        currency: ISO 4217 code.
        lines: how many bill lines it holds.
        facts: what decided it, and where it lies; name to text.
        parts: the level below, largest amount first.
    """

    label: str
    cost: Decimal
    currency: str
    lines: int
    facts: Mapping[str, str]
    parts: "Sequence[Node]" = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures are asked for.

    Attributes:
        period: `2026-10`; None for all.
        values: taxonomy key to value; an empty text asks for what nobody was found for.
        service: ServiceName; None for all.
        lines_max: how many lines of a group stand alone; the others are one part, summed.
    """

    period: str | None
    values: Mapping[str, str]
    service: str | None = None
    lines_max: int = 3


class Explanation:
    """Takes figures of one run apart."""

    def __init__(self, engine: Engine, run: Run, charges: str) -> None:
        """`charges` is SQL of the relation, of the same inputs as the run."""
        self._engine = engine
        self._run = run
        self._charges = charges
        self._keys: list[str] = list(run.manifest["keys"])

    def figures(self, asked: Asked) -> list[Node]:
        """The figures that `asked` means, one a period and currency."""
        where = _where(asked)
        allocations = self._run.relation("allocations")
        owner = [quoted(k) for k in self._keys] + [quoted(f"{k}_evidence") for k in self._keys]
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE explained_parts AS"
            f" SELECT x_LineId, x_Period, BillingCurrency, x_Method, {', '.join(owner)},"
            " EffectiveCost, dense_rank() OVER (ORDER BY x_Period, BillingCurrency, x_Method,"
            f" {', '.join(owner)}) AS part_"
            f" FROM {allocations} WHERE {where}"
        )
        self._describe(asked.lines_max)
        return [
            self._figure(asked, period, currency)
            for period, currency in self._engine.rows(
                "SELECT DISTINCT x_Period, BillingCurrency FROM explained_parts ORDER BY ALL"
            )
        ]

    def charge(self, charge_id: str) -> Node | None:
        """One bill line: its group, and to whom that goes.

        Args:
            charge_id: x_ChargeId or its beginning.

        Returns:
            None unless exactly one line has such an id.
        """
        shown = ", ".join(map(quoted, (*_LINE, *_DESCRIPTION)))
        rows = self._engine.rows(
            f"SELECT {shown}, x_GroupId, BillingCurrency, EffectiveCost::DECIMAL(38,18)"
            f" FROM ({self._charges}) WHERE starts_with(x_ChargeId, ?) LIMIT 2",
            [charge_id],
        )
        if len(rows) != 1:
            return None
        ((*cells, group, currency, cost),) = rows
        facts = _facts((*_LINE, *_DESCRIPTION), cells) | {"x_GroupId": group}
        return Node(f"charge {facts['x_ChargeId']}", cost, currency, 1, facts | self._owner(group))

    def _owner(self, group: str) -> dict[str, str]:
        """What was found for a group: value, evidence and rule of each key."""
        columns = [k + end for k in self._keys for end in ("", "_evidence", "_tag", "_rule")]
        rows = self._engine.rows(
            f"SELECT {', '.join(map(quoted, columns))} FROM {self._run.relation('owned_groups')}"
            " WHERE x_GroupId = ?",
            [group],
        )
        if not rows:
            return {"owner": "out of scope: its layer is none"}
        cells = dict(zip(columns, rows[0], strict=True))
        return {
            key: " ".join(
                text
                for text in (
                    cells[key] or "-",
                    f"({cells[f'{key}_evidence']})",
                    f"by {cells[f'{key}_rule']}" if cells[f"{key}_rule"] else "",
                )
                if text
            )
            for key in self._keys
        }

    def _describe(self, lines_max: int) -> None:
        """Tables of the groups behind the parts, by description, and of their largest lines."""
        rules = [quoted(f"{key}_rule") for key in self._keys]
        columns = ", ".join([*map(quoted, _DESCRIPTION), *rules])
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE explained_groups AS SELECT p.part_, g.x_GroupId,"
            f" dense_rank() OVER (ORDER BY p.part_, {columns}) AS group_, {columns},"
            " g.x_LineCount FROM explained_parts AS p"
            f" JOIN {self._run.relation('owned_groups')} AS g"
            " ON g.x_GroupId = p.x_LineId"
        )
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE explained_lines AS SELECT *, row_number() OVER"
            " (PARTITION BY group_ ORDER BY abs(EffectiveCost) DESC, x_ChargeId) AS rank_ FROM"
            f" (SELECT g.group_, {', '.join('c.' + quoted(n) for n in _LINE)},"
            " c.EffectiveCost::DECIMAL(38,18) AS EffectiveCost, c.BillingCurrency"
            f" FROM ({self._charges}) AS c JOIN explained_groups AS g USING (x_GroupId))"
        )
        self._lines_max = lines_max

    def _figure(self, asked: Asked, period: str, currency: str) -> Node:
        owner = [*self._keys, *(f"{key}_evidence" for key in self._keys)]
        rows = self._engine.rows(
            f"SELECT part_, x_Method, {', '.join(map(quoted, owner))} FROM explained_parts"
            " WHERE x_Period = ? AND BillingCurrency = ? GROUP BY ALL"
            " ORDER BY abs(sum(EffectiveCost)) DESC, part_",
            [period, currency],
        )
        parts = []
        for part, method, *cells in rows:
            values = cells[: len(self._keys)]
            evidence = cells[len(self._keys) :]
            said = {
                key: f"{value or '-'} ({found})"
                for key, value, found in zip(self._keys, values, evidence, strict=True)
            }
            label = f"{method}: {', '.join(f'{k} {v}' for k, v in said.items())}"
            parts.append(_sum(label, currency, self._groups(part, currency), said))
        return _sum(f"{period}: {_label(asked)}", currency, parts, {})

    def _groups(self, part: int, currency: str) -> list[Node]:
        rules = [f"{key}_rule" for key in self._keys]
        columns = ", ".join(map(quoted, [*_DESCRIPTION, *rules]))
        rows = self._engine.rows(
            f"SELECT group_, count(*), {columns} FROM explained_groups"
            " WHERE part_ = ? GROUP BY ALL",
            [part],
        )
        found = []
        for group, count, *cells in rows:
            facts = _facts((*_DESCRIPTION, *rules), cells) | {"groups": str(count)}
            words = (facts.get("ServiceName"), facts.get("x_Meter"), facts.get("SubAccountId"))
            label = ", ".join(word for word in words if word) or "charges"
            found.append(_sum(label, currency, self._lines(group, currency), facts))
        return sorted(found, key=lambda node: (-abs(node.cost), node.label))

    def _lines(self, group: int, currency: str) -> list[Node]:
        rows = self._engine.rows(
            f"SELECT {', '.join(map(quoted, _LINE))}, EffectiveCost FROM explained_lines"
            " WHERE group_ = ? AND rank_ <= ? ORDER BY rank_",
            [group, self._lines_max],
        )
        found = []
        for *cells, cost in rows:
            facts = _facts(_LINE, cells)
            found.append(
                Node(
                    f"{facts['x_SourceFile']} row {facts['x_SourceRow']}", cost, currency, 1, facts
                )
            )
        ((count, cost),) = self._engine.rows(
            "SELECT count(*), sum(EffectiveCost)::DECIMAL(38,18) FROM explained_lines"
            " WHERE group_ = ? AND rank_ > ?",
            [group, self._lines_max],
        )
        if count:
            found.append(Node(f"{count:,} more lines", cost, currency, count, {}))
        return found


def _sum(label: str, currency: str, parts: Sequence[Node], facts: Mapping[str, str]) -> Node:
    cost = Decimal(0)
    for part in parts:
        cost = EXACT.add(cost, part.cost)
    return Node(label, cost, currency, sum(part.lines for part in parts), facts, parts)


def _facts(names: Iterable[str], cells: Iterable[Any]) -> dict[str, str]:
    return {name: str(cell) for name, cell in zip(names, cells, strict=True) if cell is not None}


def _where(asked: Asked) -> str:
    tests = [
        f"{quoted(key)} IS NOT DISTINCT FROM {literal(value) if value else 'NULL'}"
        for key, value in asked.values.items()
    ]
    if asked.period:
        tests.append(f"x_Period = {literal(asked.period)}")
    if asked.service is not None:
        tests.append(f"ServiceName = {literal(asked.service)}")
    return " AND ".join(tests) or "true"


def _label(asked: Asked) -> str:
    said = [f"{key} {value or 'nobody'}" for key, value in asked.values.items()]
    if asked.service is not None:
        said.append(asked.service)
    return ", ".join(said) or "everything in scope"
