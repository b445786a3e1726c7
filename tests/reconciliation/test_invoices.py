"""Invoices beside bills (R24): what the worked cases have no room for."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import made
from everyline import pipeline
from everyline.reconciliation.invoices import _half_of_root

YAML = """\
taxonomy: {team: {tags: [team]}}
bills:
  - {name: bill, format: table, path: "bills/*.csv", layer: model,
     set: {InvoiceIssuerName: Acme, BillingCurrency: USD, ChargePeriodStart: "2026-10-01",
           ChargePeriodEnd: "2026-11-01"}}
"""
HEADER = "InvoiceIssuerName,InvoiceId,period,BillingCurrency,amount\n"


def project(folder: Path, lines: str, listed: str | None) -> Path:
    """A project with one bill; `listed` are rows of its invoices, None for no such file."""
    (folder / "bills").mkdir(parents=True)
    (folder / "bills/october.csv").write_text("InvoiceId,BilledCost\n" + lines, encoding="utf-8")
    yaml = YAML
    if listed is not None:
        (folder / "invoices.csv").write_text(HEADER + listed, encoding="utf-8")
        yaml += "invoices: invoices.csv\n"
    (folder / "everyline.yaml").write_text(yaml, encoding="utf-8")
    return folder


def rows(folder: Path) -> list[made.Row]:
    return made.relations(made.run(folder), ["reconciliation"])["reconciliation"]


def test_without_invoices_there_are_no_rows(tmp_path: Path) -> None:
    assert rows(project(tmp_path, "A-1,5\n", None)) == []


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    (row,) = rows(project(tmp_path, "A-1,5\n", ""))
    assert (row["x_Expected"], row["x_Found"], row["x_Within"]) == (None, 5, False)


def test_many_lines_may_differ_by_more(tmp_path: Path) -> None:
    """sqrt(90,000) = 300, times half a cent is 1.50, which is more than a dollar."""
    lines = "A-1,0.001\n" * 90_000
    (row,) = rows(project(tmp_path / "at", lines, "Acme,A-1,,USD,91.50\n"))
    assert (row["x_Difference"], row["x_Tolerance"], row["x_Within"]) == (
        Decimal("-1.5"),
        Decimal("1.5"),
        True,
    )
    (row,) = rows(project(tmp_path / "over", lines, "Acme,A-1,,USD,91.500000000000000001\n"))
    assert row["x_Within"] is False


def test_a_root_that_does_not_end_is_shown_with_18_decimals(tmp_path: Path) -> None:
    """sqrt(40,001) x 0.005 = 1.00001249992187597654..., by hand from 200.0024999843751953108..."""
    (row,) = rows(project(tmp_path, "A-1,0\n" * 40_001, "Acme,A-1,,USD,0\n"))
    assert row["x_Tolerance"] == Decimal("1.000012499921875977")


def test_the_order_is_that_of_the_key(tmp_path: Path) -> None:
    found = rows(project(tmp_path, "B,1\nA,1\n", "Acme,C,,USD,1\nAcme,B,2026-10,USD,1\n"))
    assert [row["InvoiceId"] for row in found] == ["A", "B", "C"]


def test_an_invoice_listed_twice_stops_before_anything_is_read(tmp_path: Path) -> None:
    listed = "Acme,A-1,2026-10,USD,1\nAcme,A-1,2026-11,USD,1\n"
    outcome = pipeline.run(project(tmp_path, "A-1,1\n", listed))
    assert outcome.run is None
    assert [(p.level, p.place) for p in outcome.problems] == [("configuration", "invoices.csv:3")]


def test_a_currency_without_minor_unit_has_no_tolerance(tmp_path: Path) -> None:
    found = rows(project(tmp_path, "A-1,1\n", "Acme,G-1,,XAU,1\nAcme,A-1,,USD,1\n"))
    assert [(r["InvoiceId"], r["x_Tolerance"], r["x_Within"]) for r in found] == [
        ("A-1", 1, True),
        ("G-1", None, False),
    ]


@pytest.mark.parametrize("name", ["=1+1", 'A "quoted", one', "émoji 🚀", "a\u2028b"])
def test_any_text_may_be_an_invoice(name: str, tmp_path: Path) -> None:
    cell = '"' + name.replace('"', '""') + '"'
    (row,) = rows(project(tmp_path, f"{cell},1\n", f"Acme,{cell},,USD,1\n"))
    assert (row["InvoiceId"], row["x_Within"]) == (name, True)


@given(st.integers(0, 10**80))
def test_half_a_root_is_the_nearest_whole_number(square: int) -> None:
    half = _half_of_root(square)
    assert (2 * half - 1) ** 2 <= square <= (2 * half + 1) ** 2 or half == 0
    if square == (2 * half + 1) ** 2 or (half and square == (2 * half - 1) ** 2):
        assert half % 2 == 0
    assert Fraction(half) >= 0
