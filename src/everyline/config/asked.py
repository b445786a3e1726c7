"""Which columns of charges a configuration names: what `groups` are told apart by (R5)."""

from collections.abc import Iterable, Iterator

from everyline.conditions import columns
from everyline.config.columns import CHARGES, RESOURCES, SUMS, USAGE
from everyline.config.configuration import Configuration
from everyline.config.pools import CostSplit, UsageSplit
from everyline.config.rules import Registry
from everyline.tag_columns import is_tag

_IDS = ("x_ChargeId", "x_GroupId")


def owner_columns(configuration: Configuration) -> frozenset[str]:
    """Columns and `Tags.<key>` of charges that registries and rules look at (R8)."""
    return _of_charges(_of_owners(configuration))


def asked_by_owners(configuration: Configuration) -> frozenset[str]:
    """As `owner_columns`, with those that only planned things have, such as their type (R8)."""
    of_resources = _of_owners(configuration) & (RESOURCES.keys() - CHARGES.keys())
    return owner_columns(configuration) | of_resources


def group_columns(configuration: Configuration) -> frozenset[str]:
    """Columns and `Tags.<key>` named where a project reads charges, `layers` excepted (R5)."""
    found = set(owner_columns(configuration))
    for condition in configuration.untaggable:
        found |= columns(condition)
    found |= set(_of_traces(configuration)) | set(_of_pools(configuration))
    return _of_charges(found - {key.name for key in configuration.taxonomy})


def named_tags(configuration: Configuration) -> frozenset[str]:
    """Every `Tags.<key>` that any rule or split of the project names, as billed or delivered."""
    found = set(group_columns(configuration))
    for rule in configuration.layers:
        found |= columns(rule.when)
    for source in configuration.usage:
        found |= columns(source.charges) if source.charges else set()
    for trace in configuration.trace:
        found |= columns(trace.usage)
    for pool in configuration.pools:
        for split in pool.split:
            if isinstance(split, UsageSplit):
                found |= columns(split.usage)
                found |= columns(split.capacity) if split.capacity else set()
    return frozenset(name for name in found if is_tag(name))


def _of_owners(configuration: Configuration) -> set[str]:
    found: set[str] = set()
    for entry in configuration.owners:
        if isinstance(entry, Registry):
            found |= set(entry.registry.identities)
        else:
            found |= columns(entry.when)
    return found


def _of_traces(configuration: Configuration) -> Iterator[str]:
    for trace in configuration.trace:
        yield from columns(trace.charges)
        for level in trace.split:
            yield from level.on


def _of_pools(configuration: Configuration) -> Iterator[str]:
    for pool in configuration.pools:
        if pool.charges:
            yield from columns(pool.charges)
        for split in pool.split:
            if isinstance(split, UsageSplit | CostSplit):
                yield from split.within
            if isinstance(split, CostSplit) and split.of:
                yield from columns(split.of)


def _of_charges(names: Iterable[str]) -> frozenset[str]:
    """Those of `names` that a charge may have: FOCUS, ours, a custom `x_` column, or a tag."""
    others = (USAGE.keys() | RESOURCES.keys() | set(SUMS) | set(_IDS)) - (
        CHARGES.keys() - set(_IDS) - set(SUMS)
    )
    return frozenset(
        n for n in names if is_tag(n) or (n not in others and (n in CHARGES or n.startswith("x_")))
    )
