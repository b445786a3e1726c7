"""Use cases by layer, as a treemap: the full stack of each at a glance."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from everyline.drawing import words
from everyline.drawing.treemap import GROUPS_MAX, Group, Part, Treemap, treemap
from everyline.engines.duckdb import quoted
from everyline.exports.reading import part_key
from everyline.web.asked import Ask, at
from everyline.web.grid import summed

Tones = Mapping[str, Decimal]
"""Amounts by the name of a part, which is its token of the palette too."""


def stack(ask: Ask, size: tuple[int, int]) -> Treemap | None:
    """The month's cost by value of the part key and layer; None where there is none."""
    key = part_key(ask.keys) or ask.lead
    lead = quoted(ask.lead)
    found: dict[str | None, dict[str, Decimal]] = {}
    for value, tone, amount in ask.rows(
        f"SELECT {quoted(key)}, CASE WHEN {lead} IS NULL THEN 'unallocated' ELSE x_Layer END,"
        f" sum({ask.amount}) FROM {ask.run.relation('told')} WHERE {ask.of_block()}"
        f" GROUP BY ALL HAVING sum({ask.amount}) <> 0 ORDER BY ALL"
    ):
        found.setdefault(value, {})[tone] = amount

    def group(value: str | None) -> Group:
        parts = [
            Part(tone, tone, amount, ask.lines({key: value, **_shown(ask, tone)}))
            for tone, amount in found[value].items()
        ]
        if value is None:
            return Group(f"(no {key})", ask.lines({key: None}), parts)
        return Group(value, ask.link(at("/use-cases", value)), parts)

    rest = ask.link("/use-cases")
    groups = folded(found, group, rest)
    return treemap(groups, *size, ask.block.currency, rest) if groups else None


def _shown(ask: Ask, tone: str) -> Mapping[str, str | None]:
    return {ask.lead: None} if tone == "unallocated" else {"x_Layer": tone}


def folded(
    found: Mapping[str | None, Tones], group: Callable[[str | None], Group], rest_href: str
) -> list[Group]:
    """Groups of a treemap: of more than are drawn the smallest are one, and never made.

    Args:
        group: makes the group of a value.
        rest_href: the page of the smallest.
    """
    nets = {value: summed(tones.values()) for value, tones in found.items()}
    drawn = [value for value in found if nets[value] > 0]
    drawn.sort(key=lambda value: (-nets[value], value is None, value or ""))
    small = drawn[GROUPS_MAX - 1 :] if len(drawn) > GROUPS_MAX else []
    left = set(small)
    groups = [group(value) for value in found if value not in left]
    if small:
        sums: dict[str, list[Decimal]] = {}
        for value in small:
            for tone, amount in found[value].items():
                sums.setdefault(tone, []).append(amount)
        parts = [Part(tone, tone, summed(each), rest_href) for tone, each in sums.items()]
        groups.append(Group(words.others(len(small)), rest_href, parts))
    return groups
