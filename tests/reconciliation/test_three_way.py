"""Causes: every amount by hand; that they sum up whatever the bills are is a property."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

import made
from differences import as_units
from everyline.cli import cause_table, main
from everyline.engines.duckdb import Engine

YAML = """\
currency: USD
rates: rates.csv
invoices: invoices.csv
prices: prices.csv
taxonomy: {team: {tags: [team]}}
layers:
  - {when: {ServiceName: Web shop}, layer: none}
bills:
  - {name: acme, format: table, path: "bills/*.csv", layer: model,
     set: {ServiceProviderName: Acme, InvoiceIssuerName: Acme Inc.,
           ChargePeriodStart: "2026-10-01", ChargePeriodEnd: "2026-11-01"}}
usage:
  - {name: gateway, format: table, path: "usage/*.csv",
     set: {ServiceProviderName: Acme, x_Unit: tokens, hour: "2026-10-05T10:00:00Z"}}
"""
RATES = "period,currency,rate,source\n2026-10,EUR,1.25,bank\n"
PRICES = """\
ServiceProviderName,x_Model,x_Meter,valid_from,unit_price,currency
Acme,large,input_tokens,2026-01-01,0.0010,USD
Acme,large,output_tokens,2026-01-01,0.0040,USD
Acme,small,input_tokens,2026-01-01,0.0001,USD
Acme,euro,input_tokens,2026-01-01,0.0008,EUR
Acme,yen,input_tokens,2026-01-01,0.1,JPY
"""
BILL = (
    "ServiceName,ChargeCategory,ChargeClass,InvoiceId,BillingCurrency,x_Model,x_Meter,"
    "ConsumedQuantity,ConsumedUnit,ListCost,BilledCost\n"
)
INVOICES = "InvoiceIssuerName,InvoiceId,period,BillingCurrency,amount\n"
USAGE = "x_Model,x_Meter,x_Quantity\n"


def project(folder: Path, *, bill: str, usage: str, invoices: str = "") -> Path:
    """The project with these rows of its tables."""
    files = {
        "everyline.yaml": YAML,
        "rates.csv": RATES,
        "prices.csv": PRICES,
        "invoices.csv": INVOICES + invoices,
        "bills/acme.csv": BILL + bill,
        "usage/october.csv": USAGE + usage,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def causes(folder: Path) -> list[made.Row]:
    """All rows, amounts and quantities in units."""
    engine = Engine()
    found = cause_table.source(folder, made.run(folder), engine)
    assert isinstance(found, str)
    rows = as_units(made.rows(engine, found))
    engine.close()
    return rows


def amounts(rows: list[made.Row], number: str | None = "A-1") -> dict[str, Decimal]:
    """Amount by cause of one invoice."""
    sums: dict[str, int] = {}
    for row in rows:
        if row["InvoiceId"] == number:
            sums[row["x_Cause"]] = sums.get(row["x_Cause"], 0) + row["x_Amount"]
    return {cause: Decimal(f"{amount}E-18") for cause, amount in sums.items()}


def test_a_difference_is_taken_apart_as_in_the_guide(tmp_path: Path) -> None:
    """The example of docs/guides/reconciliation.md."""
    folder = project(
        tmp_path,
        bill="""\
Acme API,Usage,,A-1,USD,large,input_tokens,650,1K tokens,650,585
Acme API,Usage,,A-1,USD,large,output_tokens,100000,tokens,420,378
Acme API,Usage,,A-1,USD,small,input_tokens,30000,tokens,3,3
Acme API,Credit,,A-1,USD,,,,,-20,-20
Acme API,Tax,,A-1,USD,,,,,53.50,53.50
""",
        usage="large,input_tokens,600000\nlarge,output_tokens,110000\n",
        invoices="Acme Inc.,A-1,2026-10,USD,1000\n",
    )
    rows = causes(folder)
    assert amounts(rows) == {
        "metered": 1040,  # 600,000 x 0.001 + 110,000 x 0.004
        "not_metered": Decimal("53.50"),
        "billed_not_seen": 53,  # 50,000 x 0.001, and 3.00 of which nothing was seen
        "seen_not_billed": -40,  # 10,000 x 0.004
        "price": 20,  # 420 - 100,000 x 0.004
        "discount_credit": -127,  # 585 - 650, 378 - 420, and the credit
        "unexplained": Decimal("0.50"),  # 1,000 - 999.50
    }
    (behind,) = [row for row in rows if row["x_Cause"] == "price"]
    assert (behind["x_Model"], behind["x_Meter"], behind["x_LineCount"]) == (
        "large",
        "output_tokens",
        1,
    )
    assert (behind["x_BilledQuantity"], behind["x_SeenQuantity"]) == (
        100_000 * 10**18,
        110_000 * 10**18,
    )


@pytest.mark.parametrize(
    ("bill", "usage", "listed", "expected"),
    [
        # What was seen costs 100,000 x 0.0008 EUR = 80 EUR = 100 USD at 1.25.
        ("104,USD", "euro", "104,USD", {"metered": 100, "currency": 4}),
        # Nobody knows what a yen is worth: the quantity is priced as the bill prices it.
        ("104,USD", "yen", "104,USD", {"metered": 104}),
        # No price is known: likewise.
        ("104,USD", "other", "104,USD", {"metered": 104}),
        # The lines are in USD, and the invoice asks for 84 EUR = 105 USD.
        ("104,USD", "other", "84,EUR", {"metered": 104, "currency": 1}),
        # Without a rate both stand alone, and the list without lines is unexplained.
        ("104,USD", "other", "900,JPY", {"metered": 104, "unexplained": 900}),
    ],
)
def test_currencies_are_told_apart_from_prices(
    tmp_path: Path, bill: str, usage: str, listed: str, expected: dict[str, int]
) -> None:
    cost, currency = bill.split(",")
    amount, asked = listed.split(",")
    folder = project(
        tmp_path,
        bill=f"A,Usage,,A-1,{currency},{usage},input_tokens,100000,tokens,{cost},{cost}\n",
        usage=f"{usage},input_tokens,100000\n",
        invoices=f"Acme Inc.,A-1,2026-10,{asked},{amount}\n",
    )
    assert amounts(causes(folder)) == expected


def test_what_no_bill_has_stands_apart_and_sums_to_nothing(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        bill="A,Usage,,A-1,USD,large,input_tokens,1000,tokens,1,1\n",
        usage="large,input_tokens,1000\nsmall,input_tokens,20000\nother,input_tokens,7\n",
    )
    rows = causes(folder)
    assert amounts(rows) == {"metered": 1}
    assert amounts(rows, None) == {"metered": 2, "seen_not_billed": -2}
    assert {row["InvoiceIssuerName"] for row in rows if row["InvoiceId"] is None} == {None}


def test_quantities_of_other_units_are_compared_by_value(tmp_path: Path) -> None:
    """1.00 was metered and 1.30 listed: whether of quantity or of price can't be told."""
    folder = project(
        tmp_path,
        bill="""\
A,Usage,,A-1,USD,large,input_tokens,3,requests,1,1
A,Usage,,A-1,USD,large,input_tokens,,,0.3,0.2
""",
        usage="large,input_tokens,1000\n",
    )
    rows = causes(folder)
    assert amounts(rows) == {
        "metered": 1,
        "unexplained": Decimal("0.3"),
        "discount_credit": Decimal("-0.1"),
    }
    assert {row["x_BilledQuantity"] for row in rows} == {None}


def test_one_cell_on_two_invoices_is_divided_by_what_they_bill(tmp_path: Path) -> None:
    """4,000 seen of 1,000 and 2,000: a third and two thirds of them, to the last unit."""
    folder = project(
        tmp_path,
        bill="""\
A,Usage,,A-1,USD,large,input_tokens,1000,tokens,1,1
A,Usage,,A-2,USD,large,input_tokens,2,1K tokens,2,2
""",
        usage="large,input_tokens,4000\n",
    )
    rows = causes(folder)
    assert amounts(rows) == {
        "metered": Decimal("1.333333333333333333"),
        "seen_not_billed": Decimal("-0.333333333333333333"),
    }
    seen = [row["x_SeenQuantity"] for row in rows if row["x_Cause"] == "metered"]
    assert sum(seen) == 4000 * 10**18


def test_corrections_and_what_is_no_ai_are_not_metered_against(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        bill="""\
A,Usage,Correction,A-1,USD,large,input_tokens,-500,tokens,-0.5,-0.5
Web shop,Usage,,A-1,USD,large,input_tokens,1000,tokens,9,9
A,Usage,,A-1,USD,large,input_tokens,1000,tokens,1,1
""",
        usage="large,input_tokens,1000\n",
    )
    assert amounts(causes(folder)) == {
        "metered": 1,
        "not_metered": 9,
        "discount_credit": Decimal("-0.5"),
    }


def test_a_provider_that_nobody_watches_is_taken_as_billed(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        bill="A,Usage,,A-1,USD,large,input_tokens,1000,tokens,1,0.5\n",
        usage="",
        invoices="Acme Inc.,A-1,2026-10,USD,2\n",
    )
    assert amounts(causes(folder)) == {"not_metered": Decimal("0.5"), "unexplained": Decimal("1.5")}


def test_amounts_that_no_column_holds_are_a_problem(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = project(
        tmp_path,
        bill="A,Usage,,A-1,USD,,,,,1,1\n",
        usage="",
        invoices="Acme Inc.,A-1,2026-10,EUR,99999999999999999999\n",
    )
    rates = RATES.replace("1.25", "1000")
    (folder / "rates.csv").write_text(rates, encoding="utf-8")
    assert main(["run", "--project", str(folder)]) == 0
    assert main(["causes", "--project", str(folder)]) == 1
    assert "stop[sum-too-large]" in capfd.readouterr().err


def test_the_command_prints_the_same(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    folder = project(
        tmp_path,
        bill="""\
Acme API,Usage,,A-1,USD,large,output_tokens,100000,tokens,420,378
Acme API,Usage,,A-2,USD,large,input_tokens,1000,tokens,1,1
""",
        usage="large,output_tokens,110000\nlarge,input_tokens,1000\n",
        invoices="Acme Inc.,A-1,2026-10,USD,378\nAcme Inc.,A-2,2026-10,USD,1\n",
    )
    assert main(["run", "--project", str(folder)]) == 0
    assert b"invoices: 2 of 2 tie to the bill\n" in capfdbinary.readouterr().out
    assert main(["causes", "--project", str(folder)]) == 0
    captured = capfdbinary.readouterr()
    assert (
        captured.out.decode()
        == """\
2026-10, USD: Acme Inc. A-1  amount   billed     seen
─────────────────────────────────────────────────────
metered, at list prices      440.00
expected                     440.00
seen, not billed             -40.00
    large, output_tokens     -40.00  100,000  110,000
price                         20.00
    large, output_tokens      20.00  100,000  110,000
discount and credit          -42.00
    large, output_tokens     -42.00  100,000  110,000
─────────────────────────────────────────────────────
invoice                      378.00

"""
    )
    assert captured.err.decode() == "1 invoice is what was expected\n"
    asked = ["causes", "--where", "x_Cause=price", "--as", "csv", "--project", str(folder)]
    assert main(asked) == 0
    (row,) = csv.DictReader(io.StringIO(capfdbinary.readouterr().out.decode()))
    assert row["x_Amount"] == "20"
