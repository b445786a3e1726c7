"""`/charges`: the bill lines behind a number."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from everyline import figures
from everyline.engines.duckdb import quoted
from everyline.problems import Problem
from everyline.web import lines
from everyline.web.asked import Ask, Refused, at
from everyline.web.grid import Cell, Grid, Head, summed
from everyline.web.lines import Group, Wanted
from everyline.web.page import Page, Route

_PAGE = 50
_FILE_MAX = 250_000
_FEW_MAX = 200_000
_HASH_SHOWN = 8
_GROUPS_MAX = 100
_NAMES = ("x_Method", "x_Pool", "x_Layer", "ServiceName")


class _Found(NamedTuple):
    """Lines of one page, and what all of them come to."""

    rows: Sequence[dict[str, Any]]
    ratios: Sequence[Fraction]
    many: int
    whole: Decimal
    part: Fraction

    @property
    def is_split(self) -> bool:
        """Whether of a line only a part is meant."""
        return any(ratio != 1 for ratio in self.ratios)


def page(ask: Ask) -> Page:
    """The lines behind what is asked for, or their groups where the bills have changed since."""
    asked = lines.wanted(ask)
    number = _number(ask)
    ask = lines.of_month(ask)
    groups = lines.groups(ask, asked)
    found = _lines(ask, asked, groups, number)
    others = None if ask.viewer.sees_all else _parts_with_others(ask, asked)
    tables, content = [], {"asked": asked.words, "number": number, "pages": 1}
    if isinstance(found, Problem):
        tables.append(_groups(ask, asked, groups, found))
        content |= {"changed": found, "whole": None, "part": None, "count": 0}
    else:
        tables.append(_table(ask, found, number))
        content |= {
            "changed": None,
            "whole": found.whole,
            "part": lines.exact(found.part) if found.is_split else None,
            "count": found.many,
            "pages": max(1, -(-found.many // _PAGE)),
        }
    return Page(
        title="Bill lines",
        says="The lines of the bills behind a figure, the largest first",
        template="charges.html",
        tables=[*tables, *([others] if others else [])],
        content=content,
    )


def _number(ask: Ask) -> int:
    text = ask.more.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise Refused(400, f"`page` can't be `{text}`", "pages are counted from 1")
    return int(text)


def _lines(ask: Ask, asked: Wanted, groups: Sequence[Group], number: int) -> _Found | Problem:
    as_file = ask.form != "html" and ask.table in (None, "lines")
    if not groups:
        return _Found((), (), 0, Decimal(0), Fraction(0))
    ids = as_file or "x_ChargeId" in asked.lines
    are_few = sum(group.lines for group in groups) <= _FEW_MAX
    with lines.bills(ask, are_few=are_few) as bills:
        if isinstance(bills, Problem):
            return bills
        bills.find(groups, asked, ask.exact, ids=ids)
        count, whole, part = bills.sums()
        if as_file and count > _FILE_MAX:
            raise Refused(
                400,
                f"a file has at most {_FILE_MAX:,} lines, and these are {count:,}",
                "ask for less with `where=`, or use `everyline charges --as csv`",
            )
        if count and (number - 1) * _PAGE >= count:
            last = -(-count // _PAGE)
            raise Refused(400, f"there is no page {number}", f"the last one is {last}")
        most, after = (_FILE_MAX, 0) if as_file else (_PAGE, (number - 1) * _PAGE)
        rows = bills.page(most, after)
        return _Found(rows, bills.ratios, count, whole, part)


def _table(ask: Ask, found: _Found, number: int) -> Grid:
    """The lines of a page; the total is of all of them."""
    first = (number - 1) * _PAGE + 1
    caption = "Lines"
    if found.many > _PAGE:
        caption = f"Lines {first:,} to {first + len(found.rows) - 1:,} of {found.many:,}"
    heads = [
        Head("x_ChargeId", "line", hint="What became of it, with all its fields"),
        Head("ChargePeriodStart", "from", "word"),
        Head("ServiceName", "service"),
        Head("ChargeDescription", "what"),
        *(Head(name, name) for name in _more_columns(ask)),
        Head("x_Layer", "layer", "word"),
        Head(ask.exact, "cost", "fine"),
        *([Head("x_Part", "of it, asked for", "fine")] if found.is_split else []),
        Head("x_SourceFile", "lies in"),
        Head("x_SourceRow", "row", "count"),
    ]
    count = "1 line" if found.many == 1 else f"all {found.many:,} lines"
    part = [Cell(lines.exact(found.part))] if found.is_split else []
    total = [
        Cell(count),
        *(Cell(None) for _ in range(4 + len(_more_columns(ask)))),
        Cell(found.whole),
        *part,
        Cell(None),
        Cell(None),
    ]
    return Grid(
        "lines",
        caption,
        heads,
        [_row(ask, line, found) for line in found.rows],
        ask.block.currency,
        total if found.rows else (),
        empty="No bill line is behind it",
        notes=["At most nine decimals are shown; files have every digit, and the total is exact"]
        if found.rows
        else (),
    )


def _more_columns(ask: Ask) -> Sequence[str]:
    """Columns that files have, and that a page has no room for."""
    if ask.form == "html":
        return ()
    return "ResourceName", "ResourceId", "SubAccountId", "x_Model", "x_Meter"


def _row(ask: Ask, line: dict[str, Any], found: _Found) -> list[Cell]:
    charge, cost, ratio = line["x_ChargeId"], line["cost_"], found.ratios[line["ratio_"]]
    start = line["ChargePeriodStart"]
    moment = f"{start:%Y-%m-%dT%H:%M:%SZ}" if start else None
    shown = moment and moment[:16].replace("T", " ").removesuffix(" 00:00")
    near = figures.exact(line["near_"])
    href = ask.link(at("/explain", charge), amount=near, service=line["ServiceName"])
    said = line["ChargeDescription"] or line["ResourceName"] or line["ResourceId"]
    part = [Cell(lines.exact(Fraction(cost) * ratio))] if found.is_split else []
    file = line["x_SourceFile"]
    return [
        Cell(charge, href, f"{charge[:_HASH_SHOWN]}…"),
        Cell(moment, None, shown),
        Cell(line["ServiceName"]),
        Cell(said if ask.form == "html" else line["ChargeDescription"]),
        *(Cell(line[name]) for name in _more_columns(ask)),
        Cell(line["x_Layer"]),
        Cell(cost),
        *part,
        Cell(file, None, f"…/{file.rpartition('/')[2]}" if "/" in file else None),
        Cell(line["x_SourceRow"]),
    ]


def _groups(ask: Ask, asked: Wanted, found: Sequence[Group], changed: Problem) -> Grid:
    """Groups in place of lines, summed by what is shown of them."""
    relation = ask.run.relation("groups")
    kinds = ask.engine.columns(relation)
    for column in asked.lines:
        if column not in kinds:
            hint = f"{changed.sentence}; {changed.hint}"
            raise Refused(409, f"only bill lines have `{column}`, and these can't be read", hint)
    sums: dict[Sequence[str | None], list[Group]] = {}
    for group in found:
        sums.setdefault(tuple(group.told), []).append(group)
    heads = [
        *(Head(name, label) for name, label in zip(lines.TOLD, _LABELS, strict=True)),
        Head("x_LineCount", "lines", "count"),
        Head(ask.exact, "asked for", "exact"),
    ]
    rows = [
        (told, sum(one.lines for one in of), sum((one.part for one in of), Fraction(0)))
        for told, of in sums.items()
    ]
    rows.sort(key=lambda row: (-abs(row[2]), str(row[0])))
    shown = rows if ask.form != "html" else rows[:_GROUPS_MAX]
    whole = lines.exact(sum((part for _, _, part in rows), Fraction(0)))
    total = [
        Cell("total"),
        *(Cell(None) for _ in lines.TOLD[1:]),
        Cell(sum(count for _, count, _ in rows)),
        Cell(whole),
    ]
    return Grid(
        "groups",
        "What the run knows of them",
        heads,
        [[*map(Cell, told), Cell(many), Cell(lines.exact(part))] for told, many, part in shown],
        ask.block.currency,
        total,
        more=(len(rows) - len(shown), ask.here(as_="csv")) if len(rows) > len(shown) else None,
    )


_LABELS = ("provider", "service", "account", "model", "meter", "layer")


def _parts_with_others(ask: Ask, asked: Wanted) -> Grid | None:
    """For who sees some owners: their parts of lines in which others may have a part too."""
    allocations = ask.run.relation("allocations")
    kinds = ask.engine.columns(allocations)
    columns = ("ServiceProviderName", "ServiceName", "x_Layer", "x_Method", "x_Pool")
    rows = ask.rows(
        f"SELECT {', '.join(columns)}, sum({quoted(ask.exact)})::DECIMAL(38,18) AS cost_"
        f" FROM {allocations} WHERE {ask.of_block()}"
        f" AND {lines.tests({**asked.parts, **asked.lines}, kinds)}"
        f" AND x_LineId NOT IN (SELECT x_GroupId FROM {ask.run.relation('groups')})"
        f" GROUP BY ALL ORDER BY abs(cost_) DESC, {', '.join(columns)}"
    )
    if not rows or any(column not in kinds for column in asked.lines):
        return None
    names = ("provider", "service", "layer", "method", "pool")
    heads = [*map(Head, columns, names), Head(ask.exact, "your part", "exact")]
    total = [Cell("total"), *(Cell(None) for _ in columns[1:]), Cell(summed(r[-1] for r in rows))]
    return Grid(
        "parts",
        "Your parts of split cost",
        heads,
        [list(map(Cell, row)) for row in rows],
        ask.block.currency,
        total,
        notes=["Lines in which others may have a part too are not shown"],
    )


ROUTE = Route(
    "/charges",
    "",
    page,
    takes=("page", *_NAMES),
    repeats=("where",),
    takes_keys=True,
)
