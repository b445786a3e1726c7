"""`/api/explain`: figures taken apart, and bill lines, as `everyline explain --as json`."""

from everyline.problems import did_you_mean
from everyline.web.api.call import PERIOD, RUN, Call, Parameter, Service
from everyline.web.asked import Ask, Refused, asked
from everyline.web.pages import charge, explain

_WHERE = Parameter(
    "where",
    "`KEY=VALUE`: a key of the taxonomy, or `ServiceName`; no value means cost without one.",
    repeats=True,
)


def figure(call: Call) -> bytes:
    """The figures of a month, one a currency."""
    for entry in call.repeated.get("where", ()):
        column, _, _ = entry.partition("=")
        known = [*call.opened.keys, "ServiceName"]
        if column not in known:
            raise Refused(400, f"`{column}` is no key", did_you_mean(column, known))
    allocations = call.run.relation("allocations")
    last = call.engine.one(f"SELECT max(x_Period) FROM {allocations}")[0]
    if last is None:
        raise Refused(404, "nothing to explain: no cost is in scope")
    return explain.tree(_ask(call, ("period", call.said.get("period", last))))


def line(call: Call) -> bytes:
    """One bill line, by how its id begins, and what became of it."""
    return charge.page(_ask(call), call.value).files["json"]


def _ask(call: Call, *more: tuple[str, str]) -> Ask:
    where = [("where", entry) for entry in call.repeated.get("where", ())]
    place = (call.path, call.opened, call.viewer, call.engine)
    return asked(place, [*where, *more, ("as", "json")], repeats=("where",))


FIGURE = Service(
    "/api/explain",
    "A figure taken apart down to bill lines, every level summing to the one above.",
    figure,
    takes=(RUN, PERIOD, _WHERE),
)
CHARGE = Service("/api/explain/{value}", "One bill line, and what became of it.", line)
