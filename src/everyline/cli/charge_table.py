"""One bill line, and what became of it."""

from textwrap import wrap

from everyline.cli import figures, tree
from everyline.cli.layout import Column, Table
from everyline.cli.screen import Screen
from everyline.explain import Charge
from everyline.relations import COSTS

_ELSEWHERE = (
    "x_ChargeId",
    "x_GroupId",
    "x_SourceFile",
    "x_SourceRow",
    "x_Layer",
    "x_LayerRule",
    "Tags",
)
_GAP = 2


def show(screen: Screen, charge: Charge) -> None:
    """Prints its fields, its tags, its group, its layer, and for each key what was found."""
    fields = charge.fields
    currency = fields["BillingCurrency"]
    screen.line(f"charge {fields['x_ChargeId']}", "bold")
    rows = {"lies in": f"{fields['x_SourceFile']} row {fields['x_SourceRow']}"}
    shown = sorted(fields.keys() - set(_ELSEWHERE), key=lambda name: (name.startswith("x_"), name))
    rows |= {name: fields[name] for name in shown}
    rows |= {name: f"{text} {currency}" for name, text in rows.items() if name in COSTS}
    if tags := fields.get("Tags"):
        rows["Tags"] = tags
    _print(screen, rows)
    screen.line()
    screen.line("what became of it", "bold")
    cost = figures.amount(charge.group_cost, currency)
    many = "line" if charge.group_lines == 1 else "lines"
    _print(
        screen,
        {
            "group": f"{fields['x_GroupId'][:16]}: {charge.group_lines:,} {many} that no rule can"
            f" tell apart, {cost} {currency}",
            "layer": tree.layer(fields),
        },
    )
    screen.line()
    if not charge.owner:
        screen.line("It is out of scope, so nobody is asked for: only AI cost gets an owner.")
        return
    columns = tuple(map(Column, ("key", "value", "evidence", "tag on the bill", "found at")))
    cells = [
        [f.key, f.value or figures.NOTHING, f.evidence, f.tag, f.rule or figures.NOTHING]
        for f in charge.owner
    ]
    screen.table(Table(columns, cells))


def _print(screen: Screen, rows: dict[str, str]) -> None:
    """Names and texts in two columns; a long text goes on below."""
    wide = max(map(len, rows))
    room = max(20, screen.width - wide - _GAP)
    for name, text in rows.items():
        for n, line in enumerate(wrap(text, room, break_on_hyphens=False) or [""]):
            screen.pieces([((name if n == 0 else "").ljust(wide + _GAP), "dim"), (line, "")])
