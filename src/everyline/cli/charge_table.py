"""One bill line, and what became of it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from textwrap import wrap

from everyline import money
from everyline.cli import figures, share_words
from everyline.cli.layout import Column, Style, Table
from everyline.cli.screen import Screen
from everyline.explain import Charge, Node, words
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
_SHARE = 7
_TEXT_MIN = 24
_WAYS_MAX = 3
_DIGITS = 2


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
            "layer": words.layer(fields),
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
    screen.line()
    _show_parts(screen, charge)


def _show_parts(screen: Screen, charge: Charge) -> None:
    """Prints who gets which part of the line; exact parts, which sum to it (R12)."""
    cost = Decimal(charge.fields["EffectiveCost"])
    currency = charge.fields["BillingCurrency"]
    ends = list(_ends(charge.parts))
    keys = [found.key for found in charge.owner]
    wide = max(len(figures.separated(node.cost)) for node, _ in ends)
    screen.line(f"who gets the {figures.separated(cost)} {currency}", "bold")
    for node, before in ends:
        share = figures.percent(figures.share(node.cost, cost)).rjust(_SHARE)
        lead = f"{share}  {figures.separated(node.cost).rjust(wide)}  "
        told = [words.how(key, node.facts) for key in keys]
        _hang(screen, lead, ", ".join(told))
        for text in (*before, *_why(screen, node)):
            _hang(screen, " " * len(lead), text, "dim")


def _ends(parts: Sequence[Node]) -> Iterator[tuple[Node, list[str]]]:
    """The final parts, with what came before a pool took them."""
    for part in parts:
        if part.kind != "group":
            yield part, []
        for end in part.parts:
            before = f"of the {figures.separated(part.cost)} that were {part.label}"
            yield end, [before] if len(parts) > 1 else []


def _why(screen: Screen, node: Node) -> Iterator[str]:
    digits = money.minor_digits(node.currency)
    places = _DIGITS if digits is None else digits
    for share in node.shares:
        amount = money.floor_half_up(share_words.units(share.cost), places)
        yield from share_words.pool_lines(
            share, amount, places, most=_WAYS_MAX, ascii_only=screen.ascii_only
        )
    facts = node.facts
    if not node.shares and "x_Weight" in facts:
        weight = share_words.fraction(facts)
        yield f"{weight}, by {words.driver(facts['x_Driver'])}, level {facts['x_Level']}"


def _hang(screen: Screen, lead: str, text: str, style: Style = "") -> None:
    """A text beside `lead`, going on below it."""
    room = max(_TEXT_MIN, screen.width - len(lead))
    lines = wrap(text, room, break_on_hyphens=False, subsequent_indent="  ") or [""]
    for n, line in enumerate(lines):
        screen.pieces([(lead if n == 0 else " " * len(lead), ""), (line, style)])


def _print(screen: Screen, rows: dict[str, str]) -> None:
    """Names and texts in two columns; a long text goes on below."""
    wide = max(map(len, rows))
    room = max(20, screen.width - wide - _GAP)
    for name, text in rows.items():
        for n, line in enumerate(wrap(text, room, break_on_hyphens=False) or [""]):
            screen.pieces([((name if n == 0 else "").ljust(wide + _GAP), "dim"), (line, "")])
