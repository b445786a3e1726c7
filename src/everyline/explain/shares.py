"""Shares: which weight of which split a receiver has, and how pools pass it on to each other (R19).

The composed weight of a pool is taken apart again: what its own weights give to the receiver at
once, and what they give to the owner of another pool, whose weights are asked next.
"""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from everyline import money
from everyline.config.configuration import Configuration
from everyline.config.pools import CostSplit, Pool, UsageSplit
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain import usage
from everyline.explain.nodes import Node, amount, in_order, text, units
from everyline.explain.pieces import Near
from everyline.explain.receivers import Receiver
from everyline.explain.split_rows import SplitRows
from everyline.explain.usage import Telemetry, Used
from everyline.runs import Run
from everyline.tag_columns import PREFIX, columns_of, is_tag

_REASONS = {"driver_unowned": "no owner", "zero_driver": "no weight"}


class Split(NamedTuple):
    """One split: what weighed, and everybody who received."""

    rule: str
    level: int
    kind: str
    driver: str
    receivers: Mapping[str, Receiver]


class Pot(NamedTuple):
    """A pool in one month, and its `within` values as text: the canonical JSON, and by column."""

    pool: Pool
    period: str
    within: str
    columns: tuple[tuple[str, str], ...]


class Splits:
    """The splits of one run."""

    def __init__(
        self, engine: Engine, run: Run, configuration: Configuration, telemetry: Telemetry
    ) -> None:
        self._engine = engine
        self._run = run
        self._configuration = configuration
        self._telemetry = telemetry
        self._keys: list[str] = list(run.manifest["keys"])
        self._splits: dict[str, Split] = {}
        self._pots: dict[str, Pot] = {}
        self._passed: dict[tuple[str, str, str], Mapping[str, Pot]] = {}
        self._rows = SplitRows(engine, run)

    def ask(self, near: Near | None) -> None:
        """From here on some receivers are asked for: `near` has their rows, quickly read."""
        self._rows.ask(near)

    def split(self, share: str) -> Split | None:
        """The split of an x_ShareId; None where there is none."""
        if share not in self._splits:
            told = self._rows.told(share)
            if told is None:
                return None
            self._splits[share] = Split(*told, self._rows.receivers(share))
        return self._splits[share]

    # Pools

    def of_pool(
        self, at: tuple[str, str, str], cost: Decimal, currency: str, most: int | None
    ) -> Node:
        """The composed weight by which cost came to a receiver, and the ways behind it.

        Args:
            at: x_ShareId of the pool's composed split, x_Period and x_Receiver.
            cost: what came to it.
            most: how many identities of usage stand alone; None for all.
        """
        share, period, receiver = at
        split = self.split(share)
        assert split is not None, "a pool line was split by no share"
        own = split.receivers[receiver]
        told = {
            "x_Rule": split.rule,
            "x_ShareId": share,
            "x_Weight": str(own.weight),
            "x_WeightTotal": str(own.total),
            "receiver": self.called(own),
        }
        pot = self._pot(share, period)
        ways = _Ways(self, receiver, currency, most).below(pot, units(cost), ()) if pot else []
        label = f"{split.rule}: {own.weight} of {own.total}"
        return Node("share", label, cost, currency, 0, told, (), ways)

    def _pot(self, share: str, period: str) -> Pot | None:
        """The pool of a composed split."""
        if share not in self._pots:
            split = self.split(share)
            pool = split and self.pool(split.rule)
            if pool is None:
                return None
            for pot in self.pots_of(pool, period):
                self._pots[_share_id(pot, 0)] = pot
        return self._pots.get(share)

    def pool(self, name: str) -> Pool | None:
        """The pool of that name."""
        return next((pool for pool in self._configuration.pools if pool.pool == name), None)

    def pots_of(self, pool: Pool, period: str) -> list[Pot]:
        """The pots of a pool in a month."""
        within = _within(pool)
        if not within:
            return [Pot(pool, period, "{}", ())]
        every = [name for one in self._configuration.pools for name in _within(one)]
        tags = columns_of(name.removeprefix(PREFIX) for name in every if is_tag(name))
        columns = [tags[n.removeprefix(PREFIX)] if is_tag(n) else n for n in within]
        rows = self._engine.rows(
            f"SELECT DISTINCT {', '.join(map(quoted, columns))}"
            f" FROM {self._run.relation('pool_lines')}"
            f" WHERE x_Pool = {literal(pool.pool)} AND x_Period = {literal(period)}"
        )
        made = []
        for row in rows:
            there = {n: v for n, v in zip(within, row, strict=True) if v is not None}
            ordered = sorted(there, key=lambda name: name.encode("utf-16-be"))
            members = ",".join(f"{_json(name)}:{_json(there[name])}" for name in ordered)
            shown = tuple((name, text(value)) for name, value in there.items())
            made.append(Pot(pool, period, f"{{{members}}}", shown))
        return made

    def own(self, pot: Pot) -> tuple[int, Split] | None:
        """The own weights of a pool, and the entry of `split` that they are of, from 1."""
        for level in range(1, len(pot.pool.split) + 1):
            split = self.split(_share_id(pot, level))
            if split is not None:
                return level, split
        return None

    def composed(self, pot: Pot) -> Split | None:
        """The weights of a pool through all that it passes on to."""
        return self.split(_share_id(pot, 0))

    def passed_to(self, values: Mapping[str, str], period: str) -> Pot | None:
        """The first pool all of whose `owner` entries equal the values (R19)."""
        day = date.fromisoformat(f"{period}-01")
        for pool in self._configuration.pools:
            if pool.owner is None or not pool.validity.holds(day):
                continue
            found = {}
            for key, written in pool.owner.items():
                listed = self._configuration.key(key).values
                found[key] = listed.resolve(written, day) if listed else written
            if all(value is not None and values.get(key) == value for key, value in found.items()):
                return Pot(pool, period, "{}", ())
        return None

    def passed(self, pot: Pot, split: Split) -> Mapping[str, Pot]:
        """The pools that receivers of a pool's own split are passed on by, found once a pool."""
        at = (pot.pool.pool, pot.period, pot.within)
        if all(pool.owner is None for pool in self._configuration.pools):
            return {}
        if at not in self._passed:
            found = {
                receiver.text: self.passed_to(receiver.values, pot.period)
                for receiver in split.receivers.values()
            }
            self._passed[at] = {name: other for name, other in found.items() if other is not None}
        return self._passed[at]

    def used(self, pot: Pot, level: int) -> "_Measured":
        """The usage behind the own weights of a pool."""
        found = self._telemetry.of_pool(pot.pool, level, pot.period, dict(pot.columns))
        split = pot.pool.split[level - 1]
        over = self._telemetry.over(split) if isinstance(split, UsageSplit) else ()
        return _Measured(over, found)

    def tells_usage(self, share: str, period: str) -> bool:
        """Whether usage may stand behind a composed split: its pool's own, or that of others."""
        pot = self._pot(share, period)
        found = None if pot is None else self.own(pot)
        if pot is None or found is None:
            return False
        level, split = found
        return bool(self.used(pot, level).rows or self.passed(pot, split))

    def called(self, receiver: Receiver) -> str:
        """A receiver in words: its values, or why there is nobody."""
        return called(self._keys, receiver.values, receiver.evidence)


class _Measured(NamedTuple):
    """Usage by the values of the keys `over`."""

    over: Sequence[str]
    rows: Sequence[Used]

    def of(self, receiver: Receiver) -> list[Used]:
        """What gave a receiver its weight (R17); nothing for the rest."""
        if any(receiver.evidence[key] in ("rest", "idle") for key in self.over):
            return []
        wanted = tuple(
            receiver.values.get(key) if receiver.evidence[key] == "shared" else None
            for key in self.over
        )
        return [used for used in self.rows if used.of == wanted]

    def unit_weight(self, split: Split, known: Sequence[Receiver]) -> Fraction | None:
        """How much one unit of weight stands for; None where that is not known.

        Whichever receiver is looked at, it is the same; those `known` need not be read.
        """
        if not self.rows:
            return None
        for receiver in itertools.chain(known, split.receivers.values()):
            if found := self.of(receiver):
                return Fraction(sum(used.quantity for used in found)) * Fraction(1, receiver.weight)
        return None


class _Ways:
    """How one receiver came to the cost of a pool."""

    def __init__(self, splits: Splits, receiver: str, currency: str, most: int | None) -> None:
        self._splits = splits
        self._receiver = receiver
        self._currency = currency
        self._most = most

    def below(self, pot: Pot, cost: int, visited: tuple[str, ...]) -> list[Node]:
        """A node for each receiver of the pool's own split that passes something on, or keeps it.

        `cost` in units of 10^-18. A pool that serves itself through others is named, and not asked
        again: its weights contain what goes round.
        """
        found = self._splits.own(pot)
        if found is None or not cost:
            return []
        level, split = found
        ratios, passed = self._ratios(pot, split)
        if not ratios:
            return []
        costs = money.split(cost, money.whole_weights(ratios))
        measured = self._splits.used(pot, level)
        scale = measured.unit_weight(split, [split.receivers[at] for at in ratios])
        nodes = []
        for at in ratios:
            receiver, part = split.receivers[at], costs.get(at, 0)
            told = _told(split, receiver, scale, measured)
            told["receiver"] = self._splits.called(receiver)
            used = measured.of(receiver)
            behind = usage.nodes([(part, used)], self._currency, self._most) if used else []
            shares: list[Node] = []
            if (other := passed.get(at)) is not None:
                told["x_Pool"] = other.pool.pool
                if other.pool.pool not in visited:
                    shares = self.below(other, part, (*visited, pot.pool.pool))
            label = f"{told['x_Rule']}: {_fraction(told)} to {told['receiver']}"
            nodes.append(
                Node("share", label, amount(part), self._currency, 0, told, (), shares, behind)
            )
        return in_order(nodes)

    def _ratios(self, pot: Pot, split: Split) -> tuple[dict[str, Fraction], dict[str, Pot]]:
        """What each receiver of a split brings to ours, of 1; and the pools it is passed on by."""
        ratios: dict[str, Fraction] = {}
        passed: dict[str, Pot] = {}
        others = self._splits.passed(pot, split)
        own = split.receivers.get(self._receiver)
        if own is not None and own.text not in others:
            ratios[own.text] = own.ratio
        for name, other in others.items():
            composed = self._splits.composed(other)
            last = composed.receivers.get(self._receiver) if composed else None
            if last is not None:
                ratios[name] = split.receivers[name].ratio * last.ratio
                passed[name] = other
        return ratios, passed


def _told(
    split: Split, receiver: Receiver, scale: Fraction | None, measured: _Measured
) -> dict[str, str]:
    told = {
        "x_Rule": split.rule,
        "x_Level": str(split.level),
        "x_Driver": split.driver,
        "x_Weight": str(receiver.weight),
        "x_WeightTotal": str(receiver.total),
    }
    if scale is not None:
        quantity, total = _decimal(receiver.weight * scale), _decimal(receiver.total * scale)
        if quantity is not None and total is not None:
            told |= {"x_Quantity": text(quantity), "x_QuantityTotal": text(total)}
            unit = next((used.unit for used in measured.rows if used.unit), None)
            told |= {"x_Unit": unit} if unit else {}
    return told


def _fraction(told: Mapping[str, str]) -> str:
    """A weight of a total in words, in the unit that was measured where that is known."""
    if "x_Quantity" in told:
        unit = f" {told['x_Unit']}" if "x_Unit" in told else ""
        return f"{told['x_Quantity']} of {told['x_QuantityTotal']}{unit}"
    return f"{told['x_Weight']} of {told['x_WeightTotal']}"


def _decimal(value: Fraction) -> Decimal | None:
    """A number of at most 18 decimals; None where it has more."""
    scaled = value * 10**money.SCALE
    return amount(int(scaled)) if scaled.denominator == 1 else None


def called(keys: Sequence[str], values: Mapping[str, str], evidence: Mapping[str, str]) -> str:
    """Values in words: `search, chat`; `nobody (idle)` where the first key has none."""
    said = [values[key] for key in keys if key in values]
    if keys[0] not in values:
        reason = _REASONS.get(evidence[keys[0]], evidence[keys[0]].replace("_", " "))
        said.insert(0, f"nobody ({reason})")
    return ", ".join(said)


def _within(pool: Pool) -> tuple[str, ...]:
    """The columns by whose values a pool is split apart."""
    splits = [split for split in pool.split if isinstance(split, UsageSplit | CostSplit)]
    return tuple(dict.fromkeys(name for split in splits for name in split.within))


def share_ids(
    engine: Engine, run: Run, configuration: Configuration, period: str
) -> frozenset[str]:
    """x_ShareId of all splits of pools in a month: their own and the composed ones (R12)."""
    splits = Splits(engine, run, configuration, Telemetry(engine, run, configuration))
    return frozenset(
        _share_id(pot, level)
        for pool in configuration.pools
        for pot in splits.pots_of(pool, period)
        for level in range(len(pool.split) + 1)
    )


def _share_id(pot: Pot, index: int) -> str:
    """x_ShareId: SHA-256 of pool, entry of `split` (0 for composed), period and `within` (R12)."""
    array = f"[{_json(pot.pool.pool)},{index},{_json(pot.period)},{pot.within}]"
    return hashlib.sha256(array.encode()).hexdigest()


def _json(value: Any) -> str:
    """A value of a `within` column in canonical JSON: decimals as text of 18 digits."""
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, datetime):
        return f'"{value:%Y-%m-%dT%H:%M:%SZ}"'
    if isinstance(value, Decimal):
        return f'"{value:.18f}"'
    return json.dumps(value, ensure_ascii=False)
