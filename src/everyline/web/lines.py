"""Bill lines behind a figure.

Keys, methods and pools are known of allocations, lines only of the bill. So the groups of the
parts that are meant are found first, then the lines of these groups: only bills and services that
they are of are read.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from everyline import figures, money, runs
from everyline.answers.texts import text
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain.nodes import amount
from everyline.problems import Problem, did_you_mean
from everyline.web import line_file, month
from everyline.web.asked import Ask, Refused
from everyline.web.visible import problem_to

PARTS = ("x_Method", "x_Pool", "x_Rule", "x_ShareId")
"""Columns of allocations, beside keys, that tell parts apart, and no lines."""

TOLD = ("ServiceProviderName", "ServiceName", "SubAccountId", "x_Model", "x_Meter", "x_Layer")
"""What is shown of groups where their lines can't be."""

_OF_GROUPS = (
    *("x_GroupId", "x_Source", "x_LayerRule", "InvoiceIssuerName", "InvoiceId"),
    *("BillingAccountId", "ChargeCategory", *TOLD),
)
"""Columns in which all lines of a group agree, so that groups can be looked for by them."""

_NARROWED_MAX = 2000
_NANO = 10**9
_ONE_AT_A_TIME = threading.Lock()
"""Reading bills takes memory; who comes second waits."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: column to the texts that its value may have; the empty one is null."""

    parts: Mapping[str, Sequence[str]]
    lines: Mapping[str, Sequence[str]]

    @property
    def words(self) -> list[str]:
        """Each condition as a person reads it."""
        return [
            f"{column} {' or '.join(value or 'none' for value in values)}"
            for column, values in (*self.parts.items(), *self.lines.items())
        ]


@dataclass(frozen=True, slots=True)
class Group:
    """A group, or what is meant of it.

    Attributes:
        whole: its cost; `part` is what is meant of that.
        told: columns of `TOLD` to values.
        number: by which its lines are quickly found, where the month has such numbers.
    """

    id: str
    source: str
    service: str | None
    whole: Decimal
    part: Fraction
    lines: int
    told: Sequence[str | None]
    number: int | None = None

    @property
    def ratio(self) -> Fraction:
        """The part of each of its lines that is meant; all of them where they come to nothing."""
        return self.part * Fraction(1, Fraction(self.whole)) if self.whole else Fraction(1)


def wanted(ask: Ask) -> Wanted:
    """The conditions of a request: `where=COLUMN=VALUE`, or a column as a name of its own.

    Raises:
        Refused: one without `=`.
    """
    pairs = [(name, value) for name, value in ask.more.items() if name != "page"]
    for entry in ask.repeated.get("where", ()):
        column, sign, value = entry.partition("=")
        if not sign:
            raise Refused(400, f"`where={entry}` has no second `=`", "it is `where=COLUMN=VALUE`")
        pairs.append((column, value))
    parts: dict[str, list[str]] = defaultdict(list)
    lines: dict[str, list[str]] = defaultdict(list)
    ends = ("", "_evidence", "_tag")
    of_parts = {*PARTS, *(key + end for key in ask.keys for end in ends)}
    for column, value in pairs:
        (parts if column in of_parts else lines)[column].append(value)
    return Wanted(dict(parts), dict(lines))


def tests(found: Mapping[str, Sequence[str]], kinds: Mapping[str, str]) -> str:
    """SQL: whether a row has one of the wanted values in every column; one it lacks is null."""
    made = [
        f"coalesce({text(column, kinds[column])}, '') IN ({', '.join(map(literal, values))})"
        if column in kinds
        else str("" in values).lower()
        for column, values in found.items()
    ]
    return " AND ".join(made) or "true"


def of_month(ask: Ask) -> Ask:
    """What is asked, of a run that reads the groups and parts of the month alone, and quicker."""
    opened = ask.opened
    read = month.of_month(opened.project, opened.whole, ask.block.period)
    return replace(ask, run=replace(ask.run, instead={**ask.run.instead, **read}))


def groups(ask: Ask, asked: Wanted) -> list[Group]:
    """The groups of which something is meant; of a split one its lines only to who sees all."""
    relation = ask.run.relation("groups")
    kinds = ask.opened.columns(ask.engine, relation)
    fixed = {name: values for name, values in asked.lines.items() if name in _OF_GROUPS}
    told = ", ".join(quoted(name) if name in kinds else "NULL" for name in TOLD)
    number = month.NUMBER if month.NUMBER in kinds else "NULL"
    numbers: dict[str, int | None] = {}
    meant = _parts(ask, asked, numbers) if asked.parts else None
    those, ids = "", []
    if meant is not None:
        few = numbered(numbers.get(group) for group in meant)
        those = f" AND {few or 'x_GroupId IN (SELECT unnest(?::VARCHAR[]))'}"
        ids = [] if few else [list(meant)]
    rows = ask.rows(
        f"SELECT x_GroupId, x_Source, ServiceName, {quoted(ask.exact)}::DECIMAL(38,18),"
        f" x_LineCount, {number}, {told} FROM {relation}"
        f" WHERE {ask.of_block()} AND {tests(fixed, kinds)}{those}",
        ids,
    )
    found = []
    for group, source, service, whole, lines, at, *cells in rows:
        part = Fraction(whole) if meant is None else meant.get(group)
        if part is not None:
            found.append(Group(group, source, service, whole, part, lines, cells, at))
    return found


def _parts(ask: Ask, asked: Wanted, numbers: dict[str, int | None]) -> dict[str, Fraction]:
    """What is meant of each group: its own parts, and its part of what pools were split into.

    Adds to `numbers` those of groups, where the month has such.
    """
    allocations, cost = ask.run.relation("allocations"), quoted(ask.exact)
    kinds = ask.opened.columns(ask.engine, allocations)
    test = f"{ask.of_block()} AND {tests(asked.parts, kinds)}"
    number = month.NUMBER if month.NUMBER in kinds else "NULL::INTEGER"
    found: dict[str, Fraction] = defaultdict(Fraction)
    pooled: dict[str, Decimal] = {}
    for line, is_pooled, at, part in ask.rows(
        f"SELECT x_LineId, x_Pool IS NOT NULL, {number}, sum({cost})::DECIMAL(38,18)"
        f" FROM {allocations} WHERE {test} GROUP BY ALL"
    ):
        if is_pooled:
            pooled[line] = part
        else:
            found[line] += Fraction(part)
            numbers[line] = at
    if not pooled or not ask.viewer.sees_all:
        return found
    members = ask.opened.hold(f"members {ask.block.period}", ask.exact, lambda: _members(ask))
    for line, part in pooled.items():
        whole = sum((of for *_, of in members[line]), Fraction(0))
        times = Fraction(part) * Fraction(1, whole) if whole else Fraction(0)
        for group, at, of in members[line]:
            found[group] += of * times
            numbers[group] = at
    return found


def _members(ask: Ask) -> Mapping[str, Sequence[tuple[str, int | None, Fraction]]]:
    """Pool line to its members: group, its number, and what it brought."""
    groups_ = ask.run.relation("groups")
    is_numbered = month.NUMBER in ask.opened.columns(ask.engine, groups_)
    number = f"any_value({month.NUMBER})" if is_numbered else "NULL::INTEGER"
    beside = f" LEFT JOIN {groups_} AS g USING (x_GroupId)" if is_numbered else ""
    members = defaultdict(list)
    for line, group, at, part in ask.rows(
        f"SELECT x_PoolLineId, x_GroupId, {number}, sum(m.{quoted(ask.exact)})::DECIMAL(38,18)"
        f" FROM {ask.run.relation('pool_members')} AS m{beside} GROUP BY x_PoolLineId, x_GroupId"
    ):
        members[line].append((group, at, Fraction(part)))
    return dict(members)


def numbered(numbers: Iterable[int | None]) -> str:
    """SQL: whether a group or line has one of these numbers; empty where it is no help."""
    found = set(numbers)
    if None in found or not 0 < len(found) <= _NARROWED_MAX:
        return ""
    return f"{month.NUMBER} IN ({', '.join(map(str, sorted(filter(None, found))))})"


@contextmanager
def bills(
    ask: Ask, *, of_any_month: bool = False, are_few: bool = False
) -> Iterator["Bills | Problem"]:
    """The lines of the run, or why they can't be read as the run read them.

    They are those of the month that is asked for, if not `of_any_month`, and maybe others beside.
    Where those that are meant `are_few` and lie in a file, nobody waits for them.
    """
    filed = line_file.filed(ask.opened, ask.block.period) if are_few else None
    if filed is not None:
        columns = ask.opened.columns(ask.engine, f"({filed()})")
        try:
            yield Bills(ask.engine, filed, columns)
        finally:
            ask.engine.run("DROP TABLE IF EXISTS found_lines")
        return
    with _ONE_AT_A_TIME, closing(Engine(ask.opened.project / runs.FOLDER / "spill")) as engine:
        period = None if of_any_month else ask.block.period
        charges = line_file.charges(engine, ask.opened, period)
        yield Bills(engine, charges) if callable(charges) else problem_to(charges[0], ask.viewer)


class Bills:
    """Bills that are open for reading, with what gives SQL of their lines."""

    def __init__(
        self, engine: Engine, charges: Any, columns: Mapping[str, str] | None = None
    ) -> None:
        """`columns` are those of lines, where they are known."""
        self.engine = engine
        self.charges = charges
        self._columns = columns

    def find(self, found: Sequence[Group], asked: Wanted, cost: str, *, ids: bool) -> None:
        """Finds the lines of the groups that meet what is asked of lines.

        Without `ids` all lines are spared their hashing, and what a page shows is read for its
        own lines alone.

        Raises:
            Refused: a column that lines don't have.
        """
        kinds = {"x_GroupId": "VARCHAR", "ratio_": "INTEGER", "frac_": "DECIMAL(10,9)"}
        kinds |= {_NUMBER: "INTEGER"}
        self._groups = found
        ratios = [group.ratio for group in found]
        self.ratios = list(dict.fromkeys(ratios))
        at = {ratio: n for n, ratio in enumerate(self.ratios)}
        sized = [
            str(Decimal(min(int(abs(ratio) * _NANO), 9 * _NANO)).scaleb(-9))
            for ratio in self.ratios
        ]
        rows = [
            (group.id, at[ratio], sized[at[ratio]], group.number)
            for group, ratio in zip(found, ratios, strict=True)
        ]
        self.engine.table("asked_groups", kinds, rows)
        self.narrowed = narrowed(
            {
                "x_Source": [group.source for group in found],
                "ServiceName": [group.service for group in found],
            }
        )
        has = self._columns or self.engine.columns(f"({self.charges(self.narrowed)})")
        for column in asked.lines:
            if column not in has and column not in _OF_GROUPS:
                raise Refused(
                    400, f"bill lines have no column `{column}`", did_you_mean(column, has)
                )
        self._shown = [quoted(n) if n in has else f"NULL::VARCHAR AS {quoted(n)}" for n in SHOWN]
        self._is_brief = not ids
        self._put(asked, cost, has)

    def _put(self, asked: Wanted, cost: str, has: Mapping[str, str]) -> None:
        """What gives the lines: a query, or the table `found_lines` where sums are of lines."""
        listed = ", ".join(_PLACE if self._is_brief else self._shown)
        few = self._few(group.number for group in self._groups)
        joined = (
            f"({self.charges.numbered(few)}) AS c"
            f" JOIN (SELECT * EXCLUDE (x_GroupId) FROM asked_groups)"
            f" ON c.{month.NUMBER} = {_NUMBER}"
            if few
            else f"({self.charges(self.narrowed)}) AS c JOIN asked_groups USING (x_GroupId)"
        )
        lines = (
            f"SELECT {listed}, ratio_, {_NUMBER}, c.{quoted(cost)}::DECIMAL(38,18) AS cost_,"
            " c.EffectiveCost::DECIMAL(38,18) AS near_,"
            f" round(abs(c.{quoted(cost)}), 6)::DECIMAL(28,6) AS size_, frac_"
            f" FROM {joined} WHERE {tests(asked.lines, has)}"
        )
        # Of conditions that groups meet as a whole, all is known but the lines of a page.
        self._is_whole = bool(few) and asked.lines.keys() <= set(_OF_GROUPS)
        self._found = f"({lines})"
        if not self._is_whole:
            self.engine.run(f"CREATE OR REPLACE TEMP TABLE found_lines AS {lines}")
            self._found = "found_lines"

    def _few(self, numbers: Iterable[int | None]) -> str:
        """SQL: whether lines are of groups of these numbers; empty where lines have no such."""
        is_numbered = isinstance(self.charges, line_file.Filed) and self.charges.is_numbered
        return numbered(numbers) if is_numbered else ""

    def sums(self) -> tuple[int, Decimal, Fraction]:
        """How many lines were found, what they cost, and what of that is meant."""
        if self._is_whole:
            parts = sum((group.part for group in self._groups), Fraction(0))
            cost = sum((Fraction(group.whole) for group in self._groups), Fraction(0))
            return sum(group.lines for group in self._groups), exact(cost), parts
        count, whole, part = 0, Fraction(0), Fraction(0)
        for ratio, many, cost in self.engine.rows(
            "SELECT ratio_, count(*), sum(cost_)::DECIMAL(38,18) FROM found_lines GROUP BY ratio_"
        ):
            count += many
            whole += Fraction(cost)
            part += Fraction(cost) * self.ratios[ratio]
        return count, exact(whole), part

    def page(self, most: int, after: int) -> list[dict[str, Any]]:
        """Lines with the columns of `SHOWN`, `cost_` and `ratio_`: the largest parts first."""
        names = [*(_PLACE if self._is_brief else SHOWN), "ratio_", _NUMBER, "cost_", "near_"]
        rows = self.engine.rows(
            f"SELECT {', '.join(map(quoted, names))} FROM {self._found}"
            " ORDER BY size_ * frac_ DESC, abs(cost_) DESC, x_SourceFile, x_SourceRow"
            f" LIMIT {most} OFFSET {after}"
        )
        lines = [dict(zip(names, row, strict=True)) for row in rows]
        if lines and self._is_brief:
            self._tell(lines)
        return lines

    def _tell(self, lines: Sequence[dict[str, Any]]) -> None:
        """What a page shows of these lines; ids are worked out among those of equal cost alone."""
        near = self._few(line[_NUMBER] for line in lines) or self.narrowed
        if not isinstance(self.charges, line_file.Filed):
            costs = {figures.exact(line["near_"]) for line in lines}
            listed = ", ".join(f"{literal(cost)}::DECIMAL(38,18)" for cost in costs)
            near += f" AND EffectiveCost IN ({listed})"
        files = narrowed({"x_SourceFile": [line["x_SourceFile"] for line in lines]})
        rows = ", ".join(str(line["x_SourceRow"]) for line in lines)
        told = self.engine.rows(
            f"SELECT {', '.join(self._shown)} FROM ({self.charges(near)})"
            f" WHERE {files} AND x_SourceRow IN ({rows})"
        )
        found = {row[-2:]: dict(zip(SHOWN, row, strict=True)) for row in told}
        for line in lines:
            line.update(found[line["x_SourceFile"], line["x_SourceRow"]])


_PLACE = ("x_SourceFile", "x_SourceRow")
_NUMBER = "of_number_"

SHOWN = (
    *("x_ChargeId", "ChargePeriodStart", "ServiceName", "ChargeDescription", "ResourceName"),
    *("ResourceId", "SubAccountId", "x_Model", "x_Meter", "x_Layer"),
    *_PLACE,
)


def narrowed(columns: Mapping[str, Sequence[str | None]]) -> str:
    """SQL: whether columns have one of these values; one with too many, or null, is left out."""
    made = []
    for column, values in columns.items():
        texts = sorted({value for value in values if value is not None})
        if None not in values and 0 < len(texts) <= _NARROWED_MAX:
            made.append(f"{column} IN ({', '.join(map(literal, texts))})")
    return " AND ".join(made) or "true"


def exact(value: Fraction) -> Decimal:
    """A cost with 18 decimals, half-even where it has more."""
    return amount(round(value * 10**money.SCALE))
