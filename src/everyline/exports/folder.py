"""The statements of all owners as files of one folder, and the page that lists them.

An owner's name is no file name: what could lead out of the folder, what some system has reserved
and what differs from another only in case gets a name of its own.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from everyline import figures
from everyline.exports import statement_words as words
from everyline.exports.markup import Html, page, tag
from everyline.exports.statement import Amount, Row, Statement, together
from everyline.exports.statement_html import Head, cell, row_head, style, table

INDEX = "index.html"

_NAME_MAX = 80
_HASH_SHOWN = 8
_PLAIN = re.compile("[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_RESERVED = re.compile("con|prn|aux|nul|com[0-9]|lpt[0-9]|index")

Totals = Mapping[tuple[str, bool], tuple[Amount, Amount]]
"""EffectiveCost now and before, by currency and whether it is estimated."""


def file_names(owners: Iterable[str], ending: str) -> dict[str, str]:
    """A file name for each owner, all different on any system."""
    listed = list(owners)
    slugs = {owner: _slug(owner) for owner in listed}
    counts = Counter(slugs.values())
    names = {
        owner: slug if slug == owner and counts[slug] == 1 else _told_apart(owner, slug)
        for owner, slug in slugs.items()
    }
    return {owner: f"{name}.{ending}" for owner, name in names.items()}


def index(statements: Mapping[str, Statement], files: Mapping[str, str], nobodys: Totals) -> str:
    """A page with every owner's total; with what nobody has, they sum to the bill in scope."""
    first = next(iter(statements.values()))
    title = f"AI cost by {first.key} in {first.period}"
    blocks: dict[tuple[str, bool], list[tuple[str, Row]]] = {key: [] for key in nobodys}
    for owner, statement in statements.items():
        for block in statement.blocks:
            blocks.setdefault((block.currency, block.estimated), []).append((owner, block.total))
    made = [
        _block(first, at, rows, (files, nobodys.get(at)))
        for at, rows in sorted(blocks.items(), key=lambda item: (item[0][1], item[0][0]))
    ]
    header = tag("header", tag("h1", title), tag("p", words.standing(first), class_="note"))
    footer = tag("footer", tag("p", words.ROUNDING), tag("p", "Run ", tag("code", first.run)))
    return page(title, style(), tag("main", header, *made, footer))


def _block(
    first: Statement,
    at: tuple[str, bool],
    rows: Sequence[tuple[str, Row]],
    around: tuple[Mapping[str, str], tuple[Amount, Amount] | None],
) -> Html:
    """One table: owners by cost, then what nobody has."""
    currency, estimated = at
    files, nobodys = around
    ordered = sorted(rows, key=lambda row: (-row[1].now.shown, row[0]))
    made = [[_linked(owner, files[owner]), *_cells(first, row, currency)] for owner, row in ordered]
    all_rows = [row for _, row in ordered]
    if nobodys is not None:
        nobody = Row((), *nobodys)
        all_rows.append(nobody)
        made.append([row_head("(nobody yet)"), *_cells(first, nobody, currency)])
    heads = [Head(first.key), Head(f"{first.period}, {currency}", "n")]
    if first.before is not None:
        heads += [Head(first.before, "n"), Head("change", "n"), Head("of before", "n")]
    foot = [row_head("total"), *_cells(first, together(all_rows), currency)]
    heading = f"{currency}, estimated" if estimated else currency
    caption = "EffectiveCost; with what nobody has yet, the bill in scope."
    return tag("section", tag("h2", heading), table(caption, heads, made, foot), class_="card")


def _cells(first: Statement, row: Row, currency: str) -> list[Html]:
    texts = [figures.amount(row.now.shown, currency)]
    if first.before is not None:
        change = row.change.shown
        by = figures.share(change, abs(row.before.shown)) if row.before.shown else None
        texts += [
            figures.amount(row.before.shown, currency),
            figures.change(change, currency),
            f"{'+' if change > 0 else ''}{figures.percent(by)}" if by is not None else "",
        ]
    return [cell(text, "n") for text in texts]


def _linked(owner: str, file: str) -> Html:
    return tag("th", tag("a", tag("bdi", owner), href=quote(file)), scope="row")


def _slug(owner: str) -> str:
    """Letters and digits of ASCII, in small letters, and what joins them."""
    slug = re.sub("[^a-z0-9_-]+", "-", owner.lower())[:_NAME_MAX].strip("-_")
    return slug if _PLAIN.fullmatch(slug) and not _RESERVED.fullmatch(slug) else f"x-{slug}"


def _told_apart(owner: str, slug: str) -> str:
    return f"{slug}-{hashlib.sha256(owner.encode()).hexdigest()[:_HASH_SHOWN]}"
