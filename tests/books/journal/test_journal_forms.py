"""Each form read back: its columns, its limits, and what it must refuse."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from journals import (
    CLOSED_ON,
    CSV_HOSTILE,
    line,
    made_chart,
    october,
    read_back,
    shown,
    table,
)

from everyline.books.journal import FORMS
from everyline.books.journal.chart import Chart
from everyline.books.journal.entries import Asked, Document, journal, own_groups
from everyline.books.journal.form import written
from everyline.books.lines import Line

BOTH = (line("search", "30.00"), line("search", "-0.50", layer="data"), line("ops", "1.00"))


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    return made_chart(tmp_path)


def many(folder: Path, owners: int) -> tuple[Chart, list[Line]]:
    """A chart of so many owners in one entity, and a line for each: 0.01, 0.02, ..."""
    names = [f"t{n:04}" for n in range(owners)]
    rows = "".join(f"{name},INC,{n},6401\n" for n, name in enumerate(names))
    accounts = f"team,legal_entity,cost_centre,account_model\n{rows}"
    chart = made_chart(folder, accounts, "value\n" + "\n".join(names) + "\n")
    return chart, [line(name, f"{Decimal(n + 1).scaleb(-2):f}") for n, name in enumerate(names)]


def corrected(chart: Chart) -> list[Document]:
    """October's documents: its own, and one that corrects September."""
    booked = own_groups([line("search", "9.00")], chart, Asked("2026-09"))
    lines = [line("search", "30.00"), line("search", "-4.00", corrects="2026-09")]
    return journal(lines, chart, Asked("2026-10", earlier=booked)).documents


def refused(form: str, chart: Chart, *lines: Line) -> list[str]:
    _, problems = written(FORMS[form], october(chart, *lines).documents, CLOSED_ON)
    assert {p.level for p in problems} <= {"configuration"}
    return [f"{p.place} {p.name}: {p.sentence}; {p.cost} {p.currency}" for p in problems]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str, chart: Chart) -> None:
    documents = october(chart, *BOTH).documents
    expected = [
        (document.id, posting[0], posting[1], *map(Decimal, (posting[2] or "0", posting[3] or "0")))
        for document in documents
        for posting in shown(document)
    ]
    cells = read_back(form, documents)
    assert [(c.document, c.account, c.cost_centre, c.debit, c.credit) for c in cells] == expected
    assert {(cell.day, cell.currency) for cell in cells} == {("2026-10-31", "USD")}
    assert {cell.entity for cell in cells} == ({""} if form == "dynamics" else {"INC"})


def test_the_plain_table_has_every_fact_in_a_column(chart: Chart) -> None:
    own, correction = corrected(chart)
    first, *_, last = table("generic", [own, correction])
    assert first == {
        "Document": own.id,
        "LegalEntity": "INC",
        "JournalDate": "2026-10-31",
        "Period": "2026-10",
        "Corrects": "",
        "Reverses": "",
        "Currency": "USD",
        "HeaderComment": "AI cost 2026-10",
        "Line": "1",
        "AccountNumber": "6401",
        "CostCentre": "110",
        "Owner": "search",
        "DebitAmount": "30.00",
        "CreditAmount": "",
        "LineComment": "AI cost 2026-10: search, model",
    }
    assert (last["Corrects"], last["Reverses"]) == ("2026-09", correction.reverses)
    assert last["LineComment"] == "AI cost 2026-09: clearing"


def test_netsuite_repeats_the_header_and_has_two_decimals(chart: Chart) -> None:
    rows = table("netsuite", corrected(chart))
    header = ("External ID", "Date", "Posting Period", "Subsidiary", "Currency", "Memo")
    for identity in {row["External ID"] for row in rows}:
        own = [row for row in rows if row["External ID"] == identity]
        assert len({tuple(row[name] for name in header) for row in own}) == 1
    assert rows[0]["Posting Period"] == "Oct 2026"
    assert "document J" in rows[-1]["Memo"]
    yen = table("netsuite", october(chart, line("search", "1500", currency="JPY")).documents)
    assert [row["Journal Entry - Line: Debit"] for row in yen] == ["1500.00", ""]


def test_netsuite_takes_no_third_decimal_and_no_eleventh_digit(chart: Chart) -> None:
    assert refused("netsuite", chart, line("search", "1.234", currency="KWD")) == [
        "accounts.csv:3 journal-cannot-say: KWD has 3 decimals, and NetSuite takes 2; 1.234 KWD",
    ]
    assert refused("netsuite", chart, line("search", "9999999999.99")) == []
    assert len(refused("netsuite", chart, line("search", "10000000000.00"))) == 2
    assert len(refused("netsuite", chart, line("search", "10000000000", currency="JPY"))) == 2


def test_oracle_has_a_value_in_every_column_that_takes_no_null(chart: Chart) -> None:
    never_null = (
        "STATUS",
        "ACCOUNTING_DATE",
        "CURRENCY_CODE",
        "DATE_CREATED",
        "ACTUAL_FLAG",
        "USER_JE_SOURCE_NAME",
        "USER_JE_CATEGORY_NAME",
    )
    rows = table("oracle", corrected(chart))
    assert all(row[name] for row in rows for name in never_null)
    assert {(row["STATUS"], row["ACTUAL_FLAG"]) for row in rows} == {("NEW", "A")}
    assert {row["ACCOUNTING_DATE"] for row in rows} == {"2026/10/31"}
    assert {row["DATE_CREATED"] for row in rows} == {"2026/11/05"}
    assert rows[-1]["REFERENCE6"].startswith("J")
    assert max(len(row["USER_JE_SOURCE_NAME"]) for row in rows) <= 25


def test_oracle_takes_segments_of_25_characters(tmp_path: Path) -> None:
    centre = "c" * 26
    accounts = f"team,legal_entity,cost_centre,account_model\nsearch,INC,{centre},6401\n"
    assert refused("oracle", made_chart(tmp_path, accounts), line("search", "5.00")) == [
        (
            f"accounts.csv:2 journal-cannot-say: `{centre}` has 26 characters, and Oracle takes 25"
            " in SEGMENT2; 5.00 USD"
        )
    ]


def test_dynamics_has_vouchers_of_ten_lines_and_batches_of_ten_thousand(tmp_path: Path) -> None:
    chart, lines = many(tmp_path, 10_000)
    cells = read_back("dynamics", october(chart, *lines, lines_max=10).documents)
    # 9 owners and clearing a voucher: 1,111 vouchers of 10 lines, and one of 2.
    sizes = Counter(cell.document for cell in cells)
    assert (len(sizes), max(sizes.values()), min(sizes.values())) == (1112, 10, 2)
    assert len({(cell.document, cell.day, cell.batch) for cell in cells}) == 1112
    assert list(Counter(cell.batch for cell in cells).values()) == [10_000, 1_112]
    rows = table("dynamics", october(chart, *lines, lines_max=10).documents)
    assert len({(row["JOURNALBATCHNUMBER"], row["LINENUMBER"]) for row in rows}) == 11_112
    for header in ("JOURNALNAME", "DESCRIPTION"):
        assert len({(row["JOURNALBATCHNUMBER"], row[header]) for row in rows}) == 2
    assert {row["ACCOUNTTYPE"] for row in rows} == {"Ledger"}
    assert max(len(row["VOUCHER"]) for row in rows) <= 20


def test_dynamics_can_not_tell_a_hyphen_from_what_parts_an_account(tmp_path: Path) -> None:
    accounts = "team,legal_entity,cost_centre,account_model\nsearch,INC,CC-100,6401\n"
    assert refused("dynamics", made_chart(tmp_path, accounts), line("search", "5.00")) == [
        (
            "accounts.csv:2 journal-cannot-say: `CC-100` has the sign `-`, by which Dynamics tells"
            " account and cost centre apart; 5.00 USD"
        )
    ]


def test_sap_has_balanced_documents_of_at_most_999_lines(tmp_path: Path) -> None:
    chart, lines = many(tmp_path, 2_500)
    documents = october(chart, *lines, lines_max=FORMS["sap"].lines_max).documents
    rows = table("sap", documents)
    sizes = Counter(row["REF_DOC_NO"] for row in rows)
    # 998 owners and clearing twice, then the last 504 owners and clearing.
    assert list(sizes.values()) == [999, 999, 505]
    for identity in sizes:
        own = [row for row in rows if row["REF_DOC_NO"] == identity]
        assert sum(Decimal(row["AMT_DOCCUR"]) for row in own) == 0
        assert [int(row["ITEMNO_ACC"]) for row in own] == list(range(1, len(own) + 1))
    # 0.01 + 0.02 + ... + 25.00 = 2,500 x 2,501 / 2 cents
    assert sum(max(Decimal(row["AMT_DOCCUR"]), Decimal(0)) for row in rows) == Decimal("31262.50")


def test_sap_takes_codes_of_its_lengths_and_cuts_only_what_people_read(tmp_path: Path) -> None:
    owner = "a-team-whose-name-is-longer-than-fifty-characters-of-text"
    accounts = f"team,legal_entity,cost_centre,account_model\n{owner},Acme Inc,CC100,6401\n"
    chart = made_chart(tmp_path, accounts, f"value\n{owner}\n")
    assert refused("sap", chart, line(owner, "5.00"))[0] == (
        "accounts.csv:2 journal-cannot-say: `Acme Inc` has 8 characters, and SAP takes 4 in"
        " COMP_CODE; 5.00 USD"
    )
    short = made_chart(tmp_path, accounts.replace("Acme Inc", "1000"), f"value\n{owner}\n")
    (row, _) = table("sap", october(short, line(owner, "5.00")).documents)
    assert row["ITEM_TEXT"] == "AI cost 2026-10: a-team-whose-name-is-longer-than-"
    lengths = {"HEADER_TXT": 25, "REF_DOC_NO": 16, "ALLOC_NMBR": 18, "DOC_TYPE": 2}
    assert all(len(row[name]) <= most for name, most in lengths.items())


@pytest.mark.parametrize("form", FORMS)
def test_names_that_break_tables_come_back_as_they_are(form: str, tmp_path: Path) -> None:
    quoted = '"' + CSV_HOSTILE.replace('"', '""') + '"'
    accounts = f"team,legal_entity,cost_centre,account_model\n{quoted},INC,100,6401\n"
    chart = made_chart(tmp_path, accounts, f"value\n{quoted}\n")
    rows = table(form, october(chart, line(CSV_HOSTILE, "5.00")).documents)
    assert len(rows) == 2
    for column in ("Owner", "FINTAGDISPLAYVALUE"):
        assert rows[0].get(column, CSV_HOSTILE) == CSV_HOSTILE
