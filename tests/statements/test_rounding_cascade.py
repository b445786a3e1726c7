"""Rounding from an issuer's total down (R23), on 10,000 random bills, against plain integers.

A bill is a month, currency, basis and issuer. The very SQL of `statements` rounds a hundred bills
in one call; its amounts are held against the rule's text, worked out in integers of 10^-18.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any, NamedTuple

import pytest

from everyline.engines.duckdb import Engine
from everyline.statements.round import key_columns, statements

CALLS, BILLS = 10, 100
ONE = 10**18
KEYS = ("team", "use_case")
COLUMNS = key_columns(KEYS)
DIGITS = {"JPY": 0, "USD": 2, "EUR": 2, "KWD": 3}
COSTS = ("BilledCost", "EffectiveCost")
ISSUERS = (None, "OpenAI", "openai", 'Émile & "Söhne"', "=1+1")
NAMES = (None, "a", "A", "ab", "é", '"', "\\", "\x1f", "💥", "null", " ")

Key = tuple[str | None, ...]


class Rounded(NamedTuple):
    """A line's exact cost in integers of 10^-18, and its amount in minor units."""

    exact: int
    minor: int


def cost(chance: Random, step: int) -> int:
    """Integers of 10^-18: nothing, whole minor units, halves of one, fractions, of either sign."""
    sign = chance.choice((1, 1, -1))
    kinds: tuple[Callable[[], int], ...] = (
        lambda: 0,
        lambda: chance.randrange(1_000) * step,
        lambda: chance.randrange(1_000) * step + step // 2,
        lambda: chance.randrange(4) * step // 3,
        lambda: chance.choice((1, step - 1, step + 1)),
        lambda: chance.randrange(10 ** chance.randrange(1, 33)),
    )
    return sign * chance.choice(kinds)()


def bills(chance: Random) -> Iterator[tuple[Key, dict[str, int]]]:
    """Lines of a hundred bills by key, with their costs; some bills come to nothing."""
    months = [f"2026-{month:02}" for month in range(1, 13)]
    every = list(product(months, sorted(DIGITS), ("invoiced", "metered"), ISSUERS))
    for month, currency, basis, issuer in chance.sample(every, BILLS):
        step = ONE // 10 ** DIGITS[currency]
        keys = {
            (
                *(month, None, currency, basis, chance.choice(NAMES), chance.choice(NAMES)),
                *("direct", None, "model", "P", issuer, chance.choice(NAMES)),
            )
            for _ in range(chance.randrange(1, 13))
        }
        same = chance.random() < 0.2  # many ties
        shared = cost(chance, step)
        for key in sorted(keys, key=repr):
            yield key, {name: shared if same else cost(chance, step) for name in COSTS}


def by_sql(engine: Engine, lines: Mapping[Key, Mapping[str, int]]) -> dict[str, dict[Key, Rounded]]:
    """What the engine makes of the lines, by cost."""
    kinds = dict.fromkeys(COLUMNS, "VARCHAR") | dict.fromkeys(COSTS, "DECIMAL(38,18)")
    rows = [(*key, *(Decimal(f"{c}E-18") for c in costs.values())) for key, costs in lines.items()]
    engine.table("lines", kinds, rows)
    found: dict[str, dict[Key, Rounded]] = {name: {} for name in COSTS}
    for *key, billed, effective, billed_amount, effective_amount in engine.rows(
        statements("lines", KEYS, DIGITS)
    ):
        digits = DIGITS[key[COLUMNS.index("BillingCurrency")]]
        pairs = ((billed, billed_amount), (effective, effective_amount))
        for name, (exact, amount) in zip(COSTS, pairs, strict=True):
            minor = _whole(amount, digits)
            found[name][tuple(key)] = Rounded(_whole(exact, 18), minor)
    return found


def _whole(number: Decimal, digits: int) -> int:
    """A number in units of its last digit; it has no more digits than that."""
    above, below = number.as_integer_ratio()
    units, rest = divmod(above * int(10**digits), below)
    assert rest == 0, number
    return units


def by_hand(lines: Mapping[Key, int]) -> dict[Key, int]:
    """R23 in integers: the bill's total, handed to owners, and from those to lines."""
    made: dict[Key, int] = {}
    for bill in grouped(lines, bill_of).values():
        step = ONE // 10 ** DIGITS[str(next(iter(bill))[2])]
        owners = grouped(bill, owner_of)
        sums = {owner: sum(members.values()) for owner, members in owners.items()}
        total = (2 * sum(sums.values()) + step) // (2 * step)
        texts = {owner: text([owner]) for owner in sums}
        for owner, whole in handed(total, sums, texts, step).items():
            members = owners[owner]
            made |= handed(whole, members, {key: text(key) for key in members}, step)
    return made


def handed(total: int, parts: Mapping[Any, int], texts: Mapping[Any, bytes], step: int) -> Any:
    """Floors, then one each to the largest fractions, ties to the smaller text."""
    floors = {part: units // step for part, units in parts.items()}
    order = sorted(parts, key=lambda part: (-(parts[part] % step), texts[part]))
    missing = total - sum(floors.values())
    return {part: floors[part] + (part in order[:missing]) for part in parts}


def text(values: object) -> bytes:
    """A canonical JSON array, to be compared bytewise."""
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":")).encode()  # type: ignore[call-overload]


def bill_of(key: Key) -> Key:
    return (*key[:4], key[COLUMNS.index("InvoiceIssuerName")])


def owner_of(key: Key) -> str | None:
    return key[COLUMNS.index("team")]


def grouped(lines: Mapping[Key, int], by: Callable[[Key], Hashable]) -> dict[Any, dict[Key, int]]:
    found: defaultdict[Any, dict[Key, int]] = defaultdict(dict)
    for key, units in lines.items():
        found[by(key)][key] = units
    return found


@pytest.mark.parametrize("seed", range(CALLS))
def test_lines_sum_to_owners_to_issuers_to_the_bill(seed: int) -> None:
    chance, engine = Random(seed), Engine()
    for _ in range(CALLS):
        lines = dict(bills(chance))
        found = by_sql(engine, lines)
        for name in COSTS:
            exact = {key: costs[name] for key, costs in lines.items()}
            assert {key: one.exact for key, one in found[name].items()} == exact
            minor = {key: one.minor for key, one in found[name].items()}
            sums_hold(exact, minor)
            assert minor == by_hand(exact)
    engine.close()


def sums_hold(exact: Mapping[Key, int], minor: Mapping[Key, int]) -> None:
    """Each bill is rounded once, half up, and each part of it is a neighbour of what it is."""
    of_bills = grouped(exact, bill_of)
    assert len(of_bills) == BILLS
    for bill, members in of_bills.items():
        step = ONE // 10 ** DIGITS[bill[2]]
        total = sum(minor[key] for key in members)
        assert -step <= 2 * (total * step - sum(members.values())) - 1 < step
        for part in grouped(members, owner_of).values():
            assert abs(sum(minor[key] for key in part) * step - sum(part.values())) < step
        assert all(abs(minor[key] * step - units) < step for key, units in members.items())
