"""A statement: what one value of the lead key is told of a month, as data; forms lay it out.

Amounts are those of `statements`, summed and never rounded again, so every table of a statement
sums to its total, and all statements sum to the bill (R23). Beside each amount stands the exact
sum.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from everyline.control import EXACT
from everyline.relations import LAYERS, METHODS

NOTHING = Decimal(0)


class Amount(NamedTuple):
    """One cost: `shown` in minor units of its currency (R23), and `exact`; signed."""

    shown: Decimal
    exact: Decimal


ZERO = Amount(NOTHING, NOTHING)


def added(left: Amount, right: Amount) -> Amount:
    """Their sum, exact."""
    return Amount(EXACT.add(left.shown, right.shown), EXACT.add(left.exact, right.exact))


class Row(NamedTuple):
    """EffectiveCost of this month and of the one before, by one or more names; None is none."""

    names: tuple[str | None, ...]
    now: Amount
    before: Amount

    @property
    def change(self) -> Amount:
        """What this month has more; negative where it has less."""
        return Amount(
            EXACT.subtract(self.now.shown, self.before.shown),
            EXACT.subtract(self.now.exact, self.before.exact),
        )


class Line(NamedTuple):
    """Lines of `statements` that differ in nothing a statement tells; costs now and before.

    Attributes:
        part: the value of the statement's own key (see `Statement.part_key`).
        basis: invoiced, metered or estimated.
        corrects: the closed month that it corrects; None for none (R25).
    """

    part: str | None
    layer: str
    service: str | None
    method: str
    pool: str | None
    issuer: str | None
    basis: str
    corrects: str | None
    now: Amount
    before: Amount
    billed: Amount
    billed_before: Amount


class Way(NamedTuple):
    """Cost by how it was found to be this owner's, and the rule in words.

    Attributes:
        row: its names are method and pool.
        words: sentences.
    """

    row: Row
    words: Sequence[str]


class Issuer(NamedTuple):
    """What one issuer bills: this owner's part, and the part of everybody and nobody in scope."""

    name: str | None
    effective: Amount
    billed: Amount
    effective_of_all: Amount
    billed_of_all: Amount


class Near(NamedTuple):
    """EffectiveCost without an owner, where the owner has cost of its own.

    Attributes:
        cost: shown so that all of a block sum to their rounded exact sum.
        account: SubAccountId, or else BillingAccountId.
        evidence: why the lead key is empty.
    """

    provider: str | None
    account: str | None
    service: str | None
    evidence: str
    cost: Amount


class Fresh(NamedTuple):
    """How far the data of one source reach: `until` is exclusive, UTC."""

    kind: str
    source: str
    until: datetime


class Dispute(NamedTuple):
    """A figure that somebody objects to: who, to what, which amount, why, and how it stands."""

    who: str
    about: str
    amount: Decimal
    currency: str
    reason: str
    state: str


@dataclass(frozen=True, slots=True)
class Block:
    """What is summed apart: one currency, telemetry's estimates by themselves (R3, R21).

    Attributes:
        total: EffectiveCost.
        billed: BilledCost.
        changes: by part, layer and service; the largest change first.
        parts: by part and layer, parts of most cost first.
        ways: by method and pool.
        issuers: who bills it.
        near: what has no owner where this owner has cost; in no sum.
        lines: what all of this is summed from.
    """

    currency: str
    estimated: bool
    total: Row
    billed: Row
    changes: Sequence[Row]
    parts: Sequence[Row]
    ways: Sequence[Way]
    issuers: Sequence[Issuer]
    near: Sequence[Near]
    lines: Sequence[Line]

    @property
    def layers(self) -> list[str]:
        """The layers that have any cost now, in their order."""
        return [layer for layer in LAYERS if any(r.names[1] == layer for r in self.parts)]

    @property
    def metered(self) -> Amount:
        """Of the total, what no invoice says yet."""
        return total(line.now for line in self.lines if line.basis == "metered")

    @property
    def corrections(self) -> Sequence[Row]:
        """Of the total, what corrects closed months, by month."""
        lines = [line for line in self.lines if line.corrects is not None]
        return summed(lines, lambda line: (line.corrects,))


@dataclass(frozen=True, slots=True)
class Statement:
    """What one owner is told of one month.

    Attributes:
        key: the lead key, such as `team`.
        owner: its value.
        period: the month, `2026-10`.
        before: the last month before it that the run has; None for none.
        part_key: the key whose values are told apart: `use_case`, or else the second key; None
            where the lead key is the only one.
        blocks: one a currency, the one of most lines first; estimates last.
        fresh: how far the data reach.
        disputes: of this owner and month.
        run: the run's id.
        closed: the day on which the month was closed; None while it is open.
    """

    key: str
    owner: str
    period: str
    before: str | None
    part_key: str | None
    blocks: Sequence[Block]
    fresh: Sequence[Fresh]
    disputes: Sequence[Dispute]
    run: str
    closed: str | None = None


class Around(NamedTuple):
    """What of a block does not stand in the lines of its owner."""

    words: Callable[[Row], Sequence[str]]
    issuers: Mapping[str | None, tuple[Amount, Amount]]
    near: Sequence[Near]


def block(currency: str, *, estimated: bool, lines: Sequence[Line], around: Around) -> Block:
    """A block, summed from its lines."""
    whole = Row((), total(line.now for line in lines), total(line.before for line in lines))
    billed = Row(
        (), total(line.billed for line in lines), total(line.billed_before for line in lines)
    )
    changes = summed(lines, lambda line: (line.part, line.layer, line.service))
    ways = summed(lines, lambda line: (line.method, line.pool))
    return Block(
        currency=currency,
        estimated=estimated,
        total=whole,
        billed=billed,
        changes=sorted(changes, key=lambda row: -abs(row.change.shown)),
        parts=_parts(lines),
        ways=[Way(row, around.words(row)) for row in sorted(ways, key=_by_method)],
        issuers=_issuers(lines, around.issuers),
        near=around.near,
        lines=lines,
    )


def summed(
    lines: Iterable[Line], names: Callable[[Line], tuple[str | None, ...]]
) -> tuple[Row, ...]:
    """Rows of `lines` by names, the most cost first; ties by name, none last."""
    found: dict[tuple[str | None, ...], tuple[Amount, Amount]] = {}
    for line in lines:
        key = names(line)
        now, before = found.get(key, (ZERO, ZERO))
        found[key] = added(now, line.now), added(before, line.before)
    rows = [Row(key, now, before) for key, (now, before) in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.now.shown, _sortable(row.names))))


def by_first_name(rows: Iterable[Row]) -> dict[str | None, list[Row]]:
    """Rows that share their first name, in the order in which names come."""
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row.names[0], []).append(row)
    return found


def together(rows: Sequence[Row], *names: str | None) -> Row:
    """The sum of rows, as one of other names."""
    return Row(names, total(row.now for row in rows), total(row.before for row in rows))


def _parts(lines: Sequence[Line]) -> list[Row]:
    """By part and layer; parts of most cost first, what has no part last."""
    order = [row.names[0] for row in summed(lines, lambda line: (line.part,))]
    order.sort(key=lambda part: part is None)
    rank = {part: at for at, part in enumerate(order)}
    rows = summed(lines, lambda line: (line.part, line.layer))
    return sorted(rows, key=lambda row: (rank[row.names[0]], _layer(row.names[1])))


def _layer(name: str | None) -> int:
    return LAYERS.index(name or "none")


def _issuers(
    lines: Sequence[Line], of_all: Mapping[str | None, tuple[Amount, Amount]]
) -> list[Issuer]:
    found: dict[str | None, tuple[Amount, Amount]] = {}
    for line in lines:
        effective, billed = found.get(line.issuer, (ZERO, ZERO))
        found[line.issuer] = added(effective, line.now), added(billed, line.billed)
    made = [
        Issuer(name, effective, billed, *of_all.get(name, (ZERO, ZERO)))
        for name, (effective, billed) in found.items()
    ]
    return sorted(made, key=lambda one: (-one.effective.shown, _sortable((one.name,))))


def _by_method(row: Row) -> tuple[int, Decimal, tuple[tuple[bool, str], ...]]:
    return METHODS.index(row.names[0] or ""), -row.now.shown, _sortable(row.names)


def _sortable(names: Iterable[str | None]) -> tuple[tuple[bool, str], ...]:
    return tuple((name is None, name or "") for name in names)


def total(amounts: Iterable[Amount]) -> Amount:
    """Their sum, exact."""
    whole = ZERO
    for amount in amounts:
        whole = added(whole, amount)
    return whole
