"""The tag keys and values of bills and telemetry, by cost, and what the taxonomy makes of each."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from everyline.config.configuration import Configuration
from everyline.config.taxonomy import Key
from everyline.config.values import normalised
from everyline.control import EXACT, Unbalanced
from everyline.engines.duckdb import Engine, literal
from everyline.tag_columns import present

BILLS, USAGE = "bills", "usage"

_ANY_DAY = date(1970, 1, 1)


class Reader(NamedTuple):
    """A taxonomy key that reads a tag key, and the entry of its `tags` that does (R7)."""

    key: str
    entry: str


Readers = Callable[[str], Sequence[Reader]]
"""Which keys read a tag key as billed; empty where none does."""


class Found(NamedTuple):
    """One value of one tag key, in one month and currency.

    Attributes:
        of: `bills` or `usage`.
        source: the source of usage; empty for bills.
        currency: that of the amount; None for usage without a price.
        tag_key: as billed.
        value: as billed; None for what does not carry the key, so that a key sums to the whole.
        amount: EffectiveCost in scope, signed; of usage what it is worth at list prices, never a
            cost. Exact.
        lines: bill lines; of usage calls, or hours of identities where a source has no calls.
        keys: the taxonomy keys that read the tag key.
        states: for each of `keys`: declared, alias, not valid, undeclared.
        means: for each of `keys` the value that it gives; empty for none.
    """

    of: str
    period: str
    currency: str | None
    source: str
    tag_key: str
    value: str | None
    amount: Decimal
    lines: int
    keys: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    means: tuple[str, ...] = ()

    @property
    def is_undeclared(self) -> bool:
        """Whether a key reads it and makes nothing of it."""
        return any(state in ("undeclared", "not valid") for state in self.states)


class _Row(NamedTuple):
    """As `Found`, on one day where values hang on the day; no tag key for the whole."""

    period: str
    currency: str | None
    source: str
    day: date | None
    tag_key: str | None
    value: str | None
    amount: Decimal
    lines: int


def of_bills(
    engine: Engine, configuration: Configuration, charges: str, readers: Readers
) -> list[Found]:
    """What tags say in bills, estimates left out, of cost in scope.

    Args:
        engine: to read with.
        configuration: of the run.
        charges: SQL of the relation `charges`.
        readers: which keys read a tag key.
    """
    day = "CAST(x_WindowStart AS DATE)" if _is_dated(configuration) else "NULL::DATE"
    tags = "Tags" if "Tags" in engine.columns(charges) else "NULL::VARCHAR"
    sets = (
        f"SELECT x_Period, BillingCurrency, '' AS source, {day} AS day, {tags} AS Tags,"
        " sum(EffectiveCost)::DECIMAL(38,18) AS amount, count(*) AS count"
        f" FROM {charges} WHERE x_Layer <> 'none' AND x_Basis <> 'estimated' GROUP BY ALL"
    )
    return _found(BILLS, configuration, _rows(engine, sets), readers)


def of_usage(
    engine: Engine, configuration: Configuration, usage: str, readers: Readers
) -> list[Found]:
    """What tags say in telemetry.

    Args:
        engine: to read with.
        configuration: of the run.
        usage: SQL of hours with x_Source, Tags, x_EstimatedCost, x_EstimatedCurrency and
            x_RequestCount.
        readers: which keys read a tag key.
    """
    day = "CAST(hour AS DATE)" if _is_dated(configuration) else "NULL::DATE"
    sets = (
        "SELECT strftime(hour, '%Y-%m') AS x_Period,"
        " CASE WHEN x_EstimatedCost IS NOT NULL THEN x_EstimatedCurrency END AS currency,"
        f" x_Source AS source, {day} AS day, Tags,"
        " coalesce(sum(x_EstimatedCost), 0)::DECIMAL(38,18) AS amount,"
        f" sum({_counted(engine, usage)})::BIGINT AS count FROM {usage} GROUP BY ALL"
    )
    return _found(USAGE, configuration, _rows(engine, sets), readers)


def _counted(engine: Engine, usage: str) -> str:
    """SQL of what is counted: calls, and hours where a source has no calls."""
    rows = engine.rows(
        f"SELECT x_Source FROM {usage} GROUP BY 1 HAVING sum(x_RequestCount) > 0 ORDER BY 1"
    )
    calling = ", ".join(literal(source) for (source,) in rows) or "''"
    return f"CASE WHEN x_Source IN ({calling}) THEN x_RequestCount ELSE 1 END"


def balanced(engine: Engine, found: Iterable[Found], groups: str) -> None:
    """Compares what each tag key sums to with the bill in scope.

    Raises:
        Unbalanced: a key's values and what lacks it do not sum to it, which is a fault of ours.
    """
    whole = {
        (period, currency): cost
        for period, currency, cost in engine.rows(
            "SELECT x_Period, BillingCurrency, sum(EffectiveCost)::DECIMAL(38,18)"
            f" FROM {groups} WHERE x_Layer <> 'none' AND x_Basis <> 'estimated' GROUP BY ALL"
        )
    }
    sums: dict[tuple[str, str, str | None], Decimal] = defaultdict(Decimal)
    for one in found:
        at = (one.tag_key, one.period, one.currency)
        sums[at] = EXACT.add(sums[at], one.amount)
    for (key, period, currency), cost in sums.items():
        if whole.get((period, currency or "")) != cost:
            raise Unbalanced(f"the values of tag `{key}` do not sum to the bill in scope")


def _is_dated(configuration: Configuration) -> bool:
    return any(
        row.validity.start or row.validity.end
        for key in configuration.taxonomy
        if key.values
        for row in key.values.rows
    )


def _rows(engine: Engine, sets: str) -> list[_Row]:
    """Sums by tag key and value, and without either of all there is.

    Lines of equal tags are summed before the tags are taken apart: there are few of those.
    """
    engine.run(f"CREATE OR REPLACE TEMP TABLE tag_sets AS {sets}")
    names = engine.columns("tag_sets")
    period, currency, source, day, *_ = names
    whole = (
        f"SELECT {period}, {currency}, {source}, {day}, NULL::VARCHAR, NULL::VARCHAR,"
        " sum(amount)::DECIMAL(38,18), sum(count)::BIGINT FROM tag_sets GROUP BY ALL"
    )
    pairs = (
        f"SELECT {period}, {currency}, {source}, {day}, amount, count,"
        " unnest(map_entries(CAST(CAST(Tags AS JSON) AS MAP(VARCHAR, VARCHAR)))) AS pair"
        " FROM tag_sets WHERE Tags IS NOT NULL"
    )
    apart = (
        f"SELECT {period}, {currency}, {source}, {day}, pair.key AS tag_key,"
        f" {present('pair.value')} AS value, amount, count FROM ({pairs})"
    )
    values = (
        f"SELECT {period}, {currency}, {source}, {day}, tag_key, value,"
        " sum(amount)::DECIMAL(38,18), sum(count)::BIGINT"
        f" FROM ({apart}) WHERE value IS NOT NULL GROUP BY ALL"
    )
    return [_Row(*row) for row in engine.rows(f"{whole} UNION ALL {values} ORDER BY ALL")]


def _found(
    of: str, configuration: Configuration, rows: Sequence[_Row], readers: Readers
) -> list[Found]:
    """Rows with what the taxonomy makes of them, and for each key what does not carry it."""
    whole: dict[tuple[str, str, str | None], tuple[Decimal, int]] = {}
    sums: dict[Found, tuple[Decimal, int]] = {}
    nothing = (Decimal(0), 0)
    for row in rows:
        at = (row.source, row.period, row.currency)
        if row.tag_key is None:
            whole[at] = _plus(whole.get(at, nothing), row)
            continue
        one = _read(of, configuration, row, readers(row.tag_key))
        sums[one] = _plus(sums.get(one, nothing), row)
    found = [one._replace(amount=amount, lines=lines) for one, (amount, lines) in sums.items()]
    return sorted([*found, *_without(of, whole, found, readers)], key=_order)


def _without(
    of: str,
    whole: dict[tuple[str, str, str | None], tuple[Decimal, int]],
    found: Sequence[Found],
    readers: Readers,
) -> list[Found]:
    """For each tag key of a source, what of each month and currency does not carry it."""
    keys = dict.fromkeys((one.source, one.tag_key) for one in found)
    carried: dict[tuple[str, str, str | None, str], tuple[Decimal, int]] = {}
    for one in found:
        at = (one.source, one.period, one.currency, one.tag_key)
        amount, count = carried.get(at, (Decimal(0), 0))
        carried[at] = EXACT.add(amount, one.amount), count + one.lines
    made = []
    for (source, period, currency), (amount, count) in whole.items():
        for key in (key for at, key in keys if at == source):
            has, lines = carried.get((source, period, currency, key), (Decimal(0), 0))
            rest = EXACT.subtract(amount, has)
            names = _names(readers(key))
            if count > lines or rest:
                made.append(
                    Found(of, period, currency, source, key, None, rest, count - lines, names)
                )
    return made


def _names(readers: Sequence[Reader]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reader.key for reader in readers))


def _plus(sums: tuple[Decimal, int], row: _Row) -> tuple[Decimal, int]:
    return EXACT.add(sums[0], row.amount), sums[1] + row.lines


def _read(of: str, configuration: Configuration, row: _Row, readers: Sequence[Reader]) -> Found:
    """A row, amounts left out, with what the keys that read it make of its value."""
    names = _names(readers)
    made = [meaning(configuration.key(name), row.value or "", row.day) for name in names]
    return Found(
        of,
        row.period,
        row.currency,
        row.source,
        row.tag_key or "",
        row.value,
        Decimal(0),
        0,
        names,
        tuple(state for state, _ in made),
        tuple(value for _, value in made),
    )


def meaning(key: Key, text: str, day: date | None = None) -> tuple[str, str]:
    """What a key makes of a text on a day (R7): a state, and the value or nothing."""
    if key.values is None:
        return "declared", text.strip()
    named = key.values.declared(text, day)
    if named is None:
        return "undeclared", ""
    value = key.values.on(named, day or _ANY_DAY)
    if value is None:
        return "not valid", ""
    return ("declared" if normalised(text) == normalised(named) else "alias"), value


def _order(one: Found) -> tuple[str, ...]:
    value = "" if one.value is None else "=" + one.value
    return one.of, one.source, one.period, one.currency or "", one.tag_key, value
