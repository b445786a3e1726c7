"""A property's examples in shares, so that workers that run beside one another divide them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import seed, settings

_SHARES = 10


def in_shares(examples: int) -> Callable[[Callable[[], None]], Callable[..., Any]]:
    """Of a `given` test: as many examples in all, a tenth of them in each of ten tests."""

    def shared(test: Callable[[], None]) -> Callable[..., Any]:
        drawn = settings(max_examples=examples // _SHARES)(test)

        @pytest.mark.parametrize("share", range(_SHARES))
        def test_share(share: int) -> None:
            seed(share)(drawn)()

        test_share.__doc__ = test.__doc__
        return test_share

    return shared
