"""Bill lines of the groups in question, and which part of each is meant."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from everyline.control import Unbalanced
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain.nodes import Asked, Node, amount, facts, shared_out, text, units

FOUND = ("x_ChargeId", "x_SourceFile", "x_SourceRow")
_LINE = ("ChargePeriodStart", "ChargeDescription", "ResourceName", "ResourceId")
_NARROWED_MAX = 2000


class _Line(NamedTuple):
    """One line as it stands alone: its whole cost, and the fraction of it that is meant."""

    cost: Decimal
    ratio: Fraction
    currency: str
    facts: dict[str, str]


class Lines:
    """Finds the lines of the pieces in the table `explained`."""

    def __init__(self, engine: Engine, charges: Callable[..., str]) -> None:
        """`charges` gives SQL of the relation `charges`."""
        self._engine = engine
        self._charges = charges

    def line_up(self) -> None:
        """The table of all lines of those groups, the largest part of each first.

        Equal amounts stand in the order of file and row: ids are worked out for what is shown only.

        Raises:
            Unbalanced: the lines do not sum to their groups, which is a fault of ours.
        """
        # Hashing lines costs the most, so those that can't be meant are left out before.
        charges = self._charges(self._narrowed(("x_Source", "ServiceName")))
        cost = "c.EffectiveCost::DECIMAL(38,18)"
        # A product of two long numbers has no room, and the order needs but their first digits.
        part = "round(abs(EffectiveCost), 6)::DECIMAL(28,6) * frac_"
        self._engine.run(
            "CREATE OR REPLACE TEMP TABLE explained_lines AS SELECT group_, x_SourceFile,"
            " x_SourceRow, EffectiveCost, ratio_, row_number() OVER (PARTITION BY group_"
            f" ORDER BY {part} DESC, abs(EffectiveCost) DESC, x_SourceFile, x_SourceRow) AS rank_"
            " FROM (SELECT g.group_, c.x_SourceFile, c.x_SourceRow, g.ratio_, g.frac_,"
            f" {cost} AS EffectiveCost FROM ({charges}) AS c"
            " JOIN (SELECT x_GroupId, group_, ratio_, frac_ FROM explained) AS g USING (x_GroupId)"
            f" WHERE {self._narrowed(('x_Period',))})"
        )
        wrong = self._engine.rows(
            "SELECT group_ FROM (SELECT group_, whole_ FROM explained UNION ALL"
            " SELECT group_, -EffectiveCost FROM explained_lines) GROUP BY group_"
            " HAVING sum(whole_) <> 0 LIMIT 1"
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
            texts = sorted(literal(text(value)) for (value,) in rows if value is not None)
            if len(texts) == len(rows) <= _NARROWED_MAX:
                cast = "::DECIMAL(38,18)" if column == "EffectiveCost" else ""
                tests.append(f"{column} IN ({', '.join(one + cast for one in texts)})")
        return " AND ".join(tests) or "true"

    def nodes(self, asked: Asked, ratios: Sequence[Fraction]) -> dict[int, list[Node]]:
        """The lines of each group that stand alone, and the rest of them as one."""
        alone = f"rank_ <= {asked.lines_max}" if asked.lines_max is not None else "true"
        shown: dict[int, list[_Line]] = defaultdict(list)
        for group, line in self._alone(alone, ratios):
            shown[group].append(line)
        more: dict[int, int] = dict(
            self._engine.rows(
                f"SELECT group_, count(*) FROM explained_lines WHERE NOT ({alone}) GROUP BY group_"
            )
        )
        totals: dict[int, Decimal] = dict(
            self._engine.rows(
                "SELECT group_, sum(EffectiveCost)::DECIMAL(38,18) FROM explained GROUP BY group_"
            )
        )
        return {
            group: _nodes(units(total), shown[group], more.get(group, 0))
            for group, total in totals.items()
        }

    def _alone(self, alone: str, ratios: Sequence[Fraction]) -> list[tuple[int, _Line]]:
        narrowed = self._narrowed(("EffectiveCost",), f"explained_lines WHERE {alone}")
        charges = self._charges(narrowed)
        has = self._engine.columns(f"({charges})")
        names = [*FOUND, *(name for name in _LINE if name in has)]
        found = []
        cells: Sequence[Any]
        for group, ratio, currency, cost, *cells in self._engine.rows(
            "SELECT s.group_, s.ratio_, c.BillingCurrency, s.EffectiveCost,"
            f" {', '.join('c.' + quoted(name) for name in names)}"
            f" FROM ({charges}) AS c JOIN explained_lines AS s"
            " ON c.x_SourceFile = s.x_SourceFile AND c.x_SourceRow = s.x_SourceRow"
            f" WHERE {alone} ORDER BY s.group_, s.rank_"
        ):
            found.append((group, _Line(cost, ratios[ratio], currency, facts(names, cells))))
        return found


def _nodes(total: int, lines: Sequence[_Line], more: int) -> list[Node]:
    """Nodes of the lines that stand alone, and one of the others; they sum to `total`."""
    exact = [units(line.cost) * line.ratio for line in lines]
    if more:
        exact.append(total - sum(exact, Fraction(0)))
    parts = list(map(amount, shared_out(total, exact)))
    made = []
    for line, part in zip(lines, parts, strict=False):
        said = dict(line.facts)
        if line.ratio != 1:
            said |= {"x_Of": text(line.cost), "x_Part": str(line.ratio)}
        label = said.get("ChargeDescription") or said.get("ResourceName") or "line"
        made.append(Node("line", label, part, line.currency, 1, said))
    if more:
        label = f"{more:,} more {'line' if more == 1 else 'lines'}"
        made.append(Node("rest", label, parts[-1], lines[0].currency, more, {}))
    return made
