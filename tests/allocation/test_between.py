"""Between pools (R19): F solves the system exactly, whatever the network of pools."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.allocation.between import Own, composed, whole
from everyline.allocation.linear import inverse

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
    assert whole({1: Fraction(1, 2), 2: Fraction(1, 3), 3: Fraction(0)}) == {1: 3, 2: 2}
    assert whole({1: 12, 2: 18}) == {1: 2, 2: 3}
    assert whole({}) == {}


@given(st.lists(st.lists(st.integers(0, 10**25), min_size=4, max_size=4), min_size=3, max_size=3))
def test_an_inverse_is_exact(rows: list[list[int]]) -> None:
    matrix = [
        [sum(row) + 1 if i == j else -row[j] for j in range(len(rows))]
        for i, row in enumerate(rows)
    ]
    found = inverse(matrix)
    for i, row in enumerate(found.rows):
        for j in range(len(matrix)):
            product = sum(x * matrix[k][j] for k, x in enumerate(row))
            assert product == (found.divisor if i == j else 0)


@pytest.mark.parametrize("step", [1, 7])
def test_the_modulus_may_divide_the_determinant(step: int) -> None:
    """The first modulus of 60 bits is taken as a weight, so that another one must serve."""
    modulus = next(n for n in range(2**60 - 1, 0, -2) if pow(3, n - 1, n) == 1)
    found = inverse([[modulus * step, 0], [-5, 6]])
    assert found.divisor % modulus == 0
    assert [Fraction(x, found.divisor) for x in found.rows[0]] == [Fraction(1, modulus * step), 0]
