"""The split of amounts (R12), for many lines at once: `money.split` in SQL.

Amounts are integers of 10^-18, up to 38 digits, as HUGEINT (127 bits). With u the amount without
its sign, W the total weight of its share, and u = Q W + m where m < W, a receiver of weight w has
`floor(u w / W) = Q w + floor(m w / W)`, with the same remainder; only m w may grow too large. So:

- Where W < 2^63, m w / W is not divided, since division is slow: g = floor(m 2^64 / W) is made once
  for each line, and e = floor(w g / 2^64) is right or one too small, as w < 2^64. The remainder
  m w - e W tells which. No product reaches 2^127: m, w < 2^63 and g < 2^64.
- Else, where the largest m times the largest w of a share is below 2^126, they are divided.
- The few shares that are left are split by `money.split` itself.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from everyline import money
from everyline.engines.duckdb import Engine, last_places, quoted
from everyline.relations import MEASURES

_WEIGHT_END = 10**24  # so that remainders of 10 million receivers have a sum
_SHORT_TOTAL_END = 2**63
_PRODUCT_END = 2**126
_PARTS_AT_ONCE = 1_500_000


def units(column: str) -> str:
    """SQL of an amount in integers of 10^-18."""
    return last_places(column, money.SCALE)


def amount(units: str) -> str:
    """SQL of integers of 10^-18 as DECIMAL(38,18), exact."""
    return f"(({units})::DECIMAL(38,0) * 0.{'0' * (money.SCALE - 1)}1::DECIMAL(18,18))"


def split(engine: Engine, lines: str, weights: str, target: str) -> Mapping[str, str | None]:
    """Splits every measure of every line by the weights of its share.

    Measures that are equal in all lines are split once, so `target` is a view over a table
    `<target>_split`; both are temporary.

    Args:
        engine: where the relations are, and `target` will be.
        lines: SQL of a relation: line_, unique; share_, an integer; and MEASURES, each may be null.
        weights: SQL of a relation: share_, receiver_, weight_, whole numbers >= 0 of any size, as
            text or HUGEINT, best reduced by their common divisor. Ties go to the smaller
            receiver_. Every share of `lines` has a weight above 0.
        target: the relation to make: line_, receiver_, MEASURES; null stays null; a receiver of
            weight 0 has no row.

    Returns:
        Each measure and the first one that equals it everywhere; None if it is always null.
    """
    same = _equal_measures(engine, lines)
    distinct = [measure for measure, earlier in same.items() if measure == earlier]
    _take_weights(engine, weights)
    _take_lines(engine, lines, distinct)
    _take_shares(engine)
    split_table = quoted(f"{target}_split")
    _split_in_sql(engine, distinct, split_table)
    _split_in_python(engine, distinct, split_table)
    picked = ", ".join(
        f"{f'{earlier}' if earlier else 'NULL::DECIMAL(38,18)'} AS {measure}"
        for measure, earlier in same.items()
    )
    engine.run(
        f"CREATE OR REPLACE TEMP VIEW {quoted(target)} AS"
        f" SELECT line_, receiver_, {picked} FROM {split_table}"
    )
    for table in ("weights", "lines", "shares"):
        engine.run(f"DROP TABLE split_{table}")
    return same


def _equal_measures(engine: Engine, lines: str) -> dict[str, str | None]:
    """Each measure and the first one that equals it in every line; None if it is always null."""
    tests = [f"count({measure}) = 0" for measure in MEASURES]
    pairs = [(m, earlier) for at, m in enumerate(MEASURES) for earlier in MEASURES[:at]]
    tests += [f"coalesce(bool_and({m} IS NOT DISTINCT FROM {e}), true)" for m, e in pairs]
    found = engine.one(f"SELECT {', '.join(tests)} FROM {lines}")
    empty = dict(zip(MEASURES, found[: len(MEASURES)], strict=True))
    equal = {pair for pair, held in zip(pairs, found[len(MEASURES) :], strict=True) if held}
    return {
        measure: None
        if empty[measure]
        else next((e for e in MEASURES if (measure, e) in equal), measure)
        for measure in MEASURES
    }


def _take_weights(engine: Engine, weights: str) -> None:
    """`split_weights`: those above 0; `w` is null where a weight is too long for SQL."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE split_weights AS"
        " SELECT share_, receiver_, weight_, CASE WHEN w < "
        f"{_WEIGHT_END}::HUGEINT THEN w END AS w FROM (SELECT share_, receiver_, weight_,"
        f" TRY_CAST(weight_ AS HUGEINT) AS w FROM {weights}) WHERE w <> 0 OR w IS NULL"
    )


def _take_lines(engine: Engine, lines: str, distinct: Sequence[str]) -> None:
    """`split_lines`: each line with the signs k0, k1, ... and absolute units u0, u1, ...

    `u` is the largest of them, and a line `is_one` where the others are nothing or as large: a
    cost without a discount, or a credit that coverage does not count. It is split once.
    """
    every = range(len(distinct))
    picked = "".join(
        f", ({m} > 0)::TINYINT - ({m} < 0)::TINYINT AS k{at}, abs({units(m)}) AS u{at}"
        for at, m in enumerate(distinct)
    )
    largest = f"greatest({', '.join([*(f'u{at}' for at in every), 'NULL::HUGEINT'])})"
    alike = " AND ".join(f"coalesce(u{at} IN (0, u), true)" for at in every) or "true"
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE split_lines AS SELECT *, {alike} AS is_one"
        f" FROM (SELECT *, {largest} AS u FROM (SELECT line_, share_{picked} FROM {lines}))"
    )
    missing = "SELECT count(*) FROM split_lines ANTI JOIN split_weights USING (share_)"
    assert engine.one(missing) == (0,), "a share of a line has no weight"


def _take_shares(engine: Engine) -> None:
    """`split_shares`: total weight, number of parts, and which of the three ways is proven."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE split_shares AS SELECT share_, total, receivers,"
        f" coalesce(total < {_SHORT_TOTAL_END}::HUGEINT, false) AS short,"
        f" total IS NOT NULL AND (total < {_SHORT_TOTAL_END}::HUGEINT"
        f" OR least(most, total) <= ({_PRODUCT_END} - 1)::HUGEINT // heaviest) AS proven"
        " FROM (SELECT share_, count(*) AS receivers, max(w) AS heaviest,"
        " CASE WHEN count(*) = count(w) THEN sum(w)::HUGEINT END AS total"
        " FROM split_weights GROUP BY share_)"
        " JOIN (SELECT share_, coalesce(max(u), 0::HUGEINT) AS most FROM split_lines"
        " GROUP BY share_) USING (share_)"
    )


def _split_in_sql(engine: Engine, distinct: Sequence[str], table: str) -> None:
    """Makes `table` of the proven shares, so many lines at a time as memory is meant for."""
    measures = "".join(f", NULL::DECIMAL(38,18) AS {measure}" for measure in distinct)
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT line_, receiver_{measures}"
        " FROM split_lines JOIN split_weights USING (share_) LIMIT 0"
    )
    for is_one, short, parts in engine.rows(
        "SELECT is_one, short, sum(receivers)::BIGINT FROM split_lines"
        " JOIN split_shares USING (share_) WHERE proven GROUP BY ALL ORDER BY ALL"
    ):
        amounts = ["u"] if is_one else [f"u{at}" for at in range(len(distinct))]
        lines = f"is_one = {is_one} AND short = {short}"
        batches = parts // _PARTS_AT_ONCE + 1
        for batch in range(batches):
            of_batch = f" AND hash(line_) % {batches} = {batch}" if batches > 1 else ""
            made = _parts(amounts, distinct, lines + of_batch, short=short)
            engine.run(f"INSERT INTO {table} {made}")


def _parts(amounts: Sequence[str], distinct: Sequence[str], lines: str, *, short: bool) -> str:
    """SELECT of the parts of the lines that meet `lines`.

    Args:
        amounts: columns of `split_lines`: one for each measure, or one for all.
        distinct: the measures.
        lines: SQL of a condition.
        short: whether the total weights of these lines are below 2^63.
    """
    every = range(len(amounts))
    remainder = "BIGINT" if short else "HUGEINT"
    signs = "".join(f", k{at}" for at in range(len(distinct)))
    divided = "".join(f", {u} // total AS q{i}, {u} % total AS m{i}" for i, u in enumerate(amounts))
    guess = "".join(f", m{i} * {2**64}::HUGEINT // total AS g{i}" for i in every) if short else ""
    guessed = "".join(
        f", q{i} * w AS q{i}, m{i} * w AS p{i},"
        f" {f'(w * g{i}) >> 64' if short else f'm{i} * w // total'} AS e{i}"
        for i in every
    )
    rest = "".join(f", q{i} + e{i} AS q{i}, p{i} - e{i} * total AS r{i}" for i in every)
    mended = "".join(
        f", q{i} + (r{i} >= total)::INTEGER AS q{i},"
        f" (CASE WHEN r{i} >= total THEN r{i} - total ELSE r{i} END)::{remainder} AS r{i}"
        for i in every
    )
    left = "".join(
        f", (sum(r{i})::HUGEINT // any_value(total))::{remainder} AS left{i}" for i in every
    )
    raised = "".join(f", {_raised(i)} AS a{i}" for i in every)
    signed = "".join(
        f", CASE k{at} WHEN 1 THEN {a} WHEN -1 THEN -{a} WHEN 0 THEN 0 END AS {measure}"
        for at, measure in enumerate(distinct)
        for a in [f"a{at if len(amounts) > 1 else 0}"]
    )
    return (
        f"WITH whole AS (SELECT line_, share_, total{signs}{divided} FROM split_lines"
        f" JOIN split_shares USING (share_) WHERE proven AND {lines}),"
        f" line AS (SELECT *{guess} FROM whole),"
        f" guess AS (SELECT line_, receiver_, total{signs}{guessed} FROM line"
        " JOIN split_weights USING (share_)),"
        f" near AS (SELECT line_, receiver_, total{signs}{rest} FROM guess),"
        f" part AS MATERIALIZED (SELECT line_, receiver_, total{signs}{mended} FROM near),"
        f" rest AS (SELECT line_{left} FROM part GROUP BY line_)"
        f" SELECT line_, receiver_{signed} FROM"
        f" (SELECT line_, receiver_{signs}{raised} FROM part JOIN rest USING (line_))"
    )


def _raised(i: int) -> str:
    """SQL of a part without its sign: one of the units left over for the largest remainders."""
    rank = f"row_number() OVER (PARTITION BY line_ ORDER BY r{i} DESC, receiver_)"
    return amount(f"q{i} + ({rank} <= left{i})::INTEGER")


def _split_in_python(engine: Engine, distinct: Sequence[str], table: str) -> None:
    """Adds the lines of shares whose numbers are too long to be proven."""
    unproven = "(SELECT share_ FROM split_shares WHERE NOT proven)"
    weights: dict[int, dict[Any, int]] = defaultdict(dict)
    for share, receiver, weight in engine.rows(
        f"SELECT share_, receiver_, weight_::VARCHAR FROM split_weights SEMI JOIN {unproven}"
        " USING (share_)"
    ):
        weights[share][receiver] = int(weight)
    if not weights:
        return
    numbers = "".join(f", k{i}::HUGEINT * u{i}" for i in range(len(distinct)))
    kinds = engine.columns(table)
    rows = [
        row
        for line, share, *amounts in engine.rows(
            f"SELECT line_, share_{numbers} FROM split_lines SEMI JOIN {unproven} USING (share_)"
        )
        for row in _line_parts(line, amounts, weights[share])
    ]
    engine.table("split_rows", kinds | dict.fromkeys(distinct, "VARCHAR"), rows)
    engine.run(f"INSERT INTO {table} SELECT * FROM split_rows")
    engine.run("DROP TABLE split_rows")


def _line_parts(
    line: object, amounts: Sequence[int | None], weights: Mapping[Any, int]
) -> list[tuple[object, ...]]:
    """The parts of one line; each amount as the text of an exact decimal, which SQL reads."""
    by_amount = [None if u is None else money.split(u, weights) for u in amounts]
    return [
        (
            line,
            receiver,
            *(p and f"{Decimal(f'{p[receiver]}E-{money.SCALE}'):f}" for p in by_amount),
        )
        for receiver, weight in weights.items()
        if weight
    ]
