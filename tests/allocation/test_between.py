"""Between pools (R19): F solves the system exactly, whatever the network of pools."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.allocation.between import Own, composed, whole
from everyline.allocation.lifting import lifted
from everyline.allocation.linear import Inverse, inverse

LOST = -1


@st.composite
def networks(draw: st.DrawFn, sizes: st.SearchStrategy[int]) -> dict[int, Own]:
    """Up to eight pools that pass on to some of the others; receivers are numbered from 100."""
    count = draw(st.integers(1, 8))
    pots = {}
    for pot in range(count):
        others = [n for n in range(count) if n != pot]
        passed = draw(st.dictionaries(st.sampled_from(others), sizes)) if others else {}
        final = draw(st.dictionaries(st.integers(100, 104), sizes, min_size=0 if passed else 1))
        pots[pot] = Own(final, passed)
    return pots


SMALL = st.integers(1, 9)
LARGE = st.integers(1, 10**40)


def _shares(weights: Mapping[int, int]) -> dict[int, Fraction]:
    return {r: Fraction(weight, sum(weights.values())) for r, weight in weights.items()}


def _with_outlet(pots: Mapping[int, Own]) -> set[int]:
    """Pools from which a final receiver can be reached, found by walking back from them."""
    found = {pot for pot, own in pots.items() if own.final}
    while more := {p for p, own in pots.items() if found & own.passed.keys()} - found:
        found |= more
    return found


@given(st.one_of(networks(SMALL), networks(LARGE)))
def test_each_pool_gives_what_it_has_to_its_receivers_and_through_the_others(
    pots: dict[int, Own],
) -> None:
    """The definition of F itself, pool by pool; it has one solution where all have an outlet."""
    found = {pot: _shares(weights) for pot, weights in composed(pots, LOST).items()}
    outlet = _with_outlet(pots)
    for pot, own in pots.items():
        assert sum(found[pot].values()) == 1
        if pot not in outlet:
            assert found[pot] == {LOST: 1}
            continue
        expected = {r: Fraction(weight, own.total) for r, weight in own.final.items()}
        for other, weight in own.passed.items():
            for receiver, share in found[other].items():
                part = share * weight / own.total
                expected[receiver] = expected.get(receiver, Fraction(0)) + part
        assert found[pot] == expected


def test_a_chain_hands_down_and_a_circle_is_solved() -> None:
    # 1 and 2 give each other half: of what 1 has, 1/2 + 1/8 + ... = 2/3 goes to its own receiver.
    circle = {1: Own({101: 1}, {2: 1}), 2: Own({102: 1}, {1: 1}), 3: Own({}, {1: 1})}
    found = {pot: _shares(weights) for pot, weights in composed(circle, LOST).items()}
    assert found[1] == {101: Fraction(2, 3), 102: Fraction(1, 3)}
    assert found[2] == {101: Fraction(1, 3), 102: Fraction(2, 3)}
    assert found[3] == found[1]


def test_what_is_passed_into_a_circle_without_outlet_is_lost() -> None:
    pots = {1: Own({101: 3}, {2: 1}), 2: Own({}, {3: 1}), 3: Own({}, {2: 5})}
    found = composed(pots, LOST)
    assert _shares(found[1]) == {101: Fraction(3, 4), LOST: Fraction(1, 4)}
    assert _shares(found[2]) == _shares(found[3]) == {LOST: Fraction(1)}


def test_weights_are_the_smallest_whole_numbers_of_their_proportions() -> None:
    assert whole({1: 3, 2: 2, 3: 0}) == {1: 3, 2: 2}
    assert whole({1: 12, 2: 18}) == {1: 2, 2: 3}
    assert whole({}) == {}


@st.composite
def matrices(draw: st.DrawFn, *, full: bool) -> list[list[int]]:
    """Rows led by their diagonal; where not `full`, most of what is beside it is 0."""
    count = draw(st.integers(1, 7))
    number = st.integers(1, 10**25) if full else st.sampled_from([0, 0, 0, 1, 6, 10**25])
    rows = [[draw(number) for _ in range(count)] for _ in range(count)]
    return [
        [sum(row) + draw(st.integers(1, 9)) if i == j else -x for j, x in enumerate(row)]
        for i, row in enumerate(rows)
    ]


def _by_gauss(matrix: list[list[int]], right: list[list[int]]) -> list[list[Fraction]]:
    """The solution for each column of `right`, by fractions."""
    rows = [
        [*map(Fraction, row), *map(Fraction, end)] for row, end in zip(matrix, right, strict=True)
    ]
    for at in range(len(rows)):
        rows[at] = [x / rows[at][at] for x in rows[at]]
        for n, row in enumerate(rows):
            if n != at:
                rows[n] = [x - row[at] * y for x, y in zip(row, rows[at], strict=True)]
    return [row[len(matrix) :] for row in rows]


def _unit(count: int) -> list[list[int]]:
    return [[int(i == j) for j in range(count)] for i in range(count)]


@given(matrices(full=True) | matrices(full=False), st.data())
def test_both_ways_to_an_inverse_are_exact(matrix: list[list[int]], data: st.DataObject) -> None:
    line = st.lists(st.integers(0, 10**30), min_size=3, max_size=3)
    right = [data.draw(line) for _ in matrix]
    rows, divisor = lifted(matrix)
    assert _over(rows, divisor) == _by_gauss(matrix, _unit(len(matrix)))
    for found in (inverse(matrix), Inverse(rows, divisor)):
        assert _over(found.rows, found.divisor) == _by_gauss(matrix, _unit(len(matrix)))
        assert _over(found.times(right), found.divisor) == _by_gauss(matrix, right)


def _over(rows: Sequence[Sequence[int]], divisor: int) -> list[list[Fraction]]:
    return [[Fraction(x, divisor) for x in row] for row in rows]


def test_where_all_serve_all_the_inverse_is_lifted() -> None:
    full = [[99 if i == j else -1 for j in range(40)] for i in range(40)]
    assert not inverse(full).equations
    # By hand: (100 - J) times (100 + J / 0.6) is 10,000, where J is all ones, and J J = 40 J.
    assert Fraction(inverse(full).rows[0][1], inverse(full).divisor) == Fraction(1, 6000)
    chain = [[9 if i == j else -(abs(i - j) == 1) for j in range(40)] for i in range(40)]
    assert inverse(chain).equations


@pytest.mark.parametrize("step", [1, 7])
def test_the_modulus_may_divide_the_determinant(step: int) -> None:
    """The first modulus of 60 bits is taken as a weight, so that another one must serve."""
    modulus = next(n for n in range(2**60 - 1, 0, -2) if pow(3, n - 1, n) == 1)
    rows, divisor = lifted([[modulus * step, 0], [-5, 6]])
    assert divisor % modulus == 0
    assert [Fraction(x, divisor) for x in rows[0]] == [Fraction(1, modulus * step), 0]
