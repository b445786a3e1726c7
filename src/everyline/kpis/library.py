"""What each KPI is: its name and formula as the FinOps Foundation has them, and two figures.

Source: the FinOps Foundation's KPI library and the Allocation and Invoicing & Chargeback pages of
its Framework, finops.org, CC BY 4.0. Where the library prints no formula, the ratio is its
description as one. Which cost and which lines the words of a formula are taken to be stands in
docs/guides/kpis.md. The KPIs are the rows of library.csv.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

PERCENT = "%"


@dataclass(frozen=True, slots=True)
class Definition:
    """A KPI.

    Attributes:
        numerator: the figure's name; `denominator` likewise.
        unit: `PERCENT`, where the quotient is times 100, or `cost`: so much each.
        needs: what to give where a figure is missing.
    """

    name: str
    formula: str
    numerator: str
    denominator: str
    unit: str
    needs: str


def _rows() -> list[dict[str, str]]:
    text = (files(__package__) / "library.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _definitions(of: str) -> tuple[Definition, ...]:
    columns = ("name", "formula", "numerator", "denominator", "unit", "needs")
    return tuple(Definition(*(row[c] for c in columns)) for row in _rows() if row["of"] == of)


OF_COST = _definitions("cost")
"""KPIs of a month and a currency."""

OF_USAGE = _definitions("usage")
"""KPIs of a month's telemetry, where no currency plays a part."""

UNANSWERED: Mapping[str, str] = {row["name"]: row["needs"] for row in _rows() if not row["of"]}
"""KPIs that these data do not answer, and what is missing."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI of a month.

    Attributes:
        currency: of costs; None where only telemetry counts.
        numerator: exact; None where it is not known; `denominator` likewise.
    """

    period: str
    currency: str | None
    definition: Definition
    numerator: Decimal | None
    denominator: Decimal | None

    @property
    def value(self) -> Fraction | None:
        """Numerator by denominator, exact, a percentage times 100; None where that is not known."""
        if self.numerator is None or not self.denominator:
            return None
        quotient = Fraction(Fraction(self.numerator), Fraction(self.denominator))
        return quotient * 100 if self.definition.unit == PERCENT else quotient

    @property
    def missing(self) -> str:
        """What to give so that there is a value; empty where there is one."""
        return "" if self.value is not None else self.definition.needs
