"""Numbers as units of 10^-18 (R2)."""

import re

_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?", re.ASCII)


class Stopped(Exception):  # noqa: N818
    """The data holds what may not be published (R2, R3)."""


def units(text: str) -> int:
    """A number in units of 10^-18, rounded half-even (R2)."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 60:
        raise Stopped(f"no number: {text}")
    sign, whole, fraction, exponent = match[1], match[2], match[3] or "", int(match[4] or 0)
    mantissa = int(whole + fraction)
    if mantissa == 0:
        return 0
    if abs(exponent) > 40:
        raise Stopped(f"exponent: {text}")
    shift = 18 + exponent - len(fraction)
    if shift >= 0:
        found = mantissa * int(10**shift)
    else:
        step = int(10**-shift)
        found, rest = divmod(mantissa, step)
        half = step // 2
        found += rest > half or (rest == half and found % 2 == 1)
    if found >= 10**38:
        raise Stopped(f"more than 38 digits: {text}")
    return -found if sign else found
