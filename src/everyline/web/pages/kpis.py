"""`/kpis`: the KPIs of the FinOps Foundation that these data answer, and what they are made of."""

from collections.abc import Sequence
from decimal import Decimal

from everyline import figures
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine
from everyline.kpis.compute import kpis
from everyline.kpis.library import PERCENT, UNANSWERED, Kpi
from everyline.web.asked import Ask, Refused
from everyline.web.grid import Cell, Grid, Head
from everyline.web.page import Page, Route
from everyline.web.shelf import Opened

_DECIMALS = 10
_DECIMALS_SHOWN = 4


def page(ask: Ask) -> Page:
    """KPIs of a month, with numerator and denominator."""
    configuration = ask.configuration()
    if configuration is None:
        raise Refused(409, "everyline.yaml can't be read now", "`everyline check` says why")
    of_month = [
        one
        for one in found(ask.opened, ask.engine, configuration)
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
    rows = [_row(one) for one in of_month if one.value is not None]
    missing = [(one.definition.name, one.missing) for one in of_month if one.value is None]
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


def found(opened: Opened, engine: Engine, configuration: Configuration) -> Sequence[Kpi]:
    """Those of all months are worked out together, once a run: the page is for who sees all."""
    return opened.hold(
        "kpis",
        configuration,
        lambda: kpis(engine, opened.project, opened.gathered, configuration),
    )


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
