"""What pools leave: shares, and the parts of pool lines, each split once, by F (R12, R19)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from everyline import money
from everyline.allocation import compact
from everyline.allocation.between import Weights
from everyline.allocation.compact import Same
from everyline.allocation.parts import CARRIED, tags
from everyline.allocation.pool_drivers import Pot
from everyline.allocation.pool_members import within_of, within_of_split
from everyline.allocation.pool_receivers import Receivers
from everyline.allocation.split import amount, split, units
from everyline.config.pools import Pool
from everyline.engines.duckdb import Engine, quoted
from everyline.relations import MEASURES

_SHORT_END = 10**24
"""Total weights from here on are too long to be split by in SQL."""

_PARTS_AT_ONCE = 500_000

_BITS_MOST = 12_000
"""Of a number that Python turns into text at once."""


class Decided(NamedTuple):
    """a(i, r) of one pot after removal (R19).

    Attributes:
        level: the entry of `split` that applied, from 1; the last one if none did.
        driver: what weighed, in words; empty if nothing did, and then there is no split of its own.
        weights: receiver to whole weight, above 0.
    """

    level: int
    driver: str
    weights: Weights


Shared = tuple[Pot, Decided, Weights]
"""A pot, its own weights, and F of it."""


def write_pool_parts(
    engine: Engine, pools: Sequence[Pool], receivers: Receivers, shared: Sequence[Shared]
) -> Same:
    """Makes the views `pool_shares` and `pooled_parts`; `files` has their rows in order.

    Returns:
        Each measure and the first one that equals it in all parts; None if it is always null.
    """
    ranks = _write_receivers(engine, receivers)
    _write_splits(engine, pools, ranks, shared)
    owners = compact.owners(receivers.keys)
    named = f"(SELECT receiver_ AS number_, x_Receiver, {owners} FROM pool_receivers)"
    told = shares(f"({_numbered_weights()})", "pool_splits", named, receivers.keys)
    engine.run(f"CREATE OR REPLACE TEMP VIEW pool_shares AS {told}")
    same = _split_in_sql(engine)
    long = {p.number: weights for p, _, weights in shared if not _is_short(weights)}
    _split_in_python(engine, {pot: _ranked(weights, ranks) for pot, weights in long.items()})
    engine.run(
        "CREATE OR REPLACE TEMP VIEW pool_numbers AS SELECT line_, receiver_ AS number_,"
        f" {', '.join(MEASURES)} FROM (FROM pool_split UNION ALL BY NAME FROM pool_split_long)"
    )
    engine.run(
        "CREATE OR REPLACE TEMP VIEW pool_named AS SELECT line_, x_LineId, l.x_Pool, x_ShareId,"
        f" {_carried(receivers.keys)} FROM pool_sums AS l"
        " JOIN pool_splits AS s ON s.pot_ = l.pot_ AND s.x_Kind = 'composed'"
    )
    made = parts("pool_numbers", "pool_named", named, receivers.keys)
    engine.run(f"CREATE OR REPLACE TEMP VIEW pooled_parts AS {made}")
    return dict(zip(MEASURES, MEASURES, strict=True)) if long else same


def parts(numbers: str, lines: str, receivers: str, keys: Sequence[str]) -> str:
    """SELECT of parts of pool lines as `allocations` wants them, over three relations.

    Args:
        numbers: SQL of `line_`, `number_` and MEASURES.
        lines: SQL of `line_`, x_LineId, x_Pool, x_ShareId and what parts have of their lines.
        receivers: SQL of `number_`, x_Receiver and the columns of keys.
        keys: the taxonomy keys.
    """
    owners = compact.owners(keys)
    measures = ", ".join(f"p.{measure}" for measure in MEASURES)
    return (
        f"SELECT x_LineId, x_Receiver, {owners}, x_Pool, x_ShareId, {_carried(keys)}, {measures}"
        f" FROM {numbers} AS p JOIN {lines} USING (line_) JOIN {receivers} USING (number_)"
    )


def shares(weights: str, splits: str, receivers: str, keys: Sequence[str]) -> str:
    """SELECT of the rows of `shares` that pools make, over three relations.

    Args:
        weights: SQL of `share_`, `number_` and x_Weight.
        splits: SQL of `share_` and what is told of a split.
        receivers: SQL of `number_`, x_Receiver and the columns of keys.
        keys: the taxonomy keys.
    """
    return (
        f"SELECT x_ShareId, x_Receiver, x_Rule, x_Level, x_Kind, {compact.owners(keys)},"
        f" x_Weight::VARCHAR AS x_Weight, x_WeightTotal, x_Driver"
        f" FROM {weights} JOIN {splits} USING (share_) JOIN {receivers} USING (number_)"
    )


def files(engine: Engine, same: Same) -> Mapping[str, str]:
    """File to SELECT of what a run keeps of pools, each in the order of its ids.

    Splits, lines and receivers are numbered in that order. Parts and weights are told in numbers,
    of which texts are few; measures that are equal in all of them, as `same` says, are kept once.
    """
    (are_short,) = engine.one(
        "SELECT bool_and(TRY_CAST(x_WeightTotal AS BIGINT) IS NOT NULL) FROM pool_splits"
    )
    measures = "".join(f", {measure}" for measure in compact.kept(same))
    return {
        "pool_weights": f"{_numbered_weights('BIGINT' if are_short else 'VARCHAR')}"
        " ORDER BY share_, number_",
        "pool_splits": "SELECT share_::INTEGER AS share_, x_ShareId, x_Rule, x_Level, x_Kind,"
        " x_WeightTotal, x_Driver FROM pool_splits ORDER BY share_",
        "pool_lines": "SELECT * FROM pool_lines ORDER BY x_LineId",
        "pool_members": "SELECT * FROM pool_members ORDER BY x_PoolLineId, x_GroupId, x_Receiver",
        "pooled": f"SELECT line_::INTEGER AS line_, number_::INTEGER AS number_{measures}"
        " FROM pool_numbers ORDER BY line_, number_",
        "pooled_lines": "SELECT * REPLACE (line_::INTEGER AS line_) FROM pool_named ORDER BY line_",
        "pooled_named": "SELECT receiver_::INTEGER AS number_, * EXCLUDE (receiver_)"
        " FROM pool_receivers ORDER BY number_",
    }


def let_go(engine: Engine) -> None:
    """Drops what the files were made of."""
    for view in ("pool_shares", "pooled_parts", "pool_named", "pool_numbers", "pool_split"):
        engine.run(f"DROP VIEW {view}")
    for table in ("pool_split_split", "pool_split_long", "pool_splits", "pool_receivers"):
        engine.run(f"DROP TABLE {table}")


def _carried(keys: Sequence[str]) -> str:
    return ", ".join((*CARRIED, *map(quoted, tags(keys))))


def _write_receivers(engine: Engine, receivers: Receivers) -> list[int]:
    """`pool_receivers`: `receiver_` is the place in the order of x_Receiver; those places."""
    keys = [f"{key}{end}" for key in receivers.keys for end in ("", "_evidence")]
    texts = [one.text for one in receivers.listed]
    # Python orders text by code point, which is the order of its UTF-8 bytes.
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rows = [
        (
            rank,
            texts[at],
            *(text for pair in zip(*receivers.listed[at], strict=True) for text in pair),
        )
        for rank, at in enumerate(order)
    ]
    kinds = {"receiver_": "BIGINT"} | dict.fromkeys(("x_Receiver", *keys), "VARCHAR")
    engine.table("pool_receivers", kinds, rows)
    ranks = [0] * len(texts)
    for rank, at in enumerate(order):
        ranks[at] = rank
    return ranks


def _ranked(weights: Weights, ranks: Sequence[int]) -> Weights:
    return {ranks[receiver]: weight for receiver, weight in weights.items()}


def _is_short(weights: Weights) -> bool:
    return sum(weights.values()) < _SHORT_END


def _weights(where: str) -> str:
    """SQL of share_, pot_, receiver_ and weight_ of some rows of `pool_splits`."""
    return (
        "(SELECT share_, pot_, unnest(string_split(receivers_, ',')::BIGINT[]) AS receiver_,"
        f" unnest(string_split(weights_, ',')) AS weight_ FROM pool_splits WHERE {where})"
    )


def _numbered_weights(kind: str = "VARCHAR") -> str:
    """SELECT of all weights, of that type, by numbers of splits and receivers."""
    return (
        "SELECT share_::INTEGER AS share_, receiver_::INTEGER AS number_,"
        f" weight_::{kind} AS x_Weight FROM {_weights('true')}"
    )


def _write_splits(
    engine: Engine, pools: Sequence[Pool], ranks: Sequence[int], shared: Sequence[Shared]
) -> None:
    """`pool_splits`: a split a row, all its receivers in one text and all its weights in one.

    `share_` is the place in the order of x_ShareId. The engine takes two long texts in a fraction
    of the time of a row for each weight.
    """
    names = list(map(str, ranks))
    splits: list[tuple[object, ...]] = []
    own_ids: set[str] = set()
    for pot, decided, composed in shared:
        pool = pools[pot.pool]
        for level, weights in ((decided.level, decided.weights), (0, composed)):
            share = _share_id(pool, pot, level)
            if level and (not decided.driver or share in own_ids):
                continue  # pots whose entry looks at no `within` have one split together
            own_ids.add(share)
            kind, driver = "own" if level else "composed", decided.driver or "none"
            total = sum(weights.values())
            told = (share, pool.pool, decided.level, kind, _text(total), driver)
            who = [names[at] for at in weights]
            what = map(str if total.bit_length() <= _BITS_MOST else _text, weights.values())
            long = (_is_short(weights), ",".join(who), ",".join(what))
            splits.append((pot.number, *told, *long))
    splits.sort(key=lambda split_: str(split_[1]))
    engine.table("pool_splits", _SPLITS, [(at, *split_) for at, split_ in enumerate(splits)])


_SPLITS = {
    "share_": "BIGINT",
    "pot_": "BIGINT",
    "x_ShareId": "VARCHAR",
    "x_Rule": "VARCHAR",
    "x_Level": "BIGINT",
    "x_Kind": "VARCHAR",
    "x_WeightTotal": "VARCHAR",
    "x_Driver": "VARCHAR",
    "is_short_": "BOOLEAN",
    "receivers_": "VARCHAR",
    "weights_": "VARCHAR",
}


def _text(number: int) -> str:
    """The digits of a number of any length."""
    bits = number.bit_length()
    if bits <= _BITS_MOST:
        return str(number)
    digits = bits // 7  # about half of them
    high, low = divmod(number, 10**digits)
    return _text(high) + _text(low).rjust(digits, "0")


def _share_id(pool: Pool, pot: Pot, level: int) -> str:
    """SHA-256 of the canonical JSON array of pool, entry, period and its `within` values.

    Entry 0 is F, for all `within` values of the pool (R12).
    """
    names = within_of(pool) if level == 0 else within_of_split(pool.split[level - 1])
    within = {name: pot.within[name] for name in names if name in pot.within}
    ordered = dict(sorted(within.items(), key=lambda item: item[0].encode("utf-16-be")))
    key = [pool.pool, level, pot.period, ordered]
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _split_in_sql(engine: Engine) -> Same:
    """`pool_split`: the parts of lines whose weights are short."""
    short = "x_Kind = 'composed' AND is_short_ AND pot_ IN (SELECT pot_ FROM pool_sums)"
    return split(
        engine,
        f"(SELECT line_, pot_ AS share_, {', '.join(MEASURES)} FROM pool_sums"
        f" WHERE pot_ IN (SELECT pot_ FROM pool_splits WHERE {short}))",
        f"(SELECT pot_ AS share_, receiver_, weight_ FROM {_weights(short)})",
        "pool_split",
    )


def _split_in_python(engine: Engine, weights: Mapping[int, Mapping[Any, int]]) -> None:
    """`pool_split_long`: the parts of lines of pots whose weights are long."""
    measures = dict.fromkeys(MEASURES, "DECIMAL(38,18)")
    engine.table("pool_split_long", {"line_": "BIGINT", "receiver_": "BIGINT"} | measures, [])
    amounts = ", ".join(map(units, MEASURES))
    lines = engine.rows(
        f"SELECT line_, pot_, {amounts} FROM pool_sums WHERE pot_ IN (SELECT unnest(?::BIGINT[]))",
        [list(weights)],
    )
    at_once = _PARTS_AT_ONCE // max(map(len, weights.values()), default=1) + 1
    texts = {pot: ",".join(map(str, sorted(of_pot))) for pot, of_pot in weights.items()}
    kinds = {"line_": "BIGINT"} | dict.fromkeys(("receivers_", *MEASURES), "VARCHAR")
    unnested = ", ".join(f"unnest(string_split({m}, ',')::HUGEINT[]) AS {m}" for m in MEASURES)
    found = ", ".join(map(amount, MEASURES))
    for start in range(0, len(lines), at_once):
        rows = [
            (line, texts[pot], *_line_parts(given, weights[pot]))
            for line, pot, *given in lines[start : start + at_once]
        ]
        engine.table("pool_split_texts", kinds, rows)
        engine.run(
            f"INSERT INTO pool_split_long SELECT line_, receiver_, {found}"
            " FROM (SELECT line_, unnest(string_split(receivers_, ',')::BIGINT[]) AS receiver_,"
            f" {unnested} FROM pool_split_texts)"
        )
        engine.run("DROP TABLE pool_split_texts")


def _line_parts(given: Sequence[int | None], weights: Mapping[Any, int]) -> list[str | None]:
    """The parts of each amount of a line, in the order of the receivers, in one text."""
    parts: dict[int | None, str | None] = {None: None}
    for units_e18 in given:
        if units_e18 is not None and units_e18 not in parts:
            split_ = money.split(units_e18, weights)
            parts[units_e18] = ",".join(map(str, split_.values()))
    return [parts[units_e18] for units_e18 in given]
