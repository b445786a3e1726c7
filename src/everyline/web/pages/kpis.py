"""`/kpis`: the KPIs of the FinOps Foundation that these data answer, and what they are made of."""

from collections.abc import Sequence
from decimal import Decimal

from everyline import config
from everyline.config.configuration import Configuration
from everyline.exports import figures
from everyline.kpis.compute import kpis
from everyline.kpis.library import PERCENT, UNANSWERED, Kpi
from everyline.web.asked import Ask, Refused
from everyline.web.grid import Cell, Grid, Head
from everyline.web.page import Page, Route

_DECIMALS = 10
_DECIMALS_SHOWN = 4


def page(ask: Ask) -> Page:
    """KPIs of a month, with numerator and denominator."""
    configuration = config.load(ask.opened.project).configuration
    if configuration is None:
        raise Refused(409, "everyline.yaml can't be read now", "`everyline check` says why")
    found = [
        one
        for one in _all(ask, configuration)
        if one.period == ask.block.period and one.currency in (None, ask.block.currency)
    ]
    heads = [
        Head("x_Kpi", "KPI"),
        Head("x_Value", "value", "exact"),
        Head("x_Unit", "unit", "word"),
        Head("x_Numerator", "numerator", "quantity"),
        Head("x_Denominator", "denominator", "quantity"),
        Head("x_Formula", "formula"),
    ]
    rows = [_row(one) for one in found if one.value is not None]
    missing = [(one.definition.name, one.missing) for one in found if one.value is None]
    lacking = [
        [Cell(name), Cell(what, None, what.replace("`", ""))]
        for name, what in (*missing, *UNANSWERED.items())
    ]
    return Page(
        cost="EffectiveCost",
        title="KPIs",
        says="KPIs of the FinOps Foundation, by their printed formulas",
        template="table.html",
        tables=[
            Grid("kpis", "Computed", heads, rows, empty="None can be computed for this month"),
            Grid("missing", "Not computed, and what is missing", _LACKING, lacking),
        ],
    )


def _all(ask: Ask, configuration: Configuration) -> Sequence[Kpi]:
    """Those of all months are worked out together, once a run: the page is for who sees all."""
    held: tuple[Configuration, Sequence[Kpi]] | None = ask.opened.held.get("kpis")
    if held is None or held[0] != configuration:
        found = kpis(ask.engine, ask.opened.project, ask.run, configuration)
        held = ask.opened.held["kpis"] = (configuration, found)
    return held[1]


_LACKING = [Head("x_Kpi", "KPI"), Head("missing", "what is missing")]


def _row(one: Kpi) -> list[Cell]:
    value = one.value or 0
    exact = Decimal(round(value * 10**_DECIMALS)).scaleb(-_DECIMALS)
    shown = Decimal(round(value * 10**_DECIMALS_SHOWN)).scaleb(-_DECIMALS_SHOWN)
    return [
        Cell(one.definition.name),
        Cell(exact, None, figures.exact(shown)),
        Cell(PERCENT if one.definition.unit == PERCENT else one.currency),
        Cell(one.numerator),
        Cell(one.denominator),
        Cell(one.definition.formula),
    ]


ROUTE = Route("/kpis", "KPIs", page, for_all_only=True)
