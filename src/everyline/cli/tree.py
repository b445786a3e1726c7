"""A figure taken apart, as an indented tree beside columns of figures.

Amounts are rounded to the minor unit from the top down, as statements are (R23), so that what is
shown of each level sums to the level above.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from textwrap import fill, wrap
from typing import NamedTuple

from everyline import money
from everyline.cli import figures, layout, share_words
from everyline.cli.layout import Style
from everyline.cli.screen import Screen
from everyline.control import EXACT
from everyline.explain import Node, words

_OPENED = Fraction(1, 10)
_SPLIT_OPENED = Fraction(1, 20)
_HASH_SHOWN = 8
_LABEL_MIN = 24
_GAP = "  "
_RULE_MAX = 80
_DIGITS = 2


class _Line(NamedTuple):
    """One line of the tree: what stands in the columns, and the text beside them.

    Attributes:
        guide: what draws the tree before the text; `below` before the lines that the text goes on
            with.
        text: wrapped where it is too long, unless there is something shorter to say.
        is_detail: whether it says more of the line above.
        shorter: lines that say it where `text` does not fit into one; each shortened if need be.
    """

    cells: tuple[str, str, str]
    guide: str
    below: str
    text: str
    is_detail: bool = False
    shorter: tuple[str, ...] = ()


class _Words(NamedTuple):
    """A text of a part: what it is, or what decided it; as in `_Line`."""

    text: str
    is_detail: bool = False
    shorter: tuple[str, ...] = ()


class _Signs(NamedTuple):
    """What draws the tree."""

    branch: str
    last: str
    trunk: str
    more: str


_DRAWN = _Signs("├ ", "└ ", "│ ", "…")
_TYPED = _Signs("|-", "`-", "| ", "...")
_NO_CELLS = ("", "", "")


def show(screen: Screen, figure: Node, *, keys: Sequence[str], most: int) -> None:
    """Prints a figure of `Explanation.figures`, at each level the `most` largest parts."""
    tree = _Tree(figure, keys, most, _TYPED if screen.ascii_only else _DRAWN)
    lines = list(tree.lines())
    heads = ("share", figure.currency, "lines")
    columns = [
        max(len(row[n]) for row in (heads, *(line.cells for line in lines))) for n in range(3)
    ]
    screen.line(_title(figure), "bold")
    screen.line(
        _GAP.join(head.rjust(wide) for head, wide in zip(heads, columns, strict=True)), "bold"
    )
    screen.line(("-" if screen.ascii_only else "─") * min(screen.width, _RULE_MAX), "dim")
    room = screen.width - sum(columns) - 3 * len(_GAP)
    for line in lines:
        for n, text in enumerate(_fitting(screen, line, max(_LABEL_MIN, room - len(line.guide)))):
            cells = line.cells if n == 0 else _NO_CELLS
            set_ = _GAP.join(cell.rjust(wide) for cell, wide in zip(cells, columns, strict=True))
            guide = line.guide if n == 0 else line.below
            style: Style = "dim" if line.is_detail else ""
            screen.pieces([(set_ + _GAP, ""), (guide, "dim"), (text, style)])
    for text in _notes(figure):
        screen.line(fill(text, screen.width), "dim")


def _fitting(screen: Screen, line: _Line, room: int) -> list[str]:
    """The text in lines of that room."""
    if line.shorter and len(line.text) > room:
        return [layout.shortened(t, room, ascii_only=screen.ascii_only) for t in line.shorter]
    return wrap(line.text, room, subsequent_indent="  ", break_on_hyphens=False) or [""]


def _title(figure: Node) -> str:
    estimated = ", estimated" if figure.facts.get("x_Basis") == "estimated" else ""
    return f"{figure.facts['x_Period']}, {figure.currency}{estimated}: {figure.label}"


def _notes(figure: Node) -> Iterator[str]:
    """What rounding hides."""
    shown = figures.amount(_rounded(figure), figure.currency)
    stated = figures.amount(Decimal(figure.facts["x_EffectiveAmount"]), figure.currency)
    exactly = f"{figures.separated(figure.cost)} {figure.currency}"
    yield f"Exactly {exactly}; rounded so that every level adds up."
    if stated != shown:
        yield f"The statement has {stated}, since it rounds the bill of each issuer by itself."


def _digits(currency: str) -> int:
    digits = money.minor_digits(currency)
    return _DIGITS if digits is None else digits


def _units(cost: Decimal) -> int:
    return int(cost.scaleb(money.SCALE, EXACT))


def _rounded(figure: Node) -> Decimal:
    digits = _digits(figure.currency)
    return Decimal(money.floor_half_up(_units(figure.cost), digits)).scaleb(-digits)


class _Tree:
    """The lines of one figure."""

    def __init__(self, figure: Node, keys: Sequence[str], most: int, signs: _Signs) -> None:
        self._figure = figure
        self._keys = keys
        self._most = most
        self._digits = _digits(figure.currency)
        self.signs = signs

    def lines(self) -> Iterator[_Line]:
        total = money.floor_half_up(_units(self._figure.cost), self._digits)
        yield _Line(("", self._amount(total), f"{self._figure.lines:,}"), "", "", "total")
        yield from self._below(self._figure, total, "")

    def _below(self, node: Node, total: int, guide: str) -> Iterator[_Line]:
        parts = self._cut(node.parts)
        exact = [(str(n), _units(part.cost)) for n, part in enumerate(parts)]
        amounts = money.cascade(total, exact, self._digits)
        for n, part in enumerate(parts):
            amount, is_last = amounts[str(n)], n == len(parts) - 1
            branch = guide + (self.signs.last if is_last else self.signs.branch)
            trunk = guide + (" " * len(self.signs.trunk) if is_last else self.signs.trunk)
            share = figures.percent(figures.share(part.cost, node.cost))
            cells = (share, self._amount(amount), f"{part.lines:,}")
            for k, told in enumerate(self._words(part, amount)):
                if k == 0:
                    yield _Line(cells, branch, trunk, *told)
                else:
                    yield _Line(_NO_CELLS, trunk, trunk, *told)
            if self._is_opened(part, first=n == 0):
                yield from self._below(part, amount, trunk)

    def _is_opened(self, part: Node, *, first: bool) -> bool:
        share = figures.share(part.cost, self._figure.cost)
        is_split = part.facts.get("x_Method") in ("traced", "shared")
        least = _SPLIT_OPENED if is_split else _OPENED
        return bool(part.parts) and (first or (share is not None and abs(share) >= least))

    def _cut(self, parts: Sequence[Node]) -> list[Node]:
        """The largest parts, and all others as one that carries their sum."""
        alone = [part for part in parts if part.kind != "rest"]
        rest = [part for part in parts if part.kind == "rest"]
        if len(alone) <= self._most + (not rest):
            return list(parts)
        rest = [*alone[self._most :], *rest]
        cost = Decimal(0)
        for part in rest:
            cost = EXACT.add(cost, part.cost)
        lines = sum(part.lines for part in rest)
        label = f"{lines:,} more lines" if alone[0].kind == "line" else f"{len(rest):,} more"
        return [*alone[: self._most], Node("rest", label, cost, rest[0].currency, lines, {})]

    def _words(self, part: Node, amount: int) -> list[_Words]:
        """A label, and what decided it."""
        if part.kind == "owner":
            told = [_Words(words.how(key, part.facts)) for key in self._keys]
            return [*told, *(_Words(text, True) for text in self._shares(part, amount))]
        if part.kind == "group":
            told = [_Words(text, True) for text in words.decided(part.facts)]
            told += [_Words(text, True) for text in share_words.trace_lines(part, self._most)]
            return [_Words(part.label), *told]
        if part.kind == "line":
            return self._line_words(part, amount)
        return [_Words(f"{self.signs.more} {part.label}")]

    def _shares(self, part: Node, amount: int) -> Iterator[str]:
        """The pools that a part came through; what is shown of each sums to what is shown of it."""
        exact = [(str(n), _units(share.cost)) for n, share in enumerate(part.shares)]
        amounts = money.cascade(amount, exact, self._digits) if exact else {}
        for n, share in enumerate(part.shares[: self._most]):
            yield from share_words.pool_lines(
                share,
                amounts[str(n)],
                self._digits,
                most=self._most,
                ascii_only=self.signs is _TYPED,
            )

    def _line_words(self, part: Node, amount: int) -> list[_Words]:
        facts = part.facts
        moment = facts.get("ChargePeriodStart", "")[:16].replace("T", " ")
        said = (facts["x_ChargeId"][:_HASH_SHOWN], moment.removesuffix(" 00:00"), part.label)
        file, row = facts["x_SourceFile"], f" row {facts['x_SourceRow']}"
        hidden = part.cost != Decimal(amount).scaleb(-self._digits)
        exactly = (f"exactly {figures.separated(part.cost)}",) if hidden else ()
        if "x_Of" in facts:
            whole = figures.separated(Decimal(facts["x_Of"]))
            part_of = f"{figures.separated(part.cost)} of {whole}"
            exactly = (f"exactly {part_of}" if hidden else part_of,)
        _, slash, name = file.rpartition("/")
        place = f"{self.signs.more}/{name}{row}" if slash else f"{name}{row}"
        text = " in ".join((*exactly, f"{file}{row}"))
        told = _Words(text, is_detail=True, shorter=(*exactly, place))
        return [_Words(" ".join(filter(None, said))), told]

    def _amount(self, units: int) -> str:
        return figures.amount(Decimal(units).scaleb(-self._digits), self._figure.currency)
