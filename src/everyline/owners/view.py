"""`owned_groups`: groups joined with the owners of their combinations, written nowhere.

There are far fewer combinations than groups.
"""

from collections.abc import Sequence

from everyline.engines.duckdb import quoted

DAY = "day_"
"""The column of the day on which a row is looked at (R10)."""

OF_DAY = "x_WindowStart::DATE"

ALL = "ALL"
"""For `owned_groups`: every group, as before weak entries."""


def of_groups(groups: str) -> str:
    """SQL of the groups in scope, each with the day on which it is looked at (R10)."""
    return f"(SELECT *, {OF_DAY} AS {DAY} FROM {groups} WHERE x_Layer <> 'none')"


def owned_groups(
    groups: str, owners: str, columns: Sequence[str], keys: Sequence[str], *, split: str = ""
) -> str:
    """SELECT of `owned_groups`: groups in scope, each with the owner of its combination.

    Args:
        groups: SQL of the relation.
        owners: SQL of what `Owners.write` has written.
        columns: those that an owner hangs on, as `Owners.columns` says.
        keys: the taxonomy keys.
        split: SQL of the x_GroupId that a trace has split, for which weak entries do not answer as
            a whole (R8); empty where there are no weak entries. `ALL` means every group.
    """
    found = [(f"{key}{end}", end != "_tag") for key in keys for end in ("", "_evidence")]
    found += [(f"{key}{end}", end != "_tag") for key in keys for end in ("_tag", "_rule")]
    picked = [
        _strong(name, split) if split and is_found else f"o.{quoted(name)}"
        for name, is_found in found
    ]
    on = " AND ".join(
        f"{f'g.{OF_DAY}' if c == DAY else f'g.{quoted(c)}'} IS NOT DISTINCT FROM o.{quoted(c)}"
        for c in columns
    )
    join = f" LEFT JOIN {split} AS s ON s.x_GroupId = g.x_GroupId" if split not in ("", ALL) else ""
    return (
        f"SELECT g.*, {', '.join(picked)} FROM {groups} AS g JOIN {owners} AS o"
        f" ON {on or 'true'}{join} WHERE g.x_Layer <> 'none'"
    )


def _strong(name: str, split: str) -> str:
    strong = f"o.{quoted(f'strong_{name}')}"
    if split == ALL:
        return f"{strong} AS {quoted(name)}"
    return (
        f"CASE WHEN s.x_GroupId IS NULL THEN o.{quoted(name)} ELSE {strong} END AS {quoted(name)}"
    )
