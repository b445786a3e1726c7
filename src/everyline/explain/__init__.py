"""Explain: a figure of a run taken apart down to bill lines, every level summing to the one above.

figure -> owners by how they were found -> groups of one description -> lines. Amounts are exact.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from everyline.control import EXACT, Unbalanced
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.runs import Run
from everyline.tag_columns import is_tag, named

Kind = Literal["figure", "owner", "group", "line", "rest"]
Row = tuple[Any, ...]

_BLOCK = ("x_Period", "BillingCurrency", "estimated_")
_ESTIMATED = "x_Basis = 'estimated'"
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
_NAMED_BY = ("ServiceName", "x_Model", "x_Meter", "SubAccountId", "ChargeCategory")
_FOUND = ("x_ChargeId", "x_SourceFile", "x_SourceRow")
_LINE = ("ChargePeriodStart", "ChargeDescription", "ResourceName", "ResourceId")
_NARROWED_MAX = 2000
_TOLD_BY_TAGS = ("unknown_value", "conflict")


@dataclass(frozen=True, slots=True)
class Node:
    """One figure and what it is made of.

    Attributes:
        kind: figure, owner (one way in which all keys were found), group (lines of one
            description), line, or rest (lines that do not stand alone).
        label: what it is, in words.
        cost: EffectiveCost, exact, signed; the sum of `parts`, if it has any.
        currency: ISO 4217 code.
        lines: how many bill lines it holds.
        facts: what decided it, and where it lies; column to text, what is null left out.
        parts: the level below, largest amount first.
    """

    kind: Kind
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
        lines_max: how many lines of a group stand alone, the others being one part, summed; None
            for all.
    """

    period: str | None
    values: Mapping[str, str]
    service: str | None = None
    lines_max: int | None = 3


class Found(NamedTuple):
    """What was found for one taxonomy key (R7, R8): `tag` is how the bill was tagged."""

    key: str
    value: str | None
    evidence: str
    tag: str
    rule: str | None


@dataclass(frozen=True, slots=True)
class Charge:
    """One bill line, and what became of it.

    Attributes:
        fields: column of `charges` to text, what is null left out.
        group_lines: how many lines its group has; `group_cost` is their EffectiveCost.
        owner: what was found for each key; empty where the line is out of scope.
    """

    fields: Mapping[str, str]
    group_lines: int
    group_cost: Decimal
    owner: Sequence[Found]


class Unknown(NamedTuple):
    """The first of the things asked for that leaves nothing, and what there is in its place."""

    column: str
    value: str
    instead: Sequence[str]


def unknown(engine: Engine, run: Run, asked: Asked) -> Unknown | None:
    """What of `asked` leaves no cost, and what there is instead, largest first; None if all is."""
    wanted = {"x_Period": asked.period} | dict(asked.values) | {"ServiceName": asked.service}
    allocations = run.relation("allocations")
    tests = ["true"]
    for column, value in wanted.items():
        if value is None:
            continue
        rows = engine.rows(
            f"SELECT coalesce({quoted(column)}, '') FROM {allocations}"
            f" WHERE {' AND '.join(tests)} GROUP BY 1 ORDER BY sum(EffectiveCost) DESC, 1"
        )
        instead = [found for (found,) in rows]
        if value not in instead:
            return Unknown(column, value, instead)
        tests.append(_test(column, value))
    return None


class Explanation:
    """Takes figures of one run apart."""

    def __init__(self, engine: Engine, run: Run, charges: Callable[..., str]) -> None:
        """`charges` gives SQL of the relation, of the run's inputs (`pipeline.charges_where`)."""
        self._engine = engine
        self._run = run
        self._charges = charges
        self._keys: list[str] = list(run.manifest["keys"])

    def figures(self, asked: Asked) -> list[Node]:
        """The figures that `asked` means, one a period and currency; estimates stand apart (R3).

        Raises:
            Unbalanced: the lines do not sum to what was allocated, which is a fault of ours.
        """
        self._part(asked)
        self._line_up(asked)
        lines = self._lines(asked)
        groups: dict[int, list[Node]] = defaultdict(list)
        for part, node in self._groups(lines):
            groups[part].append(node)
        owners: dict[Row, list[Node]] = defaultdict(list)
        for block, node in self._owners(asked, groups):
            owners[block].append(node)
        return [self._figure(asked, row, owners[row[:3]]) for row in self._stated(asked)]

    def charges(self, beginning: str, most: int) -> list[Charge]:
        """The bill lines whose x_ChargeId begins so, in its order, at most so many."""
        # First only lines that may be the first of their equals: nearly all are, and to number all
        # lines of a bill costs memory and time.
        for asked in ({"beginning": beginning}, {}):
            lines = self._charges(**asked)
            names = list(self._engine.columns(f"({lines})"))
            rows = self._engine.rows(
                f"SELECT {', '.join(map(quoted, names))} FROM ({lines})"
                " WHERE starts_with(x_ChargeId, ?) ORDER BY x_ChargeId LIMIT ?",
                [beginning, most],
            )
            if rows:
                return [self._charge(_facts(names, row)) for row in rows]
        return []

    def _charge(self, fields: Mapping[str, str]) -> Charge:
        group = [fields["x_GroupId"]]
        count, cost = self._engine.rows(
            "SELECT x_LineCount, EffectiveCost::DECIMAL(38,18)"
            f" FROM {self._run.relation('groups')} WHERE x_GroupId = ?",
            group,
        )[0]
        columns = [k + end for k in self._keys for end in ("", "_evidence", "_tag", "_rule")]
        rows = self._engine.rows(
            f"SELECT {', '.join(map(quoted, columns))} FROM {self._run.relation('owned_groups')}"
            " WHERE x_GroupId = ?",
            group,
        )
        owner = [
            Found(key, *row[4 * at : 4 * at + 4])
            for row in rows
            for at, key in enumerate(self._keys)
        ]
        return Charge(fields, count, cost, owner)

    def _part(self, asked: Asked) -> None:
        """The table of groups asked for, numbered by how owners were found, and by description."""
        owned = self._run.relation("owned_groups")
        tags = [name for name in self._engine.columns(owned) if is_tag(name)]
        found = ["x_Method", *(k + end for k in self._keys for end in ("", "_evidence"))]
        rules = [f"{key}_rule" for key in self._keys]
        told = " OR ".join(
            f"a.{quoted(f'{key}_evidence')} IN ({', '.join(map(literal, _TOLD_BY_TAGS))})"
            for key in self._keys
        )
        pairs = ", ".join(f"{literal(named(tag))}, g.{quoted(tag)}" for tag in tags)
        # Tags are told where they are the reason why nobody was found, and nowhere else.
        tagged = f"CASE WHEN {told} THEN json_object({pairs})::VARCHAR END" if tags else "NULL"
        parted = ", ".join(map(quoted, (*_BLOCK, *found, *rules)))
        described = ", ".join(map(quoted, (*_DESCRIPTION, "tags_")))
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE explained AS SELECT *,"
            f" dense_rank() OVER (ORDER BY {parted}) AS part_,"
            f" dense_rank() OVER (ORDER BY {parted}, {described}) AS group_ FROM (SELECT"
            f" a.x_Period, a.BillingCurrency, a.{_ESTIMATED} AS estimated_, a.EffectiveCost,"
            f" g.x_GroupId, {', '.join('a.' + quoted(name) for name in found)},"
            f" {', '.join('g.' + quoted(name) for name in (*rules, *_DESCRIPTION))},"
            f" {tagged} AS tags_ FROM {self._run.relation('allocations')} AS a"
            f" JOIN {owned} AS g ON g.x_GroupId = a.x_LineId WHERE {_where(asked, 'a.')})"
        )

    def _line_up(self, asked: Asked) -> None:
        """The table of all lines of those groups, the largest of each first.

        Equal amounts stand in the order of file and row: ids are worked out for what is shown only.
        """
        # Hashing lines costs the most, so those that can't be meant are left out before.
        charges = self._charges(self._narrowed(("x_Source", "ServiceName")))
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE explained_lines AS SELECT group_, x_SourceFile,"
            " x_SourceRow, EffectiveCost, row_number() OVER (PARTITION BY group_"
            " ORDER BY abs(EffectiveCost) DESC, x_SourceFile, x_SourceRow) AS rank_"
            " FROM (SELECT g.group_, c.x_SourceFile, c.x_SourceRow,"
            f" c.EffectiveCost::DECIMAL(38,18) AS EffectiveCost FROM ({charges}) AS c"
            " JOIN (SELECT x_GroupId, group_ FROM explained) AS g USING (x_GroupId)"
            f" WHERE {self._narrowed(('x_Period',))})"
        )
        wrong = self._engine.rows(
            "SELECT group_ FROM (SELECT group_, EffectiveCost FROM explained UNION ALL"
            " SELECT group_, -EffectiveCost FROM explained_lines) GROUP BY group_"
            " HAVING sum(EffectiveCost) <> 0 LIMIT 1"
        )
        if wrong:
            raise Unbalanced("the lines of a group do not sum to it")

    def _narrowed(self, columns: Sequence[str], within: str = "explained") -> str:
        """SQL: whether a row has values of `columns` that rows of a table of ours have."""
        tests = []
        for column in columns:
            rows = self._engine.rows(
                f"SELECT DISTINCT {column} FROM {within} LIMIT {_NARROWED_MAX + 1}"
            )
            texts = sorted(literal(_text(value)) for (value,) in rows if value is not None)
            if len(texts) == len(rows) <= _NARROWED_MAX:
                cast = "::DECIMAL(38,18)" if column == "EffectiveCost" else ""
                tests.append(f"{column} IN ({', '.join(text + cast for text in texts)})")
        return " AND ".join(tests) or "true"

    def _lines(self, asked: Asked) -> dict[int, list[Node]]:
        """The lines of each group that stand alone, and the rest of them as one."""
        alone = f"rank_ <= {asked.lines_max}" if asked.lines_max is not None else "true"
        charges = self._charges(
            self._narrowed(("EffectiveCost",), f"explained_lines WHERE {alone}")
        )
        has = self._engine.columns(f"({charges})")
        names = [*_FOUND, *(name for name in _LINE if name in has)]
        lines: dict[int, list[Node]] = defaultdict(list)
        for group, currency, cost, *cells in self._engine.rows(
            f"SELECT s.group_, c.BillingCurrency, s.EffectiveCost,"
            f" {', '.join('c.' + quoted(name) for name in names)}"
            f" FROM ({charges}) AS c JOIN explained_lines AS s"
            " ON c.x_SourceFile = s.x_SourceFile AND c.x_SourceRow = s.x_SourceRow"
            f" WHERE {alone} ORDER BY s.group_, s.rank_"
        ):
            facts = _facts(names, cells)
            label = facts.get("ChargeDescription") or facts.get("ResourceName") or "line"
            lines[group].append(Node("line", label, cost, currency, 1, facts))
        for group, count, cost, currency in self._engine.rows(
            "SELECT group_, count(*), sum(EffectiveCost)::DECIMAL(38,18), (SELECT BillingCurrency"
            " FROM explained AS e WHERE e.group_ = l.group_ LIMIT 1) FROM explained_lines AS l"
            f" WHERE NOT ({alone}) GROUP BY group_"
        ):
            label = f"{count:,} more {'line' if count == 1 else 'lines'}"
            lines[group].append(Node("rest", label, cost, currency, count, {}))
        return lines

    def _groups(self, lines: Mapping[int, Sequence[Node]]) -> Iterator[tuple[int, Node]]:
        """Lines of one description, with the number of the part they belong to."""
        names = (*_DESCRIPTION, "tags_")
        for part, group, currency, count, *cells in self._engine.rows(
            f"SELECT part_, group_, BillingCurrency, count(*), {', '.join(map(quoted, names))}"
            " FROM explained GROUP BY ALL"
        ):
            facts = _facts(names, cells)
            if tags := facts.get("tags_"):
                present = {name: text for name, text in json.loads(tags).items() if text}
                facts["tags_"] = json.dumps(present, ensure_ascii=False)
            label = ", ".join(facts[n] for n in _NAMED_BY if n in facts and facts[n] != "Usage")
            facts |= {"groups": str(count)}
            yield part, _sum("group", label or "charges", currency, lines[group], facts)

    def _owners(
        self, asked: Asked, groups: Mapping[int, Sequence[Node]]
    ) -> Iterator[tuple[Row, Node]]:
        """Ways in which the owner was found, with the block they belong to."""
        names = ["x_Method", *(k + end for k in self._keys for end in ("", "_evidence", "_rule"))]
        for *block, part, (currency, *cells) in (
            (*row[:4], row[4:])
            for row in self._engine.rows(
                f"SELECT {', '.join(_BLOCK)}, part_, BillingCurrency,"
                f" {', '.join(map(quoted, names))} FROM explained GROUP BY ALL"
            )
        ):
            facts = _facts(names, cells)
            said = [f"{k} {facts[k]}" for k in self._keys if k in facts and k not in asked.values]
            label = ", ".join(said) or facts["x_Method"]
            yield tuple(block), _sum("owner", label, currency, groups[part], facts)

    def _stated(self, asked: Asked) -> list[Row]:
        """Period, currency, whether estimated, and what the statements say, rounded by R23."""
        return self._engine.rows(
            f"SELECT x_Period, BillingCurrency, {_ESTIMATED} AS estimated_, sum(x_EffectiveAmount)"
            f" FROM {self._run.relation('statements')} WHERE {_where(asked)}"
            " GROUP BY ALL ORDER BY ALL"
        )

    def _figure(self, asked: Asked, stated: Row, parts: Sequence[Node]) -> Node:
        period, currency, estimated, amount = stated
        facts = {"x_Period": period, "x_EffectiveAmount": _text(amount)}
        if estimated:
            facts["x_Basis"] = "estimated"
        return _sum("figure", _label(asked), currency, parts, facts)


def _sum(
    kind: Kind, label: str, currency: str, parts: Sequence[Node], facts: Mapping[str, str]
) -> Node:
    cost = Decimal(0)
    for part in parts:
        cost = EXACT.add(cost, part.cost)
    ordered = parts
    if kind != "group":  # lines come in order, the rest of them last
        ordered = sorted(parts, key=lambda node: (-abs(node.cost), node.label))
    return Node(kind, label, cost, currency, sum(part.lines for part in parts), facts, ordered)


def _facts(names: Iterable[str], cells: Iterable[Any]) -> dict[str, str]:
    return {n: _text(cell) for n, cell in zip(names, cells, strict=True) if cell is not None}


def _text(value: Any) -> str:
    """A value as csv has it: every digit of a number, no zeros after them."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _test(column: str, value: str, of: str = "") -> str:
    return f"{of}{quoted(column)} IS NOT DISTINCT FROM {literal(value) if value else 'NULL'}"


def _where(asked: Asked, of: str = "") -> str:
    tests = [_test(key, value, of) for key, value in asked.values.items()]
    if asked.period is not None:
        tests.append(_test("x_Period", asked.period, of))
    if asked.service is not None:
        tests.append(_test("ServiceName", asked.service, of))
    return " AND ".join(tests) or "true"


def _label(asked: Asked) -> str:
    said = [f"{key} {value}" if value else f"no {key}" for key, value in asked.values.items()]
    if asked.service is not None:
        said.append(asked.service or "no service")
    return ", ".join(said) or "everything in scope"
