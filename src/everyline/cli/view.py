"""One relation as somebody asked for it, ready to be shown; and what tables of it share."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from everyline.answers import selection
from everyline.answers.texts import text
from everyline.cli import figures
from everyline.cli.layout import Column
from everyline.cli.screen import Screen
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import Problem
from everyline.relations import Relation
from everyline.runs import Run

Source = Callable[[Path, Run, Engine], str | Sequence[Problem]]
"""The SQL of a relation, to select from, or the problems why there is none."""

ROWS_MAX = 40
"""How many rows of a relation a table shows."""

IDENTITIES = ("x_GroupId", "x_LineId", "x_ChargeId", "x_ShareId", "x_PoolLineId")
"""Columns of hashes: a table shows how they begin."""

_WORDS = (
    "x_Period",
    "x_Layer",
    "x_Method",
    "x_Basis",
    "x_Tag",
    "x_Evidence",
    "level",
    "x_Kind",
    "hour",
)
_HASH = re.compile("[0-9a-f]{64}")
_HASH_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A relation, filtered.

    Attributes:
        sql: SELECT of the rows asked for, all columns.
        kinds: column to DuckDB type.
        wanted: column to the values asked for.
        by: SELECT's columns, summed; None where rows are listed.
        keys: the taxonomy keys of the run, in order.
    """

    screen: Screen
    engine: Engine
    project: Path
    relation: Relation
    sql: str
    kinds: Mapping[str, str]
    wanted: Mapping[str, Sequence[str]]
    by: str | None
    keys: tuple[str, ...]

    @property
    def ordered(self) -> str:
        """`sql` in the order of the relation's key, nulls last."""
        key = selection.order(self.relation, self.keys, self.kinds)
        return f"{self.sql} ORDER BY {', '.join(map(quoted, key))}"

    @property
    def fixed(self) -> frozenset[str]:
        """Columns that have the one value that was asked for: no need to show them."""
        return frozenset(column for column, values in self.wanted.items() if len(values) == 1)


def title(view: View) -> str:
    """What was asked for, in words; empty where that is all."""
    parts = [
        f"{column} = {' or '.join(value or figures.NOTHING for value in values)}"
        for column, values in view.wanted.items()
    ]
    return ", ".join(parts)


def column_of(name: str, kind: str) -> Column:
    """How a column is set: numbers to the right, words of a fixed list never shortened."""
    if kind.startswith("DECIMAL") or kind.endswith("INT") or kind == "INTEGER":
        return Column(name, "figure")
    return Column(name, "word" if name in _WORDS or name in IDENTITIES else "text")


def cell(name: str, value: object, currency: str | None) -> str:
    """A value as a table shows it; a cost with its currency."""
    if value is None:
        return figures.NOTHING
    if isinstance(value, Decimal):
        if selection.is_cost(name):
            return f"{figures.amount(value, currency)} {currency or ''}".rstrip()
        return figures.quantity(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    if name == "hour":
        return text[: len("2026-10-05T10")].replace("T", " ") + "h"
    return text[:_HASH_SHOWN] + "…" if _HASH.fullmatch(text) else text


def select_text(names: Sequence[str], kinds: Mapping[str, str], sql: str) -> str:
    """SELECT of columns for a screen: moments as text, all else as it is."""
    shown = [
        f"{text(name, kinds[name])} AS {quoted(name)}"
        if kinds[name].startswith("TIMESTAMP")
        else quoted(name)
        for name in names
    ]
    return f"SELECT {', '.join(shown)} FROM ({sql}) AS shown_"
