"""Quantities of telemetry as integers of 10^-18, so that sums and differences are exact."""

from datetime import UTC, datetime, timedelta
from decimal import Context
from functools import lru_cache

from everyline import money

SCALE = 10**money.SCALE

_WIDE = Context(prec=80)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1 << 16)
def units(text: str | None) -> int | None:
    """A number by R2 in units of 10^-18; None where the text is none."""
    found = money.number(text.strip()) if text else None
    return None if found is None else int(found.value.scaleb(money.SCALE, _WIDE))


@lru_cache(maxsize=1 << 16)
def text(quantity: int) -> str:
    """Units of 10^-18 as the shortest exact decimal text."""
    whole, decimals = divmod(abs(quantity), SCALE)
    sign = "-" if quantity < 0 else ""
    return f"{sign}{whole}.{decimals:0{money.SCALE}}".rstrip("0").rstrip(".")


def instant(milliseconds: int) -> str | None:
    """Milliseconds since 1970 as ISO text in UTC; None where no calendar has them."""
    try:
        found = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
