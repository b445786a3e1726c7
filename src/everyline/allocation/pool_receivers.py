"""Receivers of pools (R17), and to which pool a receiver belongs (R19)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from everyline.allocation.receiver import receiver
from everyline.config.configuration import Configuration
from everyline.config.pools import Pool
from everyline.implied import implied, implies

Values = tuple[str | None, ...]

Stale = Callable[[str, str], None]
"""Told a key and a value of it that is not valid that day and has no successor (R10)."""


class Receiver(NamedTuple):
    """One receiver, after R9: for each key in taxonomy order its value and how it was found."""

    values: Values
    evidence: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its x_Receiver."""
        return receiver(self.values, self.evidence)


class Receivers:
    """Every receiver that pools come to, each with a number; equal ones are one."""

    def __init__(self, configuration: Configuration) -> None:
        self._taxonomy = configuration.taxonomy
        self.keys = tuple(key.name for key in configuration.taxonomy)
        self._required = frozenset(key.name for key in configuration.taxonomy if key.required)
        self._implies = implies(configuration.taxonomy)
        self._numbers: dict[Receiver, int] = {}
        self._shared: dict[tuple[tuple[str, ...], date], Numbers] = {}
        self.listed: list[Receiver] = []

    def shared(self, over: tuple[str, ...], day: date) -> "Numbers":
        """The receivers of weights: `over` as drivers have them, then R9."""
        if (over, day) not in self._shared:
            places = [over.index(key) if key in over else None for key in self.keys]

            def number(values: Values) -> int:
                named = [None if at is None else values[at] for at in places]
                found = [
                    "not_split" if at is None else "driver_unowned" if value is None else "shared"
                    for at, value in zip(places, named, strict=True)
                ]
                return self._after_r9(Receiver(tuple(named), tuple(found)), day)

            self._shared[over, day] = Numbers(number, lambda values: self._lacks(over, values))
        return self._shared[over, day]

    def rest(self, named: Mapping[str, str], over: Sequence[str], day: date) -> int:
        """The receiver of the rest: the keys it names, then R9; nothing named is idle (R15)."""
        evidence = dict.fromkeys(over, "idle") | dict.fromkeys(named, "rest")
        values = tuple(named.get(key) for key in self.keys)
        found = tuple(evidence.get(key, "not_split") for key in self.keys)
        return self._after_r9(Receiver(values, found), day)

    def empty(self, reason: str) -> int:
        """The receiver without any value, all for one reason."""
        return self._number(Receiver((None,) * len(self.keys), (reason,) * len(self.keys)))

    def _lacks(self, over: Sequence[str], values: Values) -> bool:
        """Whether a required key that a split should give has no value in the driver (R15)."""
        if None not in values:
            return False
        pairs = zip(over, values, strict=True)
        return any(value is None and key in self._required for key, value in pairs)

    def _after_r9(self, before: Receiver, day: date) -> int:
        if not self._implies:
            return self._number(before)
        found = implied(self._taxonomy, before.values, day)
        pairs = zip(self.keys, before.evidence, strict=True)
        after = tuple("implied" if key in found.places else was for key, was in pairs)
        return self._number(Receiver(found.values, after))

    def _number(self, one: Receiver) -> int:
        number = self._numbers.setdefault(one, len(self.listed))
        if number == len(self.listed):
            self.listed.append(one)
        return number


class Numbers(dict[Values, int]):
    """Values of drivers to the number of their receiver, worked out when first asked for.

    Attributes:
        lacking: the receivers that lack a required key which the split should give (R15).
    """

    def __init__(self, number: Callable[[Values], int], lacks: Callable[[Values], bool]) -> None:
        super().__init__()
        self._number = number
        self._lacks = lacks
        self.lacking: set[int] = set()

    def __missing__(self, values: Values) -> int:
        number = self[values] = self._number(values)
        if self._lacks(values):
            self.lacking.add(number)
        return number


class PoolOwners:
    """The owners of pools on one day: whose receiver is passed on, or removed."""

    def __init__(self, configuration: Configuration, day: date, stale: Callable[..., None]) -> None:
        """`stale` is told the pool, a key, and the value that is not valid that day."""
        names = [key.name for key in configuration.taxonomy]
        self.resolved: dict[int, dict[str, str]] = {}
        self._by_keys: dict[tuple[int, ...], dict[Values, int]] = {}
        for number, pool in enumerate(configuration.pools):
            if pool.owner is None or not pool.validity.holds(day):
                continue
            found = on_day(configuration, pool.owner, day, _of_pool(stale, pool))
            if len(found) < len(pool.owner):
                continue  # an owner with a value that is none that day matches nothing (R10)
            self.resolved[number] = found
            at = tuple(n for n, name in enumerate(names) if name in found)
            values = tuple(found[names[n]] for n in at)
            self._by_keys.setdefault(at, {}).setdefault(values, number)

    def pool_of(self, values: Values) -> int | None:
        """The first pool all of whose owner entries equal `values`."""
        first = None
        for at, owners in self._by_keys.items():
            number = owners.get(tuple([values[n] for n in at]))
            if number is not None and (first is None or number < first):
                first = number
        return first


def on_day(
    configuration: Configuration, named: Mapping[str, str], day: date, stale: Stale
) -> dict[str, str]:
    """Values that a pool names, as they are on a day; those that are none are left out (R10)."""
    found = {}
    for key, text in named.items():
        listed = configuration.key(key).values
        value = listed.resolve(text, day) if listed else text
        if value is None:
            stale(key, text)
        else:
            found[key] = value
    return found


def _of_pool(stale: Callable[..., None], pool: Pool) -> Stale:
    return lambda key, text: stale(pool, key, text)
