"""`/search`: owners, other values, services, models, pools and bill lines by a part of the name."""

from collections.abc import Sequence
from decimal import Decimal

from everyline.engines.duckdb import quoted
from everyline.explain import ID_LENGTH
from everyline.exports.reading import PART
from everyline.web.asked import Ask, Refused, at
from everyline.web.grid import Cell, Grid, Head
from everyline.web.page import Page, Route

_Row = tuple[str, str, Decimal | None, str]

_Q_MAX = 200
_FOUND_MAX = 20
_HEX = frozenset("0123456789abcdef")
_ID_LEAST = 4


def page(ask: Ask) -> Page:
    """What the run has under a word: the most cost of the month first."""
    word = ask.more.get("q", "").strip()
    if len(word) > _Q_MAX:
        raise Refused(400, f"a word to search for has at most {_Q_MAX} characters")
    rows = _found(ask, word) if word else []
    heads = [
        Head("kind", "what it is", "word"),
        Head("name", "name"),
        Head(ask.amount, "cost of the month", "money"),
    ]
    made = [[Cell(kind), Cell(name, href), Cell(cost)] for kind, name, cost, href in rows]
    return Page(
        title=f"Search: {word}" if word else "Search",
        says="Owners, other values of keys, services, models, pools and bill lines",
        template="search.html",
        tables=[Grid("found", "Found", heads, made, ask.block.currency, empty=_nothing(word))],
        content={"word": word, "line": _line(ask, word)},
    )


def _nothing(word: str) -> str:
    if not word:
        return "Write a part of a name"
    return f"Nothing that the run has is called `{word}`, nor has it in its name"


def _line(ask: Ask, word: str) -> str | None:
    """Where a bill line is looked for, if it may be how an id begins."""
    beginning = word.removesuffix("…").lower()
    if _ID_LEAST <= len(beginning) <= ID_LENGTH and _HEX.issuperset(beginning):
        return ask.link(at("/explain", beginning))
    return None


def _found(ask: Ask, word: str) -> list[_Row]:
    """Kind, name, cost of the month and address; what begins with the word first."""
    found: list[_Row] = []
    columns = {**{key: key for key in ask.keys}, "ServiceName": "service", "x_Pool": "pool"}
    for column, kind in columns.items():
        found += [
            (kind, name, cost, _address(ask, column, name))
            for name, cost in _values(ask, column, word)
        ]
    models = _models(ask, word)
    return found + [("model", name, None, ask.lines({"x_Model": name})) for name in models]


def _values(ask: Ask, column: str, word: str) -> Sequence[tuple[str, Decimal]]:
    name = quoted(column)
    rows = ask.rows(
        f"SELECT {name}, coalesce(sum_, 0) AS cost_"
        f" FROM (SELECT DISTINCT {name} FROM {ask.run.relation('named')}"
        f" WHERE contains(lower({name}), lower(?))) LEFT JOIN"
        f" (SELECT {name}, sum({ask.amount}) AS sum_ FROM {ask.run.relation('told')}"
        f" WHERE {ask.of_block()} GROUP BY {name}) USING ({name})"
        f" ORDER BY starts_with(lower({name}), lower(?)) DESC, abs(cost_) DESC, {name}"
        f" LIMIT {_FOUND_MAX}",
        [word, word],
    )
    return [(value, cost) for value, cost in rows]


def _models(ask: Ask, word: str) -> Sequence[str]:
    groups = (ask.opened.gathered if ask.viewer.sees_all else ask.run).relation("groups")
    if "x_Model" not in ask.engine.columns(groups):
        return []
    rows = ask.rows(
        f"SELECT DISTINCT x_Model FROM {groups} WHERE contains(lower(x_Model), lower(?))"
        f" AND x_Layer <> 'none' ORDER BY x_Model LIMIT {_FOUND_MAX}",
        [word],
    )
    return [value for (value,) in rows]


def _address(ask: Ask, column: str, name: str) -> str:
    """The page of an owner or a use case; of others the figure, or the bill lines."""
    if column == ask.lead:
        return ask.link(at("/owners", name))
    if column == PART:
        return ask.link(at("/use-cases", name))
    if column in ask.keys or column == "ServiceName":
        return ask.explain({column: name})
    return ask.lines({column: name})


ROUTE = Route("/search", "", page, takes=("q",))
