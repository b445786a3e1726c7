"""`/api/relations/{name}`: rows of a relation or sums of them, a page at a time."""

import hashlib
import json
import re
import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

from everyline import pipeline, runs
from everyline.answers import months, selection
from everyline.answers.causes import causes_relation
from everyline.answers.selection import Asked, Unclear
from everyline.answers.texts import in_json
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import Problem, did_you_mean
from everyline.relations import RELATIONS, Relation, relation
from everyline.web import line_file
from everyline.web.api.call import PERIOD, RUN, Call, Parameter, Service, number
from everyline.web.asked import Refused
from everyline.web.visible import IN_PART, problem_to

IN_NO_RUN = ("resources",)
"""Relations that a run does not have: things that are planned have no cost yet."""

PAGE, PAGE_MAX = 1_000, 10_000
_HELD_MAX = 500_000
_MARK = 12
_AFTER = re.compile(rf"([0-9]{{1,15}})-([0-9a-f]{{{_MARK}}})")
_PERIOD = re.compile("[0-9]{4}-[0-9]{2}")
_NESTED = ("MAP", "STRUCT", "JSON")
_ONE_AT_A_TIME = threading.Lock()
"""Working out lines and causes takes memory; who comes second waits."""

_LAST: dict[Hashable, Engine] = {}
"""The rows that were worked out last, so that their next page need not read bills again."""


def rows(call: Call) -> Mapping[str, object]:
    """Rows in the order of the relation's key, or sums in the order of their columns."""
    found = _asked_for(call)
    period = call.said.get("period")
    if period is not None and _PERIOD.fullmatch(period) is None:
        raise Refused(400, f"`{period}` is no month like 2026-10")
    asked = Asked(period, call.repeated.get("where", ()), call.said.get("by"))
    limit = number(call, "limit", PAGE, PAGE_MAX)
    mark = _mark(call, found, asked)
    after = _after(call, mark)
    try:
        with _source(call, found, asked) as (engine, source):
            kinds = engine.columns(source)
            wanted = selection.filters(asked, kinds, found.name)
            chosen = selection.chosen(engine, source, wanted)
            order = selection.order(found, call.opened.keys, kinds)
            if asked.by is not None:
                chosen, order = selection.summed(engine, chosen, asked.by, found.name), []
            whole, listed = _page(engine, f"({chosen})", order, (limit, after))
    except Unclear as unclear:
        raise Refused(400, str(unclear), unclear.hint) from unclear
    end = after + len(listed)
    return {
        "relation": found.name,
        "run": call.opened.run.id,
        "count": whole,
        "rows": listed,
        "next": call.here(after=f"{end}-{mark}") if end < whole else None,
    }


def _asked_for(call: Call) -> Relation:
    known = [one.name for one in RELATIONS]
    if call.value not in known:
        hint = did_you_mean(call.value, known) or "`/api/relations` lists them"
        raise Refused(404, f"there is no relation `{call.value}`", hint)
    if call.value in IN_NO_RUN:
        hint = "`everyline check` reads what is planned"
        raise Refused(404, f"a run has no rows of `{call.value}`", hint)
    if not call.viewer.sees_all and call.value not in IN_PART:
        hint = "ask whoever keeps the roles of these pages"
        raise Refused(403, f"`{call.value}` is of all owners, which you may not see", hint)
    return relation(call.value)


def _mark(call: Call, found: Relation, asked: Asked) -> str:
    """What tells one list of rows from any other: of a run and a viewer it never changes."""
    owners = None if call.viewer.owners is None else sorted(call.viewer.owners)
    said = (call.opened.run.id, found.name, asked.period, asked.where, asked.by, owners)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:_MARK]


def _after(call: Call, mark: str) -> int:
    """How many rows were had before."""
    text = call.said.get("after")
    if text is None:
        return 0
    parts = _AFTER.fullmatch(text)
    if parts is None or parts[2] != mark:
        hint = "`next` of an answer is the whole address of what follows it"
        raise Refused(400, f"`after={text}` does not go on from an answer to this question", hint)
    return int(parts[1])


def _page(
    engine: Engine, source: str, order: Sequence[str], part: tuple[int, int]
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows there are, and those of one page.

    The order is of all columns in the end, so that no two rows can change places between pages.
    """
    kinds = engine.columns(source)
    plain = [n for n, kind in kinds.items() if not kind.startswith(_NESTED) and kind[-1] != "]"]
    sort = ", ".join(f"rows_.{quoted(name)}" for name in dict.fromkeys((*order, *plain)))
    shown = ", ".join(f"{in_json(name, kind)} AS {quoted(name)}" for name, kind in kinds.items())
    count = engine.one(f"SELECT count(*) FROM {source} AS rows_")[0]
    limit, after = part
    found = engine.rows(
        f"SELECT {shown} FROM {source} AS rows_ ORDER BY {sort} LIMIT {limit} OFFSET {after}"
    )
    return count, [dict(zip(kinds, row, strict=True)) for row in found]


@contextmanager
def _source(call: Call, found: Relation, asked: Asked) -> Iterator[tuple[Engine, str]]:
    """Where rows are read from: what a run has, or what is worked out of it and held.

    Raises:
        Refused: the bills or the configuration are not those of the run any more.
    """
    if found.stored:
        yield call.engine, _of_month(call, call.engine, found.name, asked.period)
        return
    with _ONE_AT_A_TIME:
        owners = call.viewer.owners
        question = (call.opened.project, call.opened.run.id, owners, found.name, asked)
        if question not in _LAST:
            _forget()
            _LAST[question] = _worked_out(call, found, asked)
        yield _LAST[question], "held_"


def _of_month(call: Call, engine: Engine, name: str, period: str | None) -> str:
    source = call.run.relation(name)
    if period is None:
        return source
    if name == "shares":
        _configuration(call)
    # The whole run says what is of the month; only rows that the viewer sees are taken of it.
    found = months.of(engine, call.opened.project, call.opened.whole, (name, source, period))
    return found if isinstance(found, str) else _changed(call, found)


def _worked_out(call: Call, found: Relation, asked: Asked) -> Engine:
    """An engine that has the rows as a table `held_`."""
    project, whole = call.opened.project, call.opened.whole
    engine = Engine(project / runs.FOLDER / "spill")
    with ExitStack() as unless_made:
        unless_made.callback(engine.close)
        if found.name == "causes":
            made = causes_relation(engine, whole, _configuration(call))
        else:
            lines = line_file.charges(engine, call.opened)
            made = f"({lines()})" if callable(lines) else lines
        seen = call.run.filtered(
            found.name, made if isinstance(made, str) else _changed(call, made)
        )
        wanted = selection.filters(asked, engine.columns(seen), found.name)
        chosen = selection.chosen(engine, seen, wanted)
        engine.run(f"CREATE TEMP TABLE held_ AS {chosen} LIMIT {_HELD_MAX + 1}")
        if engine.one("SELECT count(*) FROM held_")[0] > _HELD_MAX:
            raise Refused(
                400,
                f"these are more than {_HELD_MAX:,} rows, which only the command line gives",
                f"ask for less with `where=` or `period=`, or use `everyline {found.name}`",
            )
        unless_made.pop_all()
    return engine


def _forget() -> None:
    """Lets go of the memory."""
    for engine in _LAST.values():
        engine.close()
    _LAST.clear()


def _configuration(call: Call) -> Configuration:
    found = pipeline.configured(call.opened.project, call.opened.whole)
    return found if isinstance(found, Configuration) else _changed(call, found)


def _changed(call: Call, problems: Sequence[Problem]) -> NoReturn:
    """Refuses what a run can't say by what lies there now."""
    first = problem_to(problems[0], call.viewer)
    raise Refused(409, f"this can't be worked out any more: {first.sentence}", first.hint)


ROWS = Service(
    "/api/relations/{value}",
    "Rows of a relation, or sums of them, in order, a page at a time.",
    rows,
    takes=(
        RUN,
        PERIOD,
        Parameter(
            "where",
            "`COLUMN=VALUE`, compared as text; no value means null. Other columns narrow, the same"
            " column widens.",
            repeats=True,
        ),
        Parameter(
            "by",
            "`COLUMN,...`: sum by these. Currencies are never summed together, nor are estimates"
            " with bills; a quantity is summed where its unit is named.",
        ),
        Parameter(
            "limit",
            "The most rows of one answer.",
            schema={"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE},
        ),
        Parameter("after", "Where to go on; `next` of an answer has it."),
    ),
)
