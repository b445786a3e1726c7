"""A statement as one HTML file: it loads nothing, runs nothing, prints on A4, in light and dark.

Every bar stands beside the figures that it draws. No name from the data is taken for HTML.
"""

import shlex
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from everyline import figures
from everyline.exports import charts
from everyline.exports import statement_words as words
from everyline.exports.markup import Html, joined, page, tag
from everyline.exports.statement import Block, Near, Row, Statement, by_first_name, together, total

_CHANGES_MAX = 8
_PARTS_MAX = 12
_NEAR_MAX = 8
_METHODS = ("direct", "traced", "shared")


class Head(NamedTuple):
    """A heading, and the class of its column: `n` for figures, `bar`, or none."""

    text: str
    class_: str = ""


class _Shown(NamedTuple):
    """The statement, a block of it, and how its amounts are written."""

    statement: Statement
    block: Block

    def amount(self, value: Decimal) -> str:
        return figures.amount(value, self.block.currency)

    def heads(self, *names: str) -> list[Head]:
        """Headings of a table of rows: names, this month, the one before, and the change."""
        currency, before = self.block.currency, self.statement.before
        now = Head(f"{self.statement.period}, {currency}", "n")
        if before is None:
            return [*map(Head, names), now]
        return [*map(Head, names), now, Head(before, "n"), Head("change", "n")]

    def cells(self, row: Row) -> list[Html]:
        """The figures of a row, under `heads`."""
        shown = [self.amount(row.now.shown)]
        if self.statement.before is not None:
            shown.append(self.amount(row.before.shown))
            shown.append(figures.change(row.change.shown, self.block.currency))
        return [cell(text, "n") for text in shown]

    def part(self, name: str | None) -> str:
        return _name(name, words.nobody(self.statement.part_key))


def html(statement: Statement) -> str:
    """The document."""
    blocks = (_block(_Shown(statement, block)) for block in statement.blocks)
    header = tag(
        "header",
        tag("h1", words.title(statement)),
        tag("p", words.standing(statement), class_="note"),
    )
    footer = tag(
        "footer",
        tag("p", words.ROUNDING),
        tag("p", "Run ", tag("code", statement.run)),
    )
    body = (header, *blocks, _disputes(statement), _fresh(statement), _object(statement), footer)
    return page(words.title(statement), style(), tag("main", *body))


@cache
def style() -> str:
    """The style sheet of all documents."""
    return (files(__package__) / "statement.css").read_text("utf-8")


def table(
    caption: str, heads: Iterable[Head], rows: Iterable[Sequence[Html]], foot: Sequence[Html] = ()
) -> Html:
    """A table; the first cell of each row names it."""
    headings = (
        tag("th", h.text, scope="col", **_class(h.class_))
        if h.text
        else tag("td", **_class(h.class_))
        for h in heads
    )
    parts = [
        tag("caption", caption),
        tag("thead", tag("tr", *headings)),
        tag("tbody", *(tag("tr", *row) for row in rows)),
    ]
    if foot:
        parts.append(tag("tfoot", tag("tr", *foot)))
    whole = tag("table", *parts)
    return tag("div", whole, class_="wide", tabindex="0", role="group", aria_label=caption)


def _block(shown: _Shown) -> Html:
    statement, block = shown
    billed = f"As billed (BilledCost): {shown.amount(block.billed.now.shown)} {block.currency}."
    whole = tag(
        "section",
        tag("p", f"{shown.amount(block.total.now.shown)} {block.currency}", class_="total"),
        tag("p", " ".join(words.summary(statement, block))),
        tag("p", billed, class_="note"),
        class_="card sum",
    )
    sections = [_changes, _parts, _ways, _issuers, _near]
    return tag(
        "article", tag("h2", words.heading(block)), whole, *(make(shown) for make in sections)
    )


def _changes(shown: _Shown) -> Html:
    statement, block = shown
    if statement.before is None:
        return Html("")
    rows = [row for row in block.changes if row.change.shown]
    listed, rest = rows[:_CHANGES_MAX], rows[_CHANGES_MAX:]
    still = [row for row in block.changes if row.now.shown and not row.change.shown]
    largest = max((abs(row.change.shown) for row in rows), default=Decimal(0))
    made = [_change(shown, row, largest) for row in listed]
    names = 3 if statement.part_key else 2
    for count, others, said in ((len(rest), rest, "changed less"), (len(still), still, "equal")):
        if others:
            row = together(others)
            cells = _wide(f"{count} {said}", names), *shown.cells(row)
            made.append([*cells, _bar(charts.either_way(row.change.shown, largest))])
    heads = shown.heads(*([statement.part_key] if statement.part_key else []), "layer", "service")
    foot = [_wide("total", names), *shown.cells(block.total), tag("td", class_="bar")]
    caption = f"By what changed most since {statement.before}. The parts sum to the change."
    return _section("Why it changed", table(caption, [*heads, Head("", "bar")], made, foot))


def _change(shown: _Shown, row: Row, largest: Decimal) -> list[Html]:
    part, layer, service = row.names
    names = [layer or "", _name(service, "(none)")]
    if shown.statement.part_key:
        names.insert(0, shown.part(part))
    first, *others = names
    return [
        row_head(first),
        *(cell(name, "word" if name == layer else "") for name in others),
        *shown.cells(row),
        _bar(charts.either_way(row.change.shown, largest)),
    ]


def _parts(shown: _Shown) -> Html:
    """By part and layer; or by layer alone, where no key tells parts apart."""
    statement, block = shown
    layers = block.layers
    groups = by_first_name(block.parts)
    largest = max((abs(together(rows).now.shown) for rows in groups.values()), default=Decimal(0))
    listed = list(groups.items())
    made = [_part(shown, shown.part(part), rows, largest) for part, rows in listed[:_PARTS_MAX]]
    if rest := listed[_PARTS_MAX:]:
        rows = [row for _, others in rest for row in others]
        made.append(_part(shown, words.others(len(rest)), rows, largest))
    whole = _part(shown, "total", block.parts, Decimal(0))
    foot = [*whole[:-1], tag("td", class_="bar")]
    key = statement.part_key or statement.key
    now, *others = shown.heads()
    heads = [Head(key), *(Head(name, "n") for name in layers), now, *others, Head("", "bar")]
    legend = _legend(layers)
    caption = f"{key} by layer: this month's EffectiveCost."
    title = f"By {key} and layer" if statement.part_key else "By layer"
    return _section(title, table(caption, heads, made, foot), legend)


def _part(shown: _Shown, name: str, rows: Sequence[Row], largest: Decimal) -> list[Html]:
    by_layer = {
        layer: together([row for row in rows if row.names[1] == layer]).now.shown
        for layer in shown.block.layers
    }
    return [
        row_head(name),
        *(cell(shown.amount(amount) if amount else "–", "n") for amount in by_layer.values()),
        *shown.cells(together(rows)),
        _bar(charts.stacked(list(by_layer.items()), largest)),
    ]


def _ways(shown: _Shown) -> Html:
    block = shown.block
    positive = sum((max(way.row.now.shown, Decimal(0)) for way in block.ways), Decimal(0))
    made = []
    for way in block.ways:
        method, pool = way.row.names
        name = words.METHODS[method or ""] + (f": {pool}" if pool else "")
        bar = charts.stacked([(method or "", way.row.now.shown)], positive)
        told = [tag("p", sentence, class_="note") for sentence in way.words]
        head = tag("th", tag("bdi", name), *told, scope="row")
        made.append([head, *shown.cells(way.row), _bar(bar)])
    heads = [*shown.heads("how, and by which rule"), Head("", "bar")]
    foot = [row_head("total"), *shown.cells(block.total), tag("td", class_="bar")]
    caption = "Your own cost, what usage traced to you, and your part of what many share."
    present = [m for m in _METHODS if any(way.row.names[0] == m for way in block.ways)]
    return _section("How it came to you", table(caption, heads, made, foot), _legend(present))


def _issuers(shown: _Shown) -> Html:
    amount = shown.amount
    made = []
    for one in shown.block.issuers:
        part = figures.percent(figures.share(one.billed.shown, one.billed_of_all.shown))
        cells = (
            amount(one.effective.shown),
            amount(one.billed.shown),
            amount(one.billed_of_all.shown),
            part,
        )
        made.append([row_head(_name(one.name, "(none)")), *(cell(text, "n") for text in cells)])
    totals = (shown.block.total.now.shown, shown.block.billed.now.shown)
    foot = [row_head("total"), *(cell(amount(t), "n") for t in totals), cell(""), cell("")]
    heads = [
        Head("invoice issuer"),
        Head("EffectiveCost", "n"),
        Head("BilledCost", "n"),
        Head("billed to all in scope", "n"),
        Head("your part", "n"),
    ]
    caption = "All statements, and what has no owner, sum to the issuer's bill in scope."
    return _section("Who bills it", table(caption, heads, made, foot))


def _near(shown: _Shown) -> Html:
    statement, block = shown
    if not block.near:
        return Html("")
    made = [
        [
            row_head(_name(one.account, "(no account)")),
            cell(_name(one.service, "(none)")),
            cell(words.reason(one.evidence)),
            cell(shown.amount(one.cost.shown), "n"),
        ]
        for one in block.near[:_NEAR_MAX]
    ]
    if rest := block.near[_NEAR_MAX:]:
        made.append([_wide(words.others(len(rest)), 3), _near_sum(shown, rest)])
    foot = [_wide("total", 3), _near_sum(shown, block.near)]
    heads = [*map(Head, ("account", "service", "why nobody's")), Head(block.currency, "n")]
    note = tag("p", words.near(statement.key), class_="note")
    listed = table("In no total of this statement.", heads, made, foot)
    return _section("Near you, and nobody's yet", note, listed)


def _near_sum(shown: _Shown, near: Sequence[Near]) -> Html:
    return cell(shown.amount(total(one.cost for one in near).shown), "n")


def _disputes(statement: Statement) -> Html:
    if not statement.disputes:
        return Html("")
    made = []
    for one in statement.disputes:
        amount = figures.amount(one.amount, one.currency)
        cells = (one.about, one.reason, one.state)
        made.append(
            [
                row_head(one.who),
                *map(cell, cells),
                cell(f"{amount} {one.currency}", "n"),
            ]
        )
    heads = [*map(Head, ("who", "about", "reason", "state")), Head("amount", "n")]
    return _section("Objections", table(f"As in {words.DISPUTES}.", heads, made), level="h2")


def _fresh(statement: Statement) -> Html:
    made = [
        [row_head(one.source), cell(one.kind), cell(words.until(one, statement.period))]
        for one in statement.fresh
    ]
    heads = [*map(Head, ("source", "what", "has data until"))]
    caption = "The end of the last hour that a source has anything of, in or before the month."
    return _section("How fresh the data are", table(caption, heads, made), level="h2")


def _object(statement: Statement) -> Html:
    before, after = words.OBJECT.split("{}")
    command = shlex.join(["everyline", *words.explains(statement)])
    return _section(
        "If a figure is wrong",
        tag("p", before, tag("code", words.DISPUTES), after),
        tag("p", tag("code", command)),
        level="h2",
    )


def _section(title: str, *inside: Html, level: str = "h3") -> Html:
    return tag("section", tag(level, title), *inside, class_="card")


def _legend(names: Sequence[str]) -> Html:
    shown = (joined([charts.swatch(name), name]) for name in names)
    return tag("p", *shown, class_="note key") if len(names) > 1 else Html("")


def _name(name: str | None, nothing: str) -> str:
    return nothing if name is None else name


def row_head(text: str) -> Html:
    """The first cell of a row, which names it."""
    return tag("th", tag("bdi", text), scope="row")


def _wide(text: str, columns: int) -> Html:
    return tag("th", text, scope="row", colspan=str(columns))


def cell(text: str, class_: str = "") -> Html:
    """A cell of text, or with class `n` of a figure."""
    inside = text if class_ == "n" else tag("bdi", text)
    return tag("td", inside, **_class(class_))


def _bar(drawn: Html) -> Html:
    return tag("td", drawn, class_="bar")


def _class(name: str) -> dict[str, str]:
    return {"class_": name} if name else {}
