"""Parts of lines: they sum to a total that was rounded before them."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from everyline.explain.nodes import shared_out


@given(
    st.lists(st.fractions(min_value=-1000, max_value=1000, max_denominator=97), min_size=1),
    st.integers(-3, 3),
)
def test_parts_sum_to_a_total_that_was_rounded_before_them(
    exact: list[Fraction], more: int
) -> None:
    total = int(sum(exact, Fraction(0)) // 1) + more
    parts = shared_out(total, exact)
    assert sum(parts) == total
    if more in (0, 1):
        assert all(abs(part - one) < 2 for part, one in zip(parts, exact, strict=True))
