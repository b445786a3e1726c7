"""The charges stage: bill lines in, `groups` out, and a view of every line as a charge."""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from everyline import memory
from everyline.bill_lines import BillLines
from everyline.charges import grouping
from everyline.charges.checks import Control, control, inseparable
from everyline.charges.lines import MEASURES, line_relation, of_one_line, single, tag
from everyline.charges.naming import NAMED, Naming, described_by
from everyline.charges.partial import blank, partial, told, told_apart
from everyline.charges.refusals import gave_up, out_of_time
from everyline.config.columns import FOCUS
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, Unreadable, literal, parquet, quoted
from everyline.problems import Problem
from everyline.tag_columns import columns_of, is_tag, key_of, present

_WINDOW = ("x_WindowStart", "x_WindowEnd")


class Plan(NamedTuple):
    """Which columns of charges the rules of a project look at.

    Attributes:
        key: the group key (R5).
        described: the columns that names and layers hang on.
    """

    key: tuple[str, ...]
    described: tuple[str, ...]

    @property
    def billed(self) -> tuple[str, ...]:
        """Every column to sum by, as a line says it."""
        return tuple(dict.fromkeys((*self.described, *grouping.billed_columns(self.key))))


@dataclass(frozen=True, slots=True)
class Summed:
    """The partial sums of one `BillLines`, as SQL, and what was found on the way.

    Attributes:
        relation: SQL of the partial sums, each tag in its own column.
        table: SQL of them as they are kept, with all tags in the column `told_`.
        tags: the columns of the tags that `told_` holds.
        controls: what the lines sum to, read apart.
        problems: of the lines.
        has_blanks: whether a tag is blank somewhere, so that rows may differ in nothing else.
    """

    relation: str
    table: str
    tags: tuple[str, ...]
    controls: Sequence[Control]
    problems: Sequence[Problem]
    has_blanks: bool


def plan(
    configuration: Configuration,
    lines: Sequence[BillLines],
    named: Iterable[str],
    is_taxonomy_tag: Callable[[str], bool],
) -> Plan:
    """The columns to sum by.

    Args:
        configuration: of the project.
        lines: all bills.
        named: columns and `Tags.<key>` that rules name where they read charges (R5).
        is_taxonomy_tag: whether a tag key, as billed, is one that the taxonomy reads (R7).
    """
    described, asked = described_by(configuration), tuple(named)
    keys = {key for one in lines for key in one.tag_keys if is_taxonomy_tag(key)}
    keys |= {key_of(name) for name in (*described, *asked) if is_tag(name)}
    columns = columns_of(keys)

    def column(name: str) -> str:
        return columns[key_of(name)] if is_tag(name) else name

    # A tag that only `layers` look at is no part of the group key.
    grouped = {columns[key] for key in keys if is_taxonomy_tag(key)}
    return Plan(grouping.key_columns(map(column, asked), grouped), tuple(map(column, described)))


# Goes up when what is kept beside the sums changes, so that older entries are made again.
_KEPT_VERSION = 2


def summed(engine: Engine, lines: BillLines, columns: Sequence[str], cache: Path) -> Summed:
    """Partial sums and control totals of `lines`; made once for the same bytes and columns."""
    sql, keys = partial(lines, columns), told(lines, columns)
    key = f"{_KEPT_VERSION} {lines.fingerprint} {sql}"
    entry = cache / hashlib.sha256(key.encode()).hexdigest()[:32]
    kept_at = parquet(entry / memory.TABLE)
    made = functools.partial(Summed, told_apart(kept_at, keys), kept_at, keys)
    kept = memory.recall(entry)
    if kept is not None:
        controls = [_control(one) for one in kept["controls"]]
        return made(controls, kept["problems"], kept["has_blanks"])
    with memory.folder_beside(entry) as folder:
        table = folder / memory.TABLE
        try:
            controls, problems = control(engine, lines)
            engine.write_unordered(sql, table)
        except Unreadable as error:
            if (problem := gave_up(engine, lines, error)) is None:
                raise
            return made((), (problem,), False)
        problems += inseparable(engine, lines, parquet(table), keys)
        problems += out_of_time(engine, lines, parquet(table))
        ((blanks,),) = engine.rows(f"SELECT bool_or({blank(keys)}) FROM {parquet(table)}")
        kept = {
            "controls": [asdict(one) for one in controls],
            "problems": problems,
            "has_blanks": blanks is True,
        }
        memory.keep(entry, kept, folder)
    return made(controls, problems, blanks is True)


def _control(fields: Mapping[str, Any]) -> Control:
    sums = {cost: Decimal(text) for cost, text in fields["sums"].items()}
    return Control(**(dict(fields) | {"sums": sums}))


def write_groups(
    engine: Engine, configuration: Configuration, plan_: Plan, sums: Sequence[Summed], target: Path
) -> None:
    """Writes `groups` to `target`: partial sums of all bills, named and summed by the key.

    x_GroupId is among the columns where splits need it (`has_ids`). Elsewhere nothing in a run
    does, and hashing and sorting by it would be a quarter of the work; `groups` adds it.
    """
    united = "(" + " UNION ALL BY NAME ".join(f"SELECT * FROM {s.relation}" for s in sums) + ")"
    has = frozenset(engine.columns(united))
    described = frozenset(plan_.described) & has
    Naming(engine, configuration).describe(united, described)
    tagged, tags = _tagged(engine, plan_, sums)
    kept = [name for name in plan_.key if name in has and name not in grouping.COMPUTED]
    codes = [grouping.code_of(tag) for tag in sorted(tags - described)]
    more = [*codes, grouping.TAGS_JSON, "x_LineCount", *MEASURES]
    named = grouping.named_relation(tagged, described, [*kept, *more])
    columns = frozenset({*grouping.COMPUTED, *_WINDOW}) | has
    shape = grouping.Shape(
        plan_.key,
        columns - {"x_Eligible"},
        described,
        tags - described,
        grouping.eligible(configuration, columns),
        is_summed=_is_summed(engine, plan_, sums, has),
        with_ids=has_ids(configuration),
    )
    engine.write(grouping.groups(named, shape), target)


def has_ids(configuration: Configuration) -> bool:
    """Whether the file of groups has x_GroupId, by which splits refer to groups."""
    return bool(configuration.trace or configuration.pools)


def groups(configuration: Configuration, plan_: Plan, file: str) -> str:
    """SQL of the relation `groups` over its `file`."""
    if has_ids(configuration):
        return file
    return f"({grouping.identified(file, plan_.key)})"


def _is_summed(engine: Engine, plan_: Plan, sums: Sequence[Summed], has: frozenset[str]) -> bool:
    """Whether no two rows of the partial sums have one key, so that nothing is left to sum.

    So it is where no tag is blank, no two tables have a month of one bill, and names tell apart
    what the bill's own words do.
    """
    if any(one.has_blanks for one in sums):
        return False
    months = [
        month
        for one in sums
        for month in engine.rows(f"SELECT DISTINCT x_Source, month_ FROM {one.relation}")
    ]
    if len(set(months)) < len(months):
        return False
    kept = [quoted(n) for n in plan_.described if n in has and n in plan_.key and n not in NAMED]
    named = ", ".join([*kept, *(f"named_{column}" for column in NAMED)])
    rows, distinct = engine.one(f"SELECT count(*), count(DISTINCT ({named})) FROM described")
    return bool(rows == distinct)


_FEW = 65_536


def _tagged(engine: Engine, plan_: Plan, sums: Sequence[Summed]) -> tuple[str, frozenset[str]]:
    """SQL of all partial sums with their tags as text, and the tags that are numbers as well.

    The same tags stand in many sums: in the table `tagged` they are told apart, and written as
    JSON, once. Sorting numbers takes a fraction of the memory.
    """
    kinds = tuple(dict.fromkeys(one.tags for one in sums))
    apart, united = [], []
    for at, tags in enumerate(kinds):
        alike = [one.table for one in sums if one.tags == tags]
        texts = " UNION ALL ".join(f"SELECT told_ FROM {table}" for table in alike)
        once = f"(SELECT DISTINCT told_, told_ AS text_ FROM ({texts}))"
        distinct = told_apart(once, tags) if tags else "(SELECT '' AS text_)"
        apart.append(f"SELECT {at} AS kind_, * FROM {distinct}")
        text = "told_" if tags else "''"
        united += [f"SELECT *, {at} AS kind_, {text} AS text_ FROM {table}" for table in alike]
    engine.run(f"CREATE OR REPLACE TEMP TABLE tagged_ AS {' UNION ALL BY NAME '.join(apart)}")
    engine.run("DROP TABLE IF EXISTS tagged")
    columns = sorted({tag for tags in kinds for tag in tags})
    coded = [tag for tag in columns if _has_few(engine, "tagged_", tag)]
    codes = [grouping.encoded(engine, "tagged_", tag, at) for at, tag in enumerate(coded)]
    json = f"{grouping.members(filter(plan_.key.__contains__, columns))} AS {grouping.TAGS_JSON}"
    engine.run(f"CREATE TEMP TABLE tagged AS SELECT {', '.join(['*', *codes, json])} FROM tagged_")
    all_sums = " UNION ALL BY NAME ".join(united)
    return f"(SELECT * FROM ({all_sums}) JOIN tagged USING (kind_, text_))", frozenset(coded)


def _has_few(engine: Engine, table: str, column: str) -> bool:
    """Whether an enumeration of the column's texts is small beside the rows that it is for."""
    (count,) = engine.one(f"SELECT count(DISTINCT {quoted(column)}) FROM {table}")
    return bool(count <= _FEW)


def first_lines(
    engine: Engine, summed_: Summed, tags: Sequence[Mapping[str, Any]]
) -> list[tuple[str, int] | None]:
    """File and row of the first line whose tags, as billed, have these values; for each of `tags`.

    None where there is none, or where no tag is asked for.
    """
    asked = [at for at, one in enumerate(tags) if one and one.keys() <= {*summed_.tags}]
    found: list[tuple[str, int] | None] = [None] * len(tags)
    if not asked:
        return found
    tests = (" AND ".join(f"{quoted(name)} = ?" for name in tags[at]) for at in asked)
    firsts = ", ".join(f"min(first_) FILTER (WHERE {test})" for test in tests)
    values = [value for at in asked for value in tags[at].values()]
    (row,) = engine.rows(f"SELECT {firsts} FROM {summed_.relation}", values)
    for at, first in zip(asked, row, strict=True):
        found[at] = (first["file"], first["row"]) if first else None
    return found


def charges(
    engine: Engine,
    configuration: Configuration,
    plan_: Plan,
    lines: Sequence[BillLines],
    *,
    where: str = "true",
) -> str:
    """SELECT of the relation `charges`: every line of all bills, named, with its ids.

    It is worked out where somebody asks for lines, and stored nowhere. `where` is a condition over
    what lines say themselves, such as BilledCost, of which equal lines all meet or fail it: ids
    count equal lines.
    """
    every = " UNION ALL BY NAME ".join(_identified(one, plan_.billed) for one in lines)
    united = f"(SELECT * FROM ({every}) WHERE {where})"
    has = frozenset(engine.columns(united))
    described = frozenset(plan_.described) & has
    Naming(engine, configuration).describe(united, described)
    apart = {"month_", "x_Period", *_WINDOW, *NAMED, *_OF_LAYERS}
    kept = [name for name in sorted(has) if name not in apart]
    columns = has | {*grouping.COMPUTED, *_WINDOW}
    eligible = grouping.eligible(configuration, columns - {"x_Eligible"})
    group = grouping.group_id(frozenset(plan_.key) & columns | {"x_Eligible"})
    named = grouping.named_relation(united, described, kept)
    host = "coalesce(HostProviderName, ServiceProviderName)" if "HostProviderName" in has else ""
    shown = [
        n
        for n in (*sorted(FOCUS), *sorted(columns - FOCUS.keys()))
        if n in columns and n not in _INNER and n not in _OF_LAYERS
    ]
    shown = [name for name in shown if not is_tag(name) and name != "HostProviderName"]
    shown = [*map(quoted, shown), f"{host or 'ServiceProviderName'} AS HostProviderName"]
    return (
        f"SELECT {_charge_id()} AS x_ChargeId, {', '.join(shown)}, {group} AS x_GroupId"
        f" FROM (SELECT *, {eligible} AS x_Eligible FROM {named})"
    )


def first_begins(beginning: str) -> str:
    """A `where` of `charges`: whether of equal lines the first one's x_ChargeId begins so.

    Lines are hardly ever equal, and numbering them all to find one costs memory and time.
    """
    return f"starts_with(sha256(native_ || ' 1'), {literal(beginning)})"


def of_period(period: str) -> str:
    """A `where` of `charges`: whether a line is of a month."""
    return f"month_ = TIMESTAMP {literal(f'{period}-01')}"


_INNER = ("month_", "native_", "x_Eligible")
_OF_LAYERS = frozenset(map(single, MEASURES))


def _identified(lines: BillLines, columns: Sequence[str]) -> str:
    """Lines with what rules look at beside, and the hash of their native fields (R1)."""
    relation = line_relation(lines)
    picked = [f"{present(tag(key_of(t)))} AS {quoted(t)}" for t in told(lines, columns)]
    of_line = of_one_line(lines)
    picked += [f"{of_line[name]} AS {quoted(name)}" for name in columns if name in of_line]
    native = frozenset((*lines.columns, "x_Source"))
    picked.append(f"{grouping.json_hash(native)} AS native_")
    return f"SELECT *, {', '.join(picked)} FROM ({relation})"


def _charge_id() -> str:
    """SQL of x_ChargeId: source, native fields, and which of the equal rows of the month it is."""
    number = (
        "row_number() OVER (PARTITION BY x_Source, x_Period, native_"
        " ORDER BY x_SourceFile, x_SourceRow)"
    )
    return f"sha256(native_ || ' ' || {number})"
