"""What must hold of each pool, and between pools (R15 to R19)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from everyline.config.configuration import Configuration
from everyline.config.finance import Share
from everyline.config.notes import Notes, Path
from everyline.config.pools import CostSplit, EvenSplit, FixedSplit, Pool, Split, UsageSplit
from everyline.config.taxonomy import Key
from everyline.config.value_checks import Declared

_WHOLE = Decimal(100)


def check_pools(configuration: Configuration, declared: Declared, notes: Notes) -> None:
    """Note what is wrong with pools whose entries are each well formed."""
    for n, pool in enumerate(configuration.pools):
        path: Path = ("pools", n)
        notes.validity(path, (pool.valid_from, pool.valid_to), monthly=True)
        if pool.charges is None and pool.owner is None:
            what = f"the pool `{pool.pool}` takes nothing"
            notes.note("missing-setting", what, path, "add `charges: {...}` or `owner: {...}`")
        if pool.owner is not None:
            declared.check_map(pool.owner, (*path, "owner"), notes)
        if isinstance(pool.rest, Mapping):
            declared.check_map(pool.rest, (*path, "rest"), notes)
        for k, split in enumerate(pool.split):
            _check_split(split, pool, (*path, "split", k), declared=declared, notes=notes)
    _check_rests(configuration, notes)


def _check_split(split: Split, pool: Pool, path: Path, *, declared: Declared, notes: Notes) -> None:
    if split.over is not None and len(set(split.over)) < len(split.over):
        what = "`over` names a key twice"
        notes.note("setting-not-understood", what, (*path, "over"), "name each key once")
    if isinstance(split, UsageSplit | CostSplit) and split.within and pool.owner is not None:
        what = "a pool with `owner` is split as a whole, so it has no `within`"
        hint = "take `within` out, or take the cost by `charges`"
        notes.note("setting-not-understood", what, (*path, "within"), hint)
    if isinstance(split, UsageSplit) and split.capacity and split.weight == "estimated_cost":
        what = "`capacity` is a quantity, and can't stand beside `weight: estimated_cost`"
        hint = "take `capacity` out, or weigh by `quantity`"
        notes.note("setting-not-understood", what, (*path, "capacity"), hint)
    if isinstance(split, FixedSplit):
        _check_fixed(split, path, declared, notes)
    if isinstance(split, EvenSplit):
        _check_even(split, path, declared, notes)


def _check_even(split: EvenSplit, path: Path, declared: Declared, notes: Notes) -> None:
    key = split.over[0]
    if declared.lists[key] is None:
        what = f"`{key}` has no `values`, so there is nothing to give even parts to"
        notes.note(
            "setting-not-understood", what, (*path, "over"), f"give `{key}` a list of values"
        )
    for n, text in enumerate(split.among or ()):
        declared.check(key, text, notes.at((*path, "among", n)))


def _check_fixed(split: FixedSplit, path: Path, declared: Declared, notes: Notes) -> None:
    if (split.shares is None) == (split.file is None):
        what = "fixed shares stand either in `shares` or in a `file`"
        hint = "add one of them" if split.file is None else "keep one of them"
        notes.note("missing-setting", what, path, hint)
        return
    if split.shares is not None:
        if len(split.over) > 1:
            what = "`shares` are for one key, and `over` names several"
            hint = "put them into a `file` with a column for each key"
            notes.note("setting-not-understood", what, (*path, "shares"), hint)
        for text in split.shares:
            declared.check(split.over[0], text, notes.at((*path, "shares", text), at_key=True))
    if split.file is not None:
        if set(split.file.keys) != set(split.over):
            what = f"{split.file.file} has the keys {_named(split.file.keys)}"
            hint = f"`over` names {_named(split.over)}; make the two agree"
            notes.note("setting-not-understood", what, (*path, "file"), hint)
            return
        for n, key in enumerate(split.file.keys):
            declared.check_cells(
                key, ((share.values[n], share.place) for share in split.file.shares)
            )
    place: Path = (*path, "file" if split.shares is None else "shares")
    _check_sum(split.receivers, place, notes)


def _named(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "none"


def _check_sum(shares: Sequence[Share], path: Path, notes: Notes) -> None:
    """Note each stretch of months whose shares are not exactly 100 together."""
    ends = {day for share in shares for day in share.validity if day is not None}
    for day in sorted({date.min} | ends):
        valid = [share.percent for share in shares if share.validity.holds(day)]
        total = sum(valid, Decimal(0))
        if (valid or not shares) and total != _WHOLE:
            since = f" from {day}" if day != date.min else ""
            what = f"the shares sum to `{total.normalize():f}`{since}, and must sum to exactly 100"
            hint = "a part that nobody takes is given to a value of its own"
            about = (*path, str(day))
            notes.note("pool-shares-not-100", what, about, hint)


def _check_rests(configuration: Configuration, notes: Notes) -> None:
    """Note a `rest` that goes to the owner of a pool that no longer receives there (R19)."""
    pools = configuration.pools
    for i, pool in enumerate(pools):
        if not isinstance(pool.rest, Mapping):
            continue
        receiver = _with_implied(pool.rest, configuration.taxonomy)
        j = next(
            (n for n, other in enumerate(pools) if _owns(other, receiver, configuration)), None
        )
        if j is None:
            continue
        removed = {"direct": True, "step-down": j <= i, "reciprocal": j == i}
        if removed[configuration.between_pools]:
            what = f"the rest of `{pool.pool}` goes to the owner of the pool `{pools[j].pool}`"
            hint = "by `between_pools` that pool takes nothing from this one; name another owner"
            notes.note("rest-names-closed-pool", what, ("pools", i, "rest"), hint)


def _owns(pool: Pool, receiver: Mapping[str, str], configuration: Configuration) -> bool:
    wanted = _as_declared(pool.owner or {}, configuration.taxonomy)
    return bool(wanted) and all(receiver.get(key) == value for key, value in wanted.items())


def _as_declared(values: Mapping[str, str], taxonomy: Sequence[Key]) -> dict[str, str]:
    lists = {key.name: key.values for key in taxonomy}
    found = {}
    for name, text in values.items():
        listed = lists[name]
        found[name] = (listed.declared(text) if listed else None) or text
    return found


def _with_implied(values: Mapping[str, str], taxonomy: Sequence[Key]) -> dict[str, str]:
    """The values as declared, and those that they imply by R9, whatever the day."""
    found = _as_declared(values, taxonomy)
    before = -1
    while before != len(found):
        before = len(found)
        for key in taxonomy:
            rows = key.values.rows_of(found[key.name]) if key.values and key.name in found else ()
            for row in rows:
                found = _as_declared(row.implies, taxonomy) | found
    return found
