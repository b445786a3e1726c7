"""What could be added to a taxonomy: aliases, lists of values, and tag keys. Nothing is applied."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from everyline.config.configuration import Configuration
from everyline.config.reading import FILE
from everyline.config.taxonomy import Key
from everyline.control import EXACT
from everyline.proposing.likeness import Likeness, bare, nearest
from everyline.proposing.vocabulary import BILLS, Found
from everyline.starting.tag_keys import SYNONYMS

LIKENED_MAX = 1000
"""So many undeclared values of a key are compared with its list, those of most cost first."""

LIST_MAX = 500
"""More values than this are no list that anybody keeps, so none is proposed."""

BETWEEN = "|"
"""What stands between aliases in a CSV; a text that holds it can be none there."""

_FEW = 2


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing to add, or to look at.

    Attributes:
        kind: `alias` (text means value), `value` (of a new list), `tag` (an entry of `tags`), or
            `look`: nothing to add, but a reason to look.
        key: the taxonomy key.
        text: the value or the tag key as billed.
        value: what it means; of a `tag` empty.
        into: the file that it belongs to; empty where there is nothing to add.
        because: the evidence, in words.
        costs: EffectiveCost that it touches, by currency, exact.
        count: bill lines, or calls, that it touches.
    """

    kind: str
    key: str
    text: str
    value: str
    into: str
    because: str
    costs: Mapping[str, Decimal]
    count: int


class _Sums:
    """Costs by currency, and counts; what has most cost comes first."""

    def __init__(self) -> None:
        self.costs: dict[str, Decimal] = {}
        self.count = 0

    def add(self, one: Found) -> None:
        if one.of == BILLS and one.currency is not None:
            before = self.costs.get(one.currency, Decimal(0))
            self.costs[one.currency] = EXACT.add(before, one.amount)
        self.count += one.lines

    @property
    def size(self) -> tuple[Decimal, int]:
        return max(self.costs.values(), default=Decimal(0)), self.count


def proposals(configuration: Configuration, found: Sequence[Found]) -> list[Proposal]:
    """All that could be added, by key in taxonomy order, what touches most cost first."""
    made = []
    for key in configuration.taxonomy:
        texts = _texts(found, key)
        of_values = _aliases(configuration, key, texts) if key.values else _list(key, texts)
        made += sorted(of_values, key=_largest)
    return [*made, *sorted(_tags(configuration, found), key=_largest)]


def _largest(one: Proposal) -> tuple[Decimal, int, str]:
    return -max(one.costs.values(), default=Decimal(0)), -one.count, one.text


def _texts(found: Iterable[Found], key: Key) -> list[tuple[str, _Sums]]:
    """The texts to think about, trimmed, those of most cost first.

    With a list those that it does not declare; without one, all that are there.
    """
    sums: dict[str, _Sums] = defaultdict(_Sums)
    for one in found:
        if one.value is not None and key.name in one.keys:
            state = one.states[one.keys.index(key.name)]
            if key.values is None or state == "undeclared":
                sums[one.value.strip()].add(one)
    return sorted(sums.items(), key=lambda pair: (*(-n for n in pair[1].size), pair[0]))


def _aliases(
    configuration: Configuration, key: Key, texts: Sequence[tuple[str, _Sums]]
) -> list[Proposal]:
    listed = key.values
    assert listed is not None
    made = []
    for text, sums in texts[:LIKENED_MAX]:
        found = _meant(configuration, key, text)
        if found is None:
            continue
        value, because = found
        if BETWEEN in text and listed.file != FILE:
            value, because = "", f"`{value}`: {because}; `{BETWEEN}` parts aliases in a CSV"
        kind, into = ("alias", listed.file) if value else ("look", "")
        made.append(
            Proposal(kind, key.name, text, value, into, because, dict(sums.costs), sums.count)
        )
    return made


def _meant(configuration: Configuration, key: Key, text: str) -> tuple[str, str] | None:
    """The value that an undeclared text may mean, and why; no value where that is open."""
    listed = key.values
    assert listed is not None
    if (other := _of_another_key(configuration, key, text)) is not None:
        return other
    known = [alias for row in listed.rows for alias in (row.value, *row.aliases)]
    like = nearest(text, known)
    if like is None:
        return None
    values = tuple(dict.fromkeys(listed.declared(one) or one for one in like.known))
    if len(values) > 1:
        return "", _tie(like, values)
    through = "" if values[0] in like.known else f" `{like.known[0]}`, its alias"
    return values[0], f"{like.how}{' from' if through and 'away' in like.how else ''}{through}"


def _tie(like: Likeness, values: Sequence[str]) -> str:
    return f"{like.how}, as near to " + " as to ".join(f"`{value}`" for value in values)


def _of_another_key(configuration: Configuration, key: Key, text: str) -> tuple[str, str] | None:
    """What a text that another key declares says of this one, through its row (R9)."""
    for other in configuration.taxonomy:
        if other.name == key.name or other.values is None:
            continue
        value = other.values.declared(text)
        if value is None:
            continue
        implied = {row.implies.get(key.name) for row in other.values.rows_of(value)} - {None}
        named = {key.values.declared(one or "") for one in implied} if key.values else set()
        if len(named) == 1 and (meant := named.pop()):
            return meant, f"a value of `{other.name}`, whose row names it"
        return "", f"`{value}` is declared for `{other.name}`, not for `{key.name}`"
    return None


def _list(key: Key, texts: Sequence[tuple[str, _Sums]]) -> list[Proposal]:
    """A list for a key that has none: found values, and what looks like another way to spell one.

    Of two that are alike the one of more cost is the value.
    """
    if not _FEW <= len(texts) <= LIST_MAX:
        return []
    values: list[str] = []
    made = []
    into = f"owners/{key.name}.csv"
    for text, sums in texts:
        like = nearest(text, values) if BETWEEN not in text else None
        costs = dict(sums.costs)
        if like is not None and len(like.known) == 1:
            said = (like.known[0], into, f"{like.how}, and of less cost")
            made.append(Proposal("alias", key.name, text, *said, costs, sums.count))
            continue
        values.append(text)
        because = "found; there is no list" if like is None else _tie(like, like.known)
        made.append(Proposal("value", key.name, text, text, into, because, costs, sums.count))
    # A list that mends nothing is nobody's need.
    return made if any(one.kind == "alias" for one in made) else []


def _tags(configuration: Configuration, found: Iterable[Found]) -> list[Proposal]:
    """Tag keys that nothing reads and that may say a key: by their name, else by their values."""
    values: dict[str, dict[str, _Sums]] = defaultdict(lambda: defaultdict(_Sums))
    whole: dict[str, _Sums] = defaultdict(_Sums)
    for one in found:
        if one.value is not None and not one.keys:
            values[one.tag_key][one.value].add(one)
            whole[one.tag_key].add(one)
    made = []
    for tag, texts in values.items():
        named = [key.name for key in configuration.taxonomy if _is_named(tag, key)]
        because = "its name says so"
        if not named:
            shares = {key.name: _declared(key, texts) for key in configuration.taxonomy}
            named = [name for name, share in shares.items() if share]
            because = shares[named[0]] if named else ""
        if len(named) > 1:
            listed = " and ".join(f"`{name}`" for name in named)
            because = f"it may say {listed}"
        if named:
            sums = whole[tag]
            kind, into = ("tag", FILE) if len(named) == 1 else ("look", "")
            costs = dict(sums.costs)
            made.append(Proposal(kind, named[0], tag, "", into, because, costs, sums.count))
    return made


def _is_named(tag: str, key: Key) -> bool:
    """Whether a tag key, whole or less what stands in front of `:`, `/` or `.`, names the key."""
    names = [key.name, *key.tags]
    names += [word for ranks in SYNONYMS.get(key.name, ()) for word in ranks]
    own = {bare(tag), bare(re.split("[:/.]", tag)[-1])}
    return any(bare(name) in own for name in names)


def _declared(key: Key, texts: Mapping[str, _Sums]) -> str:
    """That at least two of the values, and half of them, are values of a key; else nothing."""
    if key.values is None:
        return ""
    hits = [text for text in texts if key.values.declared(text) is not None]
    if len(hits) < _FEW or 2 * len(hits) < len(texts):
        return ""
    return f"{len(hits)} of its {len(texts)} values are values of `{key.name}`"
