"""Two sides joined, and the change of each owner by cause."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from everyline import money
from everyline.comparing.causes import (
    CAUSES,
    Cause,
    Change,
    Effects,
    flowed,
    of_bill,
    of_quantity,
    retagged,
    whole,
)
from everyline.comparing.joined import join
from everyline.comparing.reasons import Reasons
from everyline.comparing.sides import Side
from everyline.control import EXACT, Unbalanced
from everyline.engines.duckdb import Engine, quoted

OWNER, POOL = "owner", "pool"
BEFORE, AFTER, CHANGE = "x_Before", "x_After", "x_Change"
SCOPE = "x_Scope"
"""`in` for owners, `out` for what is no AI cost."""
BASIS = "x_Basis"
"""`billed`, invoiced or metered, or `estimated` (R3)."""


def column(cause: Cause) -> str:
    """The column of a cause."""
    return f"x_By{cause.capitalize()}"


class Block(NamedTuple):
    """What is never summed together (R3, R21)."""

    currency: str
    is_estimated: bool


class Holder(NamedTuple):
    """Who has a part: an owner, a pool, or nobody, out of scope."""

    kind: str
    name: str


AMOUNTS = (BEFORE, AFTER, CHANGE, *map(column, CAUSES))
"""The columns of amounts, in order."""

_ONE_HOLDER = "how_ = 'both' AND holders_ = 1"

Sums = dict[tuple[Block, Holder], dict[Cause, int]]


def compared(engine: Engine, before: Side, after: Side) -> str:
    """SELECT of the change of each owner, currency and basis, by cause; the largest change first.

    Columns: BillingCurrency, x_Basis, x_Scope, the keys that both sides have, x_Before, x_After,
    x_Change, and one of `column` for each cause. Causes sum to the change exactly.

    Raises:
        Unbalanced: they do not, or not to what the runs say of their bills: a fault of ours.
    """
    keys = [key for key in before.keys if key in after.keys]
    join(engine, before, after, keys)
    reasons = Reasons(engine, before, after)
    sums = _of_one_holder(engine)
    for block, effects in _first_stage(engine, reasons):
        for cause, parts in effects.items():
            for holder, part in parts.items():
                _add(sums, block, holder, cause, part)
    for block, pool, change, why in _pools(engine, reasons):
        renamed = reasons.renamed(change.before)
        effects = flowed(change, sums.pop((block, Holder(POOL, pool)), {}), why, renamed)
        for cause, parts in effects.items():
            for name, part in parts.items():
                _add(sums, block, Holder(OWNER, name), cause, part)
    rows = _rows(engine, sums)
    _refuse_unequal(before, after, rows)
    return _relation(engine, keys, rows)


def summed(changes: str, by: Sequence[str]) -> str:
    """SELECT of changes by some of the keys, the largest change first within a block."""
    keys = ", ".join(map(quoted, by))
    apart = f"BillingCurrency, {BASIS}, {SCOPE}"
    sums = ", ".join(f"sum({name})::DECIMAL(38,18) AS {name}" for name in AMOUNTS)
    return (
        f"SELECT * FROM (SELECT {apart}, {keys}, {sums} FROM ({changes})"
        f" GROUP BY {apart}, {keys}) ORDER BY {apart}, abs({CHANGE}) DESC, {keys}"
    )


def _add(sums: Sums, block: Block, holder: Holder, cause: Cause, part: int) -> None:
    found = sums.setdefault((block, holder), {})
    found[cause] = found.get(cause, 0) + part


def _of_one_holder(engine: Engine) -> Sums:
    """The effects of things of both sides that one holder has all of, as nearly all are.

    What `_effects` finds of them too, without the objects that it takes.
    """
    numbers = ("before_", "after_", "consumed_a", "consumed_b", "priced_a", "priced_b")
    listed = ", ".join(map(_whole, numbers))
    sums: Sums = {}
    for currency, estimated, kind, name, had, has, *quantities in engine.rows(
        f"SELECT BillingCurrency, estimated_, kind_, name_, {listed} FROM compare_units"
        f" JOIN compare_parts USING (unit_) WHERE changed_ AND {_ONE_HOLDER}"
    ):
        consumed_a, consumed_b, priced_a, priced_b = [
            q if q is None else int(q) for q in quantities
        ]
        before, after = int(had), int(has)
        more = of_quantity(before, ((consumed_a, consumed_b), (priced_a, priced_b)))
        found = sums.setdefault((Block(currency, estimated), Holder(kind, name)), {})
        found["quantity"] = found.get("quantity", 0) + more
        found["price"] = found.get("price", 0) + after - before - more
    return sums


def _whole(column: str) -> str:
    """SQL of a decimal in integers of 10^-18, as text: the quickest way to hand over many."""
    return f"replace({column}::VARCHAR, '.', '')"


def _first_stage(engine: Engine, reasons: Reasons) -> Iterator[tuple[Block, Effects]]:
    """Each other thing that changed, and why."""
    rows = engine.rows(
        "SELECT unit_, BillingCurrency, estimated_, how_, consumed_a, consumed_b, priced_a,"
        " priced_b, kind_, name_, before_, after_ FROM compare_units JOIN compare_parts"
        f" USING (unit_) WHERE changed_ AND NOT ({_ONE_HOLDER}) ORDER BY unit_, kind_, name_"
    )
    for unit, parts in groupby(rows, key=lambda row: row[0]):
        listed = list(parts)
        _, currency, estimated, how, *quantities = listed[0][:8]
        change = Change(
            {Holder(*row[8:10]): units(row[10]) for row in listed},
            {Holder(*row[8:10]): units(row[11]) for row in listed},
        )
        yield Block(currency, estimated), _effects(unit, change, how, quantities, reasons)


def _effects(
    unit: int, change: Change, how: str, quantities: Sequence[Decimal | None], reasons: Reasons
) -> Effects:
    if how == "correction":
        return whole(change, "corrections")
    if how in ("left", "currency"):
        return retagged(change, "currency" if how == "currency" else "")
    consumed_a, consumed_b, priced_a, priced_b = [
        None if quantity is None else units(quantity) for quantity in quantities
    ]
    pairs = ((consumed_a, consumed_b), (priced_a, priced_b))
    flows = of_bill(change, pairs)
    renamed = {
        Holder(OWNER, old): Holder(OWNER, new)
        for old, new in reasons.renamed({h.name for h in change.before if h.kind == OWNER}).items()
    }
    return flowed(change, flows, reasons.of_unit(unit), renamed)


def _pools(engine: Engine, reasons: Reasons) -> Iterator[tuple[Block, str, Change, Cause]]:
    rows = engine.rows(
        "SELECT BillingCurrency, estimated_, pool_, x_Pool, name_, before_, after_"
        " FROM compare_pooled ORDER BY ALL"
    )
    for (currency, estimated, pool, called), parts in groupby(rows, key=lambda row: row[:4]):
        listed = list(parts)
        change = Change(
            {row[4]: units(row[5]) for row in listed}, {row[4]: units(row[6]) for row in listed}
        )
        yield Block(currency, estimated), pool, change, reasons.of_pool(called)


class Row(NamedTuple):
    """What a holder has, and the change by cause."""

    block: Block
    holder: Holder
    before: int
    after: int
    effects: Mapping[Cause, int]


def _rows(engine: Engine, sums: Sums) -> list[Row]:
    """Who has what, before and after, and the causes of the change."""
    found = []
    for currency, estimated, kind, name, before, after in engine.rows(
        "SELECT BillingCurrency, estimated_, kind_, name_, before_, after_ FROM compare_totals"
        " ORDER BY ALL"
    ):
        block, holder = Block(currency, estimated), Holder(kind, name)
        effects = sums.pop((block, holder), {})
        had, has = units(before), units(after)
        if sum(effects.values()) != has - had:
            raise Unbalanced(
                f"{currency} {name}: causes sum to {sum(effects.values())}, not {has - had}"
            )
        found.append(Row(block, holder, had, has, effects))
    if any(any(effects.values()) for effects in sums.values()):
        raise Unbalanced(f"causes of {list(sums)} have no owner")
    return found


def _refuse_unequal(before: Side, after: Side, rows: Sequence[Row]) -> None:
    """Raises where sides do not sum to what was billed, as the runs read it apart from all else."""
    sums = (
        (before, [(row.block.currency, row.before) for row in rows]),
        (after, [(row.block.currency, row.after) for row in rows]),
    )
    for side, owned in sums:
        left: dict[str, int] = {}
        for currency, amount in [*_billed(side), *((c, -amount) for c, amount in owned)]:
            left[currency] = left.get(currency, 0) + amount
        if any(left.values()):
            raise Unbalanced(f"{side.name}: owners and scope none miss the bill by {left}")


def _billed(side: Side) -> list[tuple[str, int]]:
    return [
        (one["currency"], units(Decimal(one["charges"])))
        for one in side.run.manifest["control"]
        if one["cost"] == "EffectiveCost" and side.month in (None, one["period"])
    ]


def _relation(engine: Engine, keys: Sequence[str], rows: Sequence[Row]) -> str:
    kinds = dict.fromkeys(("BillingCurrency", BASIS, SCOPE, "name_", *AMOUNTS), "VARCHAR")
    engine.table(
        "compare_rows",
        kinds,
        [
            (
                block.currency,
                "estimated" if block.is_estimated else "billed",
                "in" if holder.kind == OWNER else "out",
                holder.name or None,
                *map(_text, (before, after, after - before)),
                *(_text(effects.get(cause, 0)) for cause in CAUSES),
            )
            for block, holder, before, after, effects in rows
        ],
    )
    named = [f"json_extract_string(name_, '$[{n}]') AS {quoted(key)}" for n, key in enumerate(keys)]
    cast = [f"{quoted(name)}::DECIMAL(38,18) AS {quoted(name)}" for name in AMOUNTS]
    return (
        f"SELECT BillingCurrency, {BASIS}, {SCOPE}, {', '.join([*named, *cast])} FROM compare_rows"
    )


def units(amount: Decimal) -> int:
    """An amount in integers of 10^-18."""
    return int(amount.scaleb(money.SCALE, EXACT))


def _text(units_e18: int) -> str:
    return f"{Decimal(units_e18).scaleb(-money.SCALE, EXACT):f}"
