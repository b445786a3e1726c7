"""The demo's only source of chance: the same numbers on every machine and Python version."""

from hashlib import sha256


def noise(low: int, high: int, *what: object) -> int:
    """An integer from `low` to `high`, both included, fixed by what it is for.

    SHA-256 of the words instead of a generator with a state: adding a line to one bill moves no
    figure of another.
    """
    digest = sha256("|".join(map(str, what)).encode()).digest()
    return low + int.from_bytes(digest[:8]) % (high - low + 1)
