"""`/explain`: a figure taken apart, every level summing to the one above, down to bill lines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

from everyline import figures
from everyline.answers import explained
from everyline.explain import Asked, Explanation, Node, unknown
from everyline.explain.pieces import DESCRIPTION
from everyline.problems import Problem, did_you_mean
from everyline.web import lines
from everyline.web.asked import Ask, Refused
from everyline.web.explaining import Drawn
from everyline.web.grid import Cell, Grid, Head
from everyline.web.page import Page, Route
from everyline.web.visible import problem_to, told_to

_MOST = 12
_MOST_MAX = 500
_INSTEAD_MAX = 8
_OWN = ("lines", "most", "service")


def page(ask: Ask) -> Page:
    """The figure of the month and currency, from allocations alone, or with the lines of bills."""
    asked = _asked(ask)
    most = _most(ask)
    files: dict[str, bytes] = {}
    if ask.form == "json" and ask.table in (None, "groups"):
        every = _figures(ask, replace(asked, lines_max=None, with_lines=True))
        files["json"] = _as_json(ask, every)
    else:
        every = _figures(ask, replace(asked, lines_max=most))
    figure = next((node for node in every if _is_asked(ask, node)), None)
    if figure is None:
        known = ", ".join(dict.fromkeys(node.currency for node in every))
        raise Refused(404, f"it has no cost in {ask.block.currency}", f"it has {known}")
    figure = told_to(figure, ask.viewer)
    drawn = Drawn(ask.keys, most, lambda node, above: _links(ask, asked, node, above))
    return Page(
        cost="EffectiveCost",
        title=figure.label if _columns(asked) else "Everything in scope",
        says="A figure taken apart: each level sums to the one above",
        template="explain.html",
        tables=[_table(ask, figure)],
        content={
            "tree": drawn.figure(figure),
            "exactly": figures.exact(figure.cost).replace("-", figures.MINUS),
            "stated": _stated(figure),
            "with_lines": asked.with_lines,
            "most": most,
            "is_cut": _is_cut(figure, most),
            "wider": str(min(_MOST_MAX, most * 4)),
            "all_lines": ask.lines(_columns(asked)),
        },
        files=files,
    )


def tree(ask: Ask) -> bytes:
    """The figures of every currency, down to bill lines, as `everyline explain --as json`."""
    return _as_json(ask, _figures(ask, replace(_asked(ask), lines_max=None, with_lines=True)))


def _as_json(ask: Ask, every: Sequence[Node]) -> bytes:
    text = explained.as_json([explained.tree(told_to(node, ask.viewer)) for node in every])
    return f"{text}\n".encode()


def _asked(ask: Ask) -> Asked:
    """Which figure: `where=KEY=VALUE` or `KEY=VALUE`, and a service by either of its names.

    Raises:
        Refused: what is no key, or what nothing has; who sees some owners must name one of them.
    """
    values: dict[str, str] = {k: v for k, v in ask.more.items() if k not in _OWN}
    service = ask.more.get("service")
    for entry in ask.repeated.get("where", ()):
        column, sign, value = entry.partition("=")
        if not sign:
            raise Refused(400, f"`where={entry}` has no second `=`", "it is `where=KEY=VALUE`")
        if column == "ServiceName":
            service = value
        elif column in ask.keys:
            values[column] = value
        else:
            known = [*ask.keys, "ServiceName"]
            raise Refused(
                400,
                f"a figure is asked for by keys, and `{column}` is none",
                did_you_mean(column, known),
            )
    with_lines = ask.more.get("lines", "0")
    if with_lines not in ("0", "1"):
        raise Refused(400, f"`lines` can't be `{with_lines}`", "it is 1 to go down to bill lines")
    asked = Asked(ask.block.period, values, service, with_lines=with_lines == "1")
    return _known(ask, _of_viewer(ask, asked))


def _of_viewer(ask: Ask, asked: Asked) -> Asked:
    """For who sees some owners: a figure of one of them, since another has others' parts."""
    if ask.viewer.owners is None:
        return asked
    owners = sorted(ask.viewer.owners)
    value = asked.values.get(ask.lead)
    if value is None and len(owners) == 1:
        return replace(asked, values={ask.lead: owners[0], **asked.values})
    if value not in ask.viewer.owners:
        hint = "yours: " + ", ".join(f"`{owner}`" for owner in owners) if owners else ""
        raise Refused(403, f"you see figures of a {ask.lead} that is yours", hint)
    return asked


def _known(ask: Ask, asked: Asked) -> Asked:
    missing = unknown(ask.engine, ask.run, asked, ask.run.relation("allocated"))
    if missing is None:
        return asked
    if missing.column == "x_Period":
        raise Refused(404, f"nothing of {asked.period} is in scope, so there is nothing to explain")
    name = {"ServiceName": "service"}.get(missing.column, missing.column)
    if not missing.value:
        raise Refused(404, f"every line asked for in {asked.period} has a {name}")
    known = [value for value in missing.instead if value]
    largest = ", ".join(f"`{value}`" for value in known[:_INSTEAD_MAX])
    hint = did_you_mean(missing.value, known) or (f"the largest: {largest}" if largest else "")
    raise Refused(404, f"no cost in {asked.period} has the {name} `{missing.value}`", hint)


def _most(ask: Ask) -> int:
    text = ask.more.get("most", str(_MOST))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _MOST_MAX):
        raise Refused(400, f"`most` can't be `{text}`", f"from 1 to {_MOST_MAX}")
    return int(text)


def _figures(ask: Ask, asked: Asked) -> list[Node]:
    """The figures of the month, of every currency, as the run has them.

    Raises:
        Refused: the configuration or the bills are not those of the run any more.
    """
    if asked.with_lines:
        with reading(ask) as explanation:
            return explanation.figures(asked)
    configuration = ask.configured()
    if isinstance(configuration, Sequence):
        raise changed(problem_to(configuration[0], ask.viewer))
    # Whose cost it is was checked, and `told_to` takes away what it tells of others.
    return Explanation(ask.engine, ask.opened.gathered, configuration).figures(asked)


@contextmanager
def reading(
    ask: Ask, *, of_any_month: bool = False, are_few: bool = False
) -> Iterator[Explanation]:
    """What takes figures apart down to the lines of bills, as `lines.bills`."""
    configuration = ask.configured()
    if isinstance(configuration, Sequence):
        raise changed(problem_to(configuration[0], ask.viewer))
    with lines.bills(ask, of_any_month=of_any_month, are_few=are_few) as bills:
        if isinstance(bills, Problem):
            raise changed(bills)
        yield Explanation(bills.engine, ask.opened.whole, configuration, bills.charges)


def changed(problem: Problem) -> Refused:
    """That a run can't be explained by what lies there now."""
    return Refused(409, f"this can't be explained any more: {problem.sentence}", problem.hint)


def _is_asked(ask: Ask, node: Node) -> bool:
    estimated = node.facts.get("x_Basis") == "estimated"
    return node.currency == ask.block.currency and estimated == ask.block.estimated


def _stated(figure: Node) -> str | None:
    """What the statement says, where it rounds the bill of each issuer by itself."""
    stated = figures.amount(Decimal(figure.facts["x_EffectiveAmount"]), figure.currency)
    return None if stated == figures.amount(figure.cost, figure.currency) else stated


def _is_cut(node: Node, most: int) -> bool:
    levels = (node.parts, node.shares, node.usage)
    return any(
        len(level) > most + 1 or any(_is_cut(one, most) for one in level) for level in levels
    )


def _columns(asked: Asked) -> dict[str, str | None]:
    found: dict[str, str | None] = {key: value or None for key, value in asked.values.items()}
    if asked.service is not None:
        found["ServiceName"] = asked.service or None
    return found


def _links(ask: Ask, asked: Asked, node: Node, above: Sequence[Node]) -> Sequence[tuple[str, str]]:
    """From a way to the figure of its keys alone, from a group and a line to bill lines."""
    facts = node.facts
    if node.kind == "line":
        cost = facts.get("x_Of") or figures.exact(node.cost)
        service = above[-1].facts.get("ServiceName")
        path = f"/explain/{facts['x_ChargeId']}"
        return [("the line", ask.link(path, amount=cost, service=service))]
    if node.kind == "owner" and above and above[0].kind == "figure":
        more = {key: facts[key] for key in ask.keys if key in facts}
        if more.keys() - asked.values.keys():
            return [("only these values", ask.explain({**_columns(asked), **more}))]
    if node.kind == "group" and len(above) > 1:
        return [
            ("bill lines", ask.lines({**_columns(asked), **_of_group(ask, facts, above[-1].facts)}))
        ]
    return ()


def _of_group(ask: Ask, facts: Mapping[str, str], way: Mapping[str, str]) -> dict[str, str | None]:
    """What tells the parts of a group of lines from others."""
    names = ["x_Method", "x_Pool", "x_Rule"]
    names += [key + end for key in ask.keys for end in ("", "_evidence")]
    found: dict[str, str | None] = {name: way.get(name) for name in names}
    return found | {name: facts.get(name) for name in DESCRIPTION}


def _table(ask: Ask, figure: Node) -> Grid:
    """The groups of all ways, one a row; they sum to the figure."""
    told = ("ServiceProviderName", "ServiceName", "SubAccountId", "x_Model", "x_Meter", "x_Layer")
    ways = [*(k + end for k in ask.keys for end in ("", "_evidence")), "x_Method", "x_Pool"]
    heads = [
        *(Head(name, name) for name in (*ways, "x_Rule", *told)),
        Head("x_LineCount", "lines", "count"),
        Head("EffectiveCost", "cost", "exact"),
    ]
    rows = [
        [
            *(Cell(way.facts.get(name)) for name in (*ways, "x_Rule")),
            *(Cell(group.facts.get(name)) for name in told),
            Cell(group.lines),
            Cell(group.cost),
        ]
        for way in figure.parts
        for group in way.parts
    ]
    total = [Cell("total"), *(Cell(None) for _ in heads[3:]), Cell(figure.lines), Cell(figure.cost)]
    return Grid("groups", "Its groups of lines", heads, rows, figure.currency, total)


ROUTE = Route(
    "/explain",
    "Explain",
    page,
    takes=_OWN,
    repeats=("where",),
    takes_keys=True,
)
