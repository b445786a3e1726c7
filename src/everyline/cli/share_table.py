"""Shares as a table: of each split, what each receiver gets, the largest first."""

from fractions import Fraction
from typing import Any

from everyline.cli import figures, share_words
from everyline.cli.layout import Column, Table
from everyline.cli.view import ROWS_MAX, View, title
from everyline.engines.duckdb import quoted
from everyline.explain import called
from everyline.explain.words import driver

_BAR = 6
_COLUMNS = ("x_ShareId", "x_Rule", "x_Level", "x_Kind", "x_Driver", "x_Weight", "x_WeightTotal")


def show(view: View) -> bool:
    """Prints the splits, each with its receivers."""
    names = [*_COLUMNS, *(k + end for k in view.keys for end in ("", "_evidence"))]
    rows = view.engine.rows(
        f"SELECT {', '.join(map(quoted, names))} FROM ({view.sql})"
        " ORDER BY x_Rule, x_Kind DESC, x_Level, x_ShareId, length(x_Weight) DESC, x_Weight DESC,"
        " x_Receiver"
    )
    if heading := title(view):
        view.screen.line(heading, "bold")
    cells, last = [], None
    for row in rows[:ROWS_MAX]:
        found = dict(zip(names, row, strict=True))
        is_first = found["x_ShareId"] != last
        last = found["x_ShareId"]
        cells.append(_cells(view, found, is_first=is_first))
    columns = (
        Column("split"),
        Column("by"),
        Column("receiver"),
        Column("weight", "figure"),
        Column("share", "figure"),
        Column("", "bar"),
    )
    view.screen.table(Table(columns, cells))
    if not rows:
        view.screen.note("no rows")
    view.screen.more(len(rows) - ROWS_MAX)
    return True


def _cells(view: View, row: dict[str, Any], *, is_first: bool) -> list[str]:
    evidence = {key: row[f"{key}_evidence"] for key in view.keys}
    values = {key: row[key] for key in view.keys if row[key] is not None}
    share = Fraction(int(row["x_Weight"]), int(row["x_WeightTotal"]))
    is_composed = row["x_Kind"] == "composed"
    by = "all pools" if is_composed else driver(row["x_Driver"])
    level = f", level {row['x_Level']}" if row["x_Level"] > 1 and not is_composed else ""
    named = [f"{row['x_Rule']}{level}", by] if is_first else ["", ""]
    return [
        *named,
        called(view.keys, values, evidence),
        share_words.weight(row),
        figures.percent(share),
        view.screen.bar(share, _BAR),
    ]
