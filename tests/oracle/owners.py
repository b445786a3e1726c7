"""The owner of one group: tags, registries, rules, implied values (R7 to R10)."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from oracle import conditions, tables
from oracle.settings import Entry, Key, Listed, Project, compared, day, naming

Group = dict[str, Any]
PREFIXES = ("resourceTags/", "iamPrincipal/", "user:", "user_")


class Found(NamedTuple):
    """Value, evidence and place of one key; value None with the reason as evidence."""

    value: str | None
    evidence: str
    rule: str | None


def speaks_for(billed: str, entry: str) -> bool:
    """Whether a billed tag key is the one that an entry of `tags` names (R7)."""
    whole, wanted = billed.strip().casefold(), entry.strip().casefold()
    prefixes = tuple(prefix.casefold() for prefix in PREFIXES)
    if whole == wanted:
        return True
    if wanted.startswith(prefixes):
        return False
    for prefix in prefixes:
        whole = whole.removeprefix(prefix)
        if whole == wanted:
            return True
    return False


def strong(project: Project, group: Group) -> dict[str, Any]:
    """For each key its value, evidence, tag state and rule, before weak entries and traces."""
    on = group["x_WindowStart"].date()
    states, found = tagged(project, group, on)
    ask(project, group, found, on, weak=False)
    imply(project, found, on)
    owner = columns(found)
    return owner | {f"{name}_tag": state for name, state in states.items()}


def weakly(project: Project, group: Group, found: dict[str, Found]) -> None:
    """Fills what weak entries answer for a group or its part, and what follows from that (R8)."""
    on = group["x_WindowStart"].date()
    if ask(project, group, found, on, weak=True):
        imply(project, found, on)


def of_usage(project: Project, row: Group) -> dict[str, Any]:
    """Value and evidence of each key for a usage row: weak entries after the others, then R9."""
    on = row["hour"].date()
    _, found = tagged(project, row, on)
    ask(project, row, found, on, weak=False)
    ask(project, row, found, on, weak=True)
    imply(project, found, on)
    return {name: value for name, value in columns(found).items() if name[-5:] != "_rule"}


def columns(found: dict[str, Found]) -> dict[str, Any]:
    """The columns of owned_groups that say who owns, and why."""
    owner: dict[str, Any] = {}
    for name, one in found.items():
        owner |= {name: one.value, f"{name}_evidence": one.evidence, f"{name}_rule": one.rule}
    return owner


def as_found(project: Project, owner: Group) -> dict[str, Found]:
    """The answers that columns of owned_groups hold."""
    return {
        key.name: Found(owner[key.name], owner[f"{key.name}_evidence"], owner[f"{key.name}_rule"])
        for key in project.keys
    }


def tagged(project: Project, row: Group, on: date) -> tuple[dict[str, str], dict[str, Found]]:
    """Tag state and answer of each key by the row's own tags."""
    both = {key.name: _tagged(key, row, on) for key in project.keys}
    return {name: one[0] for name, one in both.items()}, {n: one[1] for n, one in both.items()}


def ask(project: Project, row: Group, found: dict[str, Found], on: date, *, weak: bool) -> bool:
    """Whether an entry, weak or not, gave a key that was missing."""
    gave = False
    for entry in project.owners:
        if (entry.settings.get("weak") == "true") is not weak:
            continue
        for name, value, place in _answers(project, entry, row, on):
            if found[name].value is None:
                evidence = "registry" if entry.table is not None else "rule"
                found[name] = Found(value, evidence, place)
                gave = True
    return gave


# Tags (R7)


def _tagged(key: Key, group: Group, on: date) -> tuple[str, Found]:
    present = sorted((c[5:], v) for c, v in group.items() if c[:5] == "Tags." and v is not None)
    undeclared: str | None = None
    for entry in key.tags:
        texts = [value for billed, value in present if speaks_for(billed, entry)]
        if not texts:
            continue
        if len({_compared(key, text, on) for text in texts}) > 1:
            return "conflict", Found(None, "conflict", entry)
        value = valid(key, texts[0], on)
        if value is not None:
            return "declared", Found(value, "tag", entry)
        undeclared = undeclared or entry
    if undeclared:
        return "undeclared", Found(None, "unknown_value", undeclared)
    return "missing", Found(None, "untagged", None)


def _compared(key: Key, text: str, on: date) -> tuple[bool, str]:
    named = _listed(key, text, on)
    return (True, named.value) if named else (False, text.strip())


def _listed(key: Key, text: str, on: date) -> Listed | None:
    """The row that `text` names, valid that day if one is."""
    rows = naming(key.rows or (), text)
    valid_rows = [row for row in rows if row.holds(on)]
    past = sorted((r for r in rows if r.is_past(on)), key=lambda r: r.end or date.max, reverse=True)
    return next(iter(valid_rows or past or rows), None)


def valid(key: Key, text: str, on: date) -> str | None:
    """The value that `text` gives on that day: itself, or its successor's (R7)."""
    if key.rows is None:
        return text.strip()
    row = _listed(key, text, on)
    while row is not None:
        value = row.value
        rows = [r for r in key.rows if r.value == value]
        if any(r.holds(on) for r in rows):
            return value
        past = [r for r in rows if r.is_past(on)]
        last = max(past, key=lambda r: r.end or date.min, default=None)
        row = _listed(key, last.successor, on) if last and last.successor else None
    return None


# Registries and rules (R8)


def _answers(
    project: Project, entry: Entry, group: Group, on: date
) -> Iterator[tuple[str, str, str]]:
    """Key, value and place of what the entry says of the group."""
    if entry.table is None:
        start, end = day(entry.settings.get("valid_from")), day(entry.settings.get("valid_to"))
        inside = (start is None or start <= on) and (end is None or on < end)
        if not inside or not conditions.holds(entry.settings["when"], group):
            return
        said, place = entry.settings["set"], entry.place
    else:
        names = {key.name for key in project.keys}
        identities = [c for c in entry.header if c not in names and c[:6] != "valid_"]
        best: tuple[int, str, dict[str, str]] | None = None
        for at, cells in entry.table:
            filled = {c: cells[c] for c in identities if c in cells}
            start, end = day(cells.get("valid_from")), day(cells.get("valid_to"))
            inside = (start is None or start <= on) and (end is None or on < end)
            if not inside or not all(_equal(c, t, group.get(c)) for c, t in filled.items()):
                continue
            if best is None or len(filled) > best[0]:
                best = (len(filled), at, cells)
        if best is None:
            return
        _, place, cells = best
        said = {name: cells[name] for name in names if name in cells}
    for key in project.keys:
        if key.name in said and (value := valid(key, said[key.name], on)) is not None:
            yield key.name, value, place


def _equal(column: str, cell: str, value: Any) -> bool:
    return value is not None and bool(
        value == (tables.provider(cell) if column == "ServiceProviderName" else cell)
    )


# Implied values (R9)


def imply(project: Project, found: dict[str, Found], on: date) -> None:
    """Fills what values imply, keys in taxonomy order, until nothing changes."""
    keys = {key.name: key for key in project.keys}
    changed = True
    while changed:
        changed = False
        for key in project.keys:
            value = found[key.name].value
            rows = [r for r in key.rows or () if r.value == value and r.holds(on)]
            for other, text in rows[0].implies.items() if rows else ():
                meant = valid(keys[other], text, on)
                if meant is not None and found[other].value is None:
                    found[other] = Found(meant, "implied", rows[0].place)
                    changed = True


def default_of(key: Key) -> str | None:
    """The default as its list declares it."""
    if key.default is None or key.rows is None:
        return key.default
    return next(
        row.value
        for row in key.rows
        if compared(key.default) in map(compared, (row.value, *row.aliases))
    )
