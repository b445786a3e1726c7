"""R12 for many lines at once: `split` in SQL gives what `money.split` gives."""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline import money
from everyline.allocation.split import split
from everyline.engines.duckdb import Engine
from everyline.relations import MEASURES

ENGINE = Engine()
EXACT = Context(prec=60)

Line = tuple[str, int, Sequence[int | None]]
Parts = dict[tuple[str, str], tuple[int | None, ...]]

LARGEST = 10**38 - 1
UNITS = st.one_of(
    st.none(),
    st.integers(-30, 30),
    st.integers(-(10**20), 10**20),
    st.integers(-LARGEST, LARGEST),
    st.integers(-9, 9).map(lambda whole: whole * 10**18),
)
WEIGHT = st.one_of(
    st.integers(0, 4),
    st.integers(0, 10**9),
    st.integers(2**61, 2**64),
    st.integers(0, 10**27 + 10),
    st.integers(0, 10**60),
)
RECEIVERS = st.sampled_from(["", "a", "A", "b", '[["é"]]', "ab", "\u00ff", "\U0001f600"])
SHARES = st.lists(
    st.dictionaries(RECEIVERS, WEIGHT, min_size=1).filter(lambda weights: any(weights.values())),
    min_size=1,
    max_size=3,
)
MEASURED = st.one_of(
    st.lists(UNITS, min_size=7, max_size=7),
    UNITS.map(lambda units: [units] * 7),
    st.tuples(UNITS, UNITS).map(lambda two: [two[0]] * 4 + [two[1], None, two[0]]),
)


def decimal(units: int | None) -> str | None:
    return None if units is None else f"{Decimal(f'{units}E-18'):f}"


def made(lines: Sequence[Line], weights: Mapping[int, Mapping[str, int]]) -> Parts:
    """The parts that SQL makes, in units of 10^-18, by line and receiver."""
    kinds = {"line_": "VARCHAR", "share_": "BIGINT"} | dict.fromkeys(MEASURES, "VARCHAR")
    ENGINE.table("texts", kinds, [(line, share, *map(decimal, u)) for line, share, u in lines])
    kinds = {"share_": "BIGINT", "receiver_": "VARCHAR", "weight_": "VARCHAR"}
    rows = [(share, r, str(w)) for share, by in weights.items() for r, w in by.items()]
    ENGINE.table("weighed", kinds, rows)
    typed = ", ".join(f"{m}::DECIMAL(38,18) AS {m}" for m in MEASURES)
    split(ENGINE, f"(SELECT line_, share_, {typed} FROM texts)", "weighed", "parts")
    assert list(ENGINE.columns("parts").items())[2:] == [(m, "DECIMAL(38,18)") for m in MEASURES]
    found = {}
    for line, receiver, *amounts in ENGINE.rows("FROM parts"):
        assert (line, receiver) not in found
        found[line, receiver] = tuple(
            None if amount is None else int(amount.scaleb(18, EXACT)) for amount in amounts
        )
    return found


def wanted(lines: Sequence[Line], weights: Mapping[int, Mapping[str, int]]) -> Parts:
    found: Parts = {}
    for line, share, units in lines:
        split_up = [None if u is None else money.split(u, weights[share]) for u in units]
        for receiver, weight in weights[share].items():
            if weight:
                found[line, receiver] = tuple(None if s is None else s[receiver] for s in split_up)
    return found


def one(units: int, *weights: int) -> list[int | None]:
    """One line whose measures are all `units`, split among a, b, ...: the first measure's parts."""
    keyed = {chr(97 + at): weight for at, weight in enumerate(weights)}
    parts = made([("line", 1, [units] * 7)], {1: keyed})
    return [parts.get(("line", key), (0,))[0] for key in keyed]


@pytest.mark.parametrize(
    ("units", "weights", "expected"),
    [
        (10, (6, 6, 2), [4, 4, 2]),  # Alabama: the next larger total lowers the smallest part
        (11, (6, 6, 2), [5, 5, 1]),
        (323, (567, 385, 42, 6), [183, 124, 14, 2]),
        (324, (567, 385, 42, 6), [184, 125, 13, 2]),
        (100, (1, 1, 1), [34, 33, 33]),
        (5, (3, 7), [2, 3]),
        (-5, (7, 3), [-4, -1]),
        (5, (0, 7, 3), [0, 4, 1]),
        (0, (1, 2), [0, 0]),
        (LARGEST, (1, 0, 0), [LARGEST, 0, 0]),
        (7, (10**40, 10**40), [4, 3]),
    ],
)
def test_parts_are_the_largest_remainders_ones(
    units: int, weights: tuple[int, ...], expected: list[int]
) -> None:
    assert one(units, *weights) == expected


@pytest.mark.parametrize(
    "weights",
    [
        (2**63 - 2, 1),  # the longest total of the quick way
        (2**63 - 1, 1),
        (2**62, 2**62 - 1),
        (2**62, 2**62),
        (2**63, 2**63 + 1, 1),
        (10**24 - 1, 1),
        (10**24, 1),
    ],
)
@pytest.mark.parametrize("units", [1, 10**18, 2**63, 2**64 - 1, 2**100 + 1, LARGEST])
def test_the_three_ways_meet_at_their_bounds(weights: tuple[int, ...], units: int) -> None:
    keyed = {chr(97 + at): weight for at, weight in enumerate(weights)}
    lines: list[Line] = [("x", 1, [units] * 7), ("y", 1, [-units] * 7)]
    assert made(lines, {1: keyed}) == wanted(lines, {1: keyed})


@given(shares=SHARES, lines=st.lists(st.tuples(st.integers(0, 2), MEASURED), max_size=5))
@settings(max_examples=80)
def test_sql_splits_as_money_does(
    shares: list[dict[str, int]], lines: list[tuple[int, list[int | None]]]
) -> None:
    weights = dict(enumerate(shares))
    numbered: list[Line] = [
        (f"line {at}", share % len(shares), units) for at, (share, units) in enumerate(lines)
    ]
    assert made(numbered, weights) == wanted(numbered, weights)


def test_many_lines_are_split_in_several_helpings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("everyline.allocation.split._PARTS_AT_ONCE", 10)
    weights = {1: {"a": 5, "b": 7, "c": 11}, 2: {"a": 1}}
    lines: list[Line] = [(f"{at}", at % 2 + 1, [at * 10**17] * 7) for at in range(40)]
    assert made(lines, weights) == wanted(lines, weights)


def test_no_lines_make_no_parts() -> None:
    assert made([], {1: {"a": 1}}) == {}
    assert made([], {}) == {}


def test_a_line_whose_share_weighs_nothing_is_our_own_fault() -> None:
    with pytest.raises(AssertionError, match="no weight"):
        made([("line", 1, [5] * 7)], {1: {"a": 0}})
    with pytest.raises(AssertionError, match="no weight"):
        made([("line", 2, [5] * 7)], {1: {"a": 1}})


def test_a_measure_that_is_null_somewhere_stays_null_there_only() -> None:
    lines: list[Line] = [("x", 1, [10] * 4 + [None, None, 10]), ("y", 1, [10] * 4 + [3, None, 9])]
    parts = made(lines, {1: {"a": 1, "b": 1}})
    assert parts["x", "a"] == (5, 5, 5, 5, None, None, 5)
    assert parts["y", "a"] == (5, 5, 5, 5, 2, None, 5)
    assert parts["y", "b"] == (5, 5, 5, 5, 1, None, 4)
