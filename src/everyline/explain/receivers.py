"""Who receives of one split; of many only those are read who are asked for.

A pool of a large company has thousands of receivers, and a figure of one owner needs one of them.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

_FIRST = 64
_ALONE_MAX = 16


class Receiver(NamedTuple):
    """One row of `shares`: who receives, and which weight of which total."""

    text: str
    values: Mapping[str, str]
    evidence: Mapping[str, str]
    weight: int
    total: int

    @property
    def ratio(self) -> Fraction:
        """Its part of the split."""
        return Fraction(self.weight, self.total)


class Receivers(Mapping[str, Receiver]):
    """The receivers of a split by x_Receiver, in its order."""

    def __init__(
        self, read: Callable[[str | None, int | None], Mapping[str, Receiver]], near: Container[str]
    ) -> None:
        """`read` gives one receiver, or so many of the first, None for all.

        Those in `near` are quickly read.
        """
        self._read = read
        self._near = near
        self._known: Mapping[str, Receiver] = {}
        self._is_whole = False
        self._alone: dict[str, Mapping[str, Receiver]] = {}
        self._far = 0

    def _first(self) -> Mapping[str, Receiver]:
        if not self._known:
            self._known = self._read(None, _FIRST)
            self._is_whole = len(self._known) < _FIRST
        return self._known

    def _whole(self) -> Mapping[str, Receiver]:
        if not self._is_whole:
            self._known = self._read(None, None)
            self._is_whole = True
        return self._known

    def __getitem__(self, receiver: str) -> Receiver:
        if self._is_whole or receiver in self._known:
            return self._known[receiver]
        if receiver not in self._alone:
            if receiver not in self._near:
                self._far += 1
                # Who is asked for a second one is often asked for more.
                known = self._whole() if self._far > _ALONE_MAX else {}
                known = known or (self._first() if self._far > 1 else {})
                if receiver in known or self._is_whole:
                    return known[receiver]
            self._alone[receiver] = self._read(receiver, None)
        return self._alone[receiver][receiver]

    def __iter__(self) -> Iterator[str]:
        first = list(self._first())
        yield from first
        yield from list(self._whole())[len(first) :]

    def __len__(self) -> int:
        return len(self._whole())
