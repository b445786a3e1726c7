"""`/explain/{charge}`: one bill line, and what became of it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from everyline import figures
from everyline.answers import explained
from everyline.engines.duckdb import literal
from everyline.explain import ID_LENGTH, Charge, Node, words
from everyline.relations import COSTS
from everyline.web.asked import Ask, Refused
from everyline.web.explaining import Drawn
from everyline.web.grid import Cell, Grid, Head, cells
from everyline.web.page import Page, Route
from everyline.web.pages.explain import reading
from everyline.web.visible import told_to

_ALIKE_MAX = 5
_HEX = frozenset("0123456789abcdef")
_AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?", re.ASCII)
_MOST = 50
_SHOWN = 16


def page(ask: Ask, value: str) -> Page:
    """The line whose id begins so."""
    beginning = value.removesuffix("…")
    if not beginning or len(beginning) > ID_LENGTH or not _HEX.issuperset(beginning):
        raise Refused(
            404, f"no bill line has an id that begins with `{value}`", "ids are hexadecimal"
        )
    found: Sequence[Charge] = ()
    if len(beginning) == ID_LENGTH:  # of which there is one; most links name its month
        with reading(ask, are_few=True) as explanation:
            found = explanation.charges(beginning, _ALIKE_MAX, _near(ask))
    if not found:
        with reading(ask, of_any_month=True) as explanation:
            found = explanation.charges(beginning, _ALIKE_MAX, _near(ask))
    found = [charge for charge in found if _is_seen(ask, charge)]
    if len(found) != 1:
        raise Refused(404, *_not_one(beginning, found))
    charge = replace(found[0], parts=[told_to(part, ask.viewer) for part in found[0].parts])
    return _page(ask, charge)


def _near(ask: Ask) -> str | None:
    """SQL of what a link knows of the line, so that not all lines need be hashed."""
    amount, service = ask.more.get("amount"), ask.more.get("service")
    if amount is None and service is None:
        return None
    tests = [] if service is None else [f"ServiceName = {literal(service)}"]
    if amount is not None:
        if _AMOUNT.fullmatch(amount) is None:
            raise Refused(400, f"`amount` can't be `{amount}`", "it is a cost, such as 12.5")
        tests.append(f"EffectiveCost = {literal(amount)}::DECIMAL(38,18)")
    return " AND ".join(tests)


def _is_seen(ask: Ask, charge: Charge) -> bool:
    """Whether all of a line is the viewer's."""
    if ask.viewer.sees_all:
        return True
    group = charge.fields["x_GroupId"]
    seen = ask.run.relation("groups")
    return bool(ask.rows(f"SELECT 1 FROM {seen} WHERE x_GroupId = ? LIMIT 1", [group]))


def _not_one(beginning: str, found: Sequence[Charge]) -> tuple[str, str]:
    if not found:
        return f"no bill line has an id that begins with `{beginning}`", "`/charges` lists them"
    many = f"{len(found)} or more" if len(found) == _ALIKE_MAX else str(len(found))
    ids = ", ".join(f"`{one.fields['x_ChargeId'][:_SHOWN]}`" for one in found)
    return f"{many} bill lines begin with `{beginning}`", f"write more of one: {ids}"


def _page(ask: Ask, charge: Charge) -> Page:
    fields = charge.fields
    cost, currency = Decimal(fields["EffectiveCost"]), fields["BillingCurrency"]
    drawn = Drawn(ask.keys, _MOST, lambda node, above: ())
    whole = Node("figure", "who gets it", cost, currency, 0, {}, charge.parts)
    files = {"json": f"{explained.as_json(explained.charge_tree(charge))}\n".encode()}
    group = charge.group_cost
    return Page(
        title=fields.get("ChargeDescription") or fields.get("ResourceName") or "A bill line",
        says="One bill line, and what became of it",
        template="charge.html",
        tables=[_fields(charge), *_owner(charge)],
        content={
            "fields": fields,
            "tree": drawn.figure(whole) if charge.parts else None,
            "cost": figures.exact(cost).replace("-", figures.MINUS),
            "layer": words.layer(fields),
            "group": f"{figures.amount(group, currency)} {currency}",
            "lines": charge.group_lines,
            "of_group": ask.link(
                "/charges",
                period=fields["x_Period"],
                currency=currency,
                where=[f"x_GroupId={fields['x_GroupId']}"],
            ),
        },
        files=files,
    )


def _fields(charge: Charge) -> Grid:
    """Its columns; FOCUS's own first."""
    fields = charge.fields
    names = sorted(fields, key=lambda name: (name.startswith("x_"), name))
    currency = fields["BillingCurrency"]
    rows = [
        [
            Cell(name),
            Cell(fields[name], None, f"{fields[name]} {currency}" if name in COSTS else None),
        ]
        for name in names
    ]
    return Grid(
        "fields", "All its fields", [Head("column", "column"), Head("value", "value")], rows
    )


def _owner(charge: Charge) -> list[Grid]:
    """What was found for each key; nothing where the line is out of scope."""
    heads = [
        Head("key", "key"),
        Head("value", "value"),
        Head("evidence", "evidence"),
        Head("tag", "tag on the bill"),
        Head("rule", "found at"),
    ]
    rows = [cells(one.key, one.value, one.evidence, one.tag, one.rule) for one in charge.owner]
    return [Grid("owner", "What was found for each key", heads, rows)] if rows else []


ROUTE = Route("/explain/{value}", "", page, takes=("amount", "service"))
