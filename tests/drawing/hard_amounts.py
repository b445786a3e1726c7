"""Amounts that are hard to draw: credits, zeros, and ratios of thirty digits."""

from decimal import Decimal

from hypothesis import strategies as st

AMOUNTS = st.one_of(
    st.just(Decimal(0)),
    st.integers(-(10**6), 10**6).map(Decimal),
    st.builds(
        lambda digits, exponent: Decimal(f"{digits}E{exponent}"),
        st.integers(-9, 99),
        st.integers(-18, 11),
    ),
)
"""From -9e11 to 99e11, down to 1e-18; a third of them whole, some of them zero."""
