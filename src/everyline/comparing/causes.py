"""Why what somebody has of a thing, or of a pool, changed: the definition, in whole numbers.

Amounts are integers of 10^-18, signed. Every function gives effects that sum to after less before
for each holder; whatever is divided is split by rule R12, so that they sum for each cause as well.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from everyline import money

Cause = Literal[
    "price",
    "quantity",
    "new",
    "ended",
    "evidence",
    "weights",
    "rules",
    "corrections",
    "currency",
    "other",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)

Amounts = Mapping[Any, int]
"""Holder to amount."""
Effects = Mapping[Cause, Amounts]
Quantities = Sequence[tuple[int | None, int | None]]
"""Before and after, of each kind of quantity that is billed; the one to go by first."""

ROUNDING = 10**6
"""Parts are whole in the 18th decimal, so that equal fractions differ there: below 10^-12."""


@dataclass(frozen=True, slots=True)
class Change:
    """What each holder has of one thing, before and after."""

    before: Amounts
    after: Amounts

    @property
    def holders(self) -> list[Hashable]:
        """Everybody who has a part on either side."""
        return list(dict.fromkeys((*self.before, *self.after)))

    def of(self, holder: Hashable) -> int:
        """After less before."""
        return self.after.get(holder, 0) - self.before.get(holder, 0)

    def differences(self) -> dict[Any, int]:
        """After less before, of everybody."""
        return {holder: self.of(holder) for holder in self.holders}


def of_bill(change: Change, quantities: Quantities) -> dict[Cause, int]:
    """What the change of quantity is worth at the price before, and the rest, which is price."""
    before = sum(change.before.values())
    total = sum(change.after.values()) - before
    more = of_quantity(before, quantities)
    return {"quantity": more, "price": total - more}


def flowed(
    change: Change, flows: Mapping[Cause, int], why: Cause, renamed: Mapping[Any, Any]
) -> Effects:
    """Of a thing or a pool that both sides have: other cost at the fractions before; then these.

    Args:
        change: who has what of it.
        flows: cause to the change of its cost; they sum to all of it.
        why: the cause of other fractions.
        renamed: owners, to who has now what was theirs; where nothing is left to them that is
            `evidence`.
    """
    fractions = _fractions(change.before)
    if fractions is None and not any(change.before.values()):
        fractions = _fractions(change.after)
    if fractions is None:
        return whole(change, "other")
    found = [(cause, _split(amount, fractions)) for cause, amount in flows.items() if amount]
    rest = change.differences()
    _take(rest, found)
    found.append(("evidence", _handed_over(change, rest, renamed)))
    _take(rest, found[-1:])
    if any(flows.values()) and all(abs(left) < ROUNDING for left in rest.values()):
        why = max(flows, key=lambda cause: abs(flows[cause]))
    return _summed([*found, (why, rest)])


def _take(rest: dict[Any, int], found: Sequence[tuple[Cause, Amounts]]) -> None:
    for _, parts in found:
        for holder, part in parts.items():
            rest[holder] = rest.get(holder, 0) - part


def _handed_over(
    change: Change, rest: Mapping[Any, int], renamed: Mapping[Any, Any]
) -> dict[Any, int]:
    """What owners who have nothing of it any more would have, to whoever has it now."""
    moved: dict[Any, int] = {}
    for holder, to in renamed.items():
        if holder in rest and not change.after.get(holder):
            moved[holder] = moved.get(holder, 0) + rest[holder]
            moved[to] = moved.get(to, 0) - rest[holder]
    return moved


def retagged(change: Change, cause: Literal["currency", ""] = "") -> Effects:
    """Of things that only one side has, and that are the same but for their tags.

    What some lost and others gained is the same cost with other tags, so `evidence`; what is left
    is `new` or `ended`, or `cause`. A charge of before that is a credit now is both.
    """
    differences = change.differences()
    gains = {holder: more for holder, more in differences.items() if more > 0}
    losses = {holder: -less for holder, less in differences.items() if less < 0}
    moved = min(sum(gains.values()), sum(losses.values()))
    to, by = _split(moved, gains), _split(moved, losses)
    evidence = to | {holder: -less for holder, less in by.items()}
    left = {holder: change.of(holder) - evidence.get(holder, 0) for holder in change.holders}
    if cause:
        return _summed([("evidence", evidence), (cause, left)])
    new = {holder: _new(change, holder, amount) for holder, amount in left.items()}
    ended = {holder: amount - new[holder] for holder, amount in left.items()}
    return _summed([("evidence", evidence), ("new", new), ("ended", ended)])


def _new(change: Change, holder: Hashable, left: int) -> int:
    """What of a change is of things that are there now; the other part is of things that were."""
    before, after = change.before.get(holder, 0), change.after.get(holder, 0)
    if (before > 0) == (after > 0) or not (before and after):
        return left if abs(after) > abs(before) else 0
    return _split(left, {"new": abs(after), "ended": abs(before)}).get("new", 0)


def whole(change: Change, cause: Cause) -> Effects:
    """All of it for one cause."""
    return {cause: change.differences()}


def of_quantity(cost: int, quantities: Quantities) -> int:
    """What a change of quantity is worth at the cost before, rounded half-even."""
    for before, after in quantities:
        if before is not None and after is not None and before > 0 <= after:
            whole, left = divmod(cost * (after - before), before)
            return whole + (2 * left > before or (2 * left == before and whole % 2 == 1))
    return 0


def _fractions(parts: Amounts) -> Amounts | None:
    """Weights that are the parts without their sign; None where some are charges, some refunds."""
    signs = {part > 0 for part in parts.values() if part}
    return {holder: abs(part) for holder, part in parts.items()} if len(signs) == 1 else None


def _split(amount: int, weights: Amounts) -> dict[Any, int]:
    if not amount:
        return {}
    if len(weights) == 1:
        return dict.fromkeys(weights, amount)
    return money.split(amount, weights)


def _summed(found: Sequence[tuple[Cause, Amounts]]) -> Effects:
    effects: dict[Cause, dict[Any, int]] = {}
    for cause, parts in found:
        sums = effects.setdefault(cause, {})
        for holder, part in parts.items():
            if part:
                sums[holder] = sums.get(holder, 0) + part
    return effects
